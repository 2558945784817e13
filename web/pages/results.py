"""Results: what was read at looks, as banner, chart and tables; and what may be watched between them.

The primary metric's effect is shown from frozen looks alone. Between looks only counts, health and guardrails by
always-valid intervals are read, since those may be looked at whenever one likes.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from experiments.check.health.findings import Finding, is_broken
from experiments.check.looks import Look
from experiments.check.metrics import MetricSpec
from experiments.check.results import Watch, plain
from experiments.check.verdict import Conclusion, Guard, GuardrailReading
from experiments.plan.designs import Experiment
from web.charts.data import EffectChart, EffectRow, Goodness
from web.charts.words import effect_words
from web.formats import MINUS, UNKNOWN, percent, signed
from web.language import named, say
from web.pages import words
from web.pages.figures import Figure, effect_figure

NO_EFFECTS = (Conclusion.UNTRUSTWORTHY,)
"""Conclusions after which no effect is shown: what cannot be trusted is not put before anyone's eyes."""


@dataclass(frozen=True, slots=True)
class Banner:
    """The first thing read: one of five kinds, a sentence, its reasons, the rule, and what would change it."""

    kind: str
    headline: str
    reasons: list[str]
    rule: str
    changes: str
    as_of: str


@dataclass(frozen=True, slots=True)
class FindingView:
    """One health check in the reader's words."""

    state: str
    title: str
    what: str
    detail: str
    fix: str


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One metric of one challenger at a look, every number written in the metric's own unit."""

    metric: str
    note: str
    role: str
    challenger: str
    control_value: str
    challenger_value: str
    difference: str
    interval: str
    relative: str
    evidence: str
    goodness: Goodness
    until: str


@dataclass(frozen=True, slots=True)
class GuardRow:
    """One guardrail of one challenger."""

    metric: str
    challenger: str
    margin: str
    interval: str
    known: str
    tone: tuple[str, str]
    watch_only: bool


@dataclass(frozen=True, slots=True)
class LookRow:
    """One planned look, made or still to come."""

    number: int
    share: str
    decides_at: str
    made: str
    by: str
    conclusion: str
    tone: tuple[str, str]


_GUARD_TONES = {
    "cleared": ("good", "check"),
    "harmed": ("bad", "circle-x"),
    "open": ("plain", "clock"),
    "unknown": ("warn", "alert-triangle"),
}
_NO_TONE = ("plain", "clock")


def banner(experiment: Experiment, look: Look | None, watch: Watch | None, calls: int) -> Banner | None:
    """Choose the banner: harm and broken data first, whatever the last look said; None before the first call."""
    if watch is not None and experiment.ended_at is None and (now := _alarm(watch)) is not None:
        return now
    if look is not None:
        return _concluded(experiment, look)
    return _collecting(experiment, calls) if experiment.started_at is not None else None


def _alarm(watch: Watch) -> Banner | None:
    """Say what cannot wait for a look. Harm outranks health."""
    harmed = [guard for guard in watch.guards if guard.guard is Guard.HARMED]
    rule = _("Guardrails and the sample ratio are watched all the time, by tests that stay valid whenever one looks.")
    as_of = words.day(watch.as_of)
    if harmed:
        headline = _("Stop: %(arm)s harms a guardrail", arm=harmed[0].challenger)
        reasons = [_guard_sentence(guard) for guard in harmed]
        reasons += [say(f.evidence) for f in watch.findings if f.state == "broken"]
        return Banner("stop", headline, reasons, rule, _("Nothing: stopping needs one person and a reason."), as_of)
    if is_broken(watch.findings):
        headline = _("Do not read the effects: the data cannot be trusted")
        reasons = [say(f.evidence) for f in watch.findings if f.state == "broken"]
        return Banner(
            "untrusted", headline, reasons, rule, _("Find the missing calls; pause the test until then."), as_of
        )
    return None


def _concluded(experiment: Experiment, look: Look) -> Banner:
    kind, headline = words.headline(look.conclusion, look.challenger or "")
    reasons = [say(reason) for reason in look.content["verdict"]["reasons"]]
    return Banner(kind, headline, reasons, _rule(experiment, look), _changes(experiment, look), _look_as_of(look))


def _collecting(experiment: Experiment, calls: int) -> Banner:
    planned = experiment.planned_calls or 0
    first = math.ceil(planned * experiment.looks[0])
    headline = _(
        "Collecting: %(calls)s of %(planned)s planned calls, first look at %(first)s",
        calls=f"{calls:,}",
        planned=f"{planned:,}",
        first=f"{first:,}",
    )
    rule = _("No effect is read before the first planned look: reading early and often finds winners that are none.")
    return Banner("collecting", headline, [], rule, "", "")


