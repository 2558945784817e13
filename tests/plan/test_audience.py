"""Audiences: who a condition lets in, what it reads, and what is refused when it is written."""

import json
import time
from typing import Any

import pytest
from growthbook.core import evalCondition
from hypothesis import given, settings, strategies as st

from experiments.plan.audience.checking import check_condition
from experiments.plan.audience.conditions import matches
from experiments.plan.audience.facts import facts_kept, facts_used
from experiments.plan.audience.patterns import BadCondition
from experiments.wording import Message

CALLER: dict[str, Any] = {
    "relation": "spouse",
    "region": "华东",
    "age": 42,
    "text_age": "42",
    "blank": "",
    "vip": False,
    "tags": ["renewal", "Gold", 3],
    "policies": [{"line": "motor", "premium": 1200}, {"line": "life", "premium": 300}],
    "account": {"plan": "team", "seats": 10},
    "app": "2.10.0",
    "nothing": None,
    "none": [],
}

IN = [
    ("everybody, by the empty condition", {}),
    ("an equal text", {"relation": "spouse"}),
    ("an equal Chinese text", {"region": "华东"}),
    ("every entry holding", {"relation": "spouse", "age": 42, "vip": False}),
    ("a nested fact", {"account.plan": "team"}),
    ("a member of a list by index", {"policies.1.line": "life"}),
    ("the length of a list", {"tags.length": 3}),
    ("an equal list", {"tags": ["renewal", "Gold", 3]}),
    ("an equal object in another order", {"account": {"seats": 10, "plan": "team"}}),
    ("a number equal to a text of it", {"text_age": 42}),
    ("a text equal to a number", {"age": "42"}),
    ("null for an absent fact", {"absent": None}),
    ("null for a null fact", {"nothing": None}),
    ("$and: all hold", {"$and": [{"age": 42}, {"vip": False}]}),
    ("$and: none asked", {"$and": []}),
    ("$or: one holds", {"$or": [{"age": 1}, {"vip": False}]}),
    ("$or: none asked", {"$or": []}),
    ("$nor: none holds", {"$nor": [{"age": 1}, {"vip": True}]}),
    ("$not: a condition that fails", {"$not": {"age": 1}}),
    ("$not: a value that fails", {"age": {"$not": {"$gt": 50}}}),
    ("$not: another text", {"relation": {"$not": "self"}}),
    ("$in: a member", {"relation": {"$in": ["self", "spouse"]}}),
    ("$in: lists that meet", {"tags": {"$in": ["Gold"]}}),
    ("$in: null for an absent fact", {"absent": {"$in": [None]}}),
    ("$nin: no member", {"relation": {"$nin": ["self"]}}),
    ("$nin: an absent fact", {"absent": {"$nin": ["self"]}}),
    ("$ini: a member in another case", {"relation": {"$ini": ["SPOUSE"]}}),
    ("$ini: lists that meet in another case", {"tags": {"$ini": ["gold"]}}),
    ("$nini: no member in any case", {"relation": {"$nini": ["SELF"]}}),
    ("$all: every value present", {"tags": {"$all": ["Gold", "renewal"]}}),
    ("$all: operators for members", {"tags": {"$all": [{"$gt": 2}, {"$regex": "^ren"}]}}),
    ("$alli: every value in another case", {"tags": {"$alli": ["gold", "RENEWAL"]}}),
    ("$elemMatch: one object with both", {"policies": {"$elemMatch": {"line": "motor", "premium": {"$gt": 1000}}}}),
    ("$elemMatch: one plain value", {"tags": {"$elemMatch": {"$eq": "Gold"}}}),
    ("$elemMatch: a choice of fields", {"policies": {"$elemMatch": {"$or": [{"line": "home"}, {"line": "life"}]}}}),
    ("$size: the length", {"tags": {"$size": 3}}),
    ("$size: a bounded length", {"tags": {"$size": {"$gte": 1, "$lt": 4}}}),
    ("$size: an empty list", {"none": {"$size": 0}}),
    ("$exists: there", {"vip": {"$exists": True}}),
    ("$exists: absent deep inside", {"account.owner.name": {"$exists": False}}),
    ("$exists: null is absent", {"nothing": {"$exists": False}}),
    ("$type: string", {"region": {"$type": "string"}}),
    ("$type: number", {"age": {"$type": "number"}}),
    ("$type: boolean is no number", {"vip": {"$type": "boolean"}}),
    ("$type: array", {"tags": {"$type": "array"}}),
    ("$type: object", {"account": {"$type": "object"}}),
    ("$type: null when absent", {"absent": {"$type": "null"}}),
    ("$regex: found inside", {"relation": {"$regex": "(pou|chi)"}}),
    ("$regex: Chinese", {"region": {"$regex": "^华"}}),
    ("$regexi: found in another case", {"relation": {"$regexi": "^SPO"}}),
    ("$eq: the same", {"age": {"$eq": 42}}),
    ("$eq: 42.0 is 42", {"age": {"$eq": 42.0}}),
    ("$ne: another", {"age": {"$ne": 41}}),
    ("$ne: an absent fact", {"absent": {"$ne": 41}}),
    ("$lt and $gt: between", {"age": {"$gt": 41, "$lt": 43}}),
    ("$lte and $gte: on the bounds", {"age": {"$gte": 42, "$lte": 42}}),
    ("$gt: texts by code unit", {"relation": {"$gt": "self"}}),
    ("$gt: a number in a text", {"text_age": {"$gt": 5, "$lt": 100}}),
    ("$gt: a bound in a text", {"age": {"$gt": "5", "$lt": "100"}}),
    ("$veq: without the v and the build", {"app": {"$veq": "v2.10.0+7"}}),
    ("$vne: another version", {"app": {"$vne": "2.9.0"}}),
    ("$vne: an absent version", {"absent": {"$vne": "2.9.0"}}),
    ("$vgt: ten after nine", {"app": {"$vgt": "2.9.9"}}),
    ("$vgt: a release after its beta", {"app": {"$vgt": "2.10.0-beta.2"}}),
    ("$vgte: the same", {"app": {"$vgte": "2.10.0"}}),
    ("$vlt: before the next", {"app": {"$vlt": "2.10.1"}}),
    ("$vlte: the same", {"app": {"$vlte": "2.10.0"}}),
    ("$vgt: a number as a version", {"age": {"$vgt": "5"}}),
]

