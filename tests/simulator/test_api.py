"""What the simulated Stigg API does, asked over real HTTP."""

import ast
import http.client
import io
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode
from wsgiref.validate import validator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_app import simulator
from integrations_app.simulator import data, faults
from integrations_app.simulator.application import Application
from integrations_app.simulator.named import LONG_ID, NAMED
from integrations_app.simulator.rows import BILLING_LINKS, VENDORS

PRODUCTION = {"X-API-KEY": "simulated-production-key"}
STAGING = {"X-API-KEY": "simulated-staging-key"}
PERSON = {"Authorization": "Bearer simulated-user-token", "X-ENVIRONMENT-ID": "env-production"}
MADE_UP = "123e4567-e89b-12d3-a456-426614174000"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.status, self.json["code"]

    @property
    def ids(self):
        return [row["id"] for row in self.json["data"]]

    @property
    def vendors(self):
        return [row["vendorIdentifier"] for row in self.json["data"]]

    @property
    def next(self):
        return self.json["pagination"]["next"]

    @property
    def prev(self):
        return self.json["pagination"]["prev"]


@pytest.fixture(scope="module")
def running() -> Iterator[simulator.Simulator]:
    with simulator.start() as simulated:
        yield simulated


@pytest.fixture
def api(running) -> Iterator[simulator.Simulator]:
    running.clear()
    yield running
    running.clear()


def call(api, path, method="GET", headers=PRODUCTION, body=None) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    try:
        return call_on(connection, path, method, headers, body)
    finally:
        connection.close()


def call_on(connection, path, method="GET", headers=PRODUCTION, body=None) -> Reply:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return Reply(answer.status, dict(answer.getheaders()), answer.read())


def rows(api, customer_id, headers=PRODUCTION, **query) -> Reply:
    suffix = "?" + urlencode(query, safe=",") if query else ""
    return call(
        api,
        f"/api/v1/customers/{quote(customer_id, safe='')}/integrations{suffix}",
        headers=headers,
    )


def customer(api, customer_id, headers=PRODUCTION) -> Reply:
    return call(api, f"/api/v1/customers/{quote(customer_id, safe='')}", headers=headers)


def customers(api, headers=PRODUCTION, **query) -> Reply:
    return call(api, f"/api/v1/customers?{urlencode(query)}", headers=headers)


def control(api, method, path, payload=None) -> Reply:
    return call(
        api, path, method, headers={}, body=None if payload is None else json.dumps(payload)
    )


def raw(api, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


# --- starting and stopping ------------------------------------------------------------------------


def test_it_says_where_it_is(api):
    assert api.url == f"http://127.0.0.1:{api.port}"


def test_it_listens_on_loopback_alone(api):
    assert api._server.server_address[0] == "127.0.0.1"


def test_two_of_them_share_no_faults(api):
    with simulator.start() as second:
        second.fault(status=500)

        assert rows(second, "acme-corp").status == 500
        assert rows(api, "acme-corp").status == 200


def test_it_takes_the_port_it_is_given():
    with simulator.start() as first:
        port = first.port
    with simulator.start(port) as second:
        assert rows(second, "acme-corp").status == 200


def test_when_it_stops_nobody_answers():
    with simulator.start() as stopped:
        pass
    with pytest.raises(ConnectionRefusedError):
        rows(stopped, "acme-corp")


def test_when_it_stops_kept_connections_end_too():
    with simulator.start() as stopped:
        connection = http.client.HTTPConnection("127.0.0.1", stopped.port, timeout=10)
        call_on(connection, "/api/v1/customers/acme-corp")
    connection.auto_open = False
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        call_on(connection, "/api/v1/customers/acme-corp")


def test_when_it_stops_nobody_is_left_waiting():
    with simulator.start() as stopped, ThreadPoolExecutor(1) as caller:
        stopped.fault(delay=600)
        waiting = caller.submit(rows, stopped, "acme-corp")
        while not stopped.requests() and not waiting.done():
            pass
        begin = time.perf_counter()
        stopped.stop()

        waiting.exception(timeout=5)
        assert time.perf_counter() - begin < 5


def test_it_needs_nothing_but_the_standard_library():
    for path in Path(simulator.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names, path.name


# --- HTTP -----------------------------------------------------------------------------------------


def test_kept_connections_are_quick(api):
    """Nagle's algorithm against delayed ACKs would cost 44 ms a call."""
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    call_on(connection, "/api/v1/customers/acme-corp")
    begin = time.perf_counter()
    for _ in range(50):
        assert call_on(connection, "/api/v1/customers/acme-corp/integrations").status == 200
    connection.close()

    assert time.perf_counter() - begin < 2


def test_a_crowd_may_come_at_once(api):
    with ThreadPoolExecutor(60) as crowd:
        replies = crowd.map(lambda _: rows(api, "acme-corp").status, range(300))

        assert set(replies) == {200}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"])
@pytest.mark.parametrize("path", ["", "/acme-corp", "/acme-corp/integrations"])
def test_only_get_is_allowed(api, method, path):
    reply = call(api, f"/api/v1/customers{path}", method)

    assert (reply.status, reply.headers["Allow"], reply.json["code"]) == (405, "GET", None)


def test_head_is_refused_without_a_body(api):
    reply = call(api, "/api/v1/customers", "HEAD")

    assert (reply.status, reply.body) == (405, b"")


@pytest.mark.parametrize(
    "path", ["/", "/api/v1", "/api/v1/customers/a/b", "/api/v2/customers", "/graphql", "/healthz"]
)
def test_other_paths_are_not_found_in_json(api, path):
    reply = call(api, path)

    assert (reply.status, reply.headers["Content-Type"]) == (404, "application/json; charset=utf-8")
    assert reply.json["code"] is None


def test_a_body_that_nobody_wants_does_not_spoil_the_next_request(api):
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    assert (
        call_on(connection, "/api/v1/customers", "POST", body=b"GET / HTTP/1.1\r\n\r\n").status
        == 405
    )
    assert call_on(connection, "/api/v1/customers/acme-corp").status == 200
    connection.close()


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"POST /api/v1/customers HTTP/1.1\r\nContent-Length: ten\r\n\r\n", b"400"),
        (b"POST /api/v1/customers HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (
            b"POST /api/v1/customers HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
            b"413",
        ),
        (b"POST /api/v1/customers HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
    ],
)
def test_what_is_hardly_http_is_refused_in_json(api, request_text, status):
    head, _, body = raw(api, request_text).partition(b"\r\n\r\n")

    assert head.split()[1] == status
    assert json.loads(body)["code"] is None


