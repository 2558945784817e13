"""What is refused when a condition is written: whatever could not mean what its author hoped."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from experiments.plan.audience.conditions import LOGIC, Condition, is_about_value, is_operators
from experiments.plan.audience.patterns import BadCondition, check_pattern
from experiments.plan.audience.values import kind_of

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
        raise BadCondition(f"a condition must be an object, got {kind_of(condition)}")
    nodes = sum(1 for _ in _nodes(condition, "condition", 1))
    if nodes > MAX_NODES:
        raise BadCondition(f"a condition may have at most {MAX_NODES} nodes, got {nodes}")
    _check_entries(condition)


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
    elif kind_of(value) == "unknown" or (isinstance(value, float) and not math.isfinite(value)):
        raise BadCondition(f"{where} must hold JSON values, got {value!r}")


def _check_entries(condition: Any) -> None:
    for key, value in condition.items():
        if key == "$not":
            _require(isinstance(value, Mapping), key, "an object", value)
            _check_entries(value)
        elif key in LOGIC:
            _require(isinstance(value, list), key, "a list of objects", value)
            for inner in value:
                _require(isinstance(inner, Mapping), key, "a list of objects", inner)
                _check_entries(inner)
        elif key.startswith("$"):
            raise BadCondition(f"unknown operator {key}{_hint(key, _OPERANDS)}")
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
    if is_operators(value):
        for name, operand in value.items():
            _check_operator(where, name, operand)
    elif any(key.startswith("$") for key in value):
        raise BadCondition(f"{where} mixes operators and fields: {', '.join(value)}")


def _check_operator(where: str, name: str, operand: Any) -> None:
    if name not in _OPERANDS:
        raise BadCondition(f"unknown operator {name} at {where}{_hint(name, LOGIC)}")
    label = f"{name} at {where}"
    kinds, wording = _OPERANDS[name]
    _require(kind_of(operand) in kinds, label, wording, operand)
    if name in ("$not", "$size"):
        _check_value(label, operand)
    elif name in ("$in", "$nin", "$ini", "$nini"):
        for member in operand:
            _require(kind_of(member) in _LITERAL[0], label, f"a list, each of it {_LITERAL[1]}", member)
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
    if is_about_value(condition):
        _check_value(label, condition)
    else:
        _check_entries(condition)


def _require(holds: bool, label: str, wording: str, value: Any) -> None:
    if not holds:
        raise BadCondition(f"{label} takes {wording}, got {value!r}")


def _hint(name: str, elsewhere: Mapping[str, Any]) -> str:
    if name not in elsewhere:
        return ""
    return ": it belongs after a path" if name in _OPERANDS else ": it belongs beside the paths, not under one"


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
