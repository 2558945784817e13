"""The whole verdict where calls are dealt: A/A tests looked at as planned, until the rule ends them.

With guardrails and health; with agents as unequal as 3 and 886 results a month, each compared with himself; and with
two challengers, who share alpha.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from experiments.check.analysis.arms import ArmData
from experiments.check.data import ExperimentData
from experiments.check.metrics import MetricSpec, Totals
from experiments.check.stopping import Spent
from experiments.check.verdict import Conclusion
from experiments.plan.designs import Experiment, PlannedMetric
from experiments.plan.sizing import Goal, size_calls
from tests.calibrate.registered import a_plan, arm_of_calls, data_of, proportion
from tests.calibrate.rows import Row, Task, counted, generator, scaled
from tests.calibrate.verdicts import End, end_of

ALPHA, BASE, EFFECT = 0.05, 0.1, 0.02
LOOKS, HALVES = (0.2, 0.4, 0.6, 0.8, 1.0), (0.5, 1.0)
PART = "The whole verdict on A/A tests"
PRIMARY = PlannedMetric(metric="accepted", role="primary", margin=None, watch=False)

SPECS: Mapping[str, MetricSpec] = {
    "accepted": proportion("accepted", "higher"),
    "complaint": proportion("complaint", "lower"),
    "resolved": proportion("resolved", "higher"),
    "handled_seconds": MetricSpec("handled_seconds", "mean", "handled_seconds", "reported", "lower", 0, {"en": "AHT"}),
}
GUARDS = (
    PlannedMetric(metric="complaint", role="guardrail", margin=0.002, watch=True),
    PlannedMetric(metric="resolved", role="guardrail", margin=0.03, watch=False),
    PlannedMetric(metric="handled_seconds", role="guardrail", margin=20, watch=False),
)
RATES = {"accepted": BASE, "complaint": 0.002, "resolved": 0.9, "invited": 0.6, "deviation": 0.01}
_HANDLED, _HANDLED_SD = 240, 110  # seconds
RUNS, STRATA_RUNS, FAMILY_RUNS, SPENT_RUNS = 300, 4000, 6000, 2_000_000

AGENTS = 30
_FEWEST, _MOST = 15, 4430
"""Calls of the idlest and of the busiest agent: at 20 % they are 3 and 886 results."""


def planned_calls(looks: Sequence[float]) -> int:
    """Give the size that the product plans."""
    total = size_calls(Goal(BASE, EFFECT, ALPHA, 0.8, (5000, 5000), looks), daily_calls=1).total
    assert total is not None
    return total


def guarded() -> ExperimentData:
    """Register two arms, five looks and three guardrails."""
    metrics = [PlannedMetric(metric=m.metric, role=m.role, margin=m.margin, watch=m.watch) for m in (PRIMARY, *GUARDS)]
    plan = a_plan(looks=list(LOOKS), metrics=metrics, effect=EFFECT, planned_calls=planned_calls(LOOKS))
    return data_of(plan, SPECS)


def guarded_looks(plan: Experiment, random: np.random.Generator) -> Iterator[list[ArmData]]:
    """Draw a fifth of the planned calls for each look."""
    arms: list[Counter[str]] = [Counter(), Counter()]
    calls = (plan.planned_calls or 0) // len(LOOKS)
    for _ in LOOKS:
        dealt = int(random.binomial(calls, 0.5))
        for totals, n in zip(arms, (calls - dealt, dealt), strict=True):
            totals.update(_totals(n, random))
        yield [arm_of_calls(place, {}, dict(totals)) for place, totals in enumerate(arms)]


def _totals(n: int, random: np.random.Generator) -> Totals:
    seconds = np.rint(random.gamma((_HANDLED / _HANDLED_SD) ** 2, _HANDLED_SD**2 / _HANDLED, n)).astype(np.int64)
    facts = {fact: int(random.binomial(n, rate)) for fact, rate in RATES.items()}
    handled = {"handled_seconds": int(seconds.sum()), "handled_seconds_squares": int((seconds**2).sum())}
    return {"calls": n, "handled_seconds_n": n, **facts, **handled}


def measure(effort: float) -> list[Row]:
    """Give the share of each end that matters, with five looks and three guardrails."""
    random, data, runs = generator("whole"), guarded(), scaled(RUNS, effort)
    ends = [end_of(data, guarded_looks(data.experiment, random)) for _ in range(runs)]
    ended = Counter(end.conclusion for end in ends)
    row = partial(counted, f"{PART}, 5 looks and 3 guardrails")
    return [
        *found("calls", ends, part=f"{PART}, 5 looks and 3 guardrails"),
        row("harm", ended[Conclusion.HARM], runs, most=len(GUARDS) * ALPHA / 2),
        row("untrustworthy", ended[Conclusion.UNTRUSTWORTHY], runs, most=0.01),
        row("no difference or inconclusive", ended[Conclusion.NO_DIFFERENCE] + ended[Conclusion.INCONCLUSIVE], runs),
    ]


def found(
    what: str, ends: Sequence[End], *, part: str = PART, least: float = -np.inf, most: float = ALPHA
) -> list[Row]:
    """Give how often any challenger is found different, and how often one is called the winner."""
    won = sum(end.conclusion in {Conclusion.WINNER, Conclusion.WINNER_NOT_CLEARED} for end in ends)
    return [
        counted(
            part, f"{what}, any difference found", sum(end.decided for end in ends), len(ends), least=least, most=most
        ),
        counted(part, f"{what}, winner", won, len(ends), most=most / 2),
    ]


def unequal_calls(agents: int) -> NDArray[np.int64]:
    """Give agents' calls, from 15 to 4430, evenly spread on the scale of ratios."""
    return np.rint(np.geomspace(_FEWEST, _MOST, agents)).astype(np.int64)


