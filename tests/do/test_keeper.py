"""The journal while the database is away: calls are answered alike, kept on this machine, and brought over once."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from experiments.do import journal, recording
from experiments.do.assignments import Answer, Floor, assign, record_of
from experiments.do.discrepancies import Discrepancy
from experiments.do.journal import Assignment, Origin, Record
from experiments.do.outcomes import Outcome
from experiments.do.serving import Call, choose
from experiments.do.snapshot import Snapshot
from experiments.do.spool import Spool
from experiments.do.telling import Teller
from experiments.errors import Unavailable
from experiments.store import AWAY
from tests.builders import (
    MONDAY,
    SCENARIO,
    a_call,
    a_running_experiment,
    moved,
    outcome,
    rolled_up,
    snapshot_of,
)
from tests.histories import History
from tests.outages import away


@pytest.fixture
def floor(history: History, tmp_path: Path) -> Iterator[Floor]:
    """A centre with a running test, and a spool."""
    floor, _key = history.after(a_running_experiment)
    here = replace(floor, spool=Spool(tmp_path, reserve=0, limit=10_000_000))
    yield here
    settled(here)
    here.close()


@pytest.fixture
def snapshot(floor: Floor) -> Snapshot:
    return snapshot_of(floor)


@pytest.fixture
def teller(floor: Floor) -> Teller:
    with floor.store.read() as session:
        return Teller("desk", recording.scenarios_of(session), floor.pseudonyms, MONDAY)


def settled(floor: Floor) -> None:
    """Wait until the journal has brought everything over."""
    give_up = time.monotonic() + 20
    while (floor.journal.away or floor.journal.waiting()) and time.monotonic() < give_up:
        time.sleep(0.02)
    assert not floor.journal.away
    assert not floor.journal.waiting()


def rows_of(floor: Floor) -> dict[str, Assignment]:
    with floor.store.read() as session:
        return {row.call_id: row for row in session.scalars(select(Assignment))}


def words(answer: Answer) -> tuple[object, ...]:
    return answer.arm, answer.script, answer.version, answer.steps


def test_nobody_is_refused_and_no_arm_changes(floor: Floor, snapshot: Snapshot) -> None:
    calls = [a_call(i) for i in range(30)]
    arms = [choose(snapshot, call, floor.calendar).arm for call in calls]
    with away(floor.store.engine):
        answers = [assign(floor, snapshot, [call])[0] for call in calls]
    assert [answer.arm for answer in answers] == arms
    assert {(answer.reason, answer.reason_detail) for answer in answers} == {("fallback", "split")}


def test_what_was_kept_arrives_once_with_the_ids_that_were_told(floor: Floor, snapshot: Snapshot) -> None:
    with away(floor.store.engine):
        told = {a.call_id: a.assignment_id for a in assign(floor, snapshot, [a_call(i) for i in range(30)])}
    settled(floor)
    assert {call_id: row.id for call_id, row in rows_of(floor).items()} == told


def test_a_call_is_answered_alike_while_the_database_is_away(floor: Floor, snapshot: Snapshot) -> None:
    with away(floor.store.engine):
        (first,) = assign(floor, snapshot, [a_call()])
        (second,) = assign(floor, snapshot, [a_call(agent_id="somebody else", attributes={})])
    assert second == first


def test_a_call_answered_from_the_spool_keeps_its_answer_when_the_database_is_back(
    floor: Floor, snapshot: Snapshot
) -> None:
    with away(floor.store.engine):
        (first,) = assign(floor, snapshot, [a_call()])
    (before_it_settled,) = assign(floor, snapshot, [a_call(attributes={})])
    settled(floor)
    (after,) = assign(floor, snapshot, [a_call(attributes={})])
    assert before_it_settled == first
    assert after == first


def test_another_worker_of_the_machine_answers_alike(floor: Floor, snapshot: Snapshot, tmp_path: Path) -> None:
    other = replace(floor, spool=Spool(tmp_path, reserve=0, limit=10_000_000))
    with away(floor.store.engine):
        (first,) = assign(floor, snapshot, [a_call()])
        (second,) = assign(other, snapshot, [a_call(attributes={})])
    settled(other)
    other.journal.close()
    assert second == first


def test_calls_go_to_the_database_again_once_it_is_back(floor: Floor, snapshot: Snapshot) -> None:
    with away(floor.store.engine):
        assign(floor, snapshot, [a_call(1)])
    settled(floor)
    (answer,) = assign(floor, snapshot, [a_call(2)])
    assert answer.reason == "split"


def test_a_call_assigned_before_keeps_its_row_and_the_later_answer_does_not_replace_it(
    floor: Floor, snapshot: Snapshot
) -> None:
    (before,) = assign(floor, snapshot, [a_call()])
    moved(floor, "change_benefit", "stop", "supervisor", reason="customers are confused")
    with away(floor.store.engine):
        (meanwhile,) = assign(
            floor, snapshot_of(floor) if floor.store.engine.name == "sqlite" else snapshot, [a_call()]
        )
    settled(floor)
    assert rows_of(floor)["call-1"].id == before.assignment_id != meanwhile.assignment_id


def test_a_day_that_calls_were_brought_over_to_is_dirty(floor: Floor, snapshot: Snapshot) -> None:
    with away(floor.store.engine):
        assign(floor, snapshot, [a_call()])
    settled(floor)
    with floor.store.read() as session:
        assert session.connection().exec_driver_sql("SELECT COUNT(*) FROM dirty_day").scalar_one() == 1


def test_an_import_is_not_put_by_but_told(floor: Floor, snapshot: Snapshot) -> None:
    with away(floor.store.engine), pytest.raises(AWAY):
        assign(floor, snapshot, [a_call(at=MONDAY)], origin=Origin.REPLAYED)


def test_without_a_spool_the_absence_is_told(history: History) -> None:
    floor = history.floor()
    snapshot = snapshot_of(floor)
    with away(floor.store.engine), pytest.raises(AWAY):
        assign(floor, snapshot, [a_call()])


def test_a_full_spool_is_told_before_anything_is_answered(floor: Floor, snapshot: Snapshot, tmp_path: Path) -> None:
    small = replace(floor, spool=Spool(tmp_path / "small", reserve=0, limit=100_000))
    crowds = [[a_call(i) for i in range(start, start + 100)] for start in range(0, 5_000, 100)]
    with away(floor.store.engine):
        with pytest.raises(Unavailable):
            [assign(small, snapshot, crowd) for crowd in crowds]
        kept = small.journal.waiting()
    settled(small)
    small.journal.close()
    assert len(rows_of(floor)) == kept


class TestFacts:
    def test_told_while_the_database_is_away_arrive_once(
        self, floor: Floor, snapshot: Snapshot, teller: Teller
    ) -> None:
        assign(floor, snapshot, [a_call()])
        facts = [outcome("call-1", "resolved"), outcome("call-1", "invited")]
        with away(floor.store.engine):
            first = floor.journal.tell(teller, facts)
        settled(floor)
        again = floor.journal.tell(teller, facts)
        assert (first.accepted, again.accepted, again.duplicates) == (2, 0, 2)

    def test_find_the_call_that_was_assigned_meanwhile(self, floor: Floor, snapshot: Snapshot, teller: Teller) -> None:
        with away(floor.store.engine):
            floor.journal.tell(teller, [outcome("call-1", "resolved")])
            assign(floor, snapshot, [a_call()])
        settled(floor)
        rolled_up(floor)
        with floor.store.read() as session:
            assert session.scalars(select(Outcome.assignment_id)).all() == [rows_of(floor)["call-1"].id]

    def test_that_cannot_be_read_are_refused_meanwhile_as_ever(self, floor: Floor, teller: Teller) -> None:
        with away(floor.store.engine):
            receipt = floor.journal.tell(teller, [{"id": "x"}, outcome("call-1", "resolved", scenario="weather")])
        assert [(r.index, r.code) for r in receipt.rejected] == [(0, "invalid"), (1, "unknown_scenario")]

    def test_of_a_large_batch_arrive_whole(self, floor: Floor, teller: Teller) -> None:
        facts = [outcome(f"call-{i}", "resolved") for i in range(3_000)]
        with away(floor.store.engine):
            receipt = floor.journal.tell(teller, facts)
        settled(floor)
        with floor.store.read() as session:
            assert session.scalar(select(func.count()).select_from(Outcome)) == receipt.accepted == 3_000

    def test_name_no_customer_in_the_spool(self, floor: Floor, teller: Teller, tmp_path: Path) -> None:
        with away(floor.store.engine):
            fact = {"id": "x", "customer_id": "13800138000", "type": "converted", "at": MONDAY.isoformat()}
            floor.journal.tell(teller, [fact])
            kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert b"converted" in kept
        assert b"13800138000" not in kept


def test_what_the_database_will_not_take_is_set_aside_and_the_rest_goes_on(floor: Floor, snapshot: Snapshot) -> None:
    assert floor.spool is not None
    with away(floor.store.engine):
        (good,) = assign(floor, snapshot, [a_call(1)])
        body = json.loads(floor.spool.answers([("call-1", snapshot.scenario(SCENARIO).scenario_id)]).popitem()[1])
        body[0], body[1], body[-2] = "0" * 32, "call-2", 999_999  # a revision that there never was
        floor.spool.assign([(("call-2", 1), json.dumps(body))])
    settled(floor)
    assert list(rows_of(floor)) == [good.call_id]


def lost_calls(floor: Floor) -> list[tuple[str, str, str, str]]:
    with floor.store.read() as session:
        kept = session.scalars(select(Discrepancy)).all()
        return [(row.kind, row.call_id, row.source, row.outside_id) for row in kept]


class TestAnAnswerThatLoses:
    def test_is_a_finding_and_the_first_stays(self, floor: Floor, snapshot: Snapshot) -> None:
        with away(floor.store.engine):
            (meanwhile,) = assign(floor, snapshot, [a_call()])
            assign(floor, snapshot, [a_call(2)])
            with_another = a_call(attributes={"caller_relation": "repair_shop"})
            standing = record_of_call(floor, snapshot, with_another)
            floor.journal.close()
        journal.put(floor.store, [standing])
        floor.journal.settle()
        assert rows_of(floor)["call-1"].id == standing.id
        assert lost_calls(floor) == [("told_twice", "call-1", "spool", meanwhile.assignment_id.hex)]

    def test_is_found_once_though_the_machine_dies_before_the_spool_is_told(
        self, floor: Floor, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert floor.spool is not None
        with away(floor.store.engine):
            assign(floor, snapshot, [a_call()])
            floor.journal.close()
        journal.put(
            floor.store, [record_of_call(floor, snapshot, a_call(attributes={"caller_relation": "repair_shop"}))]
        )
        with monkeypatch.context() as patch:
            patch.setattr(floor.spool, "brought", killed)
            for _ in range(2):
                with pytest.raises(Killed):
                    floor.journal.settle()
        assert len(lost_calls(floor)) == 1
        floor.journal.settle()
        assert len(lost_calls(floor)) == 1

    def test_of_the_same_words_is_none(self, floor: Floor, snapshot: Snapshot) -> None:
        with away(floor.store.engine):
            assign(floor, snapshot, [a_call()])
            floor.journal.close()
        journal.put(floor.store, [record_of_call(floor, snapshot, a_call())])
        floor.journal.settle()
        assert lost_calls(floor) == []


class Killed(BaseException):
    """The machine dies here."""


def killed(seqs: object) -> None:
    raise Killed


def record_of_call(floor: Floor, snapshot: Snapshot, call: Call) -> Record:
    return record_of(floor, snapshot, call, choose(snapshot, call, floor.calendar), Origin.LIVE)
