"""Who may ask the simulated Stigg, what may be asked, and what customers look like."""

import pytest

from integrations_app.simulator import Simulator
from integrations_app.simulator.named import LONG_ID
from integrations_app.simulator.rows import VENDORS
from tests.simulator.calls import PERSON, STAGING, call, connect, customer, customers, rows, walk

MADE_UP = "123e4567-e89b-12d3-a456-426614174000"  # a cursor that nobody gave


# --- who asks -------------------------------------------------------------------------------------


def test_a_key_opens_its_own_environment(api: Simulator) -> None:
    assert customer(api, "staging-only").error == (404, "CustomerNotFound")
    assert customer(api, "staging-only", STAGING).status == 200


def test_a_key_needs_no_environment_header_and_ignores_it(api: Simulator) -> None:
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
def test_a_wrong_or_missing_key_opens_nothing(api: Simulator, headers: dict[str, str]) -> None:
    assert rows(api, "acme-corp", headers).error == (401, "Unauthenticated")


def test_a_person_names_the_environment(api: Simulator) -> None:
    assert customer(api, "acme-corp", PERSON).status == 200
    assert customer(api, "staging-only", PERSON | {"X-ENVIRONMENT-ID": "env-staging"}).status == 200


def test_a_person_may_name_the_account(api: Simulator) -> None:
    assert customer(api, "acme-corp", PERSON | {"X-ACCOUNT-ID": "account-1"}).status == 200


def test_a_person_who_names_no_environment_is_told(api: Simulator) -> None:
    assert customer(api, "acme-corp", {"Authorization": PERSON["Authorization"]}).error == (
        400,
        "BadUserInput",
    )


def test_a_person_sees_no_foreign_environment(api: Simulator) -> None:
    assert customer(api, "acme-corp", PERSON | {"X-ENVIRONMENT-ID": "env-other"}).error == (
        403,
        "AccessDeniedError",
    )


# --- what is asked --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "customer_id", ["auth0|65f1c0ffee0badc0de5ca1ab", "ops@globex.example", "müller-gmbh", LONG_ID]
)
def test_ids_of_every_shape_are_found(api: Simulator, customer_id: str) -> None:
    assert customer(api, customer_id).json["data"]["id"] == customer_id
    assert rows(api, customer_id).status == 200


def test_an_id_is_decoded_once(api: Simulator) -> None:
    assert call(api, "/api/v1/customers/acme%2Dcorp").status == 200
    assert call(api, "/api/v1/customers/acme%252Dcorp").status == 404


def test_a_quoted_slash_stays_inside_its_id(api: Simulator) -> None:
    assert call(api, "/api/v1/customers/acme-corp%2Fintegrations").error == (
        404,
        "CustomerNotFound",
    )


def test_a_plus_in_an_id_is_a_plus(api: Simulator) -> None:
    api.fault(customer="a+b", status=503)
    assert call(api, "/api/v1/customers/a+b").status == 503


@pytest.mark.parametrize("route", ["", "/integrations"])
@pytest.mark.parametrize("customer_id", ["", "x" * 256, "%C3%BC" * 256])
def test_an_id_has_one_to_255_characters(api: Simulator, customer_id: str, route: str) -> None:
    assert call(api, f"/api/v1/customers/{customer_id}{route}").error == (400, "BadUserInput")


def test_an_id_of_255_letters_of_two_bytes_is_not_too_long(api: Simulator) -> None:
    assert rows(api, "ü" * 255).error == (404, "CustomerNotFound")


def test_an_unknown_customer_is_not_found(api: Simulator) -> None:
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
def test_a_query_that_makes_no_sense_is_refused(api: Simulator, query: str) -> None:
    reply = call(api, f"/api/v1/customers/acme-corp/integrations?{query}")
    assert reply.error == (400, "BadUserInput")
    assert reply.json["message"]


