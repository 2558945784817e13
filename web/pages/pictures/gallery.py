"""Every chart of an experiment's page by its name: drawn, or as numbers."""

from collections.abc import Callable, Mapping

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.board import cards
from experiments.check import kept, looks
from experiments.errors import Unknown
from web.charts.kinds import packed, sheet_of
from web.charts.sheet import csv_text
from web.house import house
from web.pages.look.content import named_first
from web.pages.look.days import told_days
from web.pages.look.effects import told_effects
from web.pages.look.figures import Told
from web.pages.look.segments import told_segments
from web.pages.look.staying import told_staying
from web.pages.look.steps import told_steps
from web.pages.pictures.agents import AGENTS, told_agents
from web.pages.pictures.counts import COUNTS, counts_sheet
from web.pages.pictures.funnel import told_funnel
from web.pages.pictures.ground import Ground, ground_of
from web.pages.pictures.maturing import told_maturing
from web.pages.pictures.path import told_path


def drawn_picture(session: Session, key: str, name: str) -> bytes:
    """Give what charts.js draws, packed with gzip.

    Raises:
        Unknown: there is no such experiment, or it has no such chart now.
    """
    return packed(_found(_ground(session, key), name).chart)


def picture_numbers(session: Session, key: str, name: str) -> str:
    """Give a chart's numbers as CSV, with a mark by which spreadsheets know that it is UTF-8.

    Raises:
        Unknown: there is no such experiment, or it has no such numbers now.
    """
    ground = _ground(session, key)
    sheet = counts_sheet(ground) if name == COUNTS else sheet_of(_found(ground, name).chart)
    if sheet is None:
        raise _unknown(name)
    return "\ufeff" + csv_text(sheet, points=_("pp"))


def _ground(session: Session, key: str) -> Ground:
    experiment = cards.card_of(session, key).experiment
    made, now = looks.looks_of(session, experiment), house().clock()
    today = house().calendar.day(now)
    watch = kept.seen(session, experiment, today=today, now=now) if experiment.started_at else None
    return ground_of(session, experiment, made, today=today, watch=watch)


def _found(ground: Ground, name: str) -> Told:
    """Find a chart among those of its kind."""
    kind, _dash, _rest = name.partition("-")
    told = _KINDS[kind](ground) if kind in _KINDS else []
    found = next((each for each in told if each.id == name), None)
    if found is None:
        raise _unknown(name)
    return found


def _unknown(name: str) -> Unknown:
    return Unknown("There is no chart %(name)s here.", name=name)


def _effects(ground: Ground) -> list[Told]:
    return told_effects(ground.experiment, ground.shown, ground.specs) if ground.shown else []


def _steps(ground: Ground) -> list[Told]:
    return told_steps(ground.experiment, ground.shown, dict(ground.steps)) if ground.shown else []


def _segments(ground: Ground) -> list[Told]:
    experiment, look = ground.experiment, ground.shown
    if look is None:
        return []
    challengers = named_first(experiment, look)
    return [told for each in challengers for told in told_segments(experiment, look, ground.specs, each)]


def _days(ground: Ground) -> list[Told]:
    return told_days(ground.experiment, ground.shown) if ground.shown else []


def _staying(ground: Ground) -> list[Told]:
    return told_staying(ground.experiment, ground.shown) if ground.shown else []


_KINDS: Mapping[str, Callable[[Ground], list[Told]]] = {
    "funnel": told_funnel,
    "path": told_path,
    "effects": _effects,
    "steps": _steps,
    "segments": _segments,
    "days": _days,
    "staying": _staying,
    AGENTS: told_agents,
    "maturing": told_maturing,
}
"""By what stands before the first `-` of a chart's name."""
