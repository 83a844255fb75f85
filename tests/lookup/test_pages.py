"""The look-up page, what a look-up leads to, the suggestions and the record of it all, through
Django's test client.
"""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from integrations_app.audit.events import MAX_VIEWS_READ, Action, AuditEvent, note
from integrations_app.simulator import KEYS, Simulator
from integrations_app.templating import ago
from integrations_app.upstream import environments
from tests.accounts import account, browser_of
from tests.pages import HTMX, Response, element, notices, problem, soup


def look_up(agent: Client, text: str, **more: str) -> Response:
    return agent.get("/lookup", {"q": text} | more)


def chosen_from(response: Response) -> list[tuple[str, str]]:
    rows = soup(response).select("tr[data-customer-id]")
    return [(str(row["data-customer-id"]), str(row["data-environment"])) for row in rows]


# --- what a look-up leads to ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "environment", "page"),
    [
        ("acme-corp", "", "/production/customers/acme-corp/integrations/"),
        ("ops@acme.example", "", "/production/customers/acme-corp/integrations/"),
        ("ops@acme.example", "staging", "/staging/customers/acme-corp/integrations/"),
        (
            "http://testserver/staging/customers/acme-corp/integrations/?vendor=STRIPE",
            "production",
            "/staging/customers/acme-corp/integrations/",
        ),
        (
            "https://app.stigg.io/whatever-9bb95b22/customers/acme-corp",
            "staging",
            "/staging/customers/acme-corp/integrations/",
        ),
        (
            "auth0|65f1c0ffee0badc0de5ca1ab",
            "",
            "/production/customers/auth0%7C65f1c0ffee0badc0de5ca1ab/integrations/",
        ),
    ],
)
def test_one_certain_hit_goes_straight_to_the_customer(
    agent: Client, text: str, environment: str, page: str
) -> None:
    response = look_up(agent, text, environment=environment)
    assert response.status_code == 302
    assert response["Location"] == page


def test_the_page_that_an_id_leads_to_asks_stigg_nothing_again(
    agent: Client, stigg: Simulator
) -> None:
    response = agent.get("/lookup", {"q": "acme-corp"}, follow=True)
    assert response.status_code == 200
    asked = [
        f"{seen['path']}?{seen['query']}" for seen in stigg.requests() if seen["method"] == "GET"
    ]
    assert sorted(asked) == [
        "/api/v1/customers/acme-corp/integrations?limit=20",
        "/api/v1/customers/acme-corp?",
        "/api/v1/customers?name=acme-corp&limit=21",
    ]
    assert len(stigg.requests()) <= 5  # and by GraphQL a part of a name, and the sync states once


def test_several_hits_become_a_choice(agent: Client) -> None:
    response = look_up(agent, "shared@twins.example")
    assert response.status_code == 200
    assert chosen_from(response) == [("twin-one", "production"), ("twin-two", "production")]
    row = element(response, "tr[data-customer-id=twin-one]")
    assert element(row, "a")["href"] == "/production/customers/twin-one/integrations/"
    text = row.get_text(" ", strip=True)
    assert "Twin One Ltd." in text
    assert "shared@twins.example" in text
    assert "e-mail only, check it" in text
    assert element(response, "#q")["value"] == "shared@twins.example"


def test_a_part_of_a_name_gives_a_choice_with_reasons(agent: Client) -> None:
    response = look_up(agent, "Apex")
    assert len(chosen_from(response)) > 1
    assert "name contains" in element(response, "tbody").get_text()
    assert "check it" not in element(response, "tbody").get_text()


def test_an_archived_customer_is_marked_in_the_choice(agent: Client, stigg: Simulator) -> None:
    two = (
        '{"data": [{"id": "a", "name": "Bolt", "archivedAt": "2026-01-01T00:00:00Z"},'
        ' {"id": "b", "name": "Bolt"}]}'
    )
    stigg.fault(route="customers", body=two)
    response = look_up(agent, "Bolt")
    assert chosen_from(response) == [("b", "production"), ("a", "production")]
    assert "Archived" in element(response, "tr[data-customer-id=a]").get_text()
    assert "Archived" not in element(response, "tr[data-customer-id=b]").get_text()


