"""The simulated Stigg's GraphQL, asked over real HTTP and judged by the published schema."""

import http.client
import json
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import execute_sync, parse

from integrations_app import simulator
from integrations_app.simulator import Simulator, data, documents, faults, graph
from tests.stigg.test_graphql import schema

PRODUCTION = {"X-API-KEY": "simulated-production-key"}
STAGING = {"X-API-KEY": "simulated-staging-key"}
PERSON = {"Authorization": "Bearer simulated-user-token", "X-ENVIRONMENT-ID": "env-production"}

CUSTOMERS = """query Any($filter: CustomerFilter!, $paging: CursorPaging!) {
  customers(filter: $filter, paging: $paging) {
    totalCount
    edges { cursor node { id customerId refId name email createdAt updatedAt deletedAt billingId
      salesforceId crmId
      crmHubspotCompanyId awsMarketplaceCustomerId } }
  }
}"""
STATES = """query States($input: GetCustomerByRefIdInput!) {
  getCustomerByRefId(input: $input) {
    customerId
    syncStates { status error vendorIdentifier syncedEntityId
      integration { id integrationId vendorIdentifier } }
  }
}"""


@dataclass(frozen=True)
class Reply:
    status: int
    json: Any

    @property
    def ids(self) -> list[str]:
        return [edge["node"]["customerId"] for edge in self.json["data"]["customers"]["edges"]]

    @property
    def states(self) -> list[dict[str, Any]]:
        return list(self.json["data"]["getCustomerByRefId"]["syncStates"])

    @property
    def code(self) -> str:
        (error,) = self.json["errors"]
        assert error["message"]
        assert error["extensions"]["traceId"]
        return str(error["extensions"]["code"])


def post(api: Simulator, body: bytes, headers: dict[str, str] = PRODUCTION) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    try:
        connection.request("POST", "/graphql", body, headers | {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return Reply(answer.status, json.loads(answer.read()))
    finally:
        connection.close()


def ask(
    api: Simulator, query: str, headers: dict[str, str] = PRODUCTION, **variables: Any
) -> Reply:
    return post(api, json.dumps({"query": query, "variables": variables}).encode(), headers)


def find(
    api: Simulator,
    first: int = 10,
    headers: dict[str, str] = PRODUCTION,
    **filters: Any,
) -> Reply:
    return ask(api, CUSTOMERS, headers, filter=filters, paging={"first": first})


def states(api: Simulator, customer_id: str, headers: dict[str, str] = PRODUCTION) -> Reply:
    return ask(api, STATES, headers, input={"customerId": customer_id})


# --- the published schema -------------------------------------------------------------------------


def judge(document: str, variables: dict[str, Any], data: object) -> None:
    """Every name, enum and non-null of an answer, by the schema's own executor over the answer
    itself.
    """
    outcome = execute_sync(schema(), parse(document), root_value=data, variable_values=variables)
    assert (outcome.errors, outcome.data) == (None, data)


def test_what_is_found_fits_the_published_schema(api: Simulator) -> None:
    variables: dict[str, Any] = {
        "filter": {"searchQuery": {"iLike": "%a%"}},
        "paging": {"first": 50},
    }
    judge(CUSTOMERS, variables, ask(api, CUSTOMERS, **variables).json["data"])


@pytest.mark.parametrize(
    "customer_id", ["acme-corp", "meridian-group", "hostile-values", "archived-co", "empty-co"]
)
def test_sync_states_fit_the_published_schema(api: Simulator, customer_id: str) -> None:
    judge(STATES, {"input": {"customerId": customer_id}}, states(api, customer_id).json["data"])


FAILURES = """query Failures($filter: EventLogFilter!, $paging: CursorPaging!) {
  eventLogs(filter: $filter, paging: $paging) {
    edges { cursor node { id createdAt traceId entityId entityType eventLogType payload } }
  }
}"""


def failures(api: Simulator, customer_id: str, **changed: Any) -> Reply:
    asked = {"entityType": "CUSTOMER", "entityId": customer_id, "eventLogType": "SYNC_FAILED"}
    filters = {name: {"eq": value} for name, value in asked.items()} | changed
    return ask(api, FAILURES, filter=filters, paging={"first": 50})


def test_failed_syncs_fit_the_published_schema_and_the_states(api: Simulator) -> None:
    data = failures(api, "meridian-group").json["data"]
    judge(FAILURES, {"filter": {}, "paging": {"first": 50}}, data)
    told = {edge["node"]["payload"]["error"] for edge in data["eventLogs"]["edges"]}
    found = states(api, "meridian-group").json["data"]["getCustomerByRefId"]["syncStates"]
    assert told == {state["error"] for state in found} - {None}


@pytest.mark.parametrize(
    "changed", [{"entityId": {"like": "acme"}}, {"entityId": None}, {"traceId": {"eq": "x"}}]
)
def test_a_filter_of_events_that_is_not_simulated_is_refused(
    api: Simulator, changed: dict[str, Any]
) -> None:
    assert failures(api, "acme-corp", **changed).status == 400


# --- search ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"customerId": {"eq": "acme-corp"}}, {"acme-corp"}),
        ({"customerId": {"in": ["acme-corp", "twin-one", "nobody"]}}, {"acme-corp", "twin-one"}),
        ({"email": {"eq": "shared@twins.example"}}, {"twin-one", "twin-two"}),
        ({"email": {"eq": "SHARED@twins.example"}}, set()),
        ({"email": {"iLike": "SHARED@twins.example"}}, {"twin-one", "twin-two"}),
        ({"email": {"iLike": "%@twins.example"}}, {"twin-one", "twin-two"}),
        ({"email": {"iLike": "shared_twins.example"}}, {"twin-one", "twin-two"}),
        ({"email": {"iLike": "shared\\_twins.example"}}, set()),
        ({"email": {"iLike": "\\shared@twins.example"}}, {"twin-one", "twin-two"}),
        ({"name": {"iLike": "meridian%"}}, {"meridian-group"}),
        ({"name": {"iLike": "meridian"}}, set()),
        ({"searchQuery": {"iLike": "%TWIN %"}}, {"twin-one", "twin-two"}),
        ({"searchQuery": {"iLike": "%müller%"}}, {"müller-gmbh"}),
        ({"searchQuery": {"iLike": "archived-co"}}, {"archived-co"}),
        (
            {"or": [{"name": {"eq": "Globex"}}, {"customerId": {"eq": "twin-one"}}]},
            {"auth0|65f1c0ffee0badc0de5ca1ab", "twin-one"},
        ),
        (
            {"and": [{"email": {"eq": "shared@twins.example"}}, {"name": {"iLike": "%two%"}}]},
            {"twin-two"},
        ),
        ({"email": {"eq": "shared@twins.example"}, "name": {"iLike": "%two%"}}, {"twin-two"}),
    ],
)
def test_it_searches_as_postgres_would(
    api: Simulator, filters: dict[str, Any], found: set[str]
) -> None:
    assert set(find(api, **filters).ids) == found


