"""What an agent chose: kept, applied on the server, and never more than the account may see."""

import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations_app.audit.events import AuditEvent
from integrations_app.own.models import Preferences
from integrations_app.simulator import Simulator
from tests.accounts import PASSWORD, account, browser_of, roleless
from tests.pages import HTMX, element, page, rows, soup

pytestmark = pytest.mark.usefixtures("stigg", "db")

PREFERENCES = "/accounts/preferences/"
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
PLAIN = {"environment": "", "page_size": "20", "time_zone": "", "theme": ""}
KOLKATA = {"time_zone": "Asia/Kolkata"}  # half an hour beside all others


def choose(agent: Client, **chosen: str) -> None:
    assert agent.post(PREFERENCES, PLAIN | chosen).status_code == 302


def chosen_environment(agent: Client, address: str = "/") -> str:
    return element(agent.get(address), "input[name=environment]")["value"]  # type: ignore[return-value]


def next_page(agent: Client, address: str) -> str:
    return str(element(agent.get(address), "a[rel=next]")["href"])


class TestThePage:
    def test_it_keeps_what_is_chosen_and_says_so(self, agent: Client) -> None:
        given = {"environment": "staging", "page_size": "50", "theme": "dark", **KOLKATA}
        saved = agent.post(PREFERENCES, given, follow=True)
        assert element(saved, "[role=status][autofocus]").get_text() == "Saved."
        choices = soup(agent.get(PREFERENCES)).select("option[selected]")
        assert [choice["value"] for choice in choices] == ["staging", "50", "Asia/Kolkata", "dark"]
        choose(agent)
        assert Preferences.objects.count() == 1

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("environment", "nowhere"),
            ("page_size", "200"),
            ("page_size", ""),
            ("time_zone", "Europe/Atlantis"),
            ("time_zone", "../../etc/passwd"),
            ("theme", '"><script>'),
        ],
    )
    def test_nothing_is_kept_of_what_nobody_offered(
        self, agent: Client, name: str, value: str
    ) -> None:
        refused = agent.post(PREFERENCES, PLAIN | {"theme": "dark"} | {name: value})
        assert refused.status_code == 400
        assert element(refused, f"#{name}")["aria-invalid"] == "true"
        assert element(refused, f"#{name}-hint").get_text()
        assert not Preferences.objects.exists()

    def test_a_form_of_another_site_changes_nothing(self, agent: Client) -> None:
        foreign = Client(enforce_csrf_checks=True)
        foreign.cookies = agent.cookies
        assert foreign.post(PREFERENCES, PLAIN).status_code == 403
        assert not Preferences.objects.exists()

    def test_nobody_is_asked_what_would_change_none_of_their_pages(self) -> None:
        account("vera", "auditor")
        lin = account("lin")
        lin.environment_limits.create(environment="staging")
        expected = {"lin": ["page_size", "time_zone", "theme"], "vera": ["time_zone", "theme"]}
        for name, fields in expected.items():
            browser = Client()
            browser.login(username=name, password=PASSWORD)
            asked = soup(browser.get(PREFERENCES)).select("form[method=post] select")
            assert [field["name"] for field in asked] == fields

    def test_the_account_leads_to_it(self, agent: Client) -> None:
        assert soup(agent.get("/accounts/")).select_one(f"main a[href='{PREFERENCES}']")

    def test_it_goes_with_the_account(self, agent: Client) -> None:
        choose(agent, theme="dark")
        Preferences.objects.get().user.delete()
        assert not Preferences.objects.exists()


class TestTheEnvironment:
    def test_the_start_leads_to_it_and_an_address_to_its_own(self, agent: Client) -> None:
        choose(agent, environment="staging")
        assert chosen_environment(agent) == "staging"
        assert chosen_environment(agent, "/?environment=production") == "production"

    def test_a_help_desks_link_without_one_means_the_same_to_everybody(self, agent: Client) -> None:
        choose(agent, environment="staging")
        assert agent.get("/lookup?q=acme-corp")["Location"] == page("acme-corp")

    def test_one_that_the_account_may_not_see_any_more_leads_nowhere(self, agent: Client) -> None:
        choose(agent, environment="staging")
        Preferences.objects.get().user.environment_limits.create(environment="production")
        assert chosen_environment(agent) == "production"
        assert "taging" not in agent.get(PREFERENCES).content.decode()