def test_it_keeps_the_rules_of_wsgi():
    """A stranger's judgement: wsgiref's validator raises where an application or its server breaks
    PEP 3333.
    """
    application = validator(Application(lambda _seconds: None))
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/api/v1/customers/acme-corp",
        "QUERY_STRING": "",
        "RAW_URI": "/api/v1/customers/acme-corp",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "HTTP_X_API_KEY": "simulated-production-key",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    answer = application(environ, lambda _status, _headers, _exc_info=None: print)

    assert json.loads(b"".join(answer))["data"]["name"] == "Acme Inc."
    answer.close()


# --- who asks -------------------------------------------------------------------------------------


def test_a_key_opens_its_own_environment(api):
    assert customer(api, "staging-only").error == (404, "CustomerNotFound")
    assert customer(api, "staging-only", STAGING).status == 200


def test_a_key_needs_no_environment_header_and_ignores_it(api):
    assert (
        customer(api, "staging-only", STAGING | {"X-ENVIRONMENT-ID": "env-production"}).status
        == 200
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-KEY": ""},
        {"X-API-KEY": "wrong"},
        {"X-API-KEY": "simulated-production-ke"},
        {"X-API-KEY": "wrong"} | PERSON,
        {"Authorization": "Bearer wrong", "X-ENVIRONMENT-ID": "env-production"},
        {"Authorization": "Basic simulated-user-token", "X-ENVIRONMENT-ID": "env-production"},
        {"Authorization": "Bearer simulated-production-key", "X-ENVIRONMENT-ID": "env-production"},
    ],
)
def test_a_wrong_or_missing_key_opens_nothing(api, headers):
    assert rows(api, "acme-corp", headers).error == (401, "Unauthenticated")


def test_a_person_names_the_environment(api):
    assert customer(api, "acme-corp", PERSON).status == 200
    assert customer(api, "staging-only", PERSON | {"X-ENVIRONMENT-ID": "env-staging"}).status == 200


def test_a_person_may_name_the_account(api):
    assert customer(api, "acme-corp", PERSON | {"X-ACCOUNT-ID": "account-1"}).status == 200


def test_a_person_who_names_no_environment_is_told(api):
    assert customer(api, "acme-corp", {"Authorization": PERSON["Authorization"]}).error == (
        400,
        "BadUserInput",
    )


def test_a_person_sees_no_foreign_environment(api):
    assert customer(api, "acme-corp", PERSON | {"X-ENVIRONMENT-ID": "env-other"}).error == (
        403,
        "AccessDeniedError",
    )


# --- what is asked --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "customer_id", ["auth0|65f1c0ffee0badc0de5ca1ab", "ops@globex.example", "müller-gmbh", LONG_ID]
)
def test_ids_of_every_shape_are_found(api, customer_id):
    assert customer(api, customer_id).json["data"]["id"] == customer_id
    assert rows(api, customer_id).status == 200


