"""The first thing read of a test: the verdict in one sentence, the one number, why, and what would change it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from experiments.check.frozen import decided, is_hidden, primaries
from experiments.check.health.findings import Finding, is_broken
from experiments.check.looks import Look
from experiments.check.metrics import MetricSpec
from experiments.check.results import Watch
from experiments.check.verdict import Conclusion, Guard, GuardrailReading
from experiments.plan.designs import Experiment
from web.formats import percent
from web.language import named, say
from web.pages import words
from web.pages.look import amounts, naming
from web.pages.look.content import calls_read
from web.saying import arm_in_sentence, arm_name

_AT_FIRST = 3
"""So many reasons are read at once; the rest are one click away."""

_SMALL, _LATE, _QUIET, _OTHERS = 1, 3, 4, 5
"""Where among the reasons stands that the effect may be small, what is not known yet, what gave no alarm, and the other
challengers' guardrails."""

_CAUTION = 0.0005
"""An estimate is told to be more cautious than what was counted when they differ by so much of a share."""


@dataclass(frozen=True, slots=True)
class Found:
    """The one number: what a challenger does to 100 calls, how far that is known, and the rates as counted."""

    sentence: str
    counted: str


@dataclass(frozen=True, slots=True)
class Banner:
    """The first thing read: one of five kinds, a sentence, the number where the test may end, and its reasons.

    `told` is what the rule said word for word, `rule` and `changes` how it decides and what would change it.
    """

    kind: str
    headline: str
    found: list[Found]
    reasons: list[str]
    more_reasons: list[str]
    told: list[str]
    rule: str
    changes: str
    as_of: str


def banner(
    experiment: Experiment,
    look: Look | None,
    watch: Watch | None,
    calls: int,
    specs: Mapping[str, MetricSpec],
    steps: Mapping[str, str],
) -> Banner | None:
    """Choose the banner: harm and broken data first, whatever the last look said; None before the first call.

    Args:
        experiment: the test.
        look: its newest look.
        watch: what is there now; None before the start.
        calls: how many eligible calls were assigned.
        specs: its metrics.
        steps: names of the funnel's steps, by fact.
    """
    if watch is not None and not (look is not None and look.final):
        now = _alarm(watch)
        # Harm to what was stopped is no alarm any more; that its data are broken holds until they are looked at.
        if now is not None and (experiment.ended_at is None or now.kind == "untrusted"):
            return now
    if look is not None:
        return _concluded(experiment, look, calls, specs, steps)
    return _collecting(experiment, calls) if experiment.started_at is not None else None


def _alarm(watch: Watch) -> Banner | None:
    """Say what cannot wait for a look. Harm outranks health."""
    harmed = [guard for guard in watch.guards if guard.guard is Guard.HARMED]
    rule = _("Guardrails and the sample ratio are watched all the time, by tests that stay valid whenever one looks.")
    as_of = words.day(watch.as_of)
    faults = [_fault(finding) for finding in watch.findings if finding.state == "broken"]
    if harmed:
        headline = _("Stop: %(arm)s harms a guardrail", arm=arm_in_sentence(harmed[0].challenger))
        reasons = [_guard_sentence(guard) for guard in harmed] + faults
        return _banner("stop", headline, reasons, rule, _("Nothing: stopping needs one person and a reason."), as_of)
    if is_broken(watch.findings):
        headline = _("Do not read the effects: the data cannot be trusted")
        return _banner(
            "untrusted", headline, faults, rule, _("Find the missing calls; pause the test until then."), as_of
        )
    return None


def _fault(finding: Finding) -> str:
    told = _("%(asked)s No. %(evidence)s", asked=say(finding.what), evidence=say(finding.evidence))
    return f"{told} {say(finding.advice)}" if finding.advice is not None else told


