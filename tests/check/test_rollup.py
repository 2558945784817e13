"""The rollup against a plain count of the same facts in Python, for any history that Hypothesis thinks of."""

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
from sqlalchemy import select

from experiments.check import cube, history, rollup
from experiments.check.counting.tables import MEASURES, RollupCall, RollupUnit
from experiments.do.assignments import Floor
from experiments.plan.designs import experiment_named
from experiments.store import table_of
from tests.builders import (
    MONDAY,
    a_call,
    a_centre,
    a_running_experiment,
    a_week_of_calls,
    assigned,
    outcome,
    rolled_up,
    told,
)
from tests.histories import Histories, after

KINDS = ("resolved", "invited", "accepted", "declined", "complaint", "exposed")
FACTS = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(KINDS), st.integers(1, 600)), max_size=30)


def rows(floor: Floor, table: Any) -> list[tuple[Any, ...]]:
    with floor.store.read() as session:
        return sorted(map(tuple, session.execute(select(table_of(table)))))


@settings(max_examples=25)
@given(facts=FACTS)
def test_the_rollup_counts_what_a_plain_count_counts(
    sqlite_histories: Histories, facts: list[tuple[int, str, int]]
) -> None:
    rows = [{**outcome(f"call-{i}", kind, minutes), "id": str(n)} for n, (i, kind, minutes) in enumerate(facts)]
    with sqlite_histories.after(a_centre) as (floor, _):
        assigned(floor, [a_call(i, at=MONDAY) for i in range(10)])
        told(floor, rows)
        rolled_up(floor)
        with floor.store.read() as session:
            (totals,) = (t for t in history.calls_by_scenario(session).values() if t["calls"])
    expected = Counter(kind for _, kind in {(i, kind) for i, kind, _ in facts})
    assert {kind: totals[kind] for kind in KINDS} == {kind: expected[kind] for kind in KINDS}


@after(a_running_experiment, unit="customer")
def test_rolling_up_twice_is_rolling_up_once(floor: Floor) -> None:
    a_week_of_calls(floor, 20, lambda _, i: i % 3 == 0, days=3)
    once = rows(floor, RollupCall), rows(floor, RollupUnit)
    with floor.store.write() as session:
        rollup.mark_all(session)
    rolled_up(floor)
    assert (rows(floor, RollupCall), rows(floor, RollupUnit)) == once


@after(a_running_experiment)
def test_days_added_up_are_all_the_calls(floor: Floor) -> None:
    key = "change_benefit"
    a_week_of_calls(floor, 20, lambda _, i: i % 3 == 0)
    with floor.store.read() as session:
        experiment = experiment_named(session, key)
        by_day = history.daily_calls(session, experiment)
        arms = history.arm_totals(session, experiment)
    assert sum(sum(day.values()) for day in by_day.values()) == sum(t["calls"] for t in arms.values()) == 140


@after(a_running_experiment, unit="customer")
def test_units_added_up_are_all_the_calls(floor: Floor) -> None:
    key = "change_benefit"
    a_week_of_calls(floor, 20, lambda _, i: i % 3 == 0, days=2)
    with floor.store.read() as session:
        experiment = experiment_named(session, key)
        cells = cube.units_of(session, experiment, [20261231], MEASURES)
        arms = history.arm_totals(session, experiment)
    units = cells.sums(["arm", "unit_hash"], until=20261231)
    summed = {arm: sum(unit["accepted"] for (own, _), unit in units.items() if own == arm) for arm in arms}
    assert len(units) == 40
    assert summed == {arm: t["accepted"] for arm, t in arms.items()}


def test_a_day_is_the_sites_own(floor: Floor) -> None:
    assigned(floor, [a_call(at=MONDAY.replace(hour=15, minute=59)), a_call(2, at=MONDAY.replace(hour=16))])
    rolled_up(floor)
    assert sorted(row.day for row in _days(floor)) == [20261102, 20261103]


def test_a_late_fact_dirties_the_day_of_its_call(floor: Floor) -> None:
    assigned(floor, [a_call()])
    rolled_up(floor)
    told(floor, [outcome("call-1", "accepted", minutes=60 * 24 * 5)], at=MONDAY + timedelta(days=5))
    with floor.store.read() as session:
        assert history.waiting_days(session) == 1
    rolled_up(floor)
    assert [(row.day, row.accepted) for row in _days(floor)] == [(20261102, 1)]


def _days(floor: Floor) -> list[RollupCall]:
    with floor.store.read() as session:
        return list(session.scalars(select(RollupCall)))