def test_a_miss_says_what_was_tried_and_what_would_be_near(agent: Client) -> None:
    response = look_up(agent, "nobody@nowhere.example")
    assert response.status_code == 404
    assert problem(response) == "not-found"
    said = element(response, ".found").get_text(" ", strip=True)
    assert "Not in Production." in said
    assert "exact e-mail, customer id" in said
    assert "Nothing was found in Staging either." in said
    assert "as Stigg keeps it" in said
    assert soup(response).select_one('a[href*="q=%40nowhere.example"]')


def test_a_miss_is_looked_for_in_the_other_environments(agent: Client) -> None:
    response = look_up(agent, "staging-only")
    assert response.status_code == 404
    assert element(response, "h2").get_text(strip=True) == "Not in Production. Found in Staging."
    assert chosen_from(response) == [("staging-only", "staging")]


def test_what_another_environment_showed_is_on_record_there(agent: Client) -> None:
    look_up(agent, "staging-only")
    look_up(agent, "Sent by qa@staging.example for cus_4242424242nobody")
    rows = AuditEvent.objects.order_by("id").values_list("environment", "outcome", "query")
    assert [row[:2] for row in rows] == [
        ("production", "none"),
        ("staging", "elsewhere"),
        ("production", "none"),
        ("staging", "elsewhere"),
    ]
    assert rows[1][2] == "staging-only"


@pytest.mark.parametrize("text", ["shared@twins.example", "nobody-here"])
def test_other_environments_are_asked_only_after_a_miss(
    agent: Client, stigg: Simulator, text: str
) -> None:
    if text == "nobody-here":
        stigg.fault(environment="production", status=503)
    look_up(agent, text)
    assert {seen["environment"] for seen in stigg.requests()} == {"production"}


def test_a_look_up_that_took_all_its_time_offers_the_other_environments_instead_of_asking_them(
    agent: Client,
) -> None:
    environments.configured()  # their own calls keep all the time that they have
    with override_settings(STIGG_DEADLINE_SECONDS=0):
        response = look_up(agent, "staging-only")
    assert response.status_code == 404
    assert chosen_from(response) == []
    assert soup(response).find("a", string="Look in Staging")


def test_an_environment_that_gives_no_answer_is_offered_to_try(
    agent: Client, stigg: Simulator
) -> None:
    stigg.fault(environment="staging", status=503)
    response = look_up(agent, "nobody-here & co")
    link = element(response, "a:-soup-contains-own('Look in Staging')")
    assert link["href"] == "/lookup?q=nobody-here%20%26%20co&environment=staging"


def test_several_texts_get_a_block_each(agent: Client) -> None:
    texts = "acme-corp, nobody-x; https://evil.example/a\nshared@twins.example"
    response = look_up(agent, texts)
    assert response.status_code == 200
    blocks = soup(response).select("section.found")
    assert [element(block, "h2").get_text() for block in blocks] == [
        "acme-corp",
        "nobody-x",
        "https://evil.example/a",
        "shared@twins.example",
    ]
    assert [block["data-outcome"] for block in blocks] == ["one", "none", "none", "several"]
    assert "Paste the customer's id" in blocks[2].get_text()
    assert element(blocks[1], "a")["href"] == "/lookup?q=nobody-x&environment=production"
    assert (
        element(response, "#q")["value"]
        == "acme-corp, nobody-x; https://evil.example/a; shared@twins.example"
    )


def test_texts_beyond_the_limit_are_counted_not_hidden(agent: Client) -> None:
    response = look_up(agent, "\n".join(f"customer-{n}" for n in range(23)))
    assert len(soup(response).select("section.found")) == 20
    assert "3 more were not tried" in " ".join(notices(soup(response))[0].split())


