"""A desktop that evaluates locally serves what the server serves: the same script, invitation, experiment and arm."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from growthbook.core import gbhash, inRange
from hypothesis import assume, given, settings

from experiments.calendar import SiteCalendar
from experiments.do.serving import Call
from experiments.do.snapshot import ServedScenario
from experiments.do.words import ServedScript
from experiments.plan.bucketing import BUCKETS, bucket, buckets
from experiments.plan.traffic import ArmSlice, Rollout, Slice, SliceState, Traffic
from tests.builders import MONDAY, SCENARIO, a_call
from tests.do.test_choosing import calls as any_calls, scenarios as any_scenarios
from tests.web.features.desktops import by_the_server, in_python, under_node

SHANGHAI = SiteCalendar(ZoneInfo("Asia/Shanghai"))
EACH = 20_000
UNITS = ["call", "customer", "agent", "team", "agent_shift"]
SCRIPTS = {id_: ServedScript(f"script-{id_}", id_, id_ != 2, {}, {}) for id_ in range(1, 7)}
WHOLE = ((0, 10_000),)

# What an id may be made of: each kind is met by a fifth of the units.
SPELLINGS = [
    "{}",  # ASCII
    "客户{}号·王小明",  # Chinese
    "📞{}🎧",  # above U+FFFF: two code units each
    "👩🏽\u200d💻{}👨\u200d👩\u200d👧\u200d👦",  # joined sequences, skin tones
    "{}/" + "很长的编号-long-id-𠮷" * 12,  # long, and a rare character above U+FFFF
]


def a_slice(key: str, ranges: Any, unit: str, **changes: Any) -> Slice:
    arms = ArmSlice("control", ((0, 3000), (6000, 7000)), 2), ArmSlice("other", ((3000, 5999),), 3)
    made = Slice(key, 7, SliceState.RUNNING, ranges, unit, f"seed 盐 {key}", {}, arms)
    return replace(made, **changes)


def a_layer(unit: str) -> ServedScenario:
    """Cut a layer into everything that a layer can hold, and leave a bit of it to nobody."""
    slices = (
        a_slice("benefit", ((0, 1500), (8000, 8777)), unit),
        a_slice("opening", ((1500, 3001),), unit, condition={"region": {"$in": ["hangzhou", "宁波"]}}),
        a_slice("paused", ((3001, 4000),), unit, state=SliceState.PAUSED),
        a_slice("stopped", ((4000, 5000),), unit, state=SliceState.STOPPED),
    )
    coming = Rollout("pilot", "seed 盐 pilot", 4, 5, 1200, 3300, ("hangzhou", "宁波"))
    traffic = Traffic(1, {"caller_relation": "self"}, unit, "layer:批改", slices, coming)
    return ServedScenario(1, SCENARIO, 11, 5, MONDAY, traffic, SCRIPTS)


def a_floor_of_calls() -> list[Call]:
    """Call with ids of every spelling: one in eleven without a customer and a team, one in seven opted out."""
    made = []
    for number in range(EACH):
        spelt = SPELLINGS[number % 5].format
        relation = {"caller_relation": "repair_shop" if number % 4 == 3 else "self"}
        opted: dict[str, Any] = (
            {"do_not_invite": (True, False, 1, "", "yes", [])[number // 7 % 6]} if number % 7 == 0 else {}
        )
        nobody = {"customer_id": None, "team": None} if number % 11 == 0 else {}
        ids = {"customer_id": spelt(f"c{number}"), "team": spelt(f"t{number % 4001}")}
        call = a_call(number, call_id=spelt(f"call-{number}"), agent_id=spelt(f"a{number % 9001}"), **(ids | nobody))
        region = ("hangzhou", "宁波", "ningbo", None)[number // 5 % 4]
        at = MONDAY + timedelta(hours=number % 600)
        made.append(call._replace(region=region, attributes=relation | opted, at=at))
    return made


@pytest.fixture(scope="module")
def floor_of_calls() -> list[Call]:
    return a_floor_of_calls()


@pytest.mark.parametrize("unit", UNITS)
def test_twenty_thousand_units_of_each_kind_are_served_alike_by_both_sdks(
    unit: str, floor_of_calls: list[Call], tmp_path: Path
) -> None:
    layer = a_layer(unit)
    served = by_the_server(layer, floor_of_calls, SHANGHAI)
    assert {row[3:5] for row in served} >= {("benefit", "control"), ("opening", "other"), (None, None)}
    assert {row[0] for row in served} == {f"script-{id_}" for id_ in range(1, 6)}
    assert in_python(layer, floor_of_calls, SHANGHAI) == served
    assert under_node(layer, floor_of_calls, SHANGHAI, tmp_path) == served


@settings(max_examples=500, deadline=None)
@given(any_scenarios, any_calls)
def test_any_traffic_and_any_call_come_out_alike(scenario: ServedScenario, call: Call) -> None:
    assume(call.call_id)  # an id is never empty: the API refuses it
    assert in_python(scenario, [call], SHANGHAI) == by_the_server(scenario, [call], SHANGHAI)


@pytest.fixture(scope="module")
def one_of_each() -> dict[int, str]:
    """Find a unit for every bucket."""
    ids = [f"call-{number}" for number in range(150_000)]
    found = dict(zip(buckets(["a seed"], ids)[0].tolist(), ids, strict=True))
    assert len(found) == BUCKETS
    return found


class TestEveryBucket:
    def test_lies_within_its_own_edges_and_no_others(self, one_of_each: dict[int, str]) -> None:
        for place, unit in one_of_each.items():
            share = gbhash("a seed", unit, 2)
            assert share is not None
            around = [(edge / BUCKETS, (edge + 1) / BUCKETS) for edge in (place - 1, place, place + 1)]
            assert [inRange(share, each) for each in around] == [False, True, False]

    def test_is_dealt_alike_where_every_edge_is_one(self, one_of_each: dict[int, str], tmp_path: Path) -> None:
        even, odd = (tuple((n, n + 1) for n in range(start, BUCKETS, 2)) for start in (0, 1))
        arms = (ArmSlice("even", even, 2), ArmSlice("odd", odd, 3))
        traffic = Traffic(1, {}, "call", "layer", (a_slice("each", WHOLE, "call", seed="a seed", arms=arms),))
        every = ServedScenario(1, SCENARIO, 11, 5, MONDAY, traffic, SCRIPTS)
        calls = [a_call(call_id=unit) for unit in one_of_each.values()]
        served = by_the_server(every, calls, SHANGHAI)
        assert [row[4] for row in served] == [
            ("even", "odd")[bucket("a seed", unit) % 2] for unit in one_of_each.values()
        ]
        assert under_node(every, calls, SHANGHAI, tmp_path) == served


# every family of operators, with facts that it lets in, that it keeps out, and that are missing
CONDITIONS: list[tuple[dict[str, Any], list[Any]]] = [
    # equality, and literals
    ({"x": "self"}, ["self", "Self", None]),
    ({"x": {"$eq": 3}}, [3, 4, None]),
    ({"x": {"$ne": "自己"}}, ["自己", "配偶", None]),
    ({"x": True}, [True, False, None]),
    # order, of numbers and of texts
    ({"x": {"$gt": 2, "$lte": 5}}, [2, 2.5, 5, 6, None]),
    ({"x": {"$lt": "批"}}, ["批改", "a", "𠮷", "续保", None]),
    # lists, mixed types among them
    ({"x": {"$in": ["self", 1, None, False]}}, ["self", 1, 0, True, False, "1", None, ["self"], ["other"]]),
    ({"x": {"$nin": ["self", 1]}}, ["self", 1, "1", True, None, ["self"]]),
    ({"x": {"$ini": ["VIP"]}}, ["vip", "Vip", "no", None]),
    ({"x": {"$nini": ["VIP"]}}, ["vip", "no", None]),
    ({"x": {"$all": ["a", "b"]}}, [["a", "b", "c"], ["a"], "a", None]),
    ({"x": {"$alli": ["A"]}}, [["a"], ["b"], None]),
    ({"x": {"$size": {"$gte": 2}}}, [["a", "b"], ["a"], [], None]),
    ({"x": {"$elemMatch": {"$gt": 4}}}, [[1, 5], [1], [], None]),
    # presence and type
    ({"x": {"$exists": True}}, ["a", 0, False, "", None]),
    ({"x": {"$exists": False}}, ["a", None]),
    ({"x": {"$type": "number"}}, [1, "1", True, None]),
    # texts and versions
    ({"x": {"$regex": "^客.户$"}}, ["客大户", "客户", None]),
    ({"x": {"$regexi": "vip"}}, ["a ViP", "none", None]),
    ({"x": {"$vgte": "1.10.0"}}, ["1.9.0", "1.10.0", "2.0.0-rc.1", None]),
    ({"x": {"$vne": "1.0.0"}}, ["1.0.0", "1.0.1", None]),
    # logic
    ({"$or": [{"x": 1}, {"x": {"$not": {"$gt": 0}}}]}, [1, 2, -1, None]),
    ({"$nor": [{"x": 1}, {"x": 2}]}, [1, 2, 3, None]),
    ({"$not": {"x": {"$in": ["a"]}}}, ["a", "b", None]),
    ({"$and": [{"x": {"$ne": 1}}, {"x": {"$lt": 3}}]}, [1, 2, 3, None]),
]


def judged(condition: dict[str, Any]) -> ServedScenario:
    """Let the condition decide two things, the audience and a test, while a new standard comes in."""
    tests = (a_slice("test", ((0, 5000),), "call", condition=condition),)
    coming = Rollout("pilot", "a seed", 4, 5, 1000, 4000)
    return ServedScenario(1, SCENARIO, 11, 5, MONDAY, Traffic(1, condition, "call", "layer", tests, coming), SCRIPTS)


def test_every_family_of_operators_lets_the_same_calls_in(tmp_path: Path) -> None:
    for condition, values in CONDITIONS:
        facts = [{} if each is None else {"x": each} for each in values]
        calls = [a_call(number, attributes=known) for number in range(12) for known in facts]
        scenario = judged(condition)
        served = by_the_server(scenario, calls, SHANGHAI)
        assert len(set(served)) > 1
        assert in_python(scenario, calls, SHANGHAI) == served, condition


def test_javascript_lets_the_same_calls_in(tmp_path: Path) -> None:
    """All conditions in one scenario, each asked by its own fact: one process instead of thirty."""
    slices, calls = [], []
    for number, (condition, values) in enumerate(CONDITIONS):
        named = _renamed(condition, f"x{number}")
        left = 400 * number
        slices.append(a_slice(f"test-{number}", ((left, left + 400),), "call", condition=named))
        inside = [n for n in range(3000) if left <= bucket("layer", f"call-{n}") < left + 400][:8]
        facts = [{} if each is None else {f"x{number}": each} for each in values]
        calls += [a_call(n, attributes=known) for n in inside for known in facts]
    scenario = ServedScenario(1, SCENARIO, 11, 5, MONDAY, Traffic(1, {}, "call", "layer", tuple(slices)), SCRIPTS)
    served = by_the_server(scenario, calls, SHANGHAI)
    assert under_node(scenario, calls, SHANGHAI, tmp_path) == served


def _renamed(condition: Any, name: str) -> Any:
    if isinstance(condition, dict):
        return {name if key == "x" else key: _renamed(inner, name) for key, inner in condition.items()}
    return [_renamed(inner, name) for inner in condition] if isinstance(condition, list) else condition


def test_in_javascript_a_dot_is_half_of_a_rare_character(tmp_path: Path) -> None:
    """A defect of the published SDK, whose patterns are without the flag u: keep such characters away from dots."""
    scenario = judged({"x": {"$regex": "^客.户$"}})
    calls = [a_call(attributes={"x": "客📞户"})]
    served = by_the_server(scenario, calls, SHANGHAI)
    assert in_python(scenario, calls, SHANGHAI) == served
    assert under_node(scenario, calls, SHANGHAI, tmp_path) != served


def test_python_alone_converts_no_text_into_a_number(tmp_path: Path) -> None:
    """A defect of the published SDK, see `experiments.plan.audience`: give numbers as numbers."""
    scenario = judged({"x": {"$gt": 5}})
    calls = [a_call(attributes={"x": "8"})]
    served = by_the_server(scenario, calls, SHANGHAI)
    assert under_node(scenario, calls, SHANGHAI, tmp_path) == served
    assert in_python(scenario, calls, SHANGHAI) != served
