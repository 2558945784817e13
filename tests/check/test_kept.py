"""What is kept of a test's watch: it comes back as it was, and is given only while nothing could come out otherwise."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from experiments.check import history as rollups, kept, reading
from experiments.check.kept import KeptWatch
from experiments.check.results import Watch
from experiments.check.verdict import Guard
from experiments.do import recording, served
from experiments.do.assignments import Answer, Floor
from experiments.do.telling import Teller
from experiments.plan.designs import experiment_named
from experiments.plan.rules import ArmPlan
from experiments.plan.scenarios import Metric
from tests.builders import (
    MONDAY,
    NEW_BENEFIT,
    SCENARIO,
    a_call,
    a_running_experiment,
    a_week_of_calls,
    another_standard,
    assigned,
    moved,
    outcome,
    rolled_up,
    snapshot_of,
    standard_value,
    told,
)
from tests.check.conftest import two_tests
from tests.check.listening import ANYTHING, CHANGES, UNITS, asked
from tests.check.test_facts_alone import LATER, a_test_by
from tests.histories import History

NOW = MONDAY + timedelta(days=6, hours=4)
SUNDAY = 20261108
SOON, LATE = timedelta(minutes=1), timedelta(minutes=3)
OTHER = {**NEW_BENEFIT, "en": "Next time one message is enough, day or night."}


def a_watched_test(floor: Floor, **changes: Any) -> str:
    """Let a week of customers call in a test of three arms, and keep what is seen of it."""
    values = (("quicker", 3000, NEW_BENEFIT), ("longer", 3000, OTHER))
    arms = (ArmPlan("control", 4000, standard_value(floor, "benefit")), *(ArmPlan(*each) for each in values))
    key = a_running_experiment(floor, **{"arms": arms, "coverage": 6000, "effect": 0.2, **changes})
    a_week_of_calls(floor, 40, lambda _, number: number % 3 == 0)
    keep(floor)
    return key


def a_harmful_test(floor: Floor, **changes: Any) -> str:
    """Let a week of customers call; in the challenger's arm most of them complain, in the control nobody does."""
    key = a_running_experiment(floor, effect=0.3, **changes)
    answers = a_week_of_calls(floor, 40, lambda _, number: number % 3 == 0)
    unhappy = [answer for number, answer in enumerate(answers) if answer.arm == "quicker" and number % 7]
    minutes = [(answer.assigned_at - MONDAY) / timedelta(minutes=1) + 5 for answer in unhappy]
    told(floor, [outcome(each.call_id, "complaint", at) for each, at in zip(unhappy, minutes, strict=True)], at=NOW)
    rolled_up(floor)
    return key


def keep(floor: Floor, today: int = SUNDAY, now: datetime = NOW) -> None:
    kept.keep_all(floor.store, today=today, now=now)


def read(floor: Floor, key: str, today: int = SUNDAY) -> Watch:
    with floor.store.read() as session:
        return reading.watch(session, experiment_named(session, key), today=today)


def seen(floor: Floor, key: str, today: int = SUNDAY, now: datetime = NOW) -> Watch:
    with floor.store.read() as session:
        return kept.seen(session, experiment_named(session, key), today=today, now=now)


def rows(floor: Floor) -> list[tuple[Any, ...]]:
    with floor.store.read() as session:
        return [tuple(row) for row in session.execute(select(*KeptWatch.__table__.columns))]


def forge(floor: Floor) -> None:
    """Change what is kept, so that one sees who is given it."""
    with floor.store.write() as session:
        session.execute(update(KeptWatch).values(content='{"as_of": 0, "totals": {}, "findings": [], "guards": []}'))


def is_given(floor: Floor, key: str, today: int = SUNDAY, after: timedelta = timedelta()) -> bool:
    """Say whether who asks is given the forged watch; else it is what is read."""
    given = seen(floor, key, today, NOW + after)
    assert given.as_of == 0 or alike(given, read(floor, key, today))
    return given.as_of == 0


def alike(one: Watch, other: Watch) -> bool:
    """Compare to the last digit: no nan is equal to another, but all are written alike."""
    return repr(one) == repr(other)


READ: list[tuple[Callable[..., str], str, set[str]]] = [
    # without a single call
    (a_running_experiment, "call", set()),
    (a_watched_test, "call", set()),
    (a_watched_test, "customer", set()),
    (a_harmful_test, "call", {"quicker"}),
    (a_harmful_test, "customer", {"quicker"}),
    *((a_test_by, unit, set()) for unit in ("call", "customer", "agent", "agent_shift")),
]


@pytest.mark.parametrize(("telling", "unit", "harmed"), READ)
def test_what_is_kept_comes_back_as_it_was(
    history: History, telling: Callable[..., str], unit: str, harmed: set[str]
) -> None:
    floor, key = history.after(telling, unit=unit)
    keep(floor, LATER)
    with asked(UNITS) as units:
        given = seen(floor, key, LATER)
    assert units == []
    assert alike(given, read(floor, key, LATER))
    assert {guard.challenger for guard in given.guards if guard.guard is Guard.HARMED} == harmed
    assert (given.totals.keys() >= {"control", "quicker"}, bool(given.findings), bool(given.guards)) == (True,) * 3


def complain(floor: Floor, key: str) -> None:
    told(floor, [outcome(of_monday(floor, yes=True).call_id, "complaint", 60)])
    rolled_up(floor)


def of_monday(floor: Floor, *, yes: bool) -> Answer:
    """Give a call of Monday's in the challenger's arm, which ended with a yes or a no."""
    answers = assigned(floor, [a_call(number) for number in range(40)])  # they are there already
    return next(a for number, a in enumerate(answers) if a.arm == "quicker" and (number % 3 == 0) is yes)


