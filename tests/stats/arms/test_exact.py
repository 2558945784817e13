"""The exact unconditional test and its intervals: scipy, full enumeration with the statistic written out, and laws."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats as scipy_stats

from stats.arms.exact import barnard_p, exact_p
from stats.arms.inversion import exact_interval
from stats.arms.scales import DIFFERENCE, ODDS, RATIO, Floats, Scale, Tables
from stats.arms.score import difference_excess, odds_excess, ratio_excess
from stats.moments import Counts

arms = st.integers(1, 60).flatmap(lambda n: st.builds(Counts, st.just(n), st.integers(0, n)))
SCALES = {"difference": DIFFERENCE, "ratio": RATIO, "odds": ODDS}


def _worst_chance(control: Counts, challenger: Counts) -> float:
    """Enumerate every table at every rate between 0 and 1, with the statistic written out."""
    a, b = np.arange(control.n + 1)[:, None], np.arange(challenger.n + 1)[None, :]
    pooled = (a + b) / (control.n + challenger.n)
    with np.errstate(invalid="ignore"):
        score = np.nan_to_num(np.abs(a / control.n - b / challenger.n) / np.sqrt(pooled * (1 - pooled)))
    extreme = (score >= score[control.successes, challenger.successes] - 1e-12).astype(float)
    rates = np.linspace(0.0005, 0.9995, 4001)[:, None]
    rows = scipy_stats.binom.pmf(a.T, control.n, rates) @ extreme
    return float((rows * scipy_stats.binom.pmf(b, challenger.n, rates)).sum(axis=1).max())


@pytest.mark.parametrize(
    ("control", "challenger"),
    [(Counts(40, 0), Counts(40, 6)), (Counts(30, 1), Counts(30, 6)), (Counts(15, 7), Counts(5, 5))],
)
def test_exact_p_is_the_worst_chance_of_a_full_enumeration(control: Counts, challenger: Counts) -> None:
    # scipy's search misses the worst rate of the third: 0.0449 where the chance reaches 0.0501
    assert barnard_p(control, challenger) == pytest.approx(_worst_chance(control, challenger), rel=1e-4)


def test_exact_p_is_barnards_of_scipy() -> None:
    expected = scipy_stats.barnard_exact([[0, 6], [40, 34]], n=128).pvalue
    assert barnard_p(Counts(40, 0), Counts(40, 6)) == pytest.approx(expected, rel=1e-4)


def test_rates_that_nobody_believes_raise_no_exact_p() -> None:
    control, challenger = Counts(90, 1), Counts(60, 6)  # the worst rate is 0.5, where 7 of 150 do not happen
    assert barnard_p(control, challenger) < 0.9 * _worst_chance(control, challenger)


@pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
@pytest.mark.parametrize(("control", "challenger"), [(Counts(15, 5), Counts(20, 12)), (Counts(14, 6), Counts(9, 4))])
def test_p_of_a_stated_value_is_the_worst_chance_of_a_full_enumeration(
    scale: Scale, control: Counts, challenger: Counts
) -> None:
    value = 0.15 if scale is DIFFERENCE else 1.4
    a, b = np.arange(control.n + 1.0)[:, None], np.arange(challenger.n + 1.0)[None, :]
    scores = scale.squared_score(Tables(a, control.n, b, challenger.n), value)
    extreme = (scores >= scores[control.successes, challenger.successes] * (1 - 1e-7)).astype(float)
    p = np.linspace(0, {DIFFERENCE: 0.85, RATIO: 1 / 1.4, ODDS: 1.0}[scale], 2001)[:, None]
    q = scale.challenger_rate(p, value)
    whole = ((scipy_stats.binom.pmf(a.T, control.n, p) @ extreme) * scipy_stats.binom.pmf(b, challenger.n, q)).sum(
        axis=1
    )
    assert exact_p(scale, control, challenger, value, rates=500) == pytest.approx(float(whole.max()), rel=2e-3)


@pytest.mark.parametrize(
    ("scale", "excess"),
    [(DIFFERENCE, difference_excess), (RATIO, ratio_excess), (ODDS, odds_excess)],
    ids=SCALES,
)
@given(arms, arms, st.floats(0.05, 0.95))
def test_the_statistic_of_many_tables_is_that_of_each(
    scale: Scale,
    excess: Callable[[Counts, Counts, float, float], float],
    control: Counts,
    challenger: Counts,
    value: float,
) -> None:
    score = float(scale.squared_score(Tables.of(control, challenger), value)[0])
    both = control.n + challenger.n
    z = (score * (both - 1) / both) ** 0.5
    if 1e-6 < z < 1e3:  # where the statistic is that of a table that can occur, its own z leaves no excess
        assert excess(control, challenger, value, z) == pytest.approx(0, abs=1e-6 * max(1, z * z))


@pytest.mark.parametrize(
    ("control", "challenger"),
    [(Counts(40, 0), Counts(40, 6)), (Counts(10, 3), Counts(10, 9)), (Counts(2000, 3), Counts(1500, 9))],
)
def test_an_end_of_the_interval_is_where_p_passes_alpha(control: Counts, challenger: Counts) -> None:
    p_value = barnard_p(control, challenger)
    found = exact_interval(DIFFERENCE, control, challenger, alpha=0.05, p_value=p_value)
    fine = 2e-4 * (found.high - found.low)
    inside, outside = (
        [exact_p(DIFFERENCE, control, challenger, end, rates=300) for end in ends]
        for ends in ((found.low + fine, found.high - fine), (found.low - fine, found.high + fine))
    )
    assert min(inside) > 0.0495
    assert max(outside) < 0.0505


@pytest.mark.parametrize("n", [7, 10])
def test_the_exact_interval_covers_at_least_its_confidence_at_any_two_rates(n: int) -> None:
    ends = np.array([[_ends(Counts(n, a), Counts(n, b)) for b in range(n + 1)] for a in range(n + 1)])
    rates = np.array([k / 50 for k in range(50)]) + 0.01
    chance = np.asarray(scipy_stats.binom.pmf(np.arange(n + 1), n, rates[:, None]))
    assert min(_covered(ends, chance, rates, i, j) for i in range(50) for j in range(50)) > 0.9499


def _ends(control: Counts, challenger: Counts) -> tuple[float, float]:
    p_value = barnard_p(control, challenger)
    found = exact_interval(DIFFERENCE, control, challenger, alpha=0.05, p_value=p_value)
    return found.low, found.high


def _covered(ends: Floats, chance: Floats, rates: Floats, i: int, j: int) -> float:
    truth = rates[j] - rates[i]
    return float(chance[i] @ ((ends[..., 0] <= truth) & (truth <= ends[..., 1])) @ chance[j])


@settings(max_examples=30)
@given(arms, arms, st.sampled_from(list(SCALES)), st.sampled_from([0.01, 0.05, 0.2]))
def test_p_and_interval_are_one_statement(control: Counts, challenger: Counts, name: str, alpha: float) -> None:
    scale, p_value = SCALES[name], barnard_p(control, challenger)
    found = exact_interval(scale, control, challenger, alpha=alpha, p_value=p_value)
    assert (p_value < alpha) == (not found.low <= scale.equal <= found.high)


@pytest.mark.parametrize(
    ("control", "challenger"),
    [  # every corner answers, and the limits of a scale are ends of the interval
        (Counts(1, 0), Counts(1, 1)),
        (Counts(1, 1), Counts(1, 1)),
        (Counts(7, 7), Counts(9, 0)),
        (Counts(10**9, 5), Counts(3, 3)),
    ],
)
@pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
def test_corners_answer(scale: Scale, control: Counts, challenger: Counts) -> None:
    found = exact_interval(scale, control, challenger, alpha=0.05, p_value=barnard_p(control, challenger))
    assert (-1 if scale is DIFFERENCE else 0) <= found.low < found.high


def test_a_large_arm_is_looked_at_in_steps_without_harm() -> None:
    # of 40 000 every third count is looked at; here each of them, for each count of the small arm
    a, b, rates = np.arange(13.0)[:, None], np.arange(40_001.0)[None, :], np.linspace(0.49, 0.51, 9)
    scores = DIFFERENCE.squared_score(Tables(a, 12, b, 40_000), 0.0)
    extreme = (scores >= scores[2, 20_000] * (1 - 1e-7)).astype(float)
    chance = [scipy_stats.binom.pmf(a[:, 0], 12, p) @ extreme @ scipy_stats.binom.pmf(b[0], 40_000, p) for p in rates]
    assert barnard_p(Counts(12, 2), Counts(40_000, 20_000)) == pytest.approx(max(chance), rel=0.01)
