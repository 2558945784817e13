"""Agents' rates drawn together: a fine sum over both unknowns, laws, and coverage in simulated centres."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import special, stats as scipy_stats

from stats.moments import Counts
from stats.pooling.rates import ShrunkRates, shrink_rates

CENTRE = [Counts(30, 3), Counts(51, 10), Counts(200, 22), Counts(44, 7), Counts(9, 0)]
agents = st.lists(
    st.integers(1, 200).flatmap(lambda n: st.builds(Counts, st.just(n), st.integers(0, n))), min_size=2, max_size=8
)


def finely(counts: list[Counts]) -> tuple[list[float], list[float], float]:
    """Posterior means and standard deviations of the rates, and the mean ICC, by a plain sum over a fine grid."""
    spread, m = np.linspace(0, 1, 401)[1:-1, np.newaxis], special.expit(np.linspace(-9, 9, 601))
    a, b = m * (1 / spread**2 - 1), (1 - m) * (1 / spread**2 - 1)
    log = sum(scipy_stats.betabinom.logpmf(each.successes, each.n, a, b) for each in counts)
    weight = np.exp(log - np.max(log)) * m * (1 - m)
    weight /= weight.sum()
    posteriors = [scipy_stats.beta(a + each.successes, b + each.n - each.successes) for each in counts]
    means = [float((weight * each.mean()).sum()) for each in posteriors]
    seconds = [float((weight * (each.var() + each.mean() ** 2)).sum()) for each in posteriors]
    spreads = [math.sqrt(second - mean**2) for mean, second in zip(means, seconds, strict=True)]
    return means, spreads, float((weight * spread**2).sum())


@pytest.mark.parametrize(
    "counts",
    [
        CENTRE,
        [Counts(100, 20), Counts(300, 100), Counts(200, 30)],
        # agents who differ less than chance would have them
        [Counts(50, 25)] * 4,
    ],
)
def test_a_fine_grid_says_the_same(counts: list[Counts]) -> None:
    means, spreads, icc = finely(counts)
    found = shrink_rates(counts)
    assert [agent.rate for agent in found.agents] == pytest.approx(means, abs=2e-4)
    assert found.icc == pytest.approx(icc, abs=1e-3)
    ends = [scipy_stats.norm(m, s).ppf(0.025) for m, s in zip(means, spreads, strict=True)]
    assert [agent.low for agent in found.agents] == pytest.approx(ends, abs=0.025)  # a beta is not quite a normal


@settings(max_examples=20)
@given(agents)
def test_a_rate_lies_within_its_interval_and_0_and_1(counts: list[Counts]) -> None:
    assert all(0 <= agent.low < agent.rate < agent.high <= 1 for agent in shrink_rates(counts).agents)


@settings(max_examples=20)
@given(agents)
def test_the_order_of_the_agents_does_not_matter(counts: list[Counts]) -> None:
    there, back = ([agent.rate for agent in shrink_rates(each).agents] for each in (counts, counts[::-1]))
    assert back[::-1] == pytest.approx(there, rel=1e-9)


def test_few_calls_are_drawn_more_than_many() -> None:
    few, many, *_ = shrink_rates([Counts(10, 5), Counts(1000, 500), *[Counts(200, 40 + i) for i in range(8)]]).agents
    assert few.rate < 0.35 < many.rate
    assert few.high - few.low > many.high - many.low


def test_agents_who_do_not_differ_are_still_uncertain() -> None:
    found = shrink_rates([Counts(50, 25)] * 4)
    assert found.icc < 0.02
    assert all(agent.high - agent.low > 0.1 for agent in found.agents)


def test_an_agent_without_calls_is_given_what_is_known_of_any() -> None:
    found = shrink_rates([*CENTRE, Counts(0, 0)])
    stranger = found.agents[-1]
    assert math.isnan(stranger.raw)
    assert stranger.rate == pytest.approx(found.mean)
    assert stranger.high - stranger.low > max(agent.high - agent.low for agent in found.agents[:-1])


@pytest.mark.parametrize("counts", [[], [Counts(50, 10)], [Counts(50, 10), Counts(0, 0)]])
def test_below_two_agents_nothing_is_drawn(counts: list[Counts]) -> None:
    found = shrink_rates(counts)
    assert math.isnan(found.icc)
    assert all(math.isnan(agent.rate) for agent in found.agents)


def covered(found: ShrunkRates, truth: list[float]) -> list[bool]:
    return [agent.low <= rate <= agent.high for agent, rate in zip(found.agents, truth, strict=True)]


def test_intervals_hold_the_true_rates() -> None:
    random, hits = np.random.default_rng(2), []
    for _ in range(40):
        truth = random.beta(20, 80, 25)
        n = random.integers(3, 400, 25)
        y = random.binomial(n, truth)
        found = shrink_rates([Counts(*each) for each in zip(n.tolist(), y.tolist(), strict=True)])
        hits += covered(found, truth.tolist())
    assert np.mean(hits) == pytest.approx(0.95, abs=0.025)


def test_alpha_is_a_share() -> None:
    with pytest.raises(ValueError, match="alpha is 0, must be > 0 and < 1"):
        shrink_rates(CENTRE, alpha=0)
