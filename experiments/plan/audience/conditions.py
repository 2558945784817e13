"""A condition, prepared once into a question that a call's facts are asked: names are looked up and patterns read here.

What was never checked is refused when a call reaches it and not before, so that it stops no other.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from experiments.plan.audience.operators import OPERATORS, Operator, alike, denied
from experiments.plan.audience.patterns import BadCondition
from experiments.plan.audience.values import Test
from experiments.wording import sentence

UNKNOWN_OPERATOR = sentence("Unknown operator %(operator)s.")

Condition = Mapping[str, Any]
Facts = Mapping[str, Any]


def matches(condition: Condition, facts: Facts) -> bool:
    """Whether the facts satisfy every entry of the condition; who asks often prepares it by `compiled`.

    Args:
        condition: One that `checking.check_condition` accepts; the empty condition lets everybody in.
        facts: JSON values by name; nested objects are reached by dotted paths.

    Raises:
        BadCondition: An unknown operator was reached: the condition was never checked.
    """
    return compiled(condition)(facts)


def compiled(condition: Condition) -> Test:
    """Prepare a condition: the question that `matches` asks of facts, for as often as one likes."""
    return _every([_entry(key, value) for key, value in condition.items()])


def is_operators(value: Any) -> bool:
    """Say whether a value is an object of operators, and no literal."""
    return isinstance(value, Mapping) and all(key.startswith("$") for key in value)


def is_about_value(condition: Condition) -> bool:
    """Say whether ``$elemMatch`` asks the element itself, and not its fields.

    On an element ``$not`` denies a value, as after a path; the other three hold conditions on the element's fields.
    """
    return is_operators(condition) and not {"$and", "$or", "$nor"} & condition.keys()


def _entry(key: str, value: Any) -> Test:
    try:
        logic = LOGIC.get(key)
        return logic(value) if logic else _at(key, _value(value))
    except (AttributeError, TypeError, re.error) as fault:
        text = sentence("%(where)s cannot take %(value)s: %(why)s.")
        return _refusing(text, where=key, value=repr(value), why=str(fault))


def _refusing(text: str, **values: Any) -> Test:
    def refuse(_facts: Any) -> bool:
        raise BadCondition(text, **values)

    return refuse


def _every(tests: Sequence[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def holds(value: Any) -> bool:
        for test in tests:  # noqa: SIM110 - all() of a generator takes twice the time
            if not test(value):
                return False
        return True

    return holds


def _some(conditions: Sequence[Condition]) -> Test:
    tests = [compiled(condition) for condition in conditions]
    # The published suite lets everybody pass an empty $or.
    return lambda facts: not tests or any(test(facts) for test in tests)


LOGIC: dict[str, Operator] = {
    "$and": lambda conditions: _every([compiled(condition) for condition in conditions]),
    "$or": _some,
    "$nor": lambda conditions: denied(_some(conditions)),
    "$not": lambda condition: denied(compiled(condition)),
}
"""What stands beside paths, and takes conditions."""


# Of one value --------------------------------------------------------------------------------------------------------


def _value(expected: Any, *, fold: bool = False) -> Test:
    if not is_operators(expected):
        return alike(expected, fold=fold)
    return _every([_operator(name, operand) for name, operand in expected.items()])


def _operator(name: str, operand: Any) -> Test:
    prepare = OPERATORS.get(name) or NESTING.get(name)
    return prepare(operand) if prepare else _refusing(UNKNOWN_OPERATOR, operator=name)


def _has_all(values: Sequence[Any], *, fold: bool = False) -> Test:
    tests = [_value(value, fold=fold) for value in values]
    return lambda fact: isinstance(fact, list) and all(any(map(test, fact)) for test in tests)


def _has_element(condition: Condition) -> Test:
    test = _value(condition) if is_about_value(condition) else compiled(condition)
    return lambda fact: isinstance(fact, list) and any(test(member) for member in fact if member is not None)


def _has_size(expected: Any) -> Test:
    test = _value(expected)
    return lambda fact: isinstance(fact, list) and test(len(fact))


NESTING: dict[str, Operator] = {
    "$all": _has_all,
    "$alli": lambda values: _has_all(values, fold=True),
    "$elemMatch": _has_element,
    "$size": _has_size,
    "$not": lambda expected: denied(_value(expected)),
}
"""Operators whose operand may hold operators again."""


# Of what lies at a path ----------------------------------------------------------------------------------------------


def _at(path: str, test: Test) -> Test:
    name, *deeper = path.split(".")
    if deeper:
        return _step(name, _at(".".join(deeper), test))
    return _step(name, test)


def _step(name: str, test: Test) -> Test:
    index = _index(name)

    def holds(facts: Any) -> bool:
        if type(facts) is dict or isinstance(facts, Mapping):
            return test(facts.get(name))
        return test(index(facts) if isinstance(facts, list) else None)

    return holds


def _index(name: str) -> Callable[[list[Any]], Any]:
    if name == "length":
        return len
    # As in JavaScript only the canonical index is a key: "0" and "10" are, "00" and "-1" are not.
    if not re.fullmatch("0|[1-9][0-9]{0,8}", name):
        return lambda _items: None
    place = int(name)
    return lambda items: items[place] if place < len(items) else None