@pytest.mark.parametrize("field", ["billingId", "salesforceId", "crmId", "crmHubspotCompanyId"])
def test_a_vendors_id_leads_back_to_its_customer(api: Simulator, field: str) -> None:
    (edge,) = find(api, customerId={"eq": "acme-corp"}).json["data"]["customers"]["edges"]
    same: dict[str, Any] = {field: {"eq": edge["node"][field]}}
    assert find(api, **same).ids == ["acme-corp"]
    assert find(api, headers=STAGING, **same).ids == []


def test_a_marketplaces_id_leads_back_to_its_customer(api: Simulator) -> None:
    (edge,) = find(api, customerId={"eq": "all-vendors"}).json["data"]["customers"]["edges"]
    assert find(
        api, awsMarketplaceCustomerId={"eq": edge["node"]["awsMarketplaceCustomerId"]}
    ).ids == ["all-vendors"]


def test_some_salesforce_ids_are_kept_short(api: Simulator) -> None:
    edges = find(api, first=50, salesforceId={"iLike": "001%"}).json["data"]["customers"]["edges"]
    assert {len(edge["node"]["salesforceId"]) for edge in edges} == {15, 18}


def test_rest_and_graphql_agree_on_the_billing_id(api: Simulator) -> None:
    everybody = data.customers("production").values()
    both = [one for one in everybody if one.synced("STRIPE") and one.synced("ZUORA")]
    assert len(both) > 20
    for one in everybody:
        assert graph.FIELDS["billingId"](one) == one.document["billingId"]
    for one in both[:5]:
        assert one.id in find(api, billingId={"eq": one.document["billingId"]}).ids
        assert find(api, billingId={"eq": one.synced("ZUORA")}).ids == []


def test_of_several_records_of_a_vendor_the_search_knows_the_first(api: Simulator) -> None:
    several = [
        [row.row["syncedEntityId"] for row in one.carried if row.vendor == "STRIPE"]
        for one in data.listed("production")
    ]
    first, second = next(ids for ids in several if len(ids) == 2 and all(ids))
    assert sum(len(ids) > 1 for ids in several) > 20
    assert len(find(api, billingId={"eq": first}).ids) == 1
    assert find(api, billingId={"eq": second}).ids == []


