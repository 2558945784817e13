"""CR2 and Satterthwaite: clubSandwich's numbers, the regression written out in full, laws, and A/A simulation."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from stats.arms.ratios import compare_ratios
from stats.clusters.cr2 import compare_clusters, weigh_units_equally
from stats.comparison import Comparison
from stats.moments import Moments, Pairs

GOLDEN: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "golden" / "clustered.json").read_text())
CONTROL = [(3.0, 30.0), (8.0, 51.0), (5.0, 44.0), (2.0, 25.0)]
CHALLENGER = [(9.0, 40.0), (7.0, 35.0), (12.0, 60.0), (6.0, 90.0), (9.0, 41.0)]
arms = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 80)), min_size=2, max_size=9)
calls = st.lists(st.lists(st.integers(-9, 9), min_size=1, max_size=6), min_size=2, max_size=5)


def numbers(found: Comparison) -> dict[str, Any]:
    names = ("difference", "standard_error", "degrees_of_freedom", "p_value", "low", "high")
    return {name: getattr(found, name) for name in names}


@pytest.mark.parametrize("case", GOLDEN.values(), ids=GOLDEN)
def test_club_sandwich_says_the_same(case: dict[str, Any]) -> None:
    found = numbers(compare_clusters(case["control"], case["challenger"]))
    assert found == pytest.approx({name: case[name] for name in found}, rel=1e-10)


def root_of_inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrix)
    roots = np.array([0.0 if value < 1e-10 else value**-0.5 for value in values])
    return np.asarray((vectors * roots) @ vectors.T)


def regression(control: list[list[int]], challenger: list[list[int]]) -> tuple[float, float, float]:
    """Difference, variance and degrees of freedom from every row, as Bell & McCaffrey wrote them."""
    units = [(0.0, unit) for unit in control] + [(1.0, unit) for unit in challenger]
    outcome = np.array([call for _, unit in units for call in unit], dtype=float)
    X = np.array([[1.0, arm] for arm, unit in units for _ in unit])
    ends = np.cumsum([0, *(len(unit) for _, unit in units)])
    bread = np.linalg.inv(X.T @ X)
    rest = np.eye(len(X)) - X @ bread @ X.T
    forms = np.array(
        [
            np.array([0.0, 1.0]) @ bread @ X[a:b].T @ root_of_inverse(rest[a:b, a:b]) @ rest[a:b]
            for a, b in itertools.pairwise(ends)
        ]
    )
    gram = forms @ forms.T
    beta = bread @ X.T @ outcome
    return beta[1], np.sum((forms @ outcome) ** 2), np.trace(gram) ** 2 / np.sum(gram**2)


@given(calls, calls)
def test_the_totals_know_what_the_regression_on_every_call_knows(a: list[list[int]], b: list[list[int]]) -> None:
    difference, variance, df = regression(a, b)
    found = compare_clusters([(sum(u), len(u)) for u in a], [(sum(u), len(u)) for u in b])
    assert (found.difference, found.standard_error**2) == pytest.approx((difference, variance), rel=1e-10, abs=1e-10)
    if found.standard_error > 0:
        assert found.degrees_of_freedom == pytest.approx(df, rel=1e-10)


def test_equal_units_and_arms_give_students_t_test() -> None:
    a, b = [3, 8, 5, 6, 9], [7, 12, 9, 15, 8]
    oracle = scipy_stats.ttest_ind(b, a)
    found = compare_clusters([(y, 20) for y in a], [(y, 20) for y in b])
    assert (found.p_value, found.degrees_of_freedom) == pytest.approx((oracle.pvalue, 8))


def test_one_giant_leaves_hardly_a_degree_of_freedom() -> None:
    even = compare_clusters([(3, 50), (5, 50), (6, 50)] * 4, [(4, 50), (9, 50), (6, 50)] * 4)
    giant = compare_clusters([(3, 50), (5, 50), (6, 50)] * 4, [(4, 50), (9, 50), (6, 50)] * 4 + [(900, 9000)])
    assert even.degrees_of_freedom == pytest.approx(22)
    assert giant.degrees_of_freedom is not None
    assert giant.degrees_of_freedom < 12


def test_each_unit_one_vote_is_welchs_t_test_of_their_ratios() -> None:
    a, b = ([y / x for y, x in arm] for arm in (CONTROL, CHALLENGER))
    oracle = scipy_stats.ttest_ind(b, a, equal_var=False)
    bounds = oracle.confidence_interval(0.95)
    found = weigh_units_equally(CONTROL, CHALLENGER)
    assert (found.p_value, found.degrees_of_freedom) == pytest.approx((oracle.pvalue, oracle.df))
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high))
    assert found.method == "welch"


def test_the_votes_differ_when_busy_units_do() -> None:
    control, challenger = [(10, 100)] * 5 + [(11, 100)], [(9, 100)] * 5 + [(400, 2000)]
    assert compare_clusters(control, challenger).difference > 0.05
    assert weigh_units_equally(control, challenger).difference < 0.01


@pytest.mark.parametrize("compare", [compare_clusters, weigh_units_equally])
@pytest.mark.parametrize("few", [[], [(3.0, 10.0)]])
def test_too_few_units_are_unknown_and_no_error(compare: Any, few: Pairs) -> None:
    found = compare(few, CHALLENGER)
    assert all(math.isnan(getattr(found, name)) for name in ("p_value", "low", "high", "degrees_of_freedom"))
    assert found.relative is None


@pytest.mark.parametrize("compare", [compare_clusters, weigh_units_equally])
def test_units_without_spread_are_not_certainty(compare: Any) -> None:
    found = compare([(0.1, 1), (0.3, 3), (0.7, 7)], [(1, 7), (3, 21), (2, 14)])
    assert found.standard_error == 0
    assert all(math.isnan(value) for value in (found.p_value, found.low, found.high))


def test_lift_is_withheld_when_the_controls_interval_reaches_zero() -> None:
    assert compare_clusters([(0, 10), (3, 10), (0, 10)], CHALLENGER).relative is None
    assert compare_clusters(CONTROL, CHALLENGER).relative == pytest.approx((43 / 266) / (18 / 150) - 1)


@pytest.mark.parametrize("compare", [compare_clusters, weigh_units_equally])
def test_what_is_refused_is_named(compare: Any) -> None:
    with pytest.raises(ValueError, match=r"denominators\[1\] is 0, must be > 0"):
        compare([(3, 10), (0, 0)], CHALLENGER)
    with pytest.raises(ValueError, match=r"numerators\[0\] is nan, must be finite"):
        compare([(math.nan, 10), (0, 3)], CHALLENGER)
    with pytest.raises(ValueError, match="alpha is 1, must be > 0 and < 1"):
        compare(CONTROL, CHALLENGER, alpha=1)


@pytest.mark.parametrize("compare", [compare_clusters, weigh_units_equally])
@given(a=arms, b=arms)
def test_swapping_arms_flips_the_sign(compare: Any, a: Pairs, b: Pairs) -> None:
    there, back = compare(a, b), compare(b, a)
    assert there.p_value == pytest.approx(back.p_value, nan_ok=True)
    assert (there.difference, there.low, there.high) == pytest.approx(
        (-back.difference, -back.high, -back.low), nan_ok=True, abs=1e-12
    )


@given(arms, arms, st.integers(1, 1000))
def test_units_of_measure_change_no_p(a: Pairs, b: Pairs, k: int) -> None:
    once = numbers(compare_clusters(a, b))
    dearer = compare_clusters([(k * y, x) for y, x in a], [(k * y, x) for y, x in b])
    longer = compare_clusters([(y, k * x) for y, x in a], [(y, k * x) for y, x in b])
    for found, factor in ((dearer, k), (longer, 1 / k)):
        scaled = {n: v if n in ("p_value", "degrees_of_freedom") else v * factor for n, v in once.items()}
        assert numbers(found) == pytest.approx(scaled, nan_ok=True, rel=1e-9, abs=1e-9)


@given(arms, arms, st.integers(-50, 50))
def test_a_constant_on_every_call_changes_no_difference(a: Pairs, b: Pairs, c: int) -> None:
    once = numbers(compare_clusters(a, b))
    lifted = compare_clusters([(y + c * x, x) for y, x in a], [(y + c * x, x) for y, x in b])
    assert numbers(lifted) == pytest.approx(once, nan_ok=True, rel=1e-9, abs=1e-9)


@given(arms, arms)
def test_degrees_of_freedom_stay_below_the_number_of_units(a: Pairs, b: Pairs) -> None:
    df = compare_clusters(a, b).degrees_of_freedom
    assert df is not None
    assume(not math.isnan(df))
    assert 0 < df <= len(a) + len(b) - 2 + 1e-9


@given(arms, arms)
def test_p_interval_and_lift_tell_one_story(a: Pairs, b: Pairs) -> None:
    found = compare_clusters(a, b)
    assume(not math.isnan(found.p_value) and abs(found.p_value - 0.05) > 1e-9)
    assert (found.p_value < 0.05) == (not found.low <= 0 <= found.high)
    if found.relative_low is not None and found.relative_high is not None:
        assert (found.p_value < 0.05) == (not found.relative_low <= 0 <= found.relative_high)


@pytest.mark.parametrize("correlation", [0.02, 0.1, 0.2])
@pytest.mark.parametrize(("agents", "linearised_at_least"), [(12, 0.15), (20, 0.10), (40, 0.06)])
def test_agents_from_3_to_886_calls_raise_one_false_alarm_in_twenty(
    agents: int, linearised_at_least: float, correlation: float
) -> None:
    random = np.random.default_rng(5)
    spread, half, runs = (1 - correlation) / correlation, agents // 2, 2000
    sizes = np.geomspace(3, 886, agents).astype(int)
    alarms = np.zeros(2)
    for _ in range(runs):
        x = random.permutation(sizes)
        y = random.binomial(x, random.beta(0.1 * spread, 0.9 * spread, agents))
        pairs = list(zip(y.tolist(), x.tolist(), strict=True))
        a, b = pairs[:half], pairs[half:]
        alarms += compare_clusters(a, b).p_value < 0.05, compare_ratios(Moments.of(a), Moments.of(b)).p_value < 0.05
    cr2, linearised = alarms / runs
    assert 0.04 <= cr2 <= 0.07
    assert linearised > linearised_at_least
