"""Which facts a condition reads, and the least of a call's facts from which it comes out the same."""

from collections.abc import Callable, Mapping
from typing import Any

from experiments.plan.audience.conditions import LOGIC, Condition, Facts

Keep = Callable[[Facts], dict[str, Any]]
"""Gives of a call's facts those that are read."""

_Tree = dict[str, "_Tree | None"]
"""Names that are read, each with what is read within it; None keeps it whole."""


def facts_used(condition: Condition) -> frozenset[str]:
    """The dotted paths of the facts a condition reads; inside ``$elemMatch`` paths belong to the element."""
    used: set[str] = set()
    for key, value in condition.items():
        if key == "$not":
            used |= facts_used(value)
        elif key in LOGIC:
            used |= frozenset().union(*map(facts_used, value))
        else:
            used.add(key)
    return frozenset(used)


def facts_kept(condition: Condition, facts: Facts) -> dict[str, Any]:
    """The least facts from which the condition comes out the same: only the paths it reads, nested as they were.

    A value is kept whole where a path enters a list; a missing fact stays missing.
    """
    return keeping(facts_used(condition))(facts)


def keeping(paths: frozenset[str]) -> Keep:
    """Prepare `facts_kept` for the paths that are read."""
    tree: _Tree = {}
    # Shorter paths first, so that "account" is kept whole even if "account.plan" is read as well.
    for path in sorted(paths, key=len):
        _plant(tree, path.split("."))
    if any(inner is not None for inner in tree.values()):
        return lambda facts: _within(tree, facts)
    names = tuple(tree)

    def kept(facts: Facts) -> dict[str, Any]:
        found = {}
        for name in names:
            if name in facts:
                found[name] = facts[name]
        return found

    return kept


def _plant(tree: _Tree, segments: list[str]) -> None:
    name, *rest = segments
    if not rest:
        tree[name] = None
    else:
        inner = tree.setdefault(name, {})
        if inner is not None:
            _plant(inner, rest)


def _within(tree: _Tree, facts: Facts) -> dict[str, Any]:
    return {name: _part(inner, facts[name]) for name, inner in tree.items() if name in facts}


def _part(inner: _Tree | None, value: Any) -> Any:
    return _within(inner, value) if inner is not None and isinstance(value, Mapping) else value
