"""Re-check dates: every live standard has an owner and a day, confirmed by people and overdue when it has passed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from experiments.act import reviews
from experiments.act.reviews import REVIEW_DAYS, ReviewDue, StandardReview
from experiments.calendar import day_number
from experiments.do.assignments import Floor
from experiments.errors import Conflict, Invalid, NotAllowed, Unknown
from experiments.plan.scenarios import every_scenario, scenario_named
from tests.act.floors import live_here
from tests.builders import MONDAY, SCENARIO, a_running_experiment, another_standard, moved, people_actor


def day(days: int) -> int:
    """Give the day so many days after Monday."""
    return day_number((MONDAY + timedelta(days=days)).date())


def due(floor: Floor) -> ReviewDue:
    with floor.store.read() as session:
        return reviews.review_due(session, live_here(floor), floor.calendar)


def reviewed(
    floor: Floor, *, by: str = "lead", at: datetime = MONDAY, scenario: str = SCENARIO, **changes: Any
) -> StandardReview:
    asked: dict[str, Any] = {"owner": "lead", "review_by": day(30), "note": "Listened to 20 calls: as it should be."}
    with floor.store.write() as session:
        return reviews.review_standard(
            session,
            scenario_named(session, scenario),
            **(asked | changes),
            actor=people_actor(session, by),
            calendar=floor.calendar,
            now=at,
        )


def test_until_somebody_says_otherwise_who_made_it_the_standard_sees_to_it_in_90_days(floor: Floor) -> None:
    another_standard(floor)
    found = due(floor)
    assert (found.owner, found.review_by, found.noted) == ("system:test", day(REVIEW_DAYS), None)


def test_a_review_sets_the_next_owner_and_day_and_the_newest_holds(floor: Floor) -> None:
    reviewed(floor)
    reviewed(floor, by="manager", owner="manager", review_by=day(60), at=MONDAY + timedelta(days=1))
    found = due(floor)
    assert (found.owner, found.review_by) == ("manager", day(60))
    with floor.store.read() as session:
        mine = [each for each in reviews.reviews_due(session, floor.calendar) if each.live.scenario.key == SCENARIO]
    assert [(each.owner, each.review_by) for each in mine] == [("manager", day(60))]


def test_tests_that_start_and_stop_leave_the_standard_as_long_in_force_as_it_was(floor: Floor) -> None:
    begun = live_here(floor)
    key = a_running_experiment(floor)
    moved(floor, key, "pause", "lead", reason="The words are unclear.", at=MONDAY + timedelta(days=3))
    assert live_here(floor).since == begun.since == MONDAY
    assert live_here(floor).version_id == begun.version_id


def test_another_standard_begins_anew(floor: Floor) -> None:
    reviewed(floor)
    another_standard(floor)
    assert due(floor).noted is None


def test_it_is_overdue_when_the_day_has_passed_and_the_longest_comes_first(floor: Floor) -> None:
    reviewed(floor, review_by=day(10))
    with floor.store.read() as session:
        assert reviews.overdue(session, floor.calendar, day(10)) == []
        assert [each.live.scenario.key for each in reviews.overdue(session, floor.calendar, day(11))] == [SCENARIO]
        late = reviews.overdue(session, floor.calendar, day(REVIEW_DAYS + 1))
        everything = reviews.reviews_due(session, floor.calendar)
    assert late[0].live.scenario.key == SCENARIO
    assert len(late) == len(everything) > 1


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        # only lead and manager speak for a standard
        ({"by": "trainer"}, NotAllowed),
        # an owner that nobody knows
        ({"owner": "nobody"}, Unknown),
        # today is too late, and two years are too far
        ({"review_by": day(0)}, Invalid),
        ({"review_by": day(700)}, Invalid),
        # no day at all
        ({"review_by": 20261341}, Invalid),
        ({"note": "x" * 2001}, Invalid),
    ],
)
def test_what_will_not_do_is_refused(floor: Floor, changes: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        reviewed(floor, **changes)
    assert due(floor).noted is None


def test_a_node_that_sums_others_has_no_standard_to_review(floor: Floor) -> None:
    with floor.store.read() as session:
        node = next(s.key for s in every_scenario(session) if s.metric_set is None)
    with pytest.raises(Conflict):
        reviewed(floor, scenario=node)


def test_reviews_are_appended_and_never_edited(floor: Floor) -> None:
    reviewed(floor)
    with pytest.raises(DBAPIError, match="append-only"), floor.store.write() as session:
        session.execute(text("DELETE FROM standard_review"))
