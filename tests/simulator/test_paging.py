"""The simulated lists, page by page."""

from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_app import simulator
from integrations_app.simulator import Simulator, data
from integrations_app.simulator.rows import VENDORS
from tests.simulator.calls import STAGING, connect, rows, walk


@given(
    customer_id=st.sampled_from(
        ["meridian-group", "acme-corp", "all-vendors", "hostile-values", "empty-co"]
    ),
    limit=st.sampled_from([1, 7, 20, 100]),
    vendors=st.sets(st.sampled_from(VENDORS), max_size=5),
)
@settings(max_examples=100, database=None)
def test_walking_next_shows_every_row_once_and_walking_back_the_same_reversed(
    running: Simulator, customer_id: str, limit: int, vendors: set[str]
) -> None:
    path = f"/api/v1/customers/{customer_id}/integrations"
    everything = data.customers("production")[customer_id].listed
    wanted = [row.row["id"] for row in everything if not vendors or row.vendor in vendors]
    connection = connect(running)

    forth = list(walk(connection, path, limit, vendors))
    assert [row for page in forth for row in page.ids] == wanted
    assert forth[0].prev is None
    if forth[-1].prev:
        back = list(walk(connection, path, limit, vendors, before=forth[-1].prev))
        assert [row for page in reversed(back) for row in page.ids] == wanted[: -len(forth[-1].ids)]
        assert [page.ids for page in back] == [page.ids for page in reversed(forth[:-1])]
    connection.close()


def test_a_page_before_comes_in_forward_order(api: Simulator) -> None:
    first = rows(api, "meridian-group", limit=5)
    second = rows(api, "meridian-group", limit=5, after=first.next)
    assert rows(api, "meridian-group", limit=5, before=second.prev).ids == first.ids


def test_the_last_page_has_no_next_and_the_first_no_prev(api: Simulator) -> None:
    first = rows(api, "meridian-group", limit=100)
    last = rows(api, "meridian-group", limit=100, after=first.next)
    assert (first.prev, last.next) == (None, None)
    assert None not in (first.next, last.prev)


def test_a_full_last_page_has_no_next(api: Simulator) -> None:
    assert rows(api, "acme-corp", limit=6).next is None


def test_a_cursor_stays_good_under_another_filter(api: Simulator) -> None:
    cursor = rows(api, "meridian-group", limit=50).next
    seen = rows(api, "meridian-group", limit=50).json["data"]
    stripes = sum(row["vendorIdentifier"] == "STRIPE" for row in seen)
    assert (
        len(rows(api, "meridian-group", limit=100, vendorIdentifier="STRIPE", after=cursor).ids)
        == 42 - stripes
    )


def test_cursors_are_uuids_that_outlive_a_restart(api: Simulator) -> None:
    with simulator.start() as restarted:
        assert rows(restarted, "meridian-group").next == rows(api, "meridian-group").next


def test_a_cursor_may_be_written_in_capitals(api: Simulator) -> None:
    cursor = rows(api, "meridian-group").next
    assert (
        rows(api, "meridian-group", after=cursor.upper()).ids
        == rows(api, "meridian-group", after=cursor).ids
    )


def test_a_cursor_of_another_customer_is_refused(api: Simulator) -> None:
    cursor = rows(api, "meridian-group").next
    assert rows(api, "acme-corp", after=cursor).error == (400, "BadUserInput")


def test_a_cursor_of_another_environment_is_refused(api: Simulator) -> None:
    cursor = rows(api, "meridian-group").next
    assert rows(api, "meridian-group", STAGING, after=cursor).error == (400, "BadUserInput")


def test_two_cursors_at_once_are_refused(api: Simulator) -> None:
    cursor = rows(api, "meridian-group").next
    assert rows(api, "meridian-group", after=cursor, before=cursor).error == (400, "BadUserInput")
