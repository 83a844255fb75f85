"""What a customer's page shows is found again by its vendors' ids."""

import pytest
from django.test import Client

from integrations_app.index.entries import customers_with
from integrations_app.index.models import IndexEntry
from integrations_app.simulator import Simulator
from integrations_app.upstream.environments import configured

PAGE = "/production/customers/meridian-group/integrations/"


def test_a_page_remembers_every_record_that_stigg_named(agent: Client) -> None:
    assert agent.get(PAGE).status_code == 200
    customer = configured()["production"].upstream.client.get_customer("meridian-group")
    assert len(customer.record_ids) > 100
    for record_id in customer.record_ids:
        assert "meridian-group" in customers_with("production", [record_id])


def test_copies_and_problems_teach_nothing(agent: Client, stigg: Simulator) -> None:
    agent.get(PAGE)
    IndexEntry.objects.all().delete()
    stigg.fault(status=503)
    assert agent.get(f"{PAGE}?refresh=1").status_code == 200
    assert agent.get("/production/customers/acme-corp/integrations/").status_code == 503
    assert not IndexEntry.objects.exists()


@pytest.mark.parametrize("address", ["results/", ""])
def test_the_fragment_remembers_too(agent: Client, address: str) -> None:
    agent.get(f"{PAGE}{address}", headers={"HX-Request": "true"})
    assert IndexEntry.objects.filter(customer_id="meridian-group").exists()
