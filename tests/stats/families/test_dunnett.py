"""Dunnett's family: the tables of 1955, mvtnorm and multcomp, both integrals written out, laws, and a simulation."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import integrate, special, stats as scipy_stats

from stats.estimates import Estimate
from stats.families.adjusting import bonferroni
from stats.families.dunnett import dunnett, dunnett_adjust, dunnett_alpha, dunnett_critical_value, loadings
from stats.tails import two_sided_p

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "dunnett.json").read_text())
EQUAL = math.sqrt(0.5)
CONTROL = Estimate(0.2, 0.0004, 400)
CHALLENGERS = (Estimate(0.25, 0.0006, 300), Estimate(0.19, 0.0002, 800), Estimate(0.3, 0.0015, 120))
shares = st.lists(st.floats(0, 1), min_size=1, max_size=5)
statistics = st.floats(0, 30)


@pytest.mark.parametrize(
    ("challengers", "df", "alpha", "expected"),
    [
        # Dunnett (1964, Biometrics 20:482), two-sided, equal arms
        (2, 10, 0.05, 2.57),
        (9, 5, 0.05, 3.97),
        (2, 5, 0.05, 3.03),
        (2, math.inf, 0.05, 2.21),
        (3, math.inf, 0.05, 2.35),
        (9, math.inf, 0.05, 2.69),
        (2, 10, 0.01, 3.53),
        (3, 20, 0.01, 3.29),
    ],
)
def test_the_critical_values_are_dunnetts(challengers: int, df: float, alpha: float, expected: float) -> None:
    found = dunnett_critical_value([EQUAL] * challengers, alpha=alpha, degrees_of_freedom=df)
    assert found == pytest.approx(expected, abs=0.0051)


@pytest.mark.parametrize("case", GOLDEN["critical_values"])
def test_the_critical_values_are_mvtnorms(case: dict[str, Any]) -> None:
    found = dunnett_critical_value(case["loadings"], alpha=case["alpha"], degrees_of_freedom=case["df"] or math.inf)
    assert found == pytest.approx(case["critical_value"], abs=1e-10 if case["df"] == 0 else 1e-4)


def test_multcomp_says_the_same_of_unequal_arms() -> None:
    case = GOLDEN["glht"]
    sizes = zip(case["rates"], case["sizes"], strict=True)
    control, *challengers = [Estimate(rate, case["variance"] / n, n) for rate, n in sizes]
    found = dunnett(control, challengers, degrees_of_freedom=case["df"])
    for name in ("low", "high"):
        assert [getattr(one, name) for one in found] == pytest.approx(case[name], abs=1e-5)
    assert [one.p_value for one in found] == pytest.approx(case["p_values"], abs=1e-5)


@pytest.mark.parametrize("df", [1.5, 8, 400])
@pytest.mark.parametrize("c", [0.5, 2.5, 9])
def test_the_double_integral_is_scipys(df: float, c: float) -> None:
    def beyond(u: float, s: float) -> float:
        inside = [
            special.ndtr((c * s - a * u) / b) - special.ndtr((-c * s - a * u) / b) for a, b in ((0.8, 0.6), (0.6, 0.8))
        ]
        return float((1 - inside[0] * inside[1]) * np.exp(-(u**2) / 2) / math.sqrt(2 * math.pi))

    def scaled(s: float) -> float:
        density = scipy_stats.chi.pdf(s * math.sqrt(df), df) * math.sqrt(df)
        return float(density * integrate.quad(beyond, -12, 12, args=(s,), epsabs=1e-13, points=[c * s, -c * s])[0])

    low, high = (float(scipy_stats.chi.ppf(share, df)) / math.sqrt(df) for share in (1e-15, 1 - 1e-15))
    expected, _ = integrate.quad(scaled, low, high, epsabs=1e-12, limit=200)
    arms = (Estimate(c * math.sqrt(1 / 0.64), 1 / 0.64 - 1, 2), Estimate(0, 1 / 0.36 - 1, 2))
    found = dunnett(Estimate(0, 1, 2), arms, degrees_of_freedom=df)
    assert found[0].p_value == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_scipys_random_sum_agrees_within_its_noise() -> None:
    random = np.random.default_rng(5)
    control, *others = (random.normal(mean, 1, size) for mean, size in ((0, 12), (0.9, 9), (0.3, 15)))
    oracle = scipy_stats.dunnett(*others, control=control, random_state=random)
    arms = [control, *others]
    df = sum(map(len, arms)) - 3
    variance = sum(np.var(arm) * len(arm) for arm in arms) / df
    first, *rest = (Estimate(float(arm.mean()), float(variance / len(arm)), len(arm)) for arm in arms)
    found = dunnett(first, rest, degrees_of_freedom=df)
    assert [one.p_value for one in found] == pytest.approx(oracle.pvalue, abs=2e-3)


@given(statistics, shares)
def test_the_adjusted_p_lies_between_its_own_and_bonferronis(z: float, own: list[float]) -> None:
    p = two_sided_p(z)
    found = dunnett_adjust([p] * len(own), own)[0]
    assert p * (1 - 1e-9) <= found <= bonferroni([p] * len(own))[0] * (1 + 1e-9)


@given(st.lists(st.tuples(st.floats(0, 6), st.floats(0, 1)), min_size=2, max_size=4))
def test_the_order_of_the_challengers_does_not_matter(members: list[tuple[float, float]]) -> None:
    p_values, own = [two_sided_p(z) for z, _ in members], [share for _, share in members]
    turned = dunnett_adjust(p_values[::-1], own[::-1])
    assert turned[::-1] == pytest.approx(dunnett_adjust(p_values, own), rel=1e-9)


@given(statistics, shares, st.floats(0, 1))
def test_one_more_challenger_never_makes_a_p_smaller(z: float, own: list[float], more: float) -> None:
    p = two_sided_p(z)
    alone, joined = (dunnett_adjust([p] * len(all_), all_)[0] for all_ in (own, [*own, more]))
    assert joined >= alone * (1 - 1e-9)


@pytest.mark.parametrize("df", [math.inf, 4, 37.5])
@pytest.mark.parametrize("own", [[0.0, 0.0], [0.3, 0.99, 0.7], [1.0, 1.0]])
def test_p_is_alpha_at_the_critical_value(own: list[float], df: float) -> None:
    critical = dunnett_critical_value(own, alpha=0.03, degrees_of_freedom=df)
    control = Estimate(0, 1, 9)
    rest = [1 / share**2 - 1 if share else 1e12 for share in own]
    arms = [Estimate(critical * math.sqrt(1 + variance), variance, 9) for variance in rest]
    found = dunnett(control, arms, alpha=0.03, degrees_of_freedom=df)
    assert found[0].p_value == pytest.approx(0.03, rel=1e-6)
    assert found[0].low == pytest.approx(0, abs=1e-6 * arms[0].rate)


def test_independent_challengers_are_sidaks() -> None:
    assert dunnett_adjust([0.01, 0.5, 0.5], [0, 0, 0])[0] == pytest.approx(1 - 0.99**3, rel=1e-12)


def test_one_challenger_is_not_a_family() -> None:
    assert dunnett_adjust([0.012], [0.6]) == (0.012,)
    assert dunnett_alpha([0.6], alpha=0.05) == 0.05
    assert dunnett_critical_value([0.6]) == pytest.approx(1.959964, abs=1e-6)


def test_each_interval_may_be_built_by_any_method_at_the_shared_alpha() -> None:
    own = loadings(CONTROL, CHALLENGERS)
    critical = dunnett_critical_value(own)
    assert dunnett_alpha(own) == pytest.approx(two_sided_p(critical))
    assert own == pytest.approx([math.sqrt(0.4), math.sqrt(2 / 3), math.sqrt(4 / 19)])


def test_a_vast_effect_keeps_its_digits() -> None:
    assert dunnett_adjust([1e-200, 0.5], [EQUAL, EQUAL])[0] == pytest.approx(2e-200, rel=1e-6)
    assert dunnett_adjust([0.0, 0.5], [EQUAL, EQUAL])[0] > 0


def test_an_unknown_challenger_stays_unknown_and_counts() -> None:
    unknown = Estimate(math.nan, math.nan, 0)
    found = dunnett(CONTROL, [*CHALLENGERS[:1], unknown])
    assert math.isnan(found[1].p_value)
    assert math.isnan(found[1].low)
    assert found[0].p_value > dunnett(CONTROL, CHALLENGERS[:1])[0].p_value


def test_without_spread_nothing_is_known() -> None:
    nothing = dunnett(Estimate(0.0, 0.0, 40), [Estimate(0.0, 0.0, 40), Estimate(0.1, 0.001, 40)])
    assert math.isnan(nothing[0].p_value)
    assert nothing[1].p_value == pytest.approx(1 - (1 - two_sided_p(0.1 / math.sqrt(0.001))) ** 2)


def test_no_challengers_are_an_empty_family() -> None:
    assert dunnett(CONTROL, []) == ()
    assert math.isnan(dunnett_critical_value([]))
    assert math.isnan(dunnett_critical_value([0.5], degrees_of_freedom=math.nan))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda: dunnett_critical_value([0.5], alpha=5), r"alpha is 5, must be > 0 and < 1"),
        (lambda: dunnett_critical_value([0.5, 1.5]), r"loadings\[1\] is 1.5, must be >= 0 and <= 1"),
        (lambda: dunnett_critical_value([0.5], degrees_of_freedom=0), r"degrees_of_freedom is 0, must be > 0"),
        (lambda: dunnett_adjust([2.0], [0.5]), r"p_values\[0\] is 2.0, must be >= 0 and <= 1"),
        (lambda: dunnett_adjust([0.2], []), r"loadings has length 0, must be 1"),
    ],
)
def test_a_bad_argument_is_named(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        arguments()
