"""Conversions come late: by call or by customer, within windows, taken back, and in files that are late themselves."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from experiments import people
from experiments.check import history, looks
from experiments.check.metrics import Totals
from experiments.do.assignments import Floor, assign
from experiments.do.journal import Origin
from experiments.plan.designs import experiment_named
from tests.builders import (
    JOINED,
    MONDAY,
    a_call,
    a_running_experiment,
    a_week_of_calls,
    assigned,
    rolled_up,
    snapshot_of,
    told,
)
from tests.histories import after

SALE_DAYS, YES_DAYS = 30, 7
"""The windows of a sale and of a yes in the insurer's catalogue."""

JUST_AFTER = timedelta(microseconds=1)


def total(floor: Floor, key: str) -> Totals:
    """Sum what is counted of a test, all arms together."""
    rolled_up(floor)
    with floor.store.read() as session:
        arms = history.arm_totals(session, experiment_named(session, key))
    return {name: sum(arm[name] for arm in arms.values()) for name in next(iter(arms.values()))}


def fact(kind: str, at: datetime, of: str = "converted", **about: Any) -> dict[str, Any]:
    """Tell a fact at a moment, of call-1 unless it is about somebody else."""
    said = {"id": f"{kind}/{at.isoformat()}", "type": kind, "at": at.isoformat(), **(about or {"call_id": "call-1"})}
    return said | ({"detail": {"of": of}} if kind in ("corrected", "cancelled") else {})


AT = a_call().at
WITHIN = AT + timedelta(days=SALE_DAYS)

BY_CALL = [
    # a sale counts to the end of its window, and not a microsecond longer
    ([fact("converted", WITHIN)], {"converted": 1}),
    ([fact("converted", WITHIN + JUST_AFTER)], {"converted": 0}),
    # a cancelled sale counts as none when the customer changes her mind within the window
    ([fact("converted", AT), fact("cancelled", WITHIN)], {"converted": 0, "cancelled": 1}),
    ([fact("converted", AT), fact("cancelled", WITHIN + JUST_AFTER)], {"converted": 1, "cancelled": 1}),
    # the centre's own mistake is taken back whenever it is found
    ([fact("converted", AT), fact("corrected", WITHIN + timedelta(days=300))], {"converted": 0}),
    # a contact that is deleted within a week did not last
    (
        [fact("accepted", AT), fact("cancelled", AT + timedelta(days=YES_DAYS), of="accepted")],
        {"accepted": 1, "joined": 0},
    ),
    (
        [fact("accepted", AT), fact("cancelled", AT + timedelta(days=YES_DAYS) + JUST_AFTER, of="accepted")],
        {"accepted": 1, "joined": 1},
    ),
    # what is taken back before it came is taken back
    ([fact("cancelled", AT + timedelta(days=1)), fact("converted", AT + timedelta(days=2))], {"converted": 0}),
]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("facts", "counted"), BY_CALL)
@after(a_running_experiment)
def test_a_calls_sale_and_yes_count_within_their_windows_in_any_order_of_arrival(
    floor: Floor, facts: list[dict[str, Any]], counted: dict[str, int], order: int
) -> None:
    key = "change_benefit"
    assigned(floor, [a_call()])
    for row in facts[::order]:
        told(floor, [row])
        rolled_up(floor)
    assert {name: total(floor, key)[name] for name in counted} == counted


BY_CUSTOMER = [
    # what counts is the window from her first call, whatever call the sale came through, or none
    ([fact("converted", WITHIN, customer_id="customer-1")], 1),
    ([fact("converted", WITHIN, call_id="call-2")], 1),
    ([fact("converted", WITHIN + JUST_AFTER, call_id="call-2")], 0),
    # nor does it matter which kind of call the sale is said to be of, though she never called about that
    ([fact("converted", WITHIN, customer_id="customer-1", scenario="surrender")], 1),
    ([fact("converted", AT), fact("corrected", WITHIN, customer_id="customer-1", scenario="surrender")], 0),
    # before her first call nothing is the test's doing
    ([fact("converted", AT - timedelta(days=1), customer_id="customer-1")], 0),
    # two sales are one customer who bought
    ([fact("converted", AT, call_id="call-1"), fact("converted", WITHIN, call_id="call-2")], 1),
    # a change of mind within the window, and one after it
    ([fact("converted", AT), fact("cancelled", WITHIN, customer_id="customer-1")], 0),
    ([fact("converted", AT), fact("cancelled", WITHIN + JUST_AFTER, customer_id="customer-1")], 1),
]


@pytest.mark.parametrize(("facts", "bought"), BY_CUSTOMER)
@after(a_running_experiment, unit="customer")
def test_a_customers_sale_counts_once_from_her_first_call(
    floor: Floor, facts: list[dict[str, Any]], bought: int
) -> None:
    key = "change_benefit"
    again = a_call(2, customer_id="customer-1", at=AT + timedelta(days=3))
    assigned(floor, [a_call(), again])
    rolled_up(floor)
    told(floor, facts)
    assert total(floor, key)["converted"] == bought


@pytest.mark.parametrize("origin", [Origin.IMPORTED, Origin.LIVE])
@after(a_running_experiment, unit="customer")
def test_an_earlier_call_that_comes_late_takes_the_sale_from_the_later_one(floor: Floor, origin: Origin) -> None:
    """A call log brings past calls, and a desktop's own disk those of a day on which the database was away."""
    key = "change_benefit"
    assigned(floor, [a_call(at=AT + timedelta(days=3))])
    told(floor, [fact("converted", AT + timedelta(days=SALE_DAYS + 2))])
    before = total(floor, key)["converted"]
    assign(floor, snapshot_of(floor), [a_call(2, customer_id="customer-1")], origin=origin)
    after = total(floor, key)
    assert (before, after["converted"], after["calls"]) == (1, 0, 2)


@after(a_running_experiment, metrics=JOINED, effect=0.1)
def test_only_calls_whose_window_has_closed_are_read_at_a_look(floor: Floor) -> None:
    key = "change_benefit"
    a_week_of_calls(floor, 30, lambda _, i: i % 2 == 0, days=7)
    with floor.store.write() as session:
        experiment, jobs = experiment_named(session, key), people.system("jobs")
        made = looks.make_look(session, experiment, today=20261113, final=True, actor=jobs, now=MONDAY)
        reading = made.content["readings"][0]
        arms = history.arm_totals(session, experiment, until=reading["until"])
    # on the thirteenth a week has passed since the fifth, the fourth day of calls
    assert (reading["until"], sum(arm["calls"] for arm in arms.values())) == (20261105, 4 * 30)


@after(a_running_experiment)
def test_a_nightly_file_may_come_late_and_twice_and_in_any_order(floor: Floor) -> None:
    key = "change_benefit"
    a_week_of_calls(floor, 20, lambda _, i: i % 2 == 0, days=2)
    calls = [f"call-{i}" for i in range(40)]
    file = [fact("converted", AT + timedelta(days=4), call_id=call) | {"id": call, "value": 100} for call in calls]
    told(floor, file[:25], "nightly")
    early = total(floor, key)
    for seed in (1, 2):
        told(floor, random.Random(seed).sample(file, len(file)), "nightly", at=MONDAY + timedelta(days=20))
    late = total(floor, key)
    assert [(t["converted"], t["value"]) for t in (early, late)] == [(25, 2500), (40, 4000)]