def rates_of(agents: int, icc: float, random: np.random.Generator, mean: float = 0.2) -> NDArray[np.float64]:
    """Draw each agent's asking x succeeding: beta, calls of one agent being so much alike."""
    return random.beta(mean * (1 - icc) / icc, (1 - mean) * (1 - icc) / icc, agents)


def stratified() -> ExperimentData:
    """Register two arms whose calls are dealt within agents, with a look at half of them."""
    plan = a_plan(looks=list(HALVES), metrics=[_primary()], planned_calls=int(unequal_calls(AGENTS).sum()))
    return data_of(plan, SPECS)


def stratified_looks(
    icc: float, random: np.random.Generator, effect: float = 0.0, calls: NDArray[np.int64] | None = None
) -> Iterator[list[ArmData]]:
    """Draw half of each agent's calls for each look; every call falls to an arm by a fair coin."""
    calls = unequal_calls(AGENTS) if calls is None else calls
    rates = rates_of(len(calls), icc, random)
    n, x = np.zeros((2, len(calls)), dtype=np.int64), np.zeros((2, len(calls)), dtype=np.int64)
    for part in (calls // 2, calls - calls // 2):
        dealt = random.binomial(part, 0.5)
        more = np.stack((part - dealt, dealt))
        n, x = n + more, x + random.binomial(more, np.clip(np.stack((rates, rates + effect)), 0, 1))
        yield [arm_of_calls(place, by_agent(n[place], x[place])) for place in (0, 1)]


def by_agent(n: NDArray[np.int64], x: NDArray[np.int64]) -> dict[str, Totals]:
    """Give the agents who had calls, by name."""
    return {
        f"agent-{agent}": {"calls": calls, "accepted": accepted}
        for agent, (calls, accepted) in enumerate(zip(n.tolist(), x.tolist(), strict=True))
        if calls
    }


def of_strata(icc: float, effort: float) -> list[Row]:
    """Give what is found where nothing is, each agent being compared with himself."""
    random, data = generator("whole strata", icc), stratified()
    ends = [end_of(data, stratified_looks(icc, random)) for _ in range(scaled(STRATA_RUNS, effort))]
    what = f"calls within {AGENTS} agents of {_FEWEST} to {_MOST} calls, ICC {icc:g}, 2 looks"
    return found(what, ends, least=0.03, most=0.06)


def several(family: str, spending: str = "obrien-fleming") -> ExperimentData:
    """Register two challengers, with two looks."""
    plan = a_plan(
        (4000, 3000, 3000),
        looks=list(HALVES),
        metrics=[_primary()],
        family=family,
        spending=spending,
        planned_calls=6000,
    )
    return data_of(plan, SPECS)


def several_looks(plan: Experiment, random: np.random.Generator) -> Iterator[list[ArmData]]:
    """Draw half of the planned calls for each look."""
    shares = np.array([arm.weight for arm in plan.arms]) / 10_000
    n, x = np.zeros(len(shares), dtype=np.int64), np.zeros(len(shares), dtype=np.int64)
    for _ in plan.looks:
        more = random.multinomial((plan.planned_calls or 0) // len(plan.looks), shares)
        n, x = n + more, x + random.binomial(more, 0.2)
        did = enumerate(zip(n.tolist(), x.tolist(), strict=True))
        yield [arm_of_calls(place, {}, {"calls": calls, "accepted": accepted}) for place, (calls, accepted) in did]


def of_families(family: str, effort: float) -> list[Row]:
    """Give how often either of two challengers is found different, by the whole verdict."""
    random, data = generator("whole family", family), several(family)
    ends = [end_of(data, several_looks(data.experiment, random)) for _ in range(scaled(FAMILY_RUNS, effort))]
    return found(f"3 arms, {family}, 2 looks", ends)


def spent(family: str, spending: str, looks: Sequence[float], challengers: int, effort: float) -> list[Row]:
    """Give the same of normal scores, in so many tests that a tenth of a percentage point shows."""
    weights = [10_000 // (challengers + 1)] * (challengers + 1)
    plan = a_plan(weights, looks=list(looks), family=family, spending=spending)
    runs, random = scaled(SPENT_RUNS, effort), generator("spent", family, spending, looks, challengers)
    hits = sum(beyond(plan, min(50_000, runs - done), random) for done in range(0, runs, 50_000))
    part = f"{PART}, several challengers share alpha by their family and spend it over looks: any found"
    what = f"{challengers} challengers, {family}, {spending}, {len(looks)} looks"
    return [counted(part, what, hits, runs, most=ALPHA)]


def beyond(plan: Experiment, runs: int, random: np.random.Generator) -> int:
    """Count tests without any effect in which any challenger is beyond any boundary."""
    boundaries = Spent.before(plan, [], few=False).boundaries(*plan.looks)
    total, before = np.zeros((runs, len(plan.arms))), 0.0
    found = np.zeros(runs, dtype=np.bool_)
    for boundary in boundaries:
        total += random.standard_normal(total.shape) * (boundary.fraction - before) ** 0.5
        before = boundary.fraction
        z = (total[:, 1:] - total[:, :1]) / (2 * before) ** 0.5
        found |= (np.abs(z) >= boundary.z).any(axis=1)
    return int(found.sum())


def _primary() -> PlannedMetric:
    return PlannedMetric(metric=PRIMARY.metric, role="primary", margin=None, watch=False)


FAMILIES = ("dunnett", "bonferroni")
SPENDINGS = ("obrien-fleming", "pocock")

TASKS: tuple[Task, ...] = (
    Task("the whole verdict", measure),
    *(Task(f"whole, within agents, ICC {icc}", partial(of_strata, icc)) for icc in (0.02, 0.2)),
    *(Task(f"whole, {family}", partial(of_families, family)) for family in FAMILIES),
    *(
        Task(
            f"spent {family} {spending} {len(looks)} {challengers}",
            partial(spent, family, spending, looks, challengers),
        )
        for family in FAMILIES
        for spending in SPENDINGS
        for looks, challengers in ((HALVES, 2), (LOOKS, 4))
    ),
)
