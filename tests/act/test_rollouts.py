"""A winner goes out in steps: whom it reaches, who is held back, when it goes on by itself, and when it comes back."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from experiments import jobs, people
from experiments.act import letting_out, rollouts
from experiments.act.live import live_standard
from experiments.act.realised import realised
from experiments.act.steps import RolloutPlan, Step, require_sound
from experiments.board import cards, tending
from experiments.board.replay import replay
from experiments.do.assignments import Answer, Floor, assign, rederive
from experiments.do.journal import Assignment
from experiments.errors import Conflict, Invalid, NotAllowed
from experiments.plan import traffic
from experiments.plan.rules import ArmPlan
from experiments.plan.scenarios import scenario_named
from experiments.wording import Message
from tests.board.walking import board, log
from tests.builders import (
    MONDAY,
    SCENARIO,
    a_call,
    a_final_look,
    a_running_experiment,
    a_week_of_calls,
    an_approved_plan,
    approved,
    moved,
    rolled_up,
    snapshot_of,
    standard_value,
    told,
    two_finished_tests,
)
from tests.histories import History

START = MONDAY + timedelta(days=14)
EVENING = START - timedelta(hours=12)
"""The day before, when it is let out."""
AGENTS = 60
PLAN = RolloutPlan(
    (Step(0, 1, 0, ("hangzhou",)), Step(2500, 2, 50), Step(10_000, 1, 0)), holdback=2000, holdback_days=3
)

SLOWER = {"zh-CN": "可以慢慢来。", "en": "Take your time."}


def an_approved_winner(floor: Floor) -> str:
    """Find a winner and have it approved."""
    key = a_running_experiment(floor)
    a_week_of_calls(floor, 60, lambda answer, number: number % 10 < (8 if answer.arm == "quicker" else 4))
    a_final_look(floor, key)
    moved(floor, key, "submit", "lead", proposal="quicker", at=EVENING)
    approved(floor, key, "quality", at=EVENING)
    approved(floor, key, "manager", "quality", at=EVENING)
    return key


def a_winner_on_its_way(floor: Floor) -> str:
    """Let an approved winner go out as planned here."""
    return going_out(floor, an_approved_winner(floor), PLAN)


def going_out(floor: Floor, key: str, plan: RolloutPlan) -> str:
    scheduled(floor, key, plan)
    assert tended(floor, 0) == f"{key}: advance"
    return key


def scheduled(floor: Floor, key: str, plan: RolloutPlan = PLAN, at: datetime = EVENING) -> str:
    assert moved(floor, key, "roll_out", "lead", at=at, rollout=plan) == ("act", "rolling_out")
    return key


@pytest.fixture
def winner(history: History) -> tuple[Floor, str]:
    """A winner on its way, and its key."""
    return history.after(a_winner_on_its_way)


@pytest.fixture
def floor(winner: tuple[Floor, str]) -> Floor:
    return winner[0]


@pytest.fixture
def key(winner: tuple[Floor, str]) -> str:
    return winner[1]


def a_day(
    floor: Floor, day: int, each: int = 2, region: str = "hangzhou", says: Callable[[Answer], list[str]] = lambda _: []
) -> list[Answer]:
    """Let every agent take some calls on a day of the rollout."""
    at = START + timedelta(days=day)
    calls = [
        a_call(
            number := 1_000_000 + day * 10_000 + agent * 10 + n + (5_000 if region != "hangzhou" else 0),
            agent_id=f"agent-{agent}",
            region=region,
            at=at + timedelta(seconds=number % 10_000),
        )
        for agent in range(AGENTS)
        for n in range(each)
    ]
    answers = assign(floor, snapshot_of(floor), calls)
    rows = [_fact(answer, kind) for answer in answers for kind in says(answer)]
    if rows:
        told(floor, rows, at=at + timedelta(hours=6))
    return answers


def _fact(answer: Answer, kind: str) -> dict[str, Any]:
    return {
        "id": f"{answer.call_id}/{kind}",
        "call_id": answer.call_id,
        "type": kind,
        "at": (answer.assigned_at + timedelta(minutes=2)).isoformat(),
    }


def chosen(answer: Answer, sevenths: int) -> bool:
    """Choose so many of seven calls, not the same of every agent's."""
    return int(answer.call_id.removeprefix("call-")) * 3 // 2 % 7 < sevenths


