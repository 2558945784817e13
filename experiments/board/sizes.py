"""The size of a plan, with the rates, the volume and the agents of its own scenario: `plan` and `check`, joined."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from experiments.check import eligible, history
from experiments.check.history import Workload
from experiments.check.metrics import MetricSpec, Totals, moments_of_calls
from experiments.check.stopping import alpha_of_each
from experiments.errors import Conflict
from experiments.plan import sizing
from experiments.plan.designs import Experiment
from experiments.plan.rules import Kind
from experiments.plan.sizing import ASSUMED_ICC, Design, Floor, Goal, Sizing
from experiments.wording import sentence
from stats.clusters.icc import Clustering, clustering_of_proportions, design_effect
from stats.sizing.joint import Guardrail, Primary, power_of_all
from stats.sizing.means import sd_of
from stats.sizing.outcomes import Mean, Share

TOO_LITTLE = sentence("Too little history to size this test: state today's rate as base_rate.")
"""Why a plan without a rate of its own has no size."""

_LEAST_HISTORY = 100  # eligible calls before a scenario's own rate is believed in a plan
_LEAST_AGENTS = 10  # before their likeness is: of fewer, an ICC is anybody's guess
_MOST_ALIKE = 0.99  # what a plan can still be computed with
_SHIFTS_A_DAY = 1  # the rollup knows an agent's day, not its halves: cautious, since longer shifts hold more calls


@dataclass(frozen=True, slots=True)
class _Ground:
    """What every size of a plan stands on, read once: its goal, who took the scenario's calls, and how many it takes.

    `daily` are eligible calls a day that the plan's own audience lets in.
    """

    goal: Goal
    workload: Workload
    daily: float

    @property
    def floor(self) -> Floor:
        """See who takes the calls as designs are compared by."""
        return _floor(self.workload, self.daily)


@dataclass(frozen=True, slots=True)
class Sizes:
    """A plan's size, beside the three ways to randomise: for its own effect, and for others with their designs."""

    own: Sizing
    designs: tuple[Design, ...]
    curve: tuple[tuple[float, tuple[Design, ...]], ...]


def size_of(session: Session, experiment: Experiment) -> Sizing:
    """Size a plan with the rates, volume and agents of the scenario's own history.

    Raises:
        Conflict: there is too little history and the plan states no rate, or the rate leaves no room for the effect.
    """
    return _sized(session, experiment, _ground(session, experiment))


def designs_of(session: Session, experiment: Experiment) -> tuple[Design, ...]:
    """Put the three ways to randomise side by side for a plan's question: by call, by agent, by agent-shift.

    Raises:
        Conflict: as `size_of`.
    """
    ground = _ground(session, experiment)
    return sizing.compare_designs(ground.goal, ground.floor)


def sizes_of(session: Session, experiment: Experiment, effects: Sequence[float]) -> Sizes:
    """Size a plan, and put the three ways to randomise side by side for its own effect and for others.

    Args:
        session: to read the rollup with.
        experiment: the plan.
        effects: smallest differences worth having, as shares, each above 0; one without room is left out.

    Raises:
        Conflict: as `size_of`.
    """
    ground = _ground(session, experiment)
    goal, floor = ground.goal, ground.floor
    fitting = [effect for effect in effects if goal.base_rate + effect < 1]
    curve = [(effect, sizing.compare_designs(replace(goal, effect=effect), floor)) for effect in fitting]
    own, designs = _sized(session, experiment, ground), sizing.compare_designs(goal, floor)
    return Sizes(own, designs, tuple(curve))


@dataclass(frozen=True, slots=True)
class PlanPower:
    """What the planned calls can show together.

    `clearance` gives, for each guardrail that must be cleared, the chance that it is when the challenger is in truth no
    worse; `together` the chance that the primary effect is found and all of them are cleared. A guardrail without a
    history to know its spread from is left out, and named in `unknown`.
    """

    together: float
    primary: float
    clearance: Mapping[str, float]
    unknown: tuple[str, ...]


