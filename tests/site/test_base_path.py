"""The desk at a path of a host where something else lives too: it leads nowhere else."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
import requests
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, expect

from integrations_app import simulator
from tests.desks import NAME, PASSWORD, Desk, browser, connected, open_desk
from tests.proxies import SITE, Nginx
from tests.services import HOST
from tests.site.test_replicas import LOGIN, Agent
from tests.site.test_start import KEY, read, started

pytestmark = pytest.mark.slow  # starts a server

BASE = "/desk"
CUSTOMER = f"{BASE}/production/customers/acme-corp/integrations/"
FOLLOWED = ("href", "src", "hx-get")
STARTS = [
    f"{BASE}/",
    f"{BASE}/lookup?q=a",
    f"{CUSTOMER}results/",
    f"{BASE}/nowhere",
    f"{BASE}/admin/",
]
MOST_PAGES = 40
FORGED = {
    "X_Forwarded_For": "203.0.113.9",
    "X_Forwarded_Proto": "http",
    "X_Forwarded_Host": "forged.example",
}
# A file of each kind, and a chip
CLICKED = {
    "link[rel=stylesheet]": "href",
    "script[src]": "src",
    ".chips a[href]": "href",
}
WHENCE = "SELECT DISTINCT address FROM integrations_app_auditevent"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    database = f"sqlite:///{tmp_path_factory.mktemp('desk')}/desk.sqlite3"
    known = {"BASE_PATH": BASE, "DATABASE_URL": database}
    with simulator.start() as stigg, open_desk(stigg, **known) as running:
        running.url += BASE
        yield running


@pytest.fixture(scope="module")
def agent(desk: Desk) -> requests.Session:
    return desk.sign_in()


def leads_past(page: BeautifulSoup) -> list[str]:
    """Addresses in any attribute that are not below the base; passkeys' are in quotes."""
    attributes = [pair for tag in page.find_all(True) for pair in tag.attrs.items()]
    given = [str(value).strip('"') for name, value in attributes if name != "aria-keyshortcuts"]
    from_the_root = [f"{value}/" for value in given if value.startswith("/")]
    return [value for value in from_the_root if not value.startswith(f"{BASE}/")]


def led_to(page: BeautifulSoup, here: str) -> set[str]:
    """The addresses on this host that the page leads to, without fragments."""
    found = page.find_all(True)
    given = [str(tag[name]) for tag in found for name in FOLLOWED if tag.has_attr(name)]
    whole = {urldefrag(urljoin(here, address)).url for address in given}
    return {each for each in whole if urlsplit(each).netloc == urlsplit(here).netloc}


def test_every_page_leads_to_pages_below_it(desk: Desk, agent: requests.Session) -> None:
    root = desk.url.removesuffix(BASE)
    waiting, seen = deque(root + start for start in STARTS), set[str]()
    while waiting and len(seen) < MOST_PAGES:
        here = waiting.popleft()
        answer = agent.get(here, timeout=60)
        seen.add(here)
        assert answer.status_code == (404 if here.endswith("/nowhere") else 200), here
        assert answer.url.startswith(f"{desk.url}/"), f"{here} led to {answer.url}"
        if "html" not in answer.headers["Content-Type"]:
            continue
        page = BeautifulSoup(answer.text, "html.parser")
        assert leads_past(page) == [], here
        waiting += sorted(led_to(page, answer.url) - seen - {*waiting})
    assert len(seen) > len(STARTS)


def test_a_form_of_sign_in_leads_to_its_own(desk: Desk) -> None:
    form = browser().get(f"{desk.url}/accounts/login/", timeout=60)
    assert f'"{BASE}/accounts/login/passkey/"' in form.text
    assert leads_past(BeautifulSoup(form.text, "html.parser")) == []