def tended(floor: Floor, day: int, minute: int = 1) -> str:
    """Let the schedule tend the rollouts at a minute of the site's own day."""
    rolled_up(floor)
    midnight = floor.calendar.start_of(floor.calendar.day(START + timedelta(days=day)))
    return jobs.tend_rollouts(floor.store, floor.calendar, midnight + timedelta(minutes=minute))


def standing(floor: Floor, key: str) -> tuple[str, str, str, int]:
    with floor.store.read() as session:
        card = cards.card_of(session, key)
        rollout = rollouts.rollout_of(session, card.experiment)
        assert rollout is not None
        return card.stage, card.review, rollout.state, rollout.step


PLACES = ("rolling_out", "held", "in_review", "approved")


def brought_to(floor: Floor, key: str, place: str) -> None:
    """Bring a rollout to one of the places where it may be stopped."""
    at = PLACES.index(place)
    if at > 0:
        moved(floor, key, "pause", "lead", reason="a doubt", at=START)
    if at > 1:
        moved(floor, key, "resume", "lead", at=START)
    if at > 2:
        approved(floor, key, "manager", "quality", at=START)
    assert standing(floor, key)[1] == place


def served(answers: list[Answer]) -> Counter[str]:
    return Counter(answer.reason for answer in answers)


class TestWhoSaysWhat:
    def test_a_pilot_region_first_then_a_share_then_all_and_a_holdback_throughout(self, floor: Floor, key: str) -> None:
        here, there = a_day(floor, 0), a_day(floor, 0, region="ningbo")
        held = {answer.call_id[:-1] for answer in here if answer.reason == "holdback"}
        assert served(here)["rollout"] + served(here)["holdback"] == len(here)
        assert served(there)["rollout"] == 0 < served(there)["standard"]
        assert 0.1 < served(here)["holdback"] / len(here) < 0.35
        assert tended(floor, 1) == f"{key}: advance"
        share = served(a_day(floor, 1, region="ningbo"))
        assert 0 < share["rollout"] < share["standard"]
        tended(floor, 3)
        everyone = a_day(floor, 3, region="ningbo")
        assert served(everyone).keys() == {"rollout", "holdback"}
        assert held

    def test_nobody_changes_the_script_within_a_week_but_to_the_new_one(self, floor: Floor) -> None:
        first = {answer.call_id[-4:]: answer for answer in a_day(floor, 0, region="ningbo")}
        tended(floor, 1)
        for answer in a_day(floor, 1, region="ningbo"):
            before = first[answer.call_id[-4:]]
            assert (before.reason, answer.reason) in {
                ("holdback", "holdback"),
                ("standard", "standard"),
                ("standard", "rollout"),
            }

    def test_stored_calls_are_derived_again_from_their_record(self, floor: Floor) -> None:
        answers = {answer.call_id: answer for answer in a_day(floor, 0)}
        with floor.store.read() as session:
            rows = session.scalars(select(Assignment).where(Assignment.call_id.in_(answers))).all()
            again = [rederive(session, row, {}) for row in rows]
        assert [(c.version_id, c.reason) for c in again] == [(r.script_version_id, r.reason) for r in rows]

    def test_the_held_back_say_the_former_script_and_no_test_may_start_meanwhile(self, floor: Floor) -> None:
        answers = a_day(floor, 0)
        texts = {answer.reason: answer.version for answer in answers}
        assert texts["rollout"] != texts["holdback"]
        other = an_approved_plan(floor, key="meanwhile", salt="another")
        with pytest.raises(Conflict, match="on its way in here"):
            moved(floor, other, "start", "manager")


