"""What should hardly ever happen: R's exact tests of one agent against the floor, and of units in two arms."""

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st
from scipy.stats import nchypergeom_fisher

from stats.moments import Counts
from stats.soundness.excess import seen_in_two_arms, unmatched_reports

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "soundness.json").read_text())
counts = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda t: Counts(t[0] + t[1], t[0]))


def test_units_in_two_arms_are_counted_as_r_does() -> None:
    case = GOLDEN["crossing"]
    found = seen_in_two_arms(Counts(case["n"], case["x"]), tolerated=case["tolerated"])
    assert (found.p_value, found.at_least) == pytest.approx((case["p"], case["at_least"]))
    assert (found.share, found.tolerated, found.confidence) == (7 / 400, 0.005, 0.95)


@given(counts, st.floats(0.001, 0.5))
def test_the_bound_exceeds_what_is_tolerated_exactly_when_p_is_small(units: Counts, tolerated: float) -> None:
    found = seen_in_two_arms(units, tolerated=tolerated)
    if units.n and abs(found.p_value - 0.05) > 1e-9:
        assert (found.at_least > tolerated) == (found.p_value < 0.05)


def test_a_flood_is_not_rounded_to_zero_and_nothing_is_unknown() -> None:
    assert seen_in_two_arms(Counts(100_000, 90_000), tolerated=0.001).p_value > 0
    assert seen_in_two_arms(Counts(50, 0), tolerated=0.001).p_value == 1
    assert math.isnan(seen_in_two_arms(Counts(0, 0), tolerated=0.001).p_value)


@pytest.mark.parametrize("case", GOLDEN["floors"].values(), ids=GOLDEN["floors"])
def test_an_agent_is_held_against_the_others_as_fishers_test_in_r_does(case: dict[str, Any]) -> None:
    found = unmatched_reports([Counts(n, x) for n, x in case["agents"]], tolerated_odds=case["odds"])
    assert [each.p_value for each in found] == pytest.approx(case["p"])
    assert [each.adjusted_p for each in found] == pytest.approx(case["adjusted"])
    assert (found[0].share, found[0].others) == pytest.approx((9 / 40, 5 / 136))


@given(counts, counts, st.sampled_from([(1, 1), (3, 2), (4, 1)]))
def test_an_agents_p_is_the_exact_fraction_of_whole_numbers_however_small(
    agent: Counts, rest: Counts, odds: tuple[int, int]
) -> None:
    assume(agent.n and rest.n and agent.successes)
    both, tolerated = agent + rest, Fraction(*odds)
    weights = [
        math.comb(both.successes, k) * math.comb(both.n - both.successes, agent.n - k) * tolerated**k
        for k in range(agent.n + 1)
    ]
    exact = float(sum(weights[agent.successes :], Fraction()) / sum(weights, Fraction()))
    found = unmatched_reports([agent, rest], tolerated_odds=float(tolerated))[0]
    assert found.p_value == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(("odds", "n", "x"), [(1.0, 40_000, 1_780), (1.5, 40_000, 2_600), (1.5, 400, 30)])
def test_an_agent_among_many_reports_is_held_as_scipy_does(odds: float, n: int, x: int) -> None:
    rest = Counts(300_000, 13_000)
    found = unmatched_reports([Counts(n, x), rest], tolerated_odds=odds)[0]
    assert found.p_value == pytest.approx(nchypergeom_fisher.sf(x - 1, n + rest.n, x + 13_000, n, odds), rel=1e-6)


@pytest.mark.parametrize("agents", [[Counts(9, 3)], [Counts(9, 3), Counts(0, 0)], [Counts(0, 0)] * 2])
def test_nobody_to_be_held_against_is_unknown(agents: list[Counts]) -> None:
    assert all(math.isnan(each.p_value) for each in unmatched_reports(agents))


def test_agents_who_are_all_alike_are_seldom_called() -> None:
    random, called = np.random.default_rng(2), 0
    for _ in range(120):
        n = random.integers(5, 200, 20)
        found = unmatched_reports([Counts(*t) for t in zip(n.tolist(), random.binomial(n, 0.04).tolist(), strict=True)])
        called += min(each.adjusted_p for each in found) <= 0.05
    assert called / 120 <= 0.05


def test_one_who_reports_what_did_not_happen_is_found() -> None:
    found = unmatched_reports([Counts(100, 4)] * 19 + [Counts(100, 25)])
    assert found[-1].adjusted_p < 1e-6
    assert min(each.adjusted_p for each in found[:-1]) == 1


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: seen_in_two_arms(Counts(3, 1), tolerated=0), "tolerated is 0, must be > 0 and < 1"),
        (lambda: seen_in_two_arms(Counts(3, 1), tolerated=0.1, alpha=1), "alpha is 1, must be > 0 and < 1"),
        (lambda: unmatched_reports([], tolerated_odds=0.5), "tolerated_odds is 0.5, must be >= 1"),
    ],
)
def test_what_is_refused_is_named(ask: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ask()
