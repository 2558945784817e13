"""The demo's desks at work: a running server is asked for scripts and told what happened."""

from apiflask import APIFlask
from sqlalchemy import func, select

from experiments.calendar import SiteCalendar
from experiments.demo import calls, world
from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome
from tests.builders import MONDAY, SCENARIO, a_running_experiment, insurance
from tests.histories import after
from tests.test_demo import CALENDAR, a_small_world
from tests.web.conftest import a_token, store_of
from web import playing
from web.client.desk import Desk

pytestmark = after(a_running_experiment)


def only_policy_changes() -> calls.Floor:
    """The demo's world, in which the phone rings for the one scenario that the test's centre has a standard for."""
    told = a_small_world()
    return calls.Floor(
        world.parse(told | {"rate": [r for r in told["rate"] if r["scenario"] == SCENARIO]}), insurance()
    )


def played(app: APIFlask, address: str, many: int, calendar: SiteCalendar = CALENDAR) -> int:
    """Play so many calls; give how many the desks said they took."""
    steps: list[None] = []
    with Desk(address, a_token(store_of(app), "assign report", mark=str(many))) as desk:
        playing.play(
            desk,
            only_policy_changes(),
            calendar,
            calls=many,
            pause=0.0,
            now=MONDAY,
            progress=lambda: steps.append(None),
        )
        assert desk.flush()
        assert desk.refused() == []
    return len(steps)


def test_every_call_is_new_and_so_is_what_happened_in_it(app: APIFlask, address: str) -> None:
    assert [played(app, address, 10), played(app, address, 11)] == [10, 11]
    with store_of(app).read() as session:
        known = {*session.scalars(select(Assignment.call_id))}
        assert len(known) == 21
        assert {*session.scalars(select(Outcome.call_id))} == known


def test_more_calls_can_be_asked_for_than_a_day_has(app: APIFlask, address: str) -> None:
    a_day = only_policy_changes().calls_of(CALENDAR.day(MONDAY), int(MONDAY.timestamp()) // 60, CALENDAR)
    assert played(app, address, len(a_day) + 1) == len(a_day) + 1
    with store_of(app).read() as session:
        assert session.scalar(select(func.count()).select_from(Assignment)) == len(a_day) + 1


def test_where_there_is_no_demo_nobody_plays(app: APIFlask) -> None:
    done = app.test_cli_runner().invoke(args=["play-calls", "--calls", "1"])
    assert (done.exit_code, "Only the demo has desks" in done.output) == (1, True)
