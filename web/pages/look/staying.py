"""Who has not hung up: early refusals of people we called as a curve, with the line at thirty seconds."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from experiments.check.looks import Look
from experiments.plan.designs import Experiment
from web.charts.control import heights
from web.charts.plane import ARMS, Axis, Dot, Dots, Layer, Line, PlaneChart
from web.charts.sheet import Column, Sheet
from web.formats import UNKNOWN, percent, whole
from web.pages import words
from web.pages.look.content import explanation, named_first
from web.pages.look.figures import Told
from web.saying import arm_in_sentence

EARLY = 30
"""The second up to which a refusal is an early one."""


def told_staying(experiment: Experiment, look: Look) -> list[Told]:
    """Give the curves of all arms; nothing where the test may not end, or where customers call us."""
    curves = (explanation(look) or {}).get("staying") or []
    if not any(curve["connected"] for curve in curves):
        return []
    challenger = named_first(experiment, look)[0]
    names = {arm.key: words.arm(arm.key, control=arm.position == 0) for arm in experiment.arms}
    chart = PlaneChart(
        title=finding(curves, challenger),
        across=Axis(0, 120, tuple((at, str(at)) for at in range(0, 121, 30)), _("Seconds from the connection")),
        up=_up(curves),
        layers=(*_curves(experiment, curves, names), _early(curves)),
        sheet=_sheet(curves, names),
        hover=(_("Arm"), _("After seconds"), _("Not hung up yet"), _("Calls"), _("Interval")),
        file_name=f"{experiment.key}-staying",
    )
    summary = _(
        "Connected calls up to the day before the look, by when the customer hung up. Within the first %(seconds)s "
        "seconds the words failed, not the offer.",
        seconds=EARLY,
    )
    return [Told("staying", chart, summary)]


def finding(curves: Sequence[Mapping[str, Any]], challenger: str) -> str:
    """Say how many of the challenger's and of the control's people have not hung up after thirty seconds."""
    shares = {curve["arm"]: _at(curve, EARLY)["share"] for curve in curves}
    return _(
        "After %(seconds)s seconds %(share)s have not hung up with %(arm)s, %(control)s with the control",
        seconds=EARLY,
        share=percent(shares.get(challenger)),
        arm=arm_in_sentence(challenger),
        control=percent(shares[curves[0]["arm"]]),
    )


def _at(curve: Mapping[str, Any], second: int) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(point for point in curve["points"] if point["second"] == second)
    return found


def _lowest(curves: Sequence[Mapping[str, Any]]) -> float:
    known: list[float] = [p["share"] for curve in curves for p in curve["points"] if p["share"] is not None]
    return max(0.0, min(known) - 0.06)


def _up(curves: Sequence[Mapping[str, Any]]) -> Axis:
    low = _lowest(curves)
    return Axis(low, 1.02, tuple((at, percent(at, 0)) for at in heights(low, 1.0)), _("Not hung up yet"))


def _early(curves: Sequence[Mapping[str, Any]]) -> Line:
    name = _("%(seconds)s seconds", seconds=EARLY)
    return Line(name, ((EARLY, _lowest(curves)), (EARLY, 1.02)), "dashed", "bad")


def _curves(experiment: Experiment, curves: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[Layer]:
    places, layers = [arm.key for arm in experiment.arms], list[Layer]()
    for curve in curves:
        if not curve["connected"]:
            continue
        (marker, role), name = ARMS[places.index(curve["arm"])], names[curve["arm"]]
        dots = tuple(_dot(point, name, early=point["second"] == EARLY) for point in curve["points"])
        line = tuple((dot.x, dot.y) for dot in dots)
        layers += [Line(name, line, "solid", role, steps=True), Dots(name, dots, marker, role, 7)]
    return layers


def _dot(point: Mapping[str, Any], name: str, *, early: bool) -> Dot:
    low, high = point["low"], point["high"]
    interval = UNKNOWN if low is None or high is None else f"[{percent(low)}, {percent(high)}]"
    told = (name, str(point["second"]), percent(point["share"]), whole(point["staying"]), interval)
    return Dot(point["second"], point["share"], low if early else None, high if early else None, told)


def _sheet(curves: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Sheet:
    columns = (
        Column(_("Arm")),
        Column(_("After seconds"), "count"),
        Column(_("Connected calls"), "count"),
        Column(_("Calls not hung up yet"), "count"),
        Column(_("Not hung up yet"), "share"),
        Column(_("Interval, from"), "share"),
        Column(_("Interval, to"), "share"),
    )
    rows = tuple(
        (
            names[curve["arm"]],
            point["second"],
            curve["connected"],
            *(point[name] for name in ("staying", "share", "low", "high")),
        )
        for curve in curves
        for point in curve["points"]
    )
    return Sheet(columns, rows)
