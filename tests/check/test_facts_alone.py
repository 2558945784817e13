"""Results are read from the rollup: once it is built, nothing that reads a test asks the facts for anything."""

import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from experiments.board.sizes import Sizes
from experiments.check import freshness, history, looks, reading
from experiments.check.results import plain
from experiments.check.variables.survey import survey_variables
from experiments.do.assignments import Floor
from experiments.do.outcomes import OutcomeType
from experiments.plan.designs import Experiment, experiment_named
from tests.builders import (
    MONDAY,
    a_call,
    a_draft,
    a_running_experiment,
    a_week_of_calls,
    approved,
    assigned,
    moved,
    outcome,
    rolled_up,
    snapshot_of,
    told,
)
from tests.check.listening import facts_asked
from tests.histories import History

UNITS = ("call", "customer", "agent", "agent_shift")
LATER = 20261220


def a_test_by(floor: Floor, unit: str, **changes: Any) -> str:
    """Start a test a week after the scenario's history began, and let people call and say all there is to say."""
    luck = random.Random(3)
    a_week_of_calls(floor, 120, lambda _, __: luck.random() < 0.4, agents=24)
    start = MONDAY + timedelta(days=7)
    key = a_draft(floor, unit=unit, effect=0.3, moderators=("region",) if unit == "call" else (), **changes)
    moved(floor, key, "submit", "lead", at=start)
    approved(floor, key, "compliance", "manager", "trainer", at=start)
    moved(floor, key, "start", "manager", at=start)
    calls = [
        a_call(9_000 + i, agent_id=f"agent-{i % 24}", team=f"team-{i % 4}", at=start + timedelta(hours=i % 100))
        for i in range(240)
    ]
    assigned(floor, calls)
    told(floor, [outcome(f"call-{9_000 + i}", kind, 20_000) for i in range(0, 240, 2) for kind in OutcomeType])
    rolled_up(floor)
    return key


def everything_read(session: Any, experiment: Experiment) -> list[Any]:
    """Read what pages, the API, the jobs and a final look read of a test."""
    return [
        plain(reading.watch(session, experiment, today=LATER)),
        plain(reading.read(session, experiment, [], today=LATER, final=True)),
        looks.due(session, experiment, today=LATER),
        looks.is_last(session, experiment, today=LATER),
        freshness.sources(session, experiment),
        history.scenario_history(session, [experiment.scenario_id]),
        Sizes(session, experiment).own,
        Sizes(session, experiment).power(1_000),
        history.teams_of_agents(session, experiment.scenario_id),
    ]


@pytest.mark.parametrize("unit", UNITS)
def test_reading_a_test_asks_no_facts(floor: Floor, unit: str) -> None:
    key = a_test_by(floor, unit)
    with floor.store.read() as session, facts_asked() as asked:
        everything_read(session, experiment_named(session, key))
        survey_variables(session, synthetic=set())
    assert asked == []


def test_without_its_facts_a_test_reads_as_it_did(floor: Floor) -> None:
    key = a_test_by(floor, "call")
    with floor.store.read() as session:
        before = everything_read(session, experiment_named(session, key))
    with floor.store.write() as session:
        for table in ("outcome", "assignment"):
            session.execute(text(f"DELETE FROM {table}"))
        assert everything_read(session, experiment_named(session, key)) == before


def test_listening_hears_who_does_ask_facts(history: History) -> None:
    floor, _key = history.after(a_running_experiment)
    with facts_asked() as asked:
        assigned(floor, [a_call()])
        rolled_up(floor)
        snapshot_of(floor)
    assert len(asked) > 1
