"""Inference at the stop: rpact, multivariate normal integrals, laws, and a small simulation."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from stats.looking.spending import Boundary, spending_boundaries
from stats.looking.stopping import infer_at_stop, order_outcome
from tests.stats.looking.test_spending import GOLDEN, spending_of

FOUR = (0.25, 0.5, 0.75, 1.0)


@pytest.mark.parametrize("case", GOLDEN["ended"])
def test_p_estimate_and_interval_are_those_of_rpact(case: dict[str, Any]) -> None:
    looks = spending_boundaries(case["fractions"], alpha=case["alpha"], spending=spending_of(case), sides=1)
    found = infer_at_stop(looks, case["difference"], case["standard_error"])
    assert found.stage == case["final_stage"]
    assert found.p_value == pytest.approx(case["p"], rel=1e-6)
    assert [found.estimate, found.low, found.high] == pytest.approx([case["median"], *case["interval"]], abs=3e-6)


@pytest.mark.parametrize("case", GOLDEN["ordered"])
def test_the_order_of_outcomes_is_the_multivariate_normal_one(case: dict[str, Any]) -> None:
    looks = [Boundary(t, b, 0, 0, case["sides"]) for t, b in zip(case["t"], case["b"], strict=True)]
    outcome = order_outcome(looks, case["z"], 1.0)
    assert outcome.higher(case["drift"]) == pytest.approx(case["tail"], abs=1e-9)
    assert outcome.lower(case["drift"]) == pytest.approx(1 - case["tail"], abs=1e-9)


def test_one_look_is_the_ordinary_analysis() -> None:
    found = infer_at_stop(spending_boundaries([1]), 0.03, 0.0125)
    assert found.p_value == pytest.approx(0.0163950, abs=1e-6)
    half = 1.959963985 * 0.0125
    assert (found.low, found.estimate, found.high) == pytest.approx((0.03 - half, 0.03, 0.03 + half))


def test_on_the_boundary_p_is_the_alpha_spent() -> None:
    looks = spending_boundaries(FOUR, spending="pocock")
    assert [infer_at_stop(looks[:k], looks[k - 1].z, 1.0).p_value for k in (1, 2, 3, 4)] == pytest.approx(
        [look.cumulative_alpha for look in looks], rel=1e-8
    )


def test_an_early_stop_flatters_and_the_estimate_takes_it_back() -> None:
    found = infer_at_stop(spending_boundaries(FOUR)[:2], 0.031, 0.01)  # z of 3.1 against a boundary of 2.96
    assert found.estimate < 0.031
    assert found.p_value > 0.00194  # what an ordinary test would say


def test_a_stop_far_out_keeps_its_digits() -> None:
    assert 0 < infer_at_stop(spending_boundaries([0.001, 1])[:2], 30.0, 1.0).p_value < 1e-190


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.floats(-6, 6), st.floats(0.001, 100), st.sampled_from(["obrien-fleming", "pocock"]))
def test_swapping_the_arms_turns_everything_round(stage: int, z: float, error: float, spending: Any) -> None:
    looks = spending_boundaries(FOUR, spending=spending)[:stage]
    found, turned = infer_at_stop(looks, z * error, error), infer_at_stop(looks, -z * error, error)
    assert found.p_value == pytest.approx(turned.p_value)
    assert [found.low / error, found.estimate / error] == pytest.approx(
        [-turned.high / error, -turned.estimate / error], abs=1e-7
    )
    assert found.low <= found.estimate <= found.high
    assert (found.p_value <= 0.05) == (found.low >= 0 or found.high <= 0) or found.p_value == pytest.approx(0.05)


def test_the_interval_holds_the_effect_and_its_middle_halves_the_outcomes() -> None:
    drift, looks = 2.0, spending_boundaries((0.5, 1.0), spending="pocock")
    steps = np.random.default_rng(5).standard_normal((400, 2)) * 0.5**0.5 + drift / 2
    held = above = 0
    for first, second in steps.tolist():
        stopped = abs(first) >= looks[0].z * 0.5**0.5
        t, score = (0.5, first) if stopped else (1.0, first + second)
        found = infer_at_stop(looks[: 1 if stopped else 2], score / t, t**-0.5)
        held, above = held + (found.low <= drift <= found.high), above + (found.estimate > drift)
    assert held / 400 == pytest.approx(0.95, abs=0.03)
    assert above / 400 == pytest.approx(0.5, abs=0.07)


@pytest.mark.parametrize(("difference", "error"), [(math.nan, 1.0), (0.1, math.nan), (0.1, 0.0)])
def test_what_is_not_known_stays_unknown(difference: float, error: float) -> None:
    found = infer_at_stop(spending_boundaries(FOUR), difference, error)
    assert all(math.isnan(number) for number in (found.p_value, found.estimate, found.low, found.high))


def test_there_must_have_been_a_look() -> None:
    with pytest.raises(ValueError, match="the number of boundaries is 0, must be >= 1"):
        infer_at_stop([], 0.1, 0.1)
