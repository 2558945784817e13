from collections.abc import Callable
from itertools import product

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from experiments import people
from experiments.act import standards
from experiments.board import cards, moves
from experiments.board.cards import Move, Review, Stage
from experiments.board.seats import USUAL
from experiments.board.transitions import TRANSITIONS
from experiments.do.assignments import Floor
from experiments.errors import Conflict, Invalid, NotAllowed
from experiments.people import Actor
from experiments.plan.rules import ArmPlan, Kind
from experiments.plan.scenarios import Standing, scenario_named
from tests.board.conftest import undone
from tests.builders import (
    MONDAY,
    SCENARIO,
    a_call,
    a_draft,
    a_running_experiment,
    a_submitted_plan,
    an_approved_plan,
    another_standard,
    approved,
    assigned,
    moved,
    people_actor,
    somebody_new,
    standard_value,
)
from tests.histories import History

VERBS = sorted({verb for _, _, verb in TRANSITIONS})
PLACES = sorted({(stage, review) for stage, review, _ in TRANSITIONS} | {t.to for t in TRANSITIONS.values()})
ILLEGAL = [(*place, verb) for place, verb in product(PLACES, VERBS) if (*place, verb) not in TRANSITIONS]


def test_every_place_can_be_reached_and_only_two_are_final() -> None:
    final = {place for place in PLACES if not any((*place, verb) in TRANSITIONS for verb in VERBS)}
    assert final == {(Stage.ACT, Review.STANDARD), (Stage.ACT, Review.ABANDONED)}


def test_no_administrator_moves_anything() -> None:
    assert not any("admin" in t.roles for t in TRANSITIONS.values())


@pytest.fixture(scope="module")
def drafted(centre: Floor) -> Floor:
    """A centre with one card, which tests put anywhere on the board and take back."""
    a_draft(centre)
    return centre


def everything(session: Session) -> dict[str, list[str]]:
    """Give all rows that a move could change or add."""
    tables = (
        "card",
        "decision",
        "approval",
        "tick",
        "comment",
        "audit_entry",
        "traffic_revision",
        "look",
        "experiment",
    )
    return {name: sorted(map(repr, session.execute(text(f"SELECT * FROM {name}")))) for name in tables}


def placed(session: Session, stage: Stage, review: Review) -> None:
    """Put the card anywhere, as no move would."""
    card = cards.card_of(session, "change_benefit")
    card.stage, card.review, card.review_hash = stage, review, card.experiment.content_hash
    session.flush()


def ask(session: Session, floor: Floor, verb: str, actor: Actor) -> None:
    asked = Move(verb, "because")
    moves.move(session, "change_benefit", asked, actor=actor, calendar=floor.calendar, now=MONDAY)


@pytest.mark.parametrize(("stage", "review", "verb"), ILLEGAL)
def test_what_the_table_does_not_say_is_refused_and_leaves_no_trace(
    drafted: Floor, stage: Stage, review: Review, verb: str
) -> None:
    with undone(drafted) as session:
        placed(session, stage, review)
        before = everything(session)
        for actor in (people_actor(session, "everybody"), people.system("jobs")):
            with pytest.raises(Conflict, match="is not possible there"):
                ask(session, drafted, verb, actor)
        session.flush()
        assert everything(session) == before


@pytest.mark.parametrize(("stage", "review", "verb"), TRANSITIONS)
def test_whoever_a_row_does_not_name_is_refused_and_leaves_no_trace(
    drafted: Floor, stage: Stage, review: Review, verb: str
) -> None:
    may = TRANSITIONS[stage, review, verb].who(stage, USUAL)
    with undone(drafted) as session:
        placed(session, stage, review)
        before = everything(session)
        others = [people_actor(session, role) for role in people.ROLES if role not in may]
        for actor in (*others, *([people.system("jobs")] if may else [])):
            with pytest.raises(NotAllowed):
                ask(session, drafted, verb, actor)
        assert everything(session) == before