def test_an_id_is_decoded_once(api):
    assert call(api, "/api/v1/customers/acme%2Dcorp").status == 200
    assert call(api, "/api/v1/customers/acme%252Dcorp").status == 404


def test_a_quoted_slash_stays_inside_its_id(api):
    assert call(api, "/api/v1/customers/acme-corp%2Fintegrations").error == (
        404,
        "CustomerNotFound",
    )


def test_a_plus_in_an_id_is_a_plus(api):
    api.fault(customer="a+b", status=503)

    assert call(api, "/api/v1/customers/a+b").status == 503


@pytest.mark.parametrize("route", ["", "/integrations"])
@pytest.mark.parametrize("customer_id", ["", "x" * 256, "%C3%BC" * 256])
def test_an_id_has_one_to_255_characters(api, customer_id, route):
    assert call(api, f"/api/v1/customers/{customer_id}{route}").error == (400, "BadUserInput")


def test_an_id_of_255_letters_of_two_bytes_is_not_too_long(api):
    assert rows(api, "ü" * 255).error == (404, "CustomerNotFound")


def test_an_unknown_customer_is_not_found(api):
    assert rows(api, "nobody").error == (404, "CustomerNotFound")
    assert customer(api, "nobody").json["message"] == "Customer not found."


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=",
        "limit=ten",
        "limit=1.0",
        "limit=1e1",
        "limit=%2B5",
        "limit=%205",
        "limit=05",
        "limit=%D9%A3",
        "limit=" + "9" * 5000,
        "limit=5&limit=5",
        "after=",
        "after=page-2",
        "after=123e4567e89b12d3a456426614174000",
        "after=%7B123e4567-e89b-12d3-a456-426614174000%7D",
        f"after={MADE_UP}",
        f"before={MADE_UP}",
        "before=null",
        "email=ops@acme.example",
        "vendor=STRIPE",
        "vendorIdentifier=STRIPE&vendorIdentifier=ZUORA",
        "limit[gt]=5",
        "%FF=1",
    ],
)
def test_a_query_that_makes_no_sense_is_refused(api, query):
    reply = call(api, f"/api/v1/customers/acme-corp/integrations?{query}")

    assert reply.error == (400, "BadUserInput")
    assert reply.json["message"]


@pytest.mark.parametrize(
    "value",
    ["", "ACME_LEDGER", "stripe", "STRIPE,", "STRIPE, ZUORA", "STRIPE;ZUORA", "STRIPE,DATA_EXPORT"],
)
def test_a_vendor_that_stigg_does_not_know_is_refused(api, value):
    assert rows(api, "acme-corp", vendorIdentifier=value).error == (
        400,
        "UnsupportedVendorIdentifier",
    )


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_known_vendor_filters(api, vendor):
    assert rows(api, "all-vendors", vendorIdentifier=vendor).vendors == [vendor]


def test_a_quoted_comma_joins_vendors_too(api):
    reply = call(api, "/api/v1/customers/acme-corp/integrations?vendorIdentifier=STRIPE%2CHUBSPOT")

    assert reply.vendors == ["STRIPE", "STRIPE", "HUBSPOT"]


def test_a_vendor_named_twice_changes_nothing(api):
    assert rows(api, "acme-corp", vendorIdentifier="STRIPE,STRIPE").vendors == ["STRIPE", "STRIPE"]


def test_a_filter_may_hide_everything(api):
    reply = rows(api, "acme-corp", vendorIdentifier="ZUORA")

    assert reply.json == {"data": [], "pagination": {"next": None, "prev": None}}


def test_a_page_has_twenty_rows_unless_asked(api):
    assert len(rows(api, "meridian-group").ids) == 20


@pytest.mark.parametrize("limit", [1, 99, 100])
def test_a_page_has_as_many_rows_as_asked(api, limit):
    assert len(rows(api, "meridian-group", limit=limit).ids) == limit


def test_the_customer_takes_no_query(api):
    assert call(api, "/api/v1/customers/acme-corp?limit=5").error == (400, "BadUserInput")


def test_the_key_is_judged_before_the_query(api):
    assert rows(api, "acme-corp", {}, limit=0).status == 401


def test_the_query_is_judged_before_the_customer_is_looked_up(api):
    assert rows(api, "nobody", limit=0).status == 400


# --- paging ---------------------------------------------------------------------------------------


def walk(connection, path, limit, vendors, **cursor):
    """Pages in the order they come: `after` the last row until the end, or `before` the first to
    the start.
    """
    query = {"limit": limit} | ({"vendorIdentifier": ",".join(vendors)} if vendors else {})
    direction, step = ("before", "prev") if "before" in cursor else ("after", "next")
    for _ in range(200):
        page = call_on(connection, f"{path}?{urlencode(query | cursor)}")
        yield page
        place = page.json["pagination"][step]
        if place is None:
            return
        cursor = {direction: place}
    pytest.fail("the walk never ends")


