"""The effect from day to day: each day's, which way it goes, and the range in which single days lie."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from experiments.check.health.findings import FINE
from experiments.check.looks import Look
from experiments.plan.designs import Experiment
from web.charts.control import day_ticks
from web.charts.effect import point_ticks
from web.charts.plane import Axis, Band, Dot, Dots, Line, PlaneChart
from web.charts.sheet import Column, Sheet
from web.formats import UNKNOWN, percent, signed, whole
from web.pages import words
from web.pages.look.content import explanation, named_first
from web.pages.look.figures import Told
from web.saying import arm_name


def told_days(experiment: Experiment, look: Look) -> list[Told]:
    """Give each challenger's days, the one first that the verdict names; nothing where the test may not end."""
    found, order = explanation(look) or {}, named_first(experiment, look)
    readings = sorted(found.get("days", []), key=lambda reading: order.index(reading["challenger"]))
    return [_told(experiment, reading) for reading in readings if any(map(_known, reading["days"]))]


def _known(day: Mapping[str, Any]) -> bool:
    return day["difference"] is not None


def _told(experiment: Experiment, reading: Mapping[str, Any]) -> Told:
    title = finding(reading["trend"])
    if len(experiment.arms) > 2:
        title = words.headed(arm_name(reading["challenger"]), title)
    name = f"days-{reading['challenger']}"
    return Told(name, _chart(reading, title, f"{experiment.key}-{name}"), _summary(experiment, reading))


def finding(trend: Mapping[str, Any]) -> str:
    """Say which way the effect goes; a trend is said from where health says it."""
    if trend["p_value"] is None or trend["direction"] is None:
        return _("Too few days to say whether the effect holds")
    halves = {"early": signed(100 * trend["early"]), "late": signed(100 * trend["late"])}
    if trend["p_value"] >= FINE:
        return _("No trend over the days: %(early)s points in their first half, %(late)s in their second", **halves)
    if trend["direction"] == "fading":
        return _("The effect fades: %(early)s points in the first half of the days, %(late)s in the second", **halves)
    return _("The effect grows: %(early)s points in the first half of the days, %(late)s in the second", **halves)


def _summary(experiment: Experiment, reading: Mapping[str, Any]) -> str:
    spread = reading["spread"]
    parts = [
        _(
            "Calls up to %(day)s, each day by itself: with so few calls single days swing by chance.",
            day=words.day(reading["until"]),
        )
    ]
    if spread["prediction_low"] is not None and spread["prediction_high"] is not None:
        parts.append(
            _(
                "The range: chance left aside, the effect of another day lies between %(low)s and %(high)s points, at "
                "about %(confidence)s.",
                low=signed(100 * spread["prediction_low"]),
                high=signed(100 * spread["prediction_high"]),
                confidence=percent(spread["confidence"], 0),
            )
        )
    if experiment.unit != "call":
        unit = words.unit(experiment.unit)
        parts.append(_("No intervals by day: the arms differ by %(unit)s, and calls within one are alike.", unit=unit))
    return " ".join(parts)


def _chart(reading: Mapping[str, Any], title: str, file_name: str) -> PlaneChart:
    days, spread, last = reading["days"], reading["spread"], len(reading["days"]) - 1
    dots = tuple(_dot(place, day) for place, day in enumerate(days) if _known(day))
    ends = _points(spread["prediction_low"]), _points(spread["prediction_high"])
    layers: list[Band | Line | Dots] = []
    match ends:
        case float(lowest), float(highest):
            layers.append(Band(_("Range of days"), ((0, lowest, highest), (last, lowest, highest))))
    layers.append(Line("", ((0, 0.0), (last, 0.0)), "solid", "zero"))
    if spread["mean"] is not None:
        mean = 100 * spread["mean"]
        layers.append(Line(_("Average day"), ((0, mean), (last, mean)), "dashed", "fifth_edge"))
    layers.append(Dots(_("Effect on the day"), dots))
    low, high = _reach(dots, ends)
    return PlaneChart(
        title=title,
        across=Axis(0, last, tuple((place, words.short_day(days[place]["day"])) for place in day_ticks(len(days)))),
        up=Axis(low, high, tuple((at, signed(at, 0)) for at in point_ticks(low, high)), _("Points to the control")),
        layers=tuple(layers),
        sheet=_sheet(days),
        hover=(_("Day"), _("Difference"), _("Interval"), _("Control"), _("Challenger")),
        file_name=file_name,
    )


def _reach(dots: Sequence[Dot], ends: tuple[float | None, float | None]) -> tuple[float, float]:
    """Span the dots, the range and 0; whiskers of days with hardly a call may reach beyond."""
    seen = [0.0, *(dot.y for dot in dots), *(end for end in ends if end is not None)]
    air = 0.12 * (max(seen) - min(seen)) or 1.0
    return min(seen) - air, max(seen) + air


def _dot(place: int, day: Mapping[str, Any]) -> Dot:
    low, high = _points(day["low"]), _points(day["high"])
    interval = UNKNOWN if low is None or high is None else f"[{signed(low)}, {signed(high)}]"
    told = (words.day(day["day"]), signed(100 * day["difference"]), interval, *(_rate(day[arm]) for arm in _ARMS))
    return Dot(place, 100 * day["difference"], low, high, told)


_ARMS = ("control", "challenger")


def _rate(counts: Mapping[str, int]) -> str:
    return f"{percent(_share(counts))} ({whole(counts['n'])})"


def _share(counts: Mapping[str, int]) -> float | None:
    return counts["successes"] / counts["n"] if counts["n"] else None


def _sheet(days: Sequence[Mapping[str, Any]]) -> Sheet:
    columns = (
        Column(_("Day")),
        Column(_("Calls of the control"), "count"),
        Column(_("Control"), "share"),
        Column(_("Calls of the challenger"), "count"),
        Column(_("Challenger"), "share"),
        Column(_("Difference, points"), "signed"),
        Column(_("Interval, from"), "signed"),
        Column(_("Interval, to"), "signed"),
    )
    return Sheet(columns, tuple(_cells(day) for day in days))


def _cells(day: Mapping[str, Any]) -> tuple[str | int | float | None, ...]:
    counted = [cell for arm in _ARMS for cell in (day[arm]["n"], _share(day[arm]))]
    return (words.day(day["day"]), *counted, *(_points(day[name]) for name in ("difference", "low", "high")))


def _points(share: float | None) -> float | None:
    return None if share is None or math.isnan(share) else 100 * share