def test_a_public_mail_domain_comes_with_a_warning(agent: Client, stigg: Simulator) -> None:
    edge = '{"node": {"customerId": "a", "email": "x@gmail.com"}}'
    stigg.fault(route="graphql", body=f'{{"data": {{"customers": {{"edges": [{edge}]}}}}}}')
    response = look_up(agent, "@gmail.com")
    assert chosen_from(response) == [("a", "production")]
    assert "Anyone can have an address at gmail.com" in element(response, ".notice").get_text()


@pytest.mark.parametrize(
    ("text", "kept", "words"),
    [
        (
            "https://evil.example/customers/1",
            "https://evil.example/customers/1",
            "Paste the customer's id, e-mail or",
        ),
        (
            "dashboard.stripe.com/invoices/in_1",
            "dashboard.stripe.com/invoices/in_1",
            "no customer in this Stripe address",
        ),
        ("%", "%", "has no “%” in it"),
        ("\u200b", "\u200b", "nothing in that text"),
        ("\x00", "�", "nothing in that text"),
        ("x" * 10_000, "x" * 10_000, "at most 255 characters"),
    ],
)
def test_what_cannot_be_looked_up_is_kept_and_explained(
    agent: Client, stigg: Simulator, text: str, kept: str, words: str
) -> None:
    response = look_up(agent, text)
    assert response.status_code == 400
    assert problem(response) == "bad-input"
    assert words in element(response, "#q-problem").get_text()
    assert element(response, "#q")["value"] == kept
    assert stigg.requests() == []


def test_nothing_pasted_leads_back_to_the_box_of_the_same_environment(agent: Client) -> None:
    assert look_up(agent, "  ", environment="staging")["Location"] == "/?environment=staging"
    assert look_up(agent, "x", environment="nowhere").status_code == 404


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ({"status": 401}, 502, "key-rejected"),
        ({"status": 429, "headers": {"Retry-After": "12"}}, 503, "rate-limited"),
        ({"status": 503}, 503, "unavailable"),
        ({"html": True}, 502, "unexpected"),
    ],
)
def test_trouble_with_stigg_is_said_in_place(
    agent: Client, stigg: Simulator, fault: dict[str, object], status: int, kind: str
) -> None:
    stigg.fault(**fault)
    response = look_up(agent, "acme-corp")
    assert (response.status_code, problem(response)) == (status, kind)
    assert element(response, "#q")["value"] == "acme-corp"
    assert response.get("Retry-After") == ("12" if kind == "rate-limited" else None)
    assert response["X-Request-ID"] in element(response, ".quote").get_text()
    again = soup(response).find("a", string="Try again")
    assert bool(again) == (status in (502, 503, 504))
    assert not again or again["href"] == "/lookup?q=acme-corp"


def test_a_choice_says_when_a_call_failed_that_might_have_brought_more(
    agent: Client, stigg: Simulator
) -> None:
    stigg.fault(route="graphql", status=503)
    response = look_up(agent, "Acme Inc.")
    assert chosen_from(response) == [("acme-corp", "production")]
    assert "There may be more" in element(response, "[data-problem=unavailable]").get_text()


def test_the_box_says_what_it_takes_today(agent: Client, stigg: Simulator) -> None:
    assert "Salesforce" in element(agent.get("/"), "#q-takes").get_text()
    stigg.fault(route="graphql", environment="production", status=403)
    missed = look_up(agent, "cus_NffrFeUfNV2Hib")
    assert "Not looked up as Stripe id" in element(missed, "[data-state=untried]").get_text()
    assert "is not allowed to search" in element(agent.get("/"), "#q-takes").get_text()
    assert "Salesforce" in element(agent.get("/?environment=staging"), "#q-takes").get_text()