OUT = [
    ("another text", {"relation": "self"}),
    ("one entry failing", {"relation": "spouse", "age": 1}),
    ("a path through a text", {"relation.kind": "spouse"}),
    ("a path through null", {"nothing.kind": "spouse"}),
    ("an index past the end", {"policies.2.line": "life"}),
    ("an index not in canonical form", {"policies.01.line": "life"}),
    ("0 for an absent fact", {"absent": 0}),
    ("false for an absent fact", {"absent": False}),
    ("the word null for an absent fact", {"absent": "null"}),
    ("0 for a blank", {"blank": 0}),
    ("0 for false", {"vip": 0}),
    ("a text that only reads as the number", {"age": "42.0"}),
    ("a list in another order", {"tags": ["Gold", "renewal", 3]}),
    ("part of an object", {"account": {"plan": "team"}}),
    ("$and: one fails", {"$and": [{"age": 42}, {"vip": True}]}),
    ("$or: none holds", {"$or": [{"age": 1}, {"vip": True}]}),
    ("$nor: one holds", {"$nor": [{"age": 42}, {"vip": True}]}),
    ("$nor: none asked", {"$nor": []}),
    ("$not: a condition that holds", {"$not": {"age": 42}}),
    ("$not: a value that holds", {"age": {"$not": {"$gt": 40}}}),
    ("$in: no member", {"relation": {"$in": ["self"]}}),
    ("$in: an empty list", {"relation": {"$in": []}}),
    ("$in: true is not 1", {"vip": {"$in": [0]}}),
    ("$in: no conversion", {"age": {"$in": ["42"]}}),
    ("$in: an absent fact", {"absent": {"$in": ["self"]}}),
    ("$nin: a member", {"tags": {"$nin": ["Gold"]}}),
    ("$ini: no member in any case", {"relation": {"$ini": ["SELF"]}}),
    ("$nini: a member in another case", {"relation": {"$nini": ["SPOUSE"]}}),
    ("$all: one value missing", {"tags": {"$all": ["Gold", "silver"]}}),
    ("$all: another case", {"tags": {"$all": ["gold"]}}),
    ("$all: not a list", {"relation": {"$all": ["spouse"]}}),
    ("$alli: one value missing", {"tags": {"$alli": ["gold", "silver"]}}),
    ("$elemMatch: both, but not in one", {"policies": {"$elemMatch": {"line": "life", "premium": {"$gt": 1000}}}}),
    ("$elemMatch: not a list", {"account": {"$elemMatch": {"plan": "team"}}}),
    ("$size: another length", {"tags": {"$size": 2}}),
    ("$size: a text is no list", {"relation": {"$size": 6}}),
    ("$exists: absent", {"absent": {"$exists": True}}),
    ("$exists: false is there", {"vip": {"$exists": False}}),
    ("$type: another", {"age": {"$type": "string"}}),
    ("$regex: not found", {"relation": {"$regex": "^pouse"}}),
    ("$regex: another case", {"relation": {"$regex": "^SPO"}}),
    ("$regex: a number is no text", {"age": {"$regex": "4"}}),
    ("$regexi: an absent fact", {"absent": {"$regexi": "null"}}),
    ("$eq: no conversion", {"age": {"$eq": "42"}}),
    ("$ne: the same", {"age": {"$ne": 42}}),
    ("$gt: the bound itself", {"age": {"$gt": 42}}),
    ("$lt: an absent fact is not 0", {"absent": {"$lt": 60}}),
    ("$gte: a blank is not 0", {"blank": {"$gte": 0}}),
    ("$lt: false is not 0", {"vip": {"$lt": 1}}),
    ("$gt: words against a number", {"relation": {"$gt": 5}}),
    ("$veq: another version", {"app": {"$veq": "2.1.0"}}),
    ("$vne: the same version", {"app": {"$vne": "2.10.0"}}),
    ("$vlt: an absent version is not 0", {"absent": {"$vlt": "1.0.0"}}),
    ("$vlte: a later version", {"app": {"$vlte": "2.9.0"}}),
    ("$vgte: an earlier version", {"app": {"$vgte": "2.10.1"}}),
    ("$vgt: false is no version", {"vip": {"$vgt": "0"}}),
]

