"""Pages as tests read them: where a customer's page is, and what it shows."""

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from bs4 import BeautifulSoup, Tag

if TYPE_CHECKING:  # what Django's test client gives, a name of the stubs alone
    from django.test.client import _MonkeyPatchedWSGIResponse

    Response = _MonkeyPatchedWSGIResponse
else:
    from django.http import HttpResponse

    Response = HttpResponse

HTMX = {"HX-Request": "true"}  # the headers of a request by htmx


def page(customer_id: str, query: str = "", environment: str = "production", part: str = "") -> str:
    return f"/{environment}/customers/{quote(customer_id, safe='')}/integrations/{part}{query}"


@lru_cache(maxsize=4)
def soup(response: Response) -> BeautifulSoup:
    """What it shows; a test asks several things of one answer, which is read once."""
    return BeautifulSoup(response.content, "lxml")


def element(shown: Response | Tag, selector: str) -> Tag:
    """The first element that the selector finds; without one the test fails."""
    found = (shown if isinstance(shown, Tag) else soup(shown)).select_one(selector)
    assert found is not None, f"nothing on the page is {selector}"
    return found


def rows(response: Response) -> list[str]:
    """The ids of the integrations that are listed."""
    return [
        str(tr["data-integration-id"]) for tr in soup(response).select("tr[data-integration-id]")
    ]


def problem(response: Response) -> str:
    """The kind of trouble that the page tells, or ""."""
    panel = soup(response).select_one("[data-problem]")
    return str(panel["data-problem"]) if panel else ""


def notices(shown: Tag) -> list[str]:
    """What the page says above its rows; a template for later is not said yet."""
    return [notice.get_text() for notice in shown.select(".notice:not(template *)")]
