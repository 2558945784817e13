"""Histories in the domain's words, each built from the one before it; strangers stand in the database by default."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from configs.settings import catalogue_documents
from experiments import people
from experiments.act import standards
from experiments.board import cards, moves, tending, ticking
from experiments.board.cards import Move
from experiments.board.checklist import checklist
from experiments.board.seats import USUAL
from experiments.calendar import SiteCalendar
from experiments.check import rollup
from experiments.do import recording
from experiments.do.assignments import Answer, Floor, assign
from experiments.do.pseudonyms import Pseudonyms
from experiments.do.recording import Receipt
from experiments.do.serving import Call
from experiments.do.snapshot import Snapshot, compile_snapshot
from experiments.people import Actor
from experiments.plan import catalogue, scripts
from experiments.plan.catalogue import Catalogue
from experiments.plan.designs import experiment_named
from experiments.plan.rules import ArmPlan, Kind, MetricPlan, Plan
from experiments.plan.scenarios import scenario_named
from experiments.plan.scripts import Value, lines_of, value_in
from experiments.plan.traffic import in_force
from experiments.store import Store

MONDAY = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)  # nine in the morning in Shanghai
SCENARIO = "policy_change"
ROLES = ("lead", "manager", "quality", "compliance", "trainer", "supervisor", "agent", "admin")
JOINED = (MetricPlan("joined", "primary"), MetricPlan("complaint", "guardrail", 0.01, watch=True))
PASSWORD = "a long enough password"
NEW_BENEFIT = {
    "zh-CN": "添加后，您下次批改只要发条消息，不用再排队。",
    "en": "Next time one message is enough, without queueing.",
}


@cache
def insurance() -> Catalogue:
    """Read the insurer's catalogue once for all tests."""
    return catalogue.parse(catalogue_documents()["insurance"])


def a_floor(store: Store) -> Floor:
    """Open a centre in an empty store."""
    floor = floor_of(store)
    a_centre(floor)
    return floor


def floor_of(store: Store) -> Floor:
    """Give the floor of a centre that a store holds."""
    return Floor(store, SiteCalendar(ZoneInfo("Asia/Shanghai")), Pseudonyms(b"a key that only the tests know"))


def a_centre(floor: Floor) -> None:
    """Open a centre: the insurer's catalogue, and one person for each role."""
    with floor.store.write() as session:
        people.load_roles(session)
        catalogue.load(session, insurance(), actor=people.system("test"), now=MONDAY)
        for role in ROLES:
            _somebody(session, role)


def _somebody(session: Any, login: str, *roles: str) -> None:
    person = people.Person(login=login, name=f"The {login}", password_hash="-", locale="en")
    person.roles = [people.PersonRole(role=role) for role in roles or (login,)]
    session.add(person)


def somebody_new(floor: Floor, login: str, *roles: str) -> None:
    """Let another person work here."""
    with floor.store.write() as session:
        _somebody(session, login, *roles)


def somebody(floor: Floor, login: str) -> Actor:
    """Give a person as the actor of verbs."""
    with floor.store.read() as session:
        return people.actor_of(people.person_named(session, login))


def standard_value(floor: Floor, variable: str, scenario: str = SCENARIO) -> Value:
    """Give the standard script's value for an element."""
    with floor.store.read() as session:
        standard = in_force(session, scenario_named(session, scenario)).value.standard_id
        return value_in(lines_of(scripts.version_by_id(session, standard).lines), variable)


def a_plan(floor: Floor, **changes: Any) -> Plan:
    """Write a plan that keeps every rule: another benefit in policy changes."""
    plan = Plan(
        key="change_benefit",
        kind=Kind.SCRIPT,
        scenario=SCENARIO,
        title={"zh-CN": "批改：换一种利益点", "en": "Policy change: another benefit"},
        hypothesis={"zh-CN": "更快的办理会让更多客户同意。", "en": "A quicker way makes more callers agree."},
        variable="benefit",
        unit="call",
        arms=(ArmPlan("control", 5000, standard_value(floor, "benefit")), ArmPlan("quicker", 5000, NEW_BENEFIT)),
        metrics=(MetricPlan("accepted", "primary"), MetricPlan("complaint", "guardrail", 0.01, watch=True)),
        effect=0.05,
        base_rate=0.4,
        salt="a fixed salt",
    )
    return replace(plan, **changes)


def a_draft(floor: Floor, **changes: Any) -> str:
    """Put a plan's card on the board, and give its key."""
    plan = a_plan(floor, **changes)
    with floor.store.write() as session:
        moves.draft(session, plan, actor=people_actor(session, "lead"), now=MONDAY)
    return plan.key


def people_actor(session: Any, login: str) -> Actor:
    """Give a person as the actor of verbs, within a session."""
    return people.actor_of(people.person_named(session, login))


def moved(floor: Floor, key: str, verb: str, by: str, *, at: datetime = MONDAY, **how: Any) -> tuple[str, str]:
    """Ask one move of a card, and say where it stands then."""
    with floor.store.write() as session:
        actor = people.system("jobs") if by == "jobs" else people_actor(session, by)
        card = moves.move(session, key, Move(verb, **how), actor=actor, calendar=floor.calendar, now=at)
        return card.stage, card.review


def a_submitted_plan(floor: Floor, **changes: Any) -> str:
    """Write a plan and hand it in."""
    key = a_draft(floor, **changes)
    moved(floor, key, "submit", "lead")
    return key