CASES = [
    pytest.param(condition, expected, id=f"{'in' if expected else 'out'}: {name}")
    for table, expected in ((IN, True), (OUT, False))
    for name, condition in table
]


@pytest.mark.parametrize(("condition", "expected"), CASES)
def test_a_condition_decides_who_is_let_in(condition: dict[str, Any], expected: bool) -> None:
    check_condition(condition)
    assert matches(condition, CALLER) is expected


@pytest.mark.parametrize(("condition", "expected"), CASES)
def test_the_facts_kept_are_enough_to_decide_again(condition: dict[str, Any], expected: bool) -> None:
    assert matches(condition, facts_kept(condition, CALLER)) is expected


def test_every_operator_is_refused_or_let_in_by_some_case() -> None:
    operators = "$and $or $nor $not $in $nin $ini $nini $all $alli $elemMatch $size $exists $type $regex $regexi"
    operators += " $eq $ne $lt $lte $gt $gte $veq $vne $vgt $vgte $vlt $vlte"
    written = json.dumps([IN, OUT])
    assert [name for name in operators.split() if f'"{name}"' not in written] == []


# Parity with GrowthBook's own evaluation. Left out on purpose, because ours differs there (see the module): a text
# against a number, and objects in another order of keys. Hence one type for each name, and sorted keys.

words = st.text("aB1é华😀.-", max_size=4)
numbers = st.integers(-3, 3) | st.sampled_from([0.5, 2.5])
flat = {
    "word": words,
    "number": numbers,
    "flag": st.booleans(),
    "version": st.from_regex(r"v?[0-3]\.1[0-2](\.0)?", fullmatch=True),
}
lists = {"words": st.lists(words, max_size=3), "numbers": st.lists(numbers, max_size=3)}
shared = {**flat, **lists}
facts = st.fixed_dictionaries({}, optional={**shared, "nested": st.fixed_dictionaries({}, optional=shared)})


@st.composite
def a_test_of(draw: st.DrawFn, name: str) -> Any:
    member = {**flat, "words": words, "numbers": numbers}[name]
    many = st.lists(member, max_size=3)
    choices: list[st.SearchStrategy[Any]] = [shared[name], st.none()]
    for operator, operand in {
        **dict.fromkeys(("$eq", "$ne"), shared[name] if name in flat else member),
        **dict.fromkeys(("$in", "$nin", "$ini", "$nini"), many),
        **(dict.fromkeys(("$all", "$alli"), many) if name in lists else {}),
        **(dict.fromkeys(("$lt", "$lte", "$gt", "$gte"), member) if name != "flag" else {}),
        **(dict.fromkeys(("$veq", "$vne", "$vlt", "$vlte", "$vgt", "$vgte"), member) if name != "flag" else {}),
        "$exists": st.booleans(),
        "$type": st.sampled_from(["string", "number", "boolean", "array", "object", "null"]),
        **dict.fromkeys(("$regex", "$regexi"), st.sampled_from(["a", "^b", "1$", "[a华]", "B?é", r"\d.1"])),
        "$size": st.integers(0, 3) | st.fixed_dictionaries({"$gt": st.integers(0, 3)}),
        "$elemMatch": st.fixed_dictionaries({"$eq": member}) | st.fixed_dictionaries({"$not": member}),
    }.items():
        choices.append(st.fixed_dictionaries({operator: operand}))
    tested = draw(st.one_of(choices))
    return {"$not": tested} if draw(st.integers(0, 4)) == 0 else tested


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(shared)))
    return {draw(st.sampled_from(["", "nested."])) + name: draw(a_test_of(name))}


