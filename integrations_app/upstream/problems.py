"""What an agent is told when there is no answer: what happened, what it means, what to do."""

from dataclasses import dataclass, replace

from integrations_app.stigg import StiggError
from integrations_app.stigg.quotations import quotation

MAX_QUOTED = 200  # characters


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem in an agent's words. `status` is the desk's own: Stigg's 401 never becomes ours."""

    kind: str
    status: int
    title: str
    meaning: str
    action: str
    retry_after: int | None = None
    said: str = ""

    @property
    def can_retry(self) -> bool:
        return self.status in (429, 502, 503, 504)


_OPERATOR = "Tell the operator of this desk; there is nothing wrong with your ticket."
_AGAIN = "Try again in a moment. If it lasts, look at Stigg's status page: https://status.stigg.io."

PROBLEMS = {
    problem.kind: problem
    for problem in (
        Problem(
            "not-found",
            404,
            "Stigg does not know this customer",
            (
                "No customer of this environment has exactly this id. Capitals matter, and "
                "archived ones may be gone."
            ),
            "Check the id, or look in another environment.",
        ),
        Problem(
            "bad-request",
            400,
            "Stigg refused this question",
            "It does not accept the id, the filter or the page of the list in the address.",
            "Start again from the first page without a filter.",
        ),
        Problem(
            "key-rejected",
            502,
            "Stigg refused the desk's key",
            "The key of this environment is missing, wrong or expired. Your own sign-in is fine.",
            _OPERATOR,
        ),
        Problem(
            "forbidden",
            502,
            "The desk's key may not read this",
            "Its scope or your Stigg plan does not include customers' integrations.",
            _OPERATOR,
        ),
        Problem(
            "rate-limited",
            503,
            "Stigg asks the desk to slow down",
            (
                "Too many questions were asked in a short time, by this desk or by other tools "
                "that share its limit."
            ),
            "Wait, then try again.",
        ),
        Problem(
            "over-allowance",
            429,
            "Your account asks too much of Stigg",
            (
                "Stigg's limit is shared by all agents, so each account has only a part of it for "
                "each minute, and yours is used up."
            ),
            "Wait until the minute is over, then try again.",
        ),
        Problem(
            "unavailable",
            503,
            "Stigg cannot be reached",
            "It gave no answer, or only the start of one.",
            _AGAIN,
        ),
        Problem(
            "timeout",
            504,
            "Stigg takes too long",
            "The desk stopped waiting so that you do not have to.",
            _AGAIN,
        ),
        Problem(
            "busy",
            503,
            "The desk is busy",
            (
                "Stigg is slow, and as many pages as may wait for it are waiting already. "
                "Nothing is wrong with yours."
            ),
            "Try again in a few seconds.",
        ),
        Problem(
            "unexpected",
            502,
            "Stigg's answer makes no sense",
            (
                "What came back is not what Stigg documents. Something between the desk and "
                "Stigg may have answered."
            ),
            f"Try again once. {_OPERATOR}",
        ),
    )
}


def problem_for(error: StiggError) -> Problem:
    """The words for an error. Stigg is quoted only where that explains a refused question."""
    known = PROBLEMS[error.kind]
    said = quotation(error.message, MAX_QUOTED) if error.kind == "bad-request" else ""
    return replace(known, retry_after=error.retry_after, said=said)
