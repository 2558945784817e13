from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from experiments.board import moves
from experiments.do.assignments import Floor
from experiments.errors import Invalid
from experiments.plan import scripts, traffic
from experiments.plan.designs import experiment_named
from experiments.plan.rules import ArmPlan, Kind, MetricPlan, Plan
from experiments.plan.scenarios import scenario_named
from experiments.plan.scripts import Value, lines_of, value_in
from tests.builders import MONDAY, NEW_BENEFIT, SCENARIO, a_plan, people_actor, standard_value
from tests.histories import History


@pytest.fixture
def history(sqlite_history: History) -> History:
    return sqlite_history


def whole_script(floor: Floor, **changes: Value) -> Mapping[str, Value]:
    with floor.store.read() as session:
        standard = traffic.in_force(session, scenario_named(session, SCENARIO)).value.standard_id
        lines = lines_of(scripts.version_by_id(session, standard).lines)
    return {line.element: value_in(lines, line.element) for line in lines} | changes


def with_elements(floor: Floor, elements: Mapping[str, Value]) -> Plan:
    control = a_plan(floor).arms[0]
    return a_plan(floor, arms=(control, ArmPlan("other", 5000, elements=elements)))


def draft(floor: Floor, plan: Plan) -> None:
    with floor.store.write() as session:
        moves.draft(session, plan, actor=people_actor(session, "lead"), now=MONDAY)


def problems(floor: Floor, plan: Plan) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        draft(floor, plan)
    return [(p.field, p.code) for p in refused.value.problems]


def test_a_whole_script_with_one_difference_becomes_a_value_of_the_variable(floor: Floor) -> None:
    draft(floor, with_elements(floor, whole_script(floor, benefit=NEW_BENEFIT)))
    with floor.store.read() as session:
        assert experiment_named(session, "change_benefit").arms[1].value == NEW_BENEFIT


def test_two_changed_elements_are_refused_and_both_are_named(floor: Floor) -> None:
    plan = with_elements(floor, whole_script(floor, benefit=NEW_BENEFIT, opening=NEW_BENEFIT))
    assert problems(floor, plan) == [
        ("arms.1.elements.opening", "single_variable"),
        ("arms.1.elements.benefit", "single_variable"),
    ]


def test_a_locked_element_can_be_changed_by_no_test(floor: Floor) -> None:
    assert problems(floor, with_elements(floor, whole_script(floor, disclosure=NEW_BENEFIT))) == [
        ("arms.1.elements.disclosure", "locked")
    ]


def test_a_locked_element_left_out_is_a_change_too(floor: Floor) -> None:
    elements = {k: v for k, v in whole_script(floor).items() if k != "disclosure"}
    assert problems(floor, with_elements(floor, elements)) == [("arms.1.elements.disclosure", "locked")]


