"""The board tells of every move and every planned look, to those who act next, and never of a mere peek."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from experiments import people
from experiments.board import moves, tending
from experiments.board.cards import Move
from experiments.board.telling import TELLINGS
from experiments.board.transitions import TRANSITIONS
from experiments.check import reading
from experiments.check.verdict import Conclusion
from experiments.do.assignments import Floor
from experiments.errors import Refusal
from experiments.notices.events import Event
from experiments.notices.tables import Notice
from experiments.plan.designs import experiment_named
from experiments.wording import Message
from tests.builders import (
    MONDAY,
    a_draft,
    a_final_look,
    a_running_experiment,
    a_submitted_plan,
    a_week_of_calls,
    an_approved_plan,
    approved,
    moved,
)
from tests.histories import History
from web.saying import say_in

WEEK_LATER = MONDAY + timedelta(days=7)


def told(floor: Floor) -> list[Notice]:
    with floor.store.read() as session:
        return list(session.scalars(select(Notice).order_by(Notice.at, Notice.id)))


def newest(floor: Floor, language: str = "en") -> tuple[str, tuple[str, ...], str]:
    notice = told(floor)[-1]
    return notice.event, tuple(notice.roles), say_in(notice.words, language)


def test_every_move_has_a_notice() -> None:
    # an approval without quorum stays where it is
    arrivals = {(verb, *t.to) for (_, _, verb), t in TRANSITIONS.items()}
    arrivals |= {(verb, stage, review) for stage, review, verb in TRANSITIONS if verb == "approve"}
    assert {each for each in arrivals - TELLINGS.keys() if each[0] != "refuse" or each[1] == "plan"} == set()
    assert TELLINGS.keys() <= arrivals


def test_handing_in_tells_those_who_have_to_approve(history: History) -> None:
    floor, _key = history.after(a_submitted_plan)
    said = "lead handed in the plan. Approval is due from: Compliance, Manager, Trainer."
    roles = ("compliance", "manager", "trainer")
    assert newest(floor) == ("submitted", roles, f"“Policy change: another benefit”: {said}")


def test_it_is_told_in_chinese_too(history: History) -> None:
    floor, _key = history.after(a_submitted_plan)
    assert newest(floor, "zh-CN")[2] == "“批改：换一种利益点”：lead 已提交方案，待审批：合规、中心经理、培训师。"


def test_an_approval_tells_whose_is_still_missing_and_the_last_one_who_may_start(history: History) -> None:
    floor, key = history.after(a_submitted_plan)
    approved(floor, key, "compliance")
    assert newest(floor)[:2] == ("approved", ("manager", "trainer"))
    moved(floor, key, "approve", "manager")
    moved(floor, key, "approve", "trainer")
    event, roles, text = newest(floor)
    assert (event, roles) == ("approved", ("lead", "manager"))
    assert "can start" in text


@pytest.mark.parametrize(
    ("verb", "by", "event", "says"),
    [
        ("pause", "supervisor", "paused", "is paused by supervisor, everyone gets the standard: too many questions"),
        ("stop", "manager", "stopped", "was stopped by manager: too many questions"),
        ("halt", "jobs", "halted", "paused by itself, everyone gets the standard. Harm to too many questions"),
    ],
)
def test_saying_no_tells_why(floor: Floor, verb: str, by: str, event: str, says: str) -> None:
    moved(floor, a_running_experiment(floor), verb, by, reason="too many questions")
    assert newest(floor)[0] == event
    assert says in newest(floor)[2]


def test_a_long_reason_is_told_in_short(floor: Floor) -> None:
    moved(floor, a_running_experiment(floor), "pause", "lead", reason="why " * 200)
    assert len(told(floor)[-1].facts["reason"]) == 200


def test_what_is_refused_is_not_told(history: History) -> None:
    floor, key = history.after(a_draft)
    for verb in ("approve", "start", "promote"):
        with suppress(Refusal):
            moved(floor, key, verb, "manager")
    assert told(floor) == []


def test_what_is_undone_after_the_move_is_not_told(history: History) -> None:
    floor, key = history.after(an_approved_plan)
    before = len(told(floor))
    with suppress(RuntimeError), floor.store.write() as session:
        actor = people.actor_of(people.person_named(session, "manager"))
        moves.move(session, key, Move("start"), actor=actor, calendar=floor.calendar, now=MONDAY)
        raise RuntimeError
    assert len(told(floor)) == before


def test_a_planned_look_is_told_with_its_verdict_and_the_end_after_it(history: History) -> None:
    floor, key = history.after(a_running_experiment)
    a_week_of_calls(floor, 60, lambda answer, number: number % 10 < (8 if answer.arm == "quicker" else 4))
    a_final_look(floor, key)
    look, end = told(floor)[-2:]
    assert (look.event, end.event, look.facts["number"], look.facts["final"]) == ("look_made", "ended", 1, True)
    assert look.facts["conclusion"] in set(Conclusion)
    assert say_in(look.words, "en").startswith("“Policy change: another benefit”: planned look 1 was made. ")


def test_looking_at_running_data_is_told_to_nobody(history: History) -> None:
    floor, key = history.after(a_running_experiment)
    a_week_of_calls(floor, 60, lambda answer, number: number % 10 < (8 if answer.arm == "quicker" else 4))
    before = len(told(floor))
    today = floor.calendar.day(WEEK_LATER)
    with floor.store.write() as session:
        reading.watch(session, experiment_named(session, key), today=today)
        tending.halt_harmed(session, key, actor=people.system("jobs"), calendar=floor.calendar, now=WEEK_LATER)
        tending.take_due_look(session, key, actor=people.system("jobs"), calendar=floor.calendar, now=MONDAY)
    assert len(told(floor)) == before
    assert Event.LOOK_MADE not in {notice.event for notice in told(floor)}


@pytest.mark.parametrize("row", TELLINGS.items(), ids=lambda row: "-".join(row[0]))
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_sentence_can_be_said(row: tuple[Any, Any], language: str) -> None:
    values = {"title": {"zh-CN": "批改", "en": "Change"}, "who": "lin", "reason": "慢", "roles": "x", "arm": "y"}
    said = say_in(Message(row[1].text, values), language)
    assert "%(" not in said
    assert ("批改" in said) == (language == "zh-CN")
