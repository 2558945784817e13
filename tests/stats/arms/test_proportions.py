"""Two proportions compared: published tables, statsmodels, and laws."""

import math
import time
import timeit
from importlib import import_module

import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats as scipy_stats
from scipy.optimize import minimize_scalar
from scipy.special import xlogy

from stats.arms.intervals import wald, wilson
from stats.arms.proportions import compare_proportions
from stats.arms.score import _control_rate_given_difference
from stats.comparison import Comparison
from stats.moments import Counts

arms = st.integers(1, 60).flatmap(lambda n: st.builds(Counts, st.just(n), st.integers(0, n)))


def test_an_empty_cell_gets_the_exact_answer() -> None:
    found = compare_proportions(Counts(40, 0), Counts(40, 6))
    assert (found.method, round(found.p_value, 3)) == ("barnard", 0.011)
    assert 0 < found.low < found.difference == 0.15 < found.high
    assert found.relative is None


def test_a_large_effect_keeps_its_digits() -> None:
    found = compare_proportions(Counts(20_000, 4_000), Counts(20_000, 5_200))
    assert found.p_value == pytest.approx(4.04e-46, rel=0.01)
    assert found.relative == pytest.approx(0.3)


def test_an_effect_beyond_a_float_is_still_not_certain() -> None:
    assert 0 < compare_proportions(Counts(10**6, 10**5), Counts(10**6, 9 * 10**5)).p_value < 1e-300


def test_no_success_anywhere_says_nothing_against_equality() -> None:
    found = compare_proportions(Counts(40, 0), Counts(40, 0))
    assert found.p_value == 1
    assert found.low == pytest.approx(-found.high)
    assert found.high > 0.05


@pytest.mark.parametrize(
    "arms", [(Counts(0, 0), Counts(9, 3)), (Counts(9, 3), Counts(0, 0)), (Counts(0, 0), Counts(0, 0))]
)
def test_an_arm_without_calls_is_unknown_and_no_error(arms: tuple[Counts, Counts]) -> None:
    found = compare_proportions(*arms)
    unknown = (found.difference, found.low, found.high, found.p_value, found.standard_error)
    assert all(math.isnan(value) for value in unknown)
    assert found.relative is None


@pytest.mark.parametrize("alpha", [0, 1, -0.1, math.nan])
def test_alpha_must_be_a_share(alpha: float) -> None:
    with pytest.raises(ValueError, match=r"alpha is .*, must be > 0 and < 1"):
        compare_proportions(Counts(9, 3), Counts(9, 3), alpha=alpha)


@pytest.mark.parametrize(
    ("challenger", "control", "low", "high"),
    [  # Newcombe (1998), Statistics in Medicine 17:873, table II, method 6 (Miettinen & Nurminen)
        (Counts(70, 56), Counts(80, 48), 0.0528, 0.3382),
        (Counts(10, 9), Counts(10, 3), 0.1700, 0.8406),
        (Counts(7, 6), Counts(7, 2), 0.0342, 0.8534),
        (Counts(56, 5), Counts(29, 0), -0.0326, 0.1933),
        (Counts(10, 0), Counts(20, 0), -0.1658, 0.2844),
        (Counts(10, 10), Counts(20, 0), 0.7156, 1.0),
    ],
)
def test_score_interval_of_the_difference_is_the_published_one(
    challenger: Counts, control: Counts, low: float, high: float
) -> None:
    found = compare_proportions(control, challenger, method="score")
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize("difference", [-0.08, 0.05, 0.3])
def test_rates_under_a_stated_difference_are_those_of_greatest_likelihood(difference: float) -> None:
    # statsmodels 0.15 has count0 where the cubic has nobs0, hence no oracle for differences other than 0
    a, b = Counts(100, 10), Counts(120, 25)

    def against(p: float) -> float:
        q = p + difference
        ours = xlogy(a.successes, p) + xlogy(a.n - a.successes, 1 - p)
        return -float(ours + xlogy(b.successes, q) + xlogy(b.n - b.successes, 1 - q))

    bounds = (max(0, -difference), min(1, 1 - difference))
    best = minimize_scalar(against, bounds=bounds, method="bounded", options={"xatol": 1e-10}).x
    assert _control_rate_given_difference(a, b, difference) == pytest.approx(best, abs=1e-7)


