"""Reading a test: what may be seen at any time, and what a planned look reads by the rule of its plan.

Between looks only what may be watched at any time is shown: counts, health, and guardrails by always-valid
intervals. The primary metric's effect is read at looks alone, at the boundary the spending plan leaves it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from experiments.calendar import days_before
from experiments.check import history, verdict
from experiments.check.analysis import arms as analysis
from experiments.check.analysis.arms import ArmData, Compared
from experiments.check.data import ExperimentData, read_data
from experiments.check.examining.at_looks import at_look
from experiments.check.examining.daily import daily, of_desks, staffed_of
from experiments.check.examining.doubts import doubts_of
from experiments.check.explaining import explain, funnel_days
from experiments.check.health import floor
from experiments.check.health.findings import Finding
from experiments.check.metrics import MetricSpec
from experiments.check.results import LookResult, MetricReading, Watch
from experiments.check.stopping import Spent, decide
from experiments.check.watching import cleared, compare_for_clearance, watched
from experiments.errors import Conflict
from experiments.plan import traffic
from experiments.plan.designs import Experiment, PlannedMetric
from experiments.plan.rules import LEAST_STEP
from stats.comparison import Comparison
from stats.families.adjusting import benjamini_hochberg


def watch(session: Session, experiment: Experiment, *, today: int) -> Watch:
    """Read what may be read at any time.

    Args:
        session: to read the rollup with.
        experiment: the experiment.
        today: the site-local day, YYYYMMDD.
    """
    data = read_data(session, experiment, untils=[today])
    return _watch(session, data, data.arms(today), today)


def matured_calls(session: Session, experiment: Experiment, *, today: int) -> int:
    """Count the eligible calls whose window for the primary metric has closed, of the arms that are still dealt.

    They are what `awaited_calls` are reached with: with an arm dropped, the others and the control need no more calls
    than they were planned to have, so that the final look comes when it would have come for them.
    """
    until = matured(history.specs_of(session, experiment)[primary_of(experiment).metric], today)
    totals = history.arm_totals(session, experiment, until=until)
    return sum(totals[arm.key]["calls"] for arm in experiment.dealt)


def read(
    session: Session, experiment: Experiment, earlier: Sequence[Mapping[str, Any]], *, today: int, final: bool
) -> LookResult:
    """Analyse the data to date as the next look would.

    Args:
        session: to read the rollup with.
        experiment: the experiment.
        earlier: contents of the looks made before.
        today: the site-local day, YYYYMMDD.
        final: whether all the remaining alpha is spent.

    Raises:
        Conflict: no new calls have matured since the last look.
    """
    untils = {key: matured(spec, today) for key, spec in history.specs_of(session, experiment).items()}
    asked = [*untils.values(), *funnel_days(session, experiment, today), today]
    data = read_data(session, experiment, untils=asked, moderators=experiment.moderators)
    arms = {until: data.arms(until) for until in data.calls.untils}
    primary = primary_of(experiment)
    own = arms[untils[primary.metric]]
    spent = Spent.before(experiment, earlier, few=_few_clusters(own))
    fraction = _fraction(experiment, own, earlier, final)
    boundary = spent.boundary(fraction, final=final)
    alphas = {m.metric: experiment.alpha for m in experiment.metrics}
    alphas[primary.metric] = boundary.nominal_alpha or spent.alpha
    compared = {
        (m.metric, arm.key): _compare(data, m, arms[untils[m.metric]], place, alphas[m.metric])
        for m in experiment.metrics
        for place, arm in enumerate(experiment.dealt)
        if place
    }
    spec = data.specs[primary.metric]
    doubts = doubts_of(session, data, own, compared, spec, untils[primary.metric])
    more = at_look(session, data, arms[today], spec, today)
    answers = {key: found.answer for key, found in compared.items()}
    seen = _cleared(data, answers, _watch(session, data, arms[today], today, (*more, *doubts)))
    effects = {challenger: answer for (metric, challenger), answer in answers.items() if metric == primary.metric}
    decisions = {each: decide(spent, boundary, each, found, final=final) for each, found in effects.items()}
    may_end = final or any(decision.crossed for decision in decisions.values())
    return LookResult(
        number=len(earlier) + 1,
        as_of=today,
        final=final,
        boundary=boundary,
        clustering=analysis.clustering(spec, own),
        watch=seen,
        readings=_readings(experiment, compared, untils, decisions),
        explanation=explain(session, data, arms, primary.metric, list(effects.values()), today) if may_end else None,
        verdict=verdict.conclude(
            spec,
            effects,
            seen.guards,
            seen.findings,
            doubts=doubts,
            decided={challenger for challenger, decision in decisions.items() if decision.crossed},
            threshold=boundary.nominal_alpha,
            effect=experiment.effect,
            final=final,
        ),
    )


def _cleared(data: ExperimentData, answers: Mapping[tuple[str, str], Comparison], seen: Watch) -> Watch:
    """Read the guardrails over matured calls too, as clearance asks."""
    guards = [cleared(g, data.specs[g.metric], answers[g.metric, g.challenger]) for g in seen.guards]
    return replace(seen, guards=tuple(guards))


def primary_of(experiment: Experiment) -> PlannedMetric:
    """Give the metric that decides."""
    return next(m for m in experiment.metrics if m.role == "primary")


def matured(spec: MetricSpec, today: int) -> int:
    """Give the last day of assignment whose window has closed; a metric without a window counts today's calls."""
    return days_before(today, spec.window_days + 1) if spec.window_days else today


