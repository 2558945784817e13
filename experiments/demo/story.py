"""The moves of the demo's cards: who does what, on which day, as tables; carried out by the board like anybody's."""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from experiments import people
from experiments.act.reviews import review_standard
from experiments.board import cards, gates, moves, tending, ticking
from experiments.board.cards import Move, Stage
from experiments.board.checklist import checklist
from experiments.board.seats import USUAL, missing
from experiments.calendar import SiteCalendar, as_date, day_number
from experiments.demo.world import Effect, ExperimentEntry, World, accepted_per_call
from experiments.errors import Conflict
from experiments.people import Actor
from experiments.plan import designs, scripts
from experiments.plan.catalogue import Catalogue
from experiments.plan.rules import ArmPlan, Kind, MetricPlan, Plan
from experiments.plan.scenarios import scenario_named
from experiments.store import Store
from stats.looking.spending import inflation_factor
from stats.sizing.proportions import smallest_effect

_PLAN_DAYS = 28  # calls that a plan without dates is sized for
_HALF_POINT = 0.005
_ALPHA, _POWER, _LOOKS = 0.05, 0.8, (0.5, 1.0)
_NEARLY_NOBODY = 0.01  # accepts where nobody is asked: a plan's rate is above 0


@dataclass(frozen=True, slots=True)
class Step:
    """One move of a card: days from its anchor, the hour, who does it, and whether the story's reason goes with it."""

    day: int
    clock: time
    role: str
    verb: str
    with_reason: bool = False


PLANNING = (
    Step(-5, time(9, 30), "lead", "draft"),
    Step(-4, time(10, 0), "lead", "submit"),
    Step(-3, time(13, 45), "compliance", "tick"),
    Step(-3, time(14, 0), "compliance", "approve"),
    Step(-2, time(10, 30), "manager", "approve"),
    Step(-1, time(16, 0), "trainer", "approve"),
    # before the first call of the day
    Step(0, time(7, 45), "lead", "start"),
)
"""How every card begins; the anchor is the first day of its calls."""

LEFT_IN_PLAN = {"draft": 1, "in_review": 4, "approved": 6}
"""After how many of those steps a card that never started is left."""

ENDINGS: dict[str, tuple[Step, ...]] = {
    "running": (),
    "paused": (Step(1, time(7, 30), "supervisor", "pause", with_reason=True),),
    "abandoned": (
        Step(1, time(7, 30), "supervisor", "stop", with_reason=True),
        Step(1, time(10, 0), "lead", "submit", with_reason=True),
        Step(2, time(10, 45), "quality", "tick"),
        Step(2, time(11, 0), "quality", "approve"),
        Step(3, time(9, 0), "manager", "approve"),
        Step(3, time(15, 0), "quality", "approve"),
        Step(4, time(9, 30), "lead", "abandon", with_reason=True),
    ),
    "stopped_for_good": (
        Step(1, time(7, 30), "supervisor", "stop", with_reason=True),
        Step(1, time(10, 0), "lead", "submit", with_reason=True),
        Step(2, time(10, 45), "quality", "tick"),
        Step(2, time(11, 0), "quality", "approve"),
        Step(3, time(9, 0), "manager", "approve"),
        Step(3, time(15, 0), "quality", "approve"),
        Step(4, time(7, 40), "manager", "promote"),
    ),
    "in_review": (Step(1, time(10, 0), "lead", "submit", with_reason=True),),
    "promoted": (
        Step(1, time(10, 0), "lead", "submit", with_reason=True),
        Step(1, time(16, 45), "quality", "tick"),
        Step(1, time(17, 0), "quality", "approve"),
        Step(2, time(9, 0), "manager", "approve"),
        Step(2, time(15, 0), "quality", "approve"),
        Step(3, time(7, 40), "manager", "promote"),
    ),
}
"""How a card that ran goes on; the anchor is the last day of its calls."""

_ENDED_BY_LOOK = ("in_review", "promoted")

_PROPOSED = {"in_review": 1, "promoted": 1, "stopped_for_good": 0}
"""Which arm the lead proposes as the standard: the challenger, or after harm the control; otherwise nothing changes."""


