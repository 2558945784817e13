"""Home: in how many calls we invite, the funnel of the last days, what runs, and what waits for the reader."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.board.cards import Card, Review, Stage
from experiments.calendar import as_date, days_before
from experiments.check import history
from experiments.check.verdict import Conclusion
from experiments.errors import Unknown
from experiments.people import Actor
from experiments.plan.designs import Experiment
from experiments.plan.scenarios import MetricSet, Scenario, inbound_leaves, metric_set_of
from web.charts.data import FunnelChart
from web.charts.kinds import packed
from web.house import house
from web.pages import words
from web.pages.figures import Figure, fetched, funnel_of, scenario_counts, steps_of
from web.pages.standard_tiles import standard_tiles
from web.pages.survey import CardView, Freshness, Survey, freshness
from web.pages.tiles import ENDED, Tile

TARGETS = (0.18, 0.20)
"""What the operator of the field set itself: the share of calls with an invitation, in phases two and three."""

SPANS = {"today": 1, "week": 7}

_PACE_DAYS = 7
"""The whole days before today that say how many calls a test gets a day: weekdays differ."""


@dataclass(frozen=True, slots=True)
class MarketingShare:
    """Invited calls among all assigned ones, over a span of days."""

    invited: int
    calls: int
    share: float | None
    next_target: float | None


@dataclass(frozen=True, slots=True)
class Running:
    """A test on the floor. `left` are the days until its planned calls are in, at `pace` calls a day; None unknown."""

    card: CardView
    left: int | None
    pace: float | None


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is not as it should be: how bad, what, of what, and where to look."""

    tone: str
    icon: str
    what: str
    of: str
    href: str


@dataclass(frozen=True, slots=True)
class Home:
    """Everything on the home page of somebody who may see tests. `shares` are of every span, by its key."""

    fresh: Freshness
    span: str
    shares: dict[str, MarketingShare]
    targets: tuple[float, ...]
    figure: Figure | None
    running: list[Running]
    waiting: list[CardView]
    standards: list[Tile]
    alerts: list[Alert]

    @property
    def share(self) -> MarketingShare:
        """Give the share of the span that is shown."""
        return self.shares[self.span]


def home(session: Session, visitor: Actor, span: str) -> Home:
    """Compose the page for one span of days, `today` or `week`; else for today, once calls of today are counted."""
    survey = Survey(session, visitor)
    leaves = inbound_leaves(session)
    shares = {
        key: _share(session, leaves, days_before(survey.today, days - 1), survey.today) for key, days in SPANS.items()
    }
    span = span if span in SPANS else "today" if shares["today"].calls else "week"
    every = survey.every_card()
    seen = {card.id: survey.card(card) for card in every}
    standards = standard_tiles(session, survey)
    return Home(
        fresh=freshness(session),
        span=span,
        shares=shares,
        targets=TARGETS,
        figure=fetched("home-funnel", *told, url_for("pages.home_picture", span=span))
        if (told := _funnel(session, leaves, days_before(survey.today, SPANS[span] - 1), survey.today))
        else None,
        running=_running(session, survey, every, seen),
        waiting=[card for card in seen.values() if card.for_me],
        standards=[tile for tile in standards if tile.for_me],
        alerts=[*(alert for card in seen.values() for alert in _of_card(card)), *_of_standards(standards)],
    )


def drawn_funnel(session: Session, span: str) -> bytes:
    """Give what charts.js draws of a span's funnel, packed with gzip.

    Raises:
        Unknown: there is no such span, or it had no calls.
    """
    today = house().calendar.day(house().clock())
    told = (
        _funnel(session, inbound_leaves(session), days_before(today, SPANS[span] - 1), today) if span in SPANS else None
    )
    if told is None:
        raise Unknown("There is no chart %(name)s here.", name=span)
    return packed(told[0])


