"""What brings most, and what is worth testing: closed forms by quadrature and simulation, and laws."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import integrate, stats as scipy_stats

from stats.bayes.beliefs import Normal, normal_posterior
from stats.pooling.ranking import Candidate, Proposal, rank_proposals, rank_variables

GREETING = Candidate("greeting", Normal(0.010, 0.004), 90_000)
INVITATION = Candidate("invitation", Normal(0.030, 0.015), 20_000)
RECAP = Candidate("recap", Normal(-0.005, 0.020), 50_000)
UNKNOWN = Candidate("pauses", Normal(0.02, math.nan), 1000)
candidates = st.builds(
    Candidate, st.just("x"), st.builds(Normal, st.floats(-0.1, 0.1), st.floats(0.001, 0.1)), st.floats(1, 1e5)
)
proposals = st.builds(Proposal, candidates, st.integers(1, 100_000), st.floats(1e-7, 1e-2))


def test_the_greatest_gain_stands_first() -> None:
    found = rank_variables([RECAP, INVITATION, GREETING])
    assert [(one.name, one.rank) for one in found] == [("greeting", 1), ("invitation", 2), ("recap", 3)]
    assert [one.gain for one in found] == pytest.approx([900, 600, -250])
    assert (found[0].low, found[0].high) == pytest.approx((900 - 1.959964 * 360, 900 + 1.959964 * 360), rel=1e-6)


def test_the_chance_to_be_the_best_is_that_of_drawing() -> None:
    random = np.random.default_rng(4)
    order = (GREETING, INVITATION, RECAP)
    drawn = [random.normal(one.effect.mean, one.effect.sd, 100_000) * one.volume for one in order]
    shares = np.bincount(np.argmax(drawn, axis=0)) / 100_000
    assert [one.probability_best for one in rank_variables(order)] == pytest.approx(shares, abs=0.006)


def test_the_unknown_stand_last_without_a_rank() -> None:
    found = rank_variables([UNKNOWN, GREETING, Candidate("closing", Normal(0.1, 0.1), 0)])
    assert [(one.name, one.rank) for one in found] == [("greeting", 1), ("pauses", None), ("closing", None)]
    assert found[0].probability_best == pytest.approx(1)
    assert rank_variables([]) == ()


@settings(max_examples=30)
@given(st.lists(candidates, min_size=1, max_size=5))
def test_one_of_the_candidates_brings_most(given_: list[Candidate]) -> None:
    assert sum(one.probability_best for one in rank_variables(given_)) == pytest.approx(1, abs=1e-8)


def test_the_worth_of_a_test_is_the_integral_over_its_results() -> None:
    proposal = Proposal(RECAP, 8000, 0.012**2)
    predicted = scipy_stats.norm(-0.005, math.hypot(0.020, 0.012))

    def gained(result: float) -> float:
        after = normal_posterior(result, 0.012**2, RECAP.effect)
        return max(after.mean, 0.0) * float(predicted.pdf(result))

    expected, _ = integrate.quad(gained, -0.3, 0.3, points=[0.0, 0.0018], epsabs=1e-12, limit=200)
    found = rank_proposals([proposal])[0]
    assert found.expected_gain == pytest.approx(expected * 50_000, rel=1e-6)
    assert found.value_of_testing == found.expected_gain  # by what is believed now, nothing would be shipped
    assert found.value_per_call == found.value_of_testing / 8000


def test_the_chance_to_ship_is_that_of_simulated_tests() -> None:
    random = np.random.default_rng(6)
    results = random.normal(random.normal(-0.005, 0.020, 20_000), 0.012)
    shipped = np.mean([normal_posterior(float(one), 0.012**2, RECAP.effect).mean > 0 for one in results])
    assert rank_proposals([Proposal(RECAP, 8000, 0.012**2)])[0].chance_to_ship == pytest.approx(shipped, abs=0.015)


@given(proposals)
def test_no_test_is_worth_more_than_knowing_and_none_less_than_nothing(proposal: Proposal) -> None:
    found = rank_proposals([proposal])[0]
    assert 0 <= found.value_of_testing <= found.value_of_knowing * (1 + 1e-9)
    at_once = max(proposal.candidate.effect.mean, 0.0) * proposal.candidate.volume
    assert found.expected_gain == pytest.approx(at_once + found.value_of_testing, rel=1e-9, abs=1e-9)


@given(candidates, st.floats(1e-7, 1e-2), st.floats(1.01, 100))
def test_a_sharper_test_of_the_same_is_worth_more(candidate: Candidate, variance: float, times: float) -> None:
    sharp, blunt = (rank_proposals([Proposal(candidate, 100, v)])[0] for v in (variance, variance * times))
    assert sharp.value_of_testing >= blunt.value_of_testing


def test_what_is_settled_is_not_worth_a_test() -> None:
    settled = Proposal(Candidate("settled", Normal(0.05, 0.002), 90_000), 4000, 1e-4)
    open_ = Proposal(Candidate("open", Normal(0.0, 0.02), 30_000), 4000, 1e-4)
    found = rank_proposals([settled, Proposal(UNKNOWN, 4000, 1e-4), open_])
    assert [(one.name, one.rank) for one in found] == [("open", 1), ("settled", 2), ("pauses", None)]
    assert found[1].value_of_testing < 1e-9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda: Candidate("x", Normal(1, 1), -1), "volume is -1, must be >= 0"),
        (lambda: Proposal(RECAP, 0, 1), "calls is 0, must be >= 1"),
        (lambda: Proposal(RECAP, 1, 0), "variance is 0, must be > 0"),
        (lambda: rank_variables([], alpha=2), "alpha is 2, must be > 0 and < 1"),
    ],
)
def test_a_bad_argument_is_named(arguments: type, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        arguments()
