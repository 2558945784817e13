"""What is measured: every metric of the catalogue with the role it was given, a guardrail's promise in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.check.history import spec_of
from experiments.check.metrics import MetricSpec
from experiments.plan.scenarios import Metric, metrics_of
from web.language import named
from web.pages.look import amounts
from web.studio import read
from web.studio.judging import Judged
from web.studio.typed import Typed, TypedMetric


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric: `unit` is what its margin is typed in, `promise` what the plan says of it."""

    key: str
    name: str
    note: str
    typed: TypedMetric
    unit: str
    promise: str
    can_lead: bool


def metric_rows(session: Session, judged: Judged, typed: Typed) -> list[MetricRow]:
    """See every metric that a plan here may name."""
    known = metrics_of(session, judged.scenario.catalogue)
    return [_row(metric, typed.metrics.get(key, TypedMetric())) for key, metric in known.items()]


def _row(metric: Metric, typed: TypedMetric) -> MetricRow:
    spec = spec_of(metric)
    unit = _("points") if amounts.in_points(spec) else _("own unit")
    promise = promised(spec, typed)
    name, note, can_lead = named(metric.name), named(metric.note), metric.kind == "proportion"
    return MetricRow(metric.key, name, note, typed, unit, promise, can_lead)


def promised(spec: MetricSpec, typed: TypedMetric) -> str:
    """Say in plain words what a metric's role means; nothing of one that has none."""
    if typed.role == "primary":
        return _("This decides: a challenger wins by it, or nobody does.")
    if typed.role == "secondary":
        return _("Read beside it at the final look; it decides nothing.")
    if typed.role != "guardrail":
        return ""
    margin = read.share(typed.margin) if amounts.in_points(spec) else read.number(typed.margin)
    if margin <= 0:
        return _("Say how much worse it may get before that is too much.")
    values: Mapping[str, str] = {"metric": named(spec.name), "margin": amounts.size(margin, spec)}
    return _watched(values, spec) if typed.watch else _cleared(values, spec)


def _watched(values: Mapping[str, str], spec: MetricSpec) -> str:
    if spec.better == "lower":
        return _(
            "We stop when “%(metric)s” is beyond doubt higher. It is rare: nobody need show that it stays within "
            "%(margin)s.",
            **values,
        )
    return _(
        "We stop when “%(metric)s” is beyond doubt lower. It is rare: nobody need show that it stays within "
        "%(margin)s.",
        **values,
    )


def _cleared(values: Mapping[str, str], spec: MetricSpec) -> str:
    if spec.better == "lower":
        return _(
            "We stop when “%(metric)s” is beyond doubt higher, and nobody wins before it is shown to rise by less than "
            "%(margin)s.",
            **values,
        )
    return _(
        "We stop when “%(metric)s” is beyond doubt lower, and nobody wins before it is shown to fall by less than "
        "%(margin)s.",
        **values,
    )
