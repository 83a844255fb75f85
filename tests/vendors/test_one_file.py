"""A vendor is one file: with it a vendor is known everywhere, without it nowhere."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth import get_user_model
from django.test import Client

from integrations_app import vendors
from integrations_app.links.models import LinkTemplate
from integrations_app.simulator import Simulator

ROOT = Path(__file__).parent.parent.parent
PAGE = "/production/customers/acme-corp/integrations/"
LINK = "https://console.ledger.example/sandbox/accounts/led_00000001"
LEDGER = """
import re

from integrations_app.vendors.vendor import IdShape, Parameter, Preset, Vendor, customer_page

_ACCOUNT = IdShape("Ledger id", re.compile("led_[0-9]{8}"), fields=("billingId",),
                   near_miss="Ledger counts accounts and branches apart.")
_START = "https://console.ledger.example"

VENDORS = (
    Vendor(
        "LEDGER", "Ledger & Co", "L&", ("console.ledger.example",),
        not_synced=("The customer has no ledger.",),
        ids=(_ACCOUNT,),
        pages=(customer_page("(?:/sandbox)?/accounts/(?P<id>[^/?#]+)", _ACCOUNT),),
        mode=lambda address: ("SANDBOX" if address.path.startswith("/sandbox/") else "", "north"),
        presets=(Preset("Ledger account", _START + "/<<branch>>/accounts/{billing_id}",
                        (Parameter("branch", "The branch", "[a-z]+", "north"),)),),
        box="Ledger",
    ),
)
"""


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One more file beside those of the package."""
    (tmp_path / "ledger_made_up.py").write_text(LEDGER)
    monkeypatch.setattr(vendors, "__path__", [*vendors.__path__, str(tmp_path)])
    vendors.known_vendors.cache_clear()
    yield
    vendors.known_vendors.cache_clear()


def row(number: int, synced: str | None, link: str | None) -> dict[str, object]:
    data = {"billingId": synced, "billingLinkUrl": link} if synced else None
    return {
        "id": f"integration-{number}",
        "vendorIdentifier": "LEDGER",
        "syncedEntityId": synced,
        "syncData": data,
    }


@pytest.fixture
def linked(stigg: Simulator) -> None:
    """Acme has two rows of the vendor in Stigg, one of them not synced, and is found by its id."""
    rows = [row(1, "led_00000001", LINK), row(2, None, None)]
    bare = {"id": "acme-corp", "name": "Acme Inc.", "integrations": rows}
    found = {"customers": {"edges": [{"node": {"customerId": "acme-corp", "name": "Acme Inc."}}]}}
    stigg.fault(route="integrations", body=json.dumps({"data": rows, "pagination": {}}))
    stigg.fault(route="customer", customer="acme-corp", body=json.dumps({"data": bare}))
    stigg.fault(route="customer", customer="led_00000001", status=404)
    stigg.fault(route="graphql", body=json.dumps({"data": found}))


def soup(client: Client, address: str) -> BeautifulSoup:
    return BeautifulSoup(client.get(address).content, "html.parser")


@pytest.mark.usefixtures("ledger", "linked")
def test_its_rows_have_a_chip_a_verified_link_a_badge_and_reasons(agent: Client) -> None:
    page = soup(agent, PAGE)
    chip = page.select_one("#chip-LEDGER")
    assert chip
    assert chip.get_text(" ", strip=True) == "Ledger & Co 2"
    link = page.select_one(f"a.open[href='{LINK}']")
    assert link
    cell = link.find_parent("td")
    assert cell
    assert {"SANDBOX", "north"} <= set(cell.get_text(" ", strip=True).split())
    assert "This is a sandbox link, but Production is a live environment." in page.get_text()
    assert "The customer has no ledger." in page.get_text()


@pytest.mark.usefixtures("ledger", "linked")
@pytest.mark.parametrize("pasted", ["led_00000001", LINK])
def test_it_is_looked_up_by_id_and_by_address(agent: Client, pasted: str) -> None:
    answer = agent.get(f"/lookup?q={quote(pasted, safe='')}")
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}?row=led_00000001#row")


