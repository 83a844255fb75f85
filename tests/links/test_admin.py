"""What operators do in admin: templates with a preview, presets, trusted hosts, and what agents
reported.
"""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from integrations_app.links.models import LinkTemplate, TrustedHost, WrongLink, link_settings
from integrations_app.links.offers import LinkSettings
from integrations_app.simulator import Simulator
from tests.accounts import account, browser_of
from tests.pages import Response, element, soup

ADMIN = "/admin/integrations_app/"
ADD = f"{ADMIN}linktemplate/add/"
PRESET = f"{ADMIN}linktemplate/preset/"
GOOD = "https://acme.lightning.force.com/lightning/r/Account/{synced_entity_id}/view"
FORM = {"environment": "production", "vendor_identifier": "SALESFORCE", "template": GOOD}


def errors(response: Response) -> str:
    return " ".join(item.get_text() for item in soup(response).select(".errorlist"))


@pytest.fixture
def operator(db: None, stigg: Simulator) -> Client:
    """An operator by permission, not a superuser."""
    return browser_of(account("olga", "operator"))


def test_it_saves_a_template_which_the_page_then_uses(operator: Client) -> None:
    assert operator.post(ADD, FORM).status_code == 302
    built = "a.open[href^='https://acme.lightning.force.com/lightning/r/Account/0015']"
    shown = operator.get("/production/customers/acme-corp/integrations/")
    assert "Built by the desk" in element(shown, f"td:has({built})").get_text()
    staging = operator.get("/staging/customers/acme-corp/integrations/").content
    assert b"acme.lightning.force.com" not in staging


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("http://a.example/{customer_id}", "Start the address with https://"),
        ("javascript:alert({customer_id})", "Start the address with https://"),
        ("https://user@a.example/{customer_id}", "name before an @ sign"),
        ("https://{customer_id}.example/", "Write the host out in full"),
        ("https://a.example/{email}", "Use braces only for these placeholders"),
        ("https://a.example/", "Add a placeholder"),
        ("https://a.example/{customer_id}/" + "a" * 4096, "Shorten the address to 1000 characters"),
        ("https://a.example/../{customer_id}", "Remove the . or .. part"),
        ("https://a.example\n/{customer_id}", "no blanks"),
        ("", "required"),
    ],
)
def test_it_refuses_a_template_with_the_reason_and_keeps_what_was_typed(
    operator: Client, template: str, words: str
) -> None:
    response = operator.post(ADD, FORM | {"template": template})
    assert response.status_code == 200
    assert words in errors(response)
    assert element(response, "textarea").get_text().strip("\n") == template
    assert not LinkTemplate.objects.exists()


def test_it_previews_without_saving(operator: Client) -> None:
    response = operator.post(ADD, FORM | {"_preview": "Preview"})
    assert (
        "https://acme.lightning.force.com/lightning/r/Account/auth0%7C65f1c0ffee/view"
        in soup(response).get_text()
    )
    assert "Opens directly" in soup(response).get_text()
    assert errors(response) == ""
    assert not soup(response).select(".errornote")
    assert not LinkTemplate.objects.exists()


def test_the_preview_tells_when_agents_will_be_asked_first(operator: Client) -> None:
    strange = FORM | {
        "template": "https://crm.internal.example/{customer_id}",
        "_preview": "Preview",
    }
    assert (
        "Asks agents first: crm.internal.example is not"
        in soup(operator.post(ADD, strange)).get_text()
    )
    TrustedHost.objects.create(vendor_identifier="SALESFORCE", domain="internal.example")
    assert "Opens directly" in soup(operator.post(ADD, strange)).get_text()


def test_there_is_one_template_for_each_vendor_however_it_is_written(operator: Client) -> None:
    operator.post(ADD, FORM)
    response = operator.post(ADD, FORM | {"vendor_identifier": " salesforce "})
    assert "has a template in this environment already" in errors(response)
    # The preview is there beside the error
    assert "auth0%7C65f1c0ffee" in response.content.decode()
    operator.post(ADD, FORM | {"environment": "staging", "vendor_identifier": "salesforce"})
    assert [*LinkTemplate.objects.values_list("vendor_identifier", flat=True)] == ["SALESFORCE"] * 2


