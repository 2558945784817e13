"""Watching at any time: the formula by hand, its narrowest point, and daily peeking simulated."""

import math

import numpy as np
import pytest
from scipy import optimize, special

from stats.looking.always_valid import confidence_sequence


def mixed(share: float, alpha: float) -> float:
    """Return n rho squared at this share of the planned n: Lambert's W, without it."""
    return float(share * (optimize.brentq(lambda w: w - math.log(w) - 1 + 2 * math.log(alpha), 1, 50) - 1))


def test_the_interval_is_the_published_formula() -> None:
    n, planned, alpha = 700, 1000, 0.05
    rho2 = mixed(1 / planned, alpha)
    half = math.sqrt(2 * (n * rho2 + 1) / (n**2 * rho2) * math.log(math.sqrt(n * rho2 + 1) / alpha))
    found = confidence_sequence(0.0, 1 / math.sqrt(n), n, alpha=alpha, planned_n=planned)
    assert found == pytest.approx((-half, half))


def test_no_other_plan_is_narrower_at_the_planned_number() -> None:
    widths = [confidence_sequence(0, 1, 1000, planned_n=planned)[1] for planned in (700, 900, 1000, 1100, 1400)]
    assert min(widths) == widths[2]


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_one_side_alone_alarms_falsely_at_most_half_of_alpha_and_a_trifle(alpha: float) -> None:
    trifle = special.ndtr(math.sqrt(2 * math.log(1 / alpha)))
    for n in (1, 30, 1000, 10_000, 10**7):
        z = confidence_sequence(0, 1, n, planned_n=1000, alpha=alpha)[1]
        m = mixed(n / 1000, alpha)
        # the mixture over positive effects, by its closed form: Ville's inequality is for its reciprocal
        one_sign = 2 * special.ndtr(z * (m / (1 + m)) ** 0.5) * math.exp(z**2 * m / (2 + 2 * m)) / (1 + m) ** 0.5
        assert 1 / one_sign <= alpha / 2 / trifle * (1 + 1e-9)


def test_the_published_one_sided_sequence_is_a_trifle_wider() -> None:
    n, planned, alpha = 1000, 1000, 0.025  # Waudby-Smith et al. (2024), appendix: log(1 + root(n rho^2 + 1) / 2 alpha)
    m = mixed(n / planned, 2 * alpha)
    one_sided = math.sqrt(2 * (m + 1) / m * math.log(1 + math.sqrt(m + 1) / (2 * alpha)))
    assert 1 < one_sided / confidence_sequence(0, 1, n, planned_n=planned, alpha=2 * alpha)[1] < 1.003


def test_freedom_to_look_costs_width() -> None:
    assert confidence_sequence(0, 1, 1000, planned_n=1000)[1] > 1.96


@pytest.mark.parametrize("standard_error", [0.0, math.nan])
def test_no_spread_is_not_certainty(standard_error: float) -> None:
    assert all(math.isnan(end) for end in confidence_sequence(0.0, standard_error, 50, planned_n=100))


@pytest.mark.parametrize(("n", "planned_n", "name"), [(-1, 10, "n is -1"), (5, 0, "planned_n is 0")])
def test_numbers_of_observations_must_make_sense(n: int, planned_n: int, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        confidence_sequence(0, 1, n, planned_n=planned_n)


def test_a_harmless_guardrail_peeked_at_daily_is_called_harmful_less_than_alpha_of_the_time() -> None:
    # 100 calls an arm and day, 10 %, looks on days 3 to 30: an ordinary test at each look alarms in 11 % of experiments
    days = np.arange(3, 31)
    successes = np.random.default_rng(8).binomial(100, 0.1, (2, 800, 30)).cumsum(axis=2)[:, :, 2:]
    rates = successes / (100 * days)
    errors = np.sqrt((rates * (1 - rates) / (100 * days)).sum(axis=0))
    alarms = 0
    for differences, row in zip(rates[1] - rates[0], errors, strict=True):
        looks = zip(differences.tolist(), row.tolist(), (200 * days).tolist(), strict=True)
        alarms += any(confidence_sequence(d, error, n, planned_n=6000)[0] > 0 for d, error, n in looks)
    assert alarms / 800 <= 0.05
