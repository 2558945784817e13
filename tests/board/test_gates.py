"""Gates as an installation sets them: how many of which roles, by whom, for how long, and against what verdict."""

import re
import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from configs.settings import ROOT, GateSettings, SeatSettings, Settings
from experiments import people
from experiments.board import cards, gates as gating, moves, ticking
from experiments.board.cards import Move
from experiments.board.checklist import checklist
from experiments.board.seats import USUAL, Gates, Seat, missing
from experiments.check import looks
from experiments.do.assignments import Floor
from experiments.errors import Conflict, Invalid, NotAllowed
from experiments.plan.designs import experiment_named
from tests.board.conftest import more_people
from tests.builders import (
    MONDAY,
    a_running_experiment,
    a_submitted_plan,
    a_week_of_calls,
    approved,
    moved,
    people_actor,
    somebody_new,
    ticked,
)
from tests.histories import History
from web.house import gates_of

LATER = MONDAY + timedelta(days=15)


@pytest.fixture
def floor(floor: Floor) -> Floor:
    more_people(floor)
    return floor


def asked(floor: Floor, key: str, by: str, gates: Gates, verb: str = "approve", at: datetime = MONDAY) -> str:
    """Ask a move at gates of another installation; say where the card stands then."""
    with floor.store.write() as session:
        actor = people_actor(session, by)
        card = moves.move(session, key, Move(verb), actor=actor, calendar=floor.calendar, now=at, gates=gates)
        return f"{card.stage}, {card.review}"


def chairs(floor: Floor, key: str, at: datetime = MONDAY, gates: Gates = USUAL) -> list[tuple[str | None, str]]:
    with floor.store.read() as session:
        seated = gating.under_review(session, cards.card_of(session, key), gates, at)
    return [(chair.role, chair.state) for chair in seated]


class TestHowManyOfARole:
    TWO = Gates(plan=(Seat("manager", 2),))

    def test_a_gate_opens_when_so_many_different_people_have_approved(self, floor: Floor) -> None:
        key = a_submitted_plan(floor)
        ticked(floor, key, "compliance")
        assert asked(floor, key, "manager", self.TWO) == "plan, in_review"
        with pytest.raises(Conflict, match="other roles need other people"):
            asked(floor, key, "manager", self.TWO)
        assert asked(floor, key, "another_manager", self.TWO) == "plan, approved"

    def test_a_role_that_the_gate_does_not_ask_for_approves_nothing_there(self, floor: Floor) -> None:
        key = a_submitted_plan(floor)
        with pytest.raises(NotAllowed, match="manager"):
            asked(floor, key, "compliance", self.TWO)

    def test_where_people_are_named_nobody_else_of_the_role_will_do(self, floor: Floor) -> None:
        named = Gates(plan=(Seat("manager", named=("another_manager",)),))
        key = a_submitted_plan(floor)
        ticked(floor, key, "compliance")
        with pytest.raises(NotAllowed, match="named"):
            asked(floor, key, "manager", named)
        assert asked(floor, key, "another_manager", named) == "plan, approved"

    def test_an_approval_more_carries_a_round_through_when_the_gate_asks_for_less_than_before(
        self, floor: Floor
    ) -> None:
        key = a_submitted_plan(floor)
        ticked(floor, key, "compliance")
        asked(floor, key, "manager", self.TWO)
        assert asked(floor, key, "another_manager", Gates(plan=(Seat("manager"),))) == "plan, approved"

    def test_who_finds_the_seat_taken_learns_by_whom_and_when(self, floor: Floor) -> None:
        key = a_submitted_plan(floor)
        moved(floor, key, "approve", "manager")
        with pytest.raises(Conflict, match=r"given already: manager gave it, 2026-11-02T01:00:00\+00:00"):
            moved(floor, key, "approve", "another_manager")


