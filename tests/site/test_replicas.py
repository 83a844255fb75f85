"""Two desks on one PostgreSQL and one Redis, behind nginx: to agents they are one desk.

Each is also asked by itself, as nginx would ask it.
"""

import os
import re
import signal
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import psycopg
import pytest
import requests

from integrations_app import simulator
from integrations_app.simulator import Simulator
from tests.desks import NAME, PASSWORD, Desk, browser, open_desk
from tests.proxies import SITE, Nginx
from tests.services import HOST, Postgres, Redis, _installed
from tests.site.test_stopping import wait_until

pytestmark = [
    pytest.mark.slow,  # starts servers
    pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning"),  # self-signed
]

LOGIN = "/accounts/login/"
PATIENCE_SECONDS, DEADLINE_SECONDS, DELAY_SECONDS = 60, 30, 4
PRODUCTION, STAGING = simulator.KEYS
NEW_KEY = "simulated-new-key"
SHOWN = (
    "SELECT count(*) FROM integrations_app_auditevent"
    " WHERE customer_id = %s AND action = 'view' AND outcome = 'shown'"
)
WHENCE = "SELECT address FROM integrations_app_auditevent WHERE request_id = %s"
GUARDED = "[^;]+; expires=[^;]+; HttpOnly; Max-Age=[0-9]+; Path=/; SameSite=Lax; Secure"
Pair = tuple[Desk, Desk]


@pytest.fixture(scope="module")
def stigg() -> Iterator[Simulator]:
    """Production has two keys; afterwards all are as they were, in their order too."""
    before = dict(simulator.KEYS)
    simulator.KEYS[NEW_KEY] = "production"
    with simulator.start() as running:
        yield running
    simulator.KEYS.clear()
    simulator.KEYS.update(before)


@pytest.fixture(autouse=True)
def well(stigg: Simulator) -> Iterator[None]:
    yield
    stigg.clear()


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> str:
    return postgres.new_database()


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the second desk has its static files."""
    made: Path = tmp_path_factory.mktemp("static")
    return made


@pytest.fixture(scope="module")
def pair(stigg: Simulator, database: str, redis_server: Redis, static: Path) -> Iterator[Pair]:
    known = {
        "HTTPS": "true",
        "ALLOWED_HOSTS": SITE,
        "TRUSTED_PROXIES": HOST,
        "DATABASE_URL": database,
        "CACHE_URL": redis_server.url(5),
        "WORKERS": "1",
        "THREADS": "8",
        "STIGG_DEADLINE_SECONDS": str(DEADLINE_SECONDS),
        "STIGG_ENVIRONMENTS": "production,staging",
        "STIGG_PRODUCTION_API_URL": stigg.url,
        "STIGG_PRODUCTION_API_KEY": PRODUCTION,
        "STIGG_STAGING_API_URL": stigg.url,
        "STIGG_STAGING_API_KEY": STAGING,
    }
    apart = {"STATIC_ROOT": str(static)}
    with open_desk(stigg, **known) as one, open_desk(stigg, **known | apart) as other:
        account = ("createsuperuser", "--noinput", f"--username={NAME}", "--email=")
        one.manage(*account, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
        yield one, other


@pytest.fixture(scope="module")
def nginx(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    server = Nginx(tmp_path_factory.mktemp("nginx"), *(desk.port for desk in pair))
    server.start()
    yield server
    server.stop()


class Agent:
    """A browser that knows the desk by its name, wherever its requests are sent to."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}

    def ask(
        self, at: Desk | Nginx, path: str, filled: Mapping[str, str] | None = None, **headers: str
    ) -> requests.Response:
        named = {
            "Host": SITE,
            "X-Forwarded-Proto": "https",
            "Referer": f"https://{SITE}/",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        answer = browser().request(
            "POST" if filled else "GET",
            at.url + path,
            data=filled,
            headers=named,
            allow_redirects=False,
            verify=False,
            timeout=PATIENCE_SECONDS,
        )
        self.cookies |= answer.cookies.get_dict()
        return answer

    def sign_in(self, at: Desk | Nginx, form: str = LOGIN) -> requests.Response:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.ask(at, form).text)
        assert token
        filled = {"login": NAME, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        return self.ask(at, form, filled)


@pytest.fixture(scope="module")
def agent(pair: Pair) -> Agent:
    """Signed in on the first."""
    person = Agent()
    assert person.sign_in(pair[0]).status_code == 302
    return person


def page(customer: str, environment: str = "production") -> str:
    return f"/{environment}/customers/{customer}/integrations/"


def times_shown(database: str, customer: str) -> int:
    with psycopg.connect(database) as connection:
        row = connection.execute(SHOWN, [customer]).fetchone()
    assert row
    return int(row[0])


def processes(desk: Desk) -> list[int]:
    said = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(desk.process.pid)], capture_output=True, text=True
    ).stdout
    return [desk.process.pid, *map(int, said.split())]


