"""A disk that is full, and a clock that jumps: what agents see, and that nothing is lost."""

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from integrations_app.models import AuditEvent
from integrations_app.simulator import Simulator
from tests.accounts import account, browser_of
from tests.desks import Desk, open_desk
from tests.pages import notices, page, soup
from tests.site.test_record import rows
from tests.site.test_replicas import processes
from tests.site.test_start import KEY, started
from tests.site.test_stopping import free_port

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@contextmanager
def full_disk(desk: Desk) -> Iterator[None]:
    """No process of the desk can make a file longer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for process in processes(desk):
        resource.prlimit(process, resource.RLIMIT_FSIZE, (1, before[1]))
    yield
    for process in processes(desk):
        resource.prlimit(process, resource.RLIMIT_FSIZE, before)


@pytest.mark.slow
def test_a_full_disk_shows_no_customer_and_all_is_well_afterwards(
    stigg: Simulator, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path}/desk.sqlite3"
    with open_desk(stigg, DATABASE_URL=database) as desk:
        agent = desk.sign_in()
        with full_disk(desk):
            told = agent.get(desk.url + page("acme-corp"))
            assert told.status_code == 503
            assert 'data-problem="database"' in told.text
            assert "Acme Inc." not in told.text
            assert agent.get(desk.url).ok
        assert "Acme Inc." in agent.get(desk.url + page("acme-corp")).text
    assert rows(database, "customer_id", "action = 'view'") == [("acme-corp",)]


# As `manage.py` where no file can get longer than so many bytes.
FULL = """
import resource, runpy, sys
sys.argv = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, ({bytes}, {bytes}))
runpy.run_path("manage.py", run_name="__main__")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "size"), [("migrate", 1), ("migrate", 20_000), ("serve --migrate", 100_000)]
)
def test_a_disk_that_is_full_while_it_migrates_is_one_sentence(
    tmp_path: Path, command: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # its own file would be full too
    known = {"STIGG_API_KEY": KEY, "DATABASE_URL": f"sqlite:///{tmp_path}/desk.sqlite3"}
    arguments = ["manage.py", *command.split()]
    tried = started(["-c", FULL.format(bytes=size), *arguments], **known, PORT=str(free_port()))
    assert tried.returncode == 1
    assert re.fullmatch("CommandError: The database .*: disk I/O error. .*\n", tried.stderr)


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumps_an_hour_signs_nobody_out_and_shows_no_old_answer(
    db: None, stigg: Simulator, hours: int
) -> None:
    with time_machine.travel(NOON) as clock:
        agent = browser_of(account())
        assert agent.get(page("acme-corp")).status_code == 200
        stigg.clear()
        clock.shift(timedelta(hours=hours))
        shown = agent.get(page("acme-corp"))
        assert shown.status_code == 200
        assert stigg.requests()  # the copy is not believed
        assert notices(soup(shown)) == []
    assert AuditEvent.objects.filter(customer_id="acme-corp").count() == 2
