from itertools import pairwise, product

import numpy as np
import pytest

from experiments.plan.designs import experiment_named
from experiments.store import Store
from tests.bench import analysis
from tests.bench.shapes import ARMS, METRICS, SEGMENTS, UNITS
from tests.builders import a_floor


@pytest.mark.parametrize("unit", analysis.UNITS_DEALT)
def test_a_day_is_as_large_as_said_and_each_step_a_part_of_the_one_before(sqlite_store: Store, unit: str) -> None:
    key = analysis.an_experiment(a_floor(sqlite_store), unit)
    with sqlite_store.read() as session:
        experiment = experiment_named(session, key)
        day = next(analysis.days_of(experiment, np.random.default_rng(1)))
    funnel = ("calls", "resolved", "invited", "accepted", "joined", "converted")

    assert (experiment.unit, len(experiment.arms), len(experiment.metrics)) == (unit, ARMS, METRICS)
    assert len({row["agent_id"] for row in day}) == UNITS
    assert len({row["region"] for row in day} | {row["channel"] for row in day}) == SEGMENTS
    assert all(row[a] >= row[b] for row, (a, b) in product(day, pairwise(funnel)))


def test_agents_dealt_whole_have_their_calls_in_one_arm(sqlite_store: Store) -> None:
    key = analysis.an_experiment(a_floor(sqlite_store), "agent")
    with sqlite_store.read() as session:
        day = next(analysis.days_of(experiment_named(session, key), np.random.default_rng(1)))

    assert len({(row["agent_id"], row["arm"]) for row in day}) == UNITS