def swap_a_yes(floor: Floor, key: str) -> None:
    """Take one customer's yes back, and tell of another's on the same day in the same arm."""
    yes, no = of_monday(floor, yes=True), of_monday(floor, yes=False)
    before = totals(floor, key)
    told(floor, [outcome(yes.call_id, "corrected", 90, detail={"of": "accepted"}), outcome(no.call_id, "accepted", 90)])
    rolled_up(floor)
    assert totals(floor, key) == before


def totals(floor: Floor, key: str) -> Any:
    with floor.store.read() as session:
        return rollups.arm_totals(session, experiment_named(session, key))


def tell_otherwise(floor: Floor, key: str) -> None:
    """Have a desktop tell of traffic that there was not."""
    with floor.store.read() as session:
        teller = Teller("desk", recording.scenarios_of(session), floor.pseudonyms, NOW)
    about = {"call_id": "call-x", "agent_id": "agent-1", "type": "served", "scenario": SCENARIO, "traffic_revision": 99}
    served.take(floor, snapshot_of(floor), teller, [about | {"id": "x", "at": NOW.isoformat()}])


def drop_an_arm(floor: Floor, key: str) -> None:
    moved(floor, key, "drop_arm", "manager", reason="callers laugh", arm="longer", at=NOW)


def widen(floor: Floor, key: str) -> None:
    moved(floor, key, "widen", "manager", reason="too slow", coverage=7000, at=NOW)


def change_the_standard(floor: Floor, key: str) -> None:
    another_standard(floor)


def change_the_catalogue(floor: Floor, key: str) -> None:
    with floor.store.write() as session:
        session.execute(update(Metric).where(Metric.key == "complaint").values(name={"en": "Grief", "zh-CN": "不满"}))


@pytest.mark.parametrize("come_in", [complain, swap_a_yes, tell_otherwise])
def test_what_comes_in_by_itself_is_seen_when_the_job_has_been_or_has_not_come(
    history: History, come_in: Callable[[Floor, str], None]
) -> None:
    floor, key = history.after(a_watched_test)
    forge(floor)
    come_in(floor, key)
    assert [is_given(floor, key, after=after) for after in (SOON, LATE)] == [True, False]
    keep(floor)
    assert not is_given(floor, key, after=SOON)
    assert alike(seen(floor, key), read(floor, key))


@pytest.mark.parametrize("act", [drop_an_arm, widen, change_the_standard, change_the_catalogue])
def test_what_somebody_does_is_seen_at_once(history: History, act: Callable[[Floor, str], None]) -> None:
    floor, key = history.after(a_watched_test)
    forge(floor)
    assert is_given(floor, key)
    act(floor, key)
    assert not is_given(floor, key)
    keep(floor)
    forge(floor)
    assert is_given(floor, key)


def test_another_day_is_another_watch(history: History) -> None:
    floor, key = history.after(a_watched_test)
    forge(floor)
    assert [is_given(floor, key, today) for today in (SUNDAY, SUNDAY + 1)] == [True, False]


def test_what_another_release_kept_is_not_given(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    floor, key = history.after(a_watched_test)
    forge(floor)
    monkeypatch.setattr(kept, "_SHAPE", [*kept._SHAPE, ["more"]])
    assert not is_given(floor, key)


def test_while_nothing_changes_the_age_is_of_no_matter_and_the_job_notes_that_it_holds(history: History) -> None:
    floor, key = history.after(a_watched_test)
    forge(floor)
    assert is_given(floor, key, after=timedelta(hours=5))
    later = NOW + timedelta(hours=5)
    keep(floor, now=later)
    complain(floor, key)
    assert is_given(floor, key, after=timedelta(hours=5) + SOON)
    assert rows(floor)[0][3] == later


@pytest.mark.parametrize("adjust", [True, False])
def test_what_agents_did_before_a_test_counts_where_its_plan_takes_it_off(history: History, adjust: bool) -> None:
    floor, key = history.after(a_test_by, unit="agent", adjust=adjust)
    for come_in in (
        lambda: told(floor, [outcome("call-1", "complaint", 60)], at=NOW),
        lambda: assigned(floor, [a_call(8_999, attributes={"caller_relation": "stranger"})]),
    ):
        keep(floor, LATER)
        forge(floor)
        come_in()
        rolled_up(floor)
        assert is_given(floor, key, LATER, after=LATE) is not adjust


def test_facts_of_days_that_an_ended_test_has_no_calls_of_are_none_of_its(history: History) -> None:
    floor, key = history.after(a_watched_test)
    moved(floor, key, "stop", "supervisor", reason="Enough.", at=NOW)
    keep(floor)
    forge(floor)
    a_week_of_calls(floor, 20, lambda _, number: number % 3 == 0, days=1, start=MONDAY + timedelta(days=14))
    assert is_given(floor, key, after=LATE)


def test_who_reads_writes_nothing(history: History) -> None:
    floor, key = history.after(a_watched_test)
    before = rows(floor)
    drop_an_arm(floor, key)
    with asked(CHANGES) as changes:
        seen(floor, key)
    assert (changes, rows(floor)) == ([], before)


def test_of_many_tests_as_few_statements_are_asked_as_of_one(history: History) -> None:
    floor, _ = history.after(two_tests)
    keep(floor)
    with floor.store.read() as session:
        both = [experiment_named(session, key) for key in ("change_benefit", "by_customer")]
        with asked(ANYTHING) as of_one:
            kept.seen_each(session, both[:1], today=SUNDAY, now=NOW)
        with asked(ANYTHING) as of_both:
            found = kept.seen_each(session, both, today=SUNDAY, now=NOW)
    assert found.keys() == {each.id for each in both}
    assert len(of_both) == len(of_one) == 7
