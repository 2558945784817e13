import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from experiments.act.rollouts import Rollout
from experiments.act.steps import RolloutPlan
from experiments.board import cards, gates
from experiments.do.assignments import Floor
from experiments.do.discrepancies import Discrepancy
from experiments.plan.designs import experiment_named
from experiments.plan.scenarios import Scenario
from experiments.store import Base, Store, new_id
from migrations import run
from tests.builders import (
    MONDAY,
    a_floor,
    a_running_experiment,
    a_submitted_plan,
    a_week_of_calls,
    an_approved_plan,
    moved,
    rolled_up,
    somebody_new,
)


def checksums(store: Store) -> dict[str, str]:
    """Hash every table's rows, whatever order they come in."""
    with store.read() as session:
        rows = {
            name: sorted(map(repr, session.execute(text(f"SELECT * FROM {name}")))) for name in Base.metadata.tables
        }
    return {name: hashlib.sha256("\n".join(found).encode()).hexdigest() for name, found in rows.items()}


def test_the_tables_in_code_are_those_of_the_migrations(blank_url: str) -> None:
    run.upgrade(blank_url)
    run.check(blank_url)


def test_up_and_down_and_up_again_loses_no_row_and_the_rollups_are_built_again(blank_url: str) -> None:
    run.upgrade(blank_url)
    store = Store(blank_url)
    floor = a_floor(store)
    a_running_experiment(floor)
    a_week_of_calls(floor, 5, lambda _, i: i % 2 == 0, days=2)
    before = checksums(store)
    store.dispose()
    run.downgrade(blank_url, "0001")
    run.upgrade(blank_url)
    rolled_up(floor)
    after = checksums(store)
    # what a plan says of its methods, which round was decided on, and what was ticked is younger than the first schema
    assert {name for name in before if after[name] != before[name]} <= {"experiment", "decision", "tick", "notice"}
    store.dispose()


def test_a_test_from_before_keeps_the_methods_it_was_approved_with(blank_url: str) -> None:
    run.upgrade(blank_url)
    store = Store(blank_url)
    key = a_running_experiment(a_floor(store))
    run.downgrade(blank_url, "0002")
    run.upgrade(blank_url)
    with store.read() as session:
        experiment = experiment_named(session, key)
        methods = experiment.spending, experiment.family, experiment.weighting, experiment.adjust, experiment.moderators
    assert methods == ("obrien-fleming", "bonferroni", "call", False, [])
    store.dispose()


def test_a_release_before_knows_no_traffic_out_of_its_time(blank_url: str) -> None:
    run.upgrade(blank_url)
    store = Store(blank_url)
    key = a_running_experiment(a_floor(store))
    with store.write() as session:
        scenario = experiment_named(session, key).scenario_id
        told = {"source": "desk", "call_id": "1", "scenario_id": scenario, "experiment_id": None, "day": 20261102}
        about = told | {"at": MONDAY, "received_at": MONDAY, "told": {}, "ours": {}}
        for number, kind in enumerate(("another_arm", "not_in_force")):
            session.add(Discrepancy(id=new_id(MONDAY), kind=kind, outside_id=str(number), **about))
    run.downgrade(blank_url, "0016")
    with store.read() as session:
        assert session.scalars(select(Discrepancy.kind)).all() == ["another_arm"]
    row = {**about, "id": new_id(MONDAY), "kind": "not_in_force", "outside_id": "2"}
    with pytest.raises(DBAPIError), store.write() as session:
        session.execute(insert(Discrepancy), [row])
    with pytest.raises(DBAPIError, match=r"append-only"), store.write() as session:
        session.execute(delete(Discrepancy))
    store.dispose()


def test_going_down_to_the_ground_leaves_no_table_and_coming_up_makes_them_all(blank_url: str) -> None:
    store = Store(blank_url)
    run.upgrade(blank_url)
    a_running_experiment(a_floor(store))
    store.dispose()
    run.downgrade(blank_url, "base")
    left = inspect(store.engine).get_table_names()
    store.dispose()
    run.upgrade(blank_url)
    run.check(blank_url)
    assert left in ([], ["alembic_version"])


