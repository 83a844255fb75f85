"""/metrics and the log of requests: what an operator sees, and nobody's data in either."""

import json
import os
import re
import signal
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests
from django.test import Client

from integrations_app import simulator
from integrations_app.simulator import Simulator
from tests.desks import NAME, PASSWORD, Desk, browser, open_desk
from tests.services import Redis
from tests.site.test_stopping import wait_until
from tests.site.test_workers import shows, standing_still, tried, workers

TOKEN = "a-token-of-32-characters-or-more"
PAGES = [
    "/",
    "/production/customers/acme-corp/integrations/",
    "/production/customers/acme-corp/integrations/?refresh=1",
    "/lookup?q=billing%40acme.example%20cus_1234567890",
    "/production/customers/nobody-knows/integrations/",
    "/no/such/page/acme-corp",
]
REQUESTS = "desk_request_seconds_count"
WHAT = ["GET", "integrations", 200, 1]
PRIVATE = [NAME, PASSWORD, "acme", "cus_", "nobody", *simulator.KEYS, TOKEN]


@pytest.fixture(scope="module")
def stigg() -> Iterator[Simulator]:
    with simulator.start() as running:
        yield running


@pytest.fixture(scope="module")
def desk(
    stigg: Simulator, redis_server: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    database = f"sqlite:///{tmp_path_factory.mktemp('desk')}/desk.sqlite3"
    shared = {"DATABASE_URL": database, "CACHE_URL": redis_server.url(4), "WORKERS": "2"}
    with open_desk(stigg, METRICS_TOKEN=TOKEN, TRUSTED_PROXIES="127.0.0.1", **shared) as running:
        yield running


@pytest.fixture(scope="module")
def agent(desk: Desk) -> requests.Session:
    """Somebody who has looked around, after a wrong password."""
    tried(desk, "wrong")
    signed_in = desk.sign_in()
    for page in PAGES:
        signed_in.get(f"{desk.url}{page}")
    return signed_in


def scraped(desk: Desk) -> str:
    allowed = {"Authorization": f"Bearer {TOKEN}"}
    answer = browser().get(f"{desk.url}/metrics", headers={**allowed, "Host": "10.1.2.3"})
    answer.raise_for_status()
    return answer.text


def counted(text: str, name: str, **labels: str) -> float:
    """The sum over all lines of this name that have these labels."""
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    lines = [line for line in text.splitlines() if re.match(rf"{name}[{{ ]", line)]
    return sum(float(line.split()[-1]) for line in lines if all(each in line for each in wanted))


@pytest.mark.slow
def test_a_journey_is_counted_without_anybodys_data(desk: Desk, agent: requests.Session) -> None:
    text = scraped(desk)
    assert counted(text, REQUESTS, view="integrations", status="200") >= 2
    assert counted(text, REQUESTS, view="integrations", status="404") >= 1
    assert counted(text, REQUESTS, view="other", status="404") >= 1
    calls = "desk_stigg_call_seconds_count"
    assert counted(text, calls, environment="production", api="rest", outcome="answered") >= 2
    assert counted(text, calls, environment="production", outcome="not-found") >= 1
    assert counted(text, "desk_recorded_total", action="view", outcome="shown") >= 2
    assert counted(text, "desk_recorded_total", action="lookup") >= 1
    assert counted(text, "desk_links_shown_total", kind="verified") >= 1
    assert counted(text, "desk_recorded_total", action="sign-in") == 1
    assert counted(text, "desk_recorded_total", action="sign-in-failed") == 1
    assert counted(text, "desk_places_in_use") == 0
    assert not [word for word in PRIVATE if word in text]


@pytest.mark.slow
@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}])
def test_nobody_reads_it_without_the_token(desk: Desk, header: dict[str, str]) -> None:
    assert browser().get(f"{desk.url}/metrics", headers=header).status_code == 401


@pytest.mark.django_db
def test_without_a_token_there_is_no_such_page(client: Client) -> None:
    assert client.get("/metrics").status_code == 404


@pytest.mark.slow
def test_all_workers_are_added_up_and_a_dead_one_is_not_forgotten(
    desk: Desk, agent: requests.Session
) -> None:
    def shown() -> float:
        return counted(
            scraped(desk), "desk_request_seconds_count", view="integrations", status="200"
        )

    before = shown()
    for still in workers(desk):
        with standing_still(desk, still):
            assert shows(desk, agent)
    wait_until(lambda: shown() == before + 2)  # a page is counted once it is sent
    killed = min(workers(desk))
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: len(workers(desk) - {killed}) == 2)
    assert shown() == before + 2
    wait_until(lambda: any("Unexpected exit" in said for said in desk.said))
    [said] = [said for said in desk.said if "Unexpected exit" in said]
    assert json.loads(said)["level"] == "ERROR"


def lines(desk: Desk) -> list[Mapping[str, Any]]:
    """Of the log of requests."""
    written = [json.loads(line) for line in desk.said if line.startswith("{")]
    return [line for line in written if line["message"] == "request"]


@pytest.mark.slow
def test_each_request_is_a_line_without_anybodys_data(desk: Desk, agent: requests.Session) -> None:
    named = {"X-Request-ID": "of-our-proxy-1"}
    page = f"{desk.url}{PAGES[2]}"
    answer = requests.get(page, cookies=agent.cookies, headers=named, timeout=30)
    assert answer.headers["X-Request-ID"] == "of-our-proxy-1"
    wait_until(lambda: any(line["request_id"] == "of-our-proxy-1" for line in lines(desk)))
    [line] = [line for line in lines(desk) if line["request_id"] == "of-our-proxy-1"]
    assert [line[name] for name in ("method", "view", "status", "user")] == WHAT
    assert line["stigg_calls"] >= 2
    assert line["stigg_ms"] >= 0
    log = "".join(said for said in desk.said if said.startswith("{"))
    assert not [word for word in PRIVATE if word in log]


@pytest.mark.slow
def test_the_requests_name_goes_to_stigg(
    desk: Desk, agent: requests.Session, stigg: Simulator
) -> None:
    named = {"X-Request-ID": "of-our-proxy-2"}
    requests.get(f"{desk.url}{PAGES[2]}", cookies=agent.cookies, headers=named, timeout=30)
    asked = [seen for seen in stigg.requests() if "of-our-proxy-2" in str(seen["headers"])]
    assert len(asked) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("odd", ["short", "with space in it", "x" * 65, 'quo"te-and-more'])
def test_an_odd_name_of_a_request_is_not_kept(desk: Desk, odd: str) -> None:
    answer = browser().get(f"{desk.url}/accounts/login/", headers={"X-Request-ID": odd})
    assert re.fullmatch(r"[0-9a-f]{10}", answer.headers["X-Request-ID"])


@pytest.mark.slow
def test_what_was_not_found_is_no_warning(desk: Desk, agent: requests.Session) -> None:
    wait_until(lambda: any("Not Found" in said for said in desk.said))
    [first, *_] = [json.loads(said) for said in desk.said if "Not Found" in said]
    assert first["level"] == "INFO"
