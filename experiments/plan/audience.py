"""Who is let in: conditions on a call's facts, in GrowthBook's Mongo-like syntax, spec 0.8.0.

``{"caller_relation": {"$in": ["self", "spouse"]}, "tenure.years": {"$gte": 2}}`` — every entry must hold. A key is a
dotted path or one of ``$and $or $nor $not``; a value is a literal or an object of operators
(https://docs.growthbook.io/lib/build-your-own#evaluating-conditions).

GrowthBook's own libraries disagree where types meet (JavaScript converts everything, Python 4 nothing). Ours:

- strings and numbers convert into each other, as in JavaScript: ``"8" > 5``, and the literal 8 matches ``"8"``;
  a blank, hexadecimal or infinite string is not a number. ``$eq $ne $in $nin $ini $nini`` convert nothing.
- nothing else converts: a missing fact (absent or null) satisfies no ordering, equals only null, and passes only
  what denies (``$ne $nin $nini $vne $not $nor``), ``{"$exists": false}``, ``{"$type": "null"}`` and null in a list.
- objects are equal whatever the order of their keys, since facts are stored as canonical JSON.
- a text longer than 256 characters matches no regular expression.

A condition is refused by `check_condition` when written; `matches` takes one that passed.
"""

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from experiments.plan.patterns import MAX_SUBJECT, BadCondition, check_pattern

MAX_DEPTH = 10
"""Objects (or lists within lists) inside one another."""
MAX_NODES = 100
"""Entries of all objects of a condition together: paths and operators."""
MAX_VALUES = 1000
"""Members of one list."""

Condition = Mapping[str, Any]
Facts = Mapping[str, Any]


def matches(condition: Condition, facts: Facts) -> bool:
    """Whether the facts satisfy every entry of the condition.

    Args:
        condition: One that `check_condition` accepts; the empty condition lets everybody in.
        facts: JSON values by name; nested objects are reached by dotted paths.

    Raises:
        BadCondition: An unknown operator was reached: the condition was never checked.
    """
    return _holds(condition, facts)


def facts_used(condition: Condition) -> frozenset[str]:
    """The dotted paths of the facts a condition reads; inside ``$elemMatch`` paths belong to the element."""
    used: set[str] = set()
    for key, value in condition.items():
        if key == "$not":
            used |= facts_used(value)
        elif key in _LOGIC:
            used |= frozenset().union(*map(facts_used, value))
        else:
            used.add(key)
    return frozenset(used)


def facts_kept(condition: Condition, facts: Facts) -> dict[str, Any]:
    """The least facts from which the condition comes out the same: only the paths it reads, nested as they were.

    A value is kept whole where a path enters a list; a missing fact stays missing.
    """
    kept: dict[str, Any] = {}
    # Shorter paths last, so that "account" is kept whole even if "account.plan" was read as well.
    for path in sorted(facts_used(condition), key=len, reverse=True):
        _keep(kept, facts, path.split("."))
    return kept


def check_condition(condition: Condition) -> None:
    """Refuse a condition that could not mean what its author hoped.

    Raises:
        BadCondition: An unknown operator, an operand of the wrong type, an invalid or too costly regular expression,
            an empty path or object, nesting deeper than 10, more than 100 nodes or 1000 values in a list.
    """
    if not isinstance(condition, Mapping):
        raise BadCondition(f"a condition must be an object, got {_kind(condition)}")
    nodes = sum(1 for _ in _nodes(condition, "condition", 1))
    if nodes > MAX_NODES:
        raise BadCondition(f"a condition may have at most {MAX_NODES} nodes, got {nodes}")
    _check_entries(condition)


# Evaluation ----------------------------------------------------------------------------------------------------------


def _holds(condition: Condition, facts: Any) -> bool:
    for key, value in condition.items():
        logic = _LOGIC.get(key)
        if not (logic(value, facts) if logic else _value_holds(value, _read(facts, key))):
            return False
    return True


