"""`manage.py add_agent`: an account with a password, roles, and the environments that it sees."""

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from integrations_app.audit.events import AuditEvent
from integrations_app.management.commands import add_agent
from tests.accounts import account, browser_of
from tests.site.test_start import KEY, started

pytestmark = pytest.mark.usefixtures("stigg", "db")

PASSWORD = "correct horse battery"
ACME = "/{}/customers/acme-corp/integrations/"


def add(monkeypatch: pytest.MonkeyPatch, *arguments: str, password: str = PASSWORD) -> str:
    """With the password as one line of standard input; what the command says."""
    monkeypatch.setattr("sys.stdin", StringIO(f"{password}\n"))
    said = StringIO()
    call_command("add_agent", *arguments, stdout=said)
    return said.getvalue()


def test_a_viewer_signs_in_and_sees_every_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, "mara", "--role", "viewer", "--email", "mara@desk.example")
    mara = User.objects.get(username="mara", email="mara@desk.example")
    assert mara.check_password(PASSWORD)
    assert (mara.is_superuser, mara.is_staff) == (False, False)
    desk = browser_of(mara)
    statuses = [desk.get(ACME.format(place)).status_code for place in ("production", "staging")]
    assert statuses == [200, 200]


def test_one_that_is_limited_sees_no_other_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, "mara", "--role", "viewer", "--environment", "staging")
    desk = browser_of(User.objects.get())
    assert desk.get(ACME.format("staging")).status_code == 200
    hidden = desk.get(ACME.format("production"))
    assert hidden.status_code == 404
    assert "Production" not in hidden.content.decode()
    assert "Production" not in desk.get("/").content.decode()
    kept = AuditEvent.objects.filter(action="role").values_list("outcome", "detail")
    assert {*kept} == {("given", "mara: viewer"), ("limited", "mara: staging")}


def test_without_a_role_it_may_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no role" in add(monkeypatch, "mara")
    assert browser_of(User.objects.get()).get("/").status_code == 403


@pytest.mark.parametrize(
    ("arguments", "password", "said"),
    [
        (("mara", "--role", "king"), PASSWORD, "king"),
        (("mara", "--environment", "moon"), PASSWORD, "There is no environment moon."),
        (("mara",), "short", "too short"),
        (("a name\nof two lines",), PASSWORD, "valid username"),
        (("mara",), "", "password"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_made(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], password: str, said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        add(monkeypatch, *arguments, password=password)
    assert not User.objects.exists()


def test_a_name_that_is_taken_stays_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, "mara", "--role", "viewer")
    with pytest.raises(CommandError, match="is an account already"):
        add(monkeypatch, "mara", "--role", "operator", password="another long secret")
    assert User.objects.get().check_password(PASSWORD)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def typed(monkeypatch: pytest.MonkeyPatch, *passwords: str) -> None:
    """Make the account on a terminal, where these are typed one after the other."""
    waiting = iter(passwords)
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(add_agent, "getpass", lambda *_: next(waiting))
    call_command("add_agent", "ines", "--role", "viewer", "auditor", stdout=StringIO())


def test_a_terminal_asks_for_the_password_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="The two passwords differ"):
        typed(monkeypatch, PASSWORD, f"{PASSWORD} ")
    assert not User.objects.exists()
    typed(monkeypatch, PASSWORD, PASSWORD)
    ines = User.objects.get()
    assert ines.check_password(PASSWORD)
    assert {group.name for group in ines.groups.all()} == {"viewer", "auditor"}


def test_a_name_that_is_taken_in_other_capitals_is_refused_before_a_password_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account("INES")
    with pytest.raises(CommandError, match="ines is an account already"):
        typed(monkeypatch)


def test_who_breaks_off_is_told_that_no_account_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_off(*_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(add_agent, "getpass", broken_off)
    with pytest.raises(CommandError, match="No account was made"):
        call_command("add_agent", "ines")
    assert not User.objects.exists()


@pytest.mark.slow
def test_it_ends_with_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    database = {"STIGG_API_KEY": KEY, "DATABASE_URL": f"sqlite:///{tmp_path}/desk.sqlite3"}
    tried = started(["manage.py", "add_agent", "ines", "--role", "king"], **database)
    assert tried.returncode == 1
    assert tried.stderr.startswith("CommandError: There is no role king. ")
    assert len(tried.stderr.splitlines()) == 1
