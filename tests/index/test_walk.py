"""`manage.py index_customers` and `forget_index` against the simulated Stigg."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integrations_app.index.entries import customers_with
from integrations_app.index.models import IndexEntry
from integrations_app.index.walk import MAX_FAILURES, walk
from integrations_app.simulator import Simulator
from integrations_app.stigg import RateLimited
from integrations_app.upstream.environments import configured

pytestmark = pytest.mark.django_db


def index(**options: Any) -> str:
    said = StringIO()
    call_command("index_customers", stdout=said, **options)
    return said.getvalue()


def test_every_record_of_every_customer_is_found_after_a_walk(stigg: Simulator) -> None:
    said = index(environment="production")
    everyone = list(
        configured()["production"].upstream.client.page_of_customers(limit=100).customers
    )
    assert len(everyone) == 100
    for customer in everyone:
        for record_id in customer.record_ids:
            assert customer.id in customers_with("production", [record_id])
    assert "Done." in said.splitlines()[-1]
    assert not IndexEntry.objects.filter(environment="staging").exists()


def test_all_environments_are_walked_when_none_is_named(stigg: Simulator) -> None:
    said = index()
    assert "production: " in said
    assert "staging: " in said


def test_a_second_walk_changes_nothing(stigg: Simulator) -> None:
    index(environment="staging")
    count = IndexEntry.objects.count()
    index(environment="staging")
    assert IndexEntry.objects.count() == count > 0


@pytest.mark.slow
def test_a_stopped_walk_says_where_to_go_on(stigg: Simulator) -> None:
    cursor = next(walk(configured()["production"])).cursor
    stigg.fault(route="customers", status=401)
    with pytest.raises(CommandError, match=rf"Stopped: key-rejected\. .* --after {cursor}$"):
        index(environment="production", after=cursor)
    stigg.clear()
    assert "Done." in index(environment="production", after=cursor)
    assert all(customers_with("production", [record]) for record in first_records())


def first_records() -> set[str]:
    client, after, found = configured()["production"].upstream.client, None, set[str]()
    while True:
        page = client.page_of_customers(after=after, limit=100)
        found |= {customer.record_ids[0] for customer in page.customers if customer.record_ids}
        if not (after := page.next):
            return found


def test_it_waits_for_as_long_as_stigg_asks(stigg: Simulator) -> None:
    stigg.fault(route="customers", status=429, headers={"Retry-After": "7"}, times=2)
    waited: list[float] = []
    steps = list(walk(configured()["production"], wait=waited.append))
    assert waited == [7, 7]
    assert steps[-1].cursor is None


def test_it_gives_up_when_stigg_never_answers(stigg: Simulator) -> None:
    stigg.fault(route="customers", status=429, headers={"Retry-After": "1"})
    waited: list[float] = []
    with pytest.raises(RateLimited):
        list(walk(configured()["production"], wait=waited.append))
    assert len(waited) == MAX_FAILURES


def test_the_time_left_is_told_where_the_count_is_known(stigg: Simulator) -> None:
    assert "min left" in index(environment="staging")
    stigg.fault(route="graphql", status=403)
    assert "min left" not in index(environment="staging")


def test_an_unknown_environment_and_a_lone_cursor_are_refused() -> None:
    with pytest.raises(CommandError, match=r"There is no environment eu\. There is: production"):
        index(environment="eu")
    with pytest.raises(CommandError, match="name it with --environment"):
        index(after="00000000-0000-0000-0000-000000000000")


def test_forget_index_empties_it(stigg: Simulator) -> None:
    index(environment="staging")
    said = StringIO()
    call_command("forget_index", stdout=said)
    assert "entries forgotten" in said.getvalue()
    assert not IndexEntry.objects.exists()
