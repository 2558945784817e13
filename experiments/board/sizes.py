"""The size of a plan, with the rates, the volume and the agents of its own scenario: `plan` and `check`, joined."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
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


class Sizes:
    """What a plan's calls and days come to; whatever it takes to know that is read once, when it is first asked for.

    Everything raises Conflict where there is too little history and the plan states no rate, or where the rate leaves
    no room for the effect.

    Args:
        session: to read the rollup with.
        experiment: the plan.
    """

    def __init__(self, session: Session, experiment: Experiment) -> None:
        self._session, self._experiment = session, experiment

    @cached_property
    def own(self) -> Sizing:
        """Size the plan with the rates, volume and agents of the scenario's own history."""
        experiment, daily = self._experiment, self._daily
        match experiment.unit:
            case "call":
                dealt, within = daily * experiment.coverage / 10_000, 1 - _icc(self._agents)
                return sizing.size_calls(self.goal, daily_calls=dealt, design_effect=within)
            case "customer":
                return sizing.size_calls(self.goal, daily_calls=daily * experiment.coverage / 10_000)
            case "agent_shift" if daily:
                design = self.designs[-1]
                return Sizing(self.goal.base_rate, self.goal.effect, design.total, daily, design.days)
            case _:
                icc, cv = _icc(self._agents), _cv(self._agents)
                return sizing.size_units(self.goal, self._clusters, daily_calls=daily, icc=icc, cv=cv)

    @cached_property
    def designs(self) -> tuple[Design, ...]:
        """Put the three ways to randomise side by side for the plan's question: by call, by agent, by agent-shift."""
        return sizing.compare_designs(self.goal, self._floor)

    def curve(self, effects: Sequence[float]) -> tuple[tuple[float, tuple[Design, ...]], ...]:
        """Put them side by side for other smallest differences, as shares above 0; one without room is left out."""
        fitting = [effect for effect in effects if self.goal.base_rate + effect < 1]
        return tuple(
            (effect, sizing.compare_designs(replace(self.goal, effect=effect), self._floor)) for effect in fitting
        )

    def power(self, total: int) -> PlanPower:
        """Say what so many calls can show together: the primary effect, and every guardrail that must be cleared.

        Statistics of different metrics are taken as independent, which for the metrics of one call is a cautious guess.

        Args:
            total: eligible calls of all arms at the last look.
        """
        experiment, goal, effect = self._experiment, self.goal, self._design_effect(total)
        known: dict[str, Guardrail] = {}
        to_clear = [m for m in experiment.metrics if m.role == "guardrail" and not m.watch]
        for planned in to_clear:
            spec = self._specs[planned.metric]
            outcome = _outcome(spec, self._past)
            if outcome is not None:
                known[planned.metric] = Guardrail(outcome, planned.margin or 0.0, spec.better, max(effect, 1.0))
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

    @cached_property
    def goal(self) -> Goal:
        """Say what the plan is to find."""
        experiment, rate = self._experiment, self._base_rate()
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

    def _base_rate(self) -> float:
        if self._experiment.base_rate is not None:
            return self._experiment.base_rate
        calls, successes = self._past["calls"], self._past[self._primary.numerator]
        too_few = calls < _LEAST_HISTORY or not 0 < successes < calls
        if self._experiment.kind == Kind.SCENARIO or too_few:
            raise Conflict(TOO_LITTLE)
        return successes / calls

    def _design_effect(self, total: int) -> float:
        """Give the variance over that of independent calls in the primary metric, as the plan's size takes it.

        Guardrails take the same where it is above 1: how alike their own calls are is not asked.
        """
        match self._experiment.unit:
            case "customer":
                return 1.0
            case "call":
                return 1 - _icc(self._agents)
            case "agent_shift":
                known = self.designs[-1].design_effect
                return 1.0 if math.isnan(known) else known
            case _:
                units = max(self._clusters, 1)
                return design_effect(_icc(self._agents), max(total / units, 1.0), _cv(self._agents))

    @cached_property
    def _specs(self) -> dict[str, MetricSpec]:
        return history.specs_of(self._session, self._experiment)

    @property
    def _primary(self) -> MetricSpec:
        return next(self._specs[m.metric] for m in self._experiment.metrics if m.role == "primary")

    @cached_property
    def _past(self) -> Totals:
        """Sum the scenario's eligible calls."""
        return history.scenario_history(self._session, [self._experiment.scenario_id]).eligible

    @cached_property
    def _workload(self) -> Workload:
        return history.workload(self._session, self._experiment.scenario_id, self._primary.numerator)

    @cached_property
    def _daily(self) -> float:
        """Give eligible calls a day that the plan's own audience lets in."""
        experiment = self._experiment
        let_in = eligible.eligible_calls(self._session, experiment.scenario, experiment.audience).share
        return self._workload.daily_calls * let_in

    @cached_property
    def _clusters(self) -> int:
        return history.cluster_count(self._session, self._experiment)

    @cached_property
    def _agents(self) -> Clustering | None:
        """Say how alike the calls of one agent are."""
        return _alike(self._workload.agents)

    @cached_property
    def _floor(self) -> Floor:
        """See who takes the calls as designs are compared by."""
        workload, shifts = self._workload, _alike(self._workload.agent_days)
        return Floor(
            daily_calls=self._daily,
            agents=len(workload.agents),
            daily_shifts=_SHIFTS_A_DAY * len(workload.agent_days) / max(workload.days, 1),
            agent_icc=_icc(self._agents),
            shift_icc=max(_icc(shifts), _icc(self._agents)),
            cv=_cv(self._agents),
            shift_cv=_cv(shifts),
        )


def _outcome(spec: MetricSpec, past: Totals) -> Share | Mean | None:
    """See a guardrail as sizing does, by the scenario's own calls; None where they do not show its spread."""
    moments = moments_of_calls(spec, past)
    if spec.kind == "proportion":
        return Share(moments.ratio) if 0 < moments.ratio < 1 else None
    sd = sd_of(moments) if moments.units > _LEAST_HISTORY else math.nan
    return Mean(sd) if sd > 0 else None


def _alike(units: NDArray[np.int64]) -> Clustering | None:
    """Say how alike calls of one unit are, of rows (successes, calls); None where there are too few units to say."""
    successes, calls = units.T
    whole = units[(successes >= 0) & (successes <= calls) & (calls > 0)]
    return clustering_of_proportions([(y, n) for y, n in whole.tolist()]) if len(whole) >= _LEAST_AGENTS else None


def _icc(alike: Clustering | None) -> float:
    if alike is None or math.isnan(alike.icc):
        return ASSUMED_ICC
    return min(max(alike.icc, 0.0), _MOST_ALIKE)


def _cv(alike: Clustering | None) -> float:
    return 0.0 if alike is None else alike.cv
