"""The board: four columns of cards, those that moved last on top."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from experiments.board.cards import Review, Stage
from experiments.people import Actor
from web.pages.survey import CardView, Freshness, Survey, freshness

_CLOSED_SHOWN = 8
_CLOSED = (Review.STANDARD, Review.ABANDONED)


@dataclass(frozen=True, slots=True)
class Column:
    """One stage's cards; of those whose life has ended only the last few, and how many more there are."""

    stage: str
    cards: list[CardView]
    closed: list[CardView]
    more: int


@dataclass(frozen=True, slots=True)
class BoardPage:
    """The whole board."""

    fresh: Freshness
    columns: list[Column]
    empty: bool


def columns(session: Session, visitor: Actor) -> BoardPage:
    """See the board."""
    cards = Survey(session, visitor).cards()
    return BoardPage(freshness(session), [_column(stage, cards) for stage in Stage], not cards)


def _column(stage: Stage, cards: list[CardView]) -> Column:
    here = [card for card in cards if card.stage == stage]
    closed = [card for card in here if card.review in _CLOSED]
    return Column(
        stage,
        [card for card in here if card.review not in _CLOSED],
        closed[:_CLOSED_SHOWN],
        max(0, len(closed) - _CLOSED_SHOWN),
    )
