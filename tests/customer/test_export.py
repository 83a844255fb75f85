"""All rows of a customer as CSV and JSON: whole, or with a word of what is missing."""

import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from integrations_app.audit.events import AuditEvent
from integrations_app.customer import export
from integrations_app.customer.export_views import STILL_SECONDS, Sending
from integrations_app.links.models import LinkTemplate
from integrations_app.simulator import Simulator
from tests.accounts import account, browser_of
from tests.desks import open_desk
from tests.pages import Response, element, page, problem, soup

MERIDIAN = 137  # rows


@pytest.fixture
def agent(db: None, stigg: Simulator) -> Client:
    return browser_of(account("mara", "exporter"))


def address(customer_id: str, form: str = "csv", query: str = "") -> str:
    return page(customer_id, query, part=f"{form}/")


def whole(response: Response) -> bytes:
    assert response.status_code == 200
    return b"".join(response)


def as_csv(response: Response) -> list[dict[str, str]]:
    sent = whole(response)
    assert sent.startswith("\ufeff".encode())
    return list(csv.DictReader(sent.decode("utf-8-sig").splitlines()))


def as_json(response: Response) -> dict[str, Any]:
    return dict(json.loads(whole(response)))


def ids_in_order(agent: Client, customer_id: str, query: str = "") -> list[str]:
    """The records of all rows, as the pages show them."""
    found: list[str] = []
    while True:
        shown = soup(agent.get(page(customer_id, query)))
        cells = shown.select("td[data-label='Record in vendor']")
        found += [str(cell.select_one(".id") and element(cell, ".id").get_text()) for cell in cells]
        following = shown.select_one("a[rel=next]")
        if not following:
            return found
        query = "?" + str(following["href"]).split("?")[1]


# --- whole ----------------------------------------------------------------------------------------


def test_it_has_every_row_in_the_order_of_the_pages(agent: Client) -> None:
    rows = as_csv(agent.get(address("meridian-group")))
    assert len(rows) == MERIDIAN
    records = [row["record_in_vendor"] or "None" for row in rows]
    assert records == ids_in_order(agent, "meridian-group", "?limit=100")


def test_json_says_the_same_and_that_it_is_whole(agent: Client) -> None:
    rows = as_csv(agent.get(address("acme-corp")))
    found = as_json(agent.get(address("acme-corp", "json")))
    assert found["integrations"] == rows
    assert (found["customer"], found["environment"]) == ("acme-corp", "production")
    assert (found["complete"], found["missing"], found["vendors"]) == (True, [], [])


def test_it_keeps_to_the_filter_and_not_to_the_page_in_the_address(agent: Client) -> None:
    shown = soup(agent.get(page("meridian-group", "?vendor=STRIPE&vendor=ZUORA&limit=20")))
    for link in shown.select("p.export a:not([type='text/plain'])"):
        response = agent.get(str(link["href"]))
        form = "json" if "JSON" in link.get_text() else "csv"
        rows = as_json(response)["integrations"] if form == "json" else as_csv(response)
        assert {row["vendor"] for row in rows} == {"Stripe", "Zuora"}
        assert len(rows) > 20


def test_a_row_says_what_the_page_says_of_it(agent: Client) -> None:
    LinkTemplate.objects.create(
        environment="production",
        vendor_identifier="SALESFORCE",
        template="https://acme.my.salesforce.com/{synced_entity_id}",
    )
    by_vendor = {row["vendor"]: row for row in as_csv(agent.get(address("acme-corp")))}
    built = by_vendor["Salesforce"]
    assert (built["state"], built["built_by_the_desk"]) == ("Failed", "yes")
    assert built["sync_error"].startswith("REQUIRED_FIELD_MISSING")
    assert built["link"] == f"https://acme.my.salesforce.com/{built['record_in_vendor']}"
    assert by_vendor["Stripe"]["link_is"] == "verified"


def test_a_state_of_tomorrow_is_in_it_as_it_came(agent: Client, stigg: Simulator) -> None:
    integration = {"integrationId": as_csv(agent.get(address("acme-corp")))[0]["integration_id"]}
    cache.clear()
    states = {"syncStates": [{"status": "PAUSED", "integration": integration}]}
    told = json.dumps({"data": {"getCustomerByRefId": states}})
    stigg.fault(route="graphql", body=told)
    assert as_csv(agent.get(address("acme-corp")))[0]["state"] == "Stigg says PAUSED"


def test_no_refused_address_is_a_link(agent: Client) -> None:
    rows = as_csv(agent.get(address("every-link")))
    kinds = {row["link_is"]: row for row in rows}
    assert kinds.keys() == {"verified", "unfamiliar", "refused", "missing"}
    assert (kinds["refused"]["link"], kinds["missing"]["link"]) == ("", "")
    assert kinds["refused"]["notes"].startswith("This is a script, not the address of a page")
    assert kinds["unfamiliar"]["link"].startswith("http")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", " =1"])