def test_names_from_stigg_are_shown_as_text(agent: Client, stigg: Simulator) -> None:
    nodes = ", ".join(
        f'{{"node": {{"customerId": "id{n}", "name": "<script>", "email": "<b>"}}}}'
        for n in range(2)
    )
    stigg.fault(route="graphql", body=f'{{"data": {{"customers": {{"edges": [{nodes}]}}}}}}')
    for response in (
        look_up(agent, "script"),
        agent.get("/lookup/suggestions/?q=script", headers=HTMX),
    ):
        assert b"<b>" not in response.content
        assert b"&lt;script&gt;" in response.content


def test_no_key_is_in_any_page(agent: Client, stigg: Simulator) -> None:
    pages = [
        look_up(agent, text)
        for text in ("shared@twins.example", "nobody-x", "a; b", "%", "fault-401")
    ]
    assert not [key for key in KEYS for page in pages if key in page.content.decode()]


@pytest.mark.slow
@given(
    text=st.one_of(st.text(max_size=60), st.from_regex(r"[a-z./%|@ ;,\n-]{0,30}", fullmatch=True))
)
@settings(max_examples=100)
def test_every_text_gets_an_answer_that_is_meant(agent: Client, text: str) -> None:
    assume("fault-" not in text)  # hypothesis finds the simulator's names for a bad day
    response = look_up(agent, text)
    assert response.status_code in (200, 302, 400, 404)
    assert agent.get("/lookup/suggestions/", {"q": text}, headers=HTMX).status_code == 200


# --- suggestions ----------------------------------------------------------------------------------


def test_suggestions_are_options_that_lead_to_customers(agent: Client) -> None:
    response = agent.get("/lookup/suggestions/?q=meridian&environment=staging", headers=HTMX)
    option = element(response, "[role=option]")
    assert option["href"] == "/staging/customers/meridian-group/integrations/"
    assert "Meridian Group" in option.get_text()
    assert b"<html" not in response.content


def test_suggestions_opened_by_hand_lead_to_the_page(agent: Client) -> None:
    response = agent.get("/lookup/suggestions/?q=meridian&environment=staging")
    assert (response.status_code, response["Location"]) == (302, "/?environment=staging")


@pytest.mark.parametrize(
    "fault", [{"status": 403}, {"status": 500}, {"status": 429}, {"html": True}, {"cut": True}]
)
def test_errors_suggest_nothing(agent: Client, stigg: Simulator, fault: dict[str, object]) -> None:
    stigg.fault(route="graphql", **fault)
    response = agent.get("/lookup/suggestions/?q=meridian", headers=HTMX)
    assert response.status_code == 200
    assert response.content.strip() == b""


# --- the record, and recents ----------------------------------------------------------------------


def rows() -> list[tuple[str, str, str, str, str, str, str]]:
    fields = ("user", "action", "environment", "customer_id", "query", "ticket", "outcome")
    return list(AuditEvent.objects.order_by("at").values_list(*fields))


def test_a_look_up_and_the_page_it_leads_to_are_one_row_each(agent: Client) -> None:
    agent.get("/lookup", {"q": "ops@acme.example", "ticket": "T-41"}, follow=True)
    assert rows() == [
        ("mara", "lookup", "production", "acme-corp", "ops@acme.example", "T-41", "one"),
        ("mara", "view", "production", "acme-corp", "", "", "shown"),
    ]
    assert set(AuditEvent.objects.values_list("customer_name", flat=True)) == {"Acme Inc."}


def test_filters_and_pages_of_an_open_customer_are_on_record_and_no_new_visits(
    agent: Client,
) -> None:
    agent.get(
        "/production/customers/acme-corp/integrations/results/?vendor=STRIPE",
        HTTP_HX_REQUEST="true",
    )
    assert rows() == [("mara", "page", "production", "acme-corp", "", "", "shown")]
    assert AuditEvent.objects.get().detail == "?vendor=STRIPE"
    assert recent(agent) == []


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("shared@twins.example", "several"),
        ("nobody-x", "none"),
        ("acme-corp; nobody-x", "list"),
        ("https://evil.example/", "bad-input"),
        ("\x00\x01", "bad-input"),
    ],
)
def test_every_look_up_is_on_record_with_its_outcome(
    agent: Client, text: str, outcome: str
) -> None:
    look_up(agent, text, environment="production")
    (row,) = rows()
    assert (row[1], row[3], row[-1]) == ("lookup", "", outcome)
    assert "\x00" not in row[4]


