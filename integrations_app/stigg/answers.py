"""What Stigg answers: the JSON object of a good answer, or the error that names the other kinds.

Errors are named by what the reader of a page can do about them, `decode` is one pure function from
an HTTP answer to its JSON object, and every text is made printable once, where it enters.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, NoReturn, TypeVar

MAX_TEXT_CHARACTERS = 1_000
MAX_RETRY_AFTER_SECONDS = 3_600


class StiggError(Exception):
    """A call that gave no usable answer. `str()` of it is for the log and never holds a key.

    `status` is Stigg's HTTP status, None when no answer came. `code` and `message` are Stigg's own
    words when it sent any; `trace_id` is what Stigg's support asks for. `retry_after` is in
    seconds, None when nobody knows.
    """

    kind: ClassVar[str] = "unexpected"

    def __init__(
        self,
        detail: str = "",
        *,
        status: int | None = None,
        code: str = "",
        message: str = "",
        trace_id: str = "",
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail or message or self.kind)
        self.status, self.code, self.message, self.trace_id = status, code, message, trace_id
        self.retry_after = retry_after

    @property
    def for_log(self) -> dict[str, str]:
        return {"kind": self.kind, "code": self.code, "trace_id": self.trace_id}


class CustomerNotFound(StiggError):
    """404: this environment has no such customer. Look in another one, or check the id."""

    kind = "not-found"


class BadRequest(StiggError):
    """400 and the like: change the question; `code` says what is wrong with it."""

    kind = "bad-request"


class KeyRejected(StiggError):
    """401, or 400 with ApiKeyExpired: the operator must give the desk another key."""

    kind = "key-rejected"


class Forbidden(StiggError):
    """403: the key lacks the scope, or the plan the feature. Something for the operator."""

    kind = "forbidden"


class RateLimited(StiggError):
    """429: wait. `retry_after` is None when Stigg said nothing, or nonsense."""

    kind = "rate-limited"


class Unavailable(StiggError):
    """No connection, a cut answer, or 5xx: try again soon."""

    kind = "unavailable"


class TimedOut(Unavailable):
    """Stigg took longer than the desk waits: try again soon."""

    kind = "timeout"


class UnexpectedResponse(StiggError):
    """A redirect, HTML, broken JSON, another shape: it makes no sense. Tell the operator."""

    kind = "unexpected"


# Lone surrogates cannot be encoded into a page, and no id or name has control characters
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """A text from outside, bounded ("…" ends a cut one); what cannot be shown becomes U+FFFD."""
    if len(text) > MAX_TEXT_CHARACTERS:
        text = f"{text[: MAX_TEXT_CHARACTERS - 1]}…"
    # Nearly always, and ten times quicker
    return text if text.isprintable() else _UNPRINTABLE.sub("\ufffd", text)


def text_or_none(value: object) -> str | None:
    if isinstance(value, str):
        return printable(value)
    # some vendors' ids are numbers
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def at(value: object, *names: str) -> Any:
    """What a JSON value holds under these names, each within the one before; None without it."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


Shape = TypeVar("Shape")


def expect(shape: type[Shape], value: object, what: str, error: StiggError | None = None) -> Shape:
    """The value, which must be of this shape. Else raises the error, or UnexpectedResponse."""
    if not isinstance(value, shape):
        raise error or UnexpectedResponse(f"the answer has no {what}")
    return value


