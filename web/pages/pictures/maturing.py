"""Conversions maturing: of each day's calls those that are old enough to count, and those still too young."""

from flask_babel import gettext as _

from experiments.check.pictures.maturing import Maturing, MaturingDay, maturing_of
from web.charts.control import day_ticks
from web.charts.plane import Axis, Bars, PlaneChart
from web.charts.sheet import Column, Sheet
from web.formats import whole
from web.language import named
from web.pages import words
from web.pages.look.figures import Told
from web.pages.pictures.ground import Ground


def told_maturing(ground: Ground) -> list[Told]:
    """Give how far the metric with the longest window has matured; nothing where no metric has one."""
    if ground.experiment.started_at is None:
        return []
    found = maturing_of(ground.session, ground.experiment, today=ground.today)
    if found is None:
        return []
    metric = named(ground.specs[found.metric].name)
    chart = _chart(found, finding(found, metric), metric, f"{ground.experiment.key}-maturing")
    return [Told("maturing", chart, _summary(found, metric))]


def finding(found: Maturing, metric: str) -> str:
    """Say how many calls are old enough."""
    if found.closed == found.calls:
        return _("All %(calls)s calls are old enough for “%(metric)s”", calls=whole(found.calls), metric=metric)
    return _(
        "%(closed)s of %(calls)s calls are old enough for “%(metric)s”; the last of them will be on %(day)s",
        closed=whole(found.closed),
        calls=whole(found.calls),
        metric=metric,
        day=words.day(found.done),
    )


def _summary(found: Maturing, metric: str) -> str:
    return _(
        "“%(metric)s” counts what happens within %(days)s of a call, so that only calls older than that are read. All "
        "arms together: this says nothing of the effect.",
        metric=metric,
        days=words.days(found.window_days),
    )


def _chart(found: Maturing, title: str, metric: str, file_name: str) -> PlaneChart:
    days, last = found.days, len(found.days) - 1
    most = max(day.calls for day in days)
    kinds = ((_("Old enough"), True, 0), (_("Too young"), False, 1))
    bars = [
        Bars(name, tuple(_bar(place, day) for place, day in enumerate(days) if day.closed is closed), fill)
        for name, closed, fill in kinds
    ]
    return PlaneChart(
        title=title,
        across=Axis(-0.5, last + 0.5, tuple((at, words.short_day(days[at].day)) for at in day_ticks(len(days)))),
        up=Axis(0, 1.08 * most, tuple((at, whole(at)) for at in _ticks(most)), _("Calls")),
        layers=tuple(layer for layer in bars if layer.bars),
        sheet=_sheet(found, metric),
        hover=(_("Day"), _("Calls"), metric, _("Window")),
        file_name=file_name,
    )


def _ticks(most: int) -> list[int]:
    """Choose at most six whole ticks from 0 at a round distance."""
    step = next(digit * 10**power for power in range(12) for digit in (1, 2, 5) if most / (digit * 10**power) <= 5)
    return list(range(0, most + 1, step))


def _bar(place: int, day: MaturingDay) -> tuple[float, float, float, tuple[str, ...]]:
    return (place, 0, day.calls, (words.day(day.day), whole(day.calls), _so_far(day), _state(day)))


def _so_far(day: MaturingDay) -> str:
    return whole(day.counted) if day.closed else _("%(count)s so far", count=whole(day.counted))


def _state(day: MaturingDay) -> str:
    return _("closed") if day.closed else _("open")


def _sheet(found: Maturing, metric: str) -> Sheet:
    columns = (
        Column(_("Day")),
        Column(_("Window")),
        Column(_("Calls"), "count"),
        Column(_("%(metric)s so far", metric=metric), "count"),
    )
    rows = tuple((words.day(day.day), _state(day), day.calls, day.counted) for day in found.days)
    return Sheet(columns, rows, names=2)