class TestThePageSize:
    def test_it_is_that_of_an_address_without_one(self, agent: Client) -> None:
        choose(agent, page_size="50")
        assert len(rows(agent.get(page("meridian-group")))) == 50
        assert len(rows(agent.get(page("meridian-group", part="results/"), headers=HTMX))) == 50
        assert len(rows(agent.get(page("meridian-group", "?limit=20")))) == 20

    def test_a_shared_address_with_a_size_means_the_same_to_both(self, agent: Client) -> None:
        other = browser_of(account("ines"))
        choose(agent, page_size="50")
        shared = next_page(agent, page("meridian-group"))
        assert rows(agent.get(shared)) == rows(other.get(shared))
        assert len(rows(other.get(shared))) == 50

    @pytest.mark.parametrize("size", ["10", "20", "50", "100"])
    def test_every_other_size_can_be_had_from_the_page(self, agent: Client, size: str) -> None:
        choose(agent, page_size="50")
        links = soup(agent.get(page("meridian-group", f"?limit={size}"))).select(".sizes a[href]")
        for link in links:
            words = re.sub(r"\D", "", link.get_text()) or "137"
            assert len(rows(agent.get(str(link["href"])))) == int(words)

    def test_the_page_of_a_looked_up_record_leads_to_other_sizes_too(self, agent: Client) -> None:
        choose(agent, page_size="50")
        last = soup(agent.get(page("meridian-group", "?limit=200"))).select("td .id")[-1]
        shown = soup(agent.get(page("meridian-group", f"?row={last.get_text()}")))
        assert shown.select("#row")
        twenty = next(a for a in shown.select(".sizes a") if a.get_text().strip().startswith("20"))
        assert len(rows(agent.get(str(twenty["href"])))) == 20

    def test_a_chip_keeps_the_size_that_the_address_says(self, agent: Client) -> None:
        choose(agent, page_size="50")
        chip = element(agent.get(page("meridian-group", "?limit=20")), "a[data-vendor=STRIPE]")
        assert "limit=20" in str(chip["href"])

    def test_ten_rows_a_page_lead_on_to_the_others(self, agent: Client) -> None:
        choose(agent, page_size="10")
        shown = soup(agent.get(page("all-vendors")))
        assert len(shown.select("tr[data-integration-id]")) == 10
        assert shown.select(".sizes a")[-1].get_text(strip=True) == "All on one page"
        assert len(rows(agent.get(next_page(agent, page("all-vendors"))))) == 4

    def test_what_a_look_up_fetched_ahead_is_also_a_page_of_another_size(
        self, agent: Client, stigg: Simulator
    ) -> None:
        agent.get(page("acme-corp"))
        before = len(stigg.requests())
        choose(agent, page_size="100")
        assert len(rows(agent.get(page("acme-corp")))) == 6
        assert len(stigg.requests()) == before


