"""The effect on compliers: AER with sandwich and clubSandwich, tests inverted by hand, weak and perfect uptakes."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from stats.arms.proportions import compare_proportions
from stats.clusters.cr2 import compare_clusters
from stats.comparison import Comparison
from stats.compliance.complier import ComplierEffect, complier_effect
from stats.compliance.listening import HeardDifference
from stats.compliance.uptake import ArmCalls, Triples, Uptake, uptake_of_calls, uptake_of_samples, uptake_of_units
from stats.moments import Counts

GOLDEN: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "golden" / "complier.json").read_text())
cells = st.tuples(*[st.integers(0, 30)] * 4)
STRONG = Uptake(0.05, 0.6, 0.0004, 0.0009, 0.0001, math.inf, "two-sided", "calls-hc2")


def arm(table: list[int] | tuple[int, ...]) -> ArmCalls:
    heard_won, heard_lost, unheard_won, unheard_lost = table
    return ArmCalls(Counts(heard_won + heard_lost, heard_won), Counts(unheard_won + unheard_lost, unheard_won))


def triples(rows: list[list[int]]) -> Triples:
    return [(float(won), float(heard), float(calls)) for _, heard, won, calls in rows]


def found_of(case: dict[str, Any], kind: str) -> Uptake:
    if kind == "calls":
        return uptake_of_calls(arm(case["control"]), arm(case["challenger"]))
    return uptake_of_units(triples(case["control"]), triples(case["challenger"]))


CASES = [pytest.param(case, kind, id=f"{kind}-{name}") for kind in GOLDEN for name, case in GOLDEN[kind].items()]


@pytest.mark.parametrize(("case", "kind"), CASES)
def test_instrumental_variables_in_r_say_the_same(case: dict[str, Any], kind: str) -> None:
    found = complier_effect(found_of(case, kind))
    assert (found.effect, found.standard_error, found.first_stage_f) == pytest.approx(
        (case["effect"], case["standard_error"], case["first_stage_f"]), rel=1e-7
    )


@pytest.mark.parametrize(("case", "kind"), CASES)
def test_the_region_holds_what_anderson_and_rubins_test_in_r_does_not_reject(case: dict[str, Any], kind: str) -> None:
    tests = case["anderson_rubin"]
    for hypothesis, p in zip(tests["hypotheses"], tests["p"], strict=True):
        for alpha in (p * 0.999, min(p * 1.001, 0.999)):
            assert complier_effect(found_of(case, kind), alpha=alpha).region.holds(hypothesis) == (alpha < p)


def test_no_effect_on_compliers_is_tested_by_the_intention_to_treat() -> None:
    case = GOLDEN["units"]["agents"]
    pairs = ([(won, calls) for _, _, won, calls in case[name]] for name in ("control", "challenger"))
    found = complier_effect(found_of(case, "units"))
    assert found.p_value == pytest.approx(compare_clusters(*pairs).p_value)
    assert found.p_value == pytest.approx(case["anderson_rubin"]["p"][1])


@pytest.mark.parametrize(
    ("uptake", "kind", "weak"),
    [
        # an F of 400
        (STRONG, "interval", False),
        # an F of 9, both effects clear: an interval still
        (replace(STRONG, effect=0.3, uptake=0.09), "interval", True),
        # an F of 2.8: the uptake may be 0, the effect is not
        (replace(STRONG, effect=0.3, uptake=0.05), "rays", True),
        # nothing is clear
        (replace(STRONG, effect=0.01, uptake=0.01), "line", True),
        # nobody heard the challenger, and yet the outcome moved: no effect of the words explains it
        (replace(STRONG, effect=0.3, uptake=0.0, uptake_variance=0.0, covariance=0.0), "empty", True),
        # errors are not known
        (replace(STRONG, effect_variance=math.nan), "unknown", False),
        (replace(STRONG, uptake_variance=math.nan), "unknown", None),
        (replace(STRONG, effect_variance=0.0), "unknown", False),
    ],
)
def test_the_region_is_what_the_data_allow(uptake: Uptake, kind: str, weak: bool | None) -> None:
    found = complier_effect(uptake)
    assert (found.region.kind, found.weak) == (kind, weak)


def test_a_strong_uptake_makes_both_intervals_one() -> None:
    found = complier_effect(replace(STRONG, uptake_variance=1e-7, covariance=0.0))
    assert (found.region.low, found.region.high) == pytest.approx((found.wald_low, found.wald_high), rel=1e-3)


def test_when_all_comply_it_is_the_intention_to_treat() -> None:
    found = complier_effect(uptake_of_calls(arm([0, 0, 30, 170]), arm([50, 150, 0, 0])))
    assert found.effect == pytest.approx(0.1)
    assert (found.first_stage_f, found.weak, found.noncompliance) == (math.inf, False, "none")
    assert (found.region.low, found.region.high) == pytest.approx((found.wald_low, found.wald_high))


@pytest.mark.parametrize(
    ("control", "challenger", "sides"),
    [
        ([0, 0, 30, 70], [20, 60, 10, 20], "one-sided"),
        ([1, 0, 30, 70], [20, 60, 0, 0], "two-sided"),
        ([0, 0, 30, 70], [20, 60, 0, 0], "none"),
    ],
)
def test_who_did_not_comply_is_told(control: list[int], challenger: list[int], sides: str) -> None:
    assert uptake_of_calls(arm(control), arm(challenger)).noncompliance == sides


def test_one_call_a_unit_is_the_same_as_independent_calls() -> None:
    tables = [6, 34, 20, 40], [50, 30, 12, 20]
    kinds = (1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)
    units = ([(y, d, 1.0) for n, (y, d) in zip(t, kinds, strict=True) for _ in range(n)] for t in tables)
    calls, dealt = uptake_of_calls(arm(tables[0]), arm(tables[1])), uptake_of_units(*units)
    names = ("effect", "uptake", "effect_variance", "uptake_variance", "covariance")
    assert [getattr(dealt, n) for n in names] == pytest.approx([getattr(calls, n) for n in names])


def of_samples(degrees_of_freedom: float | None = None) -> tuple[Comparison, ComplierEffect]:
    effect = replace(compare_proportions(Counts(2000, 300), Counts(2000, 390)), degrees_of_freedom=degrees_of_freedom)
    return effect, complier_effect(uptake_of_samples(effect, HeardDifference(0.5, 0.0025, 0.4, 0.6, 0.95)))


def test_two_samples_give_the_delta_method_and_fiellers_interval() -> None:
    effect, found = of_samples()
    b, se = 0.09, effect.standard_error
    assert found.effect == pytest.approx(b)
    assert found.standard_error == pytest.approx(math.sqrt(se**2 + b**2 * 0.0025) / 0.5)
    for end in (found.region.low, found.region.high):  # Fieller: the end is 1.96 errors of effect - end * uptake off
        assert abs(0.045 - end * 0.5) / math.sqrt(se**2 + end**2 * 0.0025) == pytest.approx(1.959964)
    assert (found.method, found.noncompliance) == ("two-sample", "unknown")


def test_few_agents_widen_both_intervals() -> None:
    (_, many), (_, few) = of_samples(), of_samples(9)
    assert few.region.low < many.region.low < many.region.high < few.region.high
    assert few.wald_low < many.wald_low


@pytest.mark.parametrize("control", [[0, 0, 0, 0], [1, 0, 0, 0]])
def test_an_arm_without_calls_is_unknown_and_no_error(control: list[int]) -> None:
    found = complier_effect(uptake_of_calls(arm(control), arm([20, 60, 10, 20])))
    assert (found.region.kind, found.weak) == ("unknown", None)
    assert all(math.isnan(value) for value in (found.p_value, found.standard_error, found.wald_low))


@pytest.mark.parametrize("control", [[], [(3.0, 2.0, 10.0)]])
def test_too_few_units_are_unknown_and_no_error(control: Triples) -> None:
    found = complier_effect(uptake_of_units(control, [(3.0, 5.0, 10.0), (4.0, 9.0, 12.0)]))
    assert (found.region.kind, found.weak) == ("unknown", None)


@given(cells, cells)
def test_to_swap_the_arms_changes_no_effect_of_the_words(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    there, back = (complier_effect(uptake_of_calls(*arms)) for arms in ((arm(a), arm(b)), (arm(b), arm(a))))
    assert (there.effect, there.standard_error) == pytest.approx((back.effect, back.standard_error), nan_ok=True)
    assert there.region.kind == back.region.kind
    assert (there.region.low, there.region.high) == pytest.approx((back.region.low, back.region.high), nan_ok=True)


@given(cells, cells)
def test_the_region_holds_the_effect_and_excludes_0_when_p_is_small(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    found = complier_effect(uptake_of_calls(arm(a), arm(b)))
    if found.region.kind != "unknown" and not math.isnan(found.effect):
        # where outcome and words go hand in hand the region is one point, and the effect that point but for rounding
        assert found.region.holds(found.effect) or found.effect == pytest.approx(found.region.low, rel=1e-12)
        assert abs(found.p_value - 0.05) < 1e-9 or found.region.holds(0.0) == (found.p_value > 0.05)


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        ((1.0, 12.0, 10.0), r"heard\[0\] is 12.0, must be >= 0 and <= 10.0"),
        ((1.0, 0.0, 0.0), r"calls\[0\] is 0.0, must be > 0"),
        ((math.nan, 1.0, 3.0), r"outcomes\[0\] is nan, must be finite"),
    ],
)
def test_units_that_cannot_be_are_refused(unit: tuple[float, float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        uptake_of_units([unit], [(1.0, 1.0, 2.0)])


def test_alpha_is_a_share() -> None:
    with pytest.raises(ValueError, match="alpha is 0, must be > 0 and < 1"):
        complier_effect(STRONG, alpha=0)