def _collecting(experiment: Experiment, calls: int) -> Banner:
    planned = experiment.awaited_calls or 0
    headline = _(
        "Collecting: %(calls)s of %(planned)s planned calls, first look at %(first)s",
        calls=f"{calls:,}",
        planned=f"{planned:,}",
        first=f"{math.ceil(planned * experiment.looks[0]):,}",
    )
    rule = _("No effect is read before the first planned look: reading early and often finds winners that are none.")
    return _banner("collecting", headline, [], rule, "", "")


def _banner(kind: str, headline: str, reasons: list[str], rule: str, changes: str, as_of: str) -> Banner:
    return Banner(kind, headline, [], reasons[:_AT_FIRST], reasons[_AT_FIRST:], [], rule, changes, as_of)


def _concluded(
    experiment: Experiment, look: Look, calls: int, specs: Mapping[str, MetricSpec], steps: Mapping[str, str]
) -> Banner:
    kind, headline = words.headline(look.conclusion, look.challenger or "")
    reasons = [*_undecided(experiment, look, calls, specs), *reasons_of(look, experiment, specs)]
    return Banner(
        kind=kind,
        headline=headline,
        found=[] if is_hidden(look) else _found(experiment, look, specs, steps),
        reasons=reasons[:_AT_FIRST],
        more_reasons=reasons[_AT_FIRST:],
        told=[say(reason) for reason in look.content["verdict"]["reasons"] if _is_reading(reason)],
        rule=_rule(experiment, look),
        changes=_changes(experiment, look),
        as_of=_(
            "%(moment)s, frozen at look %(number)s with %(calls)s",
            moment=words.moment(look.made_at),
            number=look.number,
            calls=words.calls(calls_read(look)),
        ),
    )


def _undecided(experiment: Experiment, look: Look, calls: int, specs: Mapping[str, MetricSpec]) -> list[str]:
    """Say first of a test that goes on what it is waiting for."""
    if look.conclusion != Conclusion.KEEP_RUNNING:
        return []
    return [
        _(
            "“%(metric)s” was not decided at look %(look)s of %(looks)s (%(day)s): %(read)s. Today: %(calls)s of the "
            "%(planned)s planned calls.",
            metric=named(specs[primaries(look)[0]["metric"]].name),
            look=look.number,
            looks=len(experiment.looks),
            day=words.day_of(look.made_at),
            read=words.calls(calls_read(look)),
            calls=f"{calls:,}",
            planned=f"{experiment.awaited_calls or 0:,}",
        )
    ]


def _found(
    experiment: Experiment, look: Look, specs: Mapping[str, MetricSpec], steps: Mapping[str, str]
) -> list[Found]:
    """Say the effect where the test may end: of the challenger that the verdict names, else of all of them."""
    known = [reading for reading in primaries(look) if decided(reading) is not None]
    advised = [reading for reading in known if reading["challenger"] == look.challenger]
    several = len(experiment.arms) > 2
    return [number_of(reading, specs[reading["metric"]], steps, several=several) for reading in advised or known]


def number_of(reading: Mapping[str, Any], spec: MetricSpec, steps: Mapping[str, str], *, several: bool) -> Found:
    """Say what a challenger does to 100 calls, and why that differs from what was counted where it does.

    Args:
        reading: of the primary metric, with a decided effect.
        spec: the metric.
        steps: names of the funnel's steps, by fact.
        several: whether other challengers make it needed to name this one.
    """
    at_end, counted = decided(reading) or {}, reading["comparison"]
    sentence = amounts.of_hundred(
        steps.get(spec.numerator, named(spec.name)),
        naming.denominator(spec.denominator),
        (at_end["estimate"], at_end["low"], at_end["high"]),
    )
    cautious = abs(at_end["estimate"] - counted["difference"]) > _CAUTION
    relative = None if cautious else amounts.lift(counted)
    rates = _(
        "As counted: %(control)s with the control, %(challenger)s with %(arm)s",
        control=percent(counted["control"]),
        challenger=percent(counted["challenger"]),
        arm=arm_in_sentence(reading["challenger"]),
    )
    beside = _("%(rates)s; relative to the control %(lift)s", rates=rates, lift=relative) if relative else rates
    if cautious:
        beside = _("%(rates)s. Told with more caution than counted: the test could have ended earlier.", rates=rates)
    return Found(words.headed(arm_name(reading["challenger"]), sentence) if several else sentence, beside)