def test_no_cell_is_a_formula(agent: Client, stigg: Simulator, text: str) -> None:
    row = {"id": text, "vendorIdentifier": "STRIPE", "syncedEntityId": text}
    body = json.dumps({"data": [row], "pagination": {"next": None, "prev": None}})
    stigg.fault(customer="empty-co", route="integrations", body=body)
    (found,) = as_csv(agent.get(address("empty-co")))
    assert found["integration_id"][0] == found["record_in_vendor"][0] == "'"


def test_what_only_the_customers_record_names_is_in_it_and_said_to_be(agent: Client) -> None:
    rows = as_csv(agent.get(address("narrowed-list")))
    notes = {row["vendor"]: row["notes"] for row in rows}
    assert [*notes] == ["Stripe", "Zuora", "Salesforce", "Auth0", "Snowflake"]
    assert "Named by the customer record only" in notes["Salesforce"]
    assert "Named by" not in notes["Stripe"]


def test_a_customer_without_rows_is_a_table_without_rows(agent: Client) -> None:
    assert as_csv(agent.get(address("empty-co"))) == []
    assert as_json(agent.get(address("empty-co", "json")))["complete"] is True


def test_the_file_is_named_after_customer_environment_and_time(agent: Client) -> None:
    with time_machine.travel(timezone.now().replace(microsecond=0), tick=False) as now:
        response = agent.get(address("acme-corp"))
        made = f"{timezone.now():%Y-%m-%d-%H%M%S}"
    assert now
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == (
        f'attachment; filename="acme-corp-production-{made}.csv"'
    )
    whole(response)
    odd = agent.get(address("müller-gmbh", "json"))
    assert "filename*=utf-8''m%C3%BCller-gmbh" in odd["Content-Disposition"]


def test_each_page_is_asked_for_when_it_is_sent(agent: Client, stigg: Simulator) -> None:
    parts = iter(agent.get(address("meridian-group")))
    for asked in ([], [], ["after"]):  # the header, the first page, the second
        next(parts)
        queries = [str(seen["query"]) for seen in stigg.requests()]
        assert [query.split("=")[0] for query in queries if "after" in query] == asked


# --- in part --------------------------------------------------------------------------------------


def test_a_failure_half_way_is_the_last_line(agent: Client, stigg: Simulator) -> None:
    stigg.fault(customer="meridian-group", route="integrations", said="after=", status=503)
    *rows, last = as_csv(agent.get(address("meridian-group")))
    assert len(rows) == 100
    told = "INCOMPLETE: Stigg failed after 100 rows: Stigg cannot be reached."
    assert last["vendor"] == told
    found = as_json(agent.get(address("meridian-group", "json")))
    assert (found["complete"], len(found["integrations"])) == (False, 100)
    assert found["missing"] == [told.removeprefix("INCOMPLETE: ")]


def test_a_list_without_end_is_cut_with_a_word(
    agent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MAX_ROWS", 100)
    *rows, last = as_csv(agent.get(address("meridian-group")))
    assert len(rows) == 100
    assert last["vendor"] == "INCOMPLETE: There are more rows: an export ends after 100."


def test_a_list_in_a_circle_ends_with_a_word(agent: Client, stigg: Simulator) -> None:
    row = {"id": "i", "vendorIdentifier": "STRIPE", "syncedEntityId": "cus_1"}
    cursor = "123e4567-e89b-12d3-a456-426614174000"
    body = json.dumps({"data": [row], "pagination": {"next": cursor, "prev": None}})
    stigg.fault(customer="empty-co", route="integrations", body=body)
    first, second, last = as_csv(agent.get(address("empty-co")))
    assert first == second
    assert "Stigg sent the same page twice" in last["vendor"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"route": "customer", "status": 500}, "did not give its record of the customer"),
        ({"route": "customer", "status": 404}, "did not give its record of the customer"),
        ({"route": "customer", "body": '{"data": {"id": "acme-corp"}}'}, "did not give its record"),
        ({"route": "graphql", "status": 500}, "The sync states did not come."),
    ],
)
def test_what_did_not_come_beside_the_rows_is_said(
    agent: Client, stigg: Simulator, fault: dict[str, Any], said: str
) -> None:
    stigg.fault(customer="acme-corp", **fault)
    *rows, last = as_csv(agent.get(address("acme-corp")))
    assert len(rows) == 6
    assert said in last["vendor"]


