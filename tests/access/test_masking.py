"""Keys and passwords stay out of logs, tracebacks and Django's debug page."""

import io
import logging
import sys
from html import escape
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.views.debug import get_exception_reporter_class
from pydantic import SecretStr

from dashboard import masking
from dashboard.logs import Formatter
from dashboard.masking import hide, masked

VALUE = 'a "quoted" & <odd> key'


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_known", set())
    hide(VALUE)


def test_the_settings_print_as_stars(settings: Any) -> None:
    settings.OIDC_CLIENT_SECRET = SecretStr(VALUE)
    assert VALUE not in f"{settings.OIDC_CLIENT_SECRET} {settings.OIDC_CLIENT_SECRET!r}"
    (held,) = {type(found["api_key"]) for found in settings.STIGG_ENVIRONMENTS}
    assert held is SecretStr


def test_a_short_one_does_not_take_honest_words_away() -> None:
    hide("desk", "")
    assert masked("the desk") == "the desk"


def test_one_that_holds_another_is_taken_out_whole() -> None:
    hide("12345678", "1234567890")
    assert masked("x1234567890x") == "x***x"


def written(log: Any) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Formatter("{message}", style="{"))
    logger = logging.getLogger("of-this-test")
    logger.addHandler(handler)
    try:
        log(logger)
    finally:
        logger.removeHandler(handler)
    return stream.getvalue()


def fail(said: str) -> None:
    raise ValueError(said)


def fail_and_log(logger: logging.Logger) -> None:
    try:
        fail(VALUE)
    except ValueError:
        logger.exception("failed")


@pytest.mark.parametrize(
    "log",
    [
        lambda logger: logger.warning(f"the key is {VALUE}"),  # noqa: G004 - as careless code does
        lambda logger: logger.warning("the key is %s", VALUE),
        lambda logger: logger.warning("sent", extra={"headers": {"X-API-KEY": VALUE}}),
        fail_and_log,
    ],
)
def test_the_log_is_a_second_net(log: Any) -> None:
    line = written(log)
    assert "***" in line
    assert "quoted" not in line


def test_the_debug_page_does_not_show_it() -> None:
    plain = VALUE  # a variable of this frame, under a name that Django takes for harmless
    try:
        fail(f"the key is {plain}")
    except ValueError:
        request = RequestFactory().get("/")
        kind: Any = get_exception_reporter_class(request)
        reporter = kind(request, *sys.exc_info())
    for page in (reporter.get_traceback_html(), reporter.get_traceback_text()):
        assert "the key is ***" in page
        assert VALUE not in page
        assert escape(VALUE) not in page


def test_the_debug_page_of_a_fault_shows_no_key_of_the_desk(
    settings: Any, agent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide("simulated-production-key", settings.SECRET_KEY)
    settings.DEBUG = True
    agent.raise_request_exception = False

    def fail(*_: Any, **__: Any) -> None:
        key = "simulated-production-key" + settings.SECRET_KEY
        raise RuntimeError(key)

    monkeypatch.setattr("integrations_app.lookup.views.recents", fail)
    page = agent.get("/").content.decode()
    assert "RuntimeError" in page
    assert "simulated-production-key" not in page
    assert settings.SECRET_KEY not in page
