"""Shares from a listening sample: the textbook's formula, Wilson's interval, epiR for one who mishears, simulation."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from stats.arms.intervals import wilson
from stats.compliance.listening import Heard, Stratum, heard_difference, share_heard
from stats.compliance.mishearing import Listener, correct_mishearing
from stats.moments import Counts

GOLDEN: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "golden" / "prevalence.json").read_text())
strata = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 500)).map(
        lambda t: Stratum(sum(t), t[0] + t[1], t[0])
    ),
    max_size=6,
)


def interval(counts: Counts) -> tuple[float, float]:
    found = wilson(counts)
    return found.low, found.high


def test_each_agent_stands_for_his_calls() -> None:
    found = share_heard([Stratum(900, 10, 5), Stratum(100, 10, 10), Stratum(1000, 0, 0)])
    assert found.rate == pytest.approx(0.9 * 0.5 + 0.1)
    assert (found.covered, found.listened) == (0.5, 20)


def test_one_great_stratum_is_wilsons_interval() -> None:
    found = share_heard([Stratum(10**9, 40, 31)])
    assert (found.low, found.high) == pytest.approx(interval(Counts(40, 31)), abs=2e-3)
    assert found.variance == pytest.approx((32 / 42) * (10 / 42) / 40, rel=0.03)


def test_with_many_listened_calls_the_variance_is_cochrans() -> None:
    sample = [Stratum(9000, 300, 270), Stratum(5000, 250, 100), Stratum(3000, 200, 190)]
    rates = np.array([0.9, 0.4, 0.95])
    n, N = np.array([300, 250, 200]), np.array([9000, 5000, 3000])
    cochran = np.sum((N / N.sum()) ** 2 * (1 - n / N) * rates * (1 - rates) / (n - 1))
    assert share_heard(sample).variance == pytest.approx(cochran, rel=0.04)


def test_perfect_agents_are_not_certainty() -> None:
    found = share_heard([Stratum(200, 3, 3)] * 10)
    assert (found.rate, found.high) == (1, 1)
    assert 0.85 < found.low < 0.9
    assert found.variance > 0


def test_one_call_an_agent_is_enough_to_say_something() -> None:
    found = share_heard([Stratum(200, 1, 1)] * 15 + [Stratum(200, 1, 0)] * 5)
    assert (found.low, found.high) == pytest.approx(interval(Counts(20, 15)), abs=2e-3)


def test_to_have_listened_to_every_call_is_certainty() -> None:
    found = share_heard([Stratum(10, 10, 4), Stratum(30, 30, 30)])
    assert (found.low, found.rate, found.high, found.variance) == (0.85, 0.85, 0.85, 0)


@pytest.mark.parametrize("unheard", [[], [Stratum(100, 0, 0)]])
def test_nobody_listened_and_nothing_is_known(unheard: list[Stratum]) -> None:
    found = share_heard(unheard)
    assert all(math.isnan(value) for value in (found.rate, found.low, found.high, found.variance))


@given(strata)
def test_a_share_lies_in_its_interval_and_both_in_0_to_1(sample: list[Stratum]) -> None:
    found = share_heard(sample)
    if found.listened:
        assert 0 <= found.low <= found.rate + 1e-12
        assert found.rate - 1e-12 <= found.high <= 1


@given(strata)
def test_what_was_not_heard_is_the_rest(sample: list[Stratum]) -> None:
    found, rest = share_heard(sample), share_heard([Stratum(s.calls, s.listened, s.listened - s.heard) for s in sample])
    assert (found.low, found.high) == pytest.approx((1 - rest.high, 1 - rest.low), nan_ok=True)


def test_few_calls_an_agent_hold_the_true_share() -> None:
    random, held = np.random.default_rng(4), 0
    for _ in range(400):
        calls = np.clip(random.lognormal(5.5, 1.4, 20), 5, 4500).astype(int)
        right = random.binomial(calls, random.beta(4, 1, 20))
        heard = random.hypergeometric(right, calls - right, np.minimum(calls, 4))
        sample = [Stratum(*t) for t in zip(calls.tolist(), np.minimum(calls, 4).tolist(), heard.tolist(), strict=True)]
        found = share_heard(sample)
        held += found.low <= right.sum() / calls.sum() <= found.high
    assert held / 400 >= 0.93


@pytest.mark.parametrize("case", GOLDEN.values(), ids=GOLDEN)
def test_a_known_listener_is_corrected_as_epi_r_does(case: dict[str, Any]) -> None:
    low, high = interval(Counts(case["listened"], case["heard"]))
    heard = Heard(case["heard"] / case["listened"], 0.002, low, high, 0.95, case["listened"], 1.0)
    said = correct_mishearing(heard, Listener(case["sensitivity"], case["specificity"]))
    assert (said.rate, said.low, said.high) == pytest.approx((case["rate"], case["low"], case["high"]))


def test_a_listener_who_was_tested_on_few_calls_widens_the_interval() -> None:
    heard = share_heard([Stratum(900, 20, 15)] * 5)
    known = correct_mishearing(heard, Listener(0.9, 0.95))
    tested = correct_mishearing(heard, Listener(0.9, 0.95, said_n=50, unsaid_n=60))
    said, slope = known.rate, 0.85
    own = (said**2 * 0.09 / 50 + (1 - said) ** 2 * 0.0475 / 60) / slope**2  # Rogan & Gladen (1978), their variance
    assert tested.variance == pytest.approx(known.variance + own)
    assert tested.low < known.low < known.high < tested.high


def test_one_who_never_errs_changes_nothing_and_nobody_hears_less_than_nothing() -> None:
    heard = share_heard([Stratum(900, 20, 1)] * 5)
    assert correct_mishearing(heard, Listener(1, 1)).low == pytest.approx(heard.low)
    assert correct_mishearing(heard, Listener(0.9, 0.9)).rate == 0


@pytest.mark.parametrize(
    ("listener", "message"),
    [
        # knows no more than a coin
        ((0.5, 0.5), r"sensitivity \+ specificity is 1.0, must be > 1"),
        ((1.2, 0.5), "sensitivity is 1.2, must be >= 0 and <= 1"),
        ((0.9, 0.9, 0), "said_n is 0, must be >= 1"),
    ],
)
def test_a_listener_who_knows_nothing_is_refused(listener: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Listener(*listener)


def test_more_listened_calls_than_calls_are_refused() -> None:
    with pytest.raises(ValueError, match="listened is 5, must be >= 0 and <= 4"):
        Stratum(4, 5, 1)


def test_a_difference_has_newcombes_interval() -> None:
    # Newcombe (1998), Statistics in Medicine 17:873, table II: 56/70 less 48/80 is 0.0524 to 0.3339 by method 10
    (low_a, high_a), (low_b, high_b) = interval(Counts(80, 48)), interval(Counts(70, 56))
    a, b = Heard(0.6, 0.003, low_a, high_a, 0.95, 80, 1.0), Heard(0.8, 0.002, low_b, high_b, 0.95, 70, 1.0)
    found = heard_difference(a, b)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert (found.difference, found.variance) == pytest.approx((0.2, 0.005))


def test_shares_of_unequal_confidence_have_no_difference() -> None:
    with pytest.raises(ValueError, match=r"challenger.confidence is 0.9, must be the control's 0.95"):
        heard_difference(share_heard([]), share_heard([], alpha=0.1))