conditions = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"$and": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"$or": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"$nor": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"$not": inner}),
        st.tuples(inner, inner).map(lambda pair: {**pair[0], **pair[1]}),
    ),
    max_leaves=5,
)


@settings(max_examples=600, deadline=None)
@given(conditions, facts)
def test_well_typed_conditions_agree_with_growthbook(condition: dict[str, Any], caller: dict[str, Any]) -> None:
    assert matches(condition, caller) is evalCondition(caller, condition)


@settings(deadline=None)
@given(conditions, facts)
def test_what_is_kept_decides_alike_for_everybody(condition: dict[str, Any], caller: dict[str, Any]) -> None:
    kept = facts_kept(condition, caller)
    assert matches(condition, kept) is matches(condition, caller)
    assert facts_kept(condition, kept) == kept


def test_the_facts_used_are_the_paths_of_the_call_and_not_of_its_elements() -> None:
    condition = {
        "age": {"$gt": 18},
        "$not": {"account.plan": "free"},
        "$or": [{"region": "华东"}, {"$and": [{"policies": {"$elemMatch": {"line": "life"}}}]}],
    }
    assert facts_used(condition) == {"age", "account.plan", "region", "policies"}


def test_only_the_facts_used_are_kept() -> None:
    assert facts_kept({"account.plan": "team", "absent.deep": 1}, CALLER) == {"account": {"plan": "team"}}


def test_a_parent_read_as_well_is_kept_whole() -> None:
    both = {"account.plan": "team", "account": {"$type": "object"}}
    assert facts_kept(both, CALLER) == {"account": {"plan": "team", "seats": 10}}


def nested(depth: int) -> dict[str, Any]:
    return {"age": 1} if depth == 1 else {"$not": nested(depth - 1)}


REFUSED: list[tuple[Any, str]] = [
    ([], "A condition must be an object, got array"),
    ({"$where": "1"}, r"Unknown operator \$where"),
    ({"age": {"$regx": "a"}}, r"Unknown operator \$regx at age"),
    ({"name": {"$notRegex": "a"}}, r"Unknown operator \$notRegex at name"),
    ({"id": {"$inGroup": "beta"}}, r"Unknown operator \$inGroup at id"),
    ({"$savedGroup": {"id": "beta"}}, r"Unknown operator \$savedGroup"),
    ({"$in": ["a"]}, r"Unknown operator \$in: it belongs after a path"),
    ({"age": {"$or": []}}, r"Unknown operator \$or at age: it belongs beside the paths"),
    ({"$and": {"age": 1}}, r"\$and takes a list of objects"),
    ({"$or": [1]}, r"\$or takes a list of objects, got 1"),
    ({"$not": 1}, r"\$not takes an object, got 1"),
    ({"age": {"$in": 1}}, r"\$in at age takes a list, got 1"),
    ({"age": {"$in": [[1]]}}, r"\$in at age takes a list, each of it a string, number, boolean or null, got \[1\]"),
    ({"age": {"$eq": [1]}}, r"\$eq at age takes a string, number, boolean or null"),
    ({"age": {"$gt": True}}, r"\$gt at age takes a string or a number, got True"),
    ({"app": {"$vgt": None}}, r"\$vgt at app takes a string or a number, got None"),
    ({"age": {"$exists": 1}}, r"\$exists at age takes true or false, got 1"),
    ({"age": {"$type": "int"}}, r"\$type at age takes one of string, .*, got 'int'"),
    ({"tags": {"$size": "3"}}, r"\$size at tags takes a number or an object of operators"),
    ({"tags": {"$elemMatch": 3}}, r"\$elemMatch at tags takes an object, got 3"),
    ({"tags": {"$elemMatch": {"x": {"$bad": 1}}}}, r"Unknown operator \$bad at x"),
    ({"tags": {"$all": [{"$bad": 1}]}}, r"Unknown operator \$bad at \$all at tags"),
    ({"age": {}}, "age has an empty object"),
    ({"age": {"$gt": 1, "years": 2}}, r"age mixes operators and fields: \$gt, years"),
    ({"a..b": 1}, "path 'a..b' has an empty part"),
    ({"": 1}, "must have non-empty text keys"),
    ({"age": float("nan")}, "age must hold JSON values, got nan"),
    ({"age": {1, 2}}, "age must hold JSON values"),
    (nested(11), r"\$not is nested deeper than 10|age is nested deeper than 10"),
    ({"age": [[[[[[[[[[[1]]]]]]]]]]]}, "age is nested deeper than 10"),
    ({f"fact{n}": n for n in range(101)}, "at most 100 nodes, got 101"),
    ({"age": {"$in": list(range(1001))}}, r"\$in may list at most 1000 values, got 1001"),
]


