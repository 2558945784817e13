"""Operators that ask one value: each takes its operand once, and gives the question that a fact is asked then."""

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from experiments.plan.audience.patterns import MAX_SUBJECT
from experiments.plan.audience.values import Test, code_units, kind_of, number_in, same, text_of, version_in

Compare = Callable[[Any, Any], bool]
Operator = Callable[[Any], Test]


def never(_fact: Any) -> bool:
    """Hold for nothing."""
    return False


def denied(test: Test) -> Test:
    """Hold where another does not."""
    return lambda fact: not test(fact)


def alike(expected: Any, *, fold: bool = False) -> Test:
    """Hold for what a literal matches: strings and numbers convert into each other.

    Args:
        expected: The literal.
        fold: Whether texts are alike in any case.
    """
    kind = kind_of(expected)
    if kind == "string":
        return _like_text(expected, fold=fold)
    if kind == "number":
        return lambda fact: bool(expected == (number_in(fact) if isinstance(fact, str) else fact)) and _is_plain(fact)
    return lambda fact: same(expected, fact)


def _like_text(expected: str, *, fold: bool) -> Test:
    wanted = expected.lower() if fold else expected

    def holds(fact: Any) -> bool:
        if isinstance(fact, str):
            return wanted == (fact.lower() if fold else fact)
        return kind_of(fact) == "number" and expected == text_of(fact)

    return holds


def _is_plain(fact: Any) -> bool:
    return kind_of(fact) in ("string", "number")


def _ordered(compare: Compare) -> Operator:
    def ordering(operand: Any) -> Test:
        kind = kind_of(operand)
        if kind == "string":
            return _beside_text(compare, operand)
        return _beside_number(compare, operand) if kind == "number" else never

    return ordering


def _beside_text(compare: Compare, operand: str) -> Test:
    units, number = code_units(operand), number_in(operand)

    def holds(fact: Any) -> bool:
        if isinstance(fact, str):
            return compare(code_units(fact), units)
        return kind_of(fact) == "number" and compare(fact, number)

    return holds


def _beside_number(compare: Compare, operand: float) -> Test:
    def holds(fact: Any) -> bool:
        if isinstance(fact, str):
            return compare(number_in(fact), operand)
        return kind_of(fact) == "number" and compare(fact, operand)

    return holds


def _version_ordered(compare: Compare, *, otherwise: bool = False) -> Operator:
    def ordering(operand: Any) -> Test:
        if kind_of(operand) not in ("string", "number"):
            return lambda _fact: otherwise
        version = version_in(operand)
        return lambda fact: compare(version_in(fact), version) if _is_plain(fact) else otherwise

    return ordering


def _identical(operand: Any) -> Test:
    # JavaScript's ===: two lists or objects parsed from different texts are never the same thing.
    return never if kind_of(operand) in ("array", "object") else lambda fact: same(fact, operand)


def _among(values: Sequence[Any]) -> Test:
    # True and 1 are one member of a set, and must not be.
    flags = frozenset(value for value in values if isinstance(value, bool))
    plain = frozenset(value for value in values if kind_of(value) in ("null", "number", "string"))

    def is_member(fact: Any) -> bool:
        if isinstance(fact, bool):
            return fact in flags
        return (fact is None or isinstance(fact, str | int | float)) and fact in plain

    def holds(fact: Any) -> bool:
        if type(fact) is str:  # nearly every fact that is looked for in a list
            return fact in plain
        return any(map(is_member, fact)) if isinstance(fact, list) else is_member(fact)

    return holds


def _among_folded(values: Sequence[Any]) -> Test:
    holds = _among([_folded(value) for value in values])
    return lambda fact: holds([_folded(member) for member in fact] if isinstance(fact, list) else _folded(fact))


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _found(flags: int = 0) -> Operator:
    def finding(pattern: str) -> Test:
        search = re.compile(pattern, flags).search
        return lambda fact: isinstance(fact, str) and len(fact) <= MAX_SUBJECT and search(fact) is not None

    return finding


def _negated(named: Operator) -> Operator:
    return lambda operand: denied(named(operand))


OPERATORS: dict[str, Operator] = {
    "$eq": _identical,
    "$ne": _negated(_identical),
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
    "$nin": _negated(_among),
    "$ini": _among_folded,
    "$nini": _negated(_among_folded),
    "$exists": lambda wanted: lambda fact: (fact is not None) == wanted,
    "$type": lambda kind: lambda fact: kind_of(fact) == kind,
    "$regex": _found(),
    "$regexi": _found(re.IGNORECASE),
}