def _some(conditions: Sequence[Condition], facts: Any) -> bool:
    # The published suite lets everybody pass an empty $or.
    return not conditions or any(_holds(condition, facts) for condition in conditions)


_LOGIC: dict[str, Callable[[Any, Any], bool]] = {
    "$and": lambda conditions, facts: all(_holds(condition, facts) for condition in conditions),
    "$or": _some,
    "$nor": lambda conditions, facts: not _some(conditions, facts),
    "$not": lambda condition, facts: not _holds(condition, facts),
}


def _read(facts: Any, path: str) -> Any:
    for segment in path.split("."):
        if isinstance(facts, Mapping):
            facts = facts.get(segment)
        elif isinstance(facts, list):
            facts = _list_member(facts, segment)
        else:
            return None
    return facts


def _list_member(items: list[Any], segment: str) -> Any:
    if segment == "length":
        return len(items)
    # As in JavaScript only the canonical index is a key: "0" and "10" are, "00" and "-1" are not.
    canonical = re.fullmatch("0|[1-9][0-9]{0,8}", segment)
    return items[int(segment)] if canonical and int(segment) < len(items) else None


def _value_holds(expected: Any, fact: Any, *, fold: bool = False) -> bool:
    if not _is_operators(expected):
        return _alike(expected, fact, fold=fold)
    for name, operand in expected.items():
        if name not in _OPERATORS:
            raise BadCondition(f"unknown operator {name}")
        if not _OPERATORS[name](fact, operand):
            return False
    return True


def _is_operators(value: Any) -> bool:
    return isinstance(value, Mapping) and all(key.startswith("$") for key in value)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "array"
    return "object" if isinstance(value, Mapping) else "unknown"


def _alike(expected: Any, fact: Any, *, fold: bool = False) -> bool:
    kinds = _kind(expected), _kind(fact)
    if kinds == ("string", "number"):
        return bool(expected == _text(fact))
    if kinds == ("number", "string"):
        return bool(expected == _number(fact))
    if fold and kinds == ("string", "string"):
        return bool(expected.lower() == fact.lower())
    return _same(expected, fact)


def _same(a: Any, b: Any) -> bool:
    kind = _kind(a)
    if kind != _kind(b):
        return False
    if kind == "array":
        return len(a) == len(b) and all(map(_same, a, b))
    if kind == "object":
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    return bool(a == b)


def _identical(a: Any, b: Any) -> bool:
    # JavaScript's ===: two lists or objects parsed from different texts are never the same thing.
    return _kind(a) not in ("array", "object") and _same(a, b)


def _text(number: float) -> str:
    # JavaScript writes 8.0 as "8", and turns to exponents from 1e21 on.
    return str(int(number)) if isinstance(number, int) or (number.is_integer() and abs(number) < 1e21) else str(number)


_DECIMAL = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")


def _number(text: str) -> float:
    # An empty answer is unknown, so unlike JavaScript's Number("") it never becomes a plausible 0.
    return float(text) if _DECIMAL.fullmatch(text) else math.nan


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(fact: Any, operand: Any) -> bool:
        kinds = {_kind(fact), _kind(operand)}
        if kinds == {"string"}:
            return compare(_units(fact), _units(operand))
        if kinds <= {"string", "number"}:
            return compare(*(_number(side) if isinstance(side, str) else side for side in (fact, operand)))
        return False

    return holds


def _units(text: str) -> bytes:
    # JavaScript orders texts by UTF-16 code unit, and big-endian bytes sort in that order.
    return text.encode("utf-16-be", "surrogatepass")


def _version_ordered(compare: Callable[[Any, Any], bool], *, otherwise: bool = False) -> Callable[[Any, Any], bool]:
    def holds(fact: Any, operand: Any) -> bool:
        if not {_kind(fact), _kind(operand)} <= {"string", "number"}:
            return otherwise
        return compare(_version(fact), _version(operand))

    return holds


