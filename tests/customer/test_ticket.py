"""The summary for a ticket: tidy, exact, and safe wherever it is pasted."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from integrations_app.customer.listing import listing
from integrations_app.customer.query import Query
from integrations_app.customer.ticket import Ticket, code, escaped, one_line, ticket
from integrations_app.links.offers import LinkSettings, Place
from integrations_app.stigg import Page
from integrations_app.stigg.records import read_rows
from tests.pages import element, soup

AT = datetime(2026, 11, 24, 14, 5, 59, tzinfo=timezone(timedelta(hours=2)))
ADDRESS = "https://desk.example/production/customers/acme-corp/integrations/?vendor=STRIPE"
STRIPE = "https://dashboard.stripe.com/"
PLACE = Place(
    "acme-corp",
    "Production",
    True,
    LinkSettings({"SALESFORCE": "https://acme.my.salesforce.com/{synced_entity_id}"}),
    "/production/customers/acme-corp/",
)
OWN_PAGE = "https://desk.example/production/customers/acme-corp/integration/integration-1/"


def linked(vendor: str, synced: str | None, url: str | None, **data: str) -> dict[str, Any]:
    return {"id": "integration-1", "vendorIdentifier": vendor, "syncedEntityId": synced,
            "syncData": {"billingId": synced, "billingLinkUrl": url, **data}}  # fmt: skip


def summary(
    *rows: dict[str, Any], name: str | None = "Acme Inc.", customer_id: str = "acme-corp"
) -> Ticket:
    shown = listing(Query(), None, Page(read_rows(rows)), place=PLACE)
    return ticket(
        shown,
        customer_id=customer_id,
        name=name,
        environment_label="Production",
        address=ADDRESS,
        at=AT,
    )


def test_it_says_who_where_when_and_each_vendor_with_ids_and_link_in_plain_text() -> None:
    made = summary(
        linked("STRIPE", "cus_1", f"{STRIPE}customers/cus_1"),
        linked(
            "STRIPE",
            "cus_2",
            f"{STRIPE}acct_9/test/customers/cus_2",
            priceGroupPackageBillingId="prod_1",
        ),
        linked("ZUORA", "z1", "https://zuora.partner.example/z1"),
        linked("SALESFORCE", "0015", None),
        linked("STRIPE", "cus_3", "javascript:alert(1)"),
        linked("SNOWFLAKE", None, None),
        {"vendorIdentifier": "STRIPE"},
    )
    assert (
        made.plain
        == f"""\
Acme Inc. (acme-corp), Production
7 integrations, 2026-11-24 12:05 UTC
{ADDRESS}

- Stripe: cus_1
  LIVE: {STRIPE}customers/cus_1
- Stripe: cus_2; price group prod_1
  TEST, acct_9: {STRIPE}acct_9/test/customers/cus_2
  Warning: This is a test link, but Production is a live environment.
  Details: {OWN_PAGE}?record=cus_2
- Zuora: z1
  unfamiliar address at zuora.partner.example: https://zuora.partner.example/z1
  Details: {OWN_PAGE}?record=z1
- Salesforce: 0015
  built by the desk: https://acme.my.salesforce.com/0015
- Stripe: cus_3
  No link: what Stigg sent is not safe to open.
  Details: {OWN_PAGE}?record=cus_3
- Snowflake: not synced yet
  No link.
- Stripe: this row could not be read
  No link.
"""
    )


def test_it_says_the_same_in_markdown_with_links_for_verified_addresses_only() -> None:
    made = summary(
        linked("STRIPE", "cus_1", f"{STRIPE}customers/cus_1"),
        linked("ZUORA", "z1", "https://zuora.partner.example/z1"),
        linked("STRIPE", "cus_3", "javascript:alert(1)"),
    )
    assert (
        made.markdown
        == f"""\
**Acme Inc.** (`acme-corp`), Production{"  "}
3 integrations, 2026-11-24 12:05 UTC{"  "}
<{ADDRESS}>

