"""Call types ranked, with what is not known of them: as one chart, and as the place of one among all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.board.where_to_invite import RankedScenario, where_to_invite
from experiments.plan.scenarios import Scenario
from web.charts.data import FunnelArm, FunnelBar, FunnelChart, Twin
from web.charts.kinds import json_of
from web.charts.words import funnel_words
from web.formats import percent, whole
from web.language import named
from web.pages.figures import Figure


@dataclass(frozen=True, slots=True)
class Rank:
    """Where one call type stands among those with calls that heard an invitation, by what it brings in a year."""

    number: int
    of: int
    acceptance: str
    interval: str
    counted: str
    yearly: str


def rank_of(session: Session, scenario: Scenario) -> Rank | None:
    """Give the place of a call type; None while nobody was invited there, or its calls say nothing of a year."""
    ranked = [each for each in where_to_invite(session) if each.accepted.n and not math.isnan(each.yearly)]
    place = next((place for place, each in enumerate(ranked) if each.scenario.id == scenario.id), None)
    if place is None:
        return None
    here = ranked[place]
    return Rank(
        number=place + 1,
        of=len(ranked),
        acceptance=percent(here.accepted.rate),
        interval=_interval(here),
        counted=_("%(count)s of %(calls)s", count=whole(here.accepted.successes), calls=whole(here.accepted.n)),
        yearly=whole(here.yearly),
    )


def ranking_figure(ranked: Sequence[RankedScenario]) -> Figure | None:
    """Draw how many accept by call type, in the order of the ranking; those where nobody was invited are left out."""
    rows = [each for each in ranked if each.accepted.n]
    if not rows:
        return None
    names = tuple(named(each.scenario.name) for each in rows)
    bars = tuple(
        FunnelBar(each.accepted.successes, each.accepted.rate, each.acceptance.low, each.acceptance.high)
        for each in rows
    )
    words = replace(funnel_words(), share=_("Accepted, of eligible calls"))
    title = _("How many accept, by call type, in the order of the ranking")
    chart = FunnelChart(title, names, (FunnelArm(_("Accepted"), bars),), "ranking", words)
    summary = _(
        "Of the eligible calls that heard a script that invites; the whiskers are intervals of %(sure)s.", sure="95%"
    )
    return Figure("ranking", title, summary, json_of(chart), _table(names, rows))


def _table(names: Sequence[str], rows: Sequence[RankedScenario]) -> Twin:
    columns = (_("Scenario"), _("Accepted"), _("Eligible calls"), _("Share"), _("Interval"))
    return Twin(
        columns,
        tuple(
            (name, whole(row.accepted.successes), whole(row.accepted.n), percent(row.accepted.rate), _interval(row))
            for name, row in zip(names, rows, strict=True)
        ),
    )


def _interval(row: RankedScenario) -> str:
    return f"{percent(row.acceptance.low)}–{percent(row.acceptance.high)}"
