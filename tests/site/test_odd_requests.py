"""Odd requests of people who may be here: each has an answer that is meant, none is a fault."""

import stat
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from integrations_app.lookup import views as lookup_views
from integrations_app.simulator import Simulator
from tests.desks import open_desk
from tests.pages import element, page, problem

CHANGELISTS = [
    reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for model in admin.site._registry
]
TWENTY_DIGITS = "9" * 20


@pytest.fixture
def operator(agent: Client) -> Client:
    get_user_model().objects.update(is_staff=True, is_superuser=True)
    agent.raise_request_exception = False
    return agent


@pytest.mark.parametrize("following", ["/accounts/login/", "/accounts/login/?next=/"])
def test_signing_in_leads_nobody_back_to_signing_in(agent: Client, following: str) -> None:
    response = agent.get("/accounts/login/", {"next": following})
    assert (response.status_code, response["Location"]) == (302, "/")


@pytest.mark.slow
@pytest.mark.parametrize("address", CHANGELISTS)
@pytest.mark.parametrize(
    "query",
    [
        f"id__exact={TWENTY_DIGITS}",
        f"id__in={TWENTY_DIGITS}",
        f"at__year={TWENTY_DIGITS}",
        "at__year=0",
        "at__year=x",
        "at__year=2026&at__month=77",
        f"p={TWENTY_DIGITS}",
        f"o={TWENTY_DIGITS}",
        "q=%00",
        "e=1",
        "environment__exact=%00",
        f"groups__id__exact={TWENTY_DIGITS}",
        "is_staff__exact=x",
    ],
)
def test_an_odd_filter_of_admin_is_no_fault_of_the_desk(
    operator: Client, address: str, query: str
) -> None:
    response = operator.get(f"{address}?{query}")
    assert response.status_code in (200, 302, 400)
    if response.status_code == 400:
        assert problem(response) == "bad-input"


def failing(*_arguments: object) -> None:
    raise RuntimeError


@pytest.mark.parametrize(
    ("address", "kind", "title", "meaning"),
    [
        ("/nowhere", "no-page", "There is no page at this address", "Check the address, or look"),
        (
            f"/admin/integrations_app/wronglink/?at__year={TWENTY_DIGITS}",
            "bad-input",
            "The desk cannot read this request",
            "Part of the address is not allowed.",
        ),
        ("/", "desk-fault", "Something went wrong in the desk", "The error has been logged."),
    ],
)
def test_where_there_is_no_page_it_says_why(
    operator: Client,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    kind: str,
    title: str,
    meaning: str,
) -> None:
    monkeypatch.setattr(lookup_views, "recents", failing)
    response = operator.get(address)
    assert problem(response) == kind
    assert element(response, "h1").get_text() == title
    assert element(response, "title").get_text().startswith(title)
    assert meaning in element(response, "main").get_text()


READ_ONLY = [
    "/",
    "/help/",
    "/lookup/suggestions/",
    "/operations/",
    "/record/",
    "/record/csv/",
    *(page("acme-corp", part=part) for part in ("", "results/", "csv/", "json/")),
]


@pytest.mark.parametrize("address", READ_ONLY)
def test_what_is_only_read_takes_no_form(operator: Client, address: str) -> None:
    assert operator.post(address).status_code == 405


@pytest.mark.slow  # starts the desk in a process of its own
def test_what_the_desk_writes_is_its_own_to_read(stigg: Simulator, tmp_path: Path) -> None:
    assert stat.S_IMODE(settings.VAR.stat().st_mode) == 0o700
    with open_desk(stigg, DATABASE_URL=f"sqlite:///{tmp_path}/desk.sqlite3") as desk:
        desk.sign_in()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        assert set(modes.values()) == {0o600}, modes
