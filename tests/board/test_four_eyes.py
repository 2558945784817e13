from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from experiments.board import cards, gates, moves
from experiments.board.cards import Approval, Decision, Move
from experiments.do.assignments import Floor
from experiments.errors import Conflict, NotAllowed, Refusal
from tests.builders import (
    MONDAY,
    NEW_BENEFIT,
    a_draft,
    a_plan,
    a_submitted_plan,
    an_approved_plan,
    moved,
    people_actor,
    somebody_new,
    ticked,
)
from tests.histories import History


def revised_by(floor: Floor, key: str, login: str) -> None:
    arms = a_plan(floor).arms
    other = replace(arms[1], value={**NEW_BENEFIT, "en": "One message is enough next time."})
    with floor.store.write() as session:
        plan = a_plan(floor, key=key, arms=(arms[0], other))
        moves.revise(session, key, plan, actor=people_actor(session, login), now=MONDAY)


def test_who_wrote_the_plan_cannot_approve_it(floor: Floor) -> None:
    somebody_new(floor, "both", "lead", "manager")
    key = a_draft(floor)
    revised_by(floor, key, "both")
    moved(floor, key, "submit", "lead")
    with pytest.raises(NotAllowed, match="somebody else"):
        moved(floor, key, "approve", "both")


def test_being_an_administrator_helps_nobody_approve_their_own_words(floor: Floor) -> None:
    somebody_new(floor, "root", "admin", "lead", "manager")
    key = a_draft(floor)
    revised_by(floor, key, "root")
    moved(floor, key, "submit", "lead")
    with pytest.raises(NotAllowed, match="somebody else"):
        moved(floor, key, "approve", "root")


def test_one_person_gives_one_approval_however_many_roles_they_hold(floor: Floor) -> None:
    somebody_new(floor, "two.hats", "manager", "trainer")
    key = a_submitted_plan(floor)
    moved(floor, key, "approve", "two.hats")
    with pytest.raises(Conflict, match="other roles need other people"):
        moved(floor, key, "approve", "two.hats")


def test_the_gate_opens_when_every_role_has_spoken(history: History) -> None:
    floor, key = history.after(a_submitted_plan)
    ticked(floor, key, "compliance")
    places = [moved(floor, key, "approve", role) for role in ("trainer", "compliance", "manager")]
    assert places == [("plan", "in_review"), ("plan", "in_review"), ("plan", "approved")]


def test_approvals_of_an_earlier_round_are_void(history: History) -> None:
    floor, key = history.after(a_submitted_plan)
    moved(floor, key, "approve", "compliance")
    moved(floor, key, "refuse", "manager", reason="too small an effect")
    moved(floor, key, "submit", "lead")
    with floor.store.read() as session:
        assert cards.approvals_of(session, cards.card_of(session, key)) == []


def test_an_approval_is_bound_to_the_content_it_was_given_for(history: History) -> None:
    floor, key = history.after(a_submitted_plan)
    with floor.store.write() as session:
        cards.card_of(session, key).review_hash = "the hash of other words"
    with pytest.raises(Conflict, match="content changed"):
        moved(floor, key, "approve", "manager")


def test_what_was_approved_is_not_carried_out_when_it_is_no_more_what_it_was(history: History) -> None:
    floor, key = history.after(an_approved_plan)
    with floor.store.write() as session:
        cards.card_of(session, key).experiment.content_hash = "the hash of other words"
    with pytest.raises(Conflict, match="content changed"):
        moved(floor, key, "start", "manager")


def test_two_managers_at_one_gate_make_exactly_one_decision(floor: Floor) -> None:
    managers = [f"manager.{i}" for i in range(6)]
    for login in managers:
        somebody_new(floor, login, "manager")
    key = a_submitted_plan(floor)

    def approve(login: str) -> bool:
        try:
            with floor.store.write() as session:
                actor = people_actor(session, login)
                moves.move(session, key, Move("approve"), actor=actor, calendar=floor.calendar, now=MONDAY)
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(len(managers)) as pool:
        succeeded = list(pool.map(approve, managers))
    with floor.store.read() as session:
        given = session.scalar(select(func.count()).select_from(Approval))
    assert (succeeded.count(True), given) == (1, 1)


def sent_back_and_edited(floor: Floor, *editors: str) -> str:
    """Have the lead's plan approved, sent back, and edited by others, the last of whom submits it again."""
    for login in editors:
        somebody_new(floor, login, "lead", "manager")
    key = an_approved_plan(floor)
    moved(floor, key, "refuse", "manager", reason="Say it more shortly.")
    for login in editors:
        revised_by(floor, key, login)
    moved(floor, key, "submit", editors[-1])
    return key


def test_editors_since_the_last_approved_version_are_barred_and_who_wrote_that_is_not(floor: Floor) -> None:
    key = sent_back_and_edited(floor, "first.editor", "second.editor")
    with floor.store.read() as session:
        assert gates.writers(session, cards.card_of(session, key)) == {"first.editor", "second.editor"}
    for login in ("first.editor", "second.editor"):
        with pytest.raises(NotAllowed, match="somebody else"):
            moved(floor, key, "approve", login)


def test_who_wrote_the_approved_version_is_barred_again_by_submitting_the_next(floor: Floor) -> None:
    somebody_new(floor, "editor", "lead")
    key = an_approved_plan(floor)
    moved(floor, key, "refuse", "manager", reason="Say it more shortly.")
    revised_by(floor, key, "editor")
    moved(floor, key, "submit", "lead")
    with floor.store.read() as session:
        assert gates.writers(session, cards.card_of(session, key)) == {"editor", "lead"}


def test_a_version_that_was_refused_clears_nobody(floor: Floor) -> None:
    somebody_new(floor, "editor", "lead")
    key = a_submitted_plan(floor)
    moved(floor, key, "refuse", "manager", reason="Too small an effect.")
    revised_by(floor, key, "editor")
    moved(floor, key, "submit", "editor")
    with floor.store.read() as session:
        assert gates.writers(session, cards.card_of(session, key)) == {"lead", "editor"}


def test_the_database_itself_takes_one_decision_a_round(history: History) -> None:
    floor, key = history.after(an_approved_plan)
    with floor.store.read() as session:
        (decided,) = [d for d in cards.decisions_of(session, cards.card_of(session, key)) if d.to_review == "approved"]
    columns = {column.key: getattr(decided, column.key) for column in Decision.__mapper__.column_attrs}
    with pytest.raises(IntegrityError), floor.store.write() as session:
        session.add(Decision(**{**columns, "id": None, "verb": "refuse", "to_review": "draft"}))
