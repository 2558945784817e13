"""Whether a card has moved since a page was opened: told beside what somebody is typing there, never instead of it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from experiments.board import cards
from experiments.board.cards import Card
from experiments.people import Actor
from web.pages import verbs, words
from web.pages.survey import Survey


@dataclass(frozen=True, slots=True)
class Moved:
    """The newest move of a card: who made it, what it was, and where the card stands now."""

    by: str
    did: str
    at: str
    place: str


def last_move(session: Session, card: Card) -> int:
    """Give the number of a card's newest move; 0 before its first."""
    last = cards.last_decision(session, card)
    return last.id if last is not None else 0


def moved_since(session: Session, key: str, since: int, visitor: Actor) -> Moved | None:
    """Tell the newest move of a card where it was made after the one that a page knows; None otherwise.

    Raises:
        Unknown: there is no such experiment.
    """
    card = cards.card_of(session, key)
    last = cards.last_decision(session, card)
    if last is None or last.id <= since:
        return None
    by, did = Survey(session, visitor).name(last.actor), verbs.done(last.verb, last.from_stage)
    return Moved(by, did, words.moment(last.at), place(card))


def place(card: Card) -> str:
    """Say where a card stands."""
    return f"{words.stage(card.stage)} · {words.review(words.badge(card))}"