class TestTheTimeZone:
    def test_times_on_pages_are_in_it_and_name_it(self, agent: Client) -> None:
        choose(agent, **KOLKATA)
        with time_machine.travel(NOON, tick=False):
            whole = agent.get(page("acme-corp")).content.decode()
            own = element(agent.get(page("acme-corp")), "a.details")["href"]
            assert "read at 17:30:00 IST" in agent.get(str(own)).content.decode()
        assert 'datetime="2026-11-02T17:30:00+05:30"' in whole
        assert "read at 17:30:00 IST" in whole

    def test_who_saw_a_customer_is_told_in_it(self, agent: Client) -> None:
        auditor = browser_of(account("vera", "auditor", "viewer"))
        choose(auditor, **KOLKATA)
        with time_machine.travel(NOON, tick=False):
            agent.get(page("acme-corp"))
            seen = element(auditor.get(page("acme-corp")), ".seen-by time")
        assert seen["title"] == "2 Nov 2026 17:30 IST"

    def test_a_copy_says_its_age_in_it(self, agent: Client, stigg: Simulator) -> None:
        choose(agent, **KOLKATA)
        with time_machine.travel(NOON, tick=False) as clock:
            agent.get(page("acme-corp"))
            stigg.fault(customer="acme-corp", status=500)
            clock.shift(60)
            stale = element(agent.get(page("acme-corp")), "[data-stale]").get_text()
        assert "This is a copy from 17:30:00 IST" in stale

    def test_the_record_reads_its_days_in_it_and_says_so(self) -> None:
        auditor = browser_of(account("vera", "auditor", "viewer"))
        choose(auditor, **KOLKATA)
        with time_machine.travel(datetime(2026, 11, 2, 20, tzinfo=UTC), tick=False):
            AuditEvent.objects.create(
                user="mara", action="view", environment="production", customer_id="late"
            )
            seen = auditor.get("/record/?customer=late&since=2026-11-03")
        assert "3 Nov 2026 01:30:00" in seen.content.decode()
        assert "Times and days are those of Asia/Kolkata." in soup(seen).get_text()

    def test_the_next_agents_times_are_not_in_it(self, agent: Client) -> None:
        choose(agent, **KOLKATA)
        other = browser_of(account("ines"))
        with time_machine.travel(NOON, tick=False):
            assert "17:30:00 IST" in agent.get(page("acme-corp")).content.decode()
            assert "12:00:00 UTC" in other.get(page("acme-corp")).content.decode()
            agent.get("/")
            assert "12:00:00 UTC" in Client().get("/no-such-page/").content.decode()

    def test_a_summary_for_a_ticket_stays_in_utc(self, agent: Client) -> None:
        choose(agent, **KOLKATA)
        with time_machine.travel(NOON, tick=False):
            text = element(agent.get(page("acme-corp")), "textarea").get_text()
        assert "2026-11-02 12:00 UTC" in text

    @pytest.mark.parametrize("unknown", ["Europe/Atlantis", "/etc/passwd"])
    def test_one_that_this_machine_does_not_know_is_the_desks(
        self, agent: Client, unknown: str
    ) -> None:
        choose(agent)
        Preferences.objects.update(time_zone=unknown)
        with time_machine.travel(NOON, tick=False):
            assert "12:00:00 UTC" in agent.get(page("acme-corp")).content.decode()
            assert agent.get(PREFERENCES).status_code == 200


class TestTheTheme:
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_the_server_writes_it_into_every_page(self, agent: Client, theme: str) -> None:
        choose(agent, theme=theme)
        for address in ("/", page("acme-corp"), PREFERENCES, "/no-such-page/", "/record/"):
            shown = soup(agent.get(address))
            assert element(shown, "html")["data-theme"] == theme, address
            assert element(shown, "meta[name=color-scheme]")["content"] == theme

    def test_the_systems_needs_no_word(self, agent: Client) -> None:
        choose(agent)
        shown = soup(agent.get("/"))
        assert not element(shown, "html").has_attr("data-theme")
        assert element(shown, "meta[name=color-scheme]")["content"] == "light dark"

    def test_who_is_not_signed_in_has_the_systems(self, client: Client) -> None:
        assert not element(client.get("/accounts/login/"), "html").has_attr("data-theme")


@pytest.mark.parametrize("address", ["/", page("acme-corp"), PREFERENCES, "/accounts/"])
def test_a_page_reads_them_by_one_query(agent: Client, address: str) -> None:
    agent.get(address)
    with CaptureQueriesContext(connection) as queries:
        agent.get(address)
    asked = [query for query in queries if "integrations_app_preferences" in query["sql"]]
    assert len(asked) == 1


def test_without_a_role_one_still_has_colours_and_a_time_zone() -> None:
    browser = browser_of(roleless())
    choose(browser, theme="dark")
    assert element(browser.get("/"), "html")["data-theme"] == "dark"