def _compare(
    data: ExperimentData, planned: PlannedMetric, arms: Sequence[ArmData], place: int, alpha: float
) -> Compared:
    spec = data.specs[planned.metric]
    if planned.role == "guardrail":
        return compare_for_clearance(data, spec, arms, place, alpha=alpha)
    return analysis.compare(data.method, spec, arms, place, alpha=alpha)


def _watch(
    session: Session, data: ExperimentData, arms: Sequence[ArmData], today: int, found: Sequence[Finding] = ()
) -> Watch:
    experiment = data.experiment
    guards = [
        watched(data, planned, arms, place)
        for planned in experiment.metrics
        if planned.role == "guardrail"
        for place in range(1, len(arms))
    ]
    findings = (*_health(session, data, arms, today), *found)
    return Watch(today, {arm.key: arm.totals for arm in arms}, findings, tuple(guards))


def _health(session: Session, data: ExperimentData, arms: Sequence[ArmData], today: int) -> list[Finding]:
    primary = data.specs[primary_of(data.experiment).metric]
    staffed = staffed_of(data, primary, today)
    asked = daily(data, arms, primary, staffed, today)
    return asked + of_desks(session, data.experiment) + _pinned(session, data.experiment)


def _pinned(session: Session, experiment: Experiment) -> list[Finding]:
    """Say so when another standard than the control is in force: the test keeps the one it was written against."""
    current = traffic.newest(session, experiment.scenario_id)
    known = {experiment.control_version_id, *(arm.version_id for arm in experiment.arms)}
    return [floor.standard_changed()] if current and current.value.standard_id not in known else []


def _readings(
    experiment: Experiment,
    compared: Mapping[tuple[str, str], Compared],
    untils: Mapping[str, int],
    decisions: Mapping[str, Any],
) -> tuple[MetricReading, ...]:
    roles = {m.metric: m.role for m in experiment.metrics}
    secondary = [key for key in compared if roles[key[0]] == "secondary"]
    # An arm that was dropped keeps its place in the family, or dropping one would make the others look surer.
    dropped = len(experiment.arms) - len(experiment.dealt)
    places = [1.0] * dropped * sum(role == "secondary" for role in roles.values())
    family = [*(compared[key].answer.p_value for key in secondary), *places]
    adjusted = dict(zip(secondary, benjamini_hochberg(family), strict=False))
    return tuple(
        MetricReading(
            metric=metric,
            role=roles[metric],
            challenger=challenger,
            until=untils[metric],
            comparison=found.answer,
            adjusted_p=adjusted.get((metric, challenger)),
            model=found.model,
            other=found.other,
            stopped=decisions[challenger].stopped if roles[metric] == "primary" else None,
            overrun=decisions[challenger].overrun if roles[metric] == "primary" else None,
        )
        for (metric, challenger), found in compared.items()
    )


def _few_clusters(arms: Sequence[ArmData]) -> bool:
    return arms[0].units is not None and sum(len(arm.units or ()) for arm in arms) < analysis.FEW_CLUSTERS


def _fraction(
    experiment: Experiment, arms: Sequence[ArmData], earlier: Sequence[Mapping[str, Any]], final: bool
) -> float:
    if final:
        return 1.0
    calls = sum(arm.totals["calls"] for arm in arms)
    fraction = min(calls / max(experiment.awaited_calls or 0, 1), 1.0 - LEAST_STEP)
    if fraction < (earlier[-1]["boundary"]["fraction"] if earlier else 0.0) + LEAST_STEP:
        raise Conflict("No new calls of %(experiment)s have matured since the last look.", experiment=experiment.key)
    return fraction