def reasons_of(look: Look, experiment: Experiment, specs: Mapping[str, MetricSpec]) -> list[str]:
    """Say why, the gravest first: what the rule said of guardrails and data, and in one line what gave no alarm."""
    guards = {(named(guard["name"]), guard["challenger"]): guard for guard in look.content["watch"]["guards"]}
    ranked: list[tuple[int, str]] = []
    silent: list[str] = []
    for reason in look.content["verdict"]["reasons"]:
        if _is_reading(reason):
            continue
        guard = guards.get(_about(reason))
        if guard is not None and guard["watch"] and guard["guard"] in (Guard.OPEN, Guard.CLEARED):
            silent.append(named(guard["name"]))
        else:
            ranked.append((_rank(guard, look.challenger), say(reason)))
    if silent:
        names = words.listed(dict.fromkeys(silent))
        ranked.append(
            (_QUIET, _("No alarm from what is only watched, which proves nothing: %(guards)s.", guards=names))
        )
    ranked += [(_SMALL, text) for text in _perhaps_small(look, experiment, specs)]
    ranked += [(_LATE, text) for text in _not_known_yet(look, specs)]
    return [text for _rank_of, text in sorted(ranked, key=lambda each: each[0])]


def _perhaps_small(look: Look, experiment: Experiment, specs: Mapping[str, MetricSpec]) -> list[str]:
    """Say of the winner when its effect may be less than was worth having."""
    for reading in primaries(look):
        at_end = decided(reading)
        if reading["challenger"] != look.challenger or at_end is None or at_end["low"] is None:
            continue
        least = at_end["low"] if specs[reading["metric"]].better == "higher" else -at_end["high"]
        if least < experiment.effect:
            points = f"{100 * experiment.effect:g}"
            return [_("It may be less than the %(points)s points that were worth having.", points=points)]
    return []


def _not_known_yet(look: Look, specs: Mapping[str, MetricSpec]) -> list[str]:
    """Name the late metrics of which less than half of the calls had matured."""
    readings = look.content["readings"]
    calls = max((_calls(reading) for reading in readings if reading["role"] == "primary"), default=0)
    late = [r["metric"] for r in readings if specs[r["metric"]].window_days and _calls(r) < calls / 2]
    names = words.listed(dict.fromkeys(named(specs[metric].name) for metric in late))
    return (
        [_("Not known yet, since most calls are too young: %(metrics)s.", metrics=names)] if late and look.final else []
    )


def _calls(reading: Mapping[str, Any]) -> int:
    return int(reading["comparison"]["control_n"] + reading["comparison"]["challenger_n"])


def _is_reading(reason: Mapping[str, Any]) -> bool:
    """Say whether a reason is the rule's reading of the effect: the number says that already."""
    return "threshold" in reason["values"]


def _about(reason: Mapping[str, Any]) -> tuple[str, str]:
    values = reason["values"]
    name = values.get("metric")
    return (named(name) if isinstance(name, Mapping) else "", values.get("challenger", ""))


def _rank(guard: Mapping[str, Any] | None, advised: str | None) -> int:
    if guard is None:
        return 1
    return 0 if guard["guard"] == Guard.HARMED else 2 if guard["challenger"] == advised else _OTHERS


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
    upcoming: Sequence[float] = list(experiment.looks[look.number :]) or [1.0]
    calls = math.ceil((experiment.awaited_calls or 0) * upcoming[0])
    return _("The next planned look, at %(calls)s.", calls=words.calls(calls))


def _guard_sentence(guard: GuardrailReading) -> str:
    return _(
        "Guardrail %(metric)s of %(challenger)s: worse, whenever one looks.",
        metric=named(guard.name),
        challenger=arm_in_sentence(guard.challenger),
    )
