"""A larger test of the same variable: what it takes over, what it is held against, and that it is a new cycle."""

import pytest
from sqlalchemy.orm import Session

from experiments.act import standards
from experiments.board import moves
from experiments.board.cards import founder_of
from experiments.board.confirming import LEAST_POWER, Confirmation, confirmation_of
from experiments.do.assignments import Floor
from experiments.errors import Conflict, Invalid
from experiments.people import system
from experiments.plan.designs import experiment_named
from experiments.plan.lineage import children_of, cycle_of
from experiments.plan.rules import Plan
from tests.builders import (
    MONDAY,
    NEW_BENEFIT,
    a_draft,
    a_final_look,
    a_plan,
    a_running_experiment,
    a_week_of_calls,
    another_standard,
    approved,
    moved,
    people_actor,
    standard_value,
)


def a_read_test(floor: Floor, better: bool = True) -> str:
    key = a_running_experiment(floor, coverage=9000)
    says = (8, 4) if better else (4, 8)
    a_week_of_calls(floor, 60, lambda answer, number: number % 10 < says[answer.arm != "quicker"])
    a_final_look(floor, key)
    return key


def confirmed(floor: Floor, key: str) -> Confirmation:
    with floor.store.read() as session:
        return confirmation_of(session, key)


def test_a_winner_is_confirmed_by_a_larger_test_on_fresh_data(floor: Floor) -> None:
    key = a_read_test(floor)
    found, before = confirmed(floor, key), a_plan(floor)
    plan = found.plan
    assert found.moved is None
    assert (plan.key, plan.parent, plan.variable, plan.unit) == (f"{key}_confirm", key, "benefit", "call")
    assert [(arm.key, arm.value) for arm in plan.arms] == [(arm.key, arm.value) for arm in before.arms]
    assert [(m.metric, m.role, m.margin, m.watch) for m in plan.metrics] == [
        (m.metric, m.role, m.margin, m.watch) for m in before.metrics
    ]
    assert (plan.effect, plan.power, plan.salt) == (before.effect, LEAST_POWER, None)
    assert plan.title["zh-CN"].startswith("复核：")
    with floor.store.write() as session:
        lead = people_actor(session, "lead")
        moves.draft(session, plan, actor=lead, now=MONDAY)
        other = confirmation_of(session, key).plan
    assert other.key == f"{key}_confirm_2"
    moved(floor, plan.key, "submit", "lead")
    with floor.store.read() as session:
        first, second = experiment_named(session, key), experiment_named(session, plan.key)
        assert (cycle_of(first), cycle_of(second)) == (1, 2)
        assert [child.key for child in children_of(session, first)] == [plan.key]
        assert (second.planned_calls or 0) > (first.planned_calls or 0)
        assert second.salt != first.salt


def test_nothing_is_confirmed_before_it_was_read_nor_what_did_worse(sqlite_floor: Floor) -> None:
    with pytest.raises(Conflict, match="has not been made"):
        confirmed(sqlite_floor, a_running_experiment(sqlite_floor, key="another", coverage=500))
    with pytest.raises(Conflict, match="did worse"):
        confirmed(sqlite_floor, a_read_test(sqlite_floor, better=False))


def test_what_the_standard_says_by_now_is_the_control(sqlite_floor: Floor) -> None:
    key = a_read_test(sqlite_floor)
    before = standard_value(sqlite_floor, "benefit")
    another_standard(sqlite_floor)
    elsewhere = confirmed(sqlite_floor, key)
    assert "in other parts" in str(elsewhere.moved)
    assert [arm.value for arm in elsewhere.plan.arms] == [before, NEW_BENEFIT]
    assert "Other parts" in elsewhere.plan.hypothesis["en"]
    again = a_running_experiment(sqlite_floor, key="again", coverage=1000, arms=a_plan(sqlite_floor).arms, effect=0.2)
    with sqlite_floor.store.write() as session:
        standards.promote(session, experiment_named(session, again), "quicker", actor=system("test"), now=MONDAY)
    taken_over = confirmed(sqlite_floor, key)
    assert "is the standard by now" in str(taken_over.moved)
    assert [(arm.key, arm.value) for arm in taken_over.plan.arms] == [("control", NEW_BENEFIT), ("former", before)]
    with sqlite_floor.store.write() as session:
        moves.draft(session, taken_over.plan, actor=people_actor(session, "lead"), now=MONDAY)


def test_a_standard_knows_the_test_that_founded_it(sqlite_floor: Floor) -> None:
    key = a_read_test(sqlite_floor)
    moved(sqlite_floor, key, "submit", "lead", proposal="quicker")
    approved(sqlite_floor, key, "quality")
    approved(sqlite_floor, key, "manager", "quality")
    with sqlite_floor.store.read() as session:
        experiment = experiment_named(session, key)
        scenario, control, winner = experiment.scenario_id, experiment.control_version_id, experiment.arms[1].version_id
        assert winner
        assert founder_of(session, scenario, winner) is None
    moved(sqlite_floor, key, "promote", "manager")
    with sqlite_floor.store.read() as session:
        founder = founder_of(session, scenario, winner)
        assert founder is not None
        assert founder.key == key
        assert founder_of(session, scenario, control) is None


def test_a_plan_follows_from_one_that_there_is_and_never_from_itself(sqlite_floor: Floor) -> None:
    first = a_draft(sqlite_floor)
    second = a_draft(sqlite_floor, key="second", parent=first)
    third = a_draft(sqlite_floor, key="third", parent=second)

    def write(session: Session, plan: Plan) -> None:
        lead = people_actor(session, "lead")
        if plan.key in (first, second, third):
            moves.revise(session, plan.key, plan, actor=lead, now=MONDAY)
        else:
            moves.draft(session, plan, actor=lead, now=MONDAY)

    def refused(plan: Plan, code: str) -> None:
        with pytest.raises(Invalid) as refusal, sqlite_floor.store.write() as session:
            write(session, plan)
        assert [(p.field, p.code) for p in refusal.value.problems] == [("parent", code)]

    refused(a_plan(sqlite_floor, key="fourth", parent="nobody"), "unknown")
    refused(a_plan(sqlite_floor, key="fourth", parent="fourth"), "own_ancestor")
    refused(a_plan(sqlite_floor, parent=third), "own_ancestor")
    with sqlite_floor.store.write() as session:
        hashed = experiment_named(session, third).content_hash
        moves.revise(session, third, a_plan(sqlite_floor, key=third), actor=people_actor(session, "lead"), now=MONDAY)
        assert experiment_named(session, third).parent is None
        assert experiment_named(session, third).content_hash != hashed
