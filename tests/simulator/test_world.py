"""Whom the simulated Stigg knows: thousands that look like life, and some by name."""

import json
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from integrations_app import simulator
from integrations_app.simulator import Simulator, data
from integrations_app.simulator.data import Customer
from integrations_app.simulator.named import NAMED
from integrations_app.simulator.rows import BILLING_LINKS, VENDORS
from tests.simulator.calls import customer, rows


def everybody(environment: str) -> Collection[Customer]:
    return data.customers(environment).values()


def every_row(environment: str) -> list[tuple[str, dict[str, Any]]]:
    return [(one.vendor, one.row) for each in everybody(environment) for one in each.carried]


@pytest.mark.slow
def test_the_world_is_the_same_in_every_process() -> None:
    script = (
        "from hashlib import sha256; from integrations_app.simulator import data; import json;"
        "world = [[c.document, c.cursor, [(i.row, i.cursor) for i in c.carried]]"
        " for e in ('production', 'staging') for c in data.customers(e).values()];"
        "print(sha256(json.dumps(world).encode()).hexdigest())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            cwd=Path(__file__).parent.parent.parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_thousands_of_customers_look_like_life(environment: str) -> None:
    crowd = [one for one in everybody(environment) if one.id not in {named.id for named in NAMED}]
    names = [one.name for one in crowd if one.name]
    counts = [len(one.carried) for one in crowd]
    assert len(crowd) == 3_000
    assert len(set(names)) == len(names)
    assert set(counts) >= set(range(7))
    assert {vendor for vendor, _ in every_row(environment)} >= set(VENDORS)
    for shape in (
        r"[a-z]+-[a-z]+",
        r"auth0\|[0-9a-f]{24}",
        r"ops@[a-z-]+\.example",
        r"customer-[0-9a-f]{6}",
        r"org_\w{16}",
    ):
        assert sum(bool(re.fullmatch(shape, one.id)) for one in crowd) > 300
    assert 20 < sum(one.archived for one in crowd) < 200


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_a_customer_has_one_row_for_each_integration(environment: str) -> None:
    for one in everybody(environment):
        ids = [row.row["id"] for row in one.carried]
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_only_billing_vendors_have_links_and_only_marketplaces_dimensions(environment: str) -> None:
    for vendor, row in every_row(environment):
        sync_data = row.get("syncData") or {}
        assert "billingLinkUrl" not in sync_data or vendor in BILLING_LINKS
        assert "dimensions" not in sync_data or vendor in ("AWS_MARKETPLACE", "APP_STORE")


def test_sync_data_comes_in_every_legal_shape() -> None:
    shapes = {
        tuple(row["syncData"] or ()) if "syncData" in row else "absent"
        for _, row in every_row("production")
    }
    assert shapes == {
        "absent",
        (),
        ("foo",),
        ("dimensions",),
        ("billingId", "billingLinkUrl"),
        ("billingId", "billingLinkUrl", "priceGroupPackageBillingId"),
    }


def test_synced_ids_look_like_the_vendors_own() -> None:
    shapes = {
        "STRIPE": r"cus_\w{14}",
        "ZUORA": r"[0-9a-f]{32}",
        "HUBSPOT": r"[0-9]{10,11}",
        "SALESFORCE": r"001[0-9A-Za-z]{15}",
        "AUTH0": r"auth0\|[0-9a-f]{24}",
        "AWS_MARKETPLACE": r"[0-9]{12}",
    }
    named = data.customers("production")["meridian-group"]
    for one in named.carried:
        if one.row["syncedEntityId"]:
            assert re.fullmatch(shapes.get(one.vendor, ".+"), str(one.row["syncedEntityId"]))


def test_the_last_three_letters_of_a_salesforce_id_spell_its_capitals() -> None:
    """Salesforce's published example: 001A0000006Vm9r is 001A0000006Vm9rIAC."""
    for vendor, row in every_row("production"):
        if vendor == "SALESFORCE" and row["syncedEntityId"]:
            short, suffix = row["syncedEntityId"][:15], row["syncedEntityId"][15:]
            chunks = [short[start : start + 5][::-1] for start in (0, 5, 10)]
            bits = [int("".join("01"[letter.isupper()] for letter in chunk), 2) for chunk in chunks]
            assert suffix == "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[number] for number in bits)


def links_of_the_crowd(environment: str) -> set[str]:
    named = {customer.id for customer in NAMED}
    crowd = [one for one in everybody(environment) if one.id not in named]
    told: list[Any] = [row.row.get("syncData") or {} for one in crowd for row in one.carried]
    return {sync_data["billingLinkUrl"] for sync_data in told if "billingLinkUrl" in sync_data}


def test_links_fit_their_environment() -> None:
    production = links_of_the_crowd("production")
    zuora = "https://www.zuora.com/apps/CustomerAccount.do?method=view&id="
    assert any(link.startswith(zuora) for link in production)
    assert not [link for link in production if re.search("/test/|sandbox|demo", link)]
    stripe = [link for link in links_of_the_crowd("staging") if "stripe" in link]
    assert stripe
    assert all("/test/" in link for link in stripe)


def test_acme_has_six_rows_and_one_test_link_in_production(api: Simulator) -> None:
    reply = rows(api, "acme-corp")
    first, second = [row["syncData"]["billingLinkUrl"] for row in reply.json["data"][:2]]
    assert reply.vendors == [
        "STRIPE",
        "STRIPE",
        "SALESFORCE",
        "HUBSPOT",
        "SNOWFLAKE",
        "ACME_LEDGER",
    ]
    assert "/test/" not in first
    assert "/test/" in second
    assert reply.json["data"][4]["syncedEntityId"] is None


def test_meridian_has_137_rows_of_many_vendors() -> None:
    vendors = [one.vendor for one in data.customers("production")["meridian-group"].listed]
    assert len(vendors) == 137
    assert set(vendors) == set(VENDORS)
    assert vendors.count("STRIPE") >= 40
    assert vendors.count("ZUORA") >= 30


def test_an_archived_customer_lost_its_name_and_email_but_not_its_rows(api: Simulator) -> None:
    document = customer(api, "archived-co").json["data"]
    assert (document["name"], document["email"]) == (None, None)
    assert document["archivedAt"]
    assert len(rows(api, "archived-co").ids) == 2


def test_a_customer_may_have_no_rows(api: Simulator) -> None:
    assert rows(api, "empty-co").json == {"data": [], "pagination": {"next": None, "prev": None}}


def test_the_list_may_be_narrower_than_what_the_customer_carries(api: Simulator) -> None:
    assert rows(api, "narrowed-list").vendors == ["STRIPE", "ZUORA"]
    assert len(customer(api, "narrowed-list").json["data"]["integrations"]) == 5


def test_hostile_values_arrive_as_they_are(api: Simulator) -> None:
    listed = rows(api, "hostile-values").json["data"]
    text = json.dumps(listed, ensure_ascii=False)
    assert "<script>" in customer(api, "hostile-values").json["data"]["name"]
    assert "\u202e" in customer(api, "hostile-values").json["data"]["name"]
    for bite in (
        "javascript:",
        "data:",
        "http://",
        "stripe.com:pass@evil",
        "stripe.com.evil",
        "🦄",
        "x" * 255,
        '{"foo": 1}',
    ):
        assert bite in text
    assert any("\x00" in (row["syncedEntityId"] or "") for row in listed)
    assert "" in [(row.get("syncData") or {}).get("billingLinkUrl") for row in listed]


def test_every_example_is_somebody(api: Simulator) -> None:
    for customer_id, reason in simulator.EXAMPLES:
        assert customer_id in data.customers("production")
        assert reason
