"""What the desk has shown is found again by any vendor's id of it, and checked against Stigg."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from integrations_app.index.entries import add
from integrations_app.lookup.find import find
from integrations_app.simulator import Simulator
from integrations_app.simulator.data import customers
from integrations_app.upstream.environments import configured

MANY = 80


def records() -> list[tuple[str, str]]:
    """All ids that REST names, of customers that Stigg answers for: some examples always fail or
    hang, and one has markup and blanks where ids should be.
    """
    client = configured()["production"].upstream.client
    found = []
    for customer_id in list(customers("production"))[:MANY]:
        if not customer_id.startswith("fault-"):
            ids = client.get_customer(customer_id).record_ids
            found += [(customer_id, each) for each in ids if each.isprintable() and " " not in each]
    return found


def leads_to(agent: Client, text: str) -> str:
    answer = agent.get("/lookup", {"q": text})
    return answer.get("Location", "").partition("/customers/")[2].partition("/")[0]


@pytest.mark.slow  # 260 look-ups
@pytest.mark.django_db
def test_every_vendors_id_of_many_customers_opens_its_customer_after_a_walk(
    stigg: Simulator,
) -> None:
    call_command("index_customers", environment="production", stdout=StringIO())
    production = configured()["production"]
    opened = [(record, find(production, record).certain, of) for of, record in records()]
    lost = [(of, record) for record, hit, of in opened if not hit or hit.customer_id != of]
    assert len(opened) > 2 * MANY
    assert lost == []


def test_one_visit_is_enough(agent: Client, stigg: Simulator) -> None:
    client = configured()["production"].upstream.client
    hidden = client.get_customer("meridian-group").record_ids[-1]
    assert leads_to(agent, hidden) == ""
    agent.get("/production/customers/meridian-group/integrations/")
    assert leads_to(agent, hidden) == "meridian-group"


@pytest.mark.django_db
def test_an_entry_that_stigg_no_longer_confirms_leads_nowhere(
    agent: Client, stigg: Simulator
) -> None:
    add("production", [("acme-corp", ["cus_QQQQQQQQQQQQQQ"]), ("gone", ["cus_QQQQQQQQQQQQQQ"])])
    answer = agent.get("/lookup", {"q": "cus_QQQQQQQQQQQQQQ"})
    assert answer.status_code == 404
    assert "/customers/acme-corp/" not in answer.content.decode()
