"""The simulation of rollouts runs, and says what it is meant to say."""

import math

import numpy as np

from experiments.act.steps import RolloutPlan
from tests.calibrate import rollouts


def test_a_gross_harm_is_taken_back_and_none_is_not() -> None:
    gross, none = rollouts.Case(120, 0.2, harm=0.4), rollouts.Case(120, 0.2)
    assert rollouts.taken_back(gross, np.random.default_rng(1)) <= 10
    assert rollouts.taken_back(none, np.random.default_rng(1)) == math.inf


def test_days_follow_the_usual_steps() -> None:
    assert rollouts.shares()[:8] == [0.1, 0.1, 0.25, 0.25, 0.5, 0.5, 0.5, 1.0]
    assert RolloutPlan().steps[-1].share == 10_000
