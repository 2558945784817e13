from datetime import timedelta

import pytest

from experiments.do.assignments import Floor, rederive
from experiments.do.journal import Assignment
from experiments.do.serving import Call, choose
from experiments.errors import Unknown
from experiments.plan.rules import ArmPlan, Kind
from tests.builders import (
    MONDAY,
    NEW_BENEFIT,
    a_call,
    a_running_experiment,
    assigned,
    moved,
    rolled_up,
    snapshot_of,
    standard_value,
)
from tests.histories import History

STRANGER = {"caller_relation": "repair_shop"}


def test_without_a_test_everyone_hears_the_standard(floor: Floor) -> None:
    (answer,) = assigned(floor, [a_call()])
    assert (answer.reason, answer.experiment, answer.arm) == ("standard", None, None)


def test_who_is_not_in_the_audience_is_served_and_not_invited(floor: Floor) -> None:
    (answer,) = assigned(floor, [a_call(attributes=STRANGER)])
    assert (answer.reason, answer.invite) == ("not_eligible", False)
    assert "ask" not in dict(answer.steps)


def test_without_the_ask_nothing_that_belongs_to_it_is_said(floor: Floor) -> None:
    (answer,) = assigned(floor, [a_call(attributes=STRANGER)])
    assert not {"opening", "benefit", "objection"} & set(dict(answer.steps))


def test_a_running_test_deals_both_arms_in_their_own_words(history: History) -> None:
    floor, _key = history.after(a_running_experiment)
    answers = assigned(floor, [a_call(i) for i in range(200)])
    benefit = {a.arm: dict(a.steps)["benefit"] for a in answers}
    assert benefit["quicker"] == NEW_BENEFIT["zh-CN"]
    assert benefit["control"] == (standard_value(floor, "benefit") or {})["zh-CN"]


def test_arms_differ_in_the_variable_alone(history: History) -> None:
    floor, _key = history.after(a_running_experiment)
    answers = assigned(floor, [a_call(i) for i in range(200)])
    control, quicker = (dict(next(a for a in answers if a.arm == arm).steps) for arm in ("control", "quicker"))
    assert {element for element in control if control[element] != quicker[element]} == {"benefit"}


def test_the_first_answer_is_the_answer_for_ever(history: History) -> None:
    floor, _key = history.after(a_running_experiment)
    (first,) = assigned(floor, [a_call()])
    (second,) = assigned(floor, [a_call(agent_id="somebody else", at=MONDAY + timedelta(days=3), attributes=STRANGER)])
    assert second == first


def test_a_stop_acts_on_calls_not_yet_assigned(history: History) -> None:
    floor, key = history.after(a_running_experiment)
    (dealt,) = assigned(floor, [a_call(1)])
    moved(floor, key, "stop", "supervisor", reason="customers are confused")
    (again,) = assigned(floor, [a_call(1)])
    (new,) = assigned(floor, [a_call(2)])
    assert (again, new.reason, new.arm) == (dealt, "stopped", None)


def test_a_pause_gives_everyone_the_standard_and_resuming_gives_the_same_arms_back(history: History) -> None:
    floor, key = history.after(a_running_experiment)
    calls = [a_call(i) for i in range(50)]
    before = [choose(snapshot_of(floor), call, floor.calendar).arm for call in calls]
    moved(floor, key, "pause", "supervisor", reason="system outage")
    assert {choose(snapshot_of(floor), call, floor.calendar).reason for call in calls} == {"paused"}
    moved(floor, key, "resume", "lead")
    assert [choose(snapshot_of(floor), call, floor.calendar).arm for call in calls] == before


def test_a_caller_who_opted_out_is_invited_in_no_arm(history: History) -> None:
    floor, _key = history.after(a_running_experiment)
    call = a_call(attributes={"caller_relation": "self", "do_not_invite": True})
    (answer,) = assigned(floor, [call])
    assert (answer.reason, answer.reason_detail, answer.invite) == ("not_eligible", "do_not_invite", False)