def test_it_takes_a_vendor_never_seen_and_no_environment_that_is_not_there(
    operator: Client,
) -> None:
    assert operator.post(ADD, FORM | {"vendor_identifier": "ACME_LEDGER"}).status_code == 302
    assert "Select a valid choice" in errors(operator.post(ADD, FORM | {"environment": "nowhere"}))


def test_a_template_of_an_environment_that_is_gone_can_still_be_changed(operator: Client) -> None:
    kept = LinkTemplate.objects.create(**FORM | {"environment": "old"})
    change = f"{ADMIN}linktemplate/{kept.pk}/change/"
    assert "old (no longer configured)" in operator.get(change).content.decode()
    assert operator.post(change, FORM | {"environment": "old"}).status_code == 302


def test_the_filters_say_what_pages_say(operator: Client) -> None:
    LinkTemplate.objects.create(**FORM | {"vendor_identifier": "HUBSPOT"})
    LinkTemplate.objects.create(**FORM | {"vendor_identifier": "NOBODYS"})
    offered = element(operator.get(f"{ADMIN}linktemplate/"), "#changelist-filter")
    names = [" ".join(link.get_text().split()) for link in offered.select("li a")]
    assert names == ["All", "Production", "All", "HubSpot", "NOBODYS"]


def test_the_list_shows_the_preview_and_how_often_its_links_were_called_wrong(
    operator: Client,
) -> None:
    LinkTemplate.objects.create(**FORM)
    LinkTemplate.objects.create(**FORM | {"environment": "staging"})
    report = {
        "environment": "production",
        "vendor_identifier": "SALESFORCE",
        "source": "template",
        "user": "mara",
    }
    for template in (GOOD, GOOD, "https://aa.older.example/{customer_id}"):
        WrongLink.objects.create(template=template, customer_id="x", **report)
    shown = soup(operator.get(f"{ADMIN}linktemplate/"))
    assert [cell.get_text() for cell in shown.select("td.field-reports")] == ["2", "0"]
    assert "auth0%7C65f1c0ffee/view" in element(shown, "td.field-preview").get_text()


def test_a_preset_asks_only_for_what_is_missing(operator: Client) -> None:
    first = soup(operator.get(PRESET))
    assert {field["name"] for field in first.select("#content-main [name]")} == {
        "environment",
        "preset",
    }
    asked = operator.get(PRESET, {"environment": "staging", "preset": "Auth0 user"})
    assert errors(asked) == ""
    assert {"region", "tenant"} <= {
        str(field["name"]) for field in soup(asked).select("#content-main input[name]")
    }
    assert element(asked, "select[name=environment] [selected]")["value"] == "staging"


def test_a_preset_leads_to_the_form_with_the_finished_template_and_its_preview(
    operator: Client,
) -> None:
    answers = {"environment": "staging", "preset": "Auth0 user", "region": " us ", "tenant": "acme"}
    response = operator.get(PRESET, answers)
    assert response.status_code == 302
    assert {
        name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()
    } == {
        "environment": "staging",
        "vendor_identifier": "AUTH0",
        "template": "https://manage.auth0.com/dashboard/us/acme/users/{synced_entity_id}",
    }
    form = soup(operator.get(response["Location"]))
    assert "https://manage.auth0.com/dashboard/us/acme/users/auth0%7C65f1c0ffee" in form.get_text()
    at_once = operator.get(PRESET, {"environment": "production", "preset": "Stripe, test"})
    assert at_once.status_code == 302


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"preset": "HubSpot company", "portal_id": "12x"}, "portal id should look like"),
        ({"preset": "HubSpot company", "portal_id": ""}, "portal id should look like"),
        (
            {"preset": "Salesforce account", "my_domain": "evil.example/"},
            "My Domain should look like",
        ),
        ({"preset": "Nonsense"}, "Select a valid choice"),
        ({"preset": "Stripe, live", "environment": "nowhere"}, "Select a valid choice"),
    ],
)
def test_a_preset_says_what_an_answer_should_look_like(
    operator: Client, answers: dict[str, str], words: str
) -> None:
    response = operator.get(PRESET, {"environment": "production"} | answers)
    assert response.status_code == 400
    assert words in errors(response)


