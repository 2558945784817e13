"""A test from its first look to its last, as `experiments.check.reading` reads it, but from sums that were drawn."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.check import verdict
from experiments.check.analysis.arms import FEW_CLUSTERS, ArmData, compare
from experiments.check.data import ExperimentData
from experiments.check.health import effects, split
from experiments.check.health.findings import Finding
from experiments.check.results import plain
from experiments.check.stopping import Spent, decide
from experiments.check.verdict import Conclusion, Verdict
from experiments.check.watching import cleared, compare_for_clearance, watched
from experiments.plan.rules import LEAST_STEP
from stats.comparison import Comparison


@dataclass(frozen=True, slots=True)
class Look:
    """What a look says; which challengers are beyond its boundary; and what of it the looks to come ask for."""

    verdict: Verdict
    decided: frozenset[str]
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class End:
    """How a test ended, and whether any look found any challenger different, better or worse."""

    conclusion: Conclusion
    decided: bool


def end_of(data: ExperimentData, looks: Iterable[Sequence[ArmData]]) -> End:
    """Look at a test as planned until the rule ends it.

    Args:
        data: of the test, but for its calls.
        looks: what each arm did until each of the planned looks.
    """
    earlier: list[Mapping[str, Any]] = []
    decided = False
    for number, arms in enumerate(looks, start=1):
        look = look_at(data, arms, earlier, final=number == len(data.experiment.looks))
        decided |= bool(look.decided)
        if look.verdict.conclusion is not Conclusion.KEEP_RUNNING:
            return End(look.verdict.conclusion, decided)
        earlier.append(look.content)
    raise AssertionError("the last look decides")


def look_at(
    data: ExperimentData, arms: Sequence[ArmData], earlier: Sequence[Mapping[str, Any]], *, final: bool
) -> Look:
    """Look as the product does: the primary metric at its boundary, guardrails watched and cleared, the split."""
    plan = data.experiment
    primary = data.specs[next(m.metric for m in plan.metrics if m.role == "primary")]
    guardrails = [m for m in plan.metrics if m.role == "guardrail"]
    challengers = range(1, len(arms))
    few = arms[0].units is not None and sum(len(arm.units or ()) for arm in arms) < FEW_CLUSTERS
    spent = Spent.before(plan, earlier, few=few)
    boundary = spent.boundary(_fraction(data, arms, final=final), final=final)
    alpha = boundary.nominal_alpha or spent.alpha
    compared = {arms[place].key: compare(data.method, primary, arms, place, alpha=alpha) for place in challengers}
    answers = {key: found.answer for key, found in compared.items()}
    decisions = {key: decide(spent, boundary, key, answer, final=final) for key, answer in answers.items()}
    decided = frozenset(key for key, decision in decisions.items() if decision.crossed)
    doubts = [
        effects.few_agents_carry(key, found.answer, found.other)
        for key, found in compared.items()
        if found.other is not None
    ]
    guards = []
    for planned in guardrails:
        spec = data.specs[planned.metric]
        for place in challengers:
            shown = compare_for_clearance(data, spec, arms, place, alpha=plan.alpha).answer
            guards.append(cleared(watched(data, planned, arms, place), spec, shown))
    said = verdict.conclude(
        primary,
        answers,
        guards,
        [_split(data, arms), *doubts],
        doubts=doubts,
        decided=decided,
        threshold=boundary.nominal_alpha,
        effect=plan.effect,
        final=final,
    )
    return Look(said, decided, {"boundary": plain(boundary), "readings": _readings(answers)})


def _fraction(data: ExperimentData, arms: Sequence[ArmData], *, final: bool) -> float:
    calls = sum(arm.totals["calls"] for arm in arms)
    return 1.0 if final else min(calls / (data.experiment.planned_calls or 1), 1.0 - LEAST_STEP)


def _readings(answers: Mapping[str, Comparison]) -> list[dict[str, Any]]:
    return [{"role": "primary", "challenger": key, "comparison": plain(answer)} for key, answer in answers.items()]


def _split(data: ExperimentData, arms: Sequence[ArmData]) -> Finding:
    units = [arm.totals["calls"] if arm.units is None else len(arm.units) for arm in arms]
    return split.sample_ratio(units, list(data.method.weights))
