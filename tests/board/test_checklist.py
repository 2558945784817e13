"""The checklists of the gates: what a machine sees, what people vouch for, and what an open item holds up."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from experiments.audit import AuditEntry
from experiments.board import cards, ticking
from experiments.board.checklist import Item, Tick, checklist
from experiments.board.seats import USUAL, Gates
from experiments.do.assignments import Floor
from experiments.do.serving import choose
from experiments.errors import Conflict, NotAllowed, Unknown
from experiments.plan.rules import MetricPlan
from tests.builders import (
    MONDAY,
    a_call,
    a_draft,
    a_running_experiment,
    a_submitted_plan,
    a_week_of_calls,
    approved,
    assigned,
    moved,
    people_actor,
    rolled_up,
    snapshot_of,
    somebody_new,
    ticked,
)
from tests.histories import History


def items(floor: Floor, key: str, gates: Gates = USUAL) -> dict[str, Item]:
    with floor.store.read() as session:
        return {item.key: item for item in checklist(session, cards.card_of(session, key), gates)}


def vouched(floor: Floor, key: str, item: str, by: str) -> None:
    with floor.store.write() as session:
        ticking.tick(session, key, item, actor=people_actor(session, by), now=MONDAY)


def left_open(floor: Floor, key: str) -> set[str]:
    return {name for name, item in items(floor, key).items() if not item.done}


class TestAPlan:
    def test_is_seen_by_the_machine_but_for_the_offer_and_a_time_that_is_not_known(self, floor: Floor) -> None:
        found = items(floor, a_submitted_plan(floor))
        assert list(found) == ["one_variable", "audience", "offer_review", "size", "guardrails", "disclosure"]
        assert {name for name, item in found.items() if item.by_hand} == {"offer_review", "size"}
        assert {name for name, item in found.items() if item.done} == found.keys() - {"offer_review", "size"}

    def test_with_a_history_says_how_long_it_takes(self, floor: Floor) -> None:
        a_week_of_calls(floor, 120, lambda _, i: i % 5 < 2)
        key = a_draft(floor, effect=0.1, base_rate=None)
        moved(floor, key, "submit", "lead", at=MONDAY + timedelta(days=7))
        size = items(floor, key)["size"]
        assert (size.done, size.by_hand) == (True, False)
        too_long = items(floor, key, Gates(most_days=1))["size"]
        assert (too_long.done, too_long.by_hand) == (False, False)

    @pytest.mark.parametrize(
        ("changes", "item"),
        [
            # the scenario invites policyholders and their families, and the plan says nothing of whom it is for
            ({"audience": {}}, "audience"),
            # nothing would be watched for harm
            ({"metrics": (MetricPlan("accepted", "primary"),)}, "guardrails"),
        ],
    )
    def test_is_held_up_by_what_the_machine_finds_missing(
        self, floor: Floor, changes: dict[str, Any], item: str
    ) -> None:
        key = a_submitted_plan(floor, **changes)
        ticked(floor, key, "compliance")
        assert left_open(floor, key) == {item}
        approved(floor, key, "compliance", "manager")
        with pytest.raises(Conflict, match="Before the last approval this is open: "):
            moved(floor, key, "approve", "trainer")
        with pytest.raises(Conflict, match="ticked by nobody"):
            vouched(floor, key, item, "trainer")

    def test_holds_up_the_last_approval_only_and_says_which_item_is_open(self, history: History) -> None:
        floor, key = history.after(a_submitted_plan)
        moved(floor, key, "approve", "compliance")
        moved(floor, key, "approve", "manager")
        with pytest.raises(Conflict, match="open: What is offered may be offered"):
            moved(floor, key, "approve", "trainer")
        vouched(floor, key, "offer_review", "compliance")
        with pytest.raises(Conflict, match="open: How long it takes"):
            moved(floor, key, "approve", "trainer")
        vouched(floor, key, "size", "trainer")
        assert moved(floor, key, "approve", "trainer") == ("plan", "approved")


class TestATick:
    def test_names_who_gave_it_and_when(self, history: History) -> None:
        floor, key = history.after(a_submitted_plan)
        vouched(floor, key, "offer_review", "compliance")
        item = items(floor, key)["offer_review"]
        assert (item.done, item.by, item.at) == (True, "compliance", MONDAY)
        with floor.store.read() as session:
            entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.actor, entry.verb, entry.detail["item"]) == ("compliance", "tick", "offer_review")

    def test_is_given_once(self, history: History) -> None:
        floor, key = history.after(a_submitted_plan)
        vouched(floor, key, "offer_review", "compliance")
        with pytest.raises(Conflict, match="ticked already: compliance did"):
            vouched(floor, key, "offer_review", "manager")

    def test_is_given_by_nobody_who_wrote_the_plan_and_by_roles_of_the_gate_alone(self, floor: Floor) -> None:
        somebody_new(floor, "author", "lead", "compliance")
        key = a_draft(floor)
        moved(floor, key, "submit", "author")
        for login, why in (
            ("author", "somebody else"),
            ("supervisor", "roles"),
            ("admin", "roles"),
            ("agent", "roles"),
        ):
            with pytest.raises(NotAllowed, match=why):
                vouched(floor, key, "offer_review", login)

    def test_counts_no_more_in_the_next_round_and_when_the_content_changes(self, history: History) -> None:
        floor, key = history.after(a_submitted_plan)
        ticked(floor, key, "compliance")
        assert left_open(floor, key) == set()
        moved(floor, key, "refuse", "manager", reason="Too small an effect.")
        moved(floor, key, "submit", "lead")
        assert left_open(floor, key) == {"offer_review", "size"}
        ticked(floor, key, "compliance")
        with floor.store.write() as session:
            cards.card_of(session, key).review_hash = "the hash of other words"
        assert left_open(floor, key) == {"offer_review", "size"}

    def test_of_what_is_no_item_is_not_known(self, floor: Floor) -> None:
        for key, item in ((a_submitted_plan(floor), "smile"), (a_draft(floor, key="another"), "offer_review")):
            with pytest.raises(Unknown, match="no item"):
                vouched(floor, key, item, "compliance")

    def test_stays_as_it_was_given(self, history: History) -> None:
        floor, key = history.after(a_submitted_plan)
        vouched(floor, key, "offer_review", "compliance")
        with pytest.raises(DBAPIError, match="append-only"), floor.store.write() as session:
            session.delete(session.scalars(select(Tick)).one())


class TestResults:
    def test_of_fewer_calls_than_planned_change_something_only_if_somebody_vouches_for_that(
        self, history: History
    ) -> None:
        floor, key = history.after(a_running_experiment)
        moved(floor, key, "stop", "manager", reason="Enough.")
        moved(floor, key, "submit", "lead", proposal="quicker", reason="The floor says so.")
        found = items(floor, key)
        assert {name: (item.done, item.by_hand) for name, item in found.items()} == {
            "health": (True, False),
            "sample": (False, True),
            "verdict_read": (False, True),
        }

    def test_that_change_nothing_need_neither_health_nor_a_sample(self, history: History) -> None:
        floor, key = history.after(a_running_experiment)
        moved(floor, key, "stop", "manager", reason="Enough.")
        moved(floor, key, "submit", "lead")
        assert left_open(floor, key) == {"verdict_read"}

    def test_that_cannot_be_trusted_change_nothing_whoever_vouches(self, history: History) -> None:
        floor, key = history.after(a_running_experiment)
        snapshot, calls = snapshot_of(floor), [a_call(number) for number in range(600)]
        arms = [choose(snapshot, call, floor.calendar).arm for call in calls]
        # most of the challenger's calls are lost
        kept = [call for i, (call, arm) in enumerate(zip(calls, arms, strict=True)) if arm == "control" or i % 5 == 0]
        assigned(floor, kept)
        rolled_up(floor)
        moved(floor, key, "stop", "manager", reason="Enough.", at=MONDAY + timedelta(days=8))
        moved(floor, key, "submit", "lead", proposal="quicker", reason="I like it.", at=MONDAY + timedelta(days=8))
        health = items(floor, key)["health"]
        assert (health.done, health.by_hand) == (False, False)
        moved(floor, key, "refuse", "quality", reason="Look at the split.", at=MONDAY + timedelta(days=8))
        moved(floor, key, "submit", "lead", at=MONDAY + timedelta(days=8))
        assert left_open(floor, key) == {"verdict_read"}