def decode(status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Turn one HTTP answer into its JSON object, or raise the StiggError that names it."""
    if status != 200:
        payload = _json(body)
        if status == 404 and payload is None and body.strip():
            trace_id = _trace_id(headers, {})
            raise UnexpectedResponse("a 404 that is not Stigg's", status=404, trace_id=trace_id)
        raise refusal(status, headers, payload)
    if "json" not in headers.get("Content-Type", "").lower():
        raise UnexpectedResponse("the answer is not JSON", trace_id=_trace_id(headers, {}))
    payload = _json(body)
    if not isinstance(payload, dict):
        raise UnexpectedResponse("the answer is not a JSON object", trace_id=_trace_id(headers, {}))
    return payload


def _json(body: bytes) -> object:
    """None for what makes no sense, also deep nesting, NaN and numbers of thousands of digits."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def refusal(status: int, headers: Mapping[str, str], payload: object) -> StiggError:
    """Name a refusal (GraphQL's have status 200) by what its code means, else by its status."""
    error = _error_body(payload)
    words = {
        "code": text_or_none(error.get("code")) or "",
        "message": text_or_none(error.get("message")) or "",
        "trace_id": _trace_id(headers, error),
    }
    wait = _retry_after(headers.get("Retry-After", "")) if status in (200, 429) else None
    detail, kind = f"HTTP {status} {words['code']}".strip(), _kind(status, words["code"])
    return kind(detail, status=status, retry_after=wait, **words)


def plain_code(code: str) -> str:
    """Apollo, which serves Stigg's GraphQL, writes UNAUTHENTICATED for Stigg's Unauthenticated."""
    return code.replace("_", "").lower()


# Codes of the contract and of GraphQL's ErrorCode that say more than the status beside them.
_BY_CODE: dict[str, type[StiggError]] = {
    "apikeyexpired": KeyRejected,  # the docs say 401, the contract lists it under 400
    "apikeynotfound": KeyRejected,
    "unauthenticated": KeyRejected,
    "accessdeniederror": Forbidden,
    "forbidden": Forbidden,
    "identityforbidden": Forbidden,
    "nofeatureentitlementerror": Forbidden,
    "customernotfound": CustomerNotFound,
    "ratelimitexceeded": RateLimited,
    "internalservererror": Unavailable,
    "operationtimeout": Unavailable,
    "unexpectederror": Unavailable,
}
_BY_STATUS = {
    401: KeyRejected,
    403: Forbidden,
    404: CustomerNotFound,
    408: Unavailable,
    429: RateLimited,
}


def _kind(status: int, code: str) -> type[StiggError]:
    if status != 200 and status < 400:
        return UnexpectedResponse  # 1xx, other 2xx, and 3xx, which is never followed
    if status != 429 and (known := _BY_CODE.get(plain_code(code))):
        return known
    if status == 200:
        return BadRequest if code else UnexpectedResponse
    return Unavailable if status >= 500 else _BY_STATUS.get(status, BadRequest)


def _error_body(payload: object) -> Mapping[str, Any]:
    """Stigg documents `{message, code}`; its authentication page shows the same inside `error`.

    GraphQL's are `{errors: [{message, extensions: {code, traceId}}]}`; the first speaks for all.
    """
    if not isinstance(payload, Mapping):
        return {}
    if isinstance(payload.get("errors"), list):
        first = next((error for error in payload["errors"] if isinstance(error, Mapping)), {})
        told = first.get("extensions")
        return {**(told if isinstance(told, Mapping) else {}), "message": first.get("message")}
    inner = payload.get("error")
    return inner if isinstance(inner, Mapping) else payload


# Where REST puts the trace id is not documented, so every usual place is looked at.
_TRACE_HEADERS = ("x-trace-id", "x-request-id", "x-amzn-trace-id", "x-amz-cf-id", "cf-ray")


def _trace_id(headers: Mapping[str, str], error: Mapping[str, Any]) -> str:
    candidates = [error.get("traceId"), *map(headers.get, _TRACE_HEADERS)]
    found = next((text for text in candidates if isinstance(text, str) and text), "")
    return printable(found)[:128]


def _retry_after(value: str) -> int | None:
    """Seconds to wait, from a number or a date (RFC 9110 10.2.3), capped at an hour."""
    if re.fullmatch(r"[0-9]{1,12}", value.strip()):
        return min(int(value), MAX_RETRY_AFTER_SECONDS)
    try:
        seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):  # TypeError: a date without a zone
        return None
    return min(max(round(seconds), 0), MAX_RETRY_AFTER_SECONDS)
