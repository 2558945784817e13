"""The gate of a card on its page: who sits there and until when, its checklist, and what the visitor can tick."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from experiments.board.cards import Card, Review
from experiments.board.checklist import Item, checklist
from experiments.board.seats import Chair
from experiments.board.ticking import tick_bar
from web.language import say
from web.pages import words
from web.pages.survey import Survey


@dataclass(frozen=True, slots=True)
class ChairRow:
    """One approval that the gate needs. `state` is awaited, given or expired; what is not known yet is empty."""

    role: str
    state: str
    by: str
    at: str
    until: str


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item of the checklist. `tick` says whether the visitor may vouch for it now."""

    key: str
    text: str
    done: bool
    by_hand: bool
    by: str
    at: str
    tick: bool


def chair_rows(survey: Survey, card: Card) -> list[ChairRow]:
    """Show who sits at the gate, in the order in which it asks."""
    return [_chair(survey, chair) for chair in survey.chairs(card)]


def _chair(survey: Survey, chair: Chair) -> ChairRow:
    given = chair.approval
    return ChairRow(
        role=words.chair(chair.role, map(survey.name, chair.named)),
        state=chair.state,
        by=survey.people[given.person_id] if given else "",
        at=words.moment(given.at) if given else "",
        until=words.moment(survey.gates.expiry(given)) if given else "",
    )


def item_rows(session: Session, survey: Survey, card: Card) -> list[ItemRow]:
    """Show the gate's checklist while the card is in review."""
    if card.review != Review.IN_REVIEW:
        return []
    return [_item(session, survey, card, item) for item in checklist(session, card, survey.gates)]


def _item(session: Session, survey: Survey, card: Card, item: Item) -> ItemRow:
    return ItemRow(
        key=item.key,
        text=say(item.words),
        done=item.done,
        by_hand=item.by_hand,
        by=survey.name(item.by) if item.by else "",
        at=words.moment(item.at) if item.at else "",
        tick=tick_bar(session, card, item, survey.gates, survey.visitor) is None,
    )