def _version(value: Any) -> str:
    """A version as a text that sorts: numeric parts padded to 5, ``~`` after a release so that it follows its betas."""
    text = value if isinstance(value, str) else _text(value)
    parts = re.split(r"[-.]", re.sub(r"^v|\+.*$", "", text or "0"))
    if len(parts) == 3:
        parts.append("~")
    return "-".join(part.rjust(5) if part.isascii() and part.isdigit() else part for part in parts)


def _among(fact: Any, values: Sequence[Any]) -> bool:
    members = fact if isinstance(fact, list) else [fact]
    return any(_identical(member, value) for member in members for value in values)


def _among_folded(fact: Any, values: Sequence[Any]) -> bool:
    members = fact if isinstance(fact, list) else [fact]
    return _among([*map(_folded, members)], [*map(_folded, values)])


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _has_all(fact: Any, values: Sequence[Any], *, fold: bool = False) -> bool:
    return isinstance(fact, list) and all(
        any(_value_holds(value, member, fold=fold) for member in fact) for value in values
    )


def _has_element(fact: Any, condition: Condition) -> bool:
    test = _value_holds if _is_operators(condition) and not _FIELD_LOGIC & condition.keys() else _holds
    return isinstance(fact, list) and any(test(condition, member) for member in fact if member is not None)


def _found(fact: Any, pattern: str, flags: int = 0) -> bool:
    return isinstance(fact, str) and len(fact) <= MAX_SUBJECT and _compiled(pattern, flags).search(fact) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str, flags: int) -> re.Pattern[str]:
    return re.compile(pattern, flags)


# On an element $not denies a value, as after a path; the other three hold conditions on the element's fields.
_FIELD_LOGIC = frozenset({"$and", "$or", "$nor"})

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": _identical,
    "$ne": lambda fact, operand: not _identical(fact, operand),
    "$lt": _ordered(operator.lt),
    "$lte": _ordered(operator.le),
    "$gt": _ordered(operator.gt),
    "$gte": _ordered(operator.ge),
    "$veq": _version_ordered(operator.eq),
    "$vne": _version_ordered(operator.ne, otherwise=True),
    "$vlt": _version_ordered(operator.lt),
    "$vlte": _version_ordered(operator.le),
    "$vgt": _version_ordered(operator.gt),
    "$vgte": _version_ordered(operator.ge),
    "$in": _among,
    "$nin": lambda fact, values: not _among(fact, values),
    "$ini": _among_folded,
    "$nini": lambda fact, values: not _among_folded(fact, values),
    "$all": _has_all,
    "$alli": lambda fact, values: _has_all(fact, values, fold=True),
    "$elemMatch": _has_element,
    "$size": lambda fact, expected: isinstance(fact, list) and _value_holds(expected, len(fact)),
    "$exists": lambda fact, wanted: (fact is not None) == wanted,
    "$type": lambda fact, kind: _kind(fact) == kind,
    "$regex": _found,
    "$regexi": lambda fact, pattern: _found(fact, pattern, re.IGNORECASE),
    "$not": lambda fact, expected: not _value_holds(expected, fact),
}


# The part of the facts that a condition read ------------------------------------------------------------------------


def _keep(kept: dict[str, Any], facts: Any, segments: list[str]) -> None:
    name, *rest = segments
    if name not in facts:
        return
    value = facts[name]
    if not rest or not isinstance(value, Mapping):
        kept[name] = value
    else:
        _keep(kept.setdefault(name, {}), value, rest)


# Checking ------------------------------------------------------------------------------------------------------------


def _nodes(value: Any, where: str, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise BadCondition(f"{where} is nested deeper than {MAX_DEPTH}")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str) or not key:
                raise BadCondition(f"{where} must have non-empty text keys, got {key!r}")
            yield key
            yield from _nodes(inner, key, depth + isinstance(inner, Mapping))
    elif isinstance(value, list):
        if len(value) > MAX_VALUES:
            raise BadCondition(f"{where} may list at most {MAX_VALUES} values, got {len(value)}")
        for inner in value:
            yield from _nodes(inner, where, depth + isinstance(inner, Mapping | list))
    elif _kind(value) == "unknown" or (isinstance(value, float) and not math.isfinite(value)):
        raise BadCondition(f"{where} must hold JSON values, got {value!r}")


