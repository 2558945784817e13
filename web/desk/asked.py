"""Reading what the desk is opened with: a call in an address's query or in a form, each field judged by itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from werkzeug.datastructures import MultiDict

from experiments.do.attribution import CLOCK_SKEW
from experiments.do.outcomes import Moment
from experiments.do.snapshot import Snapshot
from experiments.errors import Problem, problems_in
from experiments.wording import Message
from web.api.schemas.calls import AssignmentRequest
from web.desk.fields import Asked as Attribute, fields_of

NAMED = ("call_id", "scenario", "customer_id", "team", "region", "channel", "locale")
"""What the desk is told by name; all else that stands in an address is an attribute of the call."""
OWN = ("resolved_at", "preview", "csrf_token")
"""What is for the desk itself."""

_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
_PLUS_GONE = re.compile(r"(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?) (\d\d:?\d\d)$")
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Opened:
    """A call as it was told: `values` as they were written, the request when it is whole and right, or the problems."""

    values: Mapping[str, str]
    request: AssignmentRequest | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def preview(self) -> bool:
        """Say whether the call is only looked at."""
        return bool(self.values.get("preview"))


def read(told: "MultiDict[str, str]", snapshot: Snapshot, *, agent: str, locale: str, now: datetime) -> Opened:
    """Read a call.

    Args:
        told: the query or the form; a field left empty counts as not told.
        snapshot: what is in force, which knows the scenarios and what they ask.
        agent: who takes the call.
        locale: the language of the words where none is told.
        now: this moment, UTC.
    """
    values = {name: value.strip() for name, value in told.items() if value.strip()}
    twice = [name for name in told if len(told.getlist(name)) > 1]
    problems = [Problem(name, "twice", Message("This is given twice: give it once.")) for name in twice]
    attributes, more = _attributes(values, snapshot)
    named = {name: values[name] for name in NAMED if name in values}
    problems += more
    problems += _unknown_scenario(named.get("scenario"), snapshot)
    if "resolved_at" in values:
        values["resolved_at"], faults = _resolved_at(values["resolved_at"], now)
        problems += faults
    request = None
    try:
        request = AssignmentRequest(**{"locale": locale, **named, "agent_id": agent, "attributes": attributes})
    except ValidationError as error:
        known = {problem.field for problem in problems}
        problems += [problem for problem in map(_renamed, problems_in(error)) if problem.field not in known]
    return Opened(values, None if problems else request, tuple(problems))


def _renamed(problem: Problem) -> Problem:
    name = problem.field.removeprefix("attributes.").partition(".")[0]
    return Problem(name, problem.code, problem.message)


def _unknown_scenario(key: str | None, snapshot: Snapshot) -> list[Problem]:
    if key is None or key in snapshot.scenarios:
        return []
    message = Message("There is no scenario %(scenario)s that takes calls.", {"scenario": key})
    return [Problem("scenario", "unknown", message)]


def _resolved_at(written: str, now: datetime) -> tuple[str, list[Problem]]:
    """Read when the service part ended; a moment that can be used comes back as every reader of it understands it."""
    try:
        # In a query a plus that nobody escaped has become a space.
        moment = _MOMENT.validate_python(_PLUS_GONE.sub(r"\1+\2", written))
    except ValidationError as error:
        found = problems_in(error)[0]
        return written, [Problem("resolved_at", found.code, found.message)]
    if moment > now + CLOCK_SKEW:
        return written, [Problem("resolved_at", "future", Message("The moment lies in the future."))]
    return moment.isoformat(), []


def _attributes(values: Mapping[str, str], snapshot: Snapshot) -> tuple[dict[str, Any], list[Problem]]:
    served = snapshot.scenarios.get(values.get("scenario", ""))
    known = fields_of(served.traffic) if served is not None else {}
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, written in values.items():
        if name in NAMED or name in OWN:
            continue
        try:
            found[name] = _value(known.get(name), written)
        except ValueError as error:
            problems.append(Problem(name, "value", Message(str(error))))
    return found, problems


def _value(attribute: Attribute | None, written: str) -> Any:
    """Read an attribute as its scenario's conditions compare it.

    Raises:
        ValueError: it is written otherwise.
    """
    kind = attribute.kind if attribute is not None else "text"
    if kind == "flag":
        if written.lower() not in _FLAGS:
            raise ValueError("Give true or false.")
        return _FLAGS[written.lower()]
    if kind == "number":
        if not re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,9})?", written, re.ASCII):
            raise ValueError("Give a number.")
        return float(written) if "." in written else int(written)
    return written