@given(
    customer_id=st.sampled_from(
        ["meridian-group", "acme-corp", "all-vendors", "hostile-values", "empty-co"]
    ),
    limit=st.sampled_from([1, 7, 20, 100]),
    vendors=st.sets(st.sampled_from(VENDORS), max_size=5),
)
@settings(max_examples=100, deadline=None, database=None)
def test_walking_next_shows_every_row_once_and_walking_back_the_same_reversed(
    running, customer_id, limit, vendors
):
    path = f"/api/v1/customers/{customer_id}/integrations"
    everything = data.customers("production")[customer_id].listed
    wanted = [row.row["id"] for row in everything if not vendors or row.vendor in vendors]
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)

    forth = list(walk(connection, path, limit, vendors))
    assert [row for page in forth for row in page.ids] == wanted
    assert forth[0].prev is None
    if forth[-1].prev:
        back = list(walk(connection, path, limit, vendors, before=forth[-1].prev))
        assert [row for page in reversed(back) for row in page.ids] == wanted[: -len(forth[-1].ids)]
        assert [page.ids for page in back] == [page.ids for page in reversed(forth[:-1])]
    connection.close()


def test_a_page_before_comes_in_forward_order(api):
    first = rows(api, "meridian-group", limit=5)
    second = rows(api, "meridian-group", limit=5, after=first.next)

    assert rows(api, "meridian-group", limit=5, before=second.prev).ids == first.ids


def test_the_last_page_has_no_next_and_the_first_no_prev(api):
    first = rows(api, "meridian-group", limit=100)
    last = rows(api, "meridian-group", limit=100, after=first.next)

    assert (first.prev, last.next) == (None, None)
    assert None not in (first.next, last.prev)


def test_a_full_last_page_has_no_next(api):
    assert rows(api, "acme-corp", limit=6).next is None


def test_a_cursor_stays_good_under_another_filter(api):
    cursor = rows(api, "meridian-group", limit=50).next
    seen = rows(api, "meridian-group", limit=50).json["data"]
    stripes = sum(row["vendorIdentifier"] == "STRIPE" for row in seen)

    assert (
        len(rows(api, "meridian-group", limit=100, vendorIdentifier="STRIPE", after=cursor).ids)
        == 42 - stripes
    )


def test_cursors_are_uuids_that_outlive_a_restart(api):
    with simulator.start() as restarted:
        assert rows(restarted, "meridian-group").next == rows(api, "meridian-group").next


def test_a_cursor_may_be_written_in_capitals(api):
    cursor = rows(api, "meridian-group").next

    assert (
        rows(api, "meridian-group", after=cursor.upper()).ids
        == rows(api, "meridian-group", after=cursor).ids
    )


def test_a_cursor_of_another_customer_is_refused(api):
    cursor = rows(api, "meridian-group").next

    assert rows(api, "acme-corp", after=cursor).error == (400, "BadUserInput")


def test_a_cursor_of_another_environment_is_refused(api):
    cursor = rows(api, "meridian-group").next

    assert rows(api, "meridian-group", STAGING, after=cursor).error == (400, "BadUserInput")


def test_two_cursors_at_once_are_refused(api):
    cursor = rows(api, "meridian-group").next

    assert rows(api, "meridian-group", after=cursor, before=cursor).error == (400, "BadUserInput")


# --- customers ------------------------------------------------------------------------------------


def test_a_customer_carries_its_integrations_without_sync_data(api):
    carried = customer(api, "acme-corp").json["data"]["integrations"]

    assert [row["id"] for row in carried] == rows(api, "acme-corp").ids
    assert {tuple(row) for row in carried} == {("id", "vendorIdentifier", "syncedEntityId")}


def test_a_customer_has_the_fields_that_the_official_sdk_reads(api):
    document = customer(api, "acme-corp").json["data"]

    assert document.keys() == {
        *(
            "id",
            "name",
            "email",
            "billingId",
            "billingCurrency",
            "couponId",
            "createdAt",
            "updatedAt",
            "archivedAt",
        ),
        *(
            "defaultPaymentMethod",
            "integrations",
            "language",
            "timezone",
            "metadata",
            "passthrough",
        ),
    }
    assert document["createdAt"] < document["updatedAt"]


def test_an_email_finds_exactly(api):
    assert customers(api, email="shared@twins.example").ids == ["twin-one", "twin-two"]
    assert customers(api, email="shared@twins").ids == []