def _rule(experiment: Experiment, look: Look) -> str:
    boundary = look.content["boundary"]
    if not boundary["nominal_alpha"]:
        return _("With so few agents, teams or shifts only the final look decides; until then harm is watched.")
    if look.final:
        return _(
            "The final look decides at p = %(threshold)s two-sided, what is left of alpha %(alpha)s by the Lan-DeMets "
            "plan. Every guardrail that is not watch-only must be cleared.",
            threshold=f"{boundary['nominal_alpha']:.4f}",
            alpha=f"{experiment.alpha:g}",
        )
    return _(
        "Look %(number)s, at %(fraction)s of the planned calls, decides at p = %(threshold)s two-sided, its part of "
        "alpha %(alpha)s by the Lan-DeMets plan. Every guardrail that is not watch-only must be cleared.",
        number=look.number,
        fraction=percent(look.fraction, 0),
        threshold=f"{boundary['nominal_alpha']:.4f}",
        alpha=f"{experiment.alpha:g}",
    )


def _changes(experiment: Experiment, look: Look) -> str:
    if look.final:
        return _("This was the final look: it is frozen, and a new question is a new test.")
    upcoming = list(experiment.looks[look.number :]) or [1.0]
    calls = math.ceil((experiment.planned_calls or 0) * upcoming[0])
    return _("The next planned look, at %(calls)s.", calls=words.calls(calls))


def _look_as_of(look: Look) -> str:
    return _("%(moment)s, look %(number)s, frozen", moment=words.moment(look.made_at), number=look.number)


def findings(found: Sequence[Finding], look: Look | None = None) -> list[FindingView]:
    """See health checks in the reader's words, the worst first: today's, and those that only the last look asked."""
    today = [_finding(plain(each)) for each in found]
    asked = {each.check for each in found}
    frozen = look.content["watch"]["findings"] if look else []
    views = today + [_finding(each) for each in frozen if each["check"] not in asked]
    return sorted(views, key=lambda view: _WORST_FIRST.index(view.state))


_WORST_FIRST = ("broken", "warning", "waiting", "ok")


def _finding(told: Mapping[str, Any]) -> FindingView:
    what, advice = told.get("what"), told["advice"]
    return FindingView(
        state=told["state"],
        title=words.check(told["check"]),
        what=say(what) if what else "",
        detail=say(told["evidence"]),
        fix=say(advice) if advice else "",
    )


def effects(experiment: Experiment, look: Look, specs: Mapping[str, MetricSpec]) -> Figure | None:
    """Draw the effects that a look read: at an interim look the primary alone, at the final one the secondaries too."""
    rows = [
        EffectRow(
            name=_row_name(experiment, reading, specs),
            effect=_points(reading["comparison"]["difference"]),
            low=_points(reading["comparison"]["low"]),
            high=_points(reading["comparison"]["high"]),
            goodness=goodness(reading["comparison"], specs[reading["metric"]]),
            smallest=_smallest(experiment, reading, specs),
        )
        for reading in _readable(look)
        if in_points(specs[reading["metric"]]) and reading["comparison"]["difference"] is not None
    ]
    if not rows or look.conclusion in NO_EFFECTS:
        return None
    title = _("Difference to the control at look %(number)s", number=look.number)
    summary = _(
        "Frozen %(moment)s. The primary metric's interval is at this look's own confidence of %(confidence)s.",
        moment=words.moment(look.made_at),
        confidence=_confidence(look),
    )
    return effect_figure(
        "effects", EffectChart(title, tuple(rows), f"{experiment.key}-effects", effect_words()), summary
    )


def readings(
    experiment: Experiment, look: Look, specs: Mapping[str, MetricSpec], notes: Mapping[str, Mapping[str, str]]
) -> list[ReadingRow]:
    """Write a look's readings as a table, means in their own unit."""
    if look.conclusion in NO_EFFECTS:
        return []
    return [_reading(experiment, look, reading, specs[reading["metric"]], notes) for reading in _readable(look)]


def _reading(
    experiment: Experiment,
    look: Look,
    reading: Mapping[str, Any],
    spec: MetricSpec,
    notes: Mapping[str, Mapping[str, str]],
) -> ReadingRow:
    found = reading["comparison"]
    return ReadingRow(
        metric=named(spec.name),
        note=named(notes.get(spec.key, {})),
        role=words.metric_role(reading["role"]),
        challenger=reading["challenger"],
        control_value=rate(found["control"], spec),
        challenger_value=rate(found["challenger"], spec),
        difference=difference(found["difference"], spec),
        interval=span(found["low"], found["high"], spec),
        relative=UNKNOWN if found["relative"] is None else f"{signed(100 * found['relative'])}%",
        evidence=_evidence(look, reading),
        goodness=goodness(found, spec),
        until=words.day(reading["until"]),
    )


def _evidence(look: Look, reading: Mapping[str, Any]) -> str:
    """Write the p-value where it is the answer of a finished test, corrected where several were asked."""
    if not look.final or reading["role"] == "guardrail":
        return UNKNOWN
    if reading["role"] == "secondary":
        adjusted = reading["adjusted_p"]
        return UNKNOWN if adjusted is None else _("p %(p)s, corrected", p=_p(adjusted))
    return _("p %(p)s", p=_p(reading["comparison"]["p_value"]))


def guards(found: Iterable[GuardrailReading | Mapping[str, Any]], specs: Mapping[str, MetricSpec]) -> list[GuardRow]:
    """See guardrails, watched now or frozen in a look."""
    return [_guard(_as_mapping(guard), specs) for guard in found]


