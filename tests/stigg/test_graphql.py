"""The GraphQL client: its documents against Stigg's published schema, its readers, and over real
HTTP.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate
from graphql.execution.values import get_variable_values
from hypothesis import given, settings
from hypothesis import strategies as st
from stigg.generated.schema import schema as published

from integrations_app import simulator
from integrations_app import stigg as api
from integrations_app.simulator import Simulator
from integrations_app.stigg import ApiKey, Client, Question, answers, graphql, records
from integrations_app.vendors import known_vendors

KEY = "simulated-production-key"
DOCUMENTS = [
    graphql.FIND_CUSTOMERS,
    graphql.CUSTOMER_SYNC_STATES,
    graphql.CUSTOMER_SYNC_FAILURES,
]
VENDORS_FIELDS = {
    field for vendor in known_vendors().values() for shape in vendor.ids for field in shape.fields
}
FIELDS = ["searchQuery", "name", "email", "customerId", *sorted(VENDORS_FIELDS)]


def client(stigg: Simulator, key: str = KEY) -> Client:
    return Client(stigg.url, ApiKey(key))


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    """One that hypothesis may ask many times."""
    with simulator.start() as started:
        yield started


# --- the published schema -------------------------------------------------------------------------


@cache
def schema() -> GraphQLSchema:
    """The schema that Stigg's own GraphQL client (PyPI: stigg-api-client) is generated from."""
    built_in = {"Int", "Float", "String", "Boolean", "ID"}
    return build_schema(
        "\n".join(repr(kind) for kind in published if kind.__name__ not in built_in)
    )


def problems(document: str, variables: dict[str, Any] | None = None) -> list[str]:
    tree = parse(document)
    found = [error.message for error in validate(schema(), tree)]
    (operation,) = (node for node in tree.definitions if isinstance(node, OperationDefinitionNode))
    if variables is not None:
        coerced = get_variable_values(schema(), operation.variable_definitions or (), variables)
        found += [error.message for error in coerced] if isinstance(coerced, list) else []
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_document_fits_the_published_schema(document: str) -> None:
    assert problems(document) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("customerId name", "customerId nam"),
        ("paging: $paging", "page: $paging"),
        ("CustomerFilter!", "Filter!"),
    ],
)
def test_a_typo_in_a_document_would_be_seen(right: str, wrong: str) -> None:
    assert problems(graphql.FIND_CUSTOMERS.replace(right, wrong)) != []


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("contains", [True, False])
@pytest.mark.parametrize("values", [["one"], ["one", "two"]])
def test_every_filter_fits_the_published_schema(
    field: str, contains: bool, values: list[str]
) -> None:
    variables = {
        "filter": graphql._filter(field, values, contains=contains),
        "paging": {"first": 10},
    }
    assert problems(graphql.FIND_CUSTOMERS, variables) == []


def test_a_comparison_that_a_field_does_not_know_would_be_seen() -> None:
    wrong = {"filter": {"searchQuery": {"eq": "acme"}}, "paging": {"first": 10}}
    assert problems(graphql.FIND_CUSTOMERS, wrong) != []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_document_asks_for_credentials(document: str) -> None:
    assert "credentials" not in document


# --- patterns -------------------------------------------------------------------------------------


@given(st.text(max_size=60))
def test_an_escaped_text_keeps_no_mark_of_its_own(text: str) -> None:
    escaped = graphql.like_escape(text)
    assert escaped.replace("\\\\", "\0").replace("\\%", "").replace("\\_", "").count("%") == 0
    assert len(escaped) == len(text) + sum(text.count(mark) for mark in "\\%_")


def test_it_escapes_what_a_pattern_would_read() -> None:
    assert graphql.like_escape(r"100%_a\b") == r"100\%\_a\\b"


# --- REST's own search, and POST ------------------------------------------------------------------


def test_it_finds_customers_by_exact_email_and_exact_name(stigg: Simulator) -> None:
    twins = client(stigg).list_customers(email="shared@twins.example")
    assert [customer.id for customer in twins] == ["twin-one", "twin-two"]
    assert [customer.id for customer in client(stigg).list_customers(name="Globex")] == [
        "auth0|65f1c0ffee0badc0de5ca1ab"
    ]
    assert client(stigg).list_customers(name="Glob") == ()
    assert len(client(stigg).list_customers(limit=3)) == 3