def power_of_plan(session: Session, experiment: Experiment, total: int) -> PlanPower:
    """Say what so many calls can show together: the primary effect, and every guardrail that must be cleared.

    Statistics of different metrics are taken as independent, which for the metrics of one call is a cautious guess.

    Args:
        session: to read the rollup with.
        experiment: the plan.
        total: eligible calls of all arms at the last look.

    Raises:
        Conflict: as `size_of`.
    """
    goal, specs = _goal(session, experiment), history.specs_of(session, experiment)
    past = history.scenario_history(session, [experiment.scenario_id]).eligible
    effect = _design_effect(session, experiment, total)
    known: dict[str, Guardrail] = {}
    to_clear = [m for m in experiment.metrics if m.role == "guardrail" and not m.watch]
    for planned in to_clear:
        outcome = _outcome(specs[planned.metric], past)
        if outcome is not None:
            better = specs[planned.metric].better
            known[planned.metric] = Guardrail(outcome, planned.margin or 0.0, better, max(effect, 1.0))
    shown = power_of_all(
        Primary(Share(goal.base_rate), goal.effect, effect, goal.inflation()),
        list(known.values()),
        [max(total * arm.weight // 10_000, 1) for arm in experiment.arms],
        alpha=experiment.alpha,
        comparisons=len(experiment.arms) - 1,
    )
    return PlanPower(
        together=shown.power,
        primary=shown.primary,
        clearance=dict(zip(known, shown.guardrails, strict=True)),
        unknown=tuple(m.metric for m in to_clear if m.metric not in known),
    )


def _design_effect(session: Session, experiment: Experiment, total: int) -> float:
    """Give the variance over that of independent calls in the primary metric, as the plan's size takes it.

    Guardrails take the same where it is above 1: how alike their own calls are is not asked.
    """
    if experiment.unit == "customer":
        return 1.0
    workload = _workload(session, experiment)
    alike = _alike(workload.agents)
    match experiment.unit:
        case "call":
            return 1 - _icc(alike)
        case "agent_shift":
            known = designs_of(session, experiment)[-1].design_effect
            return 1.0 if math.isnan(known) else known
        case _:
            units = max(history.cluster_count(session, experiment), 1)
            return design_effect(_icc(alike), max(total / units, 1.0), _cv(alike))


def _outcome(spec: MetricSpec, past: Totals) -> Share | Mean | None:
    """See a guardrail as sizing does, by the scenario's own calls; None where they do not show its spread."""
    moments = moments_of_calls(spec, past)
    if spec.kind == "proportion":
        return Share(moments.ratio) if 0 < moments.ratio < 1 else None
    sd = sd_of(moments) if moments.units > _LEAST_HISTORY else math.nan
    return Mean(sd) if sd > 0 else None


def _goal(session: Session, experiment: Experiment) -> Goal:
    rate = _base_rate(session, experiment)
    if rate + experiment.effect >= 1:
        raise Conflict("The rate today leaves no room for so large an effect.")
    return Goal(
        base_rate=rate,
        effect=experiment.effect,
        alpha=alpha_of_each(experiment),
        power=experiment.power,
        weights=[arm.weight for arm in experiment.arms],
        looks=experiment.looks,
        spending="pocock" if experiment.spending == "pocock" else "obrien-fleming",
    )


def _base_rate(session: Session, experiment: Experiment) -> float:
    if experiment.base_rate is not None:
        return experiment.base_rate
    past = history.scenario_history(session, [experiment.scenario_id])
    calls, successes = past.eligible["calls"], past.eligible[_primary(session, experiment).numerator]
    if experiment.kind == Kind.SCENARIO or calls < _LEAST_HISTORY or not 0 < successes < calls:
        raise Conflict(TOO_LITTLE)
    return successes / calls


def _primary(session: Session, experiment: Experiment) -> MetricSpec:
    specs = history.specs_of(session, experiment)
    return next(specs[m.metric] for m in experiment.metrics if m.role == "primary")


def _workload(session: Session, experiment: Experiment) -> Workload:
    return history.workload(session, experiment.scenario_id, _primary(session, experiment).numerator)


def _ground(session: Session, experiment: Experiment) -> _Ground:
    goal, workload = _goal(session, experiment), _workload(session, experiment)
    let_in = eligible.eligible_calls(session, experiment.scenario, experiment.audience).share
    return _Ground(goal, workload, workload.daily_calls * let_in)


def _sized(session: Session, experiment: Experiment, ground: _Ground) -> Sizing:
    goal, daily, alike = ground.goal, ground.daily, _alike(ground.workload.agents)
    match experiment.unit:
        case "call":
            within = 1 - _icc(alike)
            return sizing.size_calls(goal, daily_calls=daily * experiment.coverage / 10_000, design_effect=within)
        case "customer":
            return sizing.size_calls(goal, daily_calls=daily * experiment.coverage / 10_000)
        case "agent_shift" if daily:
            design = sizing.compare_designs(goal, ground.floor)[-1]
            return Sizing(goal.base_rate, goal.effect, design.total, daily, design.days)
        case _:
            units = history.cluster_count(session, experiment)
            return sizing.size_units(goal, units, daily_calls=daily, icc=_icc(alike), cv=_cv(alike))


def _floor(workload: Workload, daily_calls: float) -> Floor:
    agents, shifts = _alike(workload.agents), _alike(workload.agent_days)
    return Floor(
        daily_calls=daily_calls,
        agents=len(workload.agents),
        daily_shifts=_SHIFTS_A_DAY * len(workload.agent_days) / max(workload.days, 1),
        agent_icc=_icc(agents),
        shift_icc=max(_icc(shifts), _icc(agents)),
        cv=_cv(agents),
        shift_cv=_cv(shifts),
    )


def _alike(units: list[tuple[int, int]]) -> Clustering | None:
    """Say how alike calls of one unit are; None where there are too few units to say."""
    whole = [(y, n) for y, n in units if 0 <= y <= n and n]
    return clustering_of_proportions(whole) if len(whole) >= _LEAST_AGENTS else None


def _icc(alike: Clustering | None) -> float:
    if alike is None or math.isnan(alike.icc):
        return ASSUMED_ICC
    return min(max(alike.icc, 0.0), _MOST_ALIKE)


def _cv(alike: Clustering | None) -> float:
    return 0.0 if alike is None else alike.cv
