"""Calls dealt within strata: R and statsmodels, the likelihood written out, laws, and the clock."""

import json
import math
import time
import timeit
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from scipy import stats as scipy_stats
from scipy.optimize import minimize_scalar
from scipy.special import xlogy

from stats.arms.mantel_haenszel import breslow_day, cmh_test, common_odds_ratio
from stats.arms.post_stratified import compare_post_stratified, merge_small_strata
from stats.arms.proportions import compare_proportions
from stats.arms.ratios import compare_ratios
from stats.arms.strata import Strata, strata_use, tables
from stats.arms.stratified import compare_stratified
from stats.arms.stratified_score import difference_excess, ratio_excess
from stats.comparison import Comparison
from stats.moments import Counts, Moments

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "stratified.json").read_text())
TABLES: dict[str, dict[str, Any]] = GOLDEN["tables"]
counts = st.integers(0, 9).flatmap(lambda n: st.builds(Counts, st.just(n), st.integers(0, n)))
agents = st.lists(st.tuples(counts, counts), max_size=8)
units = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 80)), max_size=5).map(Moments.of)
pairs = st.lists(st.tuples(units, units), min_size=1, max_size=5)


def strata_of(case: dict[str, Any]) -> Strata:
    return [(Counts(n0, x0), Counts(n1, x1)) for n0, x0, n1, x1 in case["strata"]]


every_case = pytest.mark.parametrize("case", TABLES.values(), ids=TABLES)


@every_case
def test_the_test_is_mantelhaen_test_of_r(case: dict[str, Any]) -> None:
    plain, corrected = (cmh_test(strata_of(case), correction=correction) for correction in (False, True))
    assert (plain.chi_square, plain.p_value) == pytest.approx((case["chi_square"], case["p_value"]), rel=1e-10)
    assert corrected.chi_square == pytest.approx(case["corrected_chi_square"], rel=1e-10)
    assert corrected.p_value == pytest.approx(case["corrected_p_value"], rel=1e-10)


def test_the_test_of_eight_centres_is_the_published_one() -> None:
    # Agresti, Categorical Data Analysis (2nd ed. 2002), section 6.3.2: CMH 6.38, odds ratio 2.13, its log's error 0.303
    centres = strata_of(TABLES["centres"])
    assert round(cmh_test(centres, correction=False).chi_square, 2) == 6.38
    assert round(common_odds_ratio(centres).ratio, 2) == 2.13
    assert round(common_odds_ratio(centres).log_standard_error, 3) == 0.303


@every_case
def test_the_common_odds_ratio_is_that_of_r(case: dict[str, Any]) -> None:
    found = common_odds_ratio(strata_of(case))
    assert (found.ratio, found.low, found.high, found.log_standard_error) == pytest.approx(
        tuple(case[name] for name in ("odds_ratio", "odds_ratio_low", "odds_ratio_high", "log_standard_error"))
    )


@every_case
def test_homogeneity_is_that_of_metafor(case: dict[str, Any]) -> None:
    found = breslow_day(strata_of(case))
    assert (found.breslow_day, found.tarone, found.p_value) == pytest.approx(
        (case["breslow_day"], case["tarone"], case["tarone_p_value"])
    )


@every_case
def test_difference_error_and_lift_are_those_of_metafor(case: dict[str, Any]) -> None:
    found = compare_stratified(strata_of(case))
    assert found.difference == pytest.approx(case["difference"], abs=1e-12)
    assert found.standard_error == pytest.approx(case["standard_error"])
    assert found.relative == pytest.approx(math.expm1(case["log_risk_ratio"]), abs=1e-12)
    assert found.p_value == pytest.approx(case["p_value"], rel=1e-10)


@pytest.mark.parametrize("name", ["centres", "unequal"])
def test_statsmodels_says_the_same(name: str) -> None:
    strata = strata_of(TABLES[name])
    cells = [[[b.successes, b.n - b.successes], [a.successes, a.n - a.successes]] for a, b in strata]
    oracle = import_module("statsmodels.stats.contingency_tables").StratifiedTable(
        [np.array(cell, dtype=float) for cell in cells]
    )
    assert common_odds_ratio(strata).log_standard_error == pytest.approx(oracle.logodds_pooled_se)
    assert breslow_day(strata).tarone == pytest.approx(oracle.test_equal_odds(adjust=True).statistic)
    assert cmh_test(strata, correction=True).p_value == pytest.approx(oracle.test_null_odds(correction=True).pvalue)