class TestExpiry:
    def test_an_expired_approval_is_shown_and_does_not_count(self, floor: Floor) -> None:
        key = a_submitted_plan(floor)
        ticked(floor, key, "compliance")
        moved(floor, key, "approve", "compliance")
        assert chairs(floor, key, LATER) == [("compliance", "expired"), ("manager", "awaited"), ("trainer", "awaited")]
        moved(floor, key, "approve", "manager", at=LATER)
        assert moved(floor, key, "approve", "trainer", at=LATER) == ("plan", "in_review")

    def test_whoever_gave_it_or_another_gives_it_afresh(self, floor: Floor) -> None:
        key = a_submitted_plan(floor)
        approved(floor, key, "compliance", "manager")
        approved(floor, key, "compliance", "another_manager", at=LATER)
        assert chairs(floor, key, LATER) == [("compliance", "given"), ("manager", "given"), ("trainer", "awaited")]
        assert moved(floor, key, "approve", "trainer", at=LATER) == ("plan", "approved")

    def test_a_plan_that_waits_too_long_for_its_start_is_approved_afresh(self, floor: Floor) -> None:
        key = a_submitted_plan(floor)
        approved(floor, key, "compliance", "manager", "trainer")
        with pytest.raises(Conflict, match="expired since"):
            moved(floor, key, "start", "manager", at=LATER)
        moved(floor, key, "refuse", "manager", at=LATER, reason="Its approvals have expired.")
        moved(floor, key, "submit", "lead", at=LATER)
        approved(floor, key, "compliance", "manager", "trainer", at=LATER)
        assert moved(floor, key, "start", "manager", at=LATER) == ("do", "running")

    def test_how_long_an_approval_counts_is_the_installations(self, floor: Floor) -> None:
        key = a_submitted_plan(floor)
        moved(floor, key, "approve", "compliance")
        a_day = Gates(expires_after=timedelta(days=1))
        assert chairs(floor, key, MONDAY + timedelta(hours=23), a_day)[0] == ("compliance", "given")
        assert chairs(floor, key, MONDAY + timedelta(hours=24), a_day)[0] == ("compliance", "expired")


def a_winner(floor: Floor) -> str:
    """Let a challenger win its test; the results are open."""
    key = a_running_experiment(floor, effect=0.1)
    a_week_of_calls(floor, 60, lambda answer, number: number % 10 < (8 if answer.arm == "quicker" else 4))
    with floor.store.write() as session:
        test, jobs = experiment_named(session, key), people.system("jobs")
        looks.make_look(session, test, today=20261109, final=True, actor=jobs, now=MONDAY)
    moved(floor, key, "end", "jobs")
    return key


def nothing_seen(floor: Floor) -> str:
    """Stop a test before anybody called; the results are open."""
    key = a_running_experiment(floor)
    moved(floor, key, "stop", "manager", reason="Enough.")
    return key


class TestTheVerdict:
    # what the verdict names, what is proposed, whether that needs a reason and a second approver
    @pytest.mark.parametrize(
        ("telling", "proposal", "second"),
        [
            (a_winner, "quicker", False),
            (a_winner, None, True),
            (a_winner, "control", True),
            (nothing_seen, None, False),
            (nothing_seen, "control", False),
            (nothing_seen, "quicker", True),
        ],
    )
    def test_deciding_against_it_needs_a_reason_and_one_approver_more_at_both_gates(
        self, history: History, telling: Callable[[Floor], str], proposal: str | None, second: bool
    ) -> None:
        floor, key = history.after(telling)
        more_people(floor)
        how: dict[str, Any] = {"proposal": proposal}
        if second:
            with pytest.raises(Invalid, match="say why"):
                moved(floor, key, "submit", "lead", **how)
            how["reason"] = "The floor says so."
        moved(floor, key, "submit", "lead", **how)
        ticked(floor, key, "quality")
        places = [moved(floor, key, "approve", who) for who in ("quality", *(["another_quality"] if second else []))]
        assert places == [*([("check", "in_review")] if second else []), ("act", "in_review")]
        assert [role for role, _ in chairs(floor, key)] == ["manager", "quality", *([None] if second else [])]
        moved(floor, key, "approve", "manager")
        assert moved(floor, key, "approve", "quality") == ("act", "in_review" if second else "approved")
        if second:
            assert moved(floor, key, "approve", "another_manager") == ("act", "approved")

    def test_who_submitted_the_results_approves_at_neither_gate(self, floor: Floor) -> None:
        key = nothing_seen(floor)
        somebody_new(floor, "both", "lead", "quality", "manager")
        moved(floor, key, "submit", "both")
        with pytest.raises(NotAllowed, match="somebody else"):
            moved(floor, key, "approve", "both")
        with pytest.raises(NotAllowed, match="somebody else"), floor.store.write() as session:
            ticking.tick(session, key, "verdict_read", actor=people_actor(session, "both"), now=MONDAY)
        approved(floor, key, "quality")
        with pytest.raises(NotAllowed, match="somebody else"):
            moved(floor, key, "approve", "both")

    def test_what_was_approved_at_act_and_not_done_can_be_sent_back(self, floor: Floor) -> None:
        key = a_winner(floor)
        moved(floor, key, "submit", "lead", proposal="quicker")
        approved(floor, key, "quality")
        assert approved(floor, key, "quality", "manager") == ("act", "approved")
        with pytest.raises(Conflict, match="expired since"):
            moved(floor, key, "promote", "manager", at=LATER)
        assert moved(floor, key, "refuse", "manager", at=LATER, reason="Too old.") == ("check", "open")


