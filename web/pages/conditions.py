"""Conditions in words: whom an audience lets in."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from web.pages import words


def audience(condition: Mapping[str, Any]) -> list[str]:
    """Say a condition in words, one line for each thing that must hold; an empty condition lets everybody in."""
    if not condition:
        return [_("Every call of the scenario")]
    return [_held(key, value) for key, value in condition.items()]


def _held(key: str, value: Any) -> str:
    asked = fact(key)
    if key == "$or" and isinstance(value, list) and all(map(audience, value)):
        return _(" — or: ").join("; ".join(audience(each)) for each in value)
    if key.startswith("$") or (isinstance(value, Mapping) and not _operators().keys() >= value.keys()):
        return _("A combined condition: see its exact form")
    if not isinstance(value, Mapping):
        return _("%(fact)s is %(values)s", fact=asked, values=value_named(value))
    told = [_operators()[name] % {"fact": asked, "values": _values(operand)} for name, operand in value.items()]
    return "; ".join(told)


def _operators() -> dict[str, str]:
    return {
        "$in": _("%(fact)s is one of %(values)s"),
        "$nin": _("%(fact)s is none of %(values)s"),
        "$eq": _("%(fact)s is %(values)s"),
        "$ne": _("%(fact)s is not %(values)s"),
        "$gt": _("%(fact)s is above %(values)s"),
        "$gte": _("%(fact)s is at least %(values)s"),
        "$lt": _("%(fact)s is below %(values)s"),
        "$lte": _("%(fact)s is at most %(values)s"),
    }


def fact(key: str) -> str:
    """Name a fact that audiences ask; one that is a centre's own goes by its key."""
    return {
        "caller_relation": _("Caller's relation to the policy"),
        "region": _("Region"),
        "channel": _("Channel"),
        "team": _("Team"),
        "brand": _("Brand"),
        "segment": _("Segment"),
    }.get(key, key)


def _values(operand: Any) -> str:
    return words.listed(map(value_named, operand)) if isinstance(operand, list) else value_named(operand)


def value_named(value: Any) -> str:
    """Name a value that audiences ask for; one that is a centre's own stands as it is."""
    return {"self": _("policyholder"), "spouse": _("spouse"), "relative": _("relative")}.get(value, str(value))
