"""Odd requests of people who may be here: each has an answer that is meant, none is a fault."""

import stat
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from integrations_app.simulator import Simulator
from tests.desks import open_desk
from tests.pages import problem

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


def test_a_year_of_twenty_digits_is_a_bad_request(operator: Client) -> None:
    address = reverse("admin:integrations_app_wronglink_changelist")
    response = operator.get(f"{address}?at__year={TWENTY_DIGITS}")
    assert (response.status_code, problem(response)) == (400, "bad-input")


@pytest.mark.slow  # starts the desk in a process of its own
def test_what_the_desk_writes_is_its_own_to_read(stigg: Simulator, tmp_path: Path) -> None:
    assert stat.S_IMODE(settings.VAR.stat().st_mode) == 0o700
    with open_desk(stigg, DATABASE_URL=f"sqlite:///{tmp_path}/desk.sqlite3") as desk:
        desk.sign_in()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        assert set(modes.values()) == {0o600}, modes