def _running(session: Session, survey: Survey, every: list[Card], seen: dict[int, CardView]) -> list[Running]:
    since, until = days_before(survey.today, _PACE_DAYS), days_before(survey.today, 1)
    lately = history.calls_between(session, since=since, until=until)
    return [
        _left(seen[card.id], lately.get(card.experiment_id, 0), _days_since(card.experiment, survey.today))
        for card in every
        if card.stage == Stage.DO
    ]


def _days_since(experiment: Experiment, today: int) -> int:
    """Count the site-local days on which a test took calls before today, its first one included."""
    if experiment.started_at is None:
        return 0
    return max(0, (as_date(today) - as_date(house().calendar.day(experiment.started_at))).days)


def _left(card: CardView, lately: int, days: int) -> Running:
    """Say when a test's planned calls will be in, if calls go on coming as they did on the last of these days."""
    days = min(days, _PACE_DAYS)
    if not days or not lately or card.planned is None or card.review != Review.RUNNING:
        return Running(card, None, None)
    pace = lately / days
    return Running(card, math.ceil(max(0, card.planned - card.calls) / pace), pace)


def _of_card(card: CardView) -> Iterator[Alert]:
    """Say what is wrong with a test or a rollout; harm is said even where the data are doubtful."""
    if card.review in ENDED:
        return
    href = url_for("pages.experiment", key=card.key)
    if card.conclusion == Conclusion.HARM:
        yield Alert("bad", "circle-x", _("A guardrail is harmed"), card.title, href)
    if card.health in ("broken", "warning"):
        tone, icon = ("bad", "circle-x") if card.health == "broken" else ("warn", "alert-triangle")
        yield Alert(tone, icon, _("Data broken") if tone == "bad" else _("Data: look into it"), card.title, href)
    elif card.review == Review.PAUSED:
        yield Alert("warn", "player-pause", _("Paused: everybody hears the standard"), card.title, href)
    if card.review == Review.HELD:
        yield Alert("warn", "player-pause", _("The rollout is held"), card.title, href)


def _of_standards(tiles: list[Tile]) -> Iterator[Alert]:
    for tile in tiles:
        if tile.alarm:
            yield Alert("warn", "alert-triangle", _("A standard's rates are not as usual"), tile.title, tile.href)
        elif tile.late:
            yield Alert("warn", "clock", _("The review of a standard is overdue"), tile.title, tile.href)


def is_blind(visitor: Actor | None) -> bool:
    """Say whether a visitor is an agent and nothing else: blind to tests, so that the words are said as they come."""
    return visitor is not None and visitor.roles == {"agent"}


def _share(session: Session, leaves: list[Scenario], since: int, today: int) -> MarketingShare:
    past = history.scenario_history(session, [s.id for s in leaves], since=since, until=today)
    calls, invited = past.all["calls"], past.all["invited"]
    share = invited / calls if calls else None
    return MarketingShare(invited, calls, share, next((t for t in TARGETS if share is not None and share < t), None))


def _funnel(session: Session, leaves: list[Scenario], since: int, today: int) -> tuple[FunnelChart, str] | None:
    """See the funnel of the scenarios that invite; those with another funnel have another page."""
    sets = [(s, metric_set_of(session, s)) for s in leaves]
    inviting = [(s, found) for s, found in sets if "invited" in {step["fact"] for step in found.steps}]
    if not inviting:
        return None
    by_set: dict[int, list[int]] = {}
    for scenario, found in inviting:
        by_set.setdefault(found.id, []).append(scenario.id)
    pasts = {key: history.scenario_history(session, ids, since=since, until=today) for key, ids in by_set.items()}
    busiest = max(pasts, key=lambda key: pasts[key].all["calls"])
    past = pasts[busiest]
    if not past.all["calls"]:
        return None
    metric_set: MetricSet = next(found for _scenario, found in inviting if found.id == busiest)
    steps = steps_of(metric_set)
    counts = scenario_counts([fact for fact, _name in steps], past)
    title = _("Of %(calls)s in the scenarios that invite", calls=words.calls(past.all["calls"]))
    summary = _("Share of assigned calls; joins and sales still come in for recent days.")
    return funnel_of("home-funnel", title, steps, {_("All scenarios that invite"): counts}), summary
