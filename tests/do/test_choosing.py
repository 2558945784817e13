"""The choice, made ready beforehand, against the same choice as it reads in plain words; the plain one is kept here."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from experiments.calendar import SiteCalendar
from experiments.do.layer import CALL_FACTS
from experiments.do.serving import Call, Choice, Reason, choose, decide
from experiments.do.snapshot import ServedScenario, Snapshot
from experiments.do.words import ServedScript
from experiments.plan.audience.conditions import matches
from experiments.plan.audience.facts import facts_kept
from experiments.plan.bucketing import Range, bucket, pick
from experiments.plan.traffic import ArmSlice, Slice, SliceState, Traffic
from tests.builders import MONDAY, SCENARIO, a_call

SHANGHAI = SiteCalendar(ZoneInfo("Asia/Shanghai"))
ASKING = {1: True, 2: False, 3: True}
SCRIPTS = {version: ServedScript("script", version, asks, {}, {}) for version, asks in ASKING.items()}


def plainly_chosen(scenario: ServedScenario, call: Call) -> Choice:
    traffic = scenario.traffic
    kind = traffic.slice_unit if traffic.slices else None
    unit = call.unit(kind, SHANGHAI) if kind else None
    drawn = bucket(traffic.slice_seed, unit) if unit is not None else None
    return plainly_decided(scenario, call.facts(), kind, unit, drawn, None)


def plainly_decided(
    scenario: ServedScenario,
    facts: Mapping[str, Any],
    unit_kind: str | None,
    unit: str | None,
    slice_bucket: int | None,
    arm_bucket: int | None,
) -> Choice:
    traffic, opted_out = scenario.traffic, facts.get("do_not_invite")
    welcome = matches(traffic.audience, facts)
    owner = at(slice_bucket, traffic.slices)
    if owner is not None and arm_bucket is None and unit is not None:
        arm_bucket = bucket(owner.seed, unit)
    arm: ArmSlice | None = None
    detail: str | None
    if opted_out:
        reason, detail = Reason.NOT_ELIGIBLE, "do_not_invite"
    elif slice_bucket is None and unit_kind is not None:
        reason, detail = Reason.NO_UNIT, unit_kind
    elif owner is None:
        reason, detail = (Reason.STANDARD, None) if welcome else (Reason.NOT_ELIGIBLE, "scenario")
    elif owner.state is not SliceState.RUNNING:
        reason, detail = Reason(owner.state.value), owner.key
    elif not matches(owner.condition, facts):
        reason, detail = Reason.NOT_ELIGIBLE, owner.key
    else:
        reason, detail = Reason("split" if owner.kind == "experiment" else owner.kind), owner.key
        arm = at(arm_bucket, owner.arms)
    split = owner if reason is Reason.SPLIT else None
    eligible = not opted_out and (arm is not None or welcome)
    version_id = arm.version_id if arm else traffic.standard_id
    read = {"$and": [traffic.audience, owner.condition if owner else {}]}
    opted = {name: value for name, value in facts.items() if name == "do_not_invite"}
    return Choice(
        version_id=version_id,
        reason=reason,
        reason_detail=detail,
        eligible=eligible,
        invites=eligible and ASKING[version_id],
        experiment_id=split.experiment_id if split else None,
        experiment=split.key if split else None,
        arm=arm.key if arm and split else None,
        unit_kind=unit_kind,
        unit=unit,
        slice_bucket=slice_bucket,
        arm_bucket=arm_bucket if arm else None,
        facts=facts_kept(read, facts) | opted,
        revision_id=scenario.revision_id,
        revision=scenario.revision,
    )


def at(drawn: int | None, owners: tuple[Any, ...]) -> Any:
    if drawn is None:
        return None
    return next((owner for owner in owners if pick(owner.ranges, drawn) is not None), None)


edge = st.sampled_from([0, 1, 2500, 5000, 5001, 9999, 10_000]) | st.integers(0, 10_000)
ranges = st.lists(st.tuples(edge, edge).map(lambda pair: (min(pair), max(pair))), max_size=3).map(tuple)
whole: st.SearchStrategy[tuple[Range, ...]] = st.just(((0, 10_000),))
conditions = st.sampled_from(
    [
        {},
        {"caller_relation": {"$in": ["self", "spouse"]}},
        {"region": "hangzhou"},
        {"account.plan": "team"},
        {"account.plan": {"$ne": "team"}, "account": {"$type": "object"}},
        {"$or": [{"team": {"$exists": False}}, {"tags": {"$elemMatch": {"$eq": "vip"}}}]},
        {"do_not_invite": {"$ne": "never"}},
        {"call_id": {"$regex": "1$"}, "locale": "zh-CN"},
    ]
)
arms = st.lists(
    st.builds(ArmSlice, st.sampled_from(["control", "quicker"]), whole | ranges, st.sampled_from([1, 2, 3])), max_size=3
).map(tuple)
units = st.sampled_from(["call", "customer", "agent", "team", "agent_shift"])
slices = st.builds(
    Slice,
    kind=st.sampled_from(["experiment", "experiment", "rollout", "holdback"]),
    key=st.sampled_from(["benefit", "opening"]),
    experiment_id=st.sampled_from([7, 8]),
    state=st.sampled_from([SliceState.RUNNING, SliceState.RUNNING, SliceState.PAUSED, SliceState.STOPPED]),
    ranges=whole | ranges,
    unit=units,
    seed=st.sampled_from(["a salt", "盐"]),
    condition=conditions,
    arms=arms,
)
traffics = st.builds(
    Traffic,
    standard_id=st.sampled_from([1, 2]),
    audience=conditions,
    slice_unit=units,
    slice_seed=st.sampled_from(["layer:policy_change", "层"]),
    slices=st.lists(slices, max_size=3).map(tuple),
)
scenarios = traffics.map(lambda traffic: ServedScenario(1, SCENARIO, 11, 5, traffic, SCRIPTS))
attributes = st.fixed_dictionaries(
    {},
    optional={
        "caller_relation": st.sampled_from(["self", "repair_shop", None]),
        "account": st.sampled_from([{"plan": "team", "seats": 3}, {"plan": "solo"}, {}, "none"]),
        "tags": st.sampled_from([[], ["vip"], ["vip", "old"]]),
        "do_not_invite": st.sampled_from([True, False, None, "yes"]),
    },
)
somebody = st.none() | st.sampled_from(["a-1", "王小明"])
calls = st.builds(
    Call,
    call_id=st.uuids().map(str) | st.text(),
    scenario=st.just(SCENARIO),
    agent_id=st.sampled_from(["agent-1", "坐席-2"]),
    customer_id=somebody,
    team=somebody,
    region=st.sampled_from(["hangzhou", "ningbo", None]),
    channel=somebody,
    locale=st.sampled_from(["zh-CN", "en"]),
    attributes=attributes,
    at=st.integers(0, 100).map(lambda hours: MONDAY + timedelta(hours=hours)),
)
drawn = st.none() | st.integers(0, 9999)


@settings(max_examples=500, deadline=None)
@given(scenarios, calls)
def test_the_prepared_choice_is_the_plain_one(scenario: ServedScenario, call: Call) -> None:
    assert choose(Snapshot(11, {SCENARIO: scenario}, {}), call, SHANGHAI) == plainly_chosen(scenario, call)


@settings(max_examples=500, deadline=None)
@given(scenarios, calls, st.none() | units, somebody, drawn, drawn)
def test_the_prepared_decision_is_the_plain_one_for_any_buckets(
    scenario: ServedScenario, call: Call, kind: str | None, unit: str | None, place: int | None, arm: int | None
) -> None:
    made = decide(scenario, call.facts(), unit_kind=kind, unit=unit, slice_bucket=place, arm_bucket=arm)
    assert made == plainly_decided(scenario, call.facts(), kind, unit, place, arm)


@settings(max_examples=300, deadline=None)
@given(scenarios, calls)
def test_what_is_kept_of_a_choice_makes_it_again(scenario: ServedScenario, call: Call) -> None:
    first = choose(Snapshot(11, {SCENARIO: scenario}, {}), call, SHANGHAI)
    again = decide(
        scenario,
        first.facts,
        unit_kind=first.unit_kind,
        unit=None,
        slice_bucket=first.slice_bucket,
        arm_bucket=first.arm_bucket,
    )
    assert again._replace(unit=first.unit) == first


def test_a_call_has_the_facts_that_conditions_may_read_of_it() -> None:
    assert a_call(attributes={}).facts().keys() == CALL_FACTS


@pytest.mark.parametrize("absent", ["customer_id", "team", "region", "channel"])
def test_what_a_call_lacks_is_no_fact(absent: str) -> None:
    changes: dict[str, Any] = {absent: None}
    assert absent not in a_call(**changes).facts()