@pytest.mark.usefixtures("ledger")
def test_a_near_miss_is_told_in_its_own_words(agent: Client, stigg: Simulator) -> None:
    missed = " ".join(soup(agent, "/lookup?q=led_12345678").get_text(" ").split())
    assert "looked up in Production as Ledger id" in missed
    assert "Ledger counts accounts and branches apart." in missed
    assert "Ledger" in soup(agent, "/").get_text()


@pytest.mark.usefixtures("ledger", "stigg", "db")
def test_operators_get_its_preset(client: Client) -> None:
    client.force_login(get_user_model().objects.create_superuser("root"))
    preset = "/admin/integrations_app/linktemplate/preset/"
    chosen = f"{preset}?environment=production&preset=Ledger+account"
    assert "Ledger account" in soup(client, preset).get_text()
    assert soup(client, chosen).select_one("input[name=branch]")
    form = client.get(f"{chosen}&branch=north")["Location"]
    template = "https://console.ledger.example/north/accounts/{billing_id}"
    assert "Opens directly." in soup(client, form).get_text()
    fields = {"environment": "production", "vendor_identifier": "ledger", "template": template}
    client.post(form.partition("?")[0], fields)
    assert LinkTemplate.objects.get().vendor_name == "Ledger & Co"


@pytest.mark.usefixtures("linked")
def test_without_its_file_it_is_a_vendor_like_any_that_nobody_has_seen(agent: Client) -> None:
    page = soup(agent, PAGE)
    chip = page.select_one("#chip-LEDGER")
    assert chip
    assert chip.get_text(" ", strip=True) == "Ledger 2"
    assert page.select_one(f"a.open[href='{LINK}']") is None
    assert "north" not in page.get_text()


# --- nothing else knows a vendor ------------------------------------------------------------------

# Words for people, and what stands for Stigg or for an operator: no rule of the desk's.
MAY_NAME = {
    "integrations_app/customer/query.py": {"STRIPE"},  # an example in a sentence
    "integrations_app/links/admin.py": {"SALESFORCE", "auth0"},  # a help text, a sample id
    # What a desk without a key shows, of the simulated customers' vendors
    "integrations_app/demo.py": {
        *("SALESFORCE", "Salesforce"),
        *("HUBSPOT", "HubSpot"),
        *("STRIPE_INVOICING", "Stripe"),
    },
}
EXCEPT = ("integrations_app/vendors/", "integrations_app/simulator/")
READ = (".py", ".html", ".js", ".css")


def words() -> re.Pattern[str]:
    """Every vendor's name, identifier and hosts, and the last two labels of those."""
    every = vendors.known_vendors().values()
    names = {vendor.name for vendor in every} | {vendor.identifier for vendor in every}
    hosts = {domain for vendor in every for domain in vendor.domains}
    hosts |= {host.split(".", host.count(".") - 1)[-1] for host in hosts}
    wanted = (names | hosts | {"AWS", "force.com"}) - {"Received", "amazon.com", "google.com"}
    # Camel case too: hubspotId, crmHubspotCompanyId. "Received" is a word; RECEIVED is none.
    anywhere = "|".join(re.escape(word) for word in sorted(wanted - {"RECEIVED"}, key=len)[::-1])
    return re.compile(rf"(?i:{anywhere})|\bRECEIVED\b")


def sources() -> list[str]:
    folders = [ROOT / name for name in ("integrations_app", "dashboard", "templates", "static")]
    paths = [path for folder in folders for path in sorted(folder.rglob("*.*"))]
    names = [str(path.relative_to(ROOT)) for path in paths if path.suffix in READ]
    return [name for name in names if not name.startswith(EXCEPT)]


@pytest.mark.parametrize("name", sources())
def test_no_other_file_names_a_vendor_or_its_host(name: str) -> None:
    found = set(words().findall((ROOT / name).read_text()))
    assert found - MAY_NAME.get(name, set()) == set()


def test_a_vendor_that_is_named_elsewhere_would_be_seen() -> None:
    text = 'if vendor.identifier == "STRIPE" or host.endswith(".zuora.com") or crmHubspotCompanyId'
    assert words().findall(text) == ["STRIPE", "zuora.com", "Hubspot"]