@pytest.mark.parametrize(
    ("customer_id", "status"), [("fault-500", 503), ("fault-401", 502), ("nobody", 404)]
)
def test_a_failure_at_the_start_is_a_page_with_its_status(
    agent: Client, customer_id: str, status: int
) -> None:
    response = agent.get(address(customer_id))
    assert (response.status_code, problem(response)) == (status, "bad-input")
    assert element(response, "h1").get_text() == "Nothing was exported"
    assert agent.get(address("acme-corp")).status_code == 200  # none is under way


def test_an_unknown_customers_empty_list_is_no_export(agent: Client, stigg: Simulator) -> None:
    body = '{"data": [], "pagination": {}}'
    stigg.fault(customer="nobody", route="integrations", body=body)
    response = agent.get(address("nobody"))
    assert response.status_code == 404
    assert "does not know this customer" in element(response, ".state").get_text()


def test_a_copy_from_before_stigg_failed_is_no_export(agent: Client, stigg: Simulator) -> None:
    agent.get(page("acme-corp", "?limit=100"))
    stigg.fault(customer="acme-corp", status=503)
    with time_machine.travel(timezone.now() + timedelta(seconds=30)):
        assert agent.get(page("acme-corp", "?limit=100")).status_code == 200
        assert agent.get(address("acme-corp")).status_code == 503


def test_states_and_record_from_before_stigg_failed_are_missing(
    agent: Client, stigg: Simulator
) -> None:
    agent.get(page("acme-corp"))
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        stigg.fault(route="customer", status=503)
        stigg.fault(route="graphql", status=503)
        sent = as_json(agent.get(address("acme-corp", "json")))
    assert sent["missing"] == [export.NO_RECORD, export.NO_STATES]
    assert {row["state"] for row in sent["integrations"]} == {""}


def test_rows_beyond_the_most_of_a_page_are_counted(agent: Client, stigg: Simulator) -> None:
    body = json.dumps({"data": named(102), "pagination": {}})
    stigg.fault(customer="empty-co", route="integrations", body=body)
    *rows, last = as_csv(agent.get(address("empty-co")))
    assert len(rows) == 100
    assert last["vendor"] == "INCOMPLETE: Stigg sent 2 rows more than a page may hold."


def test_a_record_without_end_is_cut_with_a_word(
    agent: Client, stigg: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MAX_ROWS", 100)
    body = json.dumps({"data": {"id": "empty-co", "integrations": named(101)}})
    stigg.fault(customer="empty-co", route="customer", body=body)
    *rows, last = as_csv(agent.get(address("empty-co")))
    assert len(rows) == 100
    assert last["vendor"] == "INCOMPLETE: The customer's record names more than 100."


def named(number: int) -> list[dict[str, str]]:
    return [{"id": f"i-{n}", "vendorIdentifier": "STRIPE"} for n in range(number)]


# --- who may, and how often -----------------------------------------------------------------------


def test_links_stand_under_the_rows_for_who_may(agent: Client) -> None:
    shown = soup(agent.get(page("acme-corp"))).select("p.export a")
    assert [link.get_text() for link in shown] == ["CSV", "JSON"]
    assert not soup(agent.get(page("empty-co"))).select("p.export")
    viewer = browser_of(account("vera"))
    assert not soup(viewer.get(page("acme-corp"))).select("p.export")
    assert viewer.get(address("acme-corp")).status_code == 403


def test_one_export_at_a_time_for_each_agent(agent: Client) -> None:
    under_way = agent.get(address("meridian-group"))
    refused = agent.get(address("acme-corp", "json"))
    assert refused.status_code == 429
    assert "Another export of yours is on its way" in soup(refused).get_text()
    other = browser_of(account("tom", "exporter"))
    assert as_csv(other.get(address("acme-corp")))
    assert len(as_csv(under_way)) == MERIDIAN
    assert as_csv(agent.get(address("acme-corp")))


def test_an_export_that_stands_still_does_not_stop_the_next_for_ever(agent: Client) -> None:
    parts = iter(agent.get(address("meridian-group")))
    next(parts)
    with time_machine.travel(timezone.now() + timedelta(seconds=STILL_SECONDS - 1)):
        assert agent.get(address("acme-corp")).status_code == 429
    with time_machine.travel(timezone.now() + timedelta(seconds=STILL_SECONDS + 1)):
        assert agent.get(address("acme-corp")).status_code == 200


def test_one_that_could_not_be_put_on_record_keeps_nobody_from_the_next(
    agent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr(AuditEvent, "save", raising(DatabaseError))
        assert agent.get(address("acme-corp")).status_code == 503
    assert agent.get(address("acme-corp")).status_code == 200


def raising(error: type[Exception]) -> Any:
    def fails(*_: object, **__: object) -> None:
        raise error

    return fails


def test_an_export_that_was_left_behind_ends_none_but_itself(agent: Client) -> None:
    mine = str(User.objects.get().pk)
    left_behind, under_way = (
        Sending(mine, "request 1", ["part"]),
        Sending(mine, "request 2", ["part"]),
    )
    assert [*left_behind, *under_way] == ["part", "part"]
    left_behind.close()
    assert agent.get(address("acme-corp")).status_code == 429
    under_way.close()
    assert agent.get(address("acme-corp")).status_code == 200


def test_each_is_on_record_with_its_filter_before_it_is_sent(agent: Client) -> None:
    agent.get(address("acme-corp", "json", "?vendor=STRIPE&limit=50"))
    agent.get(address("fault-500"))
    cache.clear()
    agent.get(address("fault-500"))
    found = AuditEvent.objects.filter(action="export").order_by("id")
    assert list(found.values_list("customer_id", "outcome", "detail")) == [
        ("acme-corp", "json", "?vendor=STRIPE"),
        ("fault-500", "unavailable", ""),
    ]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (address("a/b"), 400),
        (address("acme-corp", query="?vendor=<x>"), 400),
        ("/nowhere/customers/acme-corp/integrations/csv/", 404),
        (address("acme-corp", "xml"), 404),
    ],
)
def test_what_is_no_export_is_refused(
    agent: Client, stigg: Simulator, asked: str, status: int
) -> None:
    assert agent.get(asked).status_code == status
    assert stigg.requests() == []


