"""What is refused when a condition is written: whatever could not mean what its author hoped."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from experiments.plan.audience.conditions import LOGIC, UNKNOWN_OPERATOR, Condition, is_about_value, is_operators
from experiments.plan.audience.patterns import BadCondition, Place, check_pattern
from experiments.plan.audience.values import kind_of
from experiments.wording import Message, sentence

MAX_DEPTH = 10
"""Objects (or lists within lists) inside one another."""
MAX_NODES = 100
"""Entries of all objects of a condition together: paths and operators."""
MAX_VALUES = 1000
"""Members of one list."""


def check_condition(condition: Condition) -> None:
    """Refuse a condition that could not mean what its author hoped.

    Raises:
        BadCondition: An unknown operator, an operand of the wrong type, an invalid or too costly regular expression,
            an empty path or object, nesting deeper than 10, more than 100 nodes or 1000 values in a list.
    """
    if not isinstance(condition, Mapping):
        raise BadCondition("A condition must be an object, got %(kind)s.", kind=kind_of(condition))
    nodes = sum(1 for _ in _nodes(condition, Message("The condition"), 1))
    if nodes > MAX_NODES:
        raise BadCondition("A condition may have at most %(most)s nodes, got %(nodes)s.", most=MAX_NODES, nodes=nodes)
    _check_entries(condition)


def _nodes(value: Any, where: Place, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise BadCondition("%(where)s is nested deeper than %(most)s.", where=where, most=MAX_DEPTH)
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str) or not key:
                raise BadCondition("%(where)s must have non-empty text keys, got %(key)s.", where=where, key=repr(key))
            yield key
            yield from _nodes(inner, key, depth + isinstance(inner, Mapping))
    elif isinstance(value, list):
        if len(value) > MAX_VALUES:
            text = sentence("%(where)s may list at most %(most)s values, got %(many)s.")
            raise BadCondition(text, where=where, most=MAX_VALUES, many=len(value))
        for inner in value:
            yield from _nodes(inner, where, depth + isinstance(inner, Mapping | list))
    elif kind_of(value) == "unknown" or (isinstance(value, float) and not math.isfinite(value)):
        raise BadCondition("%(where)s must hold JSON values, got %(value)s.", where=where, value=repr(value))


def _check_entries(condition: Any) -> None:
    for key, value in condition.items():
        if key == "$not":
            _require(isinstance(value, Mapping), key, _AN_OBJECT, value)
            _check_entries(value)
        elif key in LOGIC:
            _require(isinstance(value, list), key, _OBJECTS, value)
            for inner in value:
                _require(isinstance(inner, Mapping), key, _OBJECTS, inner)
                _check_entries(inner)
        elif key.startswith("$"):
            belongs = sentence("Unknown operator %(operator)s: it belongs after a path.")
            raise BadCondition(belongs if key in _OPERANDS else UNKNOWN_OPERATOR, operator=key)
        else:
            _check_path(key)
            _check_value(key, value)


def _check_path(path: str) -> None:
    if not all(path.split(".")):
        raise BadCondition("The path %(path)s has an empty part.", path=repr(path))


def _check_value(where: Place, value: Any) -> None:
    if not isinstance(value, Mapping):
        return
    if not value:
        raise BadCondition("%(where)s has an empty object: name an operator or a value.", where=where)
    if is_operators(value):
        for name, operand in value.items():
            _check_operator(where, name, operand)
    elif any(key.startswith("$") for key in value):
        raise BadCondition("%(where)s mixes operators and fields: %(names)s.", where=where, names=", ".join(value))


def _check_operator(where: Place, name: str, operand: Any) -> None:
    if name not in _OPERANDS:
        unknown = sentence("Unknown operator %(operator)s at %(where)s.")
        beside = sentence("Unknown operator %(operator)s at %(where)s: it belongs beside the paths, not under one.")
        raise BadCondition(beside if name in LOGIC else unknown, operator=name, where=where)
    here = Message("%(operator)s at %(where)s", {"operator": name, "where": where})
    kinds, what = _OPERANDS[name]
    _require(kind_of(operand) in kinds, here, what, operand)
    if name in ("$not", "$size"):
        _check_value(here, operand)
    elif name in ("$in", "$nin", "$ini", "$nini"):
        for member in operand:
            _require(kind_of(member) in _LITERAL[0], here, _LITERALS, member)
    elif name in ("$all", "$alli"):
        for member in operand:
            _check_value(here, member)
    elif name == "$elemMatch":
        _check_element(here, operand)
    elif name == "$type":
        _require(operand in _TYPES, here, _A_TYPE, operand)
    elif name in ("$regex", "$regexi"):
        check_pattern(here, operand)


def _check_element(where: Place, condition: Condition) -> None:
    if is_about_value(condition):
        _check_value(where, condition)
    else:
        _check_entries(condition)


def _require(holds: bool, where: Place, what: Message, value: Any) -> None:
    if not holds:
        raise BadCondition("%(where)s takes %(what)s, got %(value)s.", where=where, what=what, value=repr(value))


_AN_OBJECT, _OBJECTS = Message("an object"), Message("a list of objects")
_TYPES = ("string", "number", "boolean", "array", "object", "null")
_LITERAL = (("string", "number", "boolean", "null"), Message("a string, number, boolean or null"))
_LITERALS = Message("a list, each of it %(what)s", {"what": _LITERAL[1]})
_ORDERABLE = (("string", "number"), Message("a string or a number"))
_LIST = (("array",), Message("a list"))
_PATTERN = (("string",), Message("a regular expression"))
_A_TYPE = Message("one of %(types)s", {"types": ", ".join(_TYPES)})

_OPERANDS: dict[str, tuple[tuple[str, ...], Message]] = {
    **dict.fromkeys(("$eq", "$ne"), _LITERAL),
    **dict.fromkeys(("$lt", "$lte", "$gt", "$gte", "$veq", "$vne", "$vlt", "$vlte", "$vgt", "$vgte"), _ORDERABLE),
    **dict.fromkeys(("$in", "$nin", "$ini", "$nini", "$all", "$alli"), _LIST),
    **dict.fromkeys(("$regex", "$regexi"), _PATTERN),
    "$elemMatch": (("object",), _AN_OBJECT),
    "$size": (("number", "object"), Message("a number or an object of operators")),
    "$exists": (("boolean",), Message("true or false")),
    "$type": (("string",), _A_TYPE),
    "$not": (_TYPES, Message("a value or an object of operators")),
}
