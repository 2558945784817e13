"""Builds the demo call centre, day by day, through the verbs that a real centre uses."""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from experiments import people
from experiments.board import cards
from experiments.calendar import SiteCalendar
from experiments.check import kept, looks, rollup
from experiments.check.looks import Look
from experiments.demo import calls, world as worlds
from experiments.demo.calls import Served
from experiments.demo.ears import Ears
from experiments.demo.story import Story
from experiments.demo.world import Effect, World
from experiments.do import recording
from experiments.do.assignments import Answer, Floor, assign
from experiments.do.journal import Assignment, Origin
from experiments.do.outcomes import Outcome
from experiments.do.pseudonyms import Pseudonyms
from experiments.do.serving import Call, Reason, choose
from experiments.do.snapshot import Snapshot, compile_snapshot
from experiments.errors import Conflict
from experiments.plan import catalogue as catalogues
from experiments.plan.catalogue import Catalogue
from experiments.store import Store

SOURCE = "demo"
"""Who tells the demo's outcomes."""

_LOADER = people.system("demo")
_BATCH = 500
_OPENING, _EVENING = time(7, 59), time(22, 0)
_ELIGIBLE = (Reason.SPLIT, Reason.STANDARD, Reason.ROLLOUT, Reason.HOLDBACK)
_PLAIN = Effect()

Progress = Callable[[int, int, str], None]
"""Told after each day: days done, days in all, and what is being done."""


@dataclass(frozen=True, slots=True)
class CardReport:
    """Where a card was left, and its looks."""

    key: str
    stage: str
    review: str
    conclusions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What was built. `people` are (login, name, roles); all share the password that was handed in."""

    people: tuple[tuple[str, str, tuple[str, ...]], ...]
    calls: int
    outcomes: int
    cards: tuple[CardReport, ...]


class _Build:
    """One build under way: its world, its story, and the facts that are still to be told on their own day."""

    def __init__(self, floor: Floor, world: World, catalogue: Catalogue, now: datetime) -> None:
        self.floor, self.world, self.now = floor, world, now
        self.centre = calls.Floor(world, catalogue)
        self.story = Story(floor.store, world, catalogue, floor.calendar, now)
        self.ears = Ears(floor.store, world)
        self._later: list[tuple[datetime, str, dict[str, Any]]] = []
        self._faults = {e.scenario: (e.key, e.fault) for e in world.experiment if e.fault is not None}

    def live(self, number: int) -> None:
        """Live one day: the morning's moves, the calls, what was told and heard of them, and the evening's looks."""
        self.story.play(self.story.moment(number, _OPENING))
        with self.floor.store.read() as session:
            snapshot = compile_snapshot(session)
        day = self.centre.calls_of(self.story.day(number), number, self.floor.calendar)
        self._answer(snapshot, [call for call in day if call.at <= self.now and not self._is_lost(snapshot, call)])
        self.story.play(self.story.moment(number, _EVENING))
        self._tell(self.story.moment(number, _EVENING))
        rollup.rebuild_dirty(self.floor.store)
        self.ears.listen(number, self.story.moment(number, _EVENING))
        self.story.look(number, self.story.moment(number, _EVENING))
        self.story.review(number, self.story.moment(number, _EVENING))

    def _answer(self, snapshot: Snapshot, day: Sequence[Call]) -> None:
        for start in range(0, len(day), _BATCH):
            batch = day[start : start + _BATCH]
            for call, answer in zip(batch, assign(self.floor, snapshot, batch, origin=Origin.DEMO), strict=True):
                facts = self.centre.facts_of(call, self._served(answer))
                self.ears.remember(call, answer, facts)
                for fact in facts:
                    at, report = calls.as_report(call, fact)
                    heapq.heappush(self._later, (at, report["id"], report))

    def _served(self, answer: Answer) -> Served:
        eligible = answer.invite or answer.reason in _ELIGIBLE
        return Served(eligible, answer.invite, self.story.effects.get((answer.scenario, answer.version), _PLAIN))

    def _is_lost(self, snapshot: Snapshot, call: Call) -> bool:
        """Say whether the broken desktop loses a call before we ever hear of it."""
        experiment, fault = self._faults.get(call.scenario, ("", None))
        if fault is None:
            return False
        choice = choose(snapshot, call, self.floor.calendar)
        return (choice.experiment, choice.arm) == (experiment, fault.arm) and calls.is_lost(
            self.world, call, fault.share
        )

    def _tell(self, now: datetime) -> None:
        """Tell what has happened by now, in batches that each fit one short transaction."""
        known: list[dict[str, Any]] = []
        while self._later and self._later[0][0] <= now:
            known.append(heapq.heappop(self._later)[2])
        for start in range(0, len(known), _BATCH):
            with self.floor.store.write() as session:
                receipt = recording.record(
                    session, SOURCE, known[start : start + _BATCH], pseudonyms=self.floor.pseudonyms, now=now
                )
            if receipt.rejected:
                raise ValueError(f"outcome == {receipt.rejected[0].id!r}, was refused: {receipt.rejected[0].message}")


def build(
    store: Store,
    world: Mapping[str, Any],
    catalogue: Catalogue,
    *,
    password: str,
    calendar: SiteCalendar,
    pseudonyms: Pseudonyms,
    now: datetime,
    progress: Progress,
) -> DemoReport:
    """Build the demo call centre: its people, its catalogue, and its last weeks, ending now.

    The same world and seed give the same totals on every machine, whatever day it is built on but for the weekdays.

    Args:
        store: a migrated database without experiments and calls.
        world: the demo's document, as `world.World` reads it.
        catalogue: the centre's catalogue.
        password: what everyone signs in with.
        calendar: the site's.
        pseudonyms: to hash customers.
        now: the end of the story, UTC; nothing later than it is told.
        progress: told after each day.

    Raises:
        Invalid: the world's document breaks its form.
        Conflict: the database has experiments or calls already.
    """
    described = worlds.parse(world)
    under_way = _Build(Floor(store, calendar, pseudonyms), described, catalogue, now)
    with store.write() as session:
        _require_empty(session)
        _load(session, described, catalogue, password, under_way.story.beginning)
    for number in range(described.days):
        progress(number, described.days, "calls")
        under_way.live(number)
    kept.keep_all(store, today=calendar.day(now), now=now)
    progress(described.days, described.days, "done")
    with store.read() as session:
        return _report(session, described)


def _require_empty(session: Session) -> None:
    if cards.every_card(session) or session.scalar(select(Assignment.id).limit(1)) is not None:
        raise Conflict("The database has experiments or calls already: the demo is built in an empty one.")


def _load(session: Session, world: World, catalogue: Catalogue, password: str, now: datetime) -> None:
    people.load_roles(session)
    catalogues.load(session, catalogue, actor=_LOADER, now=now)
    for person in world.person:
        name = person.name["zh-CN"]
        people.add_person(session, person.login, name, password, person.roles, actor=_LOADER, now=now)


def _report(session: Session, world: World) -> DemoReport:
    return DemoReport(
        tuple((person.login, person.name["zh-CN"], tuple(person.roles)) for person in world.person),
        session.scalar(select(func.count()).select_from(Assignment)) or 0,
        session.scalar(select(func.count()).select_from(Outcome)) or 0,
        tuple(_card_report(session, entry.key) for entry in world.experiment),
    )


def _card_report(session: Session, key: str) -> CardReport:
    card = cards.card_of(session, key)
    made: list[Look] = looks.looks_of(session, card.experiment)
    return CardReport(key, card.stage, card.review, tuple(look.conclusion for look in made))
