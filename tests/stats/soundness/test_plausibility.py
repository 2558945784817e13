"""Too good to be true: Bayes' theorem by quadrature, and its limits."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import integrate, stats as scipy_stats

from stats.soundness.plausibility import plausibility


def marginal(effect: float, error: float, sd: float) -> float:
    """Return the chance of the estimate, by adding up over true effects."""
    truths = np.linspace(-12 * sd, 12 * sd, 200_001)
    chance = scipy_stats.norm.pdf(truths, 0, sd) * scipy_stats.norm.pdf(effect, truths, error)
    return float(integrate.trapezoid(chance, truths))


@pytest.mark.parametrize("effect", [0.0, 0.01, -0.03, 0.08])
def test_the_odds_are_bayes_theorem(effect: float) -> None:
    by_hand = 0.05 / 0.95 * marginal(effect, 0.01, 0.06) / marginal(effect, 0.01, 0.015)
    found = plausibility(effect, 0.01, plausible_sd=0.015, fault_chance=0.05, fault_factor=4)
    assert found.odds_of_fault == pytest.approx(by_hand, rel=1e-6)


def test_what_is_shrunk_is_the_posterior_mean_of_a_sound_effect() -> None:
    found = plausibility(0.1, 0.02, plausible_sd=0.03)
    assert found.shrunk == pytest.approx(0.1 * 0.03**2 / (0.03**2 + 0.02**2))
    assert found.z == pytest.approx(0.1 / math.hypot(0.03, 0.02))
    assert found.p_value == pytest.approx(2 * scipy_stats.norm.sf(found.z))


@pytest.mark.parametrize(
    ("effect", "fault"),
    [
        # two points where two are usual
        (0.02, False),
        # twenty points, ten times what is usual
        (0.2, True),
    ],
)
def test_a_splendid_effect_is_thought_a_fault_first(effect: float, fault: bool) -> None:
    assert (plausibility(effect, 0.005, plausible_sd=0.02).odds_of_fault > 1) is fault


@given(st.floats(0, 50), st.floats(0, 50))
def test_odds_grow_with_the_effect_whatever_its_sign(a: float, b: float) -> None:
    near, far = sorted((a, b))
    odds = [plausibility(effect, 0.1, plausible_sd=1).odds_of_fault for effect in (near, -near, far)]
    assert odds[0] == odds[1] <= odds[2]


@pytest.mark.parametrize(("effect", "error"), [(math.nan, 0.1), (0.1, math.nan), (0.1, 0.0)])
def test_without_an_error_nothing_is_known(effect: float, error: float) -> None:
    assert math.isnan(plausibility(effect, error, plausible_sd=0.1).odds_of_fault)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"plausible_sd": 0}, "plausible_sd is 0, must be > 0"),
        ({"plausible_sd": 1, "fault_chance": 1}, "fault_chance is 1, must be > 0 and < 1"),
        ({"plausible_sd": 1, "fault_factor": 1}, "fault_factor is 1, must be > 1"),
    ],
)
def test_what_is_refused_is_named(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plausibility(0.1, 0.1, **arguments)
