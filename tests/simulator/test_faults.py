"""What can be made to go wrong."""

import http.client
import json
import socket
import time
from collections.abc import Callable

import pytest

from integrations_app.simulator import Simulator, faults
from integrations_app.simulator.named import NAMED
from tests.simulator.calls import STAGING, call, customer, customers, get, raw, rows


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
def test_some_customers_are_always_refused(
    api: Simulator, customer_id: str, status: int, code: str | None
) -> None:
    assert rows(api, customer_id).error == customer(api, customer_id).error == (status, code)


def test_too_many_requests_say_how_long_to_wait(api: Simulator) -> None:
    assert rows(api, "fault-429").headers["Retry-After"] == "12"


def test_a_customer_may_answer_in_html(api: Simulator) -> None:
    reply = rows(api, "fault-html")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html")
    assert reply.body.startswith(b"<!doctype html>")


def test_a_customer_may_send_elsewhere(api: Simulator) -> None:
    reply = rows(api, "fault-redirect")
    assert (reply.status, reply.headers["Location"], reply.body) == (
        302,
        "https://elsewhere.example/",
        b"",
    )


def test_a_customer_may_answer_with_nothing(api: Simulator) -> None:
    assert rows(api, "fault-empty").body == b""


def test_a_customer_may_answer_in_another_shape(api: Simulator) -> None:
    assert rows(api, "fault-shape").json["data"] == {}


def test_a_customer_may_be_cut_off(api: Simulator) -> None:
    with pytest.raises(http.client.IncompleteRead) as cut:
        rows(api, "fault-cut")
    assert cut.value.partial
    assert cut.value.expected


def test_every_built_in_fault_has_its_customer() -> None:
    assert {fault.customer for fault in faults.BUILT_IN} == {
        named.id for named in NAMED if named.id.startswith("fault-")
    }


def test_a_fault_meets_its_customer_alone(api: Simulator) -> None:
    api.fault(customer="acme-corp", status=503)
    assert rows(api, "acme-corp").status == 503
    assert rows(api, "meridian-group").status == 200


def test_a_fault_meets_everybody_unless_told(api: Simulator) -> None:
    api.fault(status=503)
    assert {
        rows(api, "acme-corp").status,
        customer(api, "twin-one").status,
        customers(api).status,
    } == {503}


def test_a_fault_may_meet_one_environment(api: Simulator) -> None:
    api.fault(environment="staging", status=503)
    assert (rows(api, "acme-corp").status, rows(api, "acme-corp", STAGING).status) == (200, 503)


@pytest.mark.parametrize("route", ["customer", "integrations", "customers"])
def test_a_fault_may_meet_one_route(api: Simulator, route: str) -> None:
    api.fault(route=route, status=503)
    replies = {
        "customer": customer(api, "acme-corp"),
        "integrations": rows(api, "acme-corp"),
        "customers": customers(api),
    }
    assert [name for name, reply in replies.items() if reply.status == 503] == [route]


def test_a_fault_may_meet_one_caller_by_what_the_request_says(api: Simulator) -> None:
    api.fault(said="name=Acme Inc.", status=503)
    assert customers(api, name="Acme Inc.").status == 503
    assert customers(api, name="Acme").status == 200
    api.fault(said="%apex%", headers={"X-Trace": "met"})
    searches = [json.dumps({"variables": like}) for like in ("%apex%", "%apex books%")]
    replies = [call(api, "/graphql", "POST", body=search) for search in searches]
    assert ["X-Trace" in reply.headers for reply in replies] == [True, False]


def test_a_fault_may_happen_a_few_times(api: Simulator) -> None:
    api.fault(status=503, times=2)
    assert [rows(api, "acme-corp").status for _ in range(4)] == [503, 503, 200, 200]


def test_of_two_faults_the_newer_happens_first(api: Simulator) -> None:
    api.fault(status=500)
    api.fault(status=503, times=1)
    assert [rows(api, "acme-corp").status for _ in range(2)] == [503, 500]


def test_a_fault_may_bring_its_own_words(api: Simulator) -> None:
    api.fault(
        status=400, code="ApiKeyExpired", message="Your key has expired", headers={"X-Trace": "t-1"}
    )
    reply = rows(api, "acme-corp")
    assert reply.json == {"message": "Your key has expired", "code": "ApiKeyExpired"}
    assert reply.headers["X-Trace"] == "t-1"


def test_a_code_may_be_null(api: Simulator) -> None:
    api.fault(status=429, code=None)
    assert rows(api, "acme-corp").error == (429, None)


def test_a_fault_may_bring_its_own_body(api: Simulator) -> None:
    api.fault(status=502, body="<h1>no</h1>", content_type="text/html; charset=utf-8")
    reply = rows(api, "acme-corp")
    assert (reply.status, reply.headers["Content-Type"], reply.body) == (
        502,
        "text/html; charset=utf-8",
        b"<h1>no</h1>",
    )


def test_headers_alone_leave_the_answer_right(api: Simulator) -> None:
    api.fault(headers={"X-Trace": "t-1"})
    reply = rows(api, "acme-corp")
    assert (len(reply.ids), reply.headers["X-Trace"]) == (6, "t-1")


def test_an_answer_without_content_has_no_body(api: Simulator) -> None:
    """A body behind a 204 would be read as the next answer."""
    api.fault(status=204)
    request = get("/api/v1/customers/acme-corp", "Connection: close")
    assert raw(api, request).endswith(b"\r\n\r\n")


def test_an_answer_may_be_late(api: Simulator) -> None:
    api.fault(delay=0.2)
    begin = time.perf_counter()
    assert len(rows(api, "acme-corp").ids) == 6
    assert time.perf_counter() - begin >= 0.2


def test_an_answer_may_drip(api: Simulator) -> None:
    api.fault(body=json.dumps({"data": ["x" * 50]}), drip=0.05)
    begin = time.perf_counter()
    assert rows(api, "acme-corp").json == {"data": ["x" * 50]}
    assert time.perf_counter() - begin >= 0.15


def test_even_its_head_may_drip(api: Simulator) -> None:
    api.fault(body="{}", drip=0.05, drip_head=True)
    begin = time.perf_counter()
    assert rows(api, "acme-corp").json == {}
    assert time.perf_counter() - begin >= 0.2


def test_a_client_that_hangs_up_on_a_drip_disturbs_nobody(
    api: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    api.fault(customer="twin-one", drip=0.01)
    with socket.create_connection(("127.0.0.1", api.port)) as connection:
        connection.sendall(get("/api/v1/customers/twin-one"))
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
def test_an_answer_may_have_another_shape(
    api: Simulator, shape: str, is_so: Callable[[bytes], bool]
) -> None:
    api.fault(shape=shape)
    reply = rows(api, "acme-corp")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert is_so(reply.body)


@pytest.mark.parametrize("shape", faults.SHAPES)
def test_every_shape_fits_the_other_routes_and_unknown_customers(
    api: Simulator, shape: str
) -> None:
    api.fault(shape=shape)
    assert (
        customer(api, "acme-corp").status,
        customers(api).status,
        customer(api, "nobody").status,
    ) == (200, 200, 200)


def test_shapes_never_stay(api: Simulator) -> None:
    api.fault(shape="broken-row", times=1)
    rows(api, "acme-corp")
    assert len(rows(api, "acme-corp").ids) == 6