def test_archived_customers_are_found_and_marked(api: Simulator) -> None:
    (edge,) = find(api, customerId={"eq": "archived-co"}).json["data"]["customers"]["edges"]
    assert edge["node"]["deletedAt"]
    assert edge["node"]["name"] is edge["node"]["email"] is None


def test_the_newest_come_first_and_no_more_than_asked_for(api: Simulator) -> None:
    found = find(api, first=7, searchQuery={"iLike": "%.example"}).json["data"]["customers"]
    created = [edge["node"]["createdAt"] for edge in found["edges"]]
    assert len(created) == 7 < found["totalCount"]
    assert created == sorted(created, reverse=True)


def test_a_fault_customer_is_never_stumbled_into(api: Simulator) -> None:
    assert find(api, searchQuery={"iLike": "%faults.example"}).ids == []


# --- sync states ----------------------------------------------------------------------------------


def test_all_four_kinds_of_sync_state_come(api: Simulator) -> None:
    assert {state["status"] for state in states(api, "meridian-group").states} == {
        "SUCCESS",
        "PENDING",
        "ERROR",
        "NO_SYNC_REQUIRED",
    }


def test_acmes_salesforce_row_has_failed_and_its_unheard_of_vendor_has_no_state(
    api: Simulator,
) -> None:
    found = {state["vendorIdentifier"]: state for state in states(api, "acme-corp").states}
    assert (found["SALESFORCE"]["status"], found["STRIPE"]["status"]) == ("ERROR", "SUCCESS")
    assert "Industry" in found["SALESFORCE"]["error"]
    assert "ACME_LEDGER" not in found


def test_states_and_rows_share_the_integrations_id(api: Simulator) -> None:
    rows = simulator.data.customers("production")["acme-corp"].carried
    assert {state["integration"]["integrationId"] for state in states(api, "acme-corp").states} < {
        row.row["id"] for row in rows
    }


def test_states_are_the_same_every_time(api: Simulator) -> None:
    assert states(api, "meridian-group").json == states(api, "meridian-group").json


def test_an_unknown_customer_is_null_beside_an_error(api: Simulator) -> None:
    reply = states(api, "staging-only")
    assert (reply.status, reply.code, reply.json["data"]) == (
        200,
        "CustomerNotFound",
        {"getCustomerByRefId": None},
    )
    assert states(api, "staging-only", STAGING).states


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"X-API-KEY": "wrong"}, {"Authorization": "Bearer wrong"}])
def test_it_refuses_a_stranger_inside_an_answer(api: Simulator, headers: dict[str, str]) -> None:
    reply = find(api, headers=headers, name={"eq": "x"})
    assert (reply.status, reply.code) == (200, "Unauthenticated")


def test_a_person_may_ask(api: Simulator) -> None:
    assert find(api, headers=PERSON, name={"eq": "Globex"}).ids == [
        "auth0|65f1c0ffee0badc0de5ca1ab"
    ]


@pytest.mark.parametrize("key", simulator.REST_ONLY_KEYS)
def test_a_key_for_rest_alone_is_refused(api: Simulator, key: str) -> None:
    reply = find(api, headers={"X-API-KEY": key}, name={"eq": "Globex"})
    assert (reply.status, reply.code) == (200, "IdentityForbidden")
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    connection.request("GET", "/api/v1/customers/acme-corp", headers={"X-API-KEY": key})
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("query {}", "GRAPHQL_PARSE_FAILED"),
        ("mutation M { a }", "GRAPHQL_PARSE_FAILED"),
        (CUSTOMERS + "}", "GRAPHQL_PARSE_FAILED"),
        ("{ a " + "{ a " * 9000, "GRAPHQL_PARSE_FAILED"),
        ("{ customers { ...All } }", "GRAPHQL_PARSE_FAILED"),
        ("{ customers(filter: {}) { totalCount } }", "GRAPHQL_PARSE_FAILED"),
        ("{ plans { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ customers }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ customers { edges { node { nam } } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ customers { totalCount { much } } }", "GRAPHQL_VALIDATION_FAILED"),
        (
            STATES.replace("integration { id", "integration { credentials"),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("query Q($p: Int) { customers(page: $p) { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query Q { customers(filter: $f) { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
        (CUSTOMERS, "BAD_USER_INPUT"),
        (STATES, "BAD_USER_INPUT"),
    ],
)
def test_it_refuses_a_document_that_does_not_fit(api: Simulator, query: str, code: str) -> None:
    reply = ask(api, query)
    assert (reply.status, reply.code) == (400, code)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"5", b"{}", b'{"query": 5}', b"\xff", b"[" * 100_000]
)
def test_it_refuses_a_body_that_is_no_question(api: Simulator, body: bytes) -> None:
    reply = post(api, body)
    assert (reply.status, reply.code) == (400, "BAD_REQUEST")


