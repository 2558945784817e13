"""What a process knows without asking: at most a second old, whole, and on the disk for when the database is away."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from experiments import people
from experiments.do.assignments import Floor, assign
from experiments.do.in_force import Copy, Keeping
from experiments.do.spool import Spool
from experiments.store import AWAY, Store
from tests.builders import MONDAY, a_call, a_running_experiment, moved
from tests.histories import History
from tests.outages import away

OPERATOR = people.system("test")
SECOND = timedelta(seconds=1)


@pytest.fixture
def floor(history: History, tmp_path: Path) -> Iterator[Floor]:
    """A centre with a running test, and a spool."""
    yield from opened(history, tmp_path)


@pytest.fixture
def floor_on_sqlite(sqlite_history: History, tmp_path: Path) -> Iterator[Floor]:
    """The same, for what does not depend on the database."""
    yield from opened(sqlite_history, tmp_path)


def opened(history: History, tmp_path: Path) -> Iterator[Floor]:
    floor, _key = history.after(a_running_experiment)
    here = replace(floor, spool=Spool(tmp_path, reserve=0, limit=10_000_000))
    yield here
    here.close()


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


def signed(body: bytes) -> bytes:
    """Sign as every release of this installation does."""
    key = hmac.digest(b"this installation", b"in force", "sha256")
    return hmac.new(key, body, hashlib.sha256).hexdigest().encode() + b"\n" + body


def without_parts(told: bytes) -> bytes:
    plain = json.loads(told.splitlines()[2])
    del plain["snapshot"]["parts"]
    return json.dumps(plain).encode()


UNUSABLE: dict[str, Callable[[bytes], bytes]] = {
    # a disk that was full, or a machine that went down
    "cut short": lambda told: told[:-9],
    # nothing came to the disk but the signature
    "cut to its signature": lambda told: told.splitlines()[0],
    # a file that was made and never written
    "emptied": lambda _told: b"",
    # somebody's own words for the customer
    "changed": lambda told: told.replace(b"policy_change", b"policy_chance"),
    # a number that was changed so that it would be read
    "said to be of another format": lambda told: told.replace(b"\n3\n", b"\n4\n"),
    # no text at all
    "overwritten": lambda told: bytes(255 - each for each in told),
    # a release before there was a number, which knew no parts: whole and ours
    "of an earlier release": lambda told: signed(without_parts(told)),
    # a later release, found when somebody goes back to this one
    "of a later release": lambda told: signed(b"4\n" + without_parts(told)),
    # a later release that keeps no JSON
    "of a much later release": lambda _told: signed(b"5\n\x00\xff"),
}


@pytest.mark.parametrize("harm", UNUSABLE)
def test_a_copy_that_cannot_be_used_counts_as_none(
    floor_on_sqlite: Floor, tmp_path: Path, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    keeping(floor_on_sqlite, tmp_path).current(MONDAY)
    path = tmp_path / "in_force"
    told = path.read_bytes()
    path.write_bytes(UNUSABLE[harm](told))
    assert path.read_bytes() != told
    with pytest.raises(AWAY):
        keeping(cut_off(floor_on_sqlite), tmp_path).current(MONDAY)
    assert "it is not used" in caplog.text
    now = keeping(floor_on_sqlite, tmp_path).current(MONDAY)
    assert a_copy(tmp_path).read() == now


def test_a_copy_of_another_installation_is_not_used(floor_on_sqlite: Floor, tmp_path: Path) -> None:
    keeping(floor_on_sqlite, tmp_path).current(MONDAY)
    assert a_copy(tmp_path, b"another installation").read() is None


def keys_of(plain: dict[str, Any]) -> dict[str, str]:
    """Give the names in a copy that are not keys of somebody's scenario, element or token."""
    snapshot, (bearer, *_) = plain["snapshot"], plain["bearers"].values()
    scenario = next(each for each in snapshot["scenarios"] if each["traffic"]["slices"])
    (owner,), (script, *_) = scenario["traffic"]["slices"], scenario["scripts"]
    part = next(iter(snapshot["parts"].values()))[0]
    told = {"all": plain, "snapshot": snapshot, "bearer": bearer, "scenario": scenario, "traffic": scenario["traffic"]}
    told |= {"slice": owner, "arm": owner["arms"][0], "script": script, "part": part}
    return {name: " ".join(sorted(each)) for name, each in told.items()}


def test_the_format_has_these_names_and_with_any_other_it_has_another_number(
    floor_on_sqlite: Floor, tmp_path: Path
) -> None:
    a_token(floor_on_sqlite)
    keeping(floor_on_sqlite, tmp_path).current(MONDAY)
    _signature, number, plain = (tmp_path / "in_force").read_bytes().splitlines()
    assert (number, keys_of(json.loads(plain))) == (
        b"3",
        {
            "all": "bearers scenarios snapshot",
            "snapshot": "parts scenarios version",
            "bearer": "expires_at full_name locale name person_id roles scopes",
            "scenario": "key revision revision_id scenario_id scripts since traffic",
            "traffic": "audience rollout slice_seed slice_unit slices standard_id",
            "slice": "arms condition experiment_id key ranges seed state unit",
            "arm": "key ranges version_id",
            "script": "alone elements id key texts version",
            "part": "after_request key kind locked needs position",
        },
    )


def test_a_copy_is_renewed_whole_and_only_for_us_to_read(floor: Floor, tmp_path: Path) -> None:
    here = keeping(floor, tmp_path)
    here.current(MONDAY)
    moved(floor, "change_benefit", "pause", "supervisor", reason="an outage")
    now = here.current(MONDAY + SECOND)
    assert a_copy(tmp_path).read() == now
    assert (tmp_path / "in_force").stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("in_force.*"))


def test_while_the_database_is_away_what_was_last_is_in_force(postgresql_history: History, tmp_path: Path) -> None:
    # A SQLite file that somebody locks can still be read.
    floor = replace(postgresql_history.floor(), spool=Spool(tmp_path, reserve=0, limit=10_000_000))
    here = keeping(floor, tmp_path)
    before = here.current(MONDAY)
    with away(floor.store.engine):
        assert here.current(MONDAY + timedelta(hours=1)) is before
        assert floor.journal.away
    floor.journal.close()
