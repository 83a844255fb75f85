"""What a page may quote of Stigg's own words: never a key, however it is written."""

import json

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from integrations_app.simulator import KEYS, Simulator
from integrations_app.stigg.quotations import quotation, without_secrets
from tests.pages import element, page, soup

KEY = next(iter(KEYS))


def escaped(text: str, every: int) -> str:
    """JSON in which every so-manieth character is an escape."""
    return "".join(
        f"\\u{ord(c):04X}" if number % every == 0 else c for number, c in enumerate(text)
    )


@pytest.mark.parametrize("every", [1, 2, 5])
def test_a_key_that_is_echoed_as_escapes_is_blanked(
    agent: Client, stigg: Simulator, caplog: pytest.LogCaptureFixture, every: int
) -> None:
    key = escaped(KEY, every)
    said = f'{{"message": "the key {key} is odd", "code": "{key}"}}'
    stigg.fault(customer="acme-corp", status=400, body=said)
    response = agent.get(page("acme-corp"))
    assert "the key *** is odd" in element(response, ".said").get_text()
    assert KEY not in response.content.decode() + "".join(str(r.__dict__) for r in caplog.records)


def test_what_stigg_said_stands_behind_a_heading_that_the_agent_opens(
    agent: Client, stigg: Simulator
) -> None:
    stigg.fault(customer="acme-corp", status=400, body=json.dumps({"message": "no such id"}))
    shown = soup(agent.get(page("acme-corp")))
    assert element(shown, "details.said:not([open]) q").get_text() == "no such id"
    element(shown, "details.said").decompose()
    assert "no such id" not in shown.get_text()


@pytest.mark.parametrize(
    "secret",
    [
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "rk_test_51H8xYzAbCdEfGhIjKlMnOp",
        "server-1f0c7b6e-2a59-4a43-9f0e-5f6c2e1b7a10",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtYXJhIn0.abc-DEF_123",
        "AKIAIOSFODNN7EXAMPLE",
        "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4",
    ],
)
@pytest.mark.parametrize("said", ["{}", 'Stripe refused {}: check "it"', "(key={})", "a {}."])
def test_what_looks_like_a_secret_is_blanked(secret: str, said: str) -> None:
    shown = quotation(said.format(secret), 200)
    assert secret not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "said",
    [
        "Authorization: Bearer abcdefgh12345",
        "password = hunter2hunter2",
        '{"api_key":"abcdefgh12345"}',
        "https://mara:hunter2hunter2@zuora.com/x",
    ],
)
def test_what_is_named_a_secret_is_blanked(said: str) -> None:
    assert not {"abcdefgh12345", "hunter2hunter2"} & set(
        quotation(said, 200).replace('"', " ").split()
    )
    assert "hunter2" not in quotation(said, 200)
    assert "abcdefgh" not in quotation(said, 200)


@pytest.mark.parametrize(
    "said",
    [
        "REQUIRED_FIELD_MISSING: Salesforce wants an Industry for this account.",
        "No such customer: 'cus_NffrFeUfNV2Hib'; a similar object exists in test mode",
        "Account 2c92c0f9b16ccf7f990738b8fa23c1e6 is closed",
        "The token has expired. Sign in again.",
        "Password incorrect for this connection",
    ],
)
def test_what_helps_an_agent_is_kept(said: str) -> None:
    assert quotation(said, 200) == said


@given(st.text(), st.integers(1, 300))
def test_a_quotation_is_one_bounded_line(text: str, limit: int) -> None:
    shown = quotation(text, limit)
    assert len(shown) <= limit
    assert "\n" not in shown


def test_a_long_word_takes_no_time_of_its_own() -> None:
    """With time that grows by the square, this would take minutes."""
    assert without_secrets("a" * 100_000) == "a" * 100_000
    assert without_secrets("a" * 200 + "b1" * 20).endswith("***")
