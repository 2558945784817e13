"""An A/A card in the bank's deposit campaign, from the catalogue to the decision, by the real verbs."""

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from experiments import people
from experiments.board import moves, ticking
from experiments.board.cards import Card, Move, card_of
from experiments.board.checklist import checklist
from experiments.board.seats import USUAL
from experiments.calendar import SiteCalendar
from experiments.check import looks, rollup
from experiments.check.looks import Look
from experiments.do.assignments import Floor
from experiments.do.pseudonyms import Pseudonyms
from experiments.imports.calls import ImportReport, Progress, import_calls
from experiments.imports.mapping import CallMapping
from experiments.people import Actor, Person, PersonRole
from experiments.plan import catalogue
from experiments.plan.designs import experiment_named
from experiments.plan.rules import ArmPlan, Kind, MetricPlan, Plan
from experiments.store import Store
from tests.imports.logs import ROOT

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
LISBON = SiteCalendar(ZoneInfo("Europe/Lisbon"), time(12))
SCENARIO, CARD, SALT = "deposit_campaign", "deposit_a_a", "deposit_a_a:1"
OPERATOR = people.system("operator")
ROLES = ("lead", "manager", "quality", "compliance", "trainer")


@dataclass(frozen=True, slots=True)
class Centre:
    """A bank's call centre with nobody on the phone yet: its floor, and a person for each role."""

    floor: Floor
    staff: dict[str, Actor]

    @property
    def store(self) -> Store:
        return self.floor.store

    def move(
        self, role: str, verb: str, *, reason: str | None = None, proposal: str | None = None, key: str = CARD
    ) -> Card:
        """Let the person with a role move the card; `system` is the schedule."""
        actor = OPERATOR if role == "system" else self.staff[role]
        with self.store.write() as session:
            return moves.move(
                session, key, Move(verb, reason, proposal), actor=actor, calendar=self.floor.calendar, now=NOW
            )

    def tick(self, role: str, key: str = CARD) -> None:
        """Let the person with a role tick what the gate's checklist leaves to people."""
        with self.store.write() as session:
            for item in checklist(session, card_of(session, key), USUAL):
                if item.by_hand and not item.done:
                    ticking.tick(session, key, item.key, actor=self.staff[role], now=NOW)

    def bring(
        self,
        path: Path,
        mapping: CallMapping,
        *,
        replay: str | None = None,
        progress: Progress = lambda done, total: None,
    ) -> ImportReport:
        """Import a file, its rejects beside it."""
        return import_calls(
            self.floor,
            path,
            mapping,
            replay=replay,
            rejects=Path(f"{path}.rejects.csv"),
            progress=progress,
            actor=self.staff["lead"],
            clock=lambda: NOW,
        )

    def final_look(self, key: str = CARD) -> Look:
        """Roll up, and make the last planned look."""
        rollup.rebuild_dirty(self.store)
        with self.store.write() as session:
            experiment = experiment_named(session, key)
            today = self.floor.calendar.day(NOW)
            return looks.make_look(session, experiment, today=today, final=True, actor=OPERATOR, now=NOW)

    def decide(self, key: str = CARD, *, proposal: str | None = None) -> Card:
        """Take a card from Check, open, to its decision: promote the proposal, or keep the standard."""
        self.move("lead", "submit", proposal=proposal, key=key)
        self.tick("quality", key)
        for role in ("quality", "quality", "manager"):
            self.move(role, "approve", key=key)
        if proposal is not None:
            return self.move("lead", "promote", key=key)
        return self.move("lead", "abandon", reason="There is no difference: the standard stays.", key=key)


def open_centre(store: Store, *, hire: bool = True) -> Centre:
    """Load the bank's catalogue and hire one person for each role; without `hire` they are there already."""
    with store.write() as session:
        if hire:
            people.load_roles(session)
            catalogue.load(session, catalogue.parse(_catalogue()), actor=OPERATOR, now=NOW)
            session.add_all(_person(role) for role in ROLES)
            session.flush()
        staff = {role: people.actor_of(people.person_named(session, role)) for role in ROLES}
    return Centre(Floor(store, LISBON, Pseudonyms(b"a key for the tests")), staff)


def _person(role: str) -> Person:
    # Not by `people.add_person`: nobody signs in here, and hashing passwords takes its time.
    return Person(login=role, name=role, password_hash="-", roles=[PersonRole(role=role)])


def _catalogue() -> dict[str, Any]:
    return tomllib.loads((ROOT / "configs" / "catalogues" / "bank.toml").read_text("utf-8"))


def start_card(centre: Centre, *, salt: str = SALT) -> None:
    """Register, approve and start the A/A card.

    Arms need different words, so it is A/A in effect and not in text: what the past calls led to cannot depend on the
    arm that a replay deals them.
    """
    with centre.store.write() as session:
        moves.draft(session, plan(salt), actor=centre.staff["lead"], now=NOW)
    centre.move("lead", "submit")
    centre.tick("compliance")
    for role in ("compliance", "manager", "trainer"):
        centre.move(role, "approve")
    centre.move("lead", "start")


def plan(salt: str = SALT) -> Plan:
    """Give the plan of the A/A card."""
    standard = next(step["text"] for step in _catalogue()["script"][0]["steps"] if step["element"] == "opening")
    return Plan(
        key=CARD,
        kind=Kind.SCRIPT,
        scenario=SCENARIO,
        title={"zh-CN": "定期存款：重放真实外呼（A/A）", "en": "Term deposit: real calls replayed (A/A)"},
        hypothesis={"zh-CN": "重放的结果与话术无关，两组应无差异。", "en": "No arm can change the past."},
        variable="opening",
        unit="call",
        arms=(
            ArmPlan("standard", 5000, standard),
            ArmPlan(
                "other_words",
                5000,
                {"zh-CN": "有个更划算的存法，想跟您说一声。", "en": "There is a better way to save."},
            ),
        ),
        metrics=(
            MetricPlan("converted", "primary"),
            MetricPlan("early_refusal", "guardrail", margin=0.01),
            MetricPlan("complaint", "guardrail", margin=0.001, watch=True),
            MetricPlan("handled_seconds", "secondary"),
        ),
        effect=0.01,
        looks=(1.0,),
        base_rate=0.1127,
        salt=salt,
    )
