from collections.abc import Callable
from itertools import product

import pytest

from experiments.act import standards
from experiments.board import cards
from experiments.board.cards import Review, Stage
from experiments.board.moves import TRANSITIONS
from experiments.do.assignments import Floor
from experiments.errors import Conflict, Invalid, NotAllowed
from experiments.plan.rules import ArmPlan, Kind
from experiments.plan.scenarios import Standing, scenario_named
from experiments.store import Store
from tests.builders import (
    MONDAY,
    SCENARIO,
    a_call,
    a_draft,
    a_floor,
    a_running_experiment,
    a_submitted_plan,
    an_approved_plan,
    another_standard,
    assigned,
    moved,
    people_actor,
    standard_value,
)

VERBS = sorted({verb for _, _, verb in TRANSITIONS})
PLACES = sorted({(stage, review) for stage, review, _ in TRANSITIONS} | {t.to for t in TRANSITIONS.values()})
ILLEGAL = [(*place, verb) for place, verb in product(PLACES, VERBS) if (*place, verb) not in TRANSITIONS]


def test_every_place_can_be_reached_and_only_two_are_final() -> None:
    final = {place for place in PLACES if not any((*place, verb) in TRANSITIONS for verb in VERBS)}
    assert final == {(Stage.ACT, Review.STANDARD), (Stage.ACT, Review.ABANDONED)}


def test_no_administrator_moves_anything() -> None:
    assert not any("admin" in t.roles for t in TRANSITIONS.values())


@pytest.mark.parametrize(("stage", "review", "verb"), ILLEGAL)
def test_what_the_table_does_not_say_is_refused(sqlite_store: Store, stage: Stage, review: Review, verb: str) -> None:
    floor = a_floor(sqlite_store)
    key = a_draft(floor)
    with floor.store.write() as session:
        card = cards.card_of(session, key)
        card.stage, card.review = stage, review
    with pytest.raises(Conflict, match="is not possible there"):
        moved(floor, key, verb, "manager", reason="because")


@pytest.mark.parametrize(
    ("history", "verb"),
    [(a_submitted_plan, "refuse"), (a_running_experiment, "pause"), (a_running_experiment, "stop")],
)
def test_saying_no_needs_a_reason(store: Store, history: Callable[[Floor], str], verb: str) -> None:
    floor = a_floor(store)
    key = history(floor)
    with pytest.raises(Invalid, match="needs a reason"):
        moved(floor, key, verb, "manager", reason="  ")


def test_an_agent_moves_nothing(store: Store) -> None:
    floor = a_floor(store)
    with pytest.raises(NotAllowed, match="roles"):
        moved(floor, a_running_experiment(floor), "stop", "agent", reason="I do not like it")


def test_only_the_schedule_ends_a_test_as_planned(store: Store) -> None:
    floor = a_floor(store)
    with pytest.raises(NotAllowed, match="by itself"):
        moved(floor, a_running_experiment(floor), "end", "manager")


def test_a_refused_plan_is_a_draft_again(store: Store) -> None:
    floor = a_floor(store)
    key = a_submitted_plan(floor)
    assert moved(floor, key, "refuse", "compliance", reason="the promise is too broad") == ("plan", "draft")


def test_every_move_is_appended_with_who_and_why(store: Store) -> None:
    floor = a_floor(store)
    key = an_approved_plan(floor)
    moved(floor, key, "refuse", "trainer", reason="not certified yet")
    with store.read() as session:
        last = cards.decisions_of(session, cards.card_of(session, key))[-1]
    assert (last.verb, last.actor, last.reason) == ("refuse", "trainer", "not certified yet")


def test_a_winner_over_an_old_standard_cannot_undo_the_new_one(store: Store) -> None:
    floor = a_floor(store)
    key = a_running_experiment(floor, coverage=5000)
    another_standard(floor)
    with store.write() as session:
        experiment, lead = cards.card_of(session, key).experiment, people_actor(session, "lead")
        with pytest.raises(Conflict, match="test against the new one"):
            standards.promote(session, experiment, "quicker", actor=lead, now=MONDAY)


def test_closing_one_scenario_card_leaves_the_scenario_in_the_test_of_another(store: Store) -> None:
    floor = a_floor(store)
    arms = (ArmPlan("service_only", 5000, None), ArmPlan("invite", 5000, standard_value(floor, "ask")))
    for key in ("first", "second"):
        a_running_experiment(floor, key=key, kind=Kind.SCENARIO, variable="ask", arms=arms, coverage=5000)
    standings = []
    for key in ("first", "second"):
        moved(floor, key, "stop", "lead", reason="too few calls")
        moved(floor, key, "abandon", "lead", reason="too few calls")
        with store.read() as session:
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
    store: Store, audience: dict[str, str] | None, arm: str, standing: str
) -> None:
    floor = a_floor(store)
    arms = (ArmPlan("service_only", 5000, None), ArmPlan("invite", 5000, standard_value(floor, "ask")))
    key = a_running_experiment(floor, kind=Kind.SCENARIO, variable="ask", arms=arms, audience=audience)
    moved(floor, key, "stop", "manager", reason="seen enough")
    moved(floor, key, "submit", "lead", proposal=arm, reason="as the floor says")
    for role in ("quality", "quality", "manager"):
        moved(floor, key, "approve", role)
    moved(floor, key, "promote", "manager")
    with store.read() as session:
        assert scenario_named(session, SCENARIO).standing == standing
    spouse = a_call(1, attributes={"caller_relation": "spouse"})
    assert assigned(floor, [spouse])[0].invite is (standing == "suitable")