def test_homogeneity_at_an_odds_ratio_of_exactly_one_is_known() -> None:  # statsmodels says nan
    opposite = strata_of(TABLES["opposite"])
    assert common_odds_ratio(opposite).ratio == 1
    assert breslow_day(opposite).tarone == pytest.approx(3.80952380952381)


def _score(strata: Strata, difference: float) -> float:
    """Miettinen & Nurminen's statistic with the likelihoods maximised numerically."""
    variance = distance = total = 0.0
    for a, b in strata:

        def against(p: float, a: Counts = a, b: Counts = b) -> float:
            ours = xlogy(a.successes, p) + xlogy(a.n - a.successes, 1 - p)
            q = min(max(p + difference, 0), 1)
            return -float(ours + xlogy(b.successes, q) + xlogy(b.n - b.successes, 1 - q))

        bounds = (max(0, -difference), min(1, 1 - difference))
        p = minimize_scalar(against, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
        q, n, weight = p + difference, a.n + b.n, a.n * b.n / (a.n + b.n)
        variance += weight**2 * (p * (1 - p) / a.n + q * (1 - q) / b.n) * n / (n - 1)
        distance += weight * (b.rate - a.rate - difference)
        total += weight
    return distance / math.sqrt(variance)


@every_case
def test_the_interval_ends_where_the_score_test_of_the_likelihood_rejects(case: dict[str, Any]) -> None:
    strata = strata_of(case)
    found = compare_stratified(strata, alpha=0.1)
    critical = scipy_stats.norm.isf(0.05)
    assert _score(strata, found.low) == pytest.approx(critical, abs=1e-4)
    assert _score(strata, found.high) == pytest.approx(-critical, abs=1e-4)


@settings(max_examples=25)
@given(agents)
def test_the_score_of_no_difference_and_of_no_lift_is_the_chi_square(strata: Strata) -> None:
    cmh = cmh_test(strata, correction=False)
    assume(not math.isnan(cmh.chi_square))
    t = tables(strata)
    squared, z = cmh.excess**2 / t.weight.sum() ** 2, math.sqrt(cmh.chi_square)
    for excess in (difference_excess(t, 0.0, z), ratio_excess(t, 1.0, z)):
        assert excess == pytest.approx(0, abs=1e-12 * (1 + squared))


def _outside(low: float | None, high: float | None) -> bool:
    assert low is not None
    assert high is not None
    return not low <= 0 <= high


@settings(max_examples=40)
@given(agents, st.sampled_from([0.01, 0.05, 0.2, 0.5]))
def test_p_interval_and_lift_are_one_statement(strata: Strata, alpha: float) -> None:
    found = compare_stratified(strata, alpha=alpha)
    assume(not math.isnan(found.p_value) and abs(found.p_value - alpha) > 1e-9)
    assert (found.p_value < alpha) == _outside(found.low, found.high)
    if found.relative is not None:
        assert (found.p_value < alpha) == _outside(found.relative_low, found.relative_high)


@every_case
def test_an_alpha_of_just_p_ends_the_intervals_at_zero(case: dict[str, Any]) -> None:
    strata = strata_of(case)
    p = compare_stratified(strata).p_value
    if p < 1:
        found = compare_stratified(strata, alpha=p)
        assert (found.low, found.relative_low) == pytest.approx((0, 0), abs=1e-9)


@settings(max_examples=25)
@given(agents)
def test_swapping_arms_flips_the_sign(strata: Strata) -> None:
    there, back = compare_stratified(strata), compare_stratified([(b, a) for a, b in strata])
    assert (there.p_value, there.standard_error) == pytest.approx((back.p_value, back.standard_error), nan_ok=True)
    assert (there.difference, there.low, there.high) == pytest.approx(
        (-back.difference, -back.high, -back.low), abs=1e-6, nan_ok=True
    )


@settings(max_examples=25)
@given(agents)
def test_an_interval_holds_what_was_observed_and_stays_possible(strata: Strata) -> None:
    found = compare_stratified(strata)
    assume(not math.isnan(found.difference))
    assert -1 <= found.low <= found.difference + 1e-12
    assert found.difference - 1e-12 <= found.high <= 1
    assert 0 < found.p_value <= 1


@pytest.mark.parametrize(
    ("control", "challenger"),
    [(Counts(100, 10), Counts(120, 25)), (Counts(5000, 400), Counts(7000, 700)), (Counts(403, 60), Counts(886, 168))],
)
def test_one_stratum_is_the_comparison_of_two_proportions(control: Counts, challenger: Counts) -> None:
    alone, one = compare_stratified([(control, challenger)]), compare_proportions(control, challenger)
    for name in ("low", "high", "p_value", "standard_error", "relative_low", "relative_high"):
        assert getattr(alone, name) == pytest.approx(getattr(one, name), abs=1e-9)


@settings(max_examples=25)
@given(agents)
def test_a_stratum_with_one_arm_empty_changes_nothing_and_is_counted(strata: Strata) -> None:
    more = [*strata, (Counts(0, 0), Counts(7, 3))]
    assert repr(compare_stratified(more)) == repr(compare_stratified(strata))
    before, after = strata_use(strata), strata_use(more)
    assert (after.strata, after.compared) == (before.strata + 1, before.compared)
    assert after.dropped_calls == before.dropped_calls + 7


def test_paradoxical_mixes_are_undone() -> None:
    # the challenger wins with both agents, and loses over all: the good agent spoke the control more often
    strata = [(Counts(900, 450), Counts(100, 55)), (Counts(100, 10), Counts(900, 117))]
    pooled = compare_proportions(strata[0][0] + strata[1][0], strata[0][1] + strata[1][1])
    assert pooled.difference < -0.25
    assert compare_stratified(strata).difference == pytest.approx(0.04)


@pytest.mark.parametrize(
    "strata",
    [
        [],  # no stratum
        [(Counts(9, 3), Counts(0, 0))],  # one arm empty
        [(Counts(0, 0), Counts(9, 3)), (Counts(9, 3), Counts(0, 0))],  # arms that never meet
    ],
)
def test_without_a_stratum_to_compare_all_is_unknown_and_no_error(strata: Strata) -> None:
    found = compare_stratified(strata)
    assert all(math.isnan(value) for value in (found.difference, found.low, found.high, found.p_value))
    assert found.relative is None
    assert math.isnan(cmh_test(strata, correction=False).p_value)
    assert math.isnan(common_odds_ratio(strata).ratio)
    assert math.isnan(breslow_day(strata).p_value)


def test_zero_cells_answer() -> None:
    never = [(Counts(8, 0), Counts(8, 2))] * 5
    found = compare_stratified(never)
    chi_square = 5**2 / (5 * 8 * 8 * 2 * 14 / (16**2 * 15))  # by hand: one success more than expected in each stratum
    assert found.p_value == pytest.approx(scipy_stats.chi2.sf(chi_square, 1))
    assert 0 < found.low < found.difference == pytest.approx(0.25)
    assert found.relative is None  # the control's interval reaches zero
    assert common_odds_ratio(never).ratio == math.inf
    assert math.isnan(common_odds_ratio(never).high)


def test_no_success_anywhere_says_nothing_against_equality() -> None:
    found = compare_stratified([(Counts(8, 0), Counts(8, 0))] * 5)
    assert (found.p_value, found.difference) == (1, 0)
    assert found.low == pytest.approx(-found.high)
    assert found.high > 0.05


def test_strata_of_few_successes_are_told_from_enough() -> None:
    assert strata_use([(Counts(3, 0), Counts(3, 1))] * 9).mantel_fleiss == pytest.approx(4.5)
    assert strata_use(strata_of(TABLES["centres"])).mantel_fleiss > 30


def test_informative_strata_are_counted() -> None:
    strata = [(Counts(3, 0), Counts(3, 0)), (Counts(3, 3), Counts(3, 3)), (Counts(3, 1), Counts(3, 0))]
    assert (strata_use(strata).compared, strata_use(strata).informative) == (3, 1)


@pytest.mark.parametrize("alpha", [0, 1, math.nan])
def test_alpha_must_be_a_share(alpha: float) -> None:
    for refused in (compare_stratified, common_odds_ratio, compare_post_stratified):
        with pytest.raises(ValueError, match=r"alpha is .*, must be > 0 and < 1"):
            refused([], alpha=alpha)


def _five_hundred() -> Strata:
    random = np.random.default_rng(5)
    n = random.integers(1, 9, (500, 2))
    x = random.binomial(n, [0.1, 0.13])
    return [(Counts(a, s), Counts(b, t)) for (a, b), (s, t) in zip(n.tolist(), x.tolist(), strict=True)]


def test_five_hundred_agents_take_less_than_ten_milliseconds() -> None:
    strata = _five_hundred()
    assert min(timeit.repeat(lambda: compare_stratified(strata), timer=time.process_time, number=1, repeat=20)) < 0.01


# --- means and ratios


def test_post_stratified_means_are_lins_regression_with_hc2() -> None:
    case = GOLDEN["post"]

    def cell(agent: int, arm: int) -> Moments:
        return Moments.of((seconds, 1) for a, b, seconds in case["calls"] if (a, b) == (agent, arm))

    found = compare_post_stratified([(cell(agent, 0), cell(agent, 1)) for agent in range(1, 6)])
    assert (found.difference, found.standard_error) == pytest.approx((case["difference"], case["standard_error"]))


@settings(max_examples=40)
@given(units, units)
def test_one_stratum_is_the_comparison_of_two_ratios(control: Moments, challenger: Moments) -> None:
    alone, one = compare_post_stratified([(control, challenger)]), compare_ratios(control, challenger)
    for name in ("difference", "low", "high", "p_value", "standard_error"):
        assert getattr(alone, name) == pytest.approx(getattr(one, name), rel=1e-6, abs=1e-7, nan_ok=True)


def _ratio(cells: list[Moments], weights: list[float]) -> float:
    y = sum(w * cell.y / cell.units for w, cell in zip(weights, cells, strict=True))
    return y / sum(w * cell.x / cell.units for w, cell in zip(weights, cells, strict=True))


def test_the_error_of_a_ratio_is_its_delta_method_by_numerical_derivatives() -> None:
    random = np.random.default_rng(3)
    y, x = random.gamma(4, 10, (2, 3, 12)), random.gamma(5, 2, (2, 3, 12))
    cells = [[Moments.of(zip(y[a, k], x[a, k], strict=True)) for k in range(3)] for a in range(2)]
    variance = 0.0
    for a in range(2):
        for k in range(3):
            cov = np.cov(y[a, k], x[a, k]) / 12

            def moved(dy: float, dx: float, a: int = a, k: int = k) -> float:
                other = [*cells[a]]
                c = other[k]
                other[k] = Moments(12, c.y + 12 * dy, c.x + 12 * dx, c.yy, c.xx, c.xy)
                return _ratio(other, [1 / 3] * 3)

            slope = np.array([moved(1e-5, 0) - moved(-1e-5, 0), moved(0, 1e-5) - moved(0, -1e-5)]) / 2e-5
            variance += float(slope @ cov @ slope)
    found = compare_post_stratified(list(zip(*cells, strict=True)))
    assert found.standard_error == pytest.approx(math.sqrt(variance), rel=1e-6)


def test_strata_take_their_spread_from_the_error() -> None:
    low, high = Moments.of([(1, 1), (2, 1), (3, 1)]), Moments.of([(101, 1), (102, 1), (103, 1)])
    both = compare_post_stratified([(low, low), (high, high)])
    assert both.standard_error < compare_ratios(low + high, low + high).standard_error / 20


@settings(max_examples=40)
@given(pairs)
def test_merging_keeps_every_unit(strata: list[tuple[Moments, Moments]]) -> None:
    merged = merge_small_strata(strata)
    for arm in (0, 1):
        assert sum(stratum[arm].units for stratum in merged) == sum(stratum[arm].units for stratum in strata)
        assert len(merged) == 1 or all(stratum[arm].units >= 2 for stratum in merged)


def test_small_strata_become_one_and_join_the_smallest_when_still_too_small() -> None:
    one, two, three = (Moments.of([(y, 1) for y in range(n)]) for n in (1, 2, 3))
    assert merge_small_strata([(one, one), (three, three), (one, one)]) == ((three, three), (one + one, one + one))
    assert merge_small_strata([(three, three), (one, one), (two, two)]) == ((two + one, two + one), (three, three))


@pytest.mark.parametrize(
    "strata", [[], [(Moments.of([]), Moments.of([]))], [(Moments.of([(1, 2)]), Moments.of([(1, 2)]))]]
)
def test_too_few_units_are_unknown_and_no_error(strata: list[tuple[Moments, Moments]]) -> None:
    found = compare_post_stratified(strata)
    assert all(math.isnan(value) for value in (found.low, found.high, found.p_value))
    assert found.relative is None


@settings(max_examples=40)
@given(pairs)
def test_swapping_arms_of_ratios_flips_the_sign(strata: list[tuple[Moments, Moments]]) -> None:
    there: Comparison = compare_post_stratified(strata)
    back = compare_post_stratified([(b, a) for a, b in strata])
    assert (there.difference, there.low, there.high) == pytest.approx(
        (-back.difference, -back.high, -back.low), abs=1e-9, nan_ok=True
    )
