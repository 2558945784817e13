"""The list of experiments, filtered by what the address says."""

from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.board.cards import Stage
from experiments.people import Actor
from web.pages import words
from web.pages.survey import CardView, Freshness, Survey, freshness


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of one filter, and the tabs of all: (address, words, whether it is shown now)."""

    fresh: Freshness
    rows: list[CardView]
    tabs: list[tuple[str, str, bool]]
    show: str


def listing(session: Session, visitor: Actor, show: str) -> Listing:
    """List experiments: `all`, `mine` for what waits for the visitor, or one stage."""
    cards = Survey(session, visitor).cards()
    filters = {"all": _("All"), "mine": _("Waiting for me")} | {stage.value: words.stage(stage) for stage in Stage}
    show = show if show in filters else "all"
    tabs = [
        (url_for("pages.experiments", show=key), f"{text} {len(_chosen(cards, key))}", key == show)
        for key, text in filters.items()
    ]
    return Listing(freshness(session), _chosen(cards, show), tabs, show)


def _chosen(cards: list[CardView], show: str) -> list[CardView]:
    if show == "all":
        return cards
    return [card for card in cards if (card.for_me if show == "mine" else card.stage == show)]