def ticked(floor: Floor, key: str, by: str, *, at: datetime = MONDAY) -> None:
    """Have everything ticked that the gate's checklist leaves to people."""
    with floor.store.write() as session:
        actor = people_actor(session, by)
        for item in checklist(session, cards.card_of(session, key), USUAL):
            if item.by_hand and not item.done:
                ticking.tick(session, key, item.key, actor=actor, now=at)


def approved(floor: Floor, key: str, *approvers: str, at: datetime = MONDAY) -> tuple[str, str]:
    """Have a card approved by these people, one after the other; the first also ticks what is left to people."""
    ticked(floor, key, approvers[0], at=at)
    return [moved(floor, key, "approve", login, at=at) for login in approvers][-1]


def an_approved_plan(floor: Floor, **changes: Any) -> str:
    """Have a plan approved by everyone the gate asks for."""
    key = a_submitted_plan(floor, **changes)
    approved(floor, key, *USUAL.roles("plan"))
    return key


def a_running_experiment(floor: Floor, **changes: Any) -> str:
    """Start an approved plan."""
    key = an_approved_plan(floor, **changes)
    moved(floor, key, "start", "manager")
    return key


def snapshot_of(floor: Floor) -> Snapshot:
    """Give what is in force."""
    with floor.store.read() as session:
        return compile_snapshot(session)


def a_call(number: int = 1, **changes: Any) -> Call:
    """Describe a policy customer's call on Monday morning."""
    call = Call(
        call_id=f"call-{number}",
        scenario=SCENARIO,
        agent_id=f"agent-{number % 7}",
        customer_id=f"customer-{number}",
        team="team-1",
        region="hangzhou",
        channel="hotline",
        locale="zh-CN",
        attributes={"caller_relation": "self"},
        at=MONDAY + timedelta(seconds=number),
    )
    return call._replace(**changes)


def assigned(floor: Floor, calls: Iterable[Call]) -> list[Answer]:
    """Assign calls by what is in force."""
    return assign(floor, snapshot_of(floor), list(calls))


def told(floor: Floor, rows: Sequence[Mapping[str, Any]], source: str = "desk", at: datetime = MONDAY) -> Receipt:
    """Report outcomes."""
    with floor.store.write() as session:
        return recording.record(session, source, rows, pseudonyms=floor.pseudonyms, now=at)


def outcome(call_id: str, kind: str, minutes: float = 5, **more: Any) -> dict[str, Any]:
    """Describe one fact about a call, so many minutes after Monday nine o'clock."""
    at = (MONDAY + timedelta(minutes=minutes)).isoformat()
    return {"id": f"{call_id}/{kind}", "call_id": call_id, "type": kind, "at": at, **more}


def rolled_up(floor: Floor) -> None:
    """Build every dirty day again."""
    rollup.rebuild_dirty(floor.store)


def a_week_of_calls(
    floor: Floor,
    each_day: int,
    says_yes: Callable[[Answer, int], bool],
    days: int = 7,
    *,
    agents: int = 7,
    start: datetime = MONDAY,
) -> list[Answer]:
    """Let a week of policy customers call; each is resolved and invited, and says yes or no."""
    answers = []
    for day in range(days):
        when = start + timedelta(days=day)
        number = (start - MONDAY).days * 10_000 + day * each_day
        calls = [
            a_call(number + i, agent_id=f"agent-{i % agents}", at=when + timedelta(seconds=i)) for i in range(each_day)
        ]
        here = assigned(floor, calls)
        answers += here
        rows = [row for i, answer in enumerate(here) for row in _facts(answer, when, says_yes(answer, i))]
        told(floor, rows, at=when + timedelta(hours=3))
    rolled_up(floor)
    return answers


def _facts(answer: Answer, when: datetime, yes: bool) -> list[dict[str, Any]]:
    kinds = ["resolved", "invited", "accepted" if yes else "declined"]
    return [
        {
            "id": f"{answer.call_id}/{kind}",
            "call_id": answer.call_id,
            "type": kind,
            "at": (answer.assigned_at + timedelta(minutes=3 + i)).isoformat(),
        }
        for i, kind in enumerate(kinds)
    ]


def another_standard(floor: Floor, variable: str = "opening") -> None:
    """Let somebody else's words become the standard meanwhile."""
    arms = (ArmPlan("control", 5000, standard_value(floor, variable)), ArmPlan("other", 5000, NEW_BENEFIT))
    key = a_running_experiment(floor, key="meanwhile", variable=variable, arms=arms, coverage=1000, effect=0.2)
    with floor.store.write() as session:
        experiment = experiment_named(session, key)
        standards.promote(session, experiment, "other", actor=people.system("test"), now=MONDAY)


def two_finished_tests(floor: Floor) -> tuple[str, str]:
    """Test two variables of policy changes at once, a half of the calls each, both to their final look.

    The new benefit does better, the new bridge to the invitation worse.
    """
    bridge = (ArmPlan("control", 5000, standard_value(floor, "opening")), ArmPlan("blunt", 5000, NEW_BENEFIT))
    keys = (
        a_running_experiment(floor, coverage=5000),
        a_running_experiment(floor, key="change_bridge", variable="opening", arms=bridge, coverage=5000, salt="other"),
    )
    yes = {"quicker": 7, "blunt": 2}
    a_week_of_calls(floor, 120, lambda answer, number: number % 10 < yes.get(answer.arm or "", 5))
    for key in keys:
        a_final_look(floor, key)
    return keys


def a_final_look(floor: Floor, key: str, at: datetime = MONDAY + timedelta(days=7)) -> None:
    """Take the final look of a running test, which ends it."""
    with floor.store.write() as session:
        jobs = people.system("jobs")
        tending.take_due_look(session, key, actor=jobs, calendar=floor.calendar, now=at, last_day=True)
