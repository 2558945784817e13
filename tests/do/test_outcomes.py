import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from experiments.check import history
from experiments.check.counting.tables import MEASURES
from experiments.do.assignments import Floor, assign
from experiments.do.journal import Origin
from experiments.do.outcomes import MAX_VALUE, Outcome
from experiments.plan.designs import experiment_named
from tests.builders import (
    MONDAY,
    a_call,
    a_running_experiment,
    assigned,
    outcome,
    rolled_up,
    snapshot_of,
    told,
)
from tests.histories import History


def a_strangers_call(floor: Floor) -> None:
    """Let another call be there, with a life of its own."""
    assigned(floor, [a_call(777)])
    told(floor, [outcome("call-777", "resolved", 20), outcome("call-777", "complaint", 20)])


@pytest.fixture
def floor(history: History) -> Floor:
    return history.after(a_strangers_call)[0]


def totals(floor: Floor) -> Mapping[str, int]:
    """Sum all but the stranger's calls."""
    rolled_up(floor)
    with floor.store.read() as session:
        sums = history.calls_by_scenario(session)
    return {m: sum(t[m] for t in sums.values()) for m in MEASURES}


def test_delivering_a_batch_twice_changes_nothing(floor: Floor) -> None:
    assigned(floor, [a_call()])
    batch = [outcome("call-1", "resolved"), outcome("call-1", "invited")]
    first, second = told(floor, batch), told(floor, batch)
    assert (first.accepted, second.accepted, second.duplicates) == (2, 0, 2)


def test_the_same_id_with_other_words_is_refused(floor: Floor) -> None:
    told(floor, [outcome("call-1", "resolved")])
    receipt = told(floor, [outcome("call-1", "resolved", minutes=9)])
    assert [r.code for r in receipt.rejected] == ["id_reused"]


def test_an_id_that_was_used_otherwise_is_refused_wherever_it_stands_in_the_batch(floor: Floor) -> None:
    true, other = outcome("call-1", "resolved"), outcome("call-1", "resolved", minutes=9)
    told(floor, [true])
    receipt = told(floor, [other, true, other])
    assert (receipt.accepted, receipt.duplicates, [r.index for r in receipt.rejected]) == (0, 1, [0, 2])


def test_one_moment_told_in_another_zone_is_the_same_fact(floor: Floor) -> None:
    told(floor, [outcome("call-1", "resolved")])
    in_shanghai = {**outcome("call-1", "resolved"), "at": "2026-11-02T09:05:00+08:00"}
    assert told(floor, [in_shanghai]).duplicates == 1


def test_two_systems_may_use_the_same_id(floor: Floor) -> None:
    told(floor, [outcome("call-1", "resolved")], source="desk")
    assert told(floor, [outcome("call-1", "resolved")], source="nightly").accepted == 1


def test_a_good_row_is_kept_though_its_neighbour_is_bad(floor: Floor) -> None:
    bad = {**outcome("call-1", "sung")}
    receipt = told(floor, [bad, outcome("call-1", "resolved")])
    assert (receipt.accepted, [(r.index, r.code) for r in receipt.rejected]) == (1, [(0, "invalid")])


@pytest.mark.parametrize(
    "row",
    [
        # nobody is named
        {"id": "x", "type": "resolved", "at": MONDAY.isoformat()},
        # two are named
        {"id": "x", "type": "resolved", "at": MONDAY.isoformat(), "call_id": "c", "customer_id": "d"},
        # no such moment
        {"id": "x", "type": "resolved", "at": "yesterday", "call_id": "c"},
        # a moment without a zone
        {"id": "x", "type": "resolved", "at": "2026-11-02T09:00:00", "call_id": "c"},
        # a number is not a moment
        {"id": "x", "type": "resolved", "at": 0, "call_id": "c"},
        # half a fen
        {"id": "x", "type": "converted", "at": MONDAY.isoformat(), "call_id": "c", "value": 0.5},
        # a field nobody knows
        {"id": "x", "type": "resolved", "at": MONDAY.isoformat(), "call_id": "c", "mood": "sunny"},
        # a scenario nobody knows
        {"id": "x", "type": "resolved", "at": MONDAY.isoformat(), "call_id": "c", "scenario": "weather"},
        # not even an object
        "resolved",
        None,
    ],
)
def test_a_row_that_makes_no_sense_is_refused_with_its_place(floor: Floor, row: Any) -> None:
    receipt = told(floor, [row])
    assert (receipt.accepted, receipt.rejected[0].index) == (0, 0)


def test_an_outcome_that_comes_before_its_call_is_kept_and_counted_later(floor: Floor) -> None:
    told(floor, [outcome("call-1", "resolved")])
    assigned(floor, [a_call()])
    assert totals(floor)["resolved"] == 2  # the stranger's and hers


def test_without_a_scenario_the_latest_call_at_or_before_is_meant(floor: Floor) -> None:
    assigned(floor, [a_call(1), a_call(1, scenario="claim_enquiry", at=MONDAY + timedelta(minutes=20))])
    told(floor, [outcome("call-1", "accepted", minutes=10), outcome("call-1", "complaint", minutes=30)])
    rolled_up(floor)
    with floor.store.read() as session:
        by_scenario = {k: (t["accepted"], t["complaint"]) for k, t in history.calls_by_scenario(session).items()}
    assert sorted(by_scenario.values()) == [(0, 1), (1, 1)]  # the stranger's complaint is in the first


@pytest.mark.parametrize(("minutes", "counted"), [(-14, 1), (-16, 0)])
def test_a_desktop_whose_clock_is_behind_is_understood_within_reason(
    floor: Floor, minutes: float, counted: int
) -> None:
    assigned(floor, [a_call(1, at=MONDAY)])
    told(floor, [outcome("call-1", "invited", minutes)])
    assert totals(floor)["invited"] == counted


