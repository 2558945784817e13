"""The simulations of looking early run, and say what they are meant to say."""

import math

import numpy as np
import pytest

from tests.calibrate import rare, stopping

FEW = 0.01


@pytest.mark.parametrize("plan", stopping.PLANS[1::3])
def test_inference_at_a_stop_is_measured(plan: stopping.Plan) -> None:
    held, above = stopping.at_stop(plan, FEW)[:2]
    assert held.estimate > 0.8
    assert 0.2 < above.estimate < 0.8


def test_an_overrun_is_measured_by_both_methods() -> None:
    assert [row.held for row in stopping.overrun(stopping.PLANS[2], 0.2, FEW)] == [True, True]


def test_false_alarms_of_rare_events_are_counted_out() -> None:
    (row,) = rare.enumerated(0.5, 0.1)
    assert row.exact
    assert 0 < row.estimate <= row.most


def test_a_flood_of_complaints_is_found_within_days() -> None:
    assert np.median(rare.days_to_alarm(20.0, 20, np.random.default_rng(1))) < 7
    assert rare.days_to_alarm(0.0, 1, np.random.default_rng(1)) == [math.inf]


def test_the_interval_of_the_ratio_is_watched() -> None:
    assert all(row.held for row in rare.interval(2.0, 0.005))