def test_trouble_is_on_record_too(agent: Client, stigg: Simulator) -> None:
    stigg.fault(status=503)
    look_up(agent, "acme-corp")
    agent.get("/production/customers/acme-corp/integrations/")
    assert [(row[1], row[-1]) for row in rows()] == [
        ("lookup", "unavailable"),
        ("view", "unavailable"),
    ]


def test_what_is_kept_of_a_text_is_bounded(agent: Client) -> None:
    look_up(agent, ", ".join(f"{n}@{'x' * 40}.example" for n in range(20)))
    assert len(rows()[0][4]) == 200


def test_nothing_that_a_database_could_refuse_is_written(db: None, rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = User(username="mara")
    note(
        request,
        Action.VIEW,
        "shown",
        environment="production",
        customer_id="a\x00b\ud800",
        customer_name=None,
    )
    event = AuditEvent.objects.get()
    assert (event.customer_id, event.customer_name) == ("a\ufffdb\ufffd", "")


@pytest.mark.parametrize("ticket", ["x" * 65, "a\x00b", "a\nb", "\u202etxt"])
def test_a_ticket_that_cannot_be_one_is_refused_and_nothing_is_lost(
    agent: Client, stigg: Simulator, ticket: str
) -> None:
    response = look_up(agent, "acme-corp", ticket=ticket)
    assert response.status_code == 400
    assert "64 characters" in element(response, "#q-problem").get_text()
    assert element(response, "#q")["value"] == "acme-corp"
    assert stigg.requests() == []


def test_the_record_is_only_added_to(agent: Client) -> None:
    look_up(agent, "acme-corp")
    event = AuditEvent.objects.get()
    event.user = "someone else"
    for change in (
        event.save,
        event.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(user="otto"),
        lambda: AuditEvent.objects.bulk_update([event], ["user"]),
    ):
        with pytest.raises(TypeError, match="only ever added to"):
            change()
    assert AuditEvent.objects.get().user == "mara"


def recent(agent: Client) -> list[str]:
    return [str(link["href"]) for link in soup(agent.get("/")).select("[aria-labelledby=recent] a")]


def test_recents_are_the_agents_own_last_ten_customers(agent: Client, client: Client) -> None:
    now = timezone.now()
    for n in range(12):
        with time_machine.travel(now - timedelta(minutes=60 - n), tick=False):
            AuditEvent.objects.create(
                user="mara",
                user_id=User.objects.get().pk,
                action="view",
                environment="production",
                customer_id=f"c{n}",
                outcome="shown",
            )
    for user, environment, outcome in (("otto", "production", "shown"), ("mara", "gone", "shown"),
                                       ("mara", "production", "not-found")):  # fmt: skip
        AuditEvent.objects.create(
            user=user,
            user_id=User.objects.get().pk + (user == "otto"),
            action="view",
            environment=environment,
            customer_id="none of mine",
            outcome=outcome,
        )
    agent.get("/production/customers/acme-corp/integrations/")
    agent.get("/staging/customers/acme-corp/integrations/")
    agent.get("/production/customers/acme-corp/integrations/")
    shown = recent(agent)
    assert len(shown) == 9  # ten, of which one is of an environment that the desk no longer has
    assert shown[:4] == [
        f"/{place}/integrations/"
        for place in (
            "production/customers/acme-corp",
            "staging/customers/acme-corp",
            "production/customers/c11",
            "production/customers/c10",
        )
    ]
    first = element(agent.get("/"), "[aria-labelledby=recent] li").get_text(" ", strip=True)
    assert first == "Acme Inc. acme-corp Production · now"


def test_a_customer_that_could_not_be_shown_is_no_recent_one(
    agent: Client, stigg: Simulator
) -> None:
    stigg.fault(customer="acme-corp", status=500)
    agent.get("/production/customers/acme-corp/integrations/")
    agent.get("/production/customers/nobody-here/integrations/")
    assert recent(agent) == []


@pytest.mark.usefixtures("stigg", "db")
def test_a_later_account_of_the_same_name_finds_no_recents() -> None:
    former = account("kim")
    browser_of(former).get("/production/customers/acme-corp/integrations/")
    former.delete()
    assert not soup(browser_of(account("kim")).get("/")).select("[aria-labelledby=recent] li")


def test_recents_are_one_indexed_query(agent: Client) -> None:
    agent.get("/production/customers/acme-corp/integrations/")
    with CaptureQueriesContext(connection) as queries:
        agent.get("/")
    asked = [query["sql"] for query in queries if "auditevent" in query["sql"]]
    assert len(asked) == 1
    assert f"LIMIT {MAX_VIEWS_READ}" in asked[0]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked[0]}")
        assert "USING INDEX recent_customers" in str(cursor.fetchall())


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "now"), (1, "1 min"), (59, "59 min"), (60, "1 h"), (1439, "23 h"), (4320, "3 d")],
)
def test_ages_are_short(minutes: int, words: str) -> None:
    assert ago(timezone.now() - timedelta(minutes=minutes, seconds=1)) == words


