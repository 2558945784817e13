"""A signal without the weeks of calls that it would take to find it."""

from datetime import datetime

from experiments.act.control.signals import ControlSignal
from experiments.calendar import days_before
from experiments.do.assignments import Floor
from experiments.plan.scenarios import scenario_named
from experiments.wording import Message
from tests.act.floors import live_here
from tests.builders import SCENARIO

METRIC = {"en": "Accepted", "zh-CN": "同意添加"}


def a_signal(floor: Floor, at: datetime, scenario: str = SCENARIO) -> int:
    """Have a standard's rate fall three days before, as the control job would note it; give the signal's id."""
    live, day = live_here(floor, scenario), floor.calendar.day(at)
    words = Message(
        "%(metric)s has fallen since %(first)s.", {"metric": METRIC, "first": str(days_before(day, 3))}
    ).as_json()
    with floor.store.write() as session:
        signal = ControlSignal(
            scenario_id=scenario_named(session, scenario).id,
            script_version_id=live.version_id,
            region="",
            metric="accepted",
            rule="cusum",
            direction="down",
            first_day=days_before(day, 3),
            found_day=days_before(day, 1),
            worse=True,
            found_at=at,
            words=words,
            numbers={"rate": 0.3, "usual": 0.4},
        )
        session.add(signal)
        session.flush()
        return signal.id