def test_a_name_finds_exactly(api):
    assert customers(api, name="Acme Inc.").ids == ["acme-corp"]
    assert customers(api, name="Acme").ids == []


def test_email_and_name_have_to_fit_both(api):
    assert customers(api, email="shared@twins.example", name="Twin Two Ltd.").ids == ["twin-two"]


def test_found_customers_page_too(api):
    first = customers(api, email="shared@twins.example", limit=1)
    second = customers(api, email="shared@twins.example", limit=1, after=first.next)

    assert (first.ids, second.ids, second.next) == (["twin-one"], ["twin-two"], None)


def test_all_customers_come_once(api):
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    found = [row for page in walk(connection, "/api/v1/customers", 100, ()) for row in page.ids]
    connection.close()

    assert len(found) == len(set(found)) > 3_000
    assert not [one for one in found if one.startswith("fault-")], (
        "a walk should never stumble into a fault"
    )


@pytest.mark.parametrize(
    "query", ["createdAt[gt]=2026-01-01", "id=acme-corp", "vendorIdentifier=STRIPE"]
)
def test_customers_cannot_be_filtered_by_anything_else(api, query):
    assert call(api, f"/api/v1/customers?{query}").error == (400, "BadUserInput")


# --- the world ------------------------------------------------------------------------------------


def everybody(environment):
    return data.customers(environment).values()


def every_row(environment):
    return [(one.vendor, one.row) for each in everybody(environment) for one in each.carried]


