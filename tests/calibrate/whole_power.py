"""The whole verdict at the planned size: how often the effect that was planned for is called the winner."""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import special

from experiments.check.verdict import Conclusion
from experiments.plan.designs import PlannedMetric
from experiments.plan.sizing import Goal, size_calls, size_units
from stats.sizing import clusters
from stats.sizing.outcomes import Share
from stats.sizing.spreads import spread_of_units
from tests.calibrate.registered import a_plan, data_of
from tests.calibrate.rows import Row, Task, counted, generator, scaled
from tests.calibrate.verdicts import end_of
from tests.calibrate.whole import ALPHA, HALVES, SPECS, stratified_looks, unequal_calls
from tests.calibrate.whole_units import EVEN, WAYS, WORLDS, centre_of_agents

POWER, BASE = 0.8, 0.2
PART = "The whole verdict at the planned size, the effect is called the winner"
RUNS, UNIT_RUNS = 1500, 1000

AGENTS = 40
CASES = ((0.5, 0.05), (1.0, 0.02), (1.4, 0.1))
"""The spread of the logarithm of agents' calls, and how alike the calls of one agent are."""


def of_calls(icc: float, effort: float) -> list[Row]:
    """Give it of calls dealt within agents as unequal as 3 and 886 results: less is planned, the more they differ."""
    goal = Goal(BASE, 0.04, ALPHA, POWER, EVEN, HALVES)
    total = size_calls(goal, daily_calls=1, design_effect=1 - icc).total
    assert total is not None
    calls = shared_out(total, unequal_calls(30).astype(np.float64))
    primary = PlannedMetric(metric="accepted", role="primary", margin=None, watch=False)
    data = data_of(a_plan(looks=list(HALVES), metrics=[primary], planned_calls=int(calls.sum())), SPECS)
    random = generator("power of calls", icc)
    ends = [
        end_of(data, stratified_looks(icc, random, goal.effect, calls)).conclusion for _ in range(scaled(RUNS, effort))
    ]
    return [_won(f"calls within 30 unequal agents, ICC {icc:g}, {total} calls planned", ends)]


def of_agents(spread: float, icc: float, way: str, effort: float) -> list[Row]:
    """Give it of agents dealt by a registered list, who are planned for without it and without their past."""
    shape = np.exp(spread * special.ndtri((np.arange(AGENTS) + 0.5) / AGENTS))
    cv = float(shape.std() / shape.mean())
    halves = (AGENTS // 2, AGENTS // 2)
    # a little more than the smallest effect, which by definition needs exactly the 300 calls it was asked for
    effect = 1.1 * clusters.smallest_effect(
        Share(BASE), spread_of_units(icc, cv=cv), halves, 300, alpha=ALPHA, power=POWER
    )
    goal = Goal(BASE, effect, ALPHA, POWER, EVEN, HALVES)
    total = size_units(goal, AGENTS, daily_calls=1, icc=icc, cv=cv).total
    assert total is not None
    calls = shared_out(total, shape)
    random, runs, ends = generator("power of agents", spread, icc, way), scaled(UNIT_RUNS, effort), []
    centres = [centre_of_agents(f"centre {n}", calls, icc, random) for n in range(min(WORLDS * 5, runs))]
    for run in range(runs):
        month = centres[run % len(centres)].month(EVEN, random)
        ends.append(end_of(month.data("agent", **WAYS[way]), month.agents_looks(random, effect)).conclusion)
    what = f"{AGENTS} agents, calls e^{spread:g}, ICC {icc:g}, {100 * effect:.1f} points, {way}"
    return [_won(what, ends)]


def shared_out(total: int, shape: NDArray[np.float64]) -> NDArray[np.int64]:
    """Share calls out in these proportions, two at least to each."""
    return np.asarray(np.maximum(np.rint(total * shape / shape.sum()), 2), dtype=np.int64)


def _won(what: str, ends: list[Conclusion]) -> Row:
    return counted(PART, what, ends.count(Conclusion.WINNER), len(ends), least=POWER)


TASKS: tuple[Task, ...] = (
    *(Task(f"power of calls {icc}", partial(of_calls, icc)) for icc in (0.02, 0.2)),
    *(
        Task(f"power of agents {s} {icc} {way}", partial(of_agents, s, icc, way))
        for s, icc in CASES
        for way in list(WAYS)[:2]
    ),
)
