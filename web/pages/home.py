"""Home: in how many calls we invite, the funnel of the last days, what runs, and what waits for the reader."""

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.board.cards import Stage
from experiments.calendar import days_before
from experiments.check import history
from experiments.people import Actor
from experiments.plan.scenarios import MetricSet, Scenario, every_scenario, metric_set_of
from web.pages import words
from web.pages.figures import Figure, funnel, scenario_counts, steps_of
from web.pages.standard_tiles import standard_tiles
from web.pages.survey import CardView, Freshness, Survey, freshness
from web.pages.tiles import Tile

TARGETS = (0.18, 0.20)
"""What the operator of the field set itself: the share of calls with an invitation, in phases two and three."""

SPANS = {"today": 1, "week": 7}


@dataclass(frozen=True, slots=True)
class MarketingShare:
    """Invited calls among all assigned ones, over a span of days."""

    invited: int
    calls: int
    share: float | None
    next_target: float | None


@dataclass(frozen=True, slots=True)
class Home:
    """Everything on the home page of somebody who may see tests."""

    fresh: Freshness
    span: str
    share: MarketingShare
    targets: tuple[float, ...]
    figure: Figure | None
    running: list[CardView]
    waiting: list[CardView]
    standards: list[Tile]


def home(session: Session, visitor: Actor, span: str) -> Home:
    """Compose the page for one span of days, `today` or `week`."""
    span = span if span in SPANS else "week"
    survey = Survey(session, visitor)
    since = days_before(survey.today, SPANS[span] - 1)
    leaves = [s for s in every_scenario(session) if s.metric_set is not None and s.direction == "inbound"]
    cards = survey.cards()
    return Home(
        fresh=freshness(session),
        span=span,
        share=_share(session, leaves, since, survey.today),
        targets=TARGETS,
        figure=_figure(session, leaves, since, survey.today),
        running=[card for card in cards if card.stage == Stage.DO],
        waiting=[card for card in cards if card.for_me],
        standards=[tile for tile in standard_tiles(session, survey) if tile.for_me],
    )


def is_blind(visitor: Actor | None) -> bool:
    """Say whether a visitor is an agent and nothing else: blind to tests, so that the words are said as they come."""
    return visitor is not None and visitor.roles == {"agent"}


def _share(session: Session, leaves: list[Scenario], since: int, today: int) -> MarketingShare:
    past = history.scenario_history(session, [s.id for s in leaves], since=since, until=today)
    calls, invited = past.all["calls"], past.all["invited"]
    share = invited / calls if calls else None
    return MarketingShare(invited, calls, share, next((t for t in TARGETS if share is not None and share < t), None))


def _figure(session: Session, leaves: list[Scenario], since: int, today: int) -> Figure | None:
    """Draw the funnel of the scenarios that invite; those with another funnel have another page."""
    sets = [(s, metric_set_of(session, s)) for s in leaves]
    inviting = [(s, found) for s, found in sets if "invited" in {step["fact"] for step in found.steps}]
    if not inviting:
        return None
    metric_set: MetricSet = inviting[0][1]
    ids = [s.id for s, found in inviting if found.id == metric_set.id]
    past = history.scenario_history(session, ids, since=since, until=today)
    if not past.all["calls"]:
        return None
    steps = steps_of(metric_set)
    counts = scenario_counts([fact for fact, _name in steps], past)
    title = _("Of %(calls)s in the scenarios that invite", calls=words.calls(past.all["calls"]))
    summary = _("Share of assigned calls; joins and sales still come in for recent days.")
    return funnel("home-funnel", title, summary, steps, {_("All scenarios that invite"): counts})