class Story:
    """Plays the moves that are due, in the order of their moments, and remembers what each version's words do."""

    def __init__(self, store: Store, world: World, catalogue: Catalogue, calendar: SiteCalendar, now: datetime) -> None:
        self._store, self._world, self._catalogue = store, world, catalogue
        self._calendar, self._now = calendar, now
        self._entries = {entry.key: entry for entry in world.experiment}
        self._waiting: list[tuple[datetime, int, str, Step]] = []
        self._first = as_date(calendar.day(now)) - timedelta(days=world.days - 1)
        self._daily = _eligible_a_day(world, catalogue)
        #: what the words of a script version do, by (scenario, version number)
        self.effects: dict[tuple[str, int], Effect] = {}
        for entry in world.experiment:
            self._expect_beginning(entry)

    @property
    def beginning(self) -> datetime:
        """Give the moment before everything else."""
        return min(moment for moment, *_ in self._waiting) - timedelta(days=1)

    def day(self, number: int) -> int:
        """Give a day of the demo, counted from 0, as YYYYMMDD."""
        return day_number(self._first + timedelta(days=number))

    def moment(self, number: int, clock: time) -> datetime:
        """Give a wall-clock time on a day of the demo; never later than now."""
        midnight = self._calendar.start_of(self.day(number))
        return min(midnight + timedelta(hours=clock.hour, minutes=clock.minute), self._now)

    def play(self, until: datetime) -> None:
        """Carry out every move that is due."""
        while self._waiting and self._waiting[0][0] <= until:
            moment, _, key, step = heapq.heappop(self._waiting)
            with self._store.write() as session:
                self._carry_out(session, self._entries[key], step, moment)

    def look(self, number: int, now: datetime) -> None:
        """Take the evening's due looks; a test that ends by its final look goes on to be reviewed."""
        for entry in self._entries.values():
            if entry.start_day is None or entry.end_day is None or number < entry.start_day:
                continue
            last_day = number >= entry.end_day and entry.state in _ENDED_BY_LOOK
            ended = self._take_look(entry, now, last_day=last_day)
            if ended and entry.state in _ENDED_BY_LOOK:
                self._expect(entry, ENDINGS[entry.state], number)

    def review(self, number: int, now: datetime) -> None:
        """Look at the standards whose turn it is, and leave them as they are."""
        for entry in self._world.review:
            if entry.day != number:
                continue
            with self._store.write() as session:
                review_standard(
                    session,
                    scenario_named(session, entry.scenario),
                    owner=entry.owner,
                    review_by=self.day(entry.until_day),
                    note=entry.note,
                    actor=people.actor_of(people.person_named(session, entry.by)),
                    calendar=self._calendar,
                    now=now,
                )

    def _take_look(self, entry: ExperimentEntry, now: datetime, *, last_day: bool) -> bool:
        with self._store.write() as session:
            look = tending.take_due_look(
                session, entry.key, actor=people.system("jobs"), calendar=self._calendar, now=now, last_day=last_day
            )
        return look is not None and look.final

    def _expect_beginning(self, entry: ExperimentEntry) -> None:
        if entry.start_day is None:
            steps = PLANNING[: LEFT_IN_PLAN[entry.state]]
            self._expect(entry, steps, self._world.days - 2 - steps[-1].day)
        else:
            self._expect(entry, PLANNING, entry.start_day)
            if entry.state not in _ENDED_BY_LOOK:
                self._expect(entry, ENDINGS[entry.state], entry.end_day or 0)

    def _expect(self, entry: ExperimentEntry, steps: tuple[Step, ...], anchor: int) -> None:
        for step in steps:
            place = len(self._waiting)
            heapq.heappush(self._waiting, (self.moment(anchor + step.day, step.clock), place, entry.key, step))

    def _carry_out(self, session: Session, entry: ExperimentEntry, step: Step, now: datetime) -> None:
        actor = self._somebody(session, step.role)
        if step.verb == "draft":
            moves.draft(session, self._plan(entry), actor=actor, now=now)
            return
        if step.verb == "tick":
            self._tick(session, entry, actor, now)
            return
        if step.verb in ("pause", "stop") and cards.card_of(session, entry.key).stage == Stage.CHECK:
            return  # some days bring more calls than others: all were there sooner, and it has ended by itself
        proposed = _PROPOSED.get(entry.state) if step.verb == "submit" and step.with_reason else None
        move = Move(
            step.verb,
            entry.reason["zh-CN"] if entry.reason and step.with_reason else None,
            None if proposed is None else entry.arm[proposed].key,
        )
        moves.move(session, entry.key, move, actor=actor, calendar=self._calendar, now=now)
        if step.verb == "approve":
            self._second_approval(session, entry, now)
        if step.verb == "start":
            self._remember_words(session, entry)

    def _second_approval(self, session: Session, entry: ExperimentEntry, now: datetime) -> None:
        """Let one more person approve where that alone is missing: a decision against the verdict needs two."""
        card = cards.card_of(session, entry.key)
        if [chair.role for chair in missing(gates.under_review(session, card, USUAL, now))] != [None]:
            return
        logins = (person.login for person in self._world.person if set(person.roles) & set(USUAL.roles(card.stage)))
        actors = (people.actor_of(people.person_named(session, login)) for login in logins)
        second = next(actor for actor in actors if gates.approval_bar(session, card, USUAL, actor, now) is None)
        moves.move(session, entry.key, Move("approve"), actor=second, calendar=self._calendar, now=now)

    def _tick(self, session: Session, entry: ExperimentEntry, actor: Actor, now: datetime) -> None:
        """Vouch for all that the gate's checklist leaves to people."""
        for item in checklist(session, cards.card_of(session, entry.key), USUAL):
            if item.by_hand and not item.done:
                ticking.tick(session, entry.key, item.key, actor=actor, now=now)

    def _somebody(self, session: Session, role: str) -> Actor:
        login = next(person.login for person in self._world.person if role in person.roles)
        return people.actor_of(people.person_named(session, login))

    def _remember_words(self, session: Session, entry: ExperimentEntry) -> None:
        challenger = designs.experiment_named(session, entry.key).arms[1]
        version = scripts.version_by_id(session, challenger.version_id or 0)
        self.effects[entry.scenario, version.number] = entry.effect

    def _plan(self, entry: ExperimentEntry) -> Plan:
        rate = next(rate for rate in self._world.rate if rate.scenario == entry.scenario)
        kind = Kind(entry.kind)
        base = round(accepted_per_call(self._world, rate), 3) if kind is Kind.SCRIPT else _NEARLY_NOBODY
        return Plan(
            key=entry.key,
            kind=kind,
            scenario=entry.scenario,
            title=entry.title,
            hypothesis=entry.hypothesis,
            variable=entry.variable,
            unit=entry.unit,
            arms=tuple(ArmPlan(arm.key, arm.weight, arm.value) for arm in entry.arm),
            metrics=tuple(_metrics(self._catalogue, entry)),
            effect=worth_having(base, self._planned(entry), [arm.weight for arm in entry.arm]),
            alpha=_ALPHA,
            power=_POWER,
            looks=_LOOKS,
            moderators=("tenure", "region"),
            coverage=entry.coverage,
            base_rate=base,
            salt=f"{entry.key}:{self._world.seed}",
        )

    def _planned(self, entry: ExperimentEntry) -> float:
        """Give the calls that a plan of this entry should come to."""
        days = _PLAN_DAYS
        if entry.start_day is not None and entry.end_day is not None:
            days = entry.end_day - entry.start_day + 1
        return days * self._daily[entry.scenario] * entry.coverage / 10_000 / entry.progress


