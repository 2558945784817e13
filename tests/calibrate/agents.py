"""Agents dealt to arms: few, alike within, and as unequal as 886 and 3 results a month."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from experiments.check.analysis.arms import ArmData, compare
from tests.calibrate.planned import score_p
from tests.calibrate.registered import a_plan, arm_of_units, method_of, proportion
from tests.calibrate.rows import Row, Task, counted, generator, scaled

ALPHA, RATE = 0.05, 0.2
ACCEPTED, METHOD = proportion("accepted", "higher"), method_of(a_plan(unit="agent"))
AGENTS, ICCS = (12, 20, 40), (0.02, 0.1, 0.2)
RUNS = 4000
_TYPICAL, _SPREAD, _MOST = 260, 1.4, 4500
"""Calls a month: their median, the spread of their logarithm, and what one person can take."""


@dataclass(frozen=True, slots=True)
class Month:
    """What each agent did, and to which arm the agent was dealt (True: the challenger)."""

    calls: NDArray[np.int64]
    accepted: NDArray[np.int64]
    dealt: NDArray[np.bool_]


def unequal_month(agents: int, icc: float, random: np.random.Generator) -> Month:
    """Draw agents: results are calls x asking x succeeding; an agent's asking x succeeding is beta with this ICC.

    Every agent falls to an arm by a fair coin, as the product deals units.
    """
    calls = np.clip(np.rint(random.lognormal(np.log(_TYPICAL), _SPREAD, agents)), 5, _MOST).astype(np.int64)
    return _month(calls, icc, random.random(agents) < 0.5, random)


def equal_month(agents: int, icc: float, random: np.random.Generator) -> Month:
    """Draw agents of 200 calls each, half of them in each arm, at 10 %."""
    return _month(np.full(agents, 200), icc, random.permutation(agents) < agents // 2, random, rate=0.1)


def _month(
    calls: NDArray[np.int64], icc: float, dealt: NDArray[np.bool_], random: np.random.Generator, rate: float = RATE
) -> Month:
    strength = (1 - icc) / icc
    shares = random.beta(rate * strength, (1 - rate) * strength, len(calls))
    return Month(calls, random.binomial(calls, shares), dealt)


def decides(month: Month) -> float:
    """Return the p by which the product decides; nan where it does not."""
    arms = [_arm(month, place) for place in (0, 1)]
    return compare(METHOD, ACCEPTED, arms, 1, alpha=ALPHA).answer.p_value


def _arm(month: Month, place: int) -> ArmData:
    mine = np.flatnonzero(month.dealt == bool(place))
    did = zip(mine.tolist(), month.calls[mine].tolist(), month.accepted[mine].tolist(), strict=True)
    return arm_of_units(place, {f"agent-{agent}": {"calls": n, "accepted": x} for agent, n, x in did})


def naive(month: Month) -> float:
    """Return the p of a test that takes every call for independent."""
    n = np.array([[month.calls[~month.dealt].sum(), month.calls[month.dealt].sum()]], dtype=np.float64)
    x = np.array([[month.accepted[~month.dealt].sum(), month.accepted[month.dealt].sum()]], dtype=np.float64)
    return float(score_p(n, x)[0]) if n.all() else float("nan")


def measure(agents: int, icc: float, effort: float) -> list[Row]:
    """Give false positives of the product's decision, and of the naive test on the same months."""
    random, runs = generator("agents", agents, icc), scaled(RUNS, effort)
    months = [unequal_month(agents, icc, random) for _ in range(runs)]
    part, name = "Agents dealt, unequal, false positives at 5 %", f"{agents} agents, ICC {icc:g}"
    most, least = np.median([month.accepted.max() for month in months]), np.median([m.accepted.min() for m in months])
    p_values = np.array([decides(month) for month in months])
    silent = np.isnan(p_values).mean()
    note = f"results {most:.0f} : {least:.0f} (medians); too few agents in an arm {100 * silent:.1f} %"
    return [
        counted(part, name, int((p_values <= ALPHA).sum()), runs, most=ALPHA, note=note),
        counted(part, f"{name}, naive z", sum(naive(month) <= ALPHA for month in months), runs),
    ]


def anchor(effort: float) -> list[Row]:
    """Give the published case: 20 agents of 200 calls, ICC 0.02, where the naive test errs 38.8 % of the time."""
    random, runs = generator("anchor"), scaled(RUNS, effort)
    months = [equal_month(20, 0.02, random) for _ in range(runs)]
    part, name = "Agents dealt, 20 of 200 calls each, ICC 0.02, false positives at 5 %", "the product's decision"
    return [
        counted(part, name, sum(decides(month) <= ALPHA for month in months), runs, most=ALPHA),
        counted(part, "naive z", sum(naive(month) <= ALPHA for month in months), runs, note="38.8 % is expected"),
    ]


TASKS: tuple[Task, ...] = (
    *(Task(f"agents {agents} {icc}", partial(measure, agents, icc)) for agents in AGENTS for icc in ICCS),
    Task("agents, the published case", anchor),
)