def test_the_world_is_the_same_in_every_process():
    script = (
        "from hashlib import sha256; from integrations_app.simulator import data; import json;"
        "world = [[c.document, c.cursor, [(i.row, i.cursor) for i in c.carried]]"
        " for e in ('production', 'staging') for c in data.customers(e).values()];"
        "print(sha256(json.dumps(world).encode()).hexdigest())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            cwd=Path(__file__).parent.parent.parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert runs[0] == runs[1]


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_thousands_of_customers_look_like_life(environment):
    crowd = [one for one in everybody(environment) if one.id not in {named.id for named in NAMED}]
    names = [one.name for one in crowd if one.name]
    counts = [len(one.carried) for one in crowd]

    assert len(crowd) == 3_000
    assert len(set(names)) == len(names)
    assert set(counts) == set(range(7))
    assert {vendor for vendor, _ in every_row(environment)} >= set(VENDORS)
    for shape in (
        r"[a-z]+-[a-z]+",
        r"auth0\|[0-9a-f]{24}",
        r"ops@[a-z-]+\.example",
        r"customer-[0-9a-f]{6}",
        r"org_\w{16}",
    ):
        assert sum(bool(re.fullmatch(shape, one.id)) for one in crowd) > 300
    assert 20 < sum(one.archived for one in crowd) < 200


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_a_customer_has_one_row_for_each_integration(environment):
    for one in everybody(environment):
        ids = [row.row["id"] for row in one.carried]
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_only_billing_vendors_have_links_and_only_marketplaces_dimensions(environment):
    for vendor, row in every_row(environment):
        sync_data = row.get("syncData") or {}
        assert "billingLinkUrl" not in sync_data or vendor in BILLING_LINKS
        assert "dimensions" not in sync_data or vendor in ("AWS_MARKETPLACE", "APP_STORE")


def test_sync_data_comes_in_every_legal_shape():
    shapes = {
        tuple(row["syncData"] or ()) if "syncData" in row else "absent"
        for _, row in every_row("production")
    }

    assert shapes == {
        "absent",
        (),
        ("foo",),
        ("dimensions",),
        ("billingId", "billingLinkUrl"),
        ("billingId", "billingLinkUrl", "priceGroupPackageBillingId"),
    }


def test_synced_ids_look_like_the_vendors_own():
    shapes = {
        "STRIPE": r"cus_\w{14}",
        "ZUORA": r"[0-9a-f]{32}",
        "HUBSPOT": r"[0-9]{10,11}",
        "SALESFORCE": r"001[0-9A-Za-z]{15}",
        "AUTH0": r"auth0\|[0-9a-f]{24}",
        "AWS_MARKETPLACE": r"[0-9]{12}",
    }
    named = data.customers("production")["meridian-group"]
    for one in named.carried:
        if one.row["syncedEntityId"]:
            assert re.fullmatch(shapes.get(one.vendor, ".+"), one.row["syncedEntityId"])


def test_the_last_three_letters_of_a_salesforce_id_spell_its_capitals():
    """Salesforce's published example: 001A0000006Vm9r is 001A0000006Vm9rIAC."""
    for vendor, row in every_row("production"):
        if vendor == "SALESFORCE" and row["syncedEntityId"]:
            short, suffix = row["syncedEntityId"][:15], row["syncedEntityId"][15:]
            chunks = [short[start : start + 5][::-1] for start in (0, 5, 10)]
            bits = [int("".join("01"[letter.isupper()] for letter in chunk), 2) for chunk in chunks]
            assert suffix == "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[number] for number in bits)


def test_links_fit_their_environment():
    links = {"production": set(), "staging": set()}
    for environment, found in links.items():
        crowd = [
            one for one in everybody(environment) if one.id not in {named.id for named in NAMED}
        ]
        found |= {
            row.row["syncData"]["billingLinkUrl"]
            for one in crowd
            for row in one.carried
            if linked(row)
        }

    assert all("/test/" in link for link in links["staging"] if "stripe" in link)
    assert not [
        link
        for link in links["production"]
        if "/test/" in link or "sandbox" in link or "demo" in link
    ]
    assert any(
        link.startswith("https://www.zuora.com/apps/CustomerAccount.do?method=view&id=")
        for link in links["production"]
    )


def linked(integration) -> bool:
    return "billingLinkUrl" in (integration.row.get("syncData") or {})


def test_acme_has_six_rows_and_one_test_link_in_production(api):
    reply = rows(api, "acme-corp")
    first, second = [row["syncData"]["billingLinkUrl"] for row in reply.json["data"][:2]]

    assert reply.vendors == [
        "STRIPE",
        "STRIPE",
        "SALESFORCE",
        "HUBSPOT",
        "SNOWFLAKE",
        "ACME_LEDGER",
    ]
    assert "/test/" not in first
    assert "/test/" in second
    assert reply.json["data"][4]["syncedEntityId"] is None


def test_meridian_has_137_rows_of_many_vendors():
    vendors = [one.vendor for one in data.customers("production")["meridian-group"].listed]

    assert len(vendors) == 137
    assert set(vendors) == set(VENDORS)
    assert vendors.count("STRIPE") >= 40
    assert vendors.count("ZUORA") >= 30


def test_an_archived_customer_lost_its_name_and_email_but_not_its_rows(api):
    document = customer(api, "archived-co").json["data"]

    assert (document["name"], document["email"]) == (None, None)
    assert document["archivedAt"]
    assert len(rows(api, "archived-co").ids) == 2


def test_a_customer_may_have_no_rows(api):
    assert rows(api, "empty-co").json == {"data": [], "pagination": {"next": None, "prev": None}}


def test_the_list_may_be_narrower_than_what_the_customer_carries(api):
    assert rows(api, "narrowed-list").vendors == ["STRIPE", "ZUORA"]
    assert len(customer(api, "narrowed-list").json["data"]["integrations"]) == 5


def test_hostile_values_arrive_as_they_are(api):
    listed = rows(api, "hostile-values").json["data"]
    text = json.dumps(listed, ensure_ascii=False)

    assert "<script>" in customer(api, "hostile-values").json["data"]["name"]
    assert "\u202e" in customer(api, "hostile-values").json["data"]["name"]
    for bite in (
        "javascript:",
        "data:",
        "http://",
        "stripe.com:pass@evil",
        "stripe.com.evil",
        "🦄",
        "x" * 255,
        '{"foo": 1}',
    ):
        assert bite in text
    assert any("\x00" in (row["syncedEntityId"] or "") for row in listed)
    assert "" in [(row.get("syncData") or {}).get("billingLinkUrl") for row in listed]


def test_every_example_is_somebody(api):
    for customer_id, reason in simulator.EXAMPLES:
        assert customer_id in data.customers("production")
        assert reason


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("customer_id", "status", "code"),
    [
        ("fault-401", 401, "Unauthenticated"),
        ("fault-403", 403, "IdentityForbidden"),
        ("fault-404", 404, "CustomerNotFound"),
        ("fault-429", 429, "RateLimitExceeded"),
        ("fault-500", 500, None),
        ("fault-503", 503, None),
    ],
)
def test_some_customers_are_always_refused(api, customer_id, status, code):
    assert rows(api, customer_id).error == customer(api, customer_id).error == (status, code)


def test_too_many_requests_say_how_long_to_wait(api):
    assert rows(api, "fault-429").headers["Retry-After"] == "12"


def test_a_customer_may_answer_in_html(api):
    reply = rows(api, "fault-html")

    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html")
    assert reply.body.startswith(b"<!doctype html>")


def test_a_customer_may_send_elsewhere(api):
    reply = rows(api, "fault-redirect")

    assert (reply.status, reply.headers["Location"], reply.body) == (
        302,
        "https://elsewhere.example/",
        b"",
    )


def test_a_customer_may_answer_with_nothing(api):
    assert rows(api, "fault-empty").body == b""


def test_a_customer_may_answer_in_another_shape(api):
    assert rows(api, "fault-shape").json["data"] == {}


