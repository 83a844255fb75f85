"""Accounts and browsers of these tests, which sign in as people do: with the form."""

from typing import Any

from django.test import Client

from tests.accounts import PASSWORD
from tests.pages import Response, soup

LOGIN = "/accounts/login/"


def try_to_sign_in(
    browser: Client, name: str = "mara", password: str = PASSWORD, address: str = LOGIN, **more: Any
) -> Response:
    return browser.post(address, {"login": name, "password": password}, **more)


def signed_in(name: str = "mara", **more: Any) -> Client:
    browser = Client()
    assert try_to_sign_in(browser, name, **more).status_code == 302
    return browser


def is_signed_in(browser: Client) -> bool:
    return browser.get("/accounts/").status_code == 200


def said(response: Response) -> str:
    """The words of a page's notices."""
    return " ".join(notice.get_text() for notice in soup(response).select(".notice:not([hidden])"))
