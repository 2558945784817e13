"""The cumulative sum: weights by hand, run lengths as published, as counted and as simulated."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats as distributions

from stats.control.baseline import Baseline
from stats.control.cusum import count_steps, cusum, designed_cusum, drift, weight
from stats.control.days import DayCount
from stats.control.run_length import Steps, mean_run_length, threshold_for
from stats.control.weekdays import NO_OFFSETS
from tests.stats.control.days import mirrored

FLAT = Baseline(0.1, NO_OFFSETS, 1.0, 0.02, 56, ())
days_of_calls = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda t: DayCount(0, max(t), min(t))), max_size=30
)


def normal_steps(reference: float, shift: float = 0.0) -> Steps:
    """Give the steps of a normal day's distance beyond the reference value."""
    x = np.linspace(-7, 7, 1401) + shift
    chances = distributions.norm.pdf(x - shift)
    return Steps(x - reference, chances / chances.sum())


@pytest.mark.parametrize(
    ("threshold", "days"),
    [
        # Montgomery (2009), Introduction to Statistical Quality Control, 6th ed., table 9.3 (k = 1/2, two-sided):
        # mean run lengths at shifts of 0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4
        (4, (168, 74.2, 26.6, 13.3, 8.38, 4.75, 3.34, 2.62, 2.19, 1.71)),
        (5, (465, 139, 38.0, 17.0, 10.4, 5.75, 4.01, 3.11, 2.57, 2.01)),
    ],
)
def test_run_lengths_are_the_tables(threshold: float, days: tuple[float, ...]) -> None:
    shifts = (0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4)
    sides = [[mean_run_length(normal_steps(0.5, sign * s), threshold) for sign in (1, -1)] for s in shifts]
    assert [1 / (1 / up + 1 / down) for up, down in sides] == pytest.approx(days, rel=0.006)


def test_a_sum_of_single_calls_is_the_chain_that_it_is() -> None:
    # steps +4 (chance 0.1) and -1: the states are 0 to 12 exactly, and the chain can be written down
    steps = Steps(np.array([4.0, -1.0]), np.array([0.1, 0.9]))
    moves = np.zeros((13, 13))
    for at in range(13):
        moves[at, max(at - 1, 0)] += 0.9
        if at + 4 <= 12:
            moves[at, at + 4] += 0.1
    exact = np.linalg.solve(np.eye(13) - moves, np.ones(13))[0]
    assert mean_run_length(steps, 12, states=12) == pytest.approx(exact)
    assert mean_run_length(steps, 12, states=240) == pytest.approx(exact)


@pytest.mark.parametrize("spread", [1.0, 1.5])
def test_run_lengths_of_counts_are_what_is_simulated(spread: float) -> None:
    steps, threshold, random = count_steps(120, 0.1, 0.8, spread=spread), 3.0, np.random.default_rng(12)
    assert steps.chances.sum() == pytest.approx(1)
    sums, lengths = np.zeros(4000), np.zeros(4000)
    for day in range(1, 3000):
        sums = np.maximum(0, sums + random.choice(steps.values, len(sums), p=steps.chances))
        lengths = np.where((sums > threshold) & (lengths == 0), day, lengths)
    lengths = np.where(lengths == 0, 3000, lengths)
    assert mean_run_length(steps, threshold) == pytest.approx(lengths.mean(), rel=0.06)


def test_a_threshold_is_found_for_a_run_length() -> None:
    steps = count_steps(120, 0.1, 1.25)
    assert mean_run_length(steps, threshold_for(steps, 1000)) == pytest.approx(1000, rel=0.05)
    assert threshold_for(normal_steps(0.5), 930.9) == pytest.approx(5, rel=0.01)
    gathered = count_steps(5000, 0.3, 1.25)
    assert mean_run_length(gathered.gathered(), 5) == pytest.approx(mean_run_length(gathered, 5), rel=0.02)


def test_a_days_weight_is_the_log_of_its_likelihood_ratio() -> None:
    p, ratio = 0.1, 0.8
    changed = ratio * p / (1 - p + ratio * p)
    expected = distributions.binom.logpmf(7, 60, changed) - distributions.binom.logpmf(7, 60, p)
    assert weight(60, 7, p, ratio) == pytest.approx(expected)
    assert weight(60, 7, p, ratio, spread=2.0) == pytest.approx(expected / 4)


def test_a_changed_day_adds_the_mean_of_its_weights() -> None:
    steps = count_steps(120, FLAT.rate, 0.8, spread=FLAT.widest, moved=math.log(0.8))
    assert drift(120, FLAT, 0.8) == pytest.approx(float(steps.values @ steps.chances), rel=1e-6)
    assert drift(120, FLAT, 1.5) > drift(120, FLAT, 1.25) > 0


def test_days_that_differ_more_than_coins_have_the_variance_that_is_said() -> None:
    steps = count_steps(200, 0.2, math.e, spread=1.4)
    counts = steps.values * 1.4**2
    mean = float(counts @ steps.chances)
    assert float((counts - mean) ** 2 @ steps.chances) == pytest.approx(1.4**2 * 200 * 0.2 * 0.8, rel=1e-3)


@given(days_of_calls, st.floats(1.05, 3))
def test_mirrored_days_swap_sides(days: list[DayCount], ratio: float) -> None:
    other = Baseline(1 - FLAT.rate, NO_OFFSETS, 1.0, 0.02, 56, ())
    assert cusum(mirrored(days), other, ratio) == pytest.approx(cusum(days, FLAT, 1 / ratio), abs=1e-9)


@given(days_of_calls, st.floats(1.05, 3))
def test_more_successes_never_lower_the_sum_that_looks_for_a_rise(days: list[DayCount], ratio: float) -> None:
    fewer = [DayCount(d.weekday, d.n, d.successes // 2) for d in days]
    assert all(a >= b for a, b in zip(cusum(days, FLAT, ratio), cusum(fewer, FLAT, ratio), strict=True))


@pytest.mark.parametrize("ratio", [0.8, 1.25])
def test_caution_asks_for_more_and_still_finds_what_it_looks_for(ratio: float) -> None:
    bold = designed_cusum([200] * 56, FLAT, ratio, days=1000, cautious=False)
    careful = designed_cusum([200] * 56, FLAT, ratio, days=1000)
    assert careful.threshold > bold.threshold
    assert bold.days == pytest.approx(1000, rel=0.05)
    assert careful.days > 1000 > careful.delay >= bold.delay


@given(st.floats(200, 20_000))
def test_a_rarer_false_alarm_costs_a_higher_threshold(days: float) -> None:
    steps = count_steps(40, 0.1, 0.8)
    assert threshold_for(steps, days) <= threshold_for(steps, 1.5 * days)


def test_what_is_out_of_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="odds_ratio is 0"):
        cusum([], FLAT, 0)
    with pytest.raises(ValueError, match="calls of all days is 0"):
        designed_cusum([0, 0], FLAT, 0.8, days=100)
    with pytest.raises(ValueError, match="threshold is 0"):
        mean_run_length(normal_steps(0.5), 0)
    with pytest.raises(ValueError, match="days is 1, must be > 1"):
        threshold_for(normal_steps(0.5), 1)
    with pytest.raises(ValueError, match="steps is without a rise"):
        threshold_for(Steps(np.array([-1.0]), np.array([1.0])), 100)
