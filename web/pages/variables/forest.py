"""One variable in full: its tests, what they say together, and how far they agree."""

import math
from dataclasses import dataclass, replace

from flask import url_for
from flask_babel import gettext as _, ngettext

from experiments.check.variables.effects import DrawnTest, VariableEffect
from web.charts.data import EffectChart, EffectRow
from web.charts.words import effect_words
from web.formats import percent, whole
from web.language import named
from web.pages import words
from web.pages.figures import Figure, fetched
from web.pages.variables.amounts import goodness, interval_of, points, span


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """One test of a variable, as measured and as drawn in by the others."""

    key: str
    title: str
    scenario: str
    ended: str
    calls: str
    measured: str
    drawn: str
    weight: str


@dataclass(frozen=True, slots=True)
class VariableView:
    """One variable in full."""

    key: str
    anchor: str
    name: str
    summary: str
    chart: EffectChart
    figure: Figure
    notes: list[str]
    tests: list[DrawnRow]


def variable_view(effect: VariableEffect, anchor: str, name: str, metric: str, note: str) -> VariableView:
    """See one variable; `metric` is the metric's name, `note` says its denominator."""
    chart_words = replace(effect_words(), what=_("Test"))
    chart = EffectChart(_finding(effect, name, metric), tuple(_rows(effect)), anchor, chart_words)
    summary = _("Differences to the control in points, with 95%% intervals. %(note)s.", note=note)
    id_ = f"{anchor}-forest"
    return VariableView(
        key=effect.variable,
        anchor=anchor,
        name=name,
        summary=ngettext("%(num)s finished test", "%(num)s finished tests", len(effect.tests)),
        chart=chart,
        figure=fetched(id_, chart, summary, url_for("pages.variable_picture", name=id_)),
        notes=_notes(effect),
        tests=[_drawn_row(drawn) for drawn in effect.tests],
    )


def _finding(effect: VariableEffect, name: str, metric: str) -> str:
    low, value, high = interval_of(effect)
    values = {"variable": name, "metric": metric, "points": points(value), "tests": len(effect.tests)}
    if len(effect.tests) == 1:
        return _("%(variable)s, in its one test: %(points)s on “%(metric)s”", **values)
    return {
        "good": _("%(variable)s lifts “%(metric)s”: %(points)s over %(tests)s tests", **values),
        "bad": _("Other words for %(variable)s lower “%(metric)s”: %(points)s over %(tests)s tests", **values),
        "unclear": _("%(tests)s tests do not say yet which way %(variable)s moves “%(metric)s”", **values),
    }[goodness(low, high)]


def _rows(effect: VariableEffect) -> list[EffectRow]:
    """Give the tests, the first read first, what they say together, and what is predicted."""
    pooled = effect.pooled
    rows = [_row(_name(drawn), drawn.test.low, drawn.test.effect.value, drawn.test.high) for drawn in effect.tests]
    if len(effect.tests) > 1:
        rows.append(_row(_("All its tests"), pooled.low, pooled.mean, pooled.high))
    if not math.isnan(pooled.prediction_low):
        rows.append(_row(_("A next test, predicted"), pooled.prediction_low, pooled.mean, pooled.prediction_high))
    return rows


def _row(name: str, low: float, value: float, high: float) -> EffectRow:
    return EffectRow(name, 100 * value, _or_none(100 * low), _or_none(100 * high), goodness(low, high))


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _name(drawn: DrawnTest) -> str:
    return f"{named(drawn.test.scenario_name)} · {words.day(drawn.test.ended)}"


def _notes(effect: VariableEffect) -> list[str]:
    """Say how far the tests agree, what may be expected of a next one, and how the effect moves over time."""
    pooled = effect.pooled
    if len(effect.tests) == 1:
        return [
            _("One test says what its words did there. How far that carries to other call types, only others can say.")
        ]
    if math.isnan(pooled.prediction_low):
        return [
            _(
                "Two tests cannot say how much effects differ between call types: the interval of their mean is very "
                "wide, and nothing is predicted."
            )
        ]
    agreement = _(
        "Of what differs between the tests, %(share)s is more than chance (I²); true effects spread by about "
        "%(spread)s pp (tau).",
        share=percent(pooled.i_squared, 0),
        spread=f"{100 * math.sqrt(pooled.tau_squared):.1f}",
    )
    ahead = _(
        "The true effect of a next test lies within %(span)s points, with 95%% confidence.",
        span=span(pooled.prediction_low, pooled.prediction_high),
    )
    return [agreement, ahead, _course(effect)]


def _course(effect: VariableEffect) -> str:
    course = effect.trend
    if course.direction is None or not course.p_value <= 1 - course.confidence:
        return _("From test to test the effect moves no more than chance would have it.")
    if course.direction == "fading":
        return _("The effect is fading from test to test.")
    return _("The effect is growing from test to test.")


def _drawn_row(drawn: DrawnTest) -> DrawnRow:
    test, shrunk = drawn.test, drawn.shrunk
    return DrawnRow(
        key=test.key,
        title=named(test.title),
        scenario=named(test.scenario_name),
        ended=words.day(test.ended),
        calls=whole(test.calls),
        measured=f"{points(test.effect.value)} {span(test.low, test.high)}",
        drawn=points(shrunk.value),
        weight=percent(shrunk.weight, 0),
    )