def test_the_control_of_a_scenario_card_serves_without_an_ask(floor: Floor) -> None:
    arms = (ArmPlan("service_only", 5000, None), ArmPlan("invite", 5000, standard_value(floor, "ask")))
    a_running_experiment(floor, kind=Kind.SCENARIO, variable="ask", arms=arms)
    answers = assigned(floor, [a_call(i) for i in range(60)])
    assert {(a.arm, a.invite, "benefit" in dict(a.steps)) for a in answers} == {
        ("service_only", False, False),
        ("invite", True, True),
    }


def test_a_customer_keeps_her_arm_from_call_to_call(history: History) -> None:
    floor, _key = history.after(a_running_experiment, unit="customer")
    calls = [a_call(i, customer_id=f"customer-{i % 20}") for i in range(100)]
    arms = {(call.customer_id, a.arm) for call, a in zip(calls, assigned(floor, calls), strict=True)}
    assert len(arms) == 20


def test_a_call_without_the_unit_is_served_the_standard_and_says_so(history: History) -> None:
    floor, _key = history.after(a_running_experiment, unit="customer")
    (answer,) = assigned(floor, [a_call(customer_id=None)])
    assert (answer.reason, answer.reason_detail) == ("no_unit", "customer")


def test_shifts_are_halves_of_the_sites_own_day(floor: Floor) -> None:
    late = a_call(at=MONDAY + timedelta(hours=4))  # one in the afternoon in Shanghai
    assert late.unit("agent_shift", floor.calendar) == "agent-1|2026-11-02|pm"


def test_two_tests_share_a_layer_and_no_call_is_in_both(history: History) -> None:
    floor, _key = history.after(a_running_experiment, coverage=5000)
    opening = standard_value(floor, "opening")
    arms = (ArmPlan("control", 5000, opening), ArmPlan("shorter", 5000, NEW_BENEFIT))
    a_running_experiment(floor, key="change_opening", variable="opening", arms=arms, coverage=4000)
    answers = assigned(floor, [a_call(i) for i in range(2000)])
    shares = {e: sum(a.experiment == e for a in answers) / 2000 for e in ("change_benefit", "change_opening", None)}
    assert shares == pytest.approx({"change_benefit": 0.5, "change_opening": 0.4, None: 0.1}, abs=0.05)


def test_a_scenario_nobody_knows_is_refused(floor: Floor) -> None:
    with pytest.raises(Unknown, match="no scenario"):
        assigned(floor, [a_call(scenario="weather")])


def test_a_raw_customer_id_is_nowhere_in_the_database(floor: Floor) -> None:
    assigned(floor, [a_call(customer_id="13800138000")])
    with floor.store.read() as session:
        row = session.query(Assignment).one()
        stored = " ".join(str(getattr(row, column.name)) for column in Assignment.__table__.columns)
    assert "13800138000" not in stored


@pytest.mark.parametrize("unit", ["call", "customer", "agent", "team", "agent_shift"])
def test_every_assignment_can_be_derived_again_from_its_record_and_revision(floor: Floor, unit: str) -> None:
    assigned(floor, [a_call(i, agent_id=f"a{i}", team=f"t{i}") for i in range(1000, 1060)])
    rolled_up(floor)  # plans are sized by the units that the rollup knows
    key = a_running_experiment(floor, unit=unit, effect=0.2)
    callers = [{}, STRANGER, {"caller_relation": "self", "do_not_invite": True}, {"caller_relation": "spouse"}]
    assigned(floor, [a_call(i, attributes=callers[i % 4]) for i in range(80)])
    moved(floor, key, "pause", "lead", reason="a look at it")
    assigned(floor, [a_call(i, customer_id=None, team=None) for i in range(100, 120)])
    with floor.store.read() as session:
        rows = session.query(Assignment).all()
        again = [rederive(session, row, {}) for row in rows]
    assert len(rows) == 160
    assert [(c.reason, c.arm or "", c.version_id, c.eligible, c.invites) for c in again] == [
        (r.reason, r.arm, r.script_version_id, r.eligible, r.invite) for r in rows
    ]


def named_call(call_id: str) -> Call:
    return a_call(call_id=call_id)


@pytest.mark.parametrize("call_id", ["王小明-1", "📞-7", "ﬁ", "a" * 255])
def test_any_id_is_dealt(history: History, call_id: str) -> None:
    floor, _key = history.after(a_running_experiment)
    (answer,) = assigned(floor, [named_call(call_id)])
    assert answer.reason == "split"