def test_it_refuses_an_operation_that_the_document_does_not_have(api: Simulator) -> None:
    variables = {"filter": {}, "paging": {"first": 1}}
    question = {"query": CUSTOMERS, "operationName": "Other", "variables": variables}
    assert post(api, json.dumps(question).encode()).code == "OPERATION_RESOLUTION_FAILURE"
    assert post(api, json.dumps(question | {"operationName": "Any"}).encode()).status == 200


@pytest.mark.parametrize(
    "filters",
    [
        {"searchQuery": {"eq": "acme"}},
        {"searchQuery": {"like": "acme"}},
        {"searchQuery": {}},
        {"searchQuery": "a"},
        {"name": {"contains": "a"}},
        {"name": {"eq": 5}},
        {"name": {"in": "a"}},
        {"name": {"in": [5]}},
        {"name": {"eq": "a", "iLike": "a"}},
        {"name": {"iLike": "a\\"}},
        {"metadata": {"eq": "a"}},
        {"or": {}},
        {"or": []},
        {"and": ["x"]},
    ],
)
def test_it_refuses_a_filter_that_the_schema_does_not_know(
    api: Simulator, filters: dict[str, Any]
) -> None:
    reply = find(api, **filters)
    assert (reply.status, reply.code) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize("first", [0, 51, "10", None, True, 1.5])
def test_it_refuses_a_page_that_is_none(api: Simulator, first: object) -> None:
    assert ask(api, CUSTOMERS, filter={}, paging={"first": first}).code == "BAD_USER_INPUT"


@pytest.mark.parametrize("given", [{}, {"customerId": 5}, "acme-corp"])
def test_it_refuses_to_guess_the_customer(api: Simulator, given: object) -> None:
    assert ask(api, STATES, input=given).code == "BAD_USER_INPUT"


def test_only_post_asks(api: Simulator) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    connection.request("GET", "/graphql?query={customers{totalCount}}", headers=PRODUCTION)
    assert connection.getresponse().status == 404
    connection.close()


def test_a_document_is_read_as_it_is_written() -> None:
    read = documents.read("query Q($a: [Int!]!, $b: X = 5) { f(x: $a) { g, h { i } } }")
    assert (read.operation, read.variables) == ("Q", {"a": "[Int!]!", "b": "X=5"})
    assert read.fields[0].arguments == {"x": "a"}
    assert [field.name for field in read.fields[0].fields] == ["g", "h"]


# --- faults ---------------------------------------------------------------------------------------


def test_a_fault_may_be_set_for_graphql_alone(api: Simulator) -> None:
    api.fault(route="graphql", customer="acme-corp", status=503)
    assert states(api, "acme-corp").status == 503
    assert states(api, "twin-one").status == 200
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    connection.request("GET", "/api/v1/customers/acme-corp", headers=PRODUCTION)
    assert connection.getresponse().status == 200
    connection.close()


def test_a_code_without_a_status_is_refused_inside_an_answer(api: Simulator) -> None:
    api.fault(route="graphql", code="RateLimitExceeded")
    reply = find(api, name={"eq": "x"})
    assert (reply.status, reply.code, reply.json["data"]) == (200, "RateLimitExceeded", None)


def test_a_customer_of_faults_fails_here_too(api: Simulator) -> None:
    assert (states(api, "fault-403").status, states(api, "fault-403").code) == (
        403,
        "IdentityForbidden",
    )


@pytest.mark.parametrize("shape", faults.SHAPES)
@pytest.mark.parametrize("customer_id", ["acme-corp", "nobody"])
def test_every_shape_fits_graphql(api: Simulator, shape: str, customer_id: str) -> None:
    api.fault(route="graphql", shape=shape)
    for body in (STATES, CUSTOMERS):
        variables = {"input": {"customerId": customer_id}, "filter": {}, "paging": {"first": 3}}
        connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
        connection.request(
            "POST", "/graphql", json.dumps({"query": body, "variables": variables}), PRODUCTION
        )
        assert connection.getresponse().status == 200
        connection.close()


def test_what_was_asked_is_remembered_without_its_key(api: Simulator) -> None:
    find(api, name={"eq": "x"})
    (seen,) = api.requests()
    assert (seen["method"], seen["path"], seen["environment"]) == ("POST", graph.PATH, "production")
    assert seen["headers"]["x-api-key"] == "***"