def _check_entries(condition: Any) -> None:
    for key, value in condition.items():
        if key == "$not":
            _require(isinstance(value, Mapping), key, "an object", value)
            _check_entries(value)
        elif key in _LOGIC:
            _require(isinstance(value, list), key, "a list of objects", value)
            for inner in value:
                _require(isinstance(inner, Mapping), key, "a list of objects", inner)
                _check_entries(inner)
        elif key.startswith("$"):
            raise BadCondition(f"unknown operator {key}{_hint(key, _OPERATORS)}")
        else:
            _check_path(key)
            _check_value(key, value)


def _check_path(path: str) -> None:
    if not all(path.split(".")):
        raise BadCondition(f"path {path!r} has an empty part")


def _check_value(where: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        return
    if not value:
        raise BadCondition(f"{where} has an empty object: name an operator or a value")
    if _is_operators(value):
        for name, operand in value.items():
            _check_operator(where, name, operand)
    elif any(key.startswith("$") for key in value):
        raise BadCondition(f"{where} mixes operators and fields: {', '.join(value)}")


def _check_operator(where: str, name: str, operand: Any) -> None:
    if name not in _OPERATORS:
        raise BadCondition(f"unknown operator {name} at {where}{_hint(name, _LOGIC)}")
    label = f"{name} at {where}"
    kinds, wording = _OPERANDS[name]
    _require(_kind(operand) in kinds, label, wording, operand)
    if name in ("$not", "$size"):
        _check_value(label, operand)
    elif name in ("$in", "$nin", "$ini", "$nini"):
        for member in operand:
            _require(_kind(member) in _LITERAL[0], label, f"a list, each of it {_LITERAL[1]}", member)
    elif name in ("$all", "$alli"):
        for member in operand:
            _check_value(label, member)
    elif name == "$elemMatch":
        _check_element(label, operand)
    elif name == "$type":
        _require(operand in _TYPES, label, f"one of {', '.join(_TYPES)}", operand)
    elif name in ("$regex", "$regexi"):
        check_pattern(label, operand)


def _check_element(label: str, condition: Condition) -> None:
    if _is_operators(condition) and not _FIELD_LOGIC & condition.keys():
        _check_value(label, condition)
    else:
        _check_entries(condition)


def _require(holds: bool, label: str, wording: str, value: Any) -> None:
    if not holds:
        raise BadCondition(f"{label} takes {wording}, got {value!r}")


def _hint(name: str, elsewhere: Mapping[str, Any]) -> str:
    if name not in elsewhere:
        return ""
    return ": it belongs after a path" if name in _OPERATORS else ": it belongs beside the paths, not under one"


_TYPES = ("string", "number", "boolean", "array", "object", "null")
_LITERAL = (("string", "number", "boolean", "null"), "a string, number, boolean or null")
_ORDERABLE = (("string", "number"), "a string or a number")
_LIST = (("array",), "a list")
_PATTERN = (("string",), "a regular expression")

_OPERANDS: dict[str, tuple[tuple[str, ...], str]] = {
    **dict.fromkeys(("$eq", "$ne"), _LITERAL),
    **dict.fromkeys(("$lt", "$lte", "$gt", "$gte", "$veq", "$vne", "$vlt", "$vlte", "$vgt", "$vgte"), _ORDERABLE),
    **dict.fromkeys(("$in", "$nin", "$ini", "$nini", "$all", "$alli"), _LIST),
    **dict.fromkeys(("$regex", "$regexi"), _PATTERN),
    "$elemMatch": (("object",), "an object"),
    "$size": (("number", "object"), "a number or an object of operators"),
    "$exists": (("boolean",), "true or false"),
    "$type": (("string",), f"one of {', '.join(_TYPES)}"),
    "$not": (_TYPES, "a value or an object of operators"),
}
