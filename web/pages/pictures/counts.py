"""Raw counts: what was counted of each arm's calls, before anything is made of it."""

from flask import url_for
from flask_babel import gettext as _

from experiments.check.metrics import REPORTED, MetricSpec, Totals, denominator_of
from web.charts.sheet import Cell, Column, Sheet, twin
from web.language import named
from web.pages import words
from web.pages.figures import Figure
from web.pages.pictures.ground import Ground

COUNTS = "counts"
"""Their name among the pictures: they have numbers only."""


def counts_figure(ground: Ground) -> Figure | None:
    """Put the raw counts on the page, as a table that can be taken away; None before the first call."""
    sheet = counts_sheet(ground)
    if sheet is None:
        return None
    url = url_for("pages.picture_numbers", key=ground.experiment.key, name=COUNTS)
    return Figure(COUNTS, _("Raw counts by arm"), "", "", twin(sheet), numbers=url)


def counts_sheet(ground: Ground) -> Sheet | None:
    """Give every arm's calls, steps and metrics as counted until today; None before the first call.

    None as well where the data cannot be trusted: whoever divides would have the effect that is not shown.
    """
    if not ground.is_sound:
        return None
    arms = [arm for arm in ground.experiment.arms if arm.key in ground.totals]
    if not any(ground.totals[arm.key]["calls"] for arm in arms):
        return None
    totals = [ground.totals[arm.key] for arm in arms]
    steps = {fact: name for fact, name in ground.steps if fact not in ("calls", "eligible")}
    rows: list[tuple[Cell, ...]] = [(_("Calls"), *(each["calls"] for each in totals))]
    rows += [(name, *(each[fact] for each in totals)) for fact, name in steps.items()]
    for spec in ground.specs.values():
        rows += _metric(spec, totals, known=spec.numerator in steps and spec.denominator in ("calls", "eligible"))
    names = [words.arm(arm.key, control=arm.position == 0) for arm in arms]
    return Sheet((Column(_("Counted")), *(Column(name, "count") for name in names)), tuple(rows))


def _metric(spec: MetricSpec, totals: list[Totals], *, known: bool) -> list[tuple[Cell, ...]]:
    """Give what a metric divides by what; nothing where the steps have said so."""
    if known:
        return []
    name = named(spec.name)
    over = _("%(metric)s: calls with a number", metric=name) if spec.denominator == REPORTED else None
    if over is None and spec.denominator not in ("calls", "eligible"):
        over = _("%(metric)s: calls it is over", metric=name)
    rows: list[tuple[Cell, ...]] = [(over, *(denominator_of(spec, each) for each in totals))] if over else []
    label = _("%(metric)s: sum", metric=name) if spec.kind == "mean" else _("%(metric)s: calls", metric=name)
    return [*rows, (label, *(each[spec.numerator] for each in totals))]