@pytest.mark.parametrize(
    ("control", "challenger"),
    [(Counts(100, 10), Counts(120, 25)), (Counts(5000, 400), Counts(7000, 700)), (Counts(2000, 3), Counts(1000, 20))],
)
def test_lift_and_p_are_those_of_statsmodels(control: Counts, challenger: Counts) -> None:
    oracle = import_module("statsmodels.stats.proportion")
    found = compare_proportions(control, challenger)
    four = (challenger.successes, challenger.n, control.successes, control.n)
    low, high = oracle.confint_proportions_2indep(*four, compare="ratio", method="score", correction=True)
    tested = oracle.test_proportions_2indep(*four, compare="diff", method="score", correction=True)
    assert found.relative_low == pytest.approx(low - 1)
    assert found.relative_high == pytest.approx(high - 1)
    assert found.p_value == pytest.approx(tested.pvalue, rel=1e-9)


def test_ends_of_an_interval_of_no_calls_are_unknown() -> None:
    assert math.isnan(wilson(Counts(0, 0)).low)


@settings(max_examples=25)
@given(arms, arms)
def test_swapping_arms_flips_the_sign(control: Counts, challenger: Counts) -> None:
    there, back = compare_proportions(control, challenger), compare_proportions(challenger, control)
    assert there.p_value == pytest.approx(back.p_value, rel=1e-3)
    assert (there.difference, there.low, there.high) == pytest.approx(
        (-back.difference, -back.high, -back.low),
        abs=5e-4,  # an exact end is found to a ten-thousandth of the half width
    )


@settings(max_examples=25)
@given(arms, arms)
def test_an_interval_holds_what_was_observed_and_stays_possible(control: Counts, challenger: Counts) -> None:
    found = compare_proportions(control, challenger)
    assert -1 <= found.low <= found.difference <= found.high <= 1
    assert 0 < found.p_value <= 1
    if found.relative is not None and found.relative_low is not None and found.relative_high is not None:
        assert -1 <= found.relative_low <= found.relative <= found.relative_high


def _sees_an_effect(found: Comparison) -> set[bool]:
    told = {found.p_value < 1 - found.confidence, not found.low <= 0 <= found.high}
    if found.relative_low is None or found.relative_high is None:
        return told
    return told | {not found.relative_low <= 0 <= found.relative_high}


@settings(max_examples=25)
@given(arms, arms)
def test_p_interval_and_lift_agree_in_small_cells(control: Counts, challenger: Counts) -> None:
    assert len(_sees_an_effect(compare_proportions(control, challenger, method="barnard"))) == 1


@given(st.integers(50, 3000), st.integers(50, 3000), st.data())
def test_p_interval_and_lift_agree_in_large_cells(n: int, m: int, data: st.DataObject) -> None:
    control = Counts(n, data.draw(st.integers(n // 5, n // 2)))
    challenger = Counts(m, data.draw(st.integers(m // 5, m // 2)))
    found = compare_proportions(control, challenger)
    assert found.method == "score"
    assert len(_sees_an_effect(found)) == 1


def test_wald_is_the_textbooks_and_has_fiellers_lift() -> None:
    control, challenger = Counts(80, 48), Counts(70, 56)
    found, ends = compare_proportions(control, challenger, method="wald"), wald(control, challenger)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high))
    assert found.p_value == pytest.approx(2 * scipy_stats.norm.sf(found.difference / found.standard_error))
    assert found.degrees_of_freedom is None


def test_wald_agrees_with_the_score_interval_to_a_hundredth_of_its_width_when_all_cells_hold_a_thousand() -> None:
    control, challenger = Counts(20_000, 1_000), Counts(20_000, 1_100)
    by_score, by_wald = (compare_proportions(control, challenger, method=method) for method in ("score", "wald"))
    off = max(abs(by_score.low - by_wald.low), abs(by_score.high - by_wald.high))
    assert off < 0.01 * (by_score.high - by_score.low)


def test_a_method_is_one_of_three_words() -> None:
    with pytest.raises(ValueError, match="method is 'z', must be one of barnard, score, wald"):
        compare_proportions(Counts(9, 3), Counts(9, 3), method="z")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("control", "challenger", "seconds"),
    [  # of processor time; generous, for a busy machine
        (Counts(20_000, 4_000), Counts(20_000, 4_100), 0.005),  # score: a fifth of a millisecond
        (Counts(3_000, 5), Counts(3_000, 1), 0.1),  # exact: some fifteen, both intervals
        (Counts(10**6, 1), Counts(10**6, 6), 0.1),  # no longer for a million calls
        (Counts(9, 5), Counts(10**6, 5 * 10**5), 0.3),  # some fifty: few calls against very many
        (Counts(20_000, 0), Counts(20_000, 300), 0.3),  # an empty cell against a full one
    ],
)
def test_an_answer_does_not_keep_a_page_waiting(control: Counts, challenger: Counts, seconds: float) -> None:
    taken = timeit.repeat(lambda: compare_proportions(control, challenger), number=1, repeat=3, timer=time.process_time)
    assert min(taken) < seconds
