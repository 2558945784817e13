"""The job that watches: it keeps what it saw of every started test, and pauses at once what does harm."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from experiments import jobs, people
from experiments.board import cards, tending
from experiments.check import kept, reading
from experiments.check.kept import KeptWatch
from experiments.do.assignments import Floor
from experiments.plan.designs import experiment_named
from tests.builders import a_running_experiment, a_week_of_calls, moved, outcome, rolled_up, told
from tests.check.listening import asked
from tests.check.test_kept import NOW, SUNDAY, a_harmful_test, a_watched_test
from tests.histories import History

(WATCH,) = (job for job in jobs.JOBS if job.name == "watch")
CALLS_AND_UNITS = re.compile(r"\brollup_(?:call|unit)\b")


def watched(floor: Floor, at: datetime = NOW) -> str:
    return jobs.do(floor.store, WATCH, floor.calendar, at)


def place(floor: Floor, key: str) -> tuple[str, str]:
    with floor.store.read() as session:
        card = cards.card_of(session, key)
        return card.stage, card.review


@pytest.mark.parametrize("unit", ["call", "customer"])
def test_a_test_that_does_harm_is_paused_and_nobody_who_writes_waits_for_its_reading(
    history: History, unit: str
) -> None:
    floor, key = history.after(a_harmful_test, unit=unit)
    with asked(CALLS_AND_UNITS, within_writing=True) as meanwhile:
        assert watched(floor) == f"{key}: paused, harm to complaint · quicker"
    assert (place(floor, key), meanwhile) == (("do", "paused"), [])
    assert watched(floor) == "no harm in 0 running"
    moved(floor, key, "resume", "manager", at=NOW)
    assert watched(floor, NOW + timedelta(minutes=1)) == f"{key}: paused, harm to complaint · quicker"


def test_harm_is_paused_in_the_minute_in_which_it_is_told(history: History) -> None:
    floor, key = history.after(a_running_experiment, effect=0.3)
    answers = a_week_of_calls(floor, 40, lambda _, number: number % 3 == 0)
    assert watched(floor) == "no harm in 1 running"
    minutes = [6 * 24 * 60 + 60] * 40
    unhappy = [answer.call_id for answer in answers if answer.arm == "quicker"][-40:]
    told(floor, [outcome(call, "complaint", at) for call, at in zip(unhappy, minutes, strict=True)], at=NOW)
    at = NOW + timedelta(minutes=1)
    (first,) = (job for job in jobs.JOBS if job.name == "rollup")
    assert jobs.run(floor.store, first, jobs.tick_of(first, at), floor.calendar, at)
    assert place(floor, key) == ("do", "paused")


def test_a_test_that_was_paused_meanwhile_is_not_paused_by_the_job(history: History) -> None:
    floor, key = history.after(a_harmful_test)
    kept.keep_all(floor.store, today=SUNDAY, now=NOW)
    moved(floor, key, "pause", "lead", reason="lunch", at=NOW)
    with floor.store.write() as session:
        jobs_ = people.system("jobs")
        assert tending.halt_harmed(session, key, actor=jobs_, calendar=floor.calendar, now=NOW) is None


def test_what_comes_late_to_a_test_that_has_ended_is_seen_and_kept(history: History) -> None:
    floor, key = history.after(a_watched_test)
    moved(floor, key, "stop", "supervisor", reason="Enough.", at=NOW)
    watched(floor)
    before = contents(floor)
    told(floor, [outcome("call-1", "converted", 60)], at=NOW)
    rolled_up(floor)
    assert contents(floor) == before
    assert watched(floor, NOW + timedelta(minutes=1)) == "no harm in 0 running"
    with floor.store.read() as session:
        experiment = experiment_named(session, key)
        given = kept.seen(session, experiment, today=SUNDAY, now=NOW + timedelta(minutes=1))
        assert repr(given) == repr(reading.watch(session, experiment, today=SUNDAY))
    assert contents(floor) != before


def contents(floor: Floor) -> list[tuple[str, str]]:
    with floor.store.read() as session:
        return [(row.content, row.counted) for row in session.execute(select(KeptWatch.content, KeptWatch.counted))]