def worth_having(base: float, calls: float, weights: list[int]) -> float:
    """Give the smallest effect, in half points, that so many calls can show; else the largest there is."""
    arms = [max(1, round(calls * weight / 10_000)) for weight in weights]
    inflation = inflation_factor(_LOOKS, _ALPHA, _POWER)
    smallest = smallest_effect(base, arms, alpha=_ALPHA, power=_POWER, inflation=inflation)
    most = int((1 - base) / _HALF_POINT) - 1
    points = most if math.isnan(smallest) else min(math.ceil(smallest / _HALF_POINT), most)
    return round(points * _HALF_POINT, 3)


def _eligible_a_day(world: World, catalogue: Catalogue) -> dict[str, float]:
    shares = {entry.key: entry.share or 0.0 for entry in catalogue.scenario}
    customers = sum(world.relations[who] for who in ("self", "spouse", "relative"))
    return {
        rate.scenario: shares[rate.scenario] * rate.assigned_share * world.switch_calls_per_day * customers
        for rate in world.rate
    }


def _metrics(catalogue: Catalogue, entry: ExperimentEntry) -> Iterator[MetricPlan]:
    """Give the metrics that the scenario's set starts a plan with, and the margins that this plan states instead."""
    scenario = next(s for s in catalogue.scenario if s.key == entry.scenario)
    group = next((g for g in catalogue.metric_set if g.key == scenario.metric_set), None)
    if group is None:
        raise Conflict("The scenario %(scenario)s sums others and carries no calls itself.", scenario=entry.scenario)
    yield MetricPlan(group.primary, "primary")
    for guardrail in group.guardrails:
        margin = entry.guardrail_margins.get(guardrail.metric, guardrail.margin)
        yield MetricPlan(guardrail.metric, "guardrail", margin, guardrail.watch)
    for metric in group.secondary:
        yield MetricPlan(metric, "secondary")
