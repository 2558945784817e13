"""Risk ratio and odds ratio: R with numerical maximum likelihood, statsmodels, zero cells, and laws."""

import json
import math
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from stats.arms.measures import odds_ratio, risk_ratio
from stats.arms.proportions import compare_proportions
from stats.moments import Counts

GOLDEN: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "golden" / "proportions.json").read_text())
INNER = [pytest.param(case, id=name) for name, case in GOLDEN.items() if case["ratio"]]
arms = st.integers(1, 40).flatmap(lambda n: st.builds(Counts, st.just(n), st.integers(0, n)))


@pytest.mark.parametrize("case", INNER)
def test_score_intervals_are_those_of_r(case: dict[str, Any]) -> None:
    control, challenger = Counts(*case["control"]), Counts(*case["challenger"])
    difference = compare_proportions(control, challenger, method="score")
    ratio, odds = (measure(control, challenger, method="score") for measure in (risk_ratio, odds_ratio))
    assert [difference.low, difference.high] == pytest.approx(case["difference"], rel=1e-6)
    assert [ratio.low, ratio.high] == pytest.approx(case["ratio"], rel=1e-6)
    assert [odds.low, odds.high] == pytest.approx(case["odds"], rel=1e-6)


def test_odds_ratio_is_that_of_statsmodels() -> None:
    oracle = import_module("statsmodels.stats.proportion")
    expected = oracle.confint_proportions_2indep(25, 120, 10, 100, compare="odds-ratio", method="score")
    found = odds_ratio(Counts(100, 10), Counts(120, 25))
    assert (found.low, found.high) == pytest.approx(tuple(map(float, expected)), rel=1e-6)


@pytest.mark.parametrize(
    ("control", "challenger", "ratio", "odds"),
    [
        # something above nothing has a floor and no ceiling
        (Counts(40, 0), Counts(40, 6), (math.inf, 1.63, math.inf), (math.inf, 1.77, math.inf)),
        # nothing above something has a ceiling
        (Counts(40, 6), Counts(40, 0), (0.0, 0.0, 0.61), (0.0, 0.0, 0.57)),
        # nothing above nothing is anything
        (Counts(40, 0), Counts(40, 0), (math.nan, 0.0, math.inf), (math.nan, 0.0, math.inf)),
        # all above all: the ratio is known, the odds are not
        (Counts(40, 40), Counts(40, 40), (1.0, 0.90, 1.11), (math.nan, 0.0, math.inf)),
    ],
)
def test_zero_cells_answer(
    control: Counts,
    challenger: Counts,
    ratio: tuple[float, float, float],
    odds: tuple[float, float, float],
) -> None:
    for found, expected in ((risk_ratio(control, challenger), ratio), (odds_ratio(control, challenger), odds)):
        assert (found.value, found.low, found.high) == pytest.approx(expected, abs=0.006, nan_ok=True)


@settings(max_examples=20)
@given(arms, arms)
def test_swapping_arms_turns_the_ratios_over(control: Counts, challenger: Counts) -> None:
    for measure in (risk_ratio, odds_ratio):
        there, back = measure(control, challenger), measure(challenger, control)
        turned = (1 / back.high, 1 / back.low if back.low else math.inf)
        assert (there.low, there.high) == pytest.approx(turned, rel=5e-3, abs=1e-9)


@settings(max_examples=20)
@given(arms, arms)
def test_p_and_every_measure_are_one_statement(control: Counts, challenger: Counts) -> None:
    for found in (risk_ratio(control, challenger), odds_ratio(control, challenger)):
        assert found.p_value == compare_proportions(control, challenger).p_value
        assert (found.p_value < 0.05) == (not found.low <= 1 <= found.high)


def test_the_risk_ratio_is_the_lift_and_one() -> None:
    control, challenger = Counts(60, 4), Counts(60, 9)
    found, lift = risk_ratio(control, challenger), compare_proportions(control, challenger)
    assert (found.low, found.high) == (pytest.approx(1 + lift.relative_low), pytest.approx(1 + lift.relative_high))  # type: ignore[operator]


def test_an_arm_without_calls_is_unknown() -> None:
    found = odds_ratio(Counts(0, 0), Counts(9, 3))
    assert all(math.isnan(value) for value in (found.value, found.low, found.high, found.p_value))


def test_a_method_is_one_of_two_words() -> None:
    with pytest.raises(ValueError, match="method is 'wald', must be 'barnard' or 'score'"):
        risk_ratio(Counts(9, 3), Counts(9, 3), method="wald")  # type: ignore[arg-type]