class TestGoingOn:
    def test_a_step_lasts_its_days_and_its_calls_and_ends_when_a_day_begins(self, floor: Floor) -> None:
        assert tended(floor, 0, minute=9 * 60) == "nothing due of 1 rollouts"
        tended(floor, 1)
        a_day(floor, 1, each=1, region="ningbo")  # a quarter of sixty calls: too few
        assert tended(floor, 3) == "nothing due of 1 rollouts"
        a_day(floor, 3, each=5)
        assert tended(floor, 3, minute=600) == "nothing due of 1 rollouts"
        assert "advance" in tended(floor, 4)

    def test_after_the_last_step_it_is_the_standard_and_the_holdback_ends_by_itself(
        self, floor: Floor, key: str
    ) -> None:
        a_day(floor, 0, each=2)
        tended(floor, 1), tended(floor, 3)
        assert standing(floor, key) == ("act", "rolling_out", "going", 2)
        assert tended(floor, 4) == f"{key}: finish"
        assert standing(floor, key) == ("act", "standard", "in_force", 2)
        assert served(a_day(floor, 4)).keys() == {"standard", "holdback"}
        with floor.store.read() as session:
            live = live_standard(session, scenario_named(session, SCENARIO))
        assert live is not None
        assert live.by == "lead"  # who answers for it is a person, though the schedule put it in force
        assert tended(floor, 6) == "nothing due of 1 rollouts"
        assert tended(floor, 7) == f"{key}: end_holdback"
        assert served(a_day(floor, 7)).keys() == {"standard"}
        assert tended(floor, 8) == "nothing due of 0 rollouts"

    def test_a_gate_asks_people_and_they_let_it_go_on(self, history: History) -> None:
        plan = replace(PLAN, steps=(replace(PLAN.steps[0], gate=True), *PLAN.steps[1:]))
        floor, key = history.after(an_approved_winner)
        going_out(floor, key, plan)
        assert tended(floor, 1) == f"{key}: gate"
        assert standing(floor, key)[1] == "in_review"
        moved(floor, key, "approve", "manager", at=START)
        moved(floor, key, "approve", "quality", at=START)
        moved(floor, key, "roll_out", "lead", at=START + timedelta(days=1))
        assert standing(floor, key) == ("act", "rolling_out", "going", 0)
        assert tended(floor, 2) == f"{key}: advance"
        assert standing(floor, key) == ("act", "rolling_out", "going", 1)

    def test_held_it_stays_where_it_is_and_needs_approvals_to_go_on(self, floor: Floor, key: str) -> None:
        assert moved(floor, key, "pause", "supervisor", reason="an outage", at=START) == ("act", "held")
        assert served(a_day(floor, 0))["rollout"] > 0
        assert tended(floor, 5) == "nothing due of 1 rollouts"
        assert moved(floor, key, "resume", "lead", at=START) == ("act", "in_review")
        with pytest.raises(NotAllowed):
            moved(floor, key, "approve", "lead", at=START)
        moved(floor, key, "approve", "manager", at=START)
        moved(floor, key, "approve", "quality", at=START)
        moved(floor, key, "roll_out", "manager", at=START)
        assert standing(floor, key) == ("act", "rolling_out", "going", 0)

    def test_the_next_step_may_be_asked_for_before_its_time(self, floor: Floor, key: str) -> None:
        moved(floor, key, "skip", "lead", reason="the pilot is convinced", at=START)
        moved(floor, key, "approve", "manager", at=START)
        moved(floor, key, "approve", "quality", at=START)
        moved(floor, key, "roll_out", "lead", at=START)
        assert tended(floor, 0, minute=10 * 60) == "nothing due of 1 rollouts"
        assert tended(floor, 1) == f"{key}: advance"
        assert standing(floor, key)[3] == 1


