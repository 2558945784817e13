"""Few units: the deals that a plan registers, the one its start draws, and the size that its floor's history gives."""

import random
from datetime import timedelta

import pytest

from experiments.board.sizes import Sizes
from experiments.do.assignments import Answer, Floor
from experiments.errors import Conflict
from experiments.plan import deals
from experiments.plan.designs import Experiment, experiment_named
from experiments.plan.rules import MetricPlan
from tests.builders import (
    MONDAY,
    a_call,
    a_draft,
    a_submitted_plan,
    a_week_of_calls,
    an_approved_plan,
    approved,
    assigned,
    moved,
)
from tests.histories import History

AGENTS = 24
NEXT_MONDAY = MONDAY + timedelta(days=7)
BY_AGENT = {"unit": "agent", "effect": 0.3}


def a_week_of_agents_who_differ(floor: Floor) -> None:
    luck = random.Random(3)

    def says_yes(_: Answer, i: int) -> bool:
        return luck.random() < (0.2 if i % AGENTS < AGENTS // 2 else 0.6)

    a_week_of_calls(floor, 5 * AGENTS, says_yes, agents=AGENTS)


@pytest.fixture
def floor(history: History) -> Floor:
    """A floor with a week behind it, of agents who differ."""
    return history.after(a_week_of_agents_who_differ)[0]


def registered(floor: Floor, key: str) -> Experiment:
    with floor.store.read() as session:
        return experiment_named(session, key)


def submitted(floor: Floor, **changes: object) -> str:
    key = a_draft(floor, **(BY_AGENT | changes))
    moved(floor, key, "submit", "lead", at=NEXT_MONDAY)
    return key


def test_a_plan_by_agent_registers_balanced_deals_as_a_part_of_what_is_approved(floor: Floor) -> None:
    key = a_draft(floor, **BY_AGENT)
    before = registered(floor, key).content_hash
    moved(floor, key, "submit", "lead", at=NEXT_MONDAY)
    plan = registered(floor, key)
    assert plan.deals["units"] == AGENTS
    assert {"baseline", "calls", "tenure", "region:hangzhou"} == set(plan.deals["balanced_on"])
    assert plan.content_hash != before


def test_a_plan_by_call_registers_none(floor: Floor) -> None:
    assert registered(floor, a_submitted_plan(floor)).deals is None


def test_the_start_draws_one_of_the_registered_deals_and_serves_by_it(floor: Floor) -> None:
    key = submitted(floor)
    approved(floor, key, "compliance", "manager", "trainer", at=NEXT_MONDAY)
    moved(floor, key, "start", "manager", at=NEXT_MONDAY)
    plan = registered(floor, key)
    agents = [f"agent-{i}" for i in range(AGENTS)]
    calls = [a_call(90_000 + i, agent_id=agent, at=NEXT_MONDAY) for i, agent in enumerate(agents)]
    answers = assigned(floor, calls)
    (arms,) = deals.dealt(plan.salt, [plan.deal or 0], agents, [5000, 5000])
    assert plan.deal in plan.deals["kept"]
    assert [answer.arm for answer in answers] == [["control", "quicker"][arm] for arm in arms]


def test_shifts_are_balanced_over_weekdays_and_halves(floor: Floor) -> None:
    plan = registered(floor, submitted(floor, unit="agent_shift"))
    assert {"baseline", "block:1am", "block:7pm"} <= set(plan.deals["balanced_on"])


def test_a_plan_that_was_sent_back_registers_deals_again(floor: Floor) -> None:
    key = submitted(floor)
    moved(floor, key, "refuse", "compliance", at=NEXT_MONDAY, reason="the words")
    moved(floor, key, "submit", "lead", at=NEXT_MONDAY)
    assert registered(floor, key).deals is not None


def test_calls_within_agents_cost_less_than_agents_who_differ(floor: Floor) -> None:
    key = a_draft(floor, effect=0.1)
    with floor.store.read() as session:
        call, agent, shift = Sizes(session, experiment_named(session, key)).designs
    assert call.design_effect < 1
    assert (call.total or 0) <= (shift.total or 0)
    assert agent.total is None or agent.total > (call.total or 0)


def test_a_plan_by_call_is_sized_as_the_design_beside_the_others(floor: Floor) -> None:
    key = a_draft(floor, effect=0.1)
    with floor.store.read() as session:
        sizes = Sizes(session, experiment_named(session, key))
        assert sizes.own.total == sizes.designs[0].total


def test_a_plan_says_what_its_calls_can_show_together(floor: Floor) -> None:
    accepted, joined = MetricPlan("accepted", "primary"), MetricPlan("joined", "guardrail", 0.05)
    seconds = MetricPlan("handled_seconds", "guardrail", 10)
    key = a_draft(floor, effect=0.1, metrics=(accepted, joined, seconds))
    with floor.store.read() as session:
        sizes = Sizes(session, experiment_named(session, key))
        few, many = sizes.power(400), sizes.power(4000)
    assert few.together < many.together <= min(many.primary, many.clearance["joined"])
    assert many.unknown == ("handled_seconds",)


def test_too_few_agents_for_the_effect_are_refused_before_anyone_is_asked(floor: Floor) -> None:
    with pytest.raises(Conflict, match="so few units"):
        an_approved_plan(floor, unit="agent", effect=0.02)