def test_a_broken_customer_does_not_hide_the_others() -> None:
    good = {"id": "a", "integrations": [None, {"id": "i"}]}
    found = records.read_customers(
        {"data": [None, {"id": ""}, good, {"name": "no id"}, {"id": "b", "name": 5.5}]}
    )
    assert [customer.id for customer in found] == ["a", "b"]


@pytest.mark.parametrize("payload", [{}, {"data": None}, {"data": {}}, {"data": "x"}])
def test_it_names_a_list_that_is_none(payload: dict[str, object]) -> None:
    with pytest.raises(api.UnexpectedResponse):
        records.read_customers(payload)


def test_it_posts_json_once_and_names_a_refusal(stigg: Simulator) -> None:
    with pytest.raises(api.BadRequest):
        client(stigg).ask(Question("/api/v1/customers", {"text": "\ud800"}), dict)
    (seen,) = stigg.requests()
    assert (seen["method"], seen["headers"]["content-type"]) == ("POST", "application/json")
    assert seen["headers"]["x-api-key"] == "***"


def test_a_post_ends_by_its_deadline(stigg: Simulator) -> None:
    with pytest.raises(api.TimedOut):
        client(stigg).ask(Question("/graphql", {}, patience=0), dict)
    assert stigg.requests() == []


# --- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("Unauthenticated", api.KeyRejected),
        ("UNAUTHENTICATED", api.KeyRejected),
        ("ApiKeyExpired", api.KeyRejected),
        ("AccessDeniedError", api.Forbidden),
        ("IdentityForbidden", api.Forbidden),
        ("FORBIDDEN", api.Forbidden),
        ("NoFeatureEntitlementError", api.Forbidden),
        ("CustomerNotFound", api.CustomerNotFound),
        ("RateLimitExceeded", api.RateLimited),
        ("UnexpectedError", api.Unavailable),
        ("INTERNAL_SERVER_ERROR", api.Unavailable),
        ("OperationTimeout", api.Unavailable),
        ("BadUserInput", api.BadRequest),
        ("GRAPHQL_VALIDATION_FAILED", api.BadRequest),
        ("OfTomorrow", api.BadRequest),
        (None, api.UnexpectedResponse),
        (7.5, api.UnexpectedResponse),
    ],
)
def test_it_names_a_graphql_error_by_its_code(code: object, error: type[api.StiggError]) -> None:
    extensions = {"code": code, "traceId": "t-1"}
    caught = answers.refusal(
        200, {}, {"errors": [{"message": "no\x00", "extensions": extensions}], "data": None}
    )
    assert type(caught) is error
    assert (caught.message, caught.trace_id) == ("no\ufffd", "t-1")


@pytest.mark.parametrize("errors", [[], [None], ["x"], [{}], [{"extensions": []}], {}, "x", 5])
def test_errors_of_no_shape_are_an_answer_that_makes_no_sense(errors: object) -> None:
    assert type(answers.refusal(200, {}, {"errors": errors})) is api.UnexpectedResponse


# --- finding customers, over real HTTP ------------------------------------------------------------


def found(stigg: Simulator, field: str, *values: str, contains: bool = False) -> list[str]:
    return [
        match.id
        for match in graphql.find_customers(client(stigg), field, values, contains=contains)
    ]


def test_it_finds_by_a_part_of_id_name_and_email(stigg: Simulator) -> None:
    assert found(stigg, "searchQuery", "IDIAN gro") == ["meridian-group"]
    assert found(stigg, "name", "IDIAN gro", contains=True) == ["meridian-group"]
    assert found(stigg, "name", "IDIAN gro") == []
    assert sorted(found(stigg, "email", "@TWINS.example", contains=True)) == [
        "twin-one",
        "twin-two",
    ]


def test_it_finds_several_at_once(stigg: Simulator) -> None:
    assert sorted(found(stigg, "customerId", "twin-one", "acme-corp", "nobody")) == [
        "acme-corp",
        "twin-one",
    ]
    assert sorted(found(stigg, "name", "meridian g", "acme inc", contains=True)) == [
        "acme-corp",
        "meridian-group",
    ]
    assert len(stigg.requests()) == 2