class TestBetweenShifts:
    """Nobody's words change within a shift, whatever people ask for and however late the schedule is."""

    @pytest.fixture
    def winner(self, history: History) -> tuple[Floor, str]:
        return history.after(an_approved_winner)

    def test_let_out_within_a_day_it_begins_before_the_next_ones_first_shift(self, floor: Floor, key: str) -> None:
        scheduled(floor, key, at=START)
        assert tended(floor, 0, minute=10 * 60) == "nothing due of 1 rollouts"
        assert served(a_day(floor, 0)).keys() == {"standard"}
        assert standing(floor, key) == ("act", "rolling_out", "scheduled", 0)
        assert tended(floor, 1, minute=8 * 60 - 1) == f"{key}: advance"
        assert served(a_day(floor, 1)).keys() == {"rollout", "holdback"}

    def test_a_schedule_that_was_late_waits_for_the_next_day(self, floor: Floor, key: str) -> None:
        going_out(floor, key, PLAN)
        assert tended(floor, 1, minute=8 * 60) == "nothing due of 1 rollouts"
        assert tended(floor, 2) == f"{key}: advance"

    def test_held_and_let_go_on_within_a_day_it_waits_for_the_next(self, floor: Floor, key: str) -> None:
        going_out(floor, key, PLAN)
        moved(floor, key, "pause", "lead", reason="a doubt", at=START)
        day, later = START + timedelta(days=4), timedelta(hours=1)
        moved(floor, key, "resume", "lead", at=day)
        approved(floor, key, "manager", "quality", at=day)
        moved(floor, key, "roll_out", "lead", at=day + later)
        assert tended(floor, 4, minute=11 * 60) == "nothing due of 1 rollouts"
        assert tended(floor, 5) == f"{key}: advance"

    def test_neither_the_standard_nor_the_holdback_changes_within_a_shift(self, floor: Floor, key: str) -> None:
        going_out(floor, key, RolloutPlan((Step(10_000, 1),), 2000, 1))
        assert tended(floor, 1, minute=8 * 60) == "nothing due of 1 rollouts"
        assert tended(floor, 2) == f"{key}: finish"
        assert tended(floor, 3, minute=8 * 60) == "nothing due of 1 rollouts"
        assert tended(floor, 4) == f"{key}: end_holdback"

    def test_what_is_scheduled_has_served_nobody_and_may_be_taken_back(self, floor: Floor, key: str) -> None:
        with floor.store.read() as session:
            before = traffic.in_force(session, scenario_named(session, SCENARIO)).number
        scheduled(floor, key)
        with floor.store.read() as session:
            card = cards.card_of(session, key)
            rollout = rollouts.going_of(session, card.experiment)
            assert rollout is not None
            assert (realised(session, rollout, today=20261231), rollouts.calls_reached(session, rollout)) == ((), 0)
        with pytest.raises(Conflict, match="no further step"):
            moved(floor, key, "skip", "lead", reason="in a hurry", at=EVENING)
        assert moved(floor, key, "stop", "lead", reason="a typo", at=EVENING) == ("check", "open")
        assert tended(floor, 0) == "nothing due of 0 rollouts"
        with floor.store.read() as session:
            found = rollouts.rollout_of(session, cards.card_of(session, key).experiment)
            assert found is not None
            assert (found.state, rollouts.calls_reached(session, found)) == ("taken_back", 0)
            assert realised(session, found, today=20261231) == ()
            assert traffic.in_force(session, scenario_named(session, SCENARIO)).number == before

    def test_the_holdback_of_an_earlier_one_lasts_until_the_first_step(self, floor: Floor, key: str) -> None:
        going_out(floor, key, RolloutPlan((Step(10_000, 1),), 2000, 300))
        assert tended(floor, 1) == f"{key}: finish"
        arms = ArmPlan("control", 5000, standard_value(floor, "benefit")), ArmPlan("slower", 5000, SLOWER)
        other = an_approved_plan(floor, key="again", salt="another", arms=arms)
        moved(floor, other, "start", "manager")
        with floor.store.write() as session:
            experiment, by = cards.card_of(session, other).experiment, people.system("jobs")
            again = letting_out.schedule(session, experiment, "slower", PLAN, today=20261117, actor=by, now=START)
            assert [rollout.state for rollout in rollouts.live(session)] == ["in_force", "scheduled"]
            letting_out.advance(session, again, today=20261118, actor=by, now=START)
            assert [rollout.state for rollout in rollouts.live(session)] == ["going"]


def _refuses(*_given: Any, **_named: Any) -> None:
    raise Conflict("moved meanwhile")


