"""Ready-made link templates: what they ask for, and that what they build is the vendor's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_app.links.judge import judge
from integrations_app.links.url_templates import check_template, fill
from integrations_app.vendors import presets, vendor_for
from integrations_app.vendors.vendor import Preset

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
ROW = {"synced_entity_id": "cus_1", "customer_id": "acme|1", "billing_id": None}
ANSWERS = {
    "account_id": "acct_1A2b3C4d5E6f7G8h",
    "host": "www.zuora.com",
    "portal_id": "1234567",
    "my_domain": "acme",
    "region": "us",
    "tenant": "acme-prod",
}


@pytest.mark.parametrize("name", presets())
def test_a_presets_link_is_verified_for_its_vendor(name: str) -> None:
    vendor, preset = presets()[name]
    template = preset.answered(ANSWERS)
    assert check_template(template) == []
    assert "<<" not in template
    assert judge(fill(template, ROW), vendor).kind == "verified"


@pytest.mark.parametrize("name", presets())
def test_a_presets_examples_are_answers_that_it_takes(name: str) -> None:
    preset = preset_named(name)
    for parameter in preset.parameters:
        first_example = parameter.example.split(" or ")[0]
        assert parameter.label
        assert first_example in preset.answered(ANSWERS | {parameter.name: f" {first_example}\n"})


def preset_named(name: str) -> Preset:
    return presets()[name][1]


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Stripe, live", "https://dashboard.stripe.com/customers/cus_1"),
        ("Stripe, test", "https://dashboard.stripe.com/test/customers/cus_1"),
        (
            "Stripe account, live",
            "https://dashboard.stripe.com/acct_1A2b3C4d5E6f7G8h/customers/cus_1",
        ),
        (
            "Stripe account, test",
            "https://dashboard.stripe.com/acct_1A2b3C4d5E6f7G8h/test/customers/cus_1",
        ),
        ("Zuora account", "https://www.zuora.com/apps/CustomerAccount.do?method=view&id=cus_1"),
        ("HubSpot contact", "https://app.hubspot.com/contacts/1234567/record/0-1/cus_1"),
        ("HubSpot company", "https://app.hubspot.com/contacts/1234567/record/0-2/cus_1"),
        ("Salesforce account", "https://acme.lightning.force.com/lightning/r/Account/cus_1/view"),
        ("Salesforce, any record", "https://acme.my.salesforce.com/cus_1"),
        ("Auth0 user", "https://manage.auth0.com/dashboard/us/acme-prod/users/cus_1"),
    ],
)
def test_a_preset_builds_the_known_form(name: str, address: str) -> None:
    assert fill(preset_named(name).answered(ANSWERS), ROW) == address


def test_a_salesforce_sandbox_may_be_named() -> None:
    template = preset_named("Salesforce account").answered({"my_domain": "acme--uat.sandbox"})
    assert judge(fill(template, ROW), vendor_for("SALESFORCE")).mode == "SANDBOX"


@pytest.mark.parametrize(
    ("name", "parameter", "answer"),
    [
        ("Stripe account, live", "account_id", ""),
        ("Stripe account, live", "account_id", "cus_1"),
        ("Stripe account, live", "account_id", "acct_1/../x"),
        ("Zuora account", "host", "zuora.com"),
        ("Zuora account", "host", "evilzuora.com"),
        ("Zuora account", "host", "www.zuora.com.evil.example"),
        ("Zuora account", "host", "https://www.zuora.com"),
        ("Zuora account", "host", "a@www.zuora.com"),
        ("HubSpot contact", "portal_id", "12a"),
        ("HubSpot contact", "portal_id", "١٢٣"),
        ("HubSpot company", "portal_id", "1/2"),
        ("Salesforce account", "my_domain", "evil.example/"),
        ("Salesforce account", "my_domain", "evil.example#"),
        ("Salesforce account", "my_domain", "acme.develop"),
        ("Salesforce account", "my_domain", "-acme"),
        ("Auth0 user", "region", "us/x"),
        ("Auth0 user", "tenant", ".."),
        ("Auth0 user", "tenant", "{customer_id}"),
        ("Auth0 user", "tenant", "<<region>>"),
    ],
)
def test_a_preset_refuses_an_answer_of_the_wrong_shape_in_a_sentence(
    name: str, parameter: str, answer: str
) -> None:
    with pytest.raises(ValueError, match=r"should look like .+\.$"):
        preset_named(name).answered(ANSWERS | {parameter: answer})


def test_a_preset_asks_for_what_is_missing() -> None:
    with pytest.raises(ValueError, match="The HubSpot portal id should look like 1234567"):
        preset_named("HubSpot contact").answered({})


@given(st.sampled_from([preset for _, preset in presets().values() if preset.parameters]), ANY_TEXT)
def test_no_answer_makes_a_template_that_the_form_would_refuse(preset: Preset, answer: str) -> None:
    try:
        template = preset.answered(dict.fromkeys(ANSWERS, answer))
    except ValueError:
        return
    assert check_template(template) == []