@pytest.mark.parametrize(
    ("telling", "verb"),
    [(a_submitted_plan, "refuse"), (a_running_experiment, "pause"), (a_running_experiment, "stop")],
)
def test_saying_no_needs_a_reason(history: History, telling: Callable[[Floor], str], verb: str) -> None:
    floor, key = history.after(telling)
    with pytest.raises(Invalid, match="needs a reason"):
        moved(floor, key, verb, "manager", reason="  ")


def test_an_agent_moves_nothing(floor: Floor) -> None:
    with pytest.raises(NotAllowed, match="roles"):
        moved(floor, a_running_experiment(floor), "stop", "agent", reason="I do not like it")


def test_only_the_schedule_ends_a_test_as_planned(floor: Floor) -> None:
    with pytest.raises(NotAllowed, match="by itself"):
        moved(floor, a_running_experiment(floor), "end", "manager")


def test_a_refused_plan_is_a_draft_again(history: History) -> None:
    floor, key = history.after(a_submitted_plan)
    assert moved(floor, key, "refuse", "compliance", reason="the promise is too broad") == ("plan", "draft")


def test_every_move_is_appended_with_who_and_why(history: History) -> None:
    floor, key = history.after(an_approved_plan)
    moved(floor, key, "refuse", "trainer", reason="not certified yet")
    with floor.store.read() as session:
        last = cards.decisions_of(session, cards.card_of(session, key))[-1]
    assert (last.verb, last.actor, last.reason) == ("refuse", "trainer", "not certified yet")


def test_a_winner_over_an_old_standard_cannot_undo_the_new_one(history: History) -> None:
    floor, key = history.after(a_running_experiment, coverage=5000)
    another_standard(floor)
    with floor.store.write() as session:
        experiment, lead = cards.card_of(session, key).experiment, people_actor(session, "lead")
        with pytest.raises(Conflict, match="test against the new one"):
            standards.promote(session, experiment, "quicker", actor=lead, now=MONDAY)


def test_closing_one_scenario_card_leaves_the_scenario_in_the_test_of_another(floor: Floor) -> None:
    arms = (ArmPlan("service_only", 5000, None), ArmPlan("invite", 5000, standard_value(floor, "ask")))
    for key in ("first", "second"):
        a_running_experiment(floor, key=key, kind=Kind.SCENARIO, variable="ask", arms=arms, coverage=5000)
    standings = []
    for key in ("first", "second"):
        moved(floor, key, "stop", "lead", reason="too few calls")
        moved(floor, key, "abandon", "lead", reason="too few calls")
        with floor.store.read() as session:
            standings.append(scenario_named(session, SCENARIO).standing)
    assert standings == [Standing.IN_TEST, Standing.CANDIDATE]


@pytest.mark.parametrize(
    ("audience", "arm", "standing"),
    [
        # inviting pays for everyone who may be invited here
        (None, "invite", "suitable"),
        # inviting was shown to pay for policyholders alone
        ({"caller_relation": "self"}, "invite", "limited"),
        # service alone is better
        (None, "service_only", "unsuitable"),
    ],
)
def test_a_scenario_card_decides_where_inviting_stands(
    floor: Floor, audience: dict[str, str] | None, arm: str, standing: str
) -> None:
    arms = (ArmPlan("service_only", 5000, None), ArmPlan("invite", 5000, standard_value(floor, "ask")))
    key = a_running_experiment(floor, kind=Kind.SCENARIO, variable="ask", arms=arms, audience=audience)
    somebody_new(floor, "another_quality", "quality")
    moved(floor, key, "stop", "manager", reason="seen enough")
    moved(floor, key, "submit", "lead", proposal=arm, reason="as the floor says")
    # nothing was seen that speaks for either, so each gate needs a second approver
    approved(floor, key, "quality", "another_quality")
    approved(floor, key, "quality", "another_quality", "manager")
    moved(floor, key, "promote", "manager")
    with floor.store.read() as session:
        assert scenario_named(session, SCENARIO).standing == standing
    spouse = a_call(1, attributes={"caller_relation": "spouse"})
    assert assigned(floor, [spouse])[0].invite is (standing == "suitable")
