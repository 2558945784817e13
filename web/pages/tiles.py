"""Tiles: the cards of the board as it shows them, of tests and of standards alike."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import gettext as _

from experiments.act.rollouts import Rollout
from experiments.board.cards import Card, Review, Stage
from experiments.board.seats import missing
from experiments.board.transitions import TRANSITIONS
from experiments.check.verdict import Conclusion
from experiments.plan.bucketing import BUCKETS
from web.formats import percent
from web.pages import words
from web.pages.experiment import MoveForm, move_forms
from web.pages.moved import place
from web.pages.survey import CardView, Survey
from web.pages.waiting import elapsed, is_late

ENDED = (Review.STANDARD, Review.ABANDONED)
_MACHINES = (Review.RUNNING, Review.ROLLING_OUT)
_ALARMS = (Conclusion.HARM, Conclusion.UNTRUSTWORTHY)


@dataclass(frozen=True, slots=True)
class Tile:
    """One card of the board.

    Attributes:
        key: Its name on the page, and what tells it from all others.
        kind: `script`, `scenario` or `standard`.
        group: `open`, `standing` (a standard that nobody need look at) or `ended`.
        place: Where it stands, in words.
        since: Since when it has stood there; None where that is of no matter.
        waits: How long that is, in words.
        by_people: Whether it waits for people; the schedule carries on what does not.
        late: Whether people have been waited for too long.
        roles: Keys of the roles that can carry it on.
        alarm: Whether its data are doubtful, somebody is harmed, or a standard's rates are not what they were.
        search: What a search looks through, in both languages and small letters.
        card: What is shown of a test; None of a standard.
        lines: What is shown of a standard, as (term, words).
        moves: What the visitor may ask of it.
        links: Where else to go on with it, as (address, words).
        mark: Another one whenever anything of it is another.
    """

    key: str
    kind: str
    stage: str
    group: str
    title: str
    href: str
    place: str
    badge: str
    scenario: str
    scenario_key: str
    owner: str
    owner_login: str
    next_step: str
    acting: str
    roles: frozenset[str]
    since: datetime | None
    waits: str
    by_people: bool
    late: bool
    for_me: bool
    alarm: bool
    search: str
    card: CardView | None = None
    rollout: str = ""
    lines: tuple[tuple[str, str], ...] = ()
    moves: tuple[MoveForm, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    mark: str = ""

    def marked(self) -> "Tile":
        """Give it with its mark."""
        return replace(self, mark=hashlib.sha256(repr(self).encode()).hexdigest()[:16])


def card_tile(
    survey: Survey, card: Card, arrived: Mapping[int, datetime], going: Mapping[int, Rollout], href: str
) -> Tile:
    """See the card of a test as the board shows it.

    Args:
        survey: who looks, and what is known.
        card: the card.
        arrived: when cards came to where they stand, by their id.
        going: rollouts on their way, by their experiment's id.
        href: its page.
    """
    seen, experiment = survey.card(card), card.experiment
    ended = card.review in ENDED
    since = arrived.get(card.id, card.moved_at)
    roles = frozenset() if ended else _roles(survey, card)
    by_people = bool(roles) and card.review not in _MACHINES
    return Tile(
        key=experiment.key,
        kind=card.kind,
        stage=card.stage,
        group="ended" if ended else "open",
        title=seen.title,
        href=href,
        place=place(card),
        badge=seen.badge,
        scenario=seen.scenario,
        scenario_key=seen.scenario_key,
        owner=seen.owner,
        owner_login=card.owner,
        next_step=seen.next_step,
        acting=seen.acting,
        roles=roles,
        since=since,
        waits=elapsed(since, survey.now),
        by_people=by_people,
        late=by_people and card.review != Review.DRAFT and is_late(since, survey.now),
        for_me=seen.for_me,
        alarm=not ended and (seen.health in ("broken", "warning") or seen.conclusion in _ALARMS),
        search=search_text(experiment.key, experiment.title, experiment.hypothesis, experiment.scenario.name),
        card=seen,
        rollout=_rollout(going.get(experiment.id)) if card.stage == Stage.ACT and not ended else "",
        moves=() if ended else tuple(move_forms(survey, card)),
    ).marked()


def search_text(key: str, *names: Mapping[str, str]) -> str:
    """Give what a search looks through: a key and texts in every language, in small letters."""
    return " ".join([key, *(text for each in names for text in each.values())]).casefold()


def _roles(survey: Survey, card: Card) -> frozenset[str]:
    """Name the roles that a card waits for: those of the empty chairs, or those who may carry it on."""
    at_gate = survey.gates.roles(card.stage)
    awaited = missing(survey.chairs(card)) if card.review == Review.IN_REVIEW else ()
    if awaited:
        return frozenset(role for chair in awaited for role in ([chair.role] if chair.role else at_gate))
    transition = TRANSITIONS.get((Stage(card.stage), Review(card.review), words.forward(card) or ""))
    return frozenset(transition.who(Stage(card.stage), survey.gates)) if transition else frozenset()


def _rollout(found: Rollout | None) -> str:
    if found is None:
        return ""
    if found.state == "scheduled":
        return _("Begins before the next first shift")
    step = found.current
    everywhere = percent(step.share / BUCKETS, 0) if step.share else ""
    reach = words.listed(text for text in (*step.regions, everywhere) if text)
    return _("Step %(step)s of %(steps)s: %(reach)s", step=found.step + 1, steps=len(found.steps), reach=reach)
