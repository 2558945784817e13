"""The choice, made ready beforehand, against the same choice as it reads in plain words; the plain one is kept here."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import event, given, settings, strategies as st

from experiments.calendar import SiteCalendar
from experiments.do.layer import CALL_FACTS
from experiments.do.serving import Call, Choice, Reason, choose, decide
from experiments.do.snapshot import ServedScenario, Snapshot
from experiments.do.words import ServedScript
from experiments.plan.audience.conditions import matches
from experiments.plan.audience.facts import facts_kept
from experiments.plan.bucketing import BUCKETS, Range, arm_ranges, bucket, pick
from experiments.plan.rules import ArmPlan, Kind, Plan, problems_of
from experiments.plan.scenarios import Part
from experiments.plan.traffic import ArmSlice, Rollout, Slice, SliceState, Traffic
from tests.builders import MONDAY, SCENARIO, a_call

SHANGHAI = SiteCalendar(ZoneInfo("Asia/Shanghai"))
ASKING = {1: True, 2: False, 3: True}
SCRIPTS = {version: ServedScript("script", version, asks, {}, {}) for version, asks in ASKING.items()}


def plainly_chosen(scenario: ServedScenario, call: Call) -> Choice:
    traffic = scenario.traffic
    kind = traffic.slice_unit if traffic.slices else None
    unit = call.unit(kind, SHANGHAI) if kind else None
    drawn = bucket(traffic.slice_seed, unit) if unit is not None else None
    return plainly_decided(scenario, call.facts(), kind, unit, drawn, None, week_drawn(scenario, call))


def week_drawn(scenario: ServedScenario, call: Call) -> int | None:
    coming = scenario.traffic.rollout
    year, week, _ = SHANGHAI.local(call.at).isocalendar()
    return None if coming is None else bucket(coming.seed, f"{call.agent_id}|{year}-W{week:02}")


def plainly_decided(
    scenario: ServedScenario,
    facts: Mapping[str, Any],
    unit_kind: str | None,
    unit: str | None,
    slice_bucket: int | None,
    arm_bucket: int | None,
    week: int | None,
) -> Choice:
    traffic, opted_out = scenario.traffic, facts.get("do_not_invite")
    welcome = matches(traffic.audience, facts)
    coming, standard, usual = traffic.rollout, traffic.standard_id, Reason.STANDARD
    if coming is not None and week is not None:
        pilot = facts.get("region") in coming.regions
        if week < coming.holdback:
            standard, usual, unit_kind, unit, slice_bucket = coming.former_id, Reason.HOLDBACK, None, None, None
        elif pilot or week < coming.holdback + (BUCKETS - coming.holdback) * coming.share // BUCKETS:
            standard, usual = coming.version_id, Reason.ROLLOUT
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
        usually = (usual, coming.key if coming and usual is not Reason.STANDARD else None)
        reason, detail = usually if welcome else (Reason.NOT_ELIGIBLE, "scenario")
    elif owner.state is not SliceState.RUNNING:
        reason, detail = Reason(owner.state.value), owner.key
    elif not matches(owner.condition, facts):
        reason, detail = Reason.NOT_ELIGIBLE, owner.key
    else:
        arm = at(arm_bucket, owner.arms)
        reason, detail = Reason.SPLIT if arm else Reason.STOPPED, owner.key
    split = owner if reason is Reason.SPLIT else None
    eligible = not opted_out and (arm is not None or welcome)
    version_id = arm.version_id if arm else standard
    read = {"$and": [traffic.audience, owner.condition if owner else {}]}
    always = {"do_not_invite"} | ({"region"} if coming and coming.regions else set())
    opted = {name: value for name, value in facts.items() if name in always}
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
    key=st.sampled_from(["benefit", "opening"]),
    experiment_id=st.sampled_from([7, 8]),
    state=st.sampled_from([SliceState.RUNNING, SliceState.RUNNING, SliceState.PAUSED, SliceState.STOPPED]),
    ranges=whole | ranges,
    unit=units,
    seed=st.sampled_from(["a salt", "盐"]),
    condition=conditions,
    arms=arms,
)
rollouts = st.builds(
    Rollout,
    key=st.just("pilot"),
    seed=st.sampled_from(["a salt", "盐"]),
    version_id=st.sampled_from([1, 2, 3]),
    former_id=st.sampled_from([1, 2]),
    holdback=edge,
    share=edge,
    regions=st.sampled_from([(), ("hangzhou",), ("hangzhou", "宁波")]),
)
traffics = st.builds(
    Traffic,
    standard_id=st.sampled_from([1, 2]),
    audience=conditions,
    slice_unit=units,
    slice_seed=st.sampled_from(["layer:policy_change", "层"]),
    slices=st.lists(slices, max_size=3).map(tuple),
    rollout=st.none() | rollouts,
)
scenarios = traffics.map(lambda traffic: ServedScenario(1, SCENARIO, 11, 5, MONDAY, traffic, SCRIPTS))
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
@given(scenarios, calls, st.none() | units, somebody, drawn, drawn, drawn)
def test_the_prepared_decision_is_the_plain_one_for_any_buckets(
    scenario: ServedScenario,
    call: Call,
    kind: str | None,
    unit: str | None,
    place: int | None,
    arm: int | None,
    week: int | None,
) -> None:
    made = decide(scenario, call.facts(), unit_kind=kind, unit=unit, slice_bucket=place, arm_bucket=arm, week=week)
    assert made == plainly_decided(scenario, call.facts(), kind, unit, place, arm, week)


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
        week=week_drawn(scenario, call),
    )
    assert again._replace(unit=first.unit) == first


def test_a_call_has_the_facts_that_conditions_may_read_of_it() -> None:
    assert a_call(attributes={}).facts().keys() == CALL_FACTS


@pytest.mark.parametrize("absent", ["customer_id", "team", "region", "channel"])
def test_what_a_call_lacks_is_no_fact(absent: str) -> None:
    changes: dict[str, Any] = {absent: None}
    assert absent not in a_call(**changes).facts()


PART = Part("benefit", 1, "text", locked=False, needs=None, after_request=True)


def admitted(weights: Sequence[int], coverage: int) -> bool:
    """Ask the rules that every plan must keep whether these may be its weights and its part of the layer."""
    arms = tuple(ArmPlan(f"arm-{n}", weight, {"en": str(n)}) for n, weight in enumerate(weights))
    plan = Plan("k", Kind.SCRIPT, SCENARIO, {}, {}, "benefit", "call", arms, (), 0.05, coverage=coverage)
    found = {problem.field for problem in problems_of(plan, arms, (), {"benefit": PART}, {})}
    return found.isdisjoint({"arms", "coverage"})


def started(weights: Sequence[int], coverage: int, before: Traffic) -> Traffic:
    """Give a plan its buckets, as its start does."""
    dealt = zip(weights, arm_ranges(weights), strict=True)
    arms = tuple(ArmSlice(f"arm-{n}", (held,), 1 + n % 3) for n, (_, held) in enumerate(dealt))
    new = Slice(f"test-{len(before.slices)}", 7, SliceState.RUNNING, (), "call", "salt", {}, arms)
    return before.with_experiment(new, coverage)


@st.composite
def shares(draw: st.DrawFn) -> list[int]:
    """Weights that sum to all buckets, and some that miss it by a little, by a half, or by the number of arms."""
    cuts = draw(st.lists(st.integers(1, BUCKETS - 1), min_size=1, max_size=5, unique=True).map(sorted))
    weights = [right - left for left, right in pairwise([0, *cuts, BUCKETS])]
    weights[draw(st.integers(0, len(weights) - 1))] += draw(st.sampled_from([0] * 8 + [1, -1, 5000]))
    return weights


@settings(max_examples=300, deadline=None)
@given(shares(), st.integers(1, BUCKETS - 1), st.sampled_from(SliceState), drawn, drawn)
def test_whom_an_experiment_has_is_in_one_of_its_arms_whatever_the_rules_admit(
    weights: list[int], coverage: int, state: SliceState, place: int | None, arm: int | None
) -> None:
    if not admitted(weights, coverage):
        event("refused")
        return
    event("admitted")
    shared = started(weights, BUCKETS - coverage, started(weights, coverage, Traffic(1, {}, "call", "layer")))
    traffic = Traffic.from_json(shared.with_state("test-0", state).as_json())
    scenario = ServedScenario(1, SCENARIO, 11, 5, MONDAY, traffic, SCRIPTS)
    for cut in filter(None, scenario.layer.cuts):
        assert all(cut.served[bisect_right(cut.edges, each)].arm for each in range(BUCKETS))
    made = decide(scenario, {}, unit_kind="call", unit="c", slice_bucket=place, arm_bucket=arm)
    assert (made.experiment_id is None) == (made.arm is None)


@pytest.mark.parametrize(
    "weights",
    [
        # nobody to compare with
        [10_000],
        # a bucket that is nobody's
        [5000, 4999],
        # and one that is two arms'
        [5000, 5001],
        # an arm that has none
        [10_000, 0],
        # sums that hide a hole
        [11_000, -1000],
        # more arms than are told apart
        [2000, 2000, 2000, 2000, 1000, 1000],
    ],
)
def test_weights_that_leave_somebody_between_the_arms_are_not_admitted(weights: list[int]) -> None:
    assert not admitted(weights, BUCKETS)
