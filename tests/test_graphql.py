"""The GraphQL client: its documents against Stigg's published schema, its readers, and over real HTTP."""

from functools import cache
from typing import get_args

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate
from graphql.execution.values import get_variable_values
from hypothesis import given
from hypothesis import strategies as st
from stigg.generated.schema import schema as published

from integrations_app import graphql
from integrations_app import stigg as api
from integrations_app.simulator import Simulator
from integrations_app.stigg import ApiKey, Client

KEY = "simulated-production-key"
DOCUMENTS = [graphql.FIND_CUSTOMERS, graphql.CUSTOMER_SYNC_STATES]
FIELDS = get_args(graphql.SearchField)


def client(stigg: Simulator, key: str = KEY) -> Client:
    return Client(stigg.url, ApiKey(key))


# --- the published schema -------------------------------------------------------------------------


@cache
def schema() -> GraphQLSchema:
    """The schema that Stigg's own GraphQL client (PyPI: stigg-api-client) is generated from."""
    built_in = {"Int", "Float", "String", "Boolean", "ID"}
    return build_schema("\n".join(repr(kind) for kind in published if kind.__name__ not in built_in))


def problems(document: str, variables: dict[str, object] | None = None) -> list[str]:
    tree = parse(document)
    found = [error.message for error in validate(schema(), tree)]
    (operation,) = (node for node in tree.definitions if isinstance(node, OperationDefinitionNode))
    if variables is not None:
        coerced = get_variable_values(schema(), operation.variable_definitions, variables)
        found += [error.message for error in coerced] if isinstance(coerced, list) else []
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_document_fits_the_published_schema(document: str) -> None:
    assert problems(document) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("customerId name", "customerId nam"), ("paging: $paging", "page: $paging"), ("CustomerFilter!", "Filter!")],
)
def test_a_typo_in_a_document_would_be_seen(right: str, wrong: str) -> None:
    assert problems(graphql.FIND_CUSTOMERS.replace(right, wrong)) != []


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("contains", [True, False])
@pytest.mark.parametrize("values", [["one"], ["one", "two"]])
def test_every_filter_fits_the_published_schema(field: graphql.SearchField, contains: bool, values: list[str]) -> None:
    variables = {"filter": graphql._filter(field, values, contains=contains), "paging": {"first": 10}}
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
    found = api.read_customers({"data": [None, {"id": ""}, good, {"name": "no id"}, {"id": "b", "name": 5.5}]})
    assert [customer.id for customer in found] == ["a", "b"]


@pytest.mark.parametrize("payload", [{}, {"data": None}, {"data": {}}, {"data": "x"}])
def test_it_names_a_list_that_is_none(payload: dict[str, object]) -> None:
    with pytest.raises(api.UnexpectedResponse):
        api.read_customers(payload)


def test_it_posts_json_once_and_names_a_refusal(stigg: Simulator) -> None:
    with pytest.raises(api.BadRequest):
        client(stigg).post("/api/v1/customers", {"text": "\ud800"})
    (seen,) = stigg.requests()
    assert (seen["method"], seen["headers"]["content-type"]) == ("POST", "application/json")
    assert seen["headers"]["x-api-key"] == "***"


def test_a_post_ends_by_its_deadline(stigg: Simulator) -> None:
    with pytest.raises(api.TimedOut):
        client(stigg).post("/graphql", {}, deadline=0.0)
    assert stigg.requests() == []


# --- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "error"),
    [("Unauthenticated", api.KeyRejected), ("UNAUTHENTICATED", api.KeyRejected), ("ApiKeyExpired", api.KeyRejected),
     ("AccessDeniedError", api.Forbidden), ("IdentityForbidden", api.Forbidden), ("FORBIDDEN", api.Forbidden),
     ("NoFeatureEntitlementError", api.Forbidden), ("CustomerNotFound", api.CustomerNotFound),
     ("RateLimitExceeded", api.RateLimited), ("UnexpectedError", api.Unavailable),
     ("INTERNAL_SERVER_ERROR", api.Unavailable), ("OperationTimeout", api.Unavailable),
     ("BadUserInput", api.BadRequest), ("GRAPHQL_VALIDATION_FAILED", api.BadRequest), ("OfTomorrow", api.BadRequest),
     (None, api.UnexpectedResponse), (7.5, api.UnexpectedResponse)],
)  # fmt: skip
def test_it_names_a_graphql_error_by_its_code(code: object, error: type[api.StiggError]) -> None:
    extensions = {"code": code, "traceId": "t-1"}
    caught = api.refusal(200, {}, {"errors": [{"message": "no\x00", "extensions": extensions}], "data": None})
    assert type(caught) is error
    assert (caught.message, caught.trace_id) == ("no\ufffd", "t-1")


@pytest.mark.parametrize("errors", [[], [None], ["x"], [{}], [{"extensions": []}], {}, "x", 5])
def test_errors_of_no_shape_are_an_answer_that_makes_no_sense(errors: object) -> None:
    assert type(api.refusal(200, {}, {"errors": errors})) is api.UnexpectedResponse
