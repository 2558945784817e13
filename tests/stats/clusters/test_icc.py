"""How alike calls are: Shrout & Fleiss' table, R's analysis of variance and Wald's interval, laws."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from scipy import stats as scipy_stats

from stats.clusters.icc import clustering_of_means, clustering_of_proportions, design_effect
from stats.moments import Pairs

GOLDEN: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "golden" / "alike.json").read_text())
# Shrout & Fleiss 1979, Psychological Bulletin 86:420, table 2: six targets, four judges
RATINGS = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]
units = st.lists(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=2, max_size=9)
FOUND = ("icc", "low", "high", "robust_design_effect", "mean_size", "cv", "design_effect", "units", "calls")


def figures(found: Any) -> dict[str, float]:
    return {name: getattr(found, name) for name in FOUND}


@pytest.mark.parametrize("case", GOLDEN.values(), ids=GOLDEN)
def test_r_says_the_same(case: dict[str, Any]) -> None:
    found = figures(clustering_of_proportions(*case["arms"]))
    assert found == pytest.approx({name: case[name] for name in found}, rel=1e-6, abs=1e-8)


def test_units_of_one_size_give_searles_limits_and_lme4s_estimate_in_one_arm() -> None:
    case = GOLDEN["equal units"]
    found = clustering_of_proportions(*case["arms"])
    assert (found.low, found.high) == pytest.approx((case["searle_low"], case["searle_high"]))
    assert found.icc == pytest.approx(case["reml"], rel=1e-5)


def test_the_published_ratings_agree_as_published() -> None:
    found = clustering_of_means([(4, sum(row), sum(v * v for v in row)) for row in RATINGS])
    # ICC(1) 0.17 of the paper; -0.13 to 0.72 as psych::ICC and NAG's g04gac print it
    assert (round(found.icc, 2), round(found.low, 2), round(found.high, 2)) == (0.17, -0.13, 0.72)


@pytest.mark.parametrize(
    ("icc", "mean", "cv", "effect"),
    [
        # DESIGN 6: 20 agents of 200 calls, 0.02; the naive z-test then errs in 38 of 100
        (0.02, 200, 0, 4.98),
        # unequal as British practices (Eldridge 2006: cv 0.65): 1 + (1.4225 x 40 - 1) x 0.05
        (0.05, 40, 0.65, 3.795),
        # calls of a unit that are less alike than chance promise nothing
        (-0.01, 200, 0.5, 1),
        # one call a unit
        (0.3, 1, 0, 1),
    ],
)
def test_design_effect_counts_what_a_call_is_worth(icc: float, mean: float, cv: float, effect: float) -> None:
    assert design_effect(icc, mean, cv) == pytest.approx(effect)


@settings(max_examples=40, deadline=None)
@given(units)
def test_the_mean_size_a_call_sees_is_kerry_and_blands(arm: Pairs) -> None:
    found = clustering_of_proportions(arm)
    seen = sum(n * n for _, n in arm) / sum(n for _, n in arm)
    assert (found.cv**2 + 1) * found.mean_size == pytest.approx(seen)


def test_the_two_design_effects_meet_when_there_are_many_units() -> None:
    random = np.random.default_rng(1)
    calls = random.integers(20, 200, 4000)
    found = clustering_of_proportions(list(zip(random.binomial(calls, random.beta(1, 19, 4000)), calls, strict=True)))
    assert found.icc == pytest.approx(0.05, abs=0.004)
    assert found.robust_design_effect == pytest.approx(found.design_effect, rel=0.05)


def test_units_less_alike_than_chance_are_reported_as_they_are() -> None:
    found = clustering_of_proportions([(5, 50), (5, 50), (6, 50), (5, 50)])
    assert -1 / 49 < found.icc < 0
    assert found.robust_design_effect < 1 == found.design_effect


@pytest.mark.parametrize(
    "arms",
    [
        # no arm, no unit, one unit, one call in each, nothing but failures
        [],
        [[]],
        [[(3, 10)]],
        [[(1, 1), (0, 1), (1, 1)]],
        [[(0, 9), (0, 12)]],
    ],
)
def test_what_cannot_be_told_is_not_a_number(arms: list[Pairs]) -> None:
    found = clustering_of_proportions(*arms)
    assert all(math.isnan(value) for value in (found.icc, found.low, found.high, found.design_effect))


def test_units_alike_beyond_any_correlation_have_no_interval() -> None:
    found = clustering_of_proportions([(1, 10)] * 5)
    assert found.icc == pytest.approx(-1 / 9)
    assert math.isnan(found.low)


def test_what_is_refused_is_named() -> None:
    with pytest.raises(ValueError, match=r"successes\[1\] is 4, must be >= 0 and <= 3"):
        clustering_of_proportions([(1, 3), (4, 3)])
    with pytest.raises(ValueError, match=r"calls\[0\] is 0, must be >= 1"):
        clustering_of_means([(0, 0, 0)])
    with pytest.raises(ValueError, match=r"squares\[0\] is 1, must be >= "):
        clustering_of_means([(2, 4, 1)])
    with pytest.raises(ValueError, match=r"icc is 1\.5"):
        design_effect(1.5, 10)


@settings(max_examples=40, deadline=None)
@given(units, units, st.randoms(use_true_random=False))
def test_names_of_units_order_of_arms_and_successes_for_failures_change_nothing(
    a: Pairs, b: Pairs, random: Any
) -> None:
    once = figures(clustering_of_proportions(a, b))
    shuffled = random.sample(list(a), len(a))
    mirrored = [(n - y, n) for y, n in b], [(n - y, n) for y, n in shuffled]
    assert figures(clustering_of_proportions(*mirrored)) == pytest.approx(once, nan_ok=True, rel=1e-6, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(units, st.integers(-9, 9), st.integers(1, 7))
def test_units_of_measure_change_no_correlation(arm: Pairs, shift: int, scale: int) -> None:
    once = figures(clustering_of_proportions(arm))
    assume(not math.isnan(once["low"]))
    moved = [(n, scale * y + shift * n, scale**2 * y + 2 * scale * shift * y + shift**2 * n) for y, n in arm]
    assert figures(clustering_of_means(moved)) == pytest.approx(once, nan_ok=True, rel=1e-5, abs=1e-5)


def test_wald_covers_when_units_are_unequal_and_searle_does_not() -> None:
    random, sizes, icc, runs = np.random.default_rng(4), np.geomspace(3, 886, 12).astype(int), 0.1, 400
    adjusted = (sizes.sum() - np.sum(sizes**2) / sizes.sum()) / 11
    covered = np.zeros(2)
    for _ in range(runs):
        means = random.normal(0, math.sqrt(icc), 12) + random.normal(0, np.sqrt((1 - icc) / sizes))
        within = (1 - icc) * random.chisquare(sizes - 1)
        found = clustering_of_means(list(zip(sizes, sizes * means, within + sizes * means**2, strict=True)))
        ratio = (1 + adjusted * found.icc / (1 - found.icc)) / scipy_stats.f.ppf([0.975, 0.025], 11, sizes.sum() - 12)
        low, high = (ratio - 1) / (ratio + adjusted - 1)
        covered += found.low <= icc <= found.high, low <= icc <= high
    wald, searle = covered / runs
    assert 0.925 < wald < 0.975
    assert searle < 0.9