def test_a_customer_may_be_cut_off(api):
    with pytest.raises(http.client.IncompleteRead) as cut:
        rows(api, "fault-cut")

    assert cut.value.partial
    assert cut.value.expected


def test_a_customer_may_be_slow_and_another_may_drip():
    kinds = {fault.customer: fault for fault in faults.BUILT_IN}

    assert kinds["fault-slow"].delay == 30
    assert kinds["fault-drip"].drip == 0.5


def test_every_built_in_fault_has_its_customer():
    assert {fault.customer for fault in faults.BUILT_IN} == {
        named.id for named in NAMED if named.id.startswith("fault-")
    }


def test_a_fault_meets_its_customer_alone(api):
    api.fault(customer="acme-corp", status=503)

    assert rows(api, "acme-corp").status == 503
    assert rows(api, "meridian-group").status == 200


def test_a_fault_meets_everybody_unless_told(api):
    api.fault(status=503)

    assert {
        rows(api, "acme-corp").status,
        customer(api, "twin-one").status,
        customers(api).status,
    } == {503}


def test_a_fault_may_meet_one_environment(api):
    api.fault(environment="staging", status=503)

    assert (rows(api, "acme-corp").status, rows(api, "acme-corp", STAGING).status) == (200, 503)


@pytest.mark.parametrize("route", ["customer", "integrations", "customers"])
def test_a_fault_may_meet_one_route(api, route):
    api.fault(route=route, status=503)
    replies = {
        "customer": customer(api, "acme-corp"),
        "integrations": rows(api, "acme-corp"),
        "customers": customers(api),
    }

    assert [name for name, reply in replies.items() if reply.status == 503] == [route]


def test_a_fault_may_happen_a_few_times(api):
    api.fault(status=503, times=2)

    assert [rows(api, "acme-corp").status for _ in range(4)] == [503, 503, 200, 200]


def test_of_two_faults_the_newer_happens_first(api):
    api.fault(status=500)
    api.fault(status=503, times=1)

    assert [rows(api, "acme-corp").status for _ in range(2)] == [503, 500]


def test_a_fault_may_bring_its_own_words(api):
    api.fault(
        status=400, code="ApiKeyExpired", message="Your key has expired", headers={"X-Trace": "t-1"}
    )
    reply = rows(api, "acme-corp")

    assert reply.json == {"message": "Your key has expired", "code": "ApiKeyExpired"}
    assert reply.headers["X-Trace"] == "t-1"


def test_a_code_may_be_null(api):
    api.fault(status=429, code=None)

    assert rows(api, "acme-corp").error == (429, None)


def test_a_fault_may_bring_its_own_body(api):
    api.fault(status=502, body="<h1>no</h1>", content_type="text/html; charset=utf-8")
    reply = rows(api, "acme-corp")

    assert (reply.status, reply.headers["Content-Type"], reply.body) == (
        502,
        "text/html; charset=utf-8",
        b"<h1>no</h1>",
    )


def test_headers_alone_leave_the_answer_right(api):
    api.fault(headers={"X-Trace": "t-1"})
    reply = rows(api, "acme-corp")

    assert (len(reply.ids), reply.headers["X-Trace"]) == (6, "t-1")


def test_an_answer_without_content_has_no_body(api):
    """A body behind a 204 would be read as the next answer."""
    api.fault(status=204)
    request = (
        "GET /api/v1/customers/acme-corp HTTP/1.1\r\nX-API-KEY: "
        "simulated-production-key\r\nConnection: close\r\n\r\n"
    )

    assert raw(api, request.encode()).endswith(b"\r\n\r\n")


def test_an_answer_may_be_late(api):
    api.fault(delay=0.2)
    begin = time.perf_counter()

    assert len(rows(api, "acme-corp").ids) == 6
    assert time.perf_counter() - begin >= 0.2


def test_an_answer_may_drip(api):
    api.fault(body=json.dumps({"data": ["x" * 50]}), drip=0.05)
    begin = time.perf_counter()

    assert rows(api, "acme-corp").json == {"data": ["x" * 50]}
    assert time.perf_counter() - begin >= 0.15


def test_even_its_head_may_drip(api):
    api.fault(body="{}", drip=0.05, drip_head=True)
    begin = time.perf_counter()

    assert rows(api, "acme-corp").json == {}
    assert time.perf_counter() - begin >= 0.2


