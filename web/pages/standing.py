"""Where should we invite at all: every leaf scenario by acceptance, value and harm, with what its standing rests on."""

import math
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.board.where_to_invite import Decided, RankedScenario, where_to_invite
from stats.arms.intervals import Interval
from stats.moments import Counts
from web.formats import UNKNOWN, percent, signed, whole
from web.language import named, say
from web.pages import words
from web.pages.figures import Figure
from web.pages.ranking import ranking_figure
from web.pages.scenarios import catalogue_names
from web.pages.survey import Freshness, freshness


@dataclass(frozen=True, slots=True)
class Cell:
    """A number, what it lies between, and what it is of."""

    value: str
    interval: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class StandingRow:
    """One scenario."""

    key: str
    name: str
    centre: str
    standing: str
    said_by: str
    experiment: str | None
    metric: str
    acceptance: Cell
    value: Cell
    harm: Cell
    served: Cell
    until: str
    moved: list[str]


@dataclass(frozen=True, slots=True)
class StandingPage:
    """The ranking; `orders` are (key, name, whether it is this one), `moved` counts standings that data contradict."""

    fresh: Freshness
    figure: Figure | None
    rows: list[StandingRow]
    orders: list[tuple[str, str, bool]]
    moved: int


def standing_page(session: Session, by: str) -> StandingPage:
    """See every leaf scenario, ranked by `value`, `acceptance` or `harm`."""
    names = {"value": _("Expected a year"), "acceptance": _("Acceptance"), "harm": _("Fewest complaints")}
    chosen = by if by in names else "value"
    found = where_to_invite(session, by=chosen)
    rows = [_row(ranked) for ranked in found]
    orders = [(key, name, key == chosen) for key, name in names.items()]
    return StandingPage(freshness(session), ranking_figure(found), rows, orders, sum(bool(row.moved) for row in rows))


def _row(ranked: RankedScenario) -> StandingRow:
    catalogue = ranked.scenario.catalogue
    return StandingRow(
        key=ranked.scenario.key,
        name=named(ranked.scenario.name),
        centre=named(catalogue_names().get(catalogue, {"en": catalogue})),
        standing=ranked.standing,
        said_by=_said_by(ranked.decided),
        experiment=ranked.decided.experiment,
        metric=named(ranked.metric.name) if ranked.metric else "",
        acceptance=_rate(ranked.accepted, ranked.acceptance),
        value=_value(ranked),
        harm=_rate(ranked.invited_harm, None, digits=2),
        served=_served(ranked),
        until=words.day(ranked.last_day) if ranked.last_day else "",
        moved=[say(message) for message in ranked.moved],
    )


def _said_by(decided: Decided) -> str:
    if decided.experiment is None:
        return _("The catalogue says so")
    if decided.look is None:
        return words.moment(decided.at)
    return _("Look %(number)s, %(at)s", number=decided.look.number, at=words.moment(decided.look.made_at))


def _rate(counts: Counts, interval: Interval | None, digits: int = 1) -> Cell:
    if not counts.n:
        return Cell(UNKNOWN)
    of = _("%(count)s of %(calls)s", count=whole(counts.successes), calls=whole(counts.n))
    between = f"{percent(interval.low, digits)}–{percent(interval.high, digits)}" if interval else ""
    return Cell(percent(counts.rate, digits), between, of)


def _value(ranked: RankedScenario) -> Cell:
    if math.isnan(ranked.yearly):
        return Cell(UNKNOWN)
    ends = [whole(ranked.yearly_calls * share) for share in (ranked.acceptance.low, ranked.acceptance.high)]
    return Cell(
        whole(ranked.yearly), "–".join(ends), _("%(calls)s eligible calls a year", calls=whole(ranked.yearly_calls))
    )


def _served(ranked: RankedScenario) -> Cell:
    if math.isnan(ranked.harm.low):
        return Cell(UNKNOWN)
    served = _rate(ranked.served_harm, None, digits=2)
    ends = f"{signed(100 * ranked.harm.low, 2)}–{signed(100 * ranked.harm.high, 2)}"
    return Cell(served.value, _("difference %(ends)s pp", ends=ends), served.of)