def _as_mapping(guard: GuardrailReading | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(guard, GuardrailReading):
        return {name: getattr(guard, name) for name in guard.__dataclass_fields__}
    return guard


def _guard(guard: Mapping[str, Any], specs: Mapping[str, MetricSpec]) -> GuardRow:
    spec = specs[guard["metric"]]
    sign = "+" if spec.better == "lower" else MINUS
    return GuardRow(
        metric=named(guard["name"]),
        challenger=guard["challenger"],
        margin=f"{sign}{size(guard['margin'], spec)}",
        interval=span(guard["watched_low"], guard["watched_high"], spec),
        known=words.guard(str(guard["guard"])),
        tone=_GUARD_TONES.get(str(guard["guard"]), _NO_TONE),
        watch_only=guard["watch"],
    )


def look_rows(experiment: Experiment, made: Sequence[Look], name: Any) -> list[LookRow]:
    """List the looks made with their boundaries, then those still planned."""
    rows = [
        LookRow(
            look.number,
            percent(look.fraction, 0),
            _threshold(look.content["boundary"]["nominal_alpha"]),
            words.moment(look.made_at),
            name(look.made_by),
            words.conclusion(look.conclusion),
            words.TONES[Conclusion(look.conclusion)],
        )
        for look in made
    ]
    if experiment.ended_at is not None or any(look.final for look in made):
        return rows
    return rows + [
        LookRow(
            number,
            percent(share, 0),
            UNKNOWN,
            _("at %(calls)s", calls=words.calls(_calls_at(experiment, share))) if experiment.planned_calls else UNKNOWN,
            "",
            "",
            _NO_TONE,
        )
        for number, share in enumerate(experiment.looks[len(made) :], len(made) + 1)
    ]


def in_points(spec: MetricSpec) -> bool:
    """Say whether a metric is a share, so that differences are percentage points; means keep their own unit."""
    return spec.kind != "mean"


def goodness(found: Mapping[str, Any], spec: MetricSpec) -> Goodness:
    """Say what an interval means for the business: fewer complaints are good."""
    low, high = found["low"], found["high"]
    if low is None or high is None or low <= 0 <= high:
        return "unclear"
    return "good" if (low > 0) == (spec.better == "higher") else "bad"


def rate(value: float | None, spec: MetricSpec) -> str:
    """Write a metric's value in its own unit."""
    return percent(value) if in_points(spec) else UNKNOWN if value is None else f"{value:,.1f}"


def difference(value: float | None, spec: MetricSpec) -> str:
    """Write a difference in the metric's own unit."""
    if value is None or math.isnan(value):
        return UNKNOWN
    return _("%(points)s pp", points=signed(100 * value, 2)) if in_points(spec) else _grouped(value)


def span(low: float | None, high: float | None, spec: MetricSpec) -> str:
    """Write an interval of a difference; an end that reaches no bound is infinite."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return UNKNOWN
    if math.isinf(low) or math.isinf(high):
        return UNKNOWN
    ends = [signed(100 * end, 2) if in_points(spec) else _grouped(end) for end in (low, high)]
    return f"[{ends[0]}, {ends[1]}]"


def _grouped(value: float) -> str:
    """Write a difference of means with its sign, thousands set apart: money comes in fen."""
    return f"{value:+,.1f}".replace("-", MINUS)


def size(value: float, spec: MetricSpec) -> str:
    """Write how much harm a guardrail allows, in the metric's own unit."""
    return _("%(points)s pp", points=f"{100 * value:g}") if in_points(spec) else f"{value:g}"


def _readable(look: Look) -> list[Mapping[str, Any]]:
    roles = {"primary", "secondary"} if look.final else {"primary"}
    found = [reading for reading in look.content["readings"] if reading["role"] in roles]
    return sorted(found, key=lambda reading: reading["role"] != "primary")


def _row_name(experiment: Experiment, reading: Mapping[str, Any], specs: Mapping[str, MetricSpec]) -> str:
    metric = named(specs[reading["metric"]].name)
    return metric if len(experiment.arms) == 2 else f"{metric} · {reading['challenger']}"


def _smallest(experiment: Experiment, reading: Mapping[str, Any], specs: Mapping[str, MetricSpec]) -> float | None:
    if reading["role"] != "primary":
        return None
    return 100 * experiment.effect * (1 if specs[reading["metric"]].better == "higher" else -1)


def _points(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _confidence(look: Look) -> str:
    primary = next(r for r in look.content["readings"] if r["role"] == "primary")
    return percent(primary["comparison"]["confidence"], 2)


def _threshold(nominal: float | None) -> str:
    return f"p ≤ {nominal:.4f}" if nominal else _("decides nothing")


def _calls_at(experiment: Experiment, share: float) -> int:
    return math.ceil((experiment.planned_calls or 0) * share)


def _guard_sentence(guard: GuardrailReading) -> str:
    return _(
        "Guardrail %(metric)s of %(challenger)s: worse, whenever one looks.",
        metric=named(guard.name),
        challenger=guard.challenger,
    )


def _p(value: float | None) -> str:
    return UNKNOWN if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"