@pytest.mark.parametrize(
    ("field", "vendor", "customer_id"),
    [
        ("billingId", "STRIPE", "acme-corp"),
        ("salesforceId", "SALESFORCE", "all-vendors"),
        ("crmHubspotCompanyId", "HUBSPOT", "acme-corp"),
        ("awsMarketplaceCustomerId", "AWS_MARKETPLACE", "all-vendors"),
    ],
)
def test_it_finds_whose_record_of_a_vendor_it_is(
    stigg: Simulator, field: str, vendor: str, customer_id: str
) -> None:
    rows = client(stigg).list_integrations(customer_id, vendor_identifier=[vendor]).rows
    synced = getattr(rows[0], "synced_entity_id", None)
    assert synced
    assert found(stigg, field, synced, synced[:15]) == [customer_id]


def test_it_finds_archived_customers_and_marks_them(stigg: Simulator) -> None:
    archived, plain = sorted(
        graphql.find_customers(client(stigg), "customerId", ["archived-co", "acme-corp"]),
        key=lambda match: not match.archived,
    )
    assert (archived.id, archived.name, archived.email, archived.archived) == (
        "archived-co",
        None,
        None,
        True,
    )
    assert (plain.name, plain.email, plain.archived) == ("Acme Inc.", "ops@acme.example", False)


@pytest.mark.parametrize("values", [[], [""], ["  ", "\t"]])
def test_it_asks_nothing_when_there_is_nothing_to_look_for(
    stigg: Simulator, values: list[str]
) -> None:
    assert graphql.find_customers(client(stigg), "name", values, contains=True) == ()
    assert stigg.requests() == []


@pytest.mark.parametrize(("limit", "count"), [(3, 3), (0, 1), (10_000, 50)])
def test_it_asks_for_no_more_than_stigg_gives(stigg: Simulator, limit: int, count: int) -> None:
    assert (
        len(graphql.find_customers(client(stigg), "searchQuery", [".example"], limit=limit))
        == count
    )


@settings(max_examples=60)
@given(st.text(st.sampled_from("%_\\aA. -c") | st.characters(), min_size=1, max_size=12))
def test_a_pasted_text_never_matches_more_than_itself(running: Simulator, text: str) -> None:
    """Whatever is found has the text in it, letter by letter but for capitals; and what has it, is
    found.
    """
    matches = graphql.find_customers(client(running), "email", [text], contains=True, limit=50)
    everyone = simulator.data.listed("production")
    holds = re.compile(re.escape(api.printable(text)), re.IGNORECASE)
    expected = sum(bool(customer.email and holds.search(customer.email)) for customer in everyone)
    assert all(holds.search(match.email or "") for match in matches)
    assert len(matches) == (min(expected, 50) if text.strip() else 0)


@pytest.mark.parametrize("text", ["%", "__", "\\", "%%", "a%", "_cme", "\\%", "a\\"])
def test_the_marks_of_a_pattern_are_looked_for_as_themselves(stigg: Simulator, text: str) -> None:
    assert found(stigg, "searchQuery", text) == found(stigg, "email", text, contains=True) == []


@pytest.mark.parametrize(
    "text", ["\x00", "a\x00b", "\ud800", "\u2066", "🦄", "'; DROP TABLE customers; --", "x" * 5_000]
)
def test_no_text_makes_it_raise(stigg: Simulator, text: str) -> None:
    assert found(stigg, "searchQuery", text) == found(stigg, "name", text) == []


# --- sync states, over real HTTP ------------------------------------------------------------------


def test_it_reads_the_sync_states_of_a_customer(stigg: Simulator) -> None:
    states = graphql.sync_states(client(stigg), "acme-corp")
    failed = next(state for state in states if state.status == "ERROR")
    row = next(
        row
        for row in client(stigg).list_integrations("acme-corp").rows
        if row.vendor_identifier == "SALESFORCE"
    )
    assert (failed.status, failed.integration_ids[0]) == ("ERROR", row.id)
    assert "Industry" in failed.error
    assert all(failed.integration_ids)
    assert {state.status for state in graphql.sync_states(client(stigg), "meridian-group")} == {
        "SUCCESS",
        "PENDING",
        "ERROR",
        "NO_SYNC_REQUIRED",
    }


