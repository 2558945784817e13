"""A test is changed while it runs: nobody in it is dealt again, its plan stays, and it is read honestly to its end."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from experiments import people
from experiments.act.knowledge.entries import entry_named
from experiments.board import tending
from experiments.check import looks, reading
from experiments.check.looks import Look
from experiments.check.results import Watch
from experiments.do.assignments import Answer, Floor
from experiments.errors import Conflict, Invalid, NotAllowed, Refusal
from experiments.notices.tables import Notice
from experiments.plan.designs import Experiment, experiment_named
from experiments.plan.rules import ArmPlan
from experiments.plan.traffic import in_force
from tests.builders import (
    MONDAY,
    NEW_BENEFIT,
    a_final_look,
    a_running_experiment,
    a_week_of_calls,
    approved,
    moved,
    somebody_new,
    standard_value,
)
from web.saying import say_in

SPOUSE = {"caller_relation": "spouse"}


def three_arms(floor: Floor, **changes: Any) -> str:
    values = {"quicker": NEW_BENEFIT, "longer": {**NEW_BENEFIT, "en": "Next time one message is enough, day or night."}}
    arms = (
        ArmPlan("control", 4000, standard_value(floor, "benefit")),
        *(ArmPlan(key, 3000, value) for key, value in values.items()),
    )
    return a_running_experiment(floor, **{"arms": arms, "coverage": 5000, **changes})


def registered(floor: Floor, key: str) -> Experiment:
    with floor.store.read() as session:
        found = experiment_named(session, key)
        assert found.amendments is not None
        return found


def refused(floor: Floor, key: str, verb: str, by: str = "manager", **how: Any) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        moved(floor, key, verb, by, **{"reason": "because", **how})
    return refusal.value


def test_a_running_and_a_paused_test_is_amended_and_its_plan_stays(floor: Floor) -> None:
    key = three_arms(floor, audience={"caller_relation": "self"})
    before = registered(floor, key)
    assert moved(floor, key, "widen", "manager", reason="too slow", coverage=6000) == ("do", "running")
    moved(floor, key, "pause", "lead", reason="lunch")
    assert moved(floor, key, "widen", "manager", reason="couples call", also=SPOUSE) == ("do", "paused")
    assert moved(floor, key, "drop_arm", "lead", reason="callers laugh", arm="longer") == ("do", "paused")
    moved(floor, key, "resume", "lead")
    after = registered(floor, key)
    assert [arm.key for arm in after.dealt] == ["control", "quicker"]
    assert (after.coverage, after.audience, after.content_hash) == (
        before.coverage,
        before.audience,
        before.content_hash,
    )
    audience = {"$or": [{"caller_relation": "self"}, SPOUSE]}
    assert (after.coverage_in_force, after.audience_in_force) == (6000, audience)
    assert after.awaited_calls == -(-(after.planned_calls or 0) * 7 // 10)
    assert [(a.kind, a.arm, a.coverage, a.reason, a.made_by, a.day) for a in after.amendments] == [
        ("widen", None, 6000, "too slow", "manager", 20261102),
        ("widen", None, 6000, "couples call", "manager", 20261102),
        ("drop_arm", "longer", 6000, "callers laugh", "lead", 20261102),
    ]
    with floor.store.read() as session:
        (owner,) = in_force(session, after.scenario).value.slices
        told = session.query(Notice).filter(Notice.event == "amended").order_by(Notice.id).all()
    assert ([arm.key for arm in owner.arms], owner.condition, owner.ranges) == (
        ["control", "quicker"],
        audience,
        ((0, 6000),),
    )
    assert "goes on without “longer”; lead dropped it: callers laugh" in say_in(told[-1].words, "en")
    with pytest.raises(DBAPIError, match="append-only"), floor.store.write() as session:
        session.execute(text("UPDATE amendment SET arm = 'quicker'"))


def test_what_would_not_be_fair_or_sound_is_refused(sqlite_floor: Floor) -> None:
    key = three_arms(sqlite_floor)
    whole = moved(sqlite_floor, key, "drop_arm", "lead", reason="callers laugh", arm="longer")
    assert whole == ("do", "running")
    for arm, code in (("nobody", "unknown"), (None, "unknown"), ("control", "control"), ("longer", "dropped")):
        told = refused(sqlite_floor, key, "drop_arm", arm=arm)
        assert isinstance(told, Invalid)
        assert [(p.field, p.code) for p in told.problems] == [("arm", code)]
    assert "last challenger" in str(refused(sqlite_floor, key, "drop_arm", arm="quicker"))
    assert isinstance(refused(sqlite_floor, key, "drop_arm", "quality", arm="quicker"), NotAllowed)
    assert isinstance(refused(sqlite_floor, key, "widen", "lead", coverage=9000), NotAllowed)
    for how, field, code in (
        ({}, "coverage", "missing"),
        ({"coverage": 5000}, "coverage", "not_wider"),
        ({"also": {"region": {"$near": "here"}}}, "also", "bad_condition"),
        ({"also": {"customer_id": "C-1"}}, "also", "personal"),
    ):
        told = refused(sqlite_floor, key, "widen", **how)
        assert isinstance(told, Invalid)
        assert [(p.field, p.code) for p in told.problems] == [(field, code)]
    assert isinstance(refused(sqlite_floor, key, "widen", coverage=9000, reason=" "), Invalid)
    moved(sqlite_floor, key, "stop", "lead", reason="enough")
    assert isinstance(refused(sqlite_floor, key, "widen", coverage=9000), Conflict)
    told = refused(sqlite_floor, key, "submit", "lead", proposal="longer")
    assert isinstance(told, Invalid)
    assert told.problems[0].code == "dropped"


def test_whole_agents_stay_as_they_were_dealt(sqlite_floor: Floor) -> None:
    a_week_of_calls(sqlite_floor, 80, lambda _, number: number // 40 % 2 == 0, agents=40)
    key = three_arms(sqlite_floor, unit="agent", coverage=10_000, effect=0.45)
    assert "registered list" in str(refused(sqlite_floor, key, "drop_arm", arm="longer"))
    assert "registered list" in str(refused(sqlite_floor, key, "widen", also=SPOUSE))


def says(answer: Answer, number: int) -> bool:
    return number % 10 < {"longer": 9, "quicker": 6}.get(answer.arm or "", 4)


def test_with_an_arm_dropped_the_test_comes_to_its_final_look_and_reads_the_others_alone(sqlite_floor: Floor) -> None:
    key = three_arms(sqlite_floor, coverage=10_000, effect=0.15, looks=(1.0,))
    a_week_of_calls(sqlite_floor, 90, says, days=4)
    moved(sqlite_floor, key, "drop_arm", "manager", reason="callers laugh", arm="longer", at=MONDAY + timedelta(days=4))
    start, answers = MONDAY + timedelta(days=4), list[Answer]()
    look: Look | None = None
    while look is None and start < MONDAY + timedelta(days=30):
        seen, awaited = _read(sqlite_floor, key, start)
        assert all(guard.challenger == "quicker" for guard in seen.guards)
        assert seen.totals.keys() == {"control", "quicker"}
        assert not {f.check: f.state for f in seen.findings if f.state in ("broken", "warning")}
        answers += a_week_of_calls(sqlite_floor, 90, says, days=1, start=start)
        start += timedelta(days=1)
        look = _look(sqlite_floor, key, start)
        had = sum(each["calls"] for each in _read(sqlite_floor, key, start)[0].totals.values())
        assert (look is not None) == (had >= awaited), (had, awaited)
    assert look is not None
    assert look.final
    assert (look.conclusion, look.challenger) == ("winner", "quicker")
    assert {reading["challenger"] for reading in look.content["readings"]} == {"quicker"}
    compared = next(r["comparison"] for r in look.content["readings"] if r["role"] == "primary")
    totals = look.content["watch"]["totals"]
    assert (compared["control_n"], compared["challenger_n"]) == (totals["control"]["calls"], totals["quicker"]["calls"])
    reasons = Counter((answer.reason, answer.experiment is None, answer.arm is None) for answer in answers)
    assert reasons[("stopped", True, True)] > len(answers) / 5
    assert "longer" not in {answer.arm for answer in answers}
    experiment = registered(sqlite_floor, key)
    assert experiment.ended_at is not None
    assert (experiment.awaited_calls or 0) < (experiment.planned_calls or 0)


def test_a_test_that_lost_an_arm_is_closed_like_any_other_and_its_entry_says_so(sqlite_floor: Floor) -> None:
    key = three_arms(sqlite_floor, coverage=10_000, effect=0.15, looks=(1.0,))
    a_week_of_calls(sqlite_floor, 60, says, days=4)
    moved(sqlite_floor, key, "drop_arm", "manager", reason="callers laugh", arm="longer", at=MONDAY + timedelta(days=4))
    a_final_look(sqlite_floor, key, MONDAY + timedelta(days=5))
    later = MONDAY + timedelta(days=6)
    moved(sqlite_floor, key, "submit", "lead", proposal="quicker", at=later)
    approved(sqlite_floor, key, "quality", at=later)
    approved(sqlite_floor, key, "manager", "quality", at=later)
    assert moved(sqlite_floor, key, "promote", "lead", at=later) == ("act", "standard")
    with sqlite_floor.store.read() as session:
        arms = {arm["key"]: arm["calls"] for arm in entry_named(session, key).content["arms"]}
    assert arms["longer"] is None
    assert min(arms["control"], arms["quicker"]) > 0


def test_who_let_more_calls_in_approves_nothing_of_the_test(sqlite_floor: Floor) -> None:
    key = a_running_experiment(sqlite_floor, coverage=3000)
    somebody_new(sqlite_floor, "another_manager", "manager")
    moved(sqlite_floor, key, "widen", "manager", reason="more", coverage=4000)
    moved(sqlite_floor, key, "stop", "supervisor", reason="Enough.")
    moved(sqlite_floor, key, "submit", "lead")
    approved(sqlite_floor, key, "quality")
    with pytest.raises(NotAllowed):
        moved(sqlite_floor, key, "approve", "manager")
    assert moved(sqlite_floor, key, "approve", "another_manager") == ("act", "in_review")


def _read(floor: Floor, key: str, at: Any) -> tuple[Watch, int]:
    with floor.store.read() as session:
        experiment = experiment_named(session, key)
        return reading.watch(session, experiment, today=floor.calendar.day(at)), experiment.awaited_calls or 0


def _look(floor: Floor, key: str, at: Any) -> Look | None:
    with floor.store.write() as session:
        jobs = people.system("jobs")
        look = tending.take_due_look(session, key, actor=jobs, calendar=floor.calendar, now=at)
        return looks.looks_of(session, experiment_named(session, key))[-1] if look else None
