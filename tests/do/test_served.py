"""Desktops that served a call by themselves: the call is assigned as we would have, and what disagrees is kept."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from experiments.do import days, notes, recording, served
from experiments.do.assignments import Floor, assign
from experiments.do.attribution import CLOCK_SKEW
from experiments.do.days import DirtyDay
from experiments.do.discrepancies import Discrepancy
from experiments.do.journal import Assignment
from experiments.do.recording import Receipt
from experiments.do.served import OFFLINE
from experiments.do.serving import Call, choose
from experiments.do.spool import Spool
from experiments.do.telling import Teller
from experiments.errors import Unavailable
from tests.builders import MONDAY, SCENARIO, a_call, a_running_experiment, assigned, moved, outcome, snapshot_of
from tests.histories import History
from tests.outages import away


@pytest.fixture
def floor(history: History) -> Floor:
    return history.after(a_running_experiment)[0]


def report(floor: Floor, call: Call, **changes: Any) -> dict[str, Any]:
    """Describe a call as a desktop tells it that evaluated what is in force."""
    choice = choose(snapshot_of(floor), call, floor.calendar)
    said = {"experiment": choice.experiment, "arm": choice.arm, "traffic_revision": choice.revision}
    known = {name: getattr(call, name) for name in ("call_id", "agent_id", "customer_id", "team", "region", "channel")}
    about = {"type": "served", "scenario": SCENARIO, "at": call.at.isoformat(), "attributes": dict(call.attributes)}
    return {"id": f"{call.call_id}/served", **known, **about, **said, **changes}


def take(floor: Floor, *rows: Mapping[str, Any]) -> None:
    served.tell(floor, snapshot_of(floor), a_teller(floor), rows)


def rows(floor: Floor) -> dict[str, Assignment]:
    with floor.store.read() as session:
        return {row.call_id: row for row in session.scalars(select(Assignment))}


def found(floor: Floor) -> list[tuple[str, Any, Any]]:
    with floor.store.read() as session:
        kept = session.scalars(select(Discrepancy).order_by(Discrepancy.kind))
        return [(row.kind, row.told["arm"], row.ours.get("arm")) for row in kept]


def other(arm: str | None) -> str:
    return "quicker" if arm == "control" else "control"


def test_calls_are_assigned_as_if_we_had_been_asked(floor: Floor) -> None:
    local, asked = ([a_call(n, call_id=f"{who}-{n}") for n in range(40)] for who in ("same", "asked"))
    take(floor, *[report(floor, call) for call in local])
    assigned(floor, [call._replace(call_id=call.call_id) for call in asked])
    kept = rows(floor)
    choices = {call.call_id: choose(snapshot_of(floor), call, floor.calendar) for call in (*local, *asked)}
    assert {id_: (row.arm, row.reason, row.eligible, row.at) for id_, row in kept.items()} == {
        call.call_id: (choices[call.call_id].arm or "", choices[call.call_id].reason, True, call.at)
        for call in (*local, *asked)
    }
    assert found(floor) == []


def test_told_three_times_it_is_one_assignment_and_one_disagreement(floor: Floor) -> None:
    told = report(floor, a_call())
    tampered = told | {"arm": other(told["arm"])}
    for _ in range(3):
        take(floor, tampered, tampered)
    assert rows(floor)["call-1"].arm == told["arm"]
    assert found(floor) == [("another_arm", tampered["arm"], told["arm"])]


def test_a_revision_of_then_decides(floor: Floor) -> None:
    told = report(floor, a_call())
    moved(floor, "change_benefit", "pause", "supervisor", reason="too loud")
    take(floor, told)
    assert rows(floor)["call-1"].arm == told["arm"]
    assert found(floor) == []


# what is told beside what we derive, the arm that is kept, and the finding
DISAGREEMENTS: list[tuple[dict[str, Any], bool, str]] = [
    # a revision that never was: nothing can be derived
    ({"traffic_revision": 99}, False, "unknown_revision"),
    # a test that this revision does not have
    ({"experiment": "weather"}, True, "unknown_experiment"),
    # no test, where the revision deals
    ({"experiment": None, "arm": None}, True, "another_arm"),
    # a caller whom the audience does not let in, said to be dealt
    ({"attributes": {"caller_relation": "repair_shop"}}, True, "another_arm"),
]


@pytest.mark.parametrize(("changes", "kept", "kind"), DISAGREEMENTS)
def test_what_disagrees_is_kept_and_changes_nothing(
    floor: Floor, changes: dict[str, Any], kept: bool, kind: str
) -> None:
    take(floor, report(floor, a_call()) | changes)
    assert bool(rows(floor)) is kept
    assert [row[0] for row in found(floor)] == [kind]


# when a call was served, after its traffic came in force and before or after other traffic did, and what is found
TIMES: list[tuple[timedelta, bool, list[str]]] = [
    # by a clock that is behind ours
    (-CLOCK_SKEW, False, []),
    # by traffic that was still to come
    (-CLOCK_SKEW - timedelta(seconds=1), False, ["not_in_force"]),
    (-CLOCK_SKEW - timedelta(seconds=1), True, ["not_in_force"]),
    # by what is in force still, however long it has been
    (timedelta(days=30), False, []),
    # by a desktop that was offline
    (OFFLINE, True, []),
    # by one that is never told
    (OFFLINE + timedelta(seconds=1), True, ["not_in_force"]),
]


@pytest.mark.parametrize(("after", "replaced", "kinds"), TIMES)
def test_traffic_out_of_its_time_is_found_and_deals_all_the_same(
    floor: Floor, after: timedelta, replaced: bool, kinds: list[str]
) -> None:
    told = report(floor, a_call(at=MONDAY + after))
    if replaced:
        moved(floor, "change_benefit", "pause", "supervisor", reason="too loud")
    teller = replace(a_teller(floor), now=MONDAY + timedelta(days=60))
    for _ in range(2):
        served.tell(floor, snapshot_of(floor), teller, [told])
    assert rows(floor)["call-1"].arm == told["arm"]
    assert [row[0] for row in found(floor)] == kinds


def test_what_was_not_in_force_may_be_another_arm_too(floor: Floor) -> None:
    told = report(floor, a_call(at=MONDAY - timedelta(hours=1)))
    take(floor, told | {"arm": other(told["arm"])})
    assert [row[0] for row in found(floor)] == ["another_arm", "not_in_force"]


def test_the_first_assignment_of_a_call_stays(floor: Floor) -> None:
    assigned(floor, [a_call(attributes={"caller_relation": "repair_shop"})])
    take(floor, report(floor, a_call()))
    assert rows(floor)["call-1"].reason == "not_eligible"
    assert [row[0] for row in found(floor)] == ["assigned_otherwise"]


def test_what_was_found_is_never_edited(floor: Floor) -> None:
    take(floor, report(floor, a_call(), traffic_revision=99))
    with pytest.raises(DBAPIError, match=r"append-only|append_only"), floor.store.write() as session:
        session.execute(update(Discrepancy).values(kind="another_arm"))


@pytest.mark.parametrize("field", ["agent_id", "scenario", "call_id"])
def test_a_report_that_lacks_something_is_rejected_by_name(floor: Floor, field: str) -> None:
    told = report(floor, a_call())
    del told[field]
    with floor.store.read() as session:
        teller = Teller("desk", recording.scenarios_of(session), floor.pseudonyms, MONDAY)
    (rejected,) = served.tell(floor, snapshot_of(floor), teller, [told]).rejected
    assert (rejected.code, str(rejected.message).split(":")[0]) == ("invalid", field)
    assert rows(floor) == {}


class TestWhileTheDatabaseIsAway:
    @pytest.fixture
    def machine(self, floor: Floor, tmp_path: Path) -> Iterator[Floor]:
        """The same site with a spool."""
        here = replace(floor, spool=Spool(tmp_path, reserve=0, limit=10_000_000))
        yield here
        here.close()

    def test_a_disagreement_waits_with_its_call_and_arrives_once(self, machine: Floor) -> None:
        told = report(machine, a_call())
        tampered = told | {"arm": other(told["arm"])}
        snapshot, teller = snapshot_of(machine), a_teller(machine)
        with away(machine.store.engine):
            for _ in range(2):
                served.tell(machine, snapshot, teller, [tampered])
        machine.journal.settle()
        take(machine, tampered)
        assert rows(machine)["call-1"].arm == told["arm"]
        assert found(machine) == [("another_arm", tampered["arm"], told["arm"])]

    @pytest.mark.parametrize("noticed", [True, False])
    def test_a_call_served_by_earlier_traffic_is_told_again_and_the_rest_is_kept(
        self, machine: Floor, monkeypatch: pytest.MonkeyPatch, noticed: bool
    ) -> None:
        earlier = report(machine, a_call(1))
        moved(machine, "change_benefit", "pause", "supervisor", reason="too loud")
        batch = [earlier, report(machine, a_call(2)), outcome("call-2", "resolved"), outcome("call-3", "resolved")]
        snapshot, teller = snapshot_of(machine), a_teller(machine)
        with away(machine.store.engine), monkeypatch.context() as patch:
            if noticed:
                machine.journal.tell(teller, [outcome("call-4", "resolved")])
            else:
                patch.setattr(machine.store, "read", unreachable)  # a locked SQLite file is read all the same
            with pytest.raises(Unavailable, match="1 of the calls"):
                served.tell(machine, snapshot, teller, batch)
        machine.journal.settle()
        assert set(rows(machine)) == {"call-2"}
        assert served.tell(machine, snapshot, teller, batch) == Receipt(0, 4, ())
        assert rows(machine)["call-1"].arm == earlier["arm"]

    def test_an_absence_without_a_spool_is_told_as_ever(self, floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
        earlier, snapshot, teller = report(floor, a_call()), snapshot_of(floor), a_teller(floor)
        monkeypatch.setattr(floor.store, "read", unreachable)
        with pytest.raises(OSError, match="unreachable"):
            served.tell(floor, snapshot, teller, [earlier | {"traffic_revision": 1}])


def test_a_call_is_there_with_its_disagreement_or_not_at_all(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    told = report(floor, a_call())
    monkeypatch.setattr(notes, "keep", killed)
    with pytest.raises(Killed):
        take(floor, told | {"arm": other(told["arm"])})
    assert rows(floor) == {}


class TestACustomersTest:
    @pytest.fixture
    def floor(self, history: History) -> Floor:
        return history.after(a_running_experiment, unit="customer")[0]

    def test_has_no_late_call_whose_customers_other_days_are_not_marked(
        self, floor: Floor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = report(floor, late := a_call(1, customer_id="she"))
        assigned(floor, [a_call(2, customer_id="she", at=late.at + timedelta(days=1))])
        counted(floor)
        with monkeypatch.context() as patch:
            patch.setattr(days, "mark", killed)
            with pytest.raises(Killed):
                take(floor, told)
        assert (set(rows(floor)), marked(floor)) == ({"call-2"}, [])
        take(floor, told)
        assert (set(rows(floor)), marked(floor)) == ({"call-1", "call-2"}, [20261102, 20261103])

    def test_marks_her_other_days_when_it_is_told_again(self, floor: Floor) -> None:
        told = report(floor, late := a_call(1, customer_id="she"))
        assigned(floor, [a_call(2, customer_id="she", at=late.at + timedelta(days=1))])
        take(floor, told)
        counted(floor)
        take(floor, told)
        assert marked(floor) == [20261102, 20261103]

    def test_marks_her_other_days_when_it_waited_for_the_database(self, floor: Floor, tmp_path: Path) -> None:
        told = report(floor, late := a_call(1, customer_id="she"))
        assigned(floor, [a_call(2, customer_id="she", at=late.at + timedelta(days=1))])
        counted(floor)
        machine = replace(floor, spool=Spool(tmp_path, reserve=0, limit=10_000_000))
        snapshot, teller = snapshot_of(floor), a_teller(floor)
        with away(floor.store.engine):
            served.take(machine, snapshot, teller, [told])
            machine.journal.close()
        machine.journal.settle()
        assert marked(floor) == [20261102, 20261103]

    def test_marks_her_other_days_though_only_the_answer_was_put_by(self, floor: Floor, tmp_path: Path) -> None:
        late = a_call(1, customer_id="she")
        assigned(floor, [a_call(2, customer_id="she", at=late.at + timedelta(days=1))])
        counted(floor)
        machine, snapshot = replace(floor, spool=Spool(tmp_path, reserve=0, limit=10_000_000)), snapshot_of(floor)
        with away(floor.store.engine):
            assign(machine, snapshot, [late])
            machine.journal.close()
        machine.journal.settle()
        assert marked(floor) == [20261102, 20261103]


class Killed(BaseException):
    """The machine dies here."""


def killed(*_: object) -> None:
    raise Killed


def unreachable() -> None:
    raise OSError("unreachable")


def a_teller(floor: Floor) -> Teller:
    with floor.store.read() as session:
        return Teller("desk", recording.scenarios_of(session), floor.pseudonyms, MONDAY.replace(hour=23))


def counted(floor: Floor) -> None:
    """Count the days that are marked."""
    with floor.store.write() as session:
        session.execute(delete(DirtyDay))


def marked(floor: Floor) -> list[int]:
    with floor.store.read() as session:
        return sorted(set(session.scalars(select(DirtyDay.day))))
