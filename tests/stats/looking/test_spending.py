"""Boundaries: published tables, rpact, Brownian motion simulated, and laws."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from stats.looking.spending import (
    drift_for_power,
    inflation_factor,
    operating_characteristics,
    spending_boundaries,
)
from stats.looking.spending_functions import HwangShihDeCani, Spending

GOLDEN = json.loads((Path(__file__).parent / "golden" / "planned_looks.json").read_text())
FIVE = (0.2, 0.4, 0.6, 0.8, 1.0)


@pytest.mark.parametrize(
    ("spending", "published"),
    [  # Reboussin, DeMets, Kim & Lan (2000), Controlled Clinical Trials 21:190: five looks, two-sided 0.05
        ("obrien-fleming", (4.8769, 3.3569, 2.6803, 2.2898, 2.0310)),
        ("pocock", (2.4380, 2.4268, 2.4101, 2.3966, 2.3859)),
    ],
)
def test_five_even_looks_give_the_published_boundaries(spending: Spending, published: tuple[float, ...]) -> None:
    found = spending_boundaries(FIVE, spending=spending)
    assert [look.z for look in found] == pytest.approx(published, abs=2e-4)


def spending_of(case: dict[str, Any]) -> Spending:
    """Name a golden case's spending function as we do."""
    named: dict[str, Spending] = {"asOF": "obrien-fleming", "asP": "pocock"}
    return HwangShihDeCani(case["gamma"]) if case["gamma"] is not None else named[case["spending"]]


@pytest.mark.parametrize("case", GOLDEN["planned"], ids=lambda case: case["name"])
def test_boundaries_inflation_and_expected_information_are_those_of_rpact(case: dict[str, Any]) -> None:
    plan = case["fractions"], case["alpha"], 0.9, spending_of(case), case["sides"]
    looks = spending_boundaries(plan[0], alpha=plan[1], spending=plan[3], sides=plan[4])
    drift, inflation = drift_for_power(looks, 0.9), inflation_factor(*plan)
    assert [look.z for look in looks] == pytest.approx(case["z"], abs=5e-7)
    assert [look.cumulative_alpha for look in looks] == pytest.approx(case["spent"], abs=2e-8)
    assert (drift, inflation) == pytest.approx((case["drift"], case["inflation"]), abs=5e-7)
    seen = operating_characteristics(looks, drift)  # rpact tells it per sample of a single look
    assert seen.expected_fraction * inflation == pytest.approx(case["expected_h1"], abs=5e-7)


@pytest.mark.parametrize("case", GOLDEN["planned"], ids=lambda case: case["name"])
def test_chances_of_stopping_under_an_effect_are_those_of_rpact(case: dict[str, Any]) -> None:
    looks = spending_boundaries(case["fractions"], alpha=case["alpha"], spending=spending_of(case), sides=case["sides"])
    seen = operating_characteristics(looks, 2.5)
    assert sum(seen.upper) + sum(seen.lower) == pytest.approx(case["at_2_5"], abs=1e-7)
    assert seen.expected_fraction == pytest.approx(case["expected_at_2_5"], abs=1e-7)


def test_without_an_effect_each_side_stops_as_alpha_is_spent() -> None:
    looks = spending_boundaries(FIVE, spending="pocock")
    seen = operating_characteristics(looks, 0.0)
    assert seen.upper == pytest.approx(seen.lower)
    assert 2 * np.cumsum(seen.upper) == pytest.approx([look.cumulative_alpha for look in looks])


def test_power_counts_the_right_direction_only() -> None:
    looks = spending_boundaries(FIVE, alpha=0.3)
    up, down = operating_characteristics(looks, 0.5), operating_characteristics(looks, -0.5)
    assert up.power == pytest.approx(down.power) == pytest.approx(sum(up.upper))
    assert up.power < sum(up.upper) + sum(up.lower) - 0.05


def test_a_one_sided_plan_never_stops_below() -> None:
    seen = operating_characteristics(spending_boundaries(FIVE, alpha=0.025, sides=1), -3.0)
    assert (sum(seen.lower), seen.power) == (0, sum(seen.upper))
    assert seen.expected_fraction == pytest.approx(1)


def test_one_side_has_nearly_the_bar_of_one_of_two() -> None:
    one = [look.z for look in spending_boundaries(FIVE, alpha=0.025, sides=1)]
    two = [look.z for look in spending_boundaries(FIVE, alpha=0.05, sides=2)]
    assert one == pytest.approx(two, abs=1e-7)


