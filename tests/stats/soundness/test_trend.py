"""Novelty and learning: R's lm and metafor, agents who learn, and chance alone."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from stats.moments import Counts
from stats.soundness.periods import PeriodCounts, PeriodEffect, effects_of_counts
from stats.soundness.trend import trend
from stats.soundness.uses import middle_of_bin, use_bin

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "soundness.json").read_text())["trends"]
effects = st.lists(st.tuples(st.floats(1, 60), st.floats(-1, 1), st.floats(0.01, 1)), min_size=3, max_size=9)


def of(case: dict[str, Any]) -> list[PeriodEffect]:
    return [PeriodEffect(*each) for each in zip(case["at"], case["effect"], case["variance"], strict=True)]


def days(effect: list[float], calls: int = 400) -> list[PeriodCounts]:
    return [
        PeriodCounts(day, Counts(calls, calls // 5), Counts(calls, round(calls * (0.2 + each))))
        for day, each in enumerate(effect, 1)
    ]


def test_restless_periods_are_regressed_as_r_does() -> None:
    case, found = GOLDEN["restless"], trend(of(GOLDEN["restless"]))
    assert (found.slope, found.standard_error, found.p_value) == pytest.approx(
        (case["slope"], case["lm_error"], case["lm_p"])
    )
    assert (found.unrest, found.overall) == pytest.approx((case["unrest"], case["overall"]))


def test_calm_periods_keep_the_error_that_their_variances_say() -> None:
    case, found = GOLDEN["calm"], trend(of(GOLDEN["calm"]))
    assert case["unrest"] < 1
    assert (found.slope, found.standard_error, found.unrest) == pytest.approx((case["slope"], case["fixed_error"], 1))


def test_early_and_late_are_means_of_the_halves() -> None:
    found = trend([PeriodEffect(at, effect, 0.01) for at, effect in ((3, 0.9), (1, 0.1), (2, 0.3), (9, 0.5), (4, 0.7))])
    assert (found.early, found.late) == pytest.approx((0.2, 0.6))
    assert found.late_minus_early_error == pytest.approx(math.sqrt(0.01 * found.unrest))


@pytest.mark.parametrize(
    ("effect", "direction"),
    [
        # a novelty wears off
        ([0.1, 0.08, 0.05, 0.04, 0.03], "fading"),
        # agents learn
        ([0.01, 0.03, 0.04, 0.05, 0.06], "growing"),
        # harm that grows is growing too
        ([-0.01, -0.03, -0.04, -0.05, -0.06], "growing"),
        ([0.05, 0.05, 0.05, 0.05, 0.05], None),
    ],
)
def test_a_direction_is_seen_from_the_overall_effect(effect: list[float], direction: str | None) -> None:
    found = trend(effects_of_counts(days(effect)))
    assert found.direction == direction or abs(found.slope) < 1e-12


def test_a_period_without_success_is_no_certainty() -> None:
    found = effects_of_counts(
        [PeriodCounts(1, Counts(10, 0), Counts(10, 0)), PeriodCounts(2, Counts(90, 9), Counts(90, 9))]
    )
    assert found[0].variance == pytest.approx(9 * found[1].variance)
    assert found[0].variance > 0


def test_a_day_on_which_an_arm_had_no_call_is_left_out() -> None:
    found = trend(effects_of_counts([*days([0.1, 0.08, 0.05]), PeriodCounts(4, Counts(0, 0), Counts(9, 3))]))
    assert found.periods == 3


@pytest.mark.parametrize("few", [[], [(1, 0.1, 0.1)], [(1, 0.1, 0.1), (2, 0.3, 0.1)], [(1, 0.1, 0.1)] * 5])
def test_fewer_than_three_periods_have_no_trend(few: list[tuple[float, float, float]]) -> None:
    found = trend([PeriodEffect(*each) for each in few])
    assert all(math.isnan(value) for value in (found.slope, found.p_value, found.low, found.late))
    assert math.isnan(found.overall) == (not few)


@given(effects)
def test_a_constant_on_every_effect_moves_no_slope(periods: list[tuple[float, float, float]]) -> None:
    once = trend([PeriodEffect(*each) for each in periods])
    lifted = trend([PeriodEffect(at, effect + 5, variance) for at, effect, variance in periods])
    if once.slope == once.slope and np.std(np.log([at for at, _, _ in periods])) > 0.01:
        assert lifted.slope == pytest.approx(once.slope, abs=1e-6)
        assert lifted.p_value == pytest.approx(once.p_value, abs=1e-4)


def test_learning_by_use_is_found_in_bins_that_double() -> None:
    random, bins = np.random.default_rng(3), []
    for place in range(7):
        uses = range(2**place, 2 ** (place + 1))
        rates = np.repeat([0.15 + 0.02 * math.log(use) for use in uses], 400)
        challenger = Counts(len(rates), int(random.binomial(1, rates).sum()))
        bins.append(PeriodCounts(middle_of_bin(place), Counts(len(rates), int(0.15 * len(rates))), challenger))
    found = trend(effects_of_counts(bins))
    assert (found.direction, found.p_value < 0.01) == ("growing", True)
    assert found.low < 0.02 < found.high


@pytest.mark.parametrize(("use", "place"), [(1, 0), (2, 1), (3, 1), (4, 2), (7, 2), (8, 3), (1000, 9)])
def test_bins_of_uses_double(use: int, place: int) -> None:
    assert use_bin(use) == place
    assert 2**place <= middle_of_bin(place) < 2 ** (place + 1)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: PeriodEffect(0, 0.1, 0.1), "at is 0, must be > 0"),
        (lambda: trend([], alpha=0), "alpha is 0, must be > 0 and < 1"),
        (lambda: use_bin(0), "use is 0, must be >= 1"),
        (lambda: middle_of_bin(-1), "place is -1, must be >= 0"),
    ],
)
def test_what_is_refused_is_named(ask: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ask()
