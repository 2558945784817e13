"""The inputs: plain counts, made up and the same in every run, that JSON carries to any program."""

from typing import TypeAlias

import numpy as np

Table: TypeAlias = tuple[int, int, int, int]
"""Calls and successes of the control, then of the challenger."""

Sums: TypeAlias = tuple[int, float, float, float, float, float]
"""Of one arm: units, then the sums of y, x, y², x² and xy over them."""

ARMS, METRICS, SEGMENTS, UNITS = 3, 10, 20, 500

CONTESTED: tuple[Table, ...] = ((40, 0, 40, 6), (20_000, 4_000, 20_000, 5_200), (80, 48, 70, 56))
"""Where packages disagree: no success in the control, a very large effect, and arms of some tens of calls."""


def tables(count: int = 200, seed: int = 1) -> list[Table]:
    """Make pairs of proportions: some thousands of calls, effects of up to three points."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        n = random.integers(1_000, 20_000, size=2)
        rate = random.uniform(0.05, 0.6) + np.array([0.0, random.uniform(-0.03, 0.03)])
        x = random.binomial(n, rate)
        made.append((int(n[0]), int(x[0]), int(n[1]), int(x[1])))
    return made


def means(count: int = 200, seed: int = 2) -> list[tuple[Sums, Sums]]:
    """Make pairs of means: handling times of some thousands of calls, each a unit, in seconds."""
    random = np.random.default_rng(seed)
    return [(_calls(random, 1.0), _calls(random, random.uniform(0.97, 1.03))) for _ in range(count)]


def ratios(count: int = 200, seed: int = 3) -> list[tuple[Sums, Sums]]:
    """Make pairs of rates clustered by agent: 20 to 250 agents an arm, of unequal sizes."""
    random = np.random.default_rng(seed)
    return [
        (_agents(random, int(units), 0.3), _agents(random, int(units), 0.3 + random.uniform(-0.02, 0.02)))
        for units in random.integers(20, 250, size=count)
    ]


def clustered_experiment(seed: int = 4) -> list[list[list[Sums]]]:
    """Make an experiment dealt by agent: sums by metric, segment and arm; segments share no agent."""
    random = np.random.default_rng(seed)
    units = _split(random)
    return [
        [[_agents(random, units[segment][arm], 0.2 + 0.01 * arm) for arm in range(ARMS)] for segment in range(SEGMENTS)]
        for _ in range(METRICS)
    ]


def call_experiment(seed: int = 5) -> list[list[list[tuple[int, int]]]]:
    """Make an experiment dealt by call: calls and successes by metric, segment and arm."""
    random = np.random.default_rng(seed)
    calls = random.integers(800, 1_200, size=(SEGMENTS, ARMS))
    return [
        [
            [(int(calls[s, arm]), int(random.binomial(calls[s, arm], 0.2 + 0.01 * arm))) for arm in range(ARMS)]
            for s in range(SEGMENTS)
        ]
        for _ in range(METRICS)
    ]


def _split(random: np.random.Generator) -> list[list[int]]:
    """Deal the agents over segments and arms, five at least in each."""
    least = 5
    cells = random.multinomial(UNITS - least * ARMS * SEGMENTS, np.full(ARMS * SEGMENTS, 1 / (ARMS * SEGMENTS))) + least
    return [[int(n) for n in row] for row in cells.reshape(SEGMENTS, ARMS)]


def _calls(random: np.random.Generator, factor: float) -> Sums:
    y = np.round(random.lognormal(5.5, 0.6, size=int(random.integers(1_000, 5_000))) * factor)
    n = len(y)
    return n, float(y.sum()), float(n), float((y * y).sum()), float(n), float(y.sum())


def _agents(random: np.random.Generator, units: int, rate: float) -> Sums:
    x = random.integers(20, 400, size=units)
    y = random.binomial(x, random.beta(20 * rate, 20 * (1 - rate), size=units))
    return units, float(y.sum()), float(x.sum()), float((y * y).sum()), float((x * x).sum()), float((x * y).sum())