def test_it_takes_a_get_alone(agent: Client) -> None:
    assert agent.post(address("acme-corp")).status_code == 405
    assert agent.head(address("acme-corp")).status_code == 405


def test_a_ticket_is_asked_for_first(agent: Client, settings: Any) -> None:
    settings.REQUIRE_TICKET = True
    assert element(agent.get(address("acme-corp")), "form.ticket-first")
    agent.get(address("acme-corp", query="?ticket=T-1"))
    assert as_csv(agent.get(address("acme-corp")))
    assert AuditEvent.objects.get(action="export").ticket == "T-1"


# --- the production server ------------------------------------------------------------------------


@pytest.mark.slow
def test_the_server_sends_it_in_parts_and_not_compressed(stigg: Simulator, tmp_path: Path) -> None:
    with open_desk(stigg, DATABASE_URL=f"sqlite:///{tmp_path}/desk.sqlite3") as desk:
        agent = desk.sign_in()
        asked = desk.url + address("meridian-group")
        with agent.get(asked, stream=True, timeout=60) as response:
            header, first, second, *_ = response.iter_content(None)
    lines = [part.count(b"\r\n") for part in (header, first, second)]
    assert lines == [1, 100, MERIDIAN - 100]
    assert "gzip" in str(response.request.headers["Accept-Encoding"])
    assert "Content-Encoding" not in response.headers
    # Whichever thread made a part: its calls are those of this request
    asked_by = {
        seen["headers"].get("x-request-id")
        for seen in stigg.requests()
        if str(seen["path"]).endswith("/meridian-group/integrations")
    }
    assert asked_by == {response.headers["X-Request-ID"]}


# --- the text for a ticket ------------------------------------------------------------------------


def test_the_text_of_all_rows_is_the_pages_summary_and_goes_on(agent: Client) -> None:
    shown = agent.get(page("meridian-group", "?vendor=STRIPE"))
    of_page = element(shown, "#ticket-plain").get_text().split("\n\n", 1)
    response = agent.get(address("meridian-group", "text", "?vendor=STRIPE"))
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith("inline")
    beginning, rows = whole(response).decode().split("\n\n", 1)
    assert rows.startswith(of_page[1])
    assert sum(line.startswith("- ") for line in rows.splitlines()) == 42
    who, what, where = beginning.splitlines()
    assert who == "Meridian Group (meridian-group), Production"
    assert what.startswith("All integrations, Stripe only, ")
    assert where == f"http://testserver{page('meridian-group', '?vendor=STRIPE')}"


def test_a_text_that_is_not_whole_says_so_at_its_end(agent: Client, stigg: Simulator) -> None:
    sending = agent.get(address("meridian-group", "text"))
    parts = iter(sending)
    begun = next(parts) + next(parts)
    stigg.fault(customer="meridian-group", route="integrations", status=500)
    cache.clear()
    text = (begun + b"".join(parts)).decode()
    assert "INCOMPLETE: Stigg failed after 100 rows" in text.splitlines()[-1]


def test_all_rows_are_offered_for_copying_where_not_all_are_in_view(agent: Client) -> None:
    link = element(agent.get(page("meridian-group", "?find=x")), ".export")
    assert "Copy all" not in link.get_text()
    link = element(agent.get(page("meridian-group", "?vendor=STRIPE")), "a[href*='/text/']")
    assert link["href"] == address("meridian-group", "text", "?vendor=STRIPE")
    assert soup(agent.get(page("acme-corp"))).select("a[href*='/text/']") == []
