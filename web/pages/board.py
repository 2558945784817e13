"""The board: four columns of cards; in each what waits for the visitor is on top, then what has waited the longest."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments import audit
from experiments.act import rollouts
from experiments.board import cards
from experiments.board.cards import Card, Stage
from experiments.check import history, kept
from experiments.people import Actor
from web.house import house
from web.language import locale
from web.pages.sieve import Choices, Sieve, address, choices, nothing
from web.pages.standard_tiles import KIND, standard_tiles
from web.pages.survey import Freshness, Survey, freshness
from web.pages.tiles import Tile, card_tile

_ENDED_SHOWN, _STANDING_SHOWN = 8, 6
_MINUTES = 10
"""How long the words of a waiting time may stay the same."""


@dataclass(frozen=True, slots=True)
class Group:
    """Some of a column's cards below a heading of their own, and how many more there are where all can be seen."""

    key: str
    title: str
    tiles: list[Tile]
    count: int
    more: int
    href: str


@dataclass(frozen=True, slots=True)
class Column:
    """One stage: the cards that are on their way, and below them the groups of those that rest."""

    stage: str
    tiles: list[Tile]
    groups: list[Group]
    waiting: int


@dataclass(frozen=True, slots=True)
class BoardPage:
    """The whole board, or what a filter leaves of it. `nothing` says why it is empty."""

    fresh: Freshness
    columns: list[Column]
    sieve: Sieve
    choices: Choices
    shown: int
    total: int
    nothing: tuple[str, str] | None
    says: dict[str, str]


def board_page(session: Session, visitor: Actor, sieve: Sieve) -> BoardPage:
    """See the board, or what a filter leaves of it."""
    tiles = _tiles(session, visitor)
    shown = [tile for tile in tiles if sieve.passes(tile)]
    return BoardPage(
        fresh=freshness(session),
        columns=[_column(stage, [tile for tile in shown if tile.stage == stage], sieve) for stage in Stage],
        sieve=sieve,
        choices=choices(tiles),
        shown=len(shown),
        total=len(tiles),
        nothing=None if shown or not tiles else nothing(sieve),
        says=_says(),
    )


def board_mark(session: Session, visitor: Actor, sieve: Sieve, version: str) -> str:
    """Give what tells whether a visitor's board may be another than before, at the price of a few short questions.

    Every change of a card, a standard or a gate is an act of the audit log; what tests have counted is in the rollup,
    and what is seen in it is kept; and waiting times are told anew every ten minutes.
    """
    now, running = house().clock(), cards.running(session)
    known = (
        version,
        locale(),
        visitor.name,
        sorted(visitor.roles),
        sorted(sieve.given.items()),
        audit.newest(session),
        sorted(history.marks(session, running).items()),
        list(kept.marks_kept(session, running).items()),
        history.waiting_days(session),
        house().calendar.day(now),
        int(now.timestamp()) // (60 * _MINUTES),
    )
    return hashlib.sha256(repr(known).encode()).hexdigest()[:32]


def _tiles(session: Session, visitor: Actor) -> list[Tile]:
    survey = Survey(session, visitor)
    arrived = cards.arrivals(session)
    going = {each.experiment_id: each for each in rollouts.live(session) if each.state in rollouts.UNDER_WAY}
    tests = [card_tile(survey, card, arrived, going, _address(card)) for card in survey.every_card()]
    return [*tests, *standard_tiles(session, survey)]


def _address(card: Card) -> str:
    return url_for("pages.experiment", key=card.experiment.key)


def _column(stage: Stage, tiles: Sequence[Tile], sieve: Sieve) -> Column:
    opened = sorted((tile for tile in tiles if tile.group == "open"), key=_urgency)
    standing = [tile for tile in tiles if tile.group == "standing"]
    ended = [tile for tile in tiles if tile.group == "ended"]
    asked = address(replace(sieve, kind=KIND))
    most = len(standing) if sieve.kind == KIND or sieve.scenario or sieve.q else _STANDING_SHOWN
    groups = [
        _group("standing", _("Standards in force"), standing, most, asked),
        _group("ended", _("Ended"), ended, _ENDED_SHOWN, url_for("pages.experiments", show=Stage.ACT.value)),
    ]
    return Column(stage, opened, groups if stage is Stage.ACT else [], sum(tile.by_people for tile in opened))


def _group(key: str, title: str, tiles: list[Tile], most: int, href: str) -> Group:
    return Group(key, title, tiles[:most], len(tiles), max(0, len(tiles) - most), href)


def _urgency(tile: Tile) -> tuple[bool, bool, datetime, str]:
    """Sort by whom it waits for, and since when."""
    return not tile.for_me, not tile.by_people, tile.since or datetime.max.replace(tzinfo=UTC), tile.key


def _says() -> dict[str, str]:
    """Give the sentences that the page's script says; `{…}` is filled in by it."""
    return {
        "moved": _("“{title}” moved: {place}."),
        "new": _("“{title}” is new here: {place}."),
        "gone": _("“{title}” is no longer here."),
        "more": _("And {count} more changes."),
        "kept": _(
            "This card has changed meanwhile. What you typed is kept: send it, or empty the field to see the change."
        ),
        "none": _("There is nothing for you to do with this card now."),
        "away": _("The board could not be refreshed. It is tried again."),
        "signed_out": _("You are signed out: reload the page to sign in."),
        "back": _("The board is up to date again."),
        "on": _("Shortcuts are on."),
        "off": _("Shortcuts are off."),
    }