def kill(desk: Desk) -> None:
    """All of it at once, as when its machine goes."""
    for process in processes(desk):
        os.kill(process, signal.SIGKILL)
    desk.process.wait()


@contextmanager
def killed(desk: Desk) -> Iterator[None]:
    """Afterwards it is back."""
    kill(desk)
    try:
        yield
    finally:
        desk.start()


def asked_about(stigg: Simulator, customer: str) -> bool:
    return any(customer in seen["path"] for seen in stigg.requests())


def test_who_signed_in_on_one_looks_up_on_the_other(pair: Pair) -> None:
    one, other = pair
    agent = Agent()
    agent.sign_in(one)
    found = agent.ask(other, "/lookup?q=acme-corp")
    assert (found.status_code, found.headers["Location"]) == (302, page("acme-corp"))
    assert "Acme Inc." in agent.ask(other, page("acme-corp")).text


def test_who_signed_out_on_one_is_signed_out_on_the_other(pair: Pair) -> None:
    one, other = pair
    agent = Agent()
    agent.sign_in(one)
    before = dict(agent.cookies)
    agent.ask(one, "/accounts/logout/", {"csrfmiddlewaretoken": agent.cookies["__Host-csrftoken"]})
    agent.cookies = before
    assert agent.ask(other, "/").status_code == 302


def test_a_rate_limit_that_one_met_is_kept_by_the_other(
    pair: Pair, agent: Agent, stigg: Simulator
) -> None:
    one, other = pair
    stigg.fault(environment="staging", status=429, headers={"Retry-After": "60"})
    assert 'data-problem="rate-limited"' in agent.ask(one, page("acme-corp", "staging")).text
    stigg.clear()
    told = agent.ask(other, page("all-vendors", "staging"))
    assert told.status_code == 503
    assert 'data-problem="rate-limited"' in told.text
    assert not [seen for seen in stigg.requests() if seen["environment"] == "staging"]


def test_an_agent_whose_desk_is_killed_in_the_middle_of_a_page_asks_the_other(
    pair: Pair, agent: Agent, stigg: Simulator, database: str
) -> None:
    one, other = pair
    stigg.fault(customer="every-link", route="integrations", delay=DELAY_SECONDS, times=1)
    with ThreadPoolExecutor() as clients:
        cut = clients.submit(agent.ask, one, page("every-link"))
        wait_until(lambda: asked_about(stigg, "every-link/integrations"))
        with killed(one):
            assert isinstance(cut.exception(), requests.ConnectionError)
            assert agent.ask(other, page("every-link")).ok
    assert times_shown(database, "every-link") == 1
    assert agent.ask(one, "/").ok  # still signed in there


def test_behind_nginx_nobody_sees_that_one_is_killed_in_the_middle_of_pages(
    pair: Pair, agent: Agent, nginx: Nginx, stigg: Simulator, database: str
) -> None:
    """nginx hands requests to both in turn, so some of these are under way at the one killed."""
    customers = ["meridian-group", "all-vendors", "archived-co", "empty-co"]
    for customer in customers:
        stigg.fault(customer=customer, route="integrations", delay=DELAY_SECONDS, times=1)
    with ThreadPoolExecutor() as clients:
        answers = [clients.submit(agent.ask, nginx, page(customer)) for customer in customers]
        wait_until(lambda: all(asked_about(stigg, f"{each}/integrations") for each in customers))
        with killed(pair[1]):
            assert [answer.result().status_code for answer in answers] == [200] * len(customers)
            assert Agent().sign_in(nginx).status_code == 302  # a form as well
    assert any("prematurely closed" in line for line in nginx.said)
    assert [times_shown(database, customer) for customer in customers] == [1] * len(customers)


