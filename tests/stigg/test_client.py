"""The client: over real HTTP to the simulated Stigg, and decode() and the readers on their own."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_app import stigg as api
from integrations_app.customer import listing, rows
from integrations_app.customer.query import Query
from integrations_app.simulator import Simulator
from integrations_app.simulator.data import customers
from integrations_app.stigg import (
    ApiKey,
    BrokenRow,
    Client,
    Integration,
    Limits,
    UserToken,
    records,
)
from integrations_app.stigg.transport import Transport

JSON = {"Content-Type": "application/json"}
KEY = "simulated-production-key"


def client(
    stigg: Simulator, credentials: ApiKey | UserToken = ApiKey(KEY), **limits: float
) -> Client:
    return Client(stigg.url, credentials, limits=Limits(**limits))


def test_it_reads_a_page_and_follows_its_cursors(stigg: Simulator) -> None:
    first = client(stigg).list_integrations("meridian-group", limit=7)
    second = client(stigg).list_integrations("meridian-group", limit=7, after=first.next)
    assert first.prev is None
    assert len(first.rows) == len(second.rows) == 7
    assert (
        client(stigg).list_integrations("meridian-group", limit=7, before=second.prev).rows
        == first.rows
    )


def test_it_sends_several_vendors_as_one_value_and_its_key(stigg: Simulator) -> None:
    client(stigg).list_integrations(
        "auth0|65f1c0ffee0badc0de5ca1ab", vendor_identifier=["STRIPE", "ZUORA"]
    )
    seen = stigg.requests()[-1]
    assert seen["path"] == "/api/v1/customers/auth0%7C65f1c0ffee0badc0de5ca1ab/integrations"
    assert "vendorIdentifier=STRIPE%2CZUORA" in str(seen["query"])
    assert seen["headers"]["x-api-key"] == "***"
    assert seen["headers"]["accept-encoding"] == "identity"


def test_it_reads_one_integration_and_what_it_was_read_from(stigg: Simulator) -> None:
    page = client(stigg).list_integrations("acme-corp")
    for row, sent in zip(page.rows, page.sent, strict=True):
        assert client(stigg).get_integration("acme-corp", row.id) == (row, sent)
    with pytest.raises(api.CustomerNotFound):
        client(stigg).get_integration("acme-corp", "nobody")
    with pytest.raises(ValueError, match="1 to 255 characters"):
        client(stigg).get_integration("acme-corp", "..")
    stigg.fault(customer="acme-corp", route="integration", body='{"data": []}')
    with pytest.raises(api.UnexpectedResponse):
        client(stigg).get_integration("acme-corp", row.id)


def test_it_signs_in_as_a_user_with_a_token(stigg: Simulator) -> None:
    token = UserToken("simulated-user-token", "env-staging", "account-1")
    assert client(stigg, token).get_customer("staging-only").id == "staging-only"
    assert stigg.requests()[-1]["headers"]["x-account-id"] == "account-1"


def test_it_never_follows_a_redirect(stigg: Simulator) -> None:
    stigg.fault(
        customer="elsewhere",
        status=302,
        headers={"Location": f"{stigg.url}/api/v1/customers/acme-corp"},
    )
    with pytest.raises(api.UnexpectedResponse):
        client(stigg).get_customer("elsewhere")
    assert len(stigg.requests()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("fault", [{"delay": 5}, {"drip": 0.2}, {"drip_head": True, "drip": 0.2}])
def test_it_ends_by_its_deadline(stigg: Simulator, fault: dict[str, object]) -> None:
    stigg.fault(customer="acme-corp", **fault)
    with pytest.raises(api.TimedOut):
        client(stigg, read=0.3, total=0.5).get_customer("acme-corp")


def test_it_names_a_refused_connection() -> None:
    with pytest.raises(api.Unavailable):
        Client("http://127.0.0.1:9", ApiKey("k")).get_customer("x")


def test_it_reads_whose_a_subscription_is(stigg: Simulator) -> None:
    subscription_id = customers("production")["acme-corp"].subscription_id
    assert client(stigg).customer_of_subscription(subscription_id) == "acme-corp"
    with pytest.raises(api.CustomerNotFound):
        client(stigg).customer_of_subscription("subscription-nobody")


@pytest.mark.parametrize("body", ['{"data": null}', '{"data": {}}', '{"data": {"customerId": ""}}'])
def test_a_subscription_without_a_customer_is_an_answer_that_makes_no_sense(
    stigg: Simulator, body: str
) -> None:
    stigg.fault(route="subscription", body=body)
    with pytest.raises(api.UnexpectedResponse):
        client(stigg).customer_of_subscription("subscription-1")


@pytest.mark.parametrize("customer_id", ["", ".", "..", "x" * 256])
def test_it_refuses_an_id_that_no_address_can_carry(stigg: Simulator, customer_id: str) -> None:
    with pytest.raises(ValueError, match="1 to 255"):
        client(stigg).get_customer(customer_id)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, api.BadRequest),
        (401, api.KeyRejected),
        (403, api.Forbidden),
        (409, api.BadRequest),
        (408, api.Unavailable),
        (500, api.Unavailable),
        (302, api.UnexpectedResponse),
        (204, api.UnexpectedResponse),
    ],
)
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"message": 5, "code": null}', b'{"error": {"code": "X"}}', b"["]
)
def test_it_names_every_status_whatever_the_body(
    status: int, error: type[api.StiggError], body: bytes
) -> None:
    with pytest.raises(error) as caught:
        api.decode(status, JSON, body)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("12", 12),
        ("0", 0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("999999999999", 3600),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Fri, 31 Dec 2999 23:59:59 GMT", 3600),
    ],
)
def test_it_reads_how_long_to_wait(value: str, seconds: int | None) -> None:
    with pytest.raises(api.RateLimited) as caught:
        api.decode(429, JSON | {"Retry-After": value}, b"")
    assert caught.value.retry_after == seconds


def test_it_keeps_the_code_the_words_and_the_trace_of_an_error() -> None:
    body = json.dumps({"message": "no\x00", "code": "BadUserInput", "traceId": "t-1"}).encode()
    with pytest.raises(api.BadRequest) as caught:
        api.decode(400, JSON, body)
    assert (caught.value.code, caught.value.message, caught.value.trace_id) == (
        "BadUserInput",
        "no\ufffd",
        "t-1",
    )


@pytest.mark.parametrize(
    ("sync_data", "link"),
    [
        ({"billingId": "b", "billingLinkUrl": "https://x.example"}, "https://x.example"),
        (None, None),
        ({}, None),
        ({"dimensions": "d"}, None),
        ({"foo": 1}, None),
        ("text", None),
        ([1], None),
        ({"billingLinkUrl": 5.5}, None),
    ],
)
def test_it_reads_sync_data_of_every_shape(sync_data: object, link: str | None) -> None:
    row = records._read_row(
        {
            "id": "i",
            "vendorIdentifier": "NEW",
            "syncedEntityId": None,
            "syncData": sync_data,
            "new": 1,
        }
    )
    assert isinstance(row, Integration)
    assert (row.sync_data.billing_link_url if row.sync_data else None) == link


@pytest.mark.parametrize(
    "item", [None, 5, [], {}, {"id": ""}, {"id": 3}, {"id": None, "vendorIdentifier": "STRIPE"}]
)
def test_it_reports_a_broken_row_in_its_place(item: object) -> None:
    good = {"id": "i", "vendorIdentifier": "STRIPE", "syncedEntityId": "c"}
    broken, kept = records.read_page({"data": [item, good]}).rows
    assert isinstance(broken, BrokenRow)
    assert isinstance(kept, Integration)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "data",
                    "id",
                    "vendorIdentifier",
                    "syncedEntityId",
                    "syncData",
                    "pagination",
                    "next",
                    "prev",
                    "billingLinkUrl",
                    "name",
                    "integrations",
                    "\ud800",
                    "",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
)


@given(json_values)
def test_no_json_makes_it_raise_anything_but_its_own_errors(value: object) -> None:
    for read in (records.read_page, records.read_customer):
        try:
            read(
                api.decode(200, JSON, json.dumps({"data": value}).encode("utf-8", "surrogatepass"))
            )
        except api.StiggError:
            pass


@given(st.binary(max_size=300), st.integers(100, 599))
def test_no_bytes_make_it_raise_anything_but_its_own_errors(body: bytes, status: int) -> None:
    try:
        api.decode(status, JSON, body)
    except api.StiggError:
        pass


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", api.CustomerNotFound),
        (b'{"message": 5, "code": null}', api.CustomerNotFound),
        (b"<h1>No such path</h1>", api.UnexpectedResponse),
        (b"[", api.UnexpectedResponse),
    ],
)
def test_a_404_of_somebody_else_is_no_word_about_a_customer(
    body: bytes, error: type[api.StiggError]
) -> None:
    with pytest.raises(error) as raised:
        api.decode(404, {"Content-Type": "text/html"}, body)
    assert type(raised.value) is error


def test_it_hides_its_key_from_repr() -> None:
    key, token = ApiKey(KEY), UserToken(KEY, "e")
    shown = (key, token, Client("http://127.0.0.1", key), Transport(key.headers(), KEY))
    assert KEY not in repr(shown)


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ("https://dashboard.stripe.com/customers/cus_1?note=" + "a" * 1_500, "verified"),
        ("https://dashboard.stripe.com/customers/cus_1?note=" + "a" * 5_000, "refused"),
        ("https://dashboard.stripe.com/customers/cus_1\x00", "refused"),
        ("https://dashboard.stripe.com/customers/\ud83dcus_1", "refused"),
    ],
)
def test_a_link_is_judged_as_stigg_sent_it_and_never_cut_to_another(sent: str, kind: str) -> None:
    item = {"id": "i", "vendorIdentifier": "STRIPE", "syncData": {"billingLinkUrl": sent}}
    (row,) = records.read_rows([item])
    link = rows.row(row).link
    assert (link.kind, link.url.startswith(sent[:39])) == (kind, True)
    assert kind == "refused" or link.url == sent


def test_a_text_that_is_too_long_says_that_it_was_cut() -> None:
    (row,) = records.read_rows([{"id": "i", "syncedEntityId": "x" * 2_000}])
    assert row == Integration(id="i", synced_entity_id="x" * 999 + "…")


@pytest.mark.parametrize(
    "item", [{"id": "i", "\ud800": 1}, {"id": 5, "\ud800": 1, "problem": "mine"}, {"\ud800": {}}]
)
def test_a_field_whose_name_no_text_can_hold_costs_no_row(item: object) -> None:
    broken = json.dumps({"data": [{"id": "a"}, item, {"id": "b"}]}).encode()
    rows = records.read_page(api.decode(200, JSON, broken)).rows
    assert [row.id for row in (rows[0], rows[2])] == ["a", "b"]
    assert getattr(rows[1], "problem", "") != "mine"


def test_a_record_that_names_thousands_fills_no_page() -> None:
    customer = records.read_customer(
        {"data": {"id": "c", "integrations": [{"id": str(n)} for n in range(5_000)]}}
    )
    assert len(listing.listing(Query(), customer, records.Page(())).rows) == 100


# --- what is kept of an answer that is not the usual one ------------------------------------------


def test_what_is_not_json_is_named_with_its_trace() -> None:
    headers = {"Content-Type": "text/html", "x-request-id": "t\x00" + "1" * 200}
    with pytest.raises(api.UnexpectedResponse) as caught:
        api.decode(200, headers, b"{}")
    assert caught.value.trace_id == "t\ufffd" + "1" * 126


def test_a_refusal_is_read_inside_error_too() -> None:
    body = b'{"error": {"code": "ApiKeyExpired", "message": "Your key has expired"}}'
    with pytest.raises(api.KeyRejected) as caught:
        api.decode(400, JSON, body)
    assert (caught.value.code, caught.value.message) == ("ApiKeyExpired", "Your key has expired")


def test_too_many_requests_stay_that_whatever_the_code() -> None:
    with pytest.raises(api.RateLimited):
        api.decode(429, JSON, b'{"code": "CustomerNotFound"}')


def test_only_a_limit_says_how_long_to_wait() -> None:
    with pytest.raises(api.Unavailable) as caught:
        api.decode(503, JSON | {"Retry-After": "30"}, b"{}")
    assert caught.value.retry_after is None


def test_an_error_of_which_nothing_is_known_has_no_words() -> None:
    error = api.Unavailable()
    assert (error.code, error.message, error.trace_id, error.retry_after) == ("", "", "", None)


def test_a_page_has_twenty_rows_unless_asked(stigg: Simulator) -> None:
    assert len(client(stigg).list_integrations("meridian-group").rows) == 20
    assert len(client(stigg).list_customers()) == 20


def test_a_broken_row_keeps_what_it_could_tell() -> None:
    (row,) = records.read_rows([{"id": 3, "vendorIdentifier": "ZUORA", "syncData": {}}])
    assert isinstance(row, BrokenRow)
    assert (row.id, row.vendor_identifier) == ("3", "ZUORA")


@pytest.mark.parametrize("cursor", ["page-2", 5, "", "123e4567e89b12d3a456426614174000"])
def test_a_cursor_that_is_no_uuid_leads_nowhere(cursor: object) -> None:
    page = records.read_page({"data": [], "pagination": {"next": cursor, "prev": cursor}})
    assert (page.next, page.prev) == (None, None)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({}, "the answer has no customer"),
        ({"data": []}, "the answer has no customer"),
        ({"data": {"name": "Acme"}}, "the customer has no id"),
    ],
)
def test_an_answer_without_a_customer_says_what_is_missing(
    payload: dict[str, object], said: str
) -> None:
    with pytest.raises(api.UnexpectedResponse, match=said):
        records.read_customer(payload)


def test_a_record_that_names_no_integrations_counts_none() -> None:
    customer = records.read_customer({"data": {"id": "c"}})
    assert (customer.integrations, customer.left_out, customer.vendor_counts) == ((), 0, None)


def test_rows_without_a_vendor_are_counted_together() -> None:
    bare = [5, {"vendorIdentifier": None}, {"vendorIdentifier": "STRIPE"}]
    customer = records.read_customer({"data": {"id": "c", "integrations": bare}})
    assert customer.vendor_counts == {"": 2, "STRIPE": 1}