- **Stripe**: `cus_1` – LIVE: [Open in Stripe](<{STRIPE}customers/cus_1>)
- **Zuora**: `z1` – unfamiliar address at zuora.partner.example: `https://zuora.partner.example/z1`
  [Details](<{OWN_PAGE}?record=z1>)
- **Stripe**: `cus_3` – No link: what Stigg sent is not safe to open.
  [Details](<{OWN_PAGE}?record=cus_3>)
"""
    )


def test_a_billing_id_is_told_where_it_differs_from_the_records() -> None:
    made = summary(linked("STRIPE", "cus_1", None, billingId="sub_1"))
    assert "- Stripe: cus_1; billing id sub_1\n" in made.plain
    assert "`cus_1`; billing id `sub_1`" in made.markdown
    assert "billing id" not in summary(linked("STRIPE", "cus_1", None)).plain


def test_the_dimensions_of_a_marketplace_are_told() -> None:
    made = summary(linked("AWS_MARKETPLACE", "a1", None, dimensions="seats"))
    assert "- AWS Marketplace: a1; dimensions seats\n" in made.plain


def test_what_cannot_be_shown_is_marked_and_a_line_break_is_a_blank() -> None:
    assert one_line("a\x00b\u202e\nc") == "a\ufffdb\ufffd c"


@pytest.mark.parametrize(
    ("text", "spanned"),
    [
        ("cus_1", "`cus_1`"),
        ("a`b", "``a`b``"),
        ("`a", "`` `a ``"),
        ("a``", "``` a`` ```"),
    ],
)
def test_an_id_with_backticks_stays_inside_its_code_span(text: str, spanned: str) -> None:
    assert code(text) == spanned


def test_it_uses_the_id_where_there_is_no_name() -> None:
    made = summary(name=None)
    assert made.plain.startswith("acme-corp, Production\n")
    assert made.markdown.startswith("`acme-corp`, Production")


def test_a_name_cannot_make_a_link_a_tag_or_a_line_of_its_own() -> None:
    name = "[pay](javascript:x) <img src=x>\n# *Title* `code` ![i](u) a|b \u202egnp.exe"
    made = summary(name=name)
    assert made.plain.split("\n")[0].startswith("[pay](javascript:x) <img src=x> # *Title*")
    assert "\u202e" not in made.plain + made.markdown
    unescaped = re.sub(r"\\[!-/:-@\[-`{-~]", "", made.markdown.split("\n")[0])
    assert not re.search(r"[\[\]<>#|!]", unescaped)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_nothing_from_outside_breaks_a_line_or_out_of_its_code_span(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1
    assert len(escaped(text).splitlines()) <= 1
    spanned = code(text)
    fence = re.match("`+", spanned)
    assert fence
    assert fence[0] not in spanned[len(fence[0]) : -len(fence[0])]


def test_the_page_carries_the_summary_and_the_absolute_address_of_itself(agent: Client) -> None:
    response = agent.get("/production/customers/acme-corp/integrations/?vendor=STRIPE&limit=7")
    shown = soup(response)
    for field in ("#ticket-plain", "#ticket-markdown"):
        text = element(shown, field).get_text()
        assert (
            "http://testserver/production/customers/acme-corp/integrations/?vendor=STRIPE&limit=7"
            in text
        )
        assert f"{datetime.now(UTC):%Y-%m-%d}" in text
        assert "Acme Inc." in text
        assert "2 integrations, Stripe only" in text
    assert "**" not in element(shown, "#ticket-plain").get_text()
    assert element(shown, "#copy-ticket")["data-copy-from"] == "ticket-plain"


def test_the_fragment_carries_it_too_and_a_page_without_rows_to_show_does_not(
    agent: Client,
) -> None:
    page = "/production/customers/{}/integrations/"
    assert (
        b"ticket-plain"
        in agent.get(page.format("acme-corp") + "results/", HTTP_HX_REQUEST="true").content
    )
    assert b"ticket-plain" not in agent.get(page.format("fault-500")).content
    assert b"ticket-plain" in agent.get(page.format("empty-co")).content