def test_a_key_is_changed_in_one_desk_after_the_other_and_no_page_fails(
    pair: Pair, agent: Agent, nginx: Nginx, stigg: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = Event()

    def ask_on_and_on() -> set[int]:
        statuses = set()
        while not over.is_set():
            statuses.add(agent.ask(nginx, f"{page('acme-corp')}?refresh=1").status_code)
        return statuses

    with ThreadPoolExecutor() as clients:
        asking = clients.submit(ask_on_and_on)
        for desk in pair:
            desk.stop()
            desk.environment["STIGG_PRODUCTION_API_KEY"] = NEW_KEY
            desk.start()
        over.set()
        assert asking.result() == {200}
    monkeypatch.delitem(simulator.KEYS, PRODUCTION)
    for desk in pair:
        assert agent.ask(desk, f"{page('acme-corp')}?refresh=1").ok


def test_while_a_release_goes_round_each_page_gets_its_files(
    pair: Pair, nginx: Nginx, static: Path
) -> None:
    old, new = pair
    (static / "new.css").write_text("/* of this release alone */")
    new.stop()
    new.start()
    at: list[Desk | Nginx] = [old, new, nginx, nginx, nginx, nginx]  # nginx asks both in turn
    statuses = [Agent().ask(each, "/static/new.css").status_code for each in at]
    assert statuses == [404, 200, 200, 200, 200, 200]


def test_nginx_speaks_tls_and_the_cookies_are_for_this_host_alone(nginx: Nginx) -> None:
    signed_in = Agent().sign_in(nginx)
    assert (signed_in.status_code, signed_in.headers["Location"]) == (302, "/")
    assert "max-age=31536000" in signed_in.headers["Strict-Transport-Security"]
    for name in ("__Host-sessionid", "__Host-csrftoken"):
        assert re.search(f"{name}={GUARDED}", signed_in.headers["Set-Cookie"])


def test_it_speaks_http_2(nginx: Nginx) -> None:
    curl = _installed("curl", "curl")
    asked = ["--resolve", f"{SITE}:{nginx.secure}:{HOST}", f"https://{SITE}:{nginx.secure}{LOGIN}"]
    told = ["--write-out", "%{http_version} %{http_code}", "--output", os.devnull]
    command = [str(curl), "--http2", "--insecure", "--silent", "--show-error", "--noproxy", "*"]
    said = subprocess.run([*command, *told, *asked], check=True, capture_output=True, text=True)
    assert said.stdout == "2 200"


def test_a_new_certificate_takes_the_place_of_an_old_one_without_a_restart(
    agent: Agent, nginx: Nginx
) -> None:
    before = ssl.get_server_certificate((HOST, nginx.secure))
    nginx.make_certificate()
    nginx.process.send_signal(signal.SIGHUP)
    wait_until(lambda: ssl.get_server_certificate((HOST, nginx.secure)) != before)
    assert agent.ask(nginx, "/").ok


def test_plain_http_leads_to_https(nginx: Nginx) -> None:
    url = f"http://{HOST}:{nginx.plain}/lookup"
    answer = browser().get(url, headers={"Host": SITE}, allow_redirects=False, timeout=30)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{SITE}/lookup")


def test_what_a_client_says_of_its_way_does_not_count(
    agent: Agent, nginx: Nginx, database: str
) -> None:
    forged = {
        "X_Forwarded_For": "203.0.113.9",
        "X_Forwarded_Proto": "http",
        "X_Forwarded_Host": "forged.example",
        "X_Request_ID": "forged-by-a-client",
    }
    shown = agent.ask(nginx, page("hostile-values"), None, **forged)
    assert shown.status_code == 200
    assert "forged.example" not in shown.text
    name = shown.headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", name)
    with psycopg.connect(database) as connection:
        row = connection.execute(WHENCE, [name]).fetchone()
    assert row == (HOST,)


def test_a_request_has_one_name_at_nginx_in_the_desk_and_at_stigg(
    agent: Agent, nginx: Nginx, stigg: Simulator
) -> None:
    name = agent.ask(nginx, f"{page('acme-corp')}?refresh=1").headers["X-Request-ID"]
    assert name in {seen["headers"].get("x-request-id") for seen in stigg.requests()}


def test_another_host_is_refused(nginx: Nginx) -> None:
    assert Agent().ask(nginx, LOGIN, Host="forged.example").status_code == 400


def test_metrics_are_not_for_outside(nginx: Nginx) -> None:
    assert Agent().ask(nginx, "/metrics").status_code == 404
