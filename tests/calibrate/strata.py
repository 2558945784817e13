"""Calls dealt within agents: many agents with a handful of calls, few with many, and as unequal as 3 and 886."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.arms.post_stratified import compare_post_stratified
from stats.arms.strata import Strata
from stats.arms.stratified import compare_stratified
from stats.comparison import Comparison
from stats.moments import Counts, Moments
from tests.calibrate.rows import Row, Task, counted, generator, scaled

_Floats: TypeAlias = NDArray[np.float64]
_Ints: TypeAlias = NDArray[np.int64]

ALPHA = 0.05
EFFECT, DIFFERING = 0.04, 0.06
"""The mean over agents of what the challenger adds, and how far the agents' own effects spread about it."""


def _dense(random: np.random.Generator) -> _Ints:
    return random.integers(150, 251, 20)


def _sparse(random: np.random.Generator) -> _Ints:
    return random.integers(2, 9, 500)


def _unequal(random: np.random.Generator) -> _Ints:
    drawn = np.rint(random.lognormal(np.log(90), 1.4, 30)).astype(np.int64)
    return np.clip(drawn, 3, 886)


@dataclass(frozen=True, slots=True)
class Centre:
    """How many calls agents take, how often these succeed with the control on average, and how many months to draw."""

    name: str
    calls: Callable[[np.random.Generator], _Ints]
    rate: float
    runs: int


CENTRES = (
    Centre("20 agents of 150 to 250 calls, 10 %", _dense, 0.1, 1500),
    Centre("500 agents of 2 to 8 calls, 10 %", _sparse, 0.1, 800),
    Centre("500 agents of 2 to 8 calls, 30 %", _sparse, 0.3, 800),
    Centre("30 agents of 3 to 886 calls, 20 %", _unequal, 0.2, 1500),
)


@dataclass(frozen=True, slots=True)
class Month:
    """What each agent did with either arm; every call fell to one by a fair coin."""

    n: _Ints
    x: _Ints
    effects: _Floats

    @property
    def strata(self) -> Strata:
        """Counts by agent."""
        return [(Counts(a, x), Counts(b, y)) for (a, b), (x, y) in zip(self.n.tolist(), self.x.tolist(), strict=True)]

    @property
    def truth(self) -> float:
        """The mean of these agents' own effects, weighted as Mantel and Haenszel do."""
        weights = self.n.prod(axis=1) / self.n.sum(axis=1)
        return float(np.average(self.effects, weights=weights))

    @property
    def truth_by_calls(self) -> float:
        """The mean of these agents' own effects, weighted by their calls."""
        return float(np.average(self.effects, weights=self.n.sum(axis=1)))


def month(centre: Centre, random: np.random.Generator, effect: float = 0.0, differing: float = 0.0) -> Month:
    """Draw agents of very different skill (a beta of ICC 0.1), their effects, and how their calls fell out."""
    calls = centre.calls(random)
    shares = random.beta(centre.rate * 9, (1 - centre.rate) * 9, len(calls))
    effects = np.clip(shares + random.normal(effect, differing, len(calls)), 0, 1) - shares
    second = random.binomial(calls, 0.5)
    n = np.column_stack((calls - second, second))
    return Month(n, random.binomial(n, np.column_stack((shares, shares + effects))), effects)


def post_stratified(seen: Month) -> Comparison:
    """Give the product's answer for means, of calls that are worth 1 or 0."""

    def of(n: int, x: int) -> Moments:
        return Moments(n, x, n, x, n, x)

    return compare_post_stratified([(of(a.n, a.successes), of(b.n, b.successes)) for a, b in seen.strata], alpha=ALPHA)


def false_alarms(centre: Centre, effort: float) -> list[Row]:
    """Give false positives where no agent's calls gain anything."""
    random, runs = generator("strata", centre.name), scaled(centre.runs, effort)
    months = [month(centre, random) for _ in range(runs)]
    part = "Calls dealt within agents, false positives at 5 %"
    score = sum(compare_stratified(seen.strata, alpha=ALPHA).p_value <= ALPHA for seen in months)
    post = sum(post_stratified(seen).p_value <= ALPHA for seen in months)
    return [
        counted(part, f"{centre.name}, stratified score", score, runs, least=0.03, most=0.06),
        counted(part, f"{centre.name}, post-stratified", post, runs, least=0.03, most=0.06),
    ]


def coverage(centre: Centre, differing: float, effort: float) -> list[Row]:
    """Give how often the intervals hold the mean effect for the agents who took part, and for all who might have."""
    random, runs = generator("strata covered", centre.name, differing), scaled(centre.runs, effort)
    months = [month(centre, random, EFFECT, differing) for _ in range(runs)]
    score = [compare_stratified(seen.strata, alpha=ALPHA) for seen in months]
    post = [post_stratified(seen) for seen in months]
    part = "Calls dealt within agents, coverage of 95 % intervals"
    name = f"{centre.name}, {'agents differ' if differing else 'one effect'}"
    here = sum(held(c, seen.truth) for c, seen in zip(score, months, strict=True))
    by_calls = sum(held(c, seen.truth_by_calls) for c, seen in zip(post, months, strict=True))
    rows = [
        counted(part, f"{name}, stratified score", here, runs, least=0.94, most=0.975),
        counted(part, f"{name}, post-stratified", by_calls, runs, least=0.94, most=0.975),
    ]
    if differing:
        mean = float(np.mean(np.concatenate([seen.effects for seen in months])))
        anywhere = sum(held(c, mean) for c in score)
        note = "the interval is not for agents who were not there"
        rows += [counted(part, f"{name}, of agents to come", anywhere, runs, note=note)]
    return rows


def held(found: Comparison, truth: float) -> bool:
    """Say whether the interval holds the truth."""
    return found.low <= truth <= found.high


TASKS: tuple[Task, ...] = (
    *(Task(f"strata {centre.name}", partial(false_alarms, centre)) for centre in CENTRES),
    *(
        Task(f"strata covered {centre.name} {differing}", partial(coverage, centre, differing))
        for centre in (CENTRES[0], CENTRES[1], CENTRES[3])
        for differing in (0.0, DIFFERING)
    ),
)
