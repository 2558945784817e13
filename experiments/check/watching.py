"""Guardrails: harm is watched at all times, clearance is read at planned looks."""

import math
from collections.abc import Sequence
from dataclasses import replace

from experiments.check import verdict
from experiments.check.analysis import arms as analysis
from experiments.check.analysis.arms import ArmData, Compared
from experiments.check.data import ExperimentData
from experiments.check.metrics import MetricSpec, Totals, denominator_of
from experiments.check.verdict import Guard, GuardrailReading
from experiments.plan.designs import Experiment, PlannedMetric
from experiments.plan.traffic import FINE_UNITS
from stats.comparison import Comparison
from stats.looking.always_valid import confidence_sequence
from stats.looking.rare import Events, watch_events

LEAST_EXPECTED = 10
"""Successes and failures (or calls with a number) that each arm must be expected to have, were there no difference.

Below it the confidence sequence is not read: it is asymptotic, and its error rates are proven from there on (`make
calibrate`). Expected and not seen, so that an arm in which everything fails is not waited for."""


def watched(data: ExperimentData, planned: PlannedMetric, arms: Sequence[ArmData], place: int) -> GuardrailReading:
    """Read a guardrail on what is there now, by an interval that holds at any time of looking.

    A rare one that is only watched (complaints) is judged event by event, exactly, where calls were dealt; everything
    else by the confidence sequence of its difference.
    """
    spec, experiment = data.specs[planned.metric], data.experiment
    compared = analysis.compare(data.method, spec, arms, place, alpha=experiment.alpha, beside=False).answer
    if planned.watch and experiment.unit == "call" and spec.kind == "proportion" and spec.better == "lower":
        return _event_by_event(planned, spec, experiment, arms, place, compared)
    low, high = math.nan, math.nan
    if _has_begun(spec, arms[0].totals, arms[place].totals):
        low, high = _sequence(experiment, compared)
    guard = verdict.read_guard(spec, compared, planned.margin or 0.0, harmed=verdict.harms(spec, low, high, none=0.0))
    return _reading(planned, spec, arms[place].key, "difference", (low, high), guard)


def _has_begun(spec: MetricSpec, control: Totals, challenger: Totals) -> bool:
    """Say whether there is enough of everything for an asymptotic watch; before that it is silent."""
    calls = [denominator_of(spec, totals) for totals in (control, challenger)]
    if spec.kind != "proportion":
        return min(calls) >= LEAST_EXPECTED
    share = (control[spec.numerator] + challenger[spec.numerator]) / max(sum(calls), 1)
    return min(calls) * min(share, 1 - share) >= LEAST_EXPECTED


def _sequence(experiment: Experiment, compared: Comparison) -> tuple[float, float]:
    return confidence_sequence(
        compared.difference,
        compared.standard_error,
        compared.control_n + compared.challenger_n,
        alpha=experiment.alpha,
        planned_n=max(experiment.planned_calls or 0, 1) if experiment.unit in FINE_UNITS else analysis.FEW_CLUSTERS,
        degrees_of_freedom=compared.degrees_of_freedom or math.inf,
    )


def compare_for_clearance(
    data: ExperimentData, spec: MetricSpec, arms: Sequence[ArmData], place: int, *, alpha: float
) -> Compared:
    """Compare a guardrail so that either end of the interval errs with half of alpha at most, as clearance asks.

    The exact interval of small cells inverts one two-sided test, so that nearly all its error may lie at one end; there
    half of alpha is given to it as a whole.
    """
    found = analysis.compare(data.method, spec, arms, place, alpha=alpha)
    if found.answer.method != "barnard":
        return found
    return analysis.compare(data.method, spec, arms, place, alpha=alpha / 2)


def cleared(guard: GuardrailReading, spec: MetricSpec, compared: Comparison) -> GuardrailReading:
    """Read a guardrail again over matured calls only, as clearance asks; what is watched stays as it was seen."""
    known = verdict.read_guard(spec, compared, guard.margin, harmed=guard.guard is Guard.HARMED)
    return replace(guard, guard=known)


def _event_by_event(
    planned: PlannedMetric,
    spec: MetricSpec,
    experiment: Experiment,
    arms: Sequence[ArmData],
    place: int,
    compared: Comparison,
) -> GuardrailReading:
    weights = [experiment.dealt[each].weight for each in (0, place)]
    control, challenger = (arms[each].totals[spec.numerator] for each in (0, place))
    seen = watch_events([Events(control, challenger, weights[1] / sum(weights))], alpha=experiment.alpha / 2)
    guard = verdict.read_guard(spec, compared, planned.margin or 0.0, harmed=seen.alarm)
    return _reading(planned, spec, arms[place].key, "ratio", (seen.low, seen.high), guard)


def _reading(
    planned: PlannedMetric, spec: MetricSpec, challenger: str, scale: str, interval: tuple[float, float], guard: Guard
) -> GuardrailReading:
    return GuardrailReading(
        metric=spec.key,
        name=spec.name,
        challenger=challenger,
        margin=planned.margin or 0.0,
        watch=planned.watch,
        scale="ratio" if scale == "ratio" else "difference",
        watched_low=interval[0],
        watched_high=interval[1],
        guard=guard,
    )