def test_without_a_sign_in_it_leads_to_its_own(desk: Desk) -> None:
    answer = browser().get(f"{desk.url}/lookup?q=a", allow_redirects=False, timeout=60)
    assert answer.headers["Location"] == f"{BASE}/accounts/login/?next={BASE}/lookup%3Fq%3Da"
    form = browser().get(f"{desk.url}/accounts/login/", timeout=60)
    assert {cookie.path for cookie in form.cookies} == {f"{BASE}/"}


def test_over_https_cookies_keep_the_name_that_binds_them_to_the_host() -> None:
    """Browsers refuse a cookie named __Host- with any other path."""
    script = "from dashboard import settings as s; print(s.SESSION_COOKIE_NAME, {paths})"
    known = {"STIGG_API_KEY": KEY, "BASE_PATH": BASE, "HTTPS": "true"}
    paths = "s.SESSION_COOKIE_PATH, s.CSRF_COOKIE_PATH"
    said = started(["-c", script.format(paths=paths)], **known).stdout
    assert said.split() == ["__Host-sessionid", "/", "/"]


@pytest.mark.parametrize(("base", "others_too"), [(BASE, False), ("", True)])
def test_the_rest_of_a_shared_domain_need_not_speak_https(base: str, others_too: bool) -> None:
    known = read({"STIGG_API_KEY": KEY, "BASE_PATH": base, "HTTPS": "true"})
    assert known["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is others_too


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")  # self-signed
def test_behind_nginx_it_is_at_that_path_alone(stigg: simulator.Simulator, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/desk.sqlite3"
    known = {"BASE_PATH": BASE, "DATABASE_URL": database, "TRUSTED_PROXIES": HOST}
    with open_desk(stigg, HTTPS="true", ALLOWED_HOSTS=SITE, **known) as desk:
        desk.add_account()
        nginx = Nginx(tmp_path, desk.port, desk.port, base=BASE)
        nginx.start()
        try:
            walk(nginx, database)
        finally:
            nginx.stop()


def walk(nginx: Nginx, database: str) -> None:
    """Sign in, look up, click, with files; whatever a client says of its way does not count."""
    agent = Agent()
    assert agent.ask(nginx, BASE).headers["Location"] == f"https://{SITE}{BASE}/"
    assert not agent.ask(nginx, LOGIN).ok
    signed_in = agent.sign_in(nginx, f"{BASE}{LOGIN}")
    assert (signed_in.status_code, signed_in.headers["Location"]) == (302, f"{BASE}/")
    found = agent.ask(nginx, f"{BASE}/lookup?q=acme-corp", None, **FORGED)
    assert (found.status_code, found.headers["Location"]) == (302, CUSTOMER)
    shown = BeautifulSoup(agent.ask(nginx, CUSTOMER, None, **FORGED).text, "html.parser")
    assert leads_past(shown) == []
    for tag, name in CLICKED.items():
        element = shown.select_one(tag)
        assert element, tag
        assert agent.ask(nginx, str(element[name])).status_code == 200, tag
    with connected(database) as record:
        assert record.execute(WHENCE).fetchall() == [(HOST,)]


@pytest.mark.browser
def test_an_agent_signs_in_looks_up_and_narrows(desk: Desk, agent: None, chrome: Browser) -> None:
    context = chrome.new_context()
    page = context.new_page()
    asked = list[str]()
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.goto(f"{desk.url}/lookup?q=acme-corp")
    page.get_by_label("User name").fill(NAME)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Acme Inc.")).to_be_visible()
    page.get_by_role("link", name="Stripe").first.click()
    page.wait_for_url("**/integrations/?*")
    expect(page.get_by_role("heading", name="Acme Inc.")).to_be_visible()
    page.get_by_role("combobox").fill(f"{desk.url}/production/customers/meridian-group/")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Meridian Group")).to_be_visible()
    context.close()
    assert f"{CUSTOMER}results/" in asked
    assert [path for path in asked if not path.startswith(f"{BASE}/")] == []
