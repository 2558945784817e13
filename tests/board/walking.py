"""Random walks over the board: any person asks anything of any card, and a model of the rules watches what comes of it.

The model is written from the rules and not from the code: it counts who wrote, who approved and when, and says of every
gate passed whether it should have been.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from experiments import people
from experiments.audit import AuditEntry
from experiments.board import cards, comments, moves, tending, ticking
from experiments.board.cards import Card, Move
from experiments.board.replay import Place
from experiments.board.seats import Gates, Seat
from experiments.board.transitions import TRANSITIONS
from experiments.do.assignments import Floor
from experiments.errors import Refusal, Unknown
from experiments.people import Actor
from experiments.plan import traffic
from experiments.plan.rules import ArmPlan, Plan
from tests.board.conftest import ALL_ROLES
from tests.builders import MONDAY, NEW_BENEFIT, a_plan, people_actor

KEYS = ("first", "second", "third")
GATES = Gates(plan=(Seat("compliance", named=("compliance", "everybody")), Seat("manager", 2), Seat("trainer")))
"""As usual, but that two managers are needed at Plan, and compliance's approval is for two people."""
PEOPLE = (
    *ALL_ROLES,
    "everybody",
    *(f"another_{role}" for role in ("lead", "manager", "quality", "compliance")),
    "admin",
)
AMENDING = ("drop_arm", "widen")
"""Changes of a test that stays where it is."""
VERBS = sorted({verb for *_, verb in TRANSITIONS} - set(AMENDING))
LEFT_TO_PEOPLE = {"plan": ("offer_review", "size"), "check": ("verdict_read", "sample"), "act": ()}
ITEMS = ("offer_review", "size", "sample", "verdict_read", "one_variable")

Step = tuple[int, int, int]
"""What one step is made of: which card, what is asked, and by whom, each as a number."""


@dataclass
class Known:
    """What the model knows of a card."""

    wrote: set[str] = field(default_factory=set)
    submitted: str = ""
    given: list[tuple[str, datetime]] = field(default_factory=list)
    ticked: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    had: int = 3000
    decided: set[int] = field(default_factory=set)


