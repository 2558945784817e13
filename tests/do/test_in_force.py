"""What a process knows without asking: at most a second old, whole, and on the disk for when the database is away."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from experiments import people
from experiments.do.assignments import Floor, assign
from experiments.do.in_force import Copy, Keeping
from experiments.do.spool import Spool
from experiments.store import AWAY, Store
from tests.builders import MONDAY, a_call, a_floor, a_running_experiment, moved
from tests.outages import away

OPERATOR = people.system("test")
SECOND = timedelta(seconds=1)


@pytest.fixture
def floor(store: Store, tmp_path: Path) -> Iterator[Floor]:
    """A centre with a running test, and a spool."""
    here = replace(a_floor(store), spool=Spool(tmp_path, reserve=0, limit=10_000_000))
    a_running_experiment(here)
    yield here
    here.journal.close()
    assert here.spool is not None
    here.spool.close()


def a_copy(folder: Path, key: bytes = b"this installation") -> Copy:
    return Copy(folder / "in_force", key)


def keeping(floor: Floor, folder: Path) -> Keeping:
    """Start as a process does."""
    return Keeping(floor.store, floor.journal, a_copy(folder))


def a_token(floor: Floor, name: str = "desk") -> str:
    with floor.store.write() as session:
        return people.issue_token(session, name, ["assign"], actor=OPERATOR, now=MONDAY)


def cut_off(floor: Floor) -> Floor:
    """Start a process whose database cannot even be reached."""
    return replace(floor, store=Store("postgresql+psycopg://nobody@127.0.0.1:9/nothing"))


def test_a_change_is_known_within_a_second(floor: Floor, tmp_path: Path) -> None:
    here = keeping(floor, tmp_path)
    before = here.current(MONDAY).snapshot.version
    moved(floor, "change_benefit", "pause", "supervisor", reason="an outage")
    assert here.current(MONDAY).snapshot.version == before
    assert here.current(MONDAY + SECOND).snapshot.version > before


def test_a_token_is_known_and_forgotten_within_a_second(floor: Floor, tmp_path: Path) -> None:
    here, secret = keeping(floor, tmp_path), a_token(floor)
    assert here.current(MONDAY).bearers.known(secret, MONDAY)
    with floor.store.write() as session:
        people.revoke_token(session, "desk", actor=OPERATOR, now=MONDAY)
    assert here.current(MONDAY + SECOND).bearers.known(secret, MONDAY) is None


def test_a_token_that_expires_is_good_until_then(floor: Floor, tmp_path: Path) -> None:
    with floor.store.write() as session:
        until = MONDAY + timedelta(hours=1)
        secret = people.issue_token(session, "desk", ["assign"], expires_at=until, actor=OPERATOR, now=MONDAY)
    bearers = keeping(floor, tmp_path).current(MONDAY).bearers
    assert [bearers.known(secret, MONDAY + timedelta(minutes=each)) is None for each in (59, 60)] == [False, True]


def test_what_does_not_change_is_not_made_anew(floor: Floor, tmp_path: Path) -> None:
    here = keeping(floor, tmp_path)
    assert here.current(MONDAY).snapshot is here.current(MONDAY + SECOND).snapshot


def test_a_process_that_starts_without_a_database_answers_from_the_copy(floor: Floor, tmp_path: Path) -> None:
    secret = a_token(floor)
    before = keeping(floor, tmp_path).current(MONDAY)
    alone = cut_off(floor)
    known = keeping(alone, tmp_path).current(MONDAY)
    assert known == before
    assert known.bearers.known(secret, MONDAY)
    (answer,) = assign(alone, known.snapshot, [a_call()])
    alone.journal.close()
    assert (answer.reason, answer.arm) == ("fallback", assign(floor, before.snapshot, [a_call(1)])[0].arm)


def test_without_a_copy_it_says_that_the_database_is_away(floor: Floor, tmp_path: Path) -> None:
    with pytest.raises(AWAY):
        keeping(cut_off(floor), tmp_path).current(MONDAY)


@pytest.mark.parametrize("harm", ["cut", "changed", "emptied", "of another installation"])
def test_a_copy_that_is_not_whole_or_not_ours_is_not_used(floor: Floor, tmp_path: Path, harm: str) -> None:
    keeping(floor, tmp_path).current(MONDAY)
    path = tmp_path / "in_force"
    told = path.read_bytes()
    harmed = {"cut": told[:-9], "changed": told.replace(b"policy_change", b"policy_chance"), "emptied": b""}
    path.write_bytes(harmed.get(harm, told))
    key = b"another installation" if harm == "of another installation" else b"this installation"
    assert a_copy(tmp_path, key).read() is None


def test_a_copy_is_renewed_whole_and_only_for_us_to_read(floor: Floor, tmp_path: Path) -> None:
    here = keeping(floor, tmp_path)
    here.current(MONDAY)
    moved(floor, "change_benefit", "pause", "supervisor", reason="an outage")
    now = here.current(MONDAY + SECOND)
    assert a_copy(tmp_path).read() == now
    assert (tmp_path / "in_force").stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("in_force.*"))


def test_while_the_database_is_away_what_was_last_is_in_force(postgresql_store: Store, tmp_path: Path) -> None:
    # A SQLite file that somebody locks can still be read.
    floor = replace(a_floor(postgresql_store), spool=Spool(tmp_path, reserve=0, limit=10_000_000))
    here = keeping(floor, tmp_path)
    before = here.current(MONDAY)
    with away(postgresql_store.engine):
        assert here.current(MONDAY + timedelta(hours=1)) is before
        assert floor.journal.away
    floor.journal.close()