def test_a_client_that_hangs_up_on_a_drip_disturbs_nobody(api, capsys):
    api.fault(customer="twin-one", drip=0.01)
    with socket.create_connection(("127.0.0.1", api.port)) as connection:
        request = (
            "GET /api/v1/customers/twin-one HTTP/1.1\r\nX-API-KEY: simulated-production-key\r\n\r\n"
        )
        connection.sendall(request.encode())
        connection.recv(10)

    assert rows(api, "acme-corp").status == 200
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("shape", "is_so"),
    [
        ("no-pagination", lambda body: json.loads(body).keys() == {"data"}),
        ("data-null", lambda body: json.loads(body)["data"] is None),
        ("data-object", lambda body: json.loads(body)["data"] == {}),
        ("list", lambda body: len(json.loads(body)) == 6),
        ("empty", lambda body: body == b""),
        ("broken-json", lambda body: body.startswith(b'{"data"') and not body.endswith(b"}")),
        (
            "broken-row",
            lambda body: [type(row) for row in json.loads(body)["data"]].count(dict) == 7,
        ),
        ("surrogate", lambda body: b'"cus_\\ud800"' in body),
        ("deep", lambda body: body.count(b"[") == 100_000),
        ("nan", lambda body: b"NaN" in body),
        ("huge-number", lambda body: b"9" * 5_000 in body),
    ],
)
def test_an_answer_may_have_another_shape(api, shape, is_so):
    api.fault(shape=shape)
    reply = rows(api, "acme-corp")

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert is_so(reply.body)


@pytest.mark.parametrize("shape", faults.SHAPES)
def test_every_shape_fits_the_other_routes_and_unknown_customers(api, shape):
    api.fault(shape=shape)

    assert (
        customer(api, "acme-corp").status,
        customers(api).status,
        customer(api, "nobody").status,
    ) == (200, 200, 200)


def test_shapes_never_stay(api):
    api.fault(shape="broken-row", times=1)
    rows(api, "acme-corp")

    assert len(rows(api, "acme-corp").ids) == 6


# --- the control address --------------------------------------------------------------------------


def test_faults_can_be_set_and_cleared_over_http(api):
    assert (
        control(api, "POST", "/_control/faults", {"customer": "acme-corp", "status": 503}).status
        == 201
    )
    assert rows(api, "acme-corp").status == 503

    assert control(api, "DELETE", "/_control/faults").status == 200
    assert rows(api, "acme-corp").status == 200


@pytest.mark.parametrize(
    "payload",
    [
        {"colour": "red"},
        {"shape": "round"},
        {"route": "home"},
        {"status": 99},
        {"status": "503"},
        ["list"],
        "text",
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(api, payload):
    reply = control(api, "POST", "/_control/faults", payload)

    assert reply.status == 400
    assert reply.json["message"]
    assert rows(api, "acme-corp").status == 200


def test_broken_json_is_refused(api):
    assert call(api, "/_control/faults", "POST", {}, b"{").status == 400


def test_it_tells_what_it_was_asked(api):
    call(
        api,
        "/api/v1/customers/auth0%7C65f1c0ffee0badc0de5ca1ab/integrations?vendorIdentifier=STRIPE%2CZUORA",
    )
    (seen,) = control(api, "GET", "/_control/requests").json

    assert seen["method"] == "GET"
    assert seen["path"] == "/api/v1/customers/auth0%7C65f1c0ffee0badc0de5ca1ab/integrations"
    assert seen["query"] == "vendorIdentifier=STRIPE%2CZUORA"
    assert seen["environment"] == "production"
    assert seen["headers"]["accept-encoding"] == "identity"


def test_it_forgets_when_told(api):
    rows(api, "acme-corp")
    control(api, "DELETE", "/_control/requests")

    assert api.requests() == []


def test_what_it_tells_holds_no_key(api):
    rows(api, "acme-corp")
    rows(api, "acme-corp", PERSON)
    rows(api, "acme-corp", {"X-API-KEY": "somebody's real key"})
    told = control(api, "GET", "/_control/requests")

    assert [seen["environment"] for seen in told.json] == ["production", "production", None]
    assert told.json[0]["headers"]["x-api-key"] == told.json[1]["headers"]["authorization"] == "***"
    for secret in (b"simulated-production-key", b"simulated-user-token", b"real key"):
        assert secret not in told.body


def test_clear_is_a_fresh_start(api):
    api.fault(status=500)
    rows(api, "acme-corp")
    api.clear()

    assert api.requests() == []
    assert rows(api, "acme-corp").status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/_control/faults"), ("PUT", "/_control/requests"), ("GET", "/_control/")],
)
def test_there_are_no_other_controls(api, method, path):
    assert control(api, method, path).status == 404


def test_only_this_machine_may_control():
    heard = []
    environ = {
        "REQUEST_METHOD": "DELETE",
        "RAW_URI": "/_control/faults",
        "REMOTE_ADDR": "203.0.113.5",
    }
    Application(lambda _seconds: None)(environ, lambda status, _headers: heard.append(status))

    assert heard == ["403 Forbidden"]
