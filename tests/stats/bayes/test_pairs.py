"""A challenger against the control: Miller's closed form, R's integrals, normal theory, and laws."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import special

from stats.bayes.beliefs import UNIFORM, Beta, Normal, beta_posterior
from stats.bayes.best import judge_arms
from stats.bayes.pairs import PairBelief, compare_means, compare_rates, judge_effect
from stats.estimates import Estimate, compare_estimates
from stats.moments import Counts

GOLDEN: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent.joinpath("golden", "arms.json")).read_text())
counts = st.integers(0, 300).flatmap(lambda n: st.builds(Counts, st.just(n), st.integers(0, n)))
normals = st.builds(Normal, st.floats(1, 5), st.floats(0.01, 4))


def miller(control: Beta, challenger: Beta) -> float:
    """Evan Miller (2014), "Formulas for Bayesian A/B testing", equation 6."""
    i = np.arange(int(challenger.a))
    log = special.betaln(control.a + i, control.b + challenger.b) - np.log(challenger.b + i)
    return float(np.exp(log - special.betaln(1 + i, challenger.b) - special.betaln(control.a, control.b)).sum())


@pytest.mark.parametrize(
    ("control", "challenger"),
    [
        (Counts(40, 0), Counts(40, 6)),
        (Counts(100, 10), Counts(90, 14)),
        (Counts(20_000, 4_000), Counts(20_000, 4_100)),
        (Counts(1_000_000, 200_000), Counts(1_000_000, 201_000)),  # vast counts stay exact
        (Counts(0, 0), Counts(5, 2)),
    ],
)
def test_the_chance_to_be_better_is_millers(control: Counts, challenger: Counts) -> None:
    a, b = beta_posterior(control, UNIFORM), beta_posterior(challenger, UNIFORM)
    assert compare_rates(a, b).probability_better == pytest.approx(miller(a, b), abs=1e-9)


@pytest.mark.parametrize("name", ["three", "unequal"])
def test_r_finds_the_same_intervals(name: str) -> None:
    case = GOLDEN[name]
    a, b, *_ = (beta_posterior(Counts(n, y)) for n, y in zip(case["n"], case["y"], strict=True))
    found = compare_rates(a, b)
    assert {end: getattr(found, end) for end in case["pair"]} == pytest.approx(case["pair"], abs=1e-9)


def test_large_counts_agree_with_the_large_sample_interval() -> None:
    a, b = (Estimate(y / 50_000, y / 50_000 * (1 - y / 50_000) / 50_000, 50_000) for y in (10_000, 10_300))
    wald = compare_estimates(a, b, degrees_of_freedom=math.inf, alpha=0.05, method="wald")
    found = compare_rates(beta_posterior(Counts(50_000, 10_000)), beta_posterior(Counts(50_000, 10_300)))
    assert (found.low, found.high) == pytest.approx((wald.low, wald.high), abs=2e-6)
    assert (found.relative_low, found.relative_high) == pytest.approx((wald.relative_low, wald.relative_high), abs=2e-5)


def test_a_flat_prior_gives_the_confidence_interval() -> None:
    a, b = Estimate(2.0, 0.04, 90), Estimate(2.5, 0.09, 90)
    classic = compare_estimates(a, b, degrees_of_freedom=math.inf, alpha=0.1, method="wald")
    found = compare_means(Normal(2.0, 0.2), Normal(2.5, 0.3), alpha=0.1)
    names = ("difference", "low", "high", "relative", "relative_low", "relative_high")
    assert [getattr(found, name) for name in names] == pytest.approx([getattr(classic, name) for name in names])
    assert found.probability_better == pytest.approx(1 - classic.p_value / 2)


@settings(max_examples=20)
@given(normals, normals)
def test_closed_form_and_quadrature_agree(control: Normal, challenger: Normal) -> None:
    found, (keep, ship) = compare_means(control, challenger), judge_arms((control, challenger))
    judged = (found.probability_better, found.loss_of_shipping, found.loss_of_keeping)
    assert judged == pytest.approx((ship.probability_best, ship.expected_loss, keep.expected_loss), abs=1e-9)


@settings(max_examples=20)
@given(counts, counts)
def test_swapping_the_arms_flips_the_sign(a: Counts, b: Counts) -> None:
    there, back = (compare_rates(beta_posterior(x), beta_posterior(y)) for x, y in ((a, b), (b, a)))
    assert (back.difference, back.low, back.high) == pytest.approx(
        (-there.difference, -there.high, -there.low), abs=1e-8
    )
    assert back.probability_better == pytest.approx(1 - there.probability_better, abs=1e-8)
    assert back.loss_of_keeping == pytest.approx(there.loss_of_shipping, abs=1e-9)


@pytest.mark.parametrize(
    ("found", "withheld"),
    [
        # a control without success has a lift of infinite expectation
        (compare_rates(beta_posterior(Counts(40, 0)), beta_posterior(Counts(40, 6))), True),
        (compare_rates(beta_posterior(Counts(40, 1)), beta_posterior(Counts(40, 6))), False),
        # a control whose interval reaches zero
        (compare_means(Normal(0.1, 0.06), Normal(0.3, 0.06)), True),
        (compare_means(Normal(0.1, 0.04), Normal(0.3, 0.06)), False),
        # an effect alone does not tell of what
        (judge_effect(Normal(0.1, 0.04)), True),
    ],
)
def test_the_lift_is_withheld_when_the_control_may_be_zero(found: PairBelief, withheld: bool) -> None:
    assert {found.relative is None, found.relative_low is None, found.relative_high is None} == {withheld}


def test_less_is_better_turns_chance_and_losses() -> None:
    more, less = (judge_effect(Normal(0.02, 0.05), better=better) for better in ("higher", "lower"))
    assert less.probability_better == pytest.approx(1 - more.probability_better)
    assert (less.loss_of_shipping, less.loss_of_keeping) == (more.loss_of_keeping, more.loss_of_shipping)
    assert (less.low, less.high) == (more.low, more.high)


def test_without_a_known_error_nothing_is_believed() -> None:
    found = compare_means(Normal(0.1, math.nan), Normal(0.2, 0.1))
    assert math.isnan(found.probability_better)
    assert math.isnan(found.low)
    assert found.relative is None


def test_a_direction_is_one_of_two_words() -> None:
    with pytest.raises(ValueError, match="better is 'up', must be 'higher' or 'lower'"):
        judge_effect(Normal(1, 1), better="up")  # type: ignore[arg-type]