@pytest.mark.parametrize(
    "domain",
    [
        "https://a.example",
        "a.example/",
        "com",
        "A.example",
        "*.a.example",
        "a b.example",
        "bücher.example",
    ],
)
def test_it_refuses_a_host_that_is_no_domain(operator: Client, domain: str) -> None:
    response = operator.post(
        f"{ADMIN}trustedhost/add/",
        {"environment": "", "vendor_identifier": "ZUORA", "domain": domain},
    )
    assert "Write a bare domain" in errors(response)
    assert not TrustedHost.objects.exists()


@pytest.mark.parametrize("suffix", ["co.uk", "github.io", "xn--55qx5d.cn"])
def test_it_refuses_a_domain_under_which_anybody_may_publish(operator: Client, suffix: str) -> None:
    form = {"environment": "", "vendor_identifier": "ZUORA", "domain": suffix}
    response = operator.post(f"{ADMIN}trustedhost/add/", form)
    assert f"Anybody can publish under {suffix}" in errors(response)
    assert not TrustedHost.objects.exists()


def test_it_trusts_a_host_once_in_one_environment_or_in_all(operator: Client) -> None:
    for environment, status in (("", 302), ("staging", 302), ("", 200)):
        form = {
            "environment": environment,
            "vendor_identifier": "zuora",
            "domain": "partner.example",
        }
        assert operator.post(f"{ADMIN}trustedhost/add/", form).status_code == status
    assert link_settings("production") == LinkSettings({}, {"ZUORA": ["partner.example"]})
    assert "All environments" in soup(operator.get(f"{ADMIN}trustedhost/")).get_text()


def test_it_counts_reports_by_vendor_and_template(operator: Client) -> None:
    base = {"environment": "production", "customer_id": "x", "user": "mara", "host": "a.example"}
    for _ in range(3):
        WrongLink.objects.create(
            vendor_identifier="SALESFORCE", source="template", template=GOOD, **base
        )
    WrongLink.objects.create(
        vendor_identifier="STRIPE", source="stigg", word="<b>other</b> account", **base
    )
    shown = soup(operator.get(f"{ADMIN}wronglink/"))
    counts = [
        [cell.get_text() for cell in row.select("th, td")]
        for row in shown.select("#counts tbody tr")
    ]
    assert [(row[0], row[2]) for row in counts] == [("Salesforce", "3"), ("Stripe", "1")]
    assert GOOD in counts[0][4]
    assert "<b>other</b> account" in element(shown, "#result_list").get_text()


def test_reports_cannot_be_changed_or_deleted(db: None, stigg: Simulator) -> None:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root"))
    report = WrongLink.objects.create(
        vendor_identifier="STRIPE", source="stigg", customer_id="x", user="mara"
    )
    assert client.get(f"{ADMIN}wronglink/add/").status_code == 403
    assert client.post(f"{ADMIN}wronglink/{report.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{ADMIN}wronglink/{report.pk}/change/", {"word": "x"}).status_code == 403
    assert client.get(f"{ADMIN}wronglink/{report.pk}/change/").status_code == 200


def test_only_those_with_the_permission_edit_templates(db: None, stigg: Simulator) -> None:
    reader = account()
    allowed = Permission.objects.filter(codename__in=("operate", "view_linktemplate"))
    reader.user_permissions.set(allowed)
    viewer = browser_of(reader)
    assert viewer.get(f"{ADMIN}linktemplate/").status_code == 200
    for address in (ADD, PRESET):
        assert viewer.get(address).status_code == 403
    assert viewer.post(ADD, FORM).status_code == 403
    kept = LinkTemplate.objects.create(**FORM)
    shown = viewer.get(f"{ADMIN}linktemplate/{kept.pk}/change/")
    assert shown.status_code == 200
    assert "_preview" not in shown.content.decode()


def test_every_admin_page_is_sent_with_the_strict_policy(operator: Client) -> None:
    for name in (
        "linktemplate/",
        "linktemplate/add/",
        "linktemplate/preset/",
        "trustedhost/",
        "wronglink/",
    ):
        response = operator.get(ADMIN + name)
        assert response.status_code == 200
        assert "unsafe" not in response["Content-Security-Policy"]
        inline = [
            script
            for script in soup(response).select("script:not([src])")
            if script.get("type") != "application/json"
        ]
        assert not inline
        assert not soup(response).select("[style], style, [onclick]")
