"""Standards as the board shows them: owner, day of review, cycle, and what was found in their rates."""

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.act.reviews import REVIEWERS
from experiments.board.cards import Stage
from experiments.board.standard_cards import StandardCard, standard_cards
from experiments.board.standard_states import StandardState
from web.house import house
from web.language import named
from web.pages import words
from web.pages.survey import Survey
from web.pages.tiles import Tile, search_text
from web.pages.waiting import elapsed, is_late
from web.policy import DESIGNERS

KIND = "standard"


def standard_tiles(session: Session, survey: Survey) -> list[Tile]:
    """See every live standard as the board shows it, the earliest review first."""
    found = standard_cards(session, calendar=house().calendar, now=survey.now)
    return [standard_tile(survey, card) for card in found]


def standard_tile(survey: Survey, card: StandardCard) -> Tile:
    """See a standard as the board shows it."""
    scenario, looking = card.scenario, card.stage == Stage.CHECK
    page = url_for("pages.scenario", key=scenario.key, _anchor="control")
    owner = survey.name(card.due.owner)
    return Tile(
        key=f"standard:{scenario.key}",
        kind=KIND,
        stage=card.stage,
        group="open" if looking else "standing",
        title=named(scenario.name),
        href=page,
        place=f"{words.stage(card.stage)} · {state(card.state)}",
        badge=card.state,
        scenario=named(scenario.name),
        scenario_key=scenario.key,
        owner=owner,
        owner_login=card.due.owner,
        next_step=_next(card),
        acting=_acting(card, owner) if looking else "",
        roles=frozenset(REVIEWERS) if looking else frozenset(),
        since=card.since if looking else None,
        waits=elapsed(card.since, survey.now) if looking else "",
        by_people=looking,
        late=card.overdue or (looking and is_late(card.since, survey.now)),
        for_me=card.waits_for(survey.visitor),
        alarm=card.state is StandardState.SIGNALLED,
        search=search_text(scenario.key, scenario.name),
        lines=tuple(_lines(card)),
        links=tuple(_links(card, survey, page)) if looking else (),
    ).marked()


def state(key: str) -> str:
    """Name where a standard stands in its cycle."""
    return {
        StandardState.IN_FORCE: _("In force"),
        StandardState.IN_TEST: _("Next cycle in test"),
        StandardState.DUE: _("Review due today"),
        StandardState.OVERDUE: _("Review overdue"),
        StandardState.SIGNALLED: _("Not as usual"),
    }[StandardState(key)]


def _next(card: StandardCard) -> str:
    return {
        StandardState.IN_FORCE: _("Nothing until its review"),
        StandardState.IN_TEST: _("A test answers what was found: %(key)s", key=card.answered_by),
        StandardState.DUE: _("Look at it, and confirm it"),
        StandardState.OVERDUE: _("Look at it, and confirm it"),
        StandardState.SIGNALLED: _("Confirm it, or open the next plan"),
    }[card.state]


def _lines(card: StandardCard) -> list[tuple[str, str]]:
    found = len(card.signals)
    usual = _("Signals: %(count)s", count=found) if found else _("As usual")
    return [
        (_("Review by"), words.day(card.due.review_by)),
        (_("Cycle"), str(card.due.cycle)),
        (_("Rates watched"), usual),
    ]


def _links(card: StandardCard, survey: Survey, page: str) -> list[tuple[str, str]]:
    open_here = card.open_to(survey.visitor)
    found = [(page, _("Look at it and confirm it"))] if "confirm" in open_here else []
    if "plan" in open_here:
        key, number = card.scenario.key, card.signals[0].id
        if survey.visitor.has(DESIGNERS):
            found.append((url_for("studio.begin", from_signal=number), _("Start a plan from this")))
        else:
            address = url_for("pages.proposed_plan", key=key, number=number)
            found.append((address, _("Start a plan from this (JSON for the API)")))
    return found


def _acting(card: StandardCard, owner: str) -> str:
    return owner if card.awaited else words.either(map(words.role, REVIEWERS))