@pytest.mark.parametrize(
    ("gamma", "spent"),
    [  # alpha (1 - e^(-gamma t)) / (1 - e^(-gamma)) at half of the information, by hand
        (0, 0.0125),
        (1, 0.025 * 0.3934693 / 0.6321206),
        (-4, 0.025 * 6.3890561 / 53.5981500),
    ],
)
def test_the_gamma_family_spends_by_its_formula(gamma: float, spent: float) -> None:
    first, _ = spending_boundaries([0.5, 1], alpha=0.025, spending=HwangShihDeCani(gamma), sides=1)
    assert first.cumulative_alpha == pytest.approx(spent, rel=1e-6)


def test_gamma_has_its_bounds() -> None:
    with pytest.raises(ValueError, match="gamma is 50, must be >= -40 and <= 40"):
        HwangShihDeCani(50)


def test_there_are_one_or_two_sides() -> None:
    with pytest.raises(ValueError, match="sides is 3, must be 1 or 2"):
        spending_boundaries(FIVE, sides=3)  # type: ignore[arg-type]


def test_power_must_exceed_what_chance_finds() -> None:
    with pytest.raises(ValueError, match=r"power is 0\.02, must be > 0\.02"):
        drift_for_power(spending_boundaries(FIVE), 0.02)


def test_one_look_is_the_ordinary_test() -> None:
    (only,) = spending_boundaries([1])
    assert (only.z, only.nominal_alpha) == pytest.approx((1.959964, 0.05), abs=1e-6)


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
@pytest.mark.parametrize("fractions", [(0.13, 0.2, 0.71, 1.0), (0.5, 0.52, 0.97, 1.0)])
def test_unplanned_looks_stop_a_walk_without_drift_as_often_as_promised(
    spending: Spending, fractions: tuple[float, ...]
) -> None:
    boundaries = np.array([look.z for look in spending_boundaries(fractions, spending=spending)])
    stopped = (np.abs(_walks(fractions, drift=0.0)) >= boundaries).cumsum(axis=1) > 0
    promised = [look.cumulative_alpha for look in spending_boundaries(fractions, spending=spending)]
    assert stopped.mean(axis=0) == pytest.approx(promised, abs=0.0015)


def test_inflation_buys_back_the_power() -> None:
    drift = (1.959964 + 1.281552) * inflation_factor(FIVE, 0.05, 0.9, "pocock") ** 0.5
    boundaries = np.array([look.z for look in spending_boundaries(FIVE, spending="pocock")])
    assert (_walks(FIVE, drift) >= boundaries).any(axis=1).mean() == pytest.approx(0.9, abs=0.002)


def test_looking_costs_little_when_early_looks_are_strict() -> None:
    strict, even = (inflation_factor(FIVE, 0.05, 0.9, spending) for spending in ("obrien-fleming", "pocock"))
    assert 1 < strict < 1.03 < even < 1.25
    assert inflation_factor([1.0]) == pytest.approx(1)


def test_looks_still_to_come_change_nothing_before() -> None:
    assert spending_boundaries(FIVE)[:3] == spending_boundaries(FIVE[:3])


def test_a_look_too_early_to_spend_cannot_stop() -> None:
    first = spending_boundaries([0.001, 1])[0]
    assert (first.z, first.nominal_alpha, first.cumulative_alpha) == (math.inf, 0, 0)


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(1, 99), min_size=1, max_size=6), st.sampled_from([0.01, 0.05, 0.1]))
def test_alpha_is_spent_step_by_step_and_all_of_it_at_the_end(percents: set[int], alpha: float) -> None:
    found = spending_boundaries([*(percent / 100 for percent in sorted(percents)), 1], alpha=alpha)
    spent = [look.cumulative_alpha for look in found]
    assert spent == sorted(spent)
    assert spent[-1] == pytest.approx(alpha)
    assert all(look.nominal_alpha <= look.cumulative_alpha * (1 + 1e-9) for look in found)


@pytest.mark.parametrize(
    ("fractions", "message"),
    [
        ([], "the number of fractions is 0, must be >= 1"),
        ([0.5, 0.5], r"fractions\[1\] is 0.5, must be >= 0.50"),
        ([0.5, 1.2], r"fractions\[1\] is 1.2, must be .* <= 1"),
    ],
)
def test_looks_must_go_forward(fractions: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spending_boundaries(fractions)


def test_spending_is_one_of_two_words() -> None:
    with pytest.raises(
        ValueError, match="spending is 'all', must be one of obrien-fleming, pocock or a HwangShihDeCani"
    ):
        spending_boundaries(FIVE, spending="all")  # type: ignore[arg-type]


def _walks(fractions: tuple[float, ...], drift: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Simulate the z of every look, for 150,000 experiments."""
    t = np.array(fractions)
    steps = np.diff(t, prepend=0.0)
    random = np.random.default_rng(7).standard_normal((150_000, len(t)))
    scores = (random * np.sqrt(steps) + drift * steps).cumsum(axis=1)
    return np.asarray(scores / np.sqrt(t))