class TestSettings:
    def test_the_readme_shows_the_gates_that_the_product_comes_with(self) -> None:
        blocks = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
        (block,) = (each for each in blocks if each.startswith("[gates]"))
        shown = GateSettings(**tomllib.loads(block)["gates"])
        nameless = tuple(seat.model_copy(update={"named": ()}) for seat in shown.plan)
        assert shown.model_copy(update={"plan": nameless}) == GateSettings()

    def test_gates_are_set_by_the_environment_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SCRIPTBENCH_GATES", '{"check": [{"role": "quality", "count": 2}]}')
        assert gates_of(Settings().gates) == Gates(check=(Seat("quality", 2),))

    def test_the_product_comes_with_one_of_each_role(self) -> None:
        assert gates_of(GateSettings()) == USUAL

    def test_a_gate_is_set_by_roles_counts_and_names(self) -> None:
        seats = (SeatSettings(role="manager", count=2, named=("a", "b", "c")), SeatSettings(role="trainer"))
        assert gates_of(GateSettings(plan=seats, expires_days=3)) == Gates(
            plan=(Seat("manager", 2, ("a", "b", "c")), Seat("trainer")), expires_after=timedelta(days=3)
        )

    @pytest.mark.parametrize(
        "wrong",
        [
            # agents are blind to tests
            {"plan": (SeatSettings(role="agent"),)},
            # administrators move nothing
            {"act": (SeatSettings(role="admin"),)},
            {"act": (SeatSettings(role="nobody"),)},
            # a gate that nobody keeps is none
            {"check": ()},
            # a role is asked for once, with a count
            {"check": (SeatSettings(role="quality"), SeatSettings(role="quality"))},
            # one person cannot give two
            {"check": (SeatSettings(role="quality", count=2, named=("a",)),)},
        ],
    )
    def test_a_gate_that_could_not_be_kept_is_refused_when_the_house_opens(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="must"):
            gates_of(GateSettings(**wrong))


def test_a_page_offers_an_approval_just_where_the_move_would_take_it(floor: Floor) -> None:
    key = a_submitted_plan(floor)
    ticked(floor, key, "compliance")
    moved(floor, key, "approve", "manager")
    for login in ("lead", "manager", "another_manager", "compliance", "supervisor"):
        with floor.store.read() as session:
            card, actor = cards.card_of(session, key), people_actor(session, login)
            barred = gating.approval_bar(session, card, USUAL, actor, MONDAY)
        try:
            moved(floor, key, "approve", login)
        except (Conflict, NotAllowed):
            assert barred is not None
        else:
            assert barred is None


def test_what_is_missing_at_a_gate_is_told_by_its_chairs(floor: Floor) -> None:
    key = a_submitted_plan(floor)
    moved(floor, key, "approve", "manager")
    with floor.store.read() as session:
        card = cards.card_of(session, key)
        seated = gating.under_review(session, card, USUAL, MONDAY)
        assert [chair.role for chair in missing(seated)] == ["compliance", "trainer"]
        assert checklist(session, card, USUAL)