def test_a_difference_elsewhere_than_in_the_variable_is_refused(floor: Floor) -> None:
    plan = with_elements(floor, whole_script(floor, opening=NEW_BENEFIT))
    assert problems(floor, plan) == [("arms.1.elements.opening", "not_the_variable")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # a locked element as the variable
        ({"variable": "disclosure"}, ("variable", "locked")),
        # an element that does not exist
        ({"variable": "song"}, ("variable", "unknown_element")),
        # nobody can be randomised by weather
        ({"unit": "weather"}, ("unit", "unknown_unit")),
        # the language that the Chinese floor needs is missing
        ({"title": {"en": "only English"}}, ("title", "missing_locale")),
        # an alpha that is no probability
        ({"alpha": 0.7}, ("alpha", "bounds")),
        # an effect that is not worth having, because it is none
        ({"effect": 0.0}, ("effect", "bounds")),
        # looks that do not end at the planned sample
        ({"looks": (0.5, 0.9)}, ("looks", "fractions")),
        # looks that go back in time
        ({"looks": (0.5, 0.4, 1.0)}, ("looks", "fractions")),
        # looks so close together that the second has nothing to spend
        ({"looks": (0.5, 0.5004, 1.0)}, ("looks", "fractions")),
        # a look at next to nothing
        ({"looks": (0.0004, 1.0)}, ("looks", "fractions")),
        # a path that enters the raw customer id
        ({"audience": {"customer_id.length": {"$exists": False}}}, ("audience", "personal")),
        # more of the layer than there is
        ({"coverage": 10_001}, ("coverage", "bounds")),
        # a condition in a language nobody speaks
        ({"audience": {"region": {"$near": 3}}}, ("audience", "bad_condition")),
        # a raw customer id would have to be stored to derive the arm again
        ({"audience": {"customer_id": "c"}}, ("audience", "personal")),
        # two answers to the question what decides
        (
            {"metrics": (MetricPlan("accepted", "primary"), MetricPlan("joined", "primary"))},
            ("metrics", "one_primary"),
        ),
        # a guardrail that nothing can breach
        (
            {"metrics": (MetricPlan("accepted", "primary"), MetricPlan("complaint", "guardrail"))},
            ("metrics.1.margin", "margin"),
        ),
        # a metric that is not in the catalogue
        ({"metrics": (MetricPlan("smiles", "primary"),)}, ("metrics.0.metric", "unknown")),
        # a mean cannot be the share that decides
        ({"metrics": (MetricPlan("handled_seconds", "primary"),)}, ("metrics.0.metric", "proportion")),
    ],
)
def test_a_plan_that_breaks_a_rule_is_refused_by_field(
    floor: Floor, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert expected in problems(floor, a_plan(floor, **changes))


@pytest.mark.parametrize(
    ("arms", "code"),
    [
        # weights that leave somebody out
        ([(5000, NEW_BENEFIT)], "weights"),
        # an arm nobody is dealt to
        ([(5000, NEW_BENEFIT), (0, None)], "weights"),
        # nothing to compare
        ([(2500, NEW_BENEFIT), (2500, NEW_BENEFIT)], "same"),
        # six arms
        ([(1000, {"zh-CN": str(i), "en": str(i)}) for i in range(5)], "number"),
    ],
)
def test_arms_that_cannot_be_dealt_are_refused(floor: Floor, arms: list[tuple[int, Value]], code: str) -> None:
    control = ArmPlan("control", 4000 if code == "weights" else 5000, standard_value(floor, "benefit"))
    challengers = [ArmPlan(f"c{i}", weight, value) for i, (weight, value) in enumerate(arms)]
    assert ("arms", code) in problems(floor, a_plan(floor, arms=(control, *challengers)))


def test_a_control_that_is_not_the_standard_is_refused(floor: Floor) -> None:
    arms = (ArmPlan("control", 5000, {"zh-CN": "别的话", "en": "other words"}), ArmPlan("quicker", 5000, NEW_BENEFIT))
    assert ("arms.0.value", "control") in problems(floor, a_plan(floor, arms=arms))


def test_a_scenario_card_asks_whether_to_invite_at_all(floor: Floor) -> None:
    arms = (ArmPlan("service_only", 5000, None), ArmPlan("invite", 5000, standard_value(floor, "ask")))
    draft(floor, a_plan(floor, kind=Kind.SCENARIO, variable="ask", arms=arms))


def test_a_scenario_card_about_anything_but_the_ask_is_refused(floor: Floor) -> None:
    assert ("variable", "ask") in problems(floor, a_plan(floor, kind=Kind.SCENARIO))


def test_a_position_moves_the_invitation_and_nothing_else(floor: Floor) -> None:
    value = standard_value(floor, "timing")
    arms = (ArmPlan("control", 5000, value), ArmPlan("later", 5000, {"after": "close"}))
    draft(floor, replace(a_plan(floor, variable="timing"), arms=arms))


def test_a_position_behind_nothing_is_refused(floor: Floor) -> None:
    value = standard_value(floor, "timing")
    arms = (ArmPlan("control", 5000, value), ArmPlan("later", 5000, {"after": "song"}))
    assert ("arms.1.value", "after") in problems(floor, a_plan(floor, variable="timing", arms=arms))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        # the invitation without a place of its own stays where it is
        ("timing", None),
        # the benefit is already said after the opening
        ("benefit", {"after": "opening"}),
    ],
)
def test_arms_that_are_heard_alike_are_no_test(floor: Floor, variable: str, value: Value) -> None:
    arms = (ArmPlan("control", 5000, standard_value(floor, variable)), ArmPlan("other", 5000, value))
    assert problems(floor, a_plan(floor, variable=variable, arms=arms)) == [("arms", "unheard")]


def test_an_invitation_cannot_be_moved_behind_a_part_of_itself(floor: Floor) -> None:
    arms = (ArmPlan("control", 5000, standard_value(floor, "timing")), ArmPlan("other", 5000, {"after": "benefit"}))
    assert problems(floor, a_plan(floor, variable="timing", arms=arms)) == [("arms.1.value", "after")]


def test_a_revised_salt_is_taken_and_is_part_of_what_is_approved(floor: Floor) -> None:
    draft(floor, a_plan(floor))
    with floor.store.write() as session:
        before = experiment_named(session, "change_benefit").content_hash
        plan = a_plan(floor, salt="another salt")
        moves.revise(session, plan.key, plan, actor=people_actor(session, "lead"), now=MONDAY)
        revised = experiment_named(session, "change_benefit")
        assert (revised.salt, revised.content_hash == before) == ("another salt", False)