class TestComingBack:
    def harmful(self, answer: Answer) -> list[str]:
        bad = answer.reason == "rollout" and chosen(answer, 4)
        return ["resolved", "invited", "complaint"] if bad else ["resolved", "invited", "accepted"]

    def test_a_harmed_guardrail_takes_it_back_by_one_revision_and_the_next_call_hears_the_old_script(
        self, floor: Floor, key: str
    ) -> None:
        new = {a.version for a in a_day(floor, 0, each=8, says=self.harmful) if a.reason == "rollout"}
        with floor.store.read() as session:
            before = traffic.in_force(session, scenario_named(session, SCENARIO)).number
        assert tended(floor, 0, minute=10 * 60) == f"{key}: roll_back complaint"
        with floor.store.read() as session:
            after = traffic.in_force(session, scenario_named(session, SCENARIO))
            decision = cards.decisions_of(session, cards.card_of(session, key))[-1]
        assert (after.number, after.value.rollout) == (before + 1, None)
        assert (decision.verb, decision.actor, decision.reason) == ("roll_back", "system:jobs", "complaint")
        assert standing(floor, key)[:3] == ("check", "open", "taken_back")
        later = a_day(floor, 1)
        assert served(later).keys() == {"standard"}
        assert new.isdisjoint({answer.version for answer in later})

    @pytest.mark.parametrize("place", PLACES)
    def test_wherever_it_has_come_to(self, floor: Floor, key: str, place: str) -> None:
        brought_to(floor, key, place)
        a_day(floor, 0, each=8, says=self.harmful)
        assert tended(floor, 0, minute=10 * 60) == f"{key}: roll_back complaint"

    @pytest.mark.parametrize("place", PLACES)
    def test_and_one_person_with_a_reason_takes_it_back_from_there(self, floor: Floor, key: str, place: str) -> None:
        brought_to(floor, key, place)
        assert moved(floor, key, "stop", "supervisor", reason="agents stumble", at=START) == ("check", "open")
        assert standing(floor, key)[2] == "taken_back"
        with floor.store.read() as session:
            assert replay(log(session)) == board(session)

    def test_one_that_cannot_be_tended_now_holds_up_no_other(
        self, floor: Floor, key: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        a_day(floor, 0, each=8, says=self.harmful)
        with floor.store.read() as session:
            (going,) = rollouts.live(session)
        monkeypatch.setattr(rollouts, "live", lambda _session: [going, going])
        assert tended(floor, 0, minute=10 * 60) == f"{key}: roll_back complaint"
        monkeypatch.setattr(tending, "tend_rollout", _refuses)
        assert tended(floor, 0, minute=10 * 60) == f"{key}: moved meanwhile; {key}: moved meanwhile"

    def test_nobody_elses_change_is_undone(self, floor: Floor, key: str) -> None:
        with floor.store.write() as session:
            scenario = scenario_named(session, SCENARIO)
            current = traffic.in_force(session, scenario)
            widened = current.value.with_audience({"region": "hangzhou"})
            by = people.system("jobs")
            cause = Message("Others are let in.")
            traffic.append(session, scenario, widened, based_on=current.number, cause=cause, actor=by, now=START)
        assert moved(floor, key, "stop", "supervisor", reason="agents stumble", at=START) == ("check", "open")
        with floor.store.read() as session:
            now = traffic.in_force(session, scenario_named(session, SCENARIO)).value
        assert (now.audience, now.rollout) == ({"region": "hangzhou"}, None)

    def test_worse_than_the_holdback_on_the_primary_metric_holds_it(self, floor: Floor, key: str) -> None:
        moved(floor, key, "skip", "lead", reason="in a hurry", at=START)
        worse = {"holdback": 6, "rollout": 1}
        a_day(floor, 0, each=8, says=lambda a: ["resolved", "invited", *["accepted"] * chosen(a, worse[a.reason])])
        assert "approve" not in tended(floor, 9)
        moved(floor, key, "approve", "manager", at=START + timedelta(days=9))
        moved(floor, key, "approve", "quality", at=START + timedelta(days=9))
        moved(floor, key, "roll_out", "lead", at=START + timedelta(days=9))
        assert tended(floor, 9) == f"{key}: hold accepted"
        assert standing(floor, key)[:2] == ("act", "held")

    def test_refused_at_the_gate_it_is_taken_back(self, floor: Floor, key: str) -> None:
        moved(floor, key, "skip", "lead", reason="in a hurry", at=START)
        moved(floor, key, "refuse", "quality", reason="not yet understood", at=START)
        assert standing(floor, key)[:3] == ("check", "open", "taken_back")


class TestMeasuring:
    def test_a_rate_that_changes_with_time_is_no_effect_of_what_reached_more_agents_later(
        self, history: History
    ) -> None:
        """Half of the calls say yes in the first step and none later: the same in both sides."""
        floor, key = history.after(an_approved_winner)
        going_out(floor, key, RolloutPlan((Step(1000, 1), Step(10_000, 9)), 2000, 3))
        a_day(floor, 0, each=8, says=lambda a: ["resolved", "invited", *["accepted"] * chosen(a, 4)])
        tended(floor, 1)
        for day in (1, 2, 3):
            a_day(floor, day, each=2, says=lambda _: ["resolved", "invited"])
        rolled_up(floor)
        with floor.store.read() as session:
            rollout = rollouts.rollout_of(session, cards.card_of(session, key).experiment)
            assert rollout is not None
            (primary, *_) = realised(session, rollout, today=floor.calendar.day(START + timedelta(days=40)))
        assert abs(primary.comparison.difference) < 0.1
        assert not primary.harmed


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        (RolloutPlan(()), "steps"),
        # the last step is everyone
        (RolloutPlan((Step(5000, 1),)), "steps"),
        # a step back
        (RolloutPlan((Step(5000, 1), Step(1000, 1), Step(10_000, 1))), "steps"),
        # twice the same
        (RolloutPlan((Step(5000, 1), Step(5000, 1), Step(10_000, 1))), "steps"),
        (RolloutPlan((Step(10_000, 0),)), "steps.0.days"),
        (RolloutPlan((Step(10_000, 1, -1),)), "steps.0.calls"),
        (RolloutPlan((Step(10_001, 1),)), "steps.0.share"),
        (RolloutPlan((Step(0, 1, 0, ("",)), Step(10_000, 1))), "steps.0.regions"),
        (RolloutPlan(holdback=2501), "holdback"),
        (RolloutPlan(holdback_days=0), "holdback_days"),
    ],
)
def test_a_plan_that_does_not_go_from_few_to_all_is_refused(plan: RolloutPlan, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_sound(plan)
    assert field in {problem.field for problem in refused.value.problems}


def test_what_is_refused_changes_nothing(history: History) -> None:
    floor, key = history.after(an_approved_winner)
    with pytest.raises(Invalid):
        moved(floor, key, "roll_out", "lead", at=START, rollout=RolloutPlan(()))
    with floor.store.read() as session:
        card = cards.card_of(session, key)
        assert (card.review, rollouts.rollout_of(session, card.experiment)) == ("approved", None)


def test_one_rollout_at_a_time(floor: Floor, key: str) -> None:
    with floor.store.write() as session:
        experiment, by = cards.card_of(session, key).experiment, people.system("jobs")
        with pytest.raises(Conflict, match="one at a time"):
            letting_out.schedule(session, experiment, "quicker", PLAN, today=20261215, actor=by, now=START)


def test_of_two_that_are_let_out_at_once_in_a_scenario_one_goes(history: History) -> None:
    floor, keys = history.after(two_finished_tests)
    both = Barrier(2)

    def let_out(key: str) -> str:
        with floor.store.write() as session:
            experiment, by = cards.card_of(session, key).experiment, people.system("jobs")
            arm = next(arm.key for arm in experiment.arms if arm.key != "control")
            if session.get_bind().dialect.name == "postgresql":
                both.wait(10)  # SQLite lets one of them write at a time from the start
            try:
                return letting_out.schedule(session, experiment, arm, PLAN, today=20261117, actor=by, now=START).state
            except Conflict as conflict:
                return str(conflict)

    with ThreadPoolExecutor(2) as people_at_once:
        said = sorted(people_at_once.map(let_out, keys))
    assert said[1] == "scheduled"
    assert "one at a time" in said[0]