def test_a_customer_without_integrations_has_no_sync_states(stigg: Simulator) -> None:
    assert graphql.sync_states(client(stigg), "empty-co") == ()


def test_it_names_an_unknown_customer(stigg: Simulator) -> None:
    with pytest.raises(api.CustomerNotFound):
        graphql.sync_states(client(stigg), "nobody")


def test_it_reads_the_failed_syncs_of_a_customer_newest_first(stigg: Simulator) -> None:
    failures = graphql.sync_failures(client(stigg), "acme-corp")
    assert {(failure.vendor_identifier, failure.error) for failure in failures} == {
        ("salesforce", "REQUIRED_FIELD_MISSING: Salesforce wants an Industry for this account.")
    }
    times = [failure.at for failure in failures if failure.at]
    assert len(times) == 3
    assert times == sorted(times, reverse=True)
    assert len({failure.trace_id for failure in failures}) == 3
    assert len(graphql.sync_failures(client(stigg), "acme-corp", limit=1)) == 1
    for nobodys in ("nobody", "empty-co"):
        assert graphql.sync_failures(client(stigg), nobodys) == ()


@pytest.mark.parametrize("at", ["yesterday", None, 7, "2026-11-20T09:17:00"])
def test_a_time_that_names_no_moment_is_left_out(at: object) -> None:
    assert graphql.SyncFailure.model_validate({"createdAt": at}).at is None


def test_a_text_from_stigg_is_made_printable(stigg: Simulator) -> None:
    states = graphql.sync_states(client(stigg), "hostile-values")
    assert "\x00" not in "".join(state.error or "" for state in states)
    assert any("<img" in (state.error or "") for state in states)


# --- when it fails --------------------------------------------------------------------------------


def test_a_key_for_rest_alone_is_forbidden(stigg: Simulator) -> None:
    (key,) = simulator.REST_ONLY_KEYS
    with pytest.raises(api.Forbidden) as caught:
        graphql.sync_states(client(stigg, key), "acme-corp")
    assert (caught.value.code, bool(caught.value.trace_id)) == ("IdentityForbidden", True)
    assert client(stigg, key).get_customer("acme-corp").name == "Acme Inc."


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"code": "RateLimitExceeded"}, api.RateLimited),
        ({"code": "UnexpectedError"}, api.Unavailable),
        ({"code": "Unauthenticated"}, api.KeyRejected),
        ({"code": "BadUserInput"}, api.BadRequest),
        ({"status": 401}, api.KeyRejected),
        ({"status": 403}, api.Forbidden),
        ({"status": 500}, api.Unavailable),
        ({"status": 400, "code": "UNAUTHENTICATED"}, api.KeyRejected),
        ({"status": 429}, api.RateLimited),
        ({"status": 404}, api.CustomerNotFound),
        ({"status": 404, "body": "{}"}, api.BadRequest),
        ({"status": 302}, api.UnexpectedResponse),
        ({"html": True}, api.UnexpectedResponse),
        ({"cut": True}, api.Unavailable),
        ({"shape": "deep"}, api.UnexpectedResponse),
        ({"shape": "list"}, api.UnexpectedResponse),
        ({"shape": "data-null"}, api.UnexpectedResponse),
        ({"shape": "data-object"}, api.UnexpectedResponse),
    ],
)
def test_it_names_what_went_wrong(
    stigg: Simulator, fault: dict[str, Any], error: type[api.StiggError]
) -> None:
    stigg.fault(route="graphql", **fault)
    for call in (
        lambda: graphql.sync_states(client(stigg), "acme-corp"),
        lambda: graphql.sync_failures(client(stigg), "acme-corp"),
        lambda: graphql.find_customers(client(stigg), "name", ["Globex"]),
    ):
        with pytest.raises(api.StiggError) as caught:
            call()
        assert type(caught.value) is error
    assert len(stigg.requests()) == 3  # never asked twice


def test_it_ends_by_its_deadline(stigg: Simulator) -> None:
    stigg.fault(route="graphql", delay=5)
    with pytest.raises(api.TimedOut):
        graphql.sync_states(client(stigg), "acme-corp", patience=0.2)


