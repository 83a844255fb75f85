"""The simulator, judged by strangers: the published contract, the official SDK, and a fuzzer.

Every other test of the desk believes the simulator, so somebody else has to vouch for it.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
import stigg

from integrations_app.simulator import Simulator
from integrations_app.simulator.named import NAMED

DOCUMENTS = Path(__file__).parent / "contract"
KEY = "simulated-production-key"
ACMES_SUBSCRIPTION = "subscription-plan-enterprise-83f020ff8a"
CUSTOMERS = [
    pytest.param(named.id, environment, id=f"{named.id[:20]} in {environment}")
    for named in NAMED
    if not named.id.startswith("fault-")
    for environment in named.environments
]


@pytest.fixture
def official(api: Simulator) -> Iterator[stigg.Stigg]:
    with stigg.Stigg(api_key=KEY, base_url=api.url, max_retries=0) as client:
        yield client


# --- the published contract -----------------------------------------------------------------------


@pytest.fixture
def contract() -> Any:
    from tests.simulator import judge  # here, because it takes seconds to load

    return judge


def ask(url: str, path: str, environment: str = "production", **query: Any) -> requests.Response:
    key = f"simulated-{environment}-key"
    return requests.get(
        f"{url}/api/v1/{path}", params=query, headers={"X-API-KEY": key}, timeout=10
    )


def test_the_published_contract_is_untouched() -> None:
    fingerprint = hashlib.sha256((DOCUMENTS / "published.yaml").read_bytes()).hexdigest()
    assert fingerprint == "3021884d9a6322bddcfea6fc18530ff278aa860805faa156c065dd8ef3012876"


@pytest.mark.slow
@pytest.mark.parametrize(("customer_id", "environment"), CUSTOMERS)
def test_every_named_customer_answers_as_the_contract_says(
    api: Simulator, contract: Any, customer_id: str, environment: str
) -> None:
    """Only rows of vendors that the contract knows are asked for: it forbids the names that reality
    adds.
    """
    path = f"customers/{quote(customer_id, safe='')}/integrations"
    vendors = ",".join(contract.vendors())
    for limit in (1, 20, 100):
        contract.judge(ask(api.url, path, environment, vendorIdentifier=vendors, limit=limit))


def test_rows_of_one_vendor_more_are_the_only_thing_the_contract_does_not_know(
    api: Simulator,
    contract: Any,
) -> None:
    with pytest.raises(contract.ResponseValidationError) as refusal:
        contract.judge(ask(api.url, "customers/acme-corp/integrations"))
    assert "ACME_LEDGER" in str(refusal.value.__cause__)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "BadUserInput"),
        (401, "Unauthenticated"),
        (403, "IdentityForbidden"),
        (429, "RateLimitExceeded"),
    ],
)
def test_errors_have_the_bodies_of_the_contract(
    api: Simulator, contract: Any, status: int, code: str | None
) -> None:
    api.fault(customer="twin-one", status=status, times=1)

    response = ask(api.url, "customers/twin-one/integrations")

    contract.judge(response)
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 101}, {"after": "page-2"}, {"vendorIdentifier": "ACME_LEDGER"}],
)
def test_what_the_contract_forbids_to_ask_is_refused(
    api: Simulator, contract: Any, query: dict[str, Any]
) -> None:
    response = ask(api.url, "customers/acme-corp/integrations", **query)
    assert response.status_code == 400
    with pytest.raises(contract.RequestValidationError):
        contract.judge(response)


def test_the_contract_would_notice_a_wrong_answer(api: Simulator, contract: Any) -> None:
    """A judge that never says no is no judge."""
    api.fault(customer="twin-two", shape="no-pagination", times=1)
    with pytest.raises(contract.ResponseValidationError):
        contract.judge(ask(api.url, "customers/twin-two/integrations"))


# --- the official SDK -----------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [7, 20, 100])
def test_the_official_sdk_pages_through_every_row(official: stigg.Stigg, limit: int) -> None:
    rows = list(official.v1.customers.integrations.list("meridian-group", limit=limit))
    assert len(rows) == len({row.id for row in rows}) == 137


def test_the_official_sdk_walks_back_to_the_first_page(official: stigg.Stigg) -> None:
    rows = official.v1.customers.integrations
    *earlier, last = rows.list("meridian-group", limit=20).iter_pages()
    assert last.pagination
    assert last.pagination.prev
    back = rows.list("meridian-group", limit=20, before=last.pagination.prev).iter_pages()
    assert [page.data for page in back] == [page.data for page in reversed(earlier)]


def test_the_official_sdk_reads_the_customer(official: stigg.Stigg) -> None:
    customer = official.v1.customers.retrieve("narrowed-list").data
    assert customer.name == "Narrowed List LLC"
    assert [row.vendor_identifier for row in customer.integrations or ()] == [
        "STRIPE",
        "ZUORA",
        "SALESFORCE",
        "AUTH0",
        "SNOWFLAKE",
    ]


def test_the_official_sdk_filters_by_vendor(official: stigg.Stigg) -> None:
    rows = official.v1.customers.integrations.list(
        "acme-corp", vendor_identifier=["STRIPE", "HUBSPOT"]
    ).data
    assert [row.vendor_identifier for row in rows] == ["STRIPE", "STRIPE", "HUBSPOT"]


def test_the_official_sdk_reads_one_integration(official: stigg.Stigg) -> None:
    rows = official.v1.customers.integrations
    (listed,) = rows.list("acme-corp", vendor_identifier=["HUBSPOT"]).data
    found = rows.retrieve(listed.id, id="acme-corp").data
    assert found.model_dump() == listed.model_dump()
    with pytest.raises(stigg.NotFoundError):
        rows.retrieve("integration-nobody", id="acme-corp")


def test_the_official_sdk_finds_twins_by_their_email(official: stigg.Stigg) -> None:
    assert [
        customer.id for customer in official.v1.customers.list(email="shared@twins.example")
    ] == [
        "twin-one",
        "twin-two",
    ]


def test_the_official_sdk_reads_a_subscription(official: stigg.Stigg) -> None:
    found = official.v1.subscriptions.retrieve(ACMES_SUBSCRIPTION).data
    assert (found.id, found.customer_id) == (ACMES_SUBSCRIPTION, "acme-corp")
    with pytest.raises(stigg.NotFoundError):
        official.v1.subscriptions.retrieve("subscription-nobody")


def test_the_official_sdk_quotes_ids_as_the_simulator_reads_them(official: stigg.Stigg) -> None:
    assert official.v1.customers.retrieve("auth0|65f1c0ffee0badc0de5ca1ab").data.name == "Globex"


def test_the_official_sdk_gets_its_own_error_for_a_bad_request(official: stigg.Stigg) -> None:
    with pytest.raises(stigg.BadRequestError):
        official.v1.customers.integrations.list("acme-corp", limit=500)


def test_the_official_sdk_gets_its_own_error_for_a_wrong_key(api: Simulator) -> None:
    with (
        stigg.Stigg(api_key="wrong", base_url=api.url, max_retries=0) as client,
        pytest.raises(stigg.AuthenticationError),
    ):
        client.v1.customers.integrations.list("acme-corp")


def test_the_official_sdk_gets_its_own_error_for_an_unknown_customer(official: stigg.Stigg) -> None:
    with pytest.raises(stigg.NotFoundError):
        official.v1.customers.integrations.list("nobody")


def test_the_official_sdk_gets_its_own_error_for_too_many_requests(official: stigg.Stigg) -> None:
    with pytest.raises(stigg.RateLimitError) as limited:
        official.v1.customers.integrations.list("fault-429")
    assert limited.value.response.headers["Retry-After"] == "12"


# --- a fuzzer -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_schemathesis_finds_nothing(api: Simulator, tmp_path: Path) -> None:
    """Through its command line, as anybody would; a process of its own keeps its hooks out
    of ours.
    """
    command = [
        sys.executable,
        "-c",
        "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())",
    ]
    options = [
        "--config-file",
        str(DOCUMENTS / "schemathesis.toml"),
        "run",
        str(DOCUMENTS / "simulated.yaml"),
    ]
    options += ["--url", api.url, "--header", f"X-API-KEY: {KEY}", "--checks", "all"]
    options += [
        "--max-examples",
        "40",
        "--seed",
        "1",
        "--generation-database",
        "none",
        "--no-color",
    ]
    run = subprocess.run(
        [*command, *options],
        cwd=tmp_path,
        env=os.environ | {"PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Tested: 5" in run.stdout
