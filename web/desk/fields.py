"""What a scenario asks of a call: the attributes that its conditions read, and how their values are written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from experiments.do.layer import CALL_FACTS, DO_NOT_INVITE
from experiments.plan.audience.conditions import LOGIC, Condition
from experiments.plan.traffic import Traffic

Kind = Literal["text", "number", "flag"]

_COMPARE = frozenset({"$eq", "$ne", "$in", "$nin", "$gt", "$gte", "$lt", "$lte"})
"""Operators whose operand is a value of the attribute, or a list of such."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An attribute, how its value is written, and texts that conditions compare it with."""

    name: str
    kind: Kind
    hints: tuple[str, ...] = ()


def fields_of(traffic: Traffic) -> dict[str, Asked]:
    """Give the attributes that a scenario's conditions read, by name; whether she may be invited at all is the last.

    Those that only a test's condition reads are among them, so a field or a choice may come and go with a test. It
    names a fact of the caller and no test, and stands in the calls of every arm alike. Without it nobody who opens the
    desk by hand could tell that fact: no call of hers would meet the condition, and the test would have none of them.
    """
    compared: dict[str, list[Any]] = {}
    for condition in (traffic.audience, *(owner.condition for owner in traffic.slices)):
        _gather(condition, compared)
    own = {name: values for name, values in compared.items() if name not in CALL_FACTS and name != DO_NOT_INVITE}
    found = {name: _asked(name, values) for name, values in own.items()}
    return {**found, DO_NOT_INVITE: Asked(DO_NOT_INVITE, "flag")}


def _asked(name: str, values: Iterable[Any]) -> Asked:
    known = list(dict.fromkeys(value for value in values if value is not None))
    if known and all(isinstance(value, bool) for value in known):
        return Asked(name, "flag")
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return Asked(name, "number")
    return Asked(name, "text", tuple(value for value in known if isinstance(value, str)))


def _gather(condition: Condition, compared: dict[str, list[Any]]) -> None:
    for path, value in condition.items():
        if path == "$not":
            _gather(value, compared)
        elif path in LOGIC:
            for each in value:
                _gather(each, compared)
        elif "." not in path:  # what lies within an attribute is not written in a field
            compared.setdefault(path, []).extend(_operands(value))


def _operands(value: Any) -> list[Any]:
    if not isinstance(value, Mapping):
        return _values(value)
    return [each for name, operand in value.items() if name in _COMPARE for each in _values(operand)]


def _values(value: Any) -> list[Any]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str | int | float)]