def answering(stigg: Simulator, data: object, code: str = "") -> None:
    errors = (
        {"errors": [{"message": "some of it", "extensions": {"code": code, "traceId": "t-7"}}]}
        if code
        else {}
    )
    stigg.fault(route="graphql", body=json.dumps({"data": data} | errors))


def test_what_came_beside_errors_counts_as_far_as_it_came(
    stigg: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    edges = [
        {"node": {"customerId": "a", "name": None}},
        {"node": {"customerId": None}},
        None,
        {"node": {"customerId": "b"}},
    ]
    answering(stigg, {"customers": {"edges": edges}}, "UnexpectedError")
    assert found(stigg, "name", "x") == ["a", "b"]
    answering(
        stigg,
        {"getCustomerByRefId": {"syncStates": [{"status": "SUCCESS"}, None, {"status": 5.5}]}},
        "X",
    )
    assert [state.status for state in graphql.sync_states(client(stigg), "x")] == ["SUCCESS", ""]
    assert [record.__dict__["trace_id"] for record in caplog.records] == ["t-7", "t-7"]


@pytest.mark.parametrize("data", [None, {}, {"customers": None}, {"customers": {"edges": None}}])
def test_errors_stand_for_a_list_that_did_not_come(stigg: Simulator, data: object) -> None:
    answering(stigg, data, "AccessDeniedError")
    with pytest.raises(api.Forbidden):
        found(stigg, "name", "x")


@pytest.mark.parametrize(
    "data", [None, {}, {"getCustomerByRefId": None}, {"getCustomerByRefId": {"syncStates": None}}]
)
def test_errors_stand_for_states_that_did_not_come(stigg: Simulator, data: object) -> None:
    answering(stigg, data, "AccessDeniedError")
    with pytest.raises(api.Forbidden):
        graphql.sync_states(client(stigg), "x")


@pytest.mark.parametrize(
    "data", [5, "x", [], {"getCustomerByRefId": 5}, {"getCustomerByRefId": {"syncStates": 5}}, {}]
)
def test_an_answer_of_no_shape_makes_no_sense(stigg: Simulator, data: object) -> None:
    answering(stigg, data)
    with pytest.raises(api.UnexpectedResponse):
        found(stigg, "name", "x")
    if data != {"getCustomerByRefId": 5}:
        with pytest.raises(api.UnexpectedResponse):
            graphql.sync_states(client(stigg), "x")


def test_a_customer_may_have_no_states_and_words_of_tomorrow_are_kept(stigg: Simulator) -> None:
    answering(stigg, {"getCustomerByRefId": {"syncStates": None}})
    assert graphql.sync_states(client(stigg), "x") == ()
    answering(
        stigg,
        {"getCustomerByRefId": {"syncStates": [{"status": "PAUSED", "integration": {"id": "u"}}]}},
    )
    (state,) = graphql.sync_states(client(stigg), "x")
    assert (state.status, state.integration_ids) == ("PAUSED", ("", "u"))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "data",
                    "errors",
                    "customers",
                    "edges",
                    "node",
                    "customerId",
                    "getCustomerByRefId",
                    "error",
                    "syncStates",
                    "status",
                    "integration",
                    "id",
                    "extensions",
                    "code",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
)


class Said:
    """A client that was answered with some JSON."""

    def __init__(self, payload: object) -> None:
        self.payload = payload

    def ask(self, _question: Question, read: Callable[[dict[str, Any]], Any]) -> Any:
        return read(
            api.decode(200, {"Content-Type": "application/json"}, json.dumps(self.payload).encode())
        )


@given(json_values)
def test_no_answer_makes_it_raise_anything_but_its_own_errors(value: object) -> None:
    for payload in (
        value,
        {"data": value},
        {"data": value, "errors": value},
        {"data": {"customers": {"edges": value}}},
        {"data": {"eventLogs": {"edges": value}}},
    ):
        for call in (
            lambda said: graphql.sync_states(said, "x"),
            lambda said: graphql.sync_failures(said, "x"),
            lambda said: graphql.find_customers(said, "name", ["x"]),
        ):
            try:
                call(Said(payload))
            except api.StiggError:
                pass