class Walk:
    """One walk, within one transaction."""

    def __init__(self, floor: Floor, session: Session) -> None:
        self.floor, self.session, self.now = floor, session, MONDAY
        self.known = {key: Known() for key in KEYS}
        self.actors = {login: people_actor(session, login) for login in PEOPLE}
        #: the rows of the table that were taken
        self.taken: set[tuple[str, str, str]] = set()

    def walk(self, steps: Sequence[Step]) -> None:
        """Ask one thing after the other; what is refused leaves no trace."""
        for which, what, who in steps:
            self.now += timedelta(hours=1 if what % 29 else 24 * 8)
            key, login = KEYS[which % len(KEYS)], PEOPLE[who % len(PEOPLE)]
            savepoint = self.session.begin_nested()
            try:
                self._ask(key, what, who, login)
                savepoint.commit()
            except Refusal:
                savepoint.rollback()

    def card(self, key: str) -> Card | None:
        try:
            return cards.card_of(self.session, key)
        except Unknown:
            return None

    def _ask(self, key: str, what: int, who: int, login: str) -> None:
        card = self.card(key)
        if card is None:
            moves.draft(self.session, self._plan(key, what), actor=self.actors[login], now=self.now)
            self.known[key].wrote.add(login)
            return
        asked = self._something(card, what)
        if asked == "revise":
            moves.revise(self.session, key, self._plan(key, what), actor=self.actors[login], now=self.now)
            self.known[key].wrote.add(login)
        elif asked == "comment":
            comments.comment(self.session, key, "Well?", actor=self.actors[login], now=self.now)
        elif asked in ITEMS:
            actor = self._of_roles(GATES.roles(card.stage), who)
            ticking.tick(self.session, key, asked, actor=actor, now=self.now, gates=GATES)
            assert actor.name not in self.known[key].wrote | {self.known[key].submitted}
            self.known[key].ticked.add(asked)
        else:
            self._move(card, key, asked, what, who)

    def _something(self, card: Card, what: int) -> str:
        """Choose what is asked: mostly what is possible here, at times anything at all."""
        if card.stage == "do" and what % 4:
            others = "pause" if card.review == "running" else "resume"
            return (*AMENDING, *AMENDING, others)[what // 7 % 5]
        here = [verb for stage, review, verb in TRANSITIONS if (stage, review) == (card.stage, card.review)]
        here = [verb for verb in here if verb not in AMENDING]
        if what % 4:
            here = [verb for verb in here if verb not in ("abandon", "refuse", "roll_back", "roll_out")]
            here = here if card.stage != "act" else [verb for verb in here if verb != "stop"]
        if card.review == "in_review" and what % 11 == 0:
            return "refuse"
        if card.review == "in_review":
            here += ["approve"] * 8 + [*(ITEMS if what % 9 == 0 else LEFT_TO_PEOPLE[card.stage])] * 2
        if card.review == "draft":
            here += ["submit"] * 2 + ["revise"]
        if what % 8 == 0 or not here:
            here = [*VERBS, "revise", "comment", *ITEMS]
        return here[what // 7 % len(here)]

    def _move(self, card: Card, key: str, verb: str, what: int, who: int) -> None:
        here, in_round = (card.stage, card.review), card.round
        actor = self._somebody(card, verb, who)
        arm = ("quicker", "control", None)[what % 3] if verb == "submit" and card.stage == "check" else None
        if verb == "end":
            jobs = people.system("jobs")
            tending.take_due_look(
                self.session, key, actor=jobs, calendar=self.floor.calendar, now=self.now, last_day=True
            )
        else:
            asked = Move(verb, "because" if what % 11 else None, arm, **self._amending(verb, what))
            moves.move(self.session, key, asked, actor=actor, calendar=self.floor.calendar, now=self.now, gates=GATES)
            self._amended(key, asked, actor)
        if (card.stage, card.review) != here or verb in ("approve", "drop_arm", "widen"):
            self._came_of_it(card, key, verb, actor, here, in_round)

    def _amending(self, verb: str, what: int) -> dict[str, Any]:
        """Choose what a change while it runs asks for: mostly what may be, at times not."""
        if verb == "drop_arm":
            return {"arm": ("quicker", "slower", "quicker", "slower", "control", "nobody")[what // 13 % 6]}
        if verb == "widen":
            return {"coverage": (3100, 3200, 3300, 9000)[what // 13 % 4]}
        return {}

    def _amended(self, key: str, asked: Move, actor: Actor) -> None:
        known = self.known[key]
        assert asked.proposal not in known.dropped, "an arm was proposed that was dropped"
        if asked.verb == "drop_arm":
            assert not known.dropped, "the last challenger was dropped"
            assert asked.arm in ("quicker", "slower")
            known.dropped.add(asked.arm)
        if asked.verb == "widen":
            assert asked.coverage
            assert asked.coverage > known.had
            known.had = asked.coverage
            known.wrote.add(actor.name)

    def _somebody(self, card: Card, verb: str, who: int) -> Actor:
        """Choose who asks: at times anybody, mostly somebody who holds a role for it."""
        row = next((t for (s, r, v), t in TRANSITIONS.items() if (s, r, v) == (card.stage, card.review, verb)), None)
        if row is not None and row.by_job and who % 4:
            return people.system("jobs")
        return self._of_roles(row.who(cards.Stage(card.stage), GATES) if row else (), who)

    def _of_roles(self, roles: tuple[str, ...], who: int) -> Actor:
        able = [actor for actor in self.actors.values() if actor.has(roles)]
        return able[who // 4 % len(able)] if able and who % 4 else self.actors[PEOPLE[who % len(PEOPLE)]]

    def _came_of_it(self, card: Card, key: str, verb: str, actor: Actor, here: tuple[str, str], in_round: int) -> None:
        known, moved = self.known[key], (card.stage, card.review) != here
        if verb == "approve":
            known.given.append((actor.name, self.now))
            assert actor.name not in known.wrote | {known.submitted}
        if moved or verb in ("drop_arm", "widen"):
            self.taken.add((*here, verb))
        if moved and here[1] == "in_review":
            assert in_round not in known.decided, "one round was decided twice"
            known.decided.add(in_round)
        if moved and verb == "approve":
            self._passed(card, known, here[0])
        if verb in ("start", "promote", "roll_out"):
            assert self._filled(card, known, here[0]), "an approval had expired"
        if verb == "submit":
            known.submitted, known.given, known.ticked = actor.name, [], set()
        if here[0] == "act" and verb in ("resume", "skip", "gate"):
            known.submitted, known.given = known.submitted if verb == "gate" else actor.name, []

    def _passed(self, card: Card, known: Known, stage: str) -> None:
        assert self._filled(card, known, stage), f"{stage} was passed by {known.given} alone"
        against = self._against(card, stage)
        needed = {"plan": {"offer_review", "size"}, "check": {"verdict_read"} | ({"sample"} if against else set())}
        assert needed.get(stage, set()) <= known.ticked
        if stage == "plan":
            known.wrote = set()
        else:
            # what was approved at Check is approved afresh at Act
            known.given = known.given if stage == "act" else []

    def _filled(self, card: Card, known: Known, stage: str) -> bool:
        """Say whether so many different people stand for what was approved that every seat can be theirs."""
        standing = {login for login, at in known.given if self.now - at < GATES.expires_after}
        wanted = [(seat.role, seat.named) for seat in GATES.at(stage) for _ in range(seat.count)]
        enough = len(wanted) + self._against(card, stage)
        return any(
            all(self._fits(login, *seat) for login, seat in zip(some, wanted, strict=False))
            for some in permutations(sorted(standing), enough)
        )

    def _against(self, card: Card, stage: str) -> bool:
        """Say whether a second approver is needed: nobody called, so no verdict ever recommends a challenger."""
        return stage != "plan" and card.proposal == "quicker"

    def _fits(self, login: str, role: str, named: tuple[str, ...]) -> bool:
        return role in self.actors[login].roles and (not named or login in named)

    def _plan(self, key: str, what: int) -> Plan:
        plan = a_plan(self.floor, key=key, coverage=3000)
        words = {**NEW_BENEFIT, "en": f"One message is enough, number {what}."}
        arms = (
            replace(plan.arms[0], weight=4000),
            replace(plan.arms[1], weight=3000, value=words),
            ArmPlan("slower", 3000, {**words, "en": f"It may take a while, number {what}."}),
        )
        return replace(plan, arms=arms)

    def holds(self) -> None:
        """Hold the tables against what no history may lead to."""
        for key in KEYS:
            card = self.card(key)
            if card is None:
                continue
            made = [(d.to_stage, d.to_review) for d in cards.decisions_of(self.session, card)]
            slices = [s for s in traffic.in_force(self.session, card.experiment.scenario).value.slices if s.key == key]
            assert (card.review == "running") == any(s.state == "running" for s in slices)
            for owner in slices:
                dealt = {"control", "quicker", "slower"} - self.known[key].dropped
                assert {arm.key for arm in owner.arms} == dealt
                assert sum(high - low for low, high in owner.ranges) == self.known[key].had
            if card.stage == "do":
                assert ("plan", "approved") in made
            if card.review == "standard":
                assert ("act", "approved") in made


def steps_of(seed: int, many: int) -> list[Step]:
    """Give the steps of a long walk."""
    chance = random.Random(seed)
    return [(chance.randrange(3), chance.randrange(10_000), chance.randrange(10_000)) for _ in range(many)]


def board(session: Session) -> dict[str, Place]:
    """Give every card's place by the tables."""
    session.expire_all()
    found = cards.every_card(session)
    return {c.experiment.key: Place(c.stage, c.review, c.round, c.proposal) for c in found}


def log(session: Session) -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
