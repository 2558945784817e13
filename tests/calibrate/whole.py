"""The whole verdict: A/A experiments looked at as planned, with guardrails and health, until the rule ends them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from experiments.check import analysis, health, looks, verdict
from experiments.check.analysis import ArmData
from experiments.check.metrics import MetricSpec, Totals
from experiments.check.verdict import Conclusion
from experiments.plan.designs import Experiment, PlannedMetric
from experiments.plan.sizing import size
from stats.looking.spending import spending_boundaries
from tests.calibrate.rows import Row, Task, counted, generator, scaled
from tests.calibrate.watching import proportion

ALPHA, BASE, EFFECT = 0.05, 0.1, 0.02
LOOKS = (0.2, 0.4, 0.6, 0.8, 1.0)
WEIGHTS = {"control": 5000, "challenger": 5000}
RUNS, TASKS_IN_FULL = 250, 4
WEEK = 7

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


def planned_calls() -> int:
    """Give the size that the product plans."""
    total = size(BASE, EFFECT, alpha=ALPHA, power=0.8, weights=list(WEIGHTS.values()), looks=LOOKS, daily_calls=1).total
    assert total is not None
    return total


def ends(experiment: Experiment, random: np.random.Generator) -> Conclusion:
    """Run one A/A experiment to its end."""
    arms: dict[str, Counter[str]] = {key: Counter() for key in WEIGHTS}
    for look in range(1, len(LOOKS) + 1):
        _deal(arms, round((experiment.planned_calls or 0) / len(LOOKS)), random)
        data = [ArmData(key, dict(totals), None) for key, totals in arms.items()]
        said = concluded(experiment, data, LOOKS[:look])
        if said is not Conclusion.KEEP_RUNNING:
            return said
    raise AssertionError("the last look decides")


def concluded(experiment: Experiment, arms: Sequence[ArmData], fractions: Sequence[float]) -> Conclusion:
    """Conclude a look as `looks.read` does: planned comparison, guardrails watched and cleared, health."""
    boundary = spending_boundaries(fractions, alpha=ALPHA)[-1]
    alphas = dict.fromkeys(SPECS, ALPHA) | {"accepted": boundary.nominal_alpha or ALPHA}
    compared = analysis.compare_all(SPECS, arms, alpha=alphas)
    watched = [looks.watched(guard, SPECS[guard.metric], arms[0], arms[1], experiment) for guard in GUARDS]
    guards = [looks.cleared(g, SPECS[g.metric], compared[g.metric, arms[1].key]) for g in watched]
    return verdict.conclude(
        SPECS["accepted"],
        {arms[1].key: compared["accepted", arms[1].key]},
        guards,
        _health(arms),
        threshold=boundary.nominal_alpha,
        effect=EFFECT,
        final=fractions[-1] == 1,
    ).conclusion


def _health(arms: Sequence[ArmData]) -> list[health.Finding]:
    totals = {arm.key: arm.totals for arm in arms}
    units = {arm.key: arm.totals["calls"] for arm in arms}
    return health.check_health(totals, WEIGHTS, dict.fromkeys(range(WEEK), units), unit_counts=units)


def _deal(arms: Mapping[str, Counter[str]], calls: int, random: np.random.Generator) -> None:
    dealt = int(random.binomial(calls, 0.5))
    for totals, n in zip(arms.values(), (calls - dealt, dealt), strict=True):
        totals.update(_totals(n, random))


def _totals(n: int, random: np.random.Generator) -> Totals:
    seconds = np.rint(random.gamma((_HANDLED / _HANDLED_SD) ** 2, _HANDLED_SD**2 / _HANDLED, n)).astype(np.int64)
    facts = {fact: int(random.binomial(n, rate)) for fact, rate in RATES.items()}
    handled = {"handled_seconds": int(seconds.sum()), "handled_seconds_squares": int((seconds**2).sum())}
    return {"calls": n, "handled_seconds_n": n, **facts, **handled}


def tally(piece: int, effort: float) -> Counter[Conclusion]:
    """Count how experiments end."""
    random = generator("whole", piece)
    experiment = Experiment(unit="call", alpha=ALPHA, planned_calls=planned_calls())
    return Counter(ends(experiment, random) for _ in range(scaled(RUNS, effort)))


def measure(effort: float) -> list[Row]:
    """Give the share of each end that matters."""
    ended: Counter[Conclusion] = sum((tally(piece, effort) for piece in range(TASKS_IN_FULL)), Counter())
    runs = ended.total()
    row = partial(counted, "The whole verdict, A/A experiments with 5 looks and 3 guardrails")
    return [
        row("winner", ended[Conclusion.WINNER], runs, most=ALPHA),
        row("winner, or not cleared yet", ended[Conclusion.WINNER] + ended[Conclusion.WINNER_NOT_CLEARED], runs),
        row("loser", ended[Conclusion.LOSER], runs),
        row("harm", ended[Conclusion.HARM], runs, most=len(GUARDS) * ALPHA / 2),
        row("untrustworthy", ended[Conclusion.UNTRUSTWORTHY], runs, most=0.01),
        row("no difference or inconclusive", ended[Conclusion.NO_DIFFERENCE] + ended[Conclusion.INCONCLUSIVE], runs),
    ]


TASKS: tuple[Task, ...] = (Task("the whole verdict", measure),)