def test_approvals_are_carried_through_in_their_turn_and_cannot_be_changed_after(blank_url: str) -> None:
    run.upgrade(blank_url)
    store = Store(blank_url)
    floor = a_floor(store)
    somebody_new(floor, "another_manager", "manager")
    key = a_submitted_plan(floor)
    moved(floor, key, "approve", "compliance")
    moved(floor, key, "approve", "manager")
    # the manager's has expired, and another gave it afresh: the schema before knew one of each role
    moved(floor, key, "approve", "another_manager", at=MONDAY + timedelta(days=15))
    run.downgrade(blank_url, "0008")
    run.upgrade(blank_url)
    asked = text("SELECT role, turn FROM approval ORDER BY turn")
    with store.read() as session:
        assert [tuple(row) for row in session.execute(asked)] == [("compliance", 1), ("manager", 2)]
        assert [d.round for d in cards.decisions_of(session, cards.card_of(session, key))] == [None] * 4
    for change in ("UPDATE approval SET role = 'trainer'", "DELETE FROM approval", "DELETE FROM decision"):
        with pytest.raises(DBAPIError, match="append-only"), store.write() as session:
            session.execute(text(change))
    store.dispose()


def test_a_plan_approved_before_edits_were_kept_bars_all_who_ever_wrote_it(blank_url: str) -> None:
    run.upgrade(blank_url)
    store = Store(blank_url)
    floor = a_floor(store)
    key = an_approved_plan(floor)
    run.downgrade(blank_url, "0008")
    run.upgrade(blank_url)
    moved(floor, key, "refuse", "manager", reason="Say it more shortly.")
    somebody_new(floor, "another_lead", "lead")
    moved(floor, key, "submit", "another_lead")
    with store.read() as session:
        assert gates.writers(session, cards.card_of(session, key)) == {"lead", "another_lead"}
    store.dispose()


def test_rollouts_are_carried_through_however_far_they_have_come(blank_url: str) -> None:
    run.upgrade(blank_url)
    store = Store(blank_url)
    floor = a_floor(store)
    _three_rollouts(floor)
    before = _rollouts(store)
    assert before == [("in_force", "timed"), ("going", "asked"), ("scheduled", "timed")]
    run.downgrade(blank_url, "0014")
    with store.read() as session:
        asked = session.execute(text("SELECT asks_for_next FROM rollout ORDER BY id"))
        assert [bool(row.asks_for_next) for row in asked] == [False, True, False]
    run.upgrade(blank_url)
    # the schema before knew no rollout that has not begun: it is not there, and may be let out again
    assert _rollouts(store) == [*before[:2], ("taken_back", "timed")]
    with pytest.raises(DBAPIError), store.write() as session:
        session.execute(text("UPDATE rollout SET state = 'on its way'"))
    store.dispose()


def _three_rollouts(floor: Floor) -> None:
    """Leave one rollout in force, one whose next step is asked for, and one that is scheduled, each in a scenario."""
    key, plan = a_running_experiment(floor), RolloutPlan()
    with floor.store.write() as session:
        experiment = experiment_named(session, key)
        (arm,) = (arm for arm in experiment.arms if arm.key == "quicker")
        scenarios = session.scalars(select(Scenario.id).order_by(Scenario.id).limit(3)).all()
        states = (("in_force", "timed"), ("going", "asked"), ("scheduled", "timed"))
        for scenario_id, (state, next_step) in zip(scenarios, states, strict=True):
            rollout = Rollout(
                experiment_id=experiment.id,
                scenario_id=scenario_id,
                arm=arm.key,
                version_id=arm.version_id,
                former_id=experiment.control_version_id,
                seed="any",
                steps=plan.as_json(),
                holdback=500,
                holdback_days=56,
                state=state,
                step=0,
                step_day=20261102,
                next_step=next_step,
                began_at=MONDAY,
                began_by="lead",
            )
            session.add(rollout)
            session.flush()


def _rollouts(store: Store) -> list[tuple[str, str]]:
    with store.read() as session:
        return [tuple(row) for row in session.execute(text("SELECT state, next_step FROM rollout ORDER BY id"))]
