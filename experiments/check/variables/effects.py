"""The effect of each variable over its tests: pooled, with each test drawn in, its course over time, and a belief."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiments.check.variables.evidence import FinishedTest
from stats.bayes.beliefs import Normal
from stats.pooling.meta import Effect, Method, Pooled, pool
from stats.pooling.shrinkage import Shrunk, shrink
from stats.soundness.periods import PeriodEffect
from stats.soundness.trend import Trend, trend

OWN_SPREAD = 3
"""Tests of a variable from which on they say themselves how much they differ; below, all tests together say it."""


@dataclass(frozen=True, slots=True)
class DrawnTest:
    """A test, and what its effect most likely is in the light of the others.

    `shrunk` is drawn towards the variable's mean where that has a spread of its own, else towards all tests'; nan
    where a single test is all there is.
    """

    test: FinishedTest
    shrunk: Shrunk


@dataclass(frozen=True, slots=True)
class VariableEffect:
    """What is known of a variable.

    Attributes:
        variable: Key of the element.
        pooled: Over its tests as they were measured; of one test its own effect, and nothing else.
        tests: The first read first.
        own_spread: Whether its tests say themselves how much they differ.
        trend: How the effect moves with the order of the tests (against its logarithm); nan below three.
        expected: Belief of its mean effect over scenarios, drawn towards the other variables; its error is nan where a
            single test is all there is.
        elsewhere: Belief of its effect in a scenario where it was not tested: `expected` with what scenarios differ by.
    """

    variable: str
    pooled: Pooled
    tests: tuple[DrawnTest, ...]
    own_spread: bool
    trend: Trend
    expected: Normal
    elsewhere: Normal


@dataclass(frozen=True, slots=True)
class VariableEffects:
    """Every variable that tests on one metric varied, and all these tests as if of one variable."""

    everything: Pooled
    variables: tuple[VariableEffect, ...]

    @property
    def untested(self) -> Normal:
        """Give the belief of an effect of a variable that was never tested: what tests here usually do."""
        variance = self.everything.predictive_variance
        return Normal(self.everything.mean, math.sqrt(variance))


def pool_variables(tests: Sequence[FinishedTest], *, method: Method = "reml") -> VariableEffects:
    """Pool tests on one metric by their variable.

    A variable's mean is drawn towards the other variables' (empirical Bayes), which takes the winner's curse off the
    one that came out best. Tests of a variable differ between scenarios; below three they cannot say how much, so its
    mean of k tests is given the spread of all tests over k as a further variance: one test says little of elsewhere.

    Args:
        tests: In the order in which they were read.
        method: How the spread of true effects is estimated.
    """
    grouped: dict[str, list[FinishedTest]] = defaultdict(list)
    for test in tests:
        grouped[test.variable].append(test)
    everything = pool([test.effect for test in tests], method=method)
    pooled = {variable: pool([test.effect for test in own], method=method) for variable, own in grouped.items()}
    means = _means(grouped, pooled, method)
    found = [_variable(key, own, pooled[key], means[key], everything) for key, own in grouped.items()]
    return VariableEffects(everything, tuple(found))


def _means(
    grouped: Mapping[str, Sequence[FinishedTest]], pooled: Mapping[str, Pooled], method: Method
) -> dict[str, tuple[float, float]]:
    """Give each variable's mean with its sampling variance, drawn towards the other variables where there are some."""
    own = [
        Effect(pooled[key].mean, pooled[key].standard_error ** 2) if len(tests) > 1 else tests[0].effect
        for key, tests in grouped.items()
    ]
    if len(own) < 2:
        return {key: (mean.value, mean.variance) for key, mean in zip(grouped, own, strict=True)}
    drawn = shrink(own, pool(own, method=method))
    return {key: (each.value, each.standard_error**2) for key, each in zip(grouped, drawn, strict=True)}


def _variable(
    variable: str, tests: Sequence[FinishedTest], pooled: Pooled, mean: tuple[float, float], everything: Pooled
) -> VariableEffect:
    own_spread = len(tests) >= OWN_SPREAD
    spread = pooled.tau_squared if own_spread else everything.tau_squared
    value, variance = mean
    error = variance if own_spread else variance + spread / len(tests)
    drawn = shrink([test.effect for test in tests], pooled if own_spread else everything)
    in_order = [PeriodEffect(n, t.effect.value, t.effect.variance) for n, t in enumerate(tests, start=1)]
    return VariableEffect(
        variable=variable,
        pooled=pooled,
        tests=tuple(DrawnTest(test, each) for test, each in zip(tests, drawn, strict=True)),
        own_spread=own_spread,
        trend=trend(in_order),
        expected=Normal(value, math.sqrt(error)),
        elsewhere=Normal(value, math.sqrt(error + spread)),
    )