@pytest.mark.parametrize(("condition", "sentence"), REFUSED)
def test_a_bad_condition_is_refused_by_name(condition: Any, sentence: str) -> None:
    with pytest.raises(BadCondition, match=sentence):
        check_condition(condition)


def test_a_refusal_is_told_in_words_that_can_be_translated() -> None:
    with pytest.raises(BadCondition) as refused:
        check_condition({"tags": {"$all": [{"$size": "3"}]}})
    every = Message("%(operator)s at %(where)s", {"operator": "$all", "where": "tags"})
    size = Message("%(operator)s at %(where)s", {"operator": "$size", "where": every})
    what = Message("a number or an object of operators")
    assert refused.value.message == Message(
        "%(where)s takes %(what)s, got %(value)s.", {"where": size, "what": what, "value": "'3'"}
    )


def test_conditions_at_the_bounds_are_accepted() -> None:
    check_condition(nested(10))
    check_condition({f"fact{n}": n for n in range(100)})
    check_condition({"age": {"$in": list(range(1000))}})


@settings(deadline=None)
@given(conditions)
def test_what_the_edge_accepts_evaluates_without_error(condition: dict[str, Any]) -> None:
    check_condition(condition)
    assert matches(condition, {}) in (True, False)


def test_an_unchecked_condition_is_no_silent_no() -> None:
    with pytest.raises(BadCondition, match=r"Unknown operator \$regx"):
        matches({"relation": {"$regx": "a"}}, CALLER)


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("[", "not a valid regular expression"),
        ("x" * 201, "at most 200 characters, got 201"),
        ("(a+)+$", "repeats a group that itself holds"),
        ("(a|aa)*$", "repeats a group that itself holds"),
        ("(?:(a?)b){20}", "repeats a group that itself holds"),
        ("(?:b{0}){100}", "repeats a group that itself holds"),
        ("a*a*a*b", "too many repetitions and choices"),
        ("a?" * 30 + "a" * 30, "too many repetitions and choices"),
        ("(a|b)" * 17, "too many repetitions and choices"),
        ("(?:){1000000000}", "may repeat at most 256 times"),
        (r"(a)\1", "look-around, back-reference or flag"),
        ("(?=a)b", "look-around, back-reference or flag"),
        ("(?i)a", "look-around, back-reference or flag"),
    ],
)
def test_a_costly_or_invalid_regular_expression_is_refused(pattern: str, sentence: str) -> None:
    with pytest.raises(BadCondition, match=sentence):
        check_condition({"name": {"$regex": pattern}})


@pytest.mark.parametrize("pattern", ["a*a*b", "a*?a+b", "(aa)*a*b", "a?" * 16 + "b", "a{0,255}a{0,255}b", "a*(x|a)?b"])
def test_the_worst_regular_expressions_admitted_are_quick(pattern: str) -> None:
    check_condition({"name": {"$regex": pattern}})
    began = time.thread_time()  # of the processor: other test processes may hold it meanwhile
    assert not matches({"name": {"$regex": pattern}}, {"name": "a" * 256})
    assert time.thread_time() - began < 1


@pytest.mark.parametrize(
    "pattern",
    [r"^1[3-9]\d{9}$", "(Mobile|Tablet)", "^(先生|女士)?李", "^华(东|南)", r"[\w.]+@corp\.cn$", "a{b", "[]a]"],
)
def test_everyday_regular_expressions_are_accepted(pattern: str) -> None:
    check_condition({"name": {"$regex": pattern}})


def test_a_text_longer_than_256_characters_matches_no_regular_expression() -> None:
    assert not matches({"name": {"$regex": "a"}}, {"name": "a" * 257})
