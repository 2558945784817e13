"""The units' past taken off: clubSandwich, the whole matrices, CR2 without a covariate, exactness by enumeration."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from stats.adjusting.covariates import Covariate
from stats.adjusting.cuped import adjust_ratios, adjusted_totals
from stats.adjusting.regression import adjust
from stats.clusters.cr2 import compare_clusters
from stats.clusters.randomisation import permutation_test
from stats.comparison import Comparison
from stats.moments import Pairs

GOLDEN: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "golden" / "adjusted.json").read_text())
CONTROL: Pairs = [(3.0, 30.0), (8.0, 51.0), (5.0, 44.0), (2.0, 25.0), (9.0, 70.0)]
CHALLENGER: Pairs = [(9.0, 40.0), (7.0, 35.0), (12.0, 60.0), (6.0, 90.0), (9.0, 41.0)]
PAST = Covariate([(4, 40), (9, 50), (5, 55), (1, 20), (8, 60)], [(9, 44), (5, 30), (12, 70), (7, 99), (6, 40)], 1, 2)
totals = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 80), st.integers(0, 30), st.integers(1, 60)), min_size=2, max_size=7
)


def numbers(found: Comparison) -> list[float]:
    lift = (found.relative, found.relative_low, found.relative_high)
    names = ("difference", "standard_error", "degrees_of_freedom", "p_value", "low", "high")
    return [getattr(found, name) for name in names] + [math.nan if end is None else end for end in lift]


def unequal_agents(random: np.random.Generator, agents: int) -> tuple[Pairs, Pairs]:
    x = random.permutation(np.geomspace(3, 886, agents).astype(int))
    shares = random.beta(2, 8, agents)
    outcomes, past = random.binomial(x, shares), random.binomial(x, shares)
    return list(zip(outcomes.tolist(), x.tolist(), strict=True)), list(zip(past.tolist(), x.tolist(), strict=True))


@pytest.mark.parametrize("case", GOLDEN.values(), ids=GOLDEN)
def test_club_sandwich_says_the_same_of_equal_units(case: dict[str, Any]) -> None:
    control, challenger = ([(y, case["calls"]) for y in arm] for arm in case["totals"])
    past = Covariate.of_values(*case["pasts"], fixed_until=20260228, assigned_from=20260301)
    found = adjust_ratios(control, challenger, past).comparison
    assert {name: getattr(found, name) for name in case["found"]} == pytest.approx(case["found"], rel=1e-9)


def test_whole_matrices_give_the_variance_and_the_degrees_of_freedom_of_unequal_units() -> None:
    y, x = np.array([*CONTROL, *CHALLENGER]).T
    c, first = PAST.scores(), np.arange(10) < 5

    def fitted(outcome: np.ndarray[Any, Any]) -> tuple[float, np.ndarray[Any, Any]]:
        ratio = np.where(first, outcome[first].sum() / x[first].sum(), outcome[~first].sum() / x[~first].sum())
        size, own = np.where(first, x[first].mean(), x[~first].mean()), c[:, 0] - np.where(first, *means)
        theta = np.sum(own * (outcome - ratio * x) / size) / np.sum(own**2)
        return ratio[-1] - ratio[0] - theta * (means[1] - means[0]), ratio * x + theta * own * size

    means = c[first, 0].mean(), c[~first, 0].mean()
    q = np.array([fitted(row)[0] for row in np.eye(10)])  # each is linear in y, so that unit vectors tell its form
    M = np.eye(10) - np.array([fitted(row)[1] for row in np.eye(10)]).T
    k = x / np.diag(M @ np.diag(x) @ M.T)
    P = (q * np.sqrt(k))[:, None] * M
    G = P @ np.diag(x) @ P.T
    found = adjust(CONTROL, CHALLENGER, c)
    assert found.variance == pytest.approx(np.sum(q**2 * k * (M @ y) ** 2))
    assert found.degrees_of_freedom == pytest.approx(np.trace(G) ** 2 / np.sum(G**2))
    assert found.challenger - found.control == pytest.approx(q @ y)


@given(totals, totals, st.integers(0, 3))
def test_a_past_that_is_the_same_for_all_leaves_cr2(a: list[Any], b: list[Any], z: int) -> None:
    control, challenger = ([unit[:2] for unit in arm] for arm in (a, b))
    past = Covariate.of_values([z] * len(a), [z] * len(b), fixed_until=1, assigned_from=2)
    found = adjust_ratios(control, challenger, past)
    assert numbers(found.comparison) == pytest.approx(
        numbers(compare_clusters(control, challenger)), nan_ok=True, rel=1e-6, abs=1e-9
    )


@given(totals, totals)
def test_swapping_arms_flips_the_sign(a: list[Any], b: list[Any]) -> None:
    (y_a, z_a), (y_b, z_b) = (([u[:2] for u in arm], [u[2:] for u in arm]) for arm in (a, b))
    there = adjust_ratios(y_a, y_b, Covariate(z_a, z_b, 1, 2)).comparison
    back = adjust_ratios(y_b, y_a, Covariate(z_b, z_a, 1, 2)).comparison
    assert there.difference == pytest.approx(-back.difference, nan_ok=True, rel=1e-6, abs=1e-9)
    assert there.standard_error == pytest.approx(back.standard_error, nan_ok=True, rel=1e-6, abs=1e-9)


@given(st.floats(-5, 5), st.sampled_from([0.1, 3.0, 1000.0]))
def test_the_scale_of_the_covariate_does_not_matter(shift: float, factor: float) -> None:
    values = [[0.1, 0.3, 0.2, 0.5, 0.4], [0.2, 0.7, 0.1, 0.3, 0.6]]
    plain = Covariate.of_values(*values, fixed_until=1, assigned_from=2)
    moved = Covariate.of_values(*([shift + factor * z for z in arm] for arm in values), fixed_until=1, assigned_from=2)
    once, again = (adjust_ratios(CONTROL, CHALLENGER, past).comparison for past in (plain, moved))
    assert numbers(again) == pytest.approx(numbers(once), rel=1e-6)


def test_a_past_that_tells_takes_most_of_the_variance_off_and_keeps_the_effect() -> None:
    random, found, plain = np.random.default_rng(3), [], []
    for _ in range(200):
        outcomes, past = unequal_agents(random, 20)
        a, b = outcomes[:10], [(y + 0.05 * x, x) for y, x in outcomes[10:]]
        found.append(adjust_ratios(a, b, Covariate(past[:10], past[10:], 1, 2)))
        plain.append(compare_clusters(a, b).difference)
    differences = [each.comparison.difference for each in found]
    assert np.std(differences) < 0.6 * np.std(plain)
    assert np.mean(differences) == pytest.approx(0.05, abs=3 * np.std(differences) / 200**0.5)
    assert np.median([each.variance_reduction for each in found]) > 0.6


def test_new_agents_get_the_mean_and_when_there_are_five_an_indicator() -> None:
    known = [(4.0, 40.0), (9.0, 50.0), (5.0, 55.0)]
    few = Covariate([*known, (0, 0)], [*known, (0, 0)], 1, 2)
    many = Covariate([*known, *[(0, 0)] * 2], [*known, *[(0, 0)] * 3], 1, 2)
    assert (few.unknown, few.scores().shape, few.scores()[3, 0]) == (2, (8, 1), 0)
    assert (many.unknown, many.scores().shape) == (5, (11, 2))
    assert many.scores().sum(axis=0) == pytest.approx([0, 0])


def test_without_any_past_there_is_nothing_to_take_off() -> None:
    past = Covariate.of_values([math.nan] * 5, [math.nan] * 5, fixed_until=1, assigned_from=2)
    found = adjust_ratios(CONTROL, CHALLENGER, past)
    assert found.comparison.standard_error == pytest.approx(compare_clusters(CONTROL, CHALLENGER).standard_error)
    assert found.variance_reduction == pytest.approx(0)
    assert found.unknown == 10


@pytest.mark.parametrize("few", [[], [(3.0, 10.0)]])
def test_too_few_units_are_unknown_and_no_error(few: Pairs) -> None:
    found = adjust_ratios(few, CHALLENGER, Covariate(few, PAST.challenger, 1, 2))
    assert all(math.isnan(value) for value in (found.comparison.p_value, found.variance_reduction))
    assert found.comparison.method == "cuped-cr2"


def test_a_past_that_explains_everything_is_not_certainty() -> None:
    units = [(float(y), 10.0) for y in (1, 2, 4, 6, 7)]
    found = adjust_ratios(units, units, Covariate(units, units, 1, 2)).comparison
    assert found.standard_error == 0
    assert math.isnan(found.p_value)


@pytest.mark.parametrize("fixed_until", [20260301, 20260415])
def test_what_was_measured_after_the_first_assignment_is_refused(fixed_until: int) -> None:
    with pytest.raises(ValueError, match=f"fixed_until is {fixed_until}, must be < 20260301"):
        Covariate(CONTROL, CHALLENGER, fixed_until=fixed_until, assigned_from=20260301)


@pytest.mark.parametrize("ask", [adjust_ratios, adjusted_totals])
def test_another_number_of_units_is_refused(ask: Any) -> None:
    with pytest.raises(ValueError, match=r"covariate.challenger has 5 units, must be the 4 of challenger"):
        ask(CONTROL, CHALLENGER[:4], PAST)


def test_the_totals_do_not_know_the_arms() -> None:
    everyone, past = [*CONTROL, *CHALLENGER], [*PAST.control, *PAST.challenger]
    once = adjusted_totals(CONTROL, CHALLENGER, PAST)
    other = adjusted_totals(everyone[:3], everyone[3:], Covariate(past[:3], past[3:], 1, 2))
    assert [*once.control, *once.challenger] == [*other.control, *other.challenger]


def test_every_deal_of_the_adjusted_totals_is_as_likely_as_its_p_says() -> None:
    random, everyone = np.random.default_rng(7), range(8)
    outcomes, past = unequal_agents(random, 8)
    p_values = []
    for dealt in itertools.combinations(everyone, 4):
        rest = [unit for unit in everyone if unit not in dealt]
        (a, z_a), (b, z_b) = (([outcomes[i] for i in arm], [past[i] for i in arm]) for arm in (dealt, rest))
        left = adjusted_totals(a, b, Covariate(z_a, z_b, 1, 2))
        p_values.append(permutation_test(left.control, left.challenger))
    assert all(np.mean(np.array(p_values) <= level + 1e-9) <= level + 1e-9 for level in np.arange(1, 36) / 35)


def test_no_units_have_no_totals() -> None:
    assert adjusted_totals([], [], Covariate([], [], 1, 2)).control == ()