@pytest.mark.parametrize("address", ["/lookup?q=x", "/lookup/suggestions/?q=acme", "/"])
def test_nothing_is_looked_up_without_signing_in(
    db: None, client: Client, stigg: Simulator, address: str
) -> None:
    response = client.get(address)
    assert response.status_code == 302
    assert "/login/" in response["Location"]
    assert stigg.requests() == []


@pytest.mark.parametrize(
    ("link", "query"),
    [
        # As it is: the + belongs to the address
        (
            "q=anna+ops@acme.example",
            "anna+ops@acme.example",
        ),
        ("q=anna%2Bops%40acme.example", "anna+ops@acme.example"),
        # From a form: the + is a blank
        (
            "ticket=7&q=anna+ops%40acme.example",
            "anna ops@acme.example",
        ),
        ("q=ops@m%C3%BCller.example", "ops@müller.example"),
        ("q=Anna%20<ops@acme.example>", "Anna <ops@acme.example>"),
    ],
)
def test_an_e_mail_is_read_as_the_help_desk_meant_it(agent: Client, link: str, query: str) -> None:
    agent.get(f"/lookup?{link}")
    assert rows()[0][4] == query


def test_a_placeholder_that_was_not_filled_in_is_no_name(agent: Client, stigg: Simulator) -> None:
    response = look_up(agent, "{{ticket.requester.email}}", ticket="{{ticket.id}}")
    assert response.status_code == 400
    assert "placeholder" in element(response, "#q-problem").get_text()
    assert stigg.requests() == []


def test_a_help_desks_link_survives_the_sign_in(db: None, client: Client) -> None:
    asked = f"/lookup?{urlencode({'q': 'a@b.example', 'ticket': '7'})}"
    assert client.get(asked)["Location"].endswith("next=/lookup%3Fq%3Da%2540b.example%26ticket%3D7")


def test_home_says_what_to_do_while_there_is_nobody_yet(agent: Client) -> None:
    agent.get("/production/customers/acme-corp/integrations/")
    people = (account("ann"), account("root", is_superuser=True, is_staff=True))
    with override_settings(STIGG_SIMULATOR=False):  # its examples would be there
        assert soup(agent.get("/")).select("[data-state=nobody-yet]") == []
        first, superuser = (
            element(browser_of(each).get("/"), "[data-state=nobody-yet]") for each in people
        )
    assert "Paste an id or an e-mail" in first.get_text()
    assert first.select("a") == []
    assert element(superuser, "a")["href"] == "/admin/auth/user/"
