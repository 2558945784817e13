"""A look's effects as bars of intervals: the primary metric's, and at the final look the others' with their margins.

Shares stand on one axis in percentage points; a metric in another unit has a chart of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _

from experiments.check.frozen import Reading, answer, decided, primaries
from experiments.check.looks import Look
from experiments.check.metrics import MetricSpec
from experiments.check.verdict import Guard
from experiments.plan.designs import Experiment
from web.charts.data import EffectChart, EffectRow, Goodness
from web.charts.words import effect_words
from web.formats import percent
from web.language import named
from web.pages import words
from web.pages.look import amounts
from web.pages.look.content import calls_read
from web.pages.look.figures import Told
from web.pages.look.guards import guards
from web.pages.look.readings import readable
from web.saying import arm_name


def told_effects(experiment: Experiment, look: Look, specs: Mapping[str, MetricSpec]) -> list[Told]:
    """Give the effects that a look read, the shares first."""
    known = [reading for reading in _shown(look) if reading["comparison"]["difference"] is not None]
    shares = [reading for reading in known if amounts.in_points(specs[reading["metric"]])]
    others = [metric for metric in specs if any(r["metric"] == metric and r not in shares for r in known)]
    found = [_told(experiment, look, specs, "effects", shares)] if shares else []
    return found + [
        _told(experiment, look, specs, f"effects-{metric}", [r for r in known if r["metric"] == metric])
        for metric in others
    ]


def _shown(look: Look) -> list[Reading]:
    guarded = [reading for reading in look.content["readings"] if reading["role"] == "guardrail"]
    return readable(look) + (guarded if look.final else [])


def _told(
    experiment: Experiment, look: Look, specs: Mapping[str, MetricSpec], name: str, readings: Sequence[Reading]
) -> Told:
    spec = specs[readings[0]["metric"]]
    in_points = amounts.in_points(spec)
    title = finding(look, readings, spec, several=len(experiment.arms) > 2)
    labels = effect_words()
    if not in_points:
        labels = replace(labels, unit="", axis=_("Difference to control, in the metric's own unit"))
    rows = tuple(_row(experiment, look, reading, specs[reading["metric"]]) for reading in readings)
    chart = EffectChart(title, rows, f"{experiment.key}-{name}", labels)
    return Told(name, chart, _summary(look) if in_points else _frozen(look))


def finding(look: Look, readings: Sequence[Reading], spec: MetricSpec, *, several: bool) -> str:
    """Say the finding of the metric that stands first, of the challenger that the verdict names."""
    own = [reading for reading in readings if reading["metric"] == spec.key]
    reading = next((each for each in own if each["challenger"] == look.challenger), own[0])
    found = answer(reading)
    said = {"metric": named(spec.name), "look": look.number, "size": amounts.size_of(found["difference"], spec)}
    said["interval"] = amounts.span(found["low"], found["high"], spec)
    sentence = _said(look, reading, spec, said)
    return words.headed(arm_name(reading["challenger"]), sentence) if several else sentence


def _said(look: Look, reading: Reading, spec: MetricSpec, said: Mapping[str, object]) -> str:
    if not look.final and decided(reading) is None:
        return _("Look %(look)s decides nothing yet: “%(metric)s” lies within %(interval)s of the control", **said)
    if reading["role"] == "guardrail" and (guard := _guard(look, reading)["guard"]) != Guard.HARMED:
        if guard == Guard.CLEARED:
            return _("“%(metric)s” stays within the harm that is allowed: %(interval)s", **said)
        return _("“%(metric)s” gave no alarm; more harm than is allowed is not ruled out: %(interval)s", **said)
    match amounts.goodness(answer(reading), spec):
        case "good":
            return _("“%(metric)s” is better than the control by %(size)s %(interval)s", **said)
        case "bad":
            return _("“%(metric)s” is worse than the control by %(size)s %(interval)s", **said)
        case _:
            return _("“%(metric)s” does not clearly differ from the control: %(interval)s", **said)


def _frozen(look: Look) -> str:
    return _(
        "At look %(number)s, frozen %(moment)s: %(calls)s.",
        number=look.number,
        moment=words.moment(look.made_at),
        calls=words.calls(calls_read(look)),
    )


def _summary(look: Look) -> str:
    ended = [answer(reading)["confidence"] for reading in primaries(look) if decided(reading) is not None]
    if ended:
        return _(
            "%(frozen)s The primary metric's interval, at %(confidence)s, knows of the looks before.",
            frozen=_frozen(look),
            confidence=percent(ended[0], 0),
        )
    return _(
        "%(frozen)s So early the primary metric's bar is drawn wider than at the end (%(confidence)s instead "
        "of 95%%), so that looking early finds no winner that is none.",
        frozen=_frozen(look),
        confidence=percent(answer(primaries(look)[0])["confidence"], 2),
    )


def _row(experiment: Experiment, look: Look, reading: Reading, spec: MetricSpec) -> EffectRow:
    found = answer(reading)
    metric = named(spec.name)
    scale = 100 if amounts.in_points(spec) else 1
    row = EffectRow(
        name=metric if len(experiment.arms) == 2 else f"{metric} · {arm_name(reading['challenger'])}",
        effect=_scaled(found["difference"], scale),
        low=_scaled(found["low"], scale),
        high=_scaled(found["high"], scale),
        goodness=amounts.goodness(found, spec),
        smallest=_smallest(experiment, reading, spec),
    )
    return _guarded(look, reading, spec, row) if reading["role"] == "guardrail" else row


def _scaled(value: float | None, scale: int) -> float | None:
    return None if value is None else scale * value


def _guarded(look: Look, reading: Reading, spec: MetricSpec, row: EffectRow) -> EffectRow:
    """Add what is known of a guardrail, and how much harm the plan allows."""
    guard = _guard(look, reading)
    margin = guard["margin"] * (100 if amounts.in_points(spec) else 1) * (1 if spec.better == "lower" else -1)
    known: Mapping[str, Goodness] = {Guard.CLEARED: "good", Guard.HARMED: "bad"}
    says = guards([guard], {spec.key: spec})[0].known
    return replace(row, goodness=known.get(guard["guard"], "unclear"), margin=margin or None, says=says)


def _guard(look: Look, reading: Reading) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(
        each
        for each in look.content["watch"]["guards"]
        if (each["metric"], each["challenger"]) == (reading["metric"], reading["challenger"])
    )
    return found


def _smallest(experiment: Experiment, reading: Reading, spec: MetricSpec) -> float | None:
    if reading["role"] != "primary":
        return None
    return 100 * experiment.effect * (1 if spec.better == "higher" else -1)
