"""The address by which tests in other processes steer the simulated Stigg."""

from typing import Any

import pytest

from integrations_app.simulator import Simulator
from integrations_app.simulator.application import Application
from tests.simulator.calls import PERSON, call, control, rows


def test_faults_can_be_set_and_cleared_over_http(api: Simulator) -> None:
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
def test_a_fault_that_makes_no_sense_is_refused(api: Simulator, payload: object) -> None:
    reply = control(api, "POST", "/_control/faults", payload)
    assert reply.status == 400
    assert reply.json["message"]
    assert rows(api, "acme-corp").status == 200


def test_broken_json_is_refused(api: Simulator) -> None:
    assert call(api, "/_control/faults", "POST", {}, b"{").status == 400


def test_it_tells_what_it_was_asked(api: Simulator) -> None:
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


def test_it_forgets_when_told(api: Simulator) -> None:
    rows(api, "acme-corp")
    control(api, "DELETE", "/_control/requests")
    assert api.requests() == []


def test_what_it_tells_holds_no_key(api: Simulator) -> None:
    rows(api, "acme-corp")
    rows(api, "acme-corp", PERSON)
    rows(api, "acme-corp", {"X-API-KEY": "somebody's real key"})
    told = control(api, "GET", "/_control/requests")
    assert [seen["environment"] for seen in told.json] == ["production", "production", None]
    assert told.json[0]["headers"]["x-api-key"] == told.json[1]["headers"]["authorization"] == "***"
    for secret in (b"simulated-production-key", b"simulated-user-token", b"real key"):
        assert secret not in told.body


def test_clear_is_a_fresh_start(api: Simulator) -> None:
    api.fault(status=500)
    rows(api, "acme-corp")
    api.clear()
    assert api.requests() == []
    assert rows(api, "acme-corp").status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/_control/faults"), ("PUT", "/_control/requests"), ("GET", "/_control/")],
)
def test_there_are_no_other_controls(api: Simulator, method: str, path: str) -> None:
    assert control(api, method, path).status == 404


def test_only_this_machine_may_control() -> None:
    heard: list[str] = []

    def start_response(status: str, _headers: object, _exc_info: object = None, /) -> Any:
        heard.append(status)

    environ = {
        "REQUEST_METHOD": "DELETE",
        "RAW_URI": "/_control/faults",
        "REMOTE_ADDR": "203.0.113.5",
    }
    Application(lambda _seconds: None)(environ, start_response)
    assert heard == ["403 Forbidden"]