@pytest.mark.parametrize(
    "value",
    ["", "ACME_LEDGER", "stripe", "STRIPE,", "STRIPE, ZUORA", "STRIPE;ZUORA", "STRIPE,DATA_EXPORT"],
)
def test_a_vendor_that_stigg_does_not_know_is_refused(api: Simulator, value: str) -> None:
    assert rows(api, "acme-corp", vendorIdentifier=value).error == (
        400,
        "UnsupportedVendorIdentifier",
    )


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_known_vendor_filters(api: Simulator, vendor: str) -> None:
    assert rows(api, "all-vendors", vendorIdentifier=vendor).vendors == [vendor]


def test_a_quoted_comma_joins_vendors_too(api: Simulator) -> None:
    reply = call(api, "/api/v1/customers/acme-corp/integrations?vendorIdentifier=STRIPE%2CHUBSPOT")
    assert reply.vendors == ["STRIPE", "STRIPE", "HUBSPOT"]


def test_a_vendor_named_twice_changes_nothing(api: Simulator) -> None:
    assert rows(api, "acme-corp", vendorIdentifier="STRIPE,STRIPE").vendors == ["STRIPE", "STRIPE"]


def test_a_filter_may_hide_everything(api: Simulator) -> None:
    reply = rows(api, "acme-corp", vendorIdentifier="ZUORA")
    assert reply.json == {"data": [], "pagination": {"next": None, "prev": None}}


def test_a_page_has_twenty_rows_unless_asked(api: Simulator) -> None:
    assert len(rows(api, "meridian-group").ids) == 20


@pytest.mark.parametrize("limit", [1, 99, 100])
def test_a_page_has_as_many_rows_as_asked(api: Simulator, limit: int) -> None:
    assert len(rows(api, "meridian-group", limit=limit).ids) == limit


def test_the_customer_takes_no_query(api: Simulator) -> None:
    assert call(api, "/api/v1/customers/acme-corp?limit=5").error == (400, "BadUserInput")


def test_the_key_is_judged_before_the_query(api: Simulator) -> None:
    assert rows(api, "acme-corp", {}, limit=0).status == 401


def test_the_query_is_judged_before_the_customer_is_looked_up(api: Simulator) -> None:
    assert rows(api, "nobody", limit=0).status == 400


# --- customers ------------------------------------------------------------------------------------


def test_a_customer_carries_its_integrations_without_sync_data(api: Simulator) -> None:
    carried = customer(api, "acme-corp").json["data"]["integrations"]
    assert [row["id"] for row in carried] == rows(api, "acme-corp").ids
    assert {tuple(row) for row in carried} == {("id", "vendorIdentifier", "syncedEntityId")}


def test_a_customer_has_the_fields_that_the_official_sdk_reads(api: Simulator) -> None:
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


def test_an_email_finds_exactly(api: Simulator) -> None:
    assert customers(api, email="shared@twins.example").ids == ["twin-one", "twin-two"]
    assert customers(api, email="shared@twins").ids == []


def test_a_name_finds_exactly(api: Simulator) -> None:
    assert customers(api, name="Acme Inc.").ids == ["acme-corp"]
    assert customers(api, name="Acme").ids == []


def test_email_and_name_have_to_fit_both(api: Simulator) -> None:
    assert customers(api, email="shared@twins.example", name="Twin Two Ltd.").ids == ["twin-two"]


def test_found_customers_page_too(api: Simulator) -> None:
    first = customers(api, email="shared@twins.example", limit=1)
    second = customers(api, email="shared@twins.example", limit=1, after=first.next)
    assert (first.ids, second.ids, second.next) == (["twin-one"], ["twin-two"], None)


def test_all_customers_come_once(api: Simulator) -> None:
    connection = connect(api)
    found = [row for page in walk(connection, "/api/v1/customers", 100) for row in page.ids]
    connection.close()
    assert len(found) == len(set(found)) > 3_000
    assert not [one for one in found if one.startswith("fault-")], (
        "a walk should never stumble into a fault"
    )


@pytest.mark.parametrize(
    "query", ["createdAt[gt]=2026-01-01", "id=acme-corp", "vendorIdentifier=STRIPE"]
)
def test_customers_cannot_be_filtered_by_anything_else(api: Simulator, query: str) -> None:
    assert call(api, f"/api/v1/customers?{query}").error == (400, "BadUserInput")
