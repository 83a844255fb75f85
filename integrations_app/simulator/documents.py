"""A reader of GraphQL documents, as much as a desk's questions need.

One query with one selection, arguments given as variables. Fragments, directives, aliases and
literal arguments are not read: who needs them asks more than this simulator can answer, and is told
so.
"""

import re
from dataclasses import dataclass

TOKEN = re.compile(r"\$?[_A-Za-z][_0-9A-Za-z]*|[^\s,]")
NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
VARIABLE = re.compile(r"\$[_A-Za-z][_0-9A-Za-z]*")
MAX_DEPTH = 15


class Unreadable(Exception):
    """The document is none, or one that this reader does not know."""


@dataclass(frozen=True)
class Selected:
    name: str
    arguments: dict[str, str]  # the argument's name, the variable's name
    fields: tuple["Selected", ...]


@dataclass(frozen=True)
class Document:
    operation: str
    variables: dict[str, str]  # the variable's name, its type
    fields: tuple[Selected, ...]


def read(text: str) -> Document:
    return _Reader(TOKEN.findall(text)).document()


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [*reversed(tokens)]

    def document(self) -> Document:
        operation, variables = "", {}
        if self._takes("query"):
            operation = "" if self._next in ("(", "{") else self._take(NAME)
            variables = self._variables() if self._takes("(") else {}
        document = Document(operation, variables, self._selection(0))
        if self._next:
            raise Unreadable(f'Syntax Error: Unexpected "{self._next}".')
        return document

    def _variables(self) -> dict[str, str]:
        found = {}
        while not self._takes(")"):
            name, kind = self._take(VARIABLE)[1:], ""
            self._expect(":")
            while self._next and self._next != ")" and not VARIABLE.fullmatch(self._next):
                kind += self._tokens.pop()
            found[name] = kind
        return found

    def _selection(self, depth: int) -> tuple[Selected, ...]:
        self._expect("{")
        if depth > MAX_DEPTH:
            raise Unreadable("Syntax Error: Document is too deep.")
        fields = []
        while not self._takes("}"):
            fields.append(self._field(depth))
        if not fields:
            raise Unreadable('Syntax Error: Expected Name, found "}".')
        return tuple(fields)

    def _field(self, depth: int) -> Selected:
        name = self._take(NAME)
        arguments = self._arguments() if self._takes("(") else {}
        return Selected(name, arguments, self._selection(depth + 1) if self._next == "{" else ())

    def _arguments(self) -> dict[str, str]:
        found = {}
        while not self._takes(")"):
            name = self._take(NAME)
            self._expect(":")
            found[name] = self._take(VARIABLE)[1:]
        return found

    @property
    def _next(self) -> str:
        return self._tokens[-1] if self._tokens else ""

    def _takes(self, token: str) -> bool:
        return bool(self._next == token and self._tokens.pop())

    def _expect(self, token: str) -> None:
        if not self._takes(token):
            raise Unreadable(f'Syntax Error: Expected "{token}", found "{self._next or "<EOF>"}".')

    def _take(self, pattern: re.Pattern[str]) -> str:
        if not pattern.fullmatch(self._next):
            raise Unreadable(f'Syntax Error: Unexpected "{self._next or "<EOF>"}".')
        return self._tokens.pop()