def test_an_invitation_before_the_request_is_resolved_is_flagged_and_still_counts(floor: Floor) -> None:
    assigned(floor, [a_call()])
    told(floor, [outcome("call-1", "invited", minutes=2), outcome("call-1", "resolved", minutes=4)])
    assert (totals(floor)["deviation"], totals(floor)["invited"]) == (1, 1)


def test_a_refusal_within_half_a_minute_is_an_early_one(floor: Floor) -> None:
    assigned(floor, [a_call(1), a_call(2)])
    told(floor, [outcome("call-1", "declined", value=30), outcome("call-2", "declined", value=31)])
    assert (totals(floor)["declined"], totals(floor)["early_refusal"]) == (2, 1)


def test_a_contact_deleted_later_no_longer_counts_as_joined(floor: Floor) -> None:
    assigned(floor, [a_call()])
    told(floor, [outcome("call-1", "accepted")])
    told(floor, [outcome("call-1", "cancelled", minutes=60 * 24, detail={"of": "accepted"})])
    assert (totals(floor)["accepted"], totals(floor)["joined"]) == (1, 0)


@pytest.mark.parametrize("undoing", ["cancelled", "corrected"])
def test_a_sale_taken_back_no_longer_counts(floor: Floor, undoing: str) -> None:
    assigned(floor, [a_call()])
    told(floor, [outcome("call-1", "converted", value=120_000)])
    assert (totals(floor)["converted"], totals(floor)["value"]) == (1, 120_000)
    told(floor, [outcome("call-1", undoing, minutes=60 * 24)])
    assert (totals(floor)["converted"], totals(floor)["value"]) == (0, 0)


@pytest.mark.parametrize(("days", "counted"), [(29.9, 1), (30.1, 0)])
def test_a_sale_counts_within_its_window_alone(floor: Floor, days: float, counted: int) -> None:
    assigned(floor, [a_call(at=MONDAY)])
    told(floor, [outcome("call-1", "converted", minutes=days * 24 * 60)])
    assert totals(floor)["converted"] == counted


def test_an_arm_keeps_a_sale_that_comes_through_a_later_call_in_another_scenario(floor: Floor) -> None:
    key = a_running_experiment(floor, unit="customer")
    later = MONDAY + timedelta(days=3)
    assigned(floor, [a_call(1), a_call(2, customer_id="customer-1", scenario="claim_enquiry", at=later)])
    rolled_up(floor)
    told(floor, [outcome("call-2", "converted", minutes=4 * 24 * 60)])
    rolled_up(floor)
    with floor.store.read() as session:
        arms = history.arm_totals(session, experiment_named(session, key))
    assert sum(t["converted"] for t in arms.values()) == 1


def test_a_customer_with_two_calls_buys_once_and_counts_once(floor: Floor) -> None:
    key = a_running_experiment(floor, unit="customer")
    assigned(floor, [a_call(1), a_call(2, customer_id="customer-1", at=MONDAY + timedelta(days=1))])
    sale = {"id": "sale", "customer_id": "customer-1", "type": "converted"}
    told(floor, [{**sale, "at": (MONDAY + timedelta(days=2)).isoformat()}])
    rolled_up(floor)
    with floor.store.read() as session:
        arms = history.arm_totals(session, experiment_named(session, key))
    assert sum(t["converted"] for t in arms.values()) == 1


def test_order_lateness_and_repetition_change_no_count(floor: Floor) -> None:
    calls = [a_call(i) for i in range(30)]
    kinds = ("resolved", "invited", "accepted", "converted", "handled")
    facts = [outcome(c.call_id, k, minutes=i, value=i) for c in calls for i, k in enumerate(kinds)]
    shuffled = random.Random(3).sample(facts * 3, len(facts) * 3)
    told(floor, shuffled[:200])
    rolled_up(floor)
    assigned(floor, calls)
    rolled_up(floor)
    told(floor, shuffled[200:])
    late = totals(floor)
    with floor.store.read() as session:
        kept = session.scalar(select(func.count()).select_from(Outcome))
    assert kept == len(facts) + 2
    assert (late["accepted"], late["converted"], late["handled_seconds"]) == (30, 30, 120)


def test_who_is_in_no_test_keeps_her_sale_though_customers_are_dealt_beside_her(floor: Floor) -> None:
    a_running_experiment(floor, unit="customer", coverage=1)
    (answer,) = assigned(floor, [a_call()])
    told(floor, [outcome("call-1", "converted")])
    assert (answer.reason, totals(floor)["converted"]) == ("standard", 1)


def test_an_earlier_call_that_comes_in_late_takes_the_sale_and_leaves_none_behind(floor: Floor) -> None:
    key = a_running_experiment(floor, unit="customer")
    assigned(floor, [a_call(1, at=MONDAY + timedelta(days=5))])
    told(floor, [outcome("call-1", "converted", minutes=6 * 24 * 60)])
    rolled_up(floor)
    assign(floor, snapshot_of(floor), [a_call(2, customer_id="customer-1")], origin=Origin.REPLAYED)
    rolled_up(floor)
    with floor.store.read() as session:
        arms = history.arm_totals(session, experiment_named(session, key))
    assert sum(t["converted"] for t in arms.values()) == 1


def test_a_call_with_absurdly_many_sales_stops_no_rollup(floor: Floor) -> None:
    assigned(floor, [a_call()])
    told(floor, [{**outcome("call-1", "converted", value=MAX_VALUE), "id": f"sale-{i}"} for i in range(40)])
    assert (totals(floor)["converted"], totals(floor)["value"]) == (1, MAX_VALUE)
