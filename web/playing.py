"""Desks of the demo centre at work: they ask the running server for scripts and tell it what happened, as real ones do.

The demo's world draws the calls and what comes of them. Time within a call runs sixty times as fast.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count, islice

from experiments.calendar import SiteCalendar
from experiments.demo.calls import Floor, Served
from experiments.demo.world import Effect
from experiments.do.serving import Call
from web.client.desk import Desk
from web.client.ids import new_id

_WITHIN_A_CALL = timedelta(hours=1)
_FASTER = 60


def play(
    desk: Desk,
    floor: Floor,
    calendar: SiteCalendar,
    *,
    calls: int,
    pause: float,
    now: datetime,
    progress: Callable[[], None],
) -> None:
    """Let so many calls come in, one after the other.

    Args:
        desk: the way to the server.
        floor: the demo's people and rates.
        calendar: the site's.
        calls: how many.
        pause: seconds between two.
        now: this moment, UTC: the calls are those of its day.
        progress: told after each.

    Raises:
        Refused, Unreachable: the server said no, or nothing.
    """
    for call in islice(_calls_of(floor, calendar, now), calls):
        _answer(desk, floor, call)
        progress()
        time.sleep(pause)


def _calls_of(floor: Floor, calendar: SiteCalendar, now: datetime) -> Iterator[Call]:
    """Draw today's calls over and over, otherwise each time: a day may have fewer than are asked for."""
    for number in count(int(now.timestamp()) // 60):
        yield from floor.calls_of(calendar.day(now), number, calendar)


def _answer(desk: Desk, floor: Floor, call: Call) -> None:
    known = {
        "customer_id": call.customer_id,
        "team": call.team,
        "region": call.region,
        "channel": call.channel,
        "attributes": dict(call.attributes),
    }
    call_id = f"live-{new_id()}"
    asked = {name: value for name, value in known.items() if value is not None}
    script = desk.assign(call_id, call.scenario, call.agent_id, **asked)
    served = Served(eligible=script.reason != "not_eligible", invite=script.invite, effect=Effect())
    for fact in floor.facts_of(call, served):
        if fact.after < _WITHIN_A_CALL:
            desk.report(fact.type, call_id=call_id, at=script.assigned_at + fact.after / _FASTER, value=fact.value)
