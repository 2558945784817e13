"""From a row of text to a call with its arm and its facts, as a mapping says; what cannot be read is a fault."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from experiments.do.outcomes import MAX_VALUE
from experiments.do.serving import Call
from experiments.imports.faults import BadRow, Fault
from experiments.imports.mapping import (
    AttributeEntry,
    CallMapping,
    Column,
    Condition,
    ExperimentEntry,
    GivenMoment,
    MadeAgent,
    MadeId,
    OutcomeEntry,
)
from experiments.imports.moments import clock_of
from experiments.imports.reading import Row
from experiments.plan import bucketing

LONGEST_ID = 150
"""Of a call in a file: the ids made from it carry an experiment's key before it and a fact's name after it."""

_UNIT_FIELDS = {"customer": "customer_id", "team": "team"}
_CONTROL = re.compile(r"[\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A row that can be kept: its call, the arm it was given elsewhere, and its facts as `outcomes` reads them."""

    row: Row
    call: Call
    arm: str | None
    outcomes: tuple[dict[str, Any], ...]


class RowReader:
    """Reads the rows of one file by one mapping, in the file's order.

    Args:
        mapping: what the columns mean.
        sha256: the file's hash, of which made ids are made.
        replay: the experiment that the calls are sent through; a replayed call is a call of its own.
        zone: the site's.
        now: no call began later.
    """

    def __init__(self, mapping: CallMapping, sha256: str, replay: str, zone: ZoneInfo, now: datetime) -> None:
        self._mapping, self._file = mapping, sha256[:16]
        self._prefix = f"{replay}/" if replay else ""
        self._clock = clock_of(mapping.call.at, zone)
        self._earliest, self._latest = datetime(1990, 1, 1, tzinfo=zone), now

    def read(self, row: Row) -> Incoming | Fault:
        """Read one row; give its first fault when it has one."""
        if row.fault is not None:
            return row.fault
        try:
            return self._read(row)
        except BadRow as bad:
            return bad.fault

    def _read(self, row: Row) -> Incoming:
        cells, mapping = row.cells, self._mapping
        at = self._moment(cells)
        entry = mapping.call
        call = Call(
            call_id=self._prefix + self._call_id(row),
            scenario=entry.scenario if isinstance(entry.scenario, str) else _needed(cells, entry.scenario, 64),
            agent_id=self._agent(row),
            customer_id=_optional(cells, entry.customer),
            team=_optional(cells, entry.team),
            region=_optional(cells, entry.region),
            channel=_optional(cells, entry.channel),
            locale=mapping.locale,
            attributes=dict(pair for a in mapping.attribute if (pair := _attribute(cells, a)) is not None),
            at=at,
        )
        arm = _arm(cells, mapping.experiment, call) if mapping.experiment else None
        facts = (_fact(cells, rule, call, n) for n, rule in enumerate(mapping.outcome))
        return Incoming(row, call, arm, tuple(fact for fact in facts if fact is not None))

    def _moment(self, cells: Mapping[str, str]) -> datetime:
        at = self._clock.at(cells)
        if not self._earliest <= at <= self._latest:
            entry = self._mapping.call.at
            column = entry.column if isinstance(entry, GivenMoment) else entry.month
            raise BadRow(column, "date", f"{at:%Y-%m-%d %H:%M} is no moment at which a call can have begun.")
        return at

    def _call_id(self, row: Row) -> str:
        entry = self._mapping.call.id
        return f"{self._file}:{row.line}" if isinstance(entry, MadeId) else _needed(row.cells, entry, LONGEST_ID)

    def _agent(self, row: Row) -> str:
        entry = self._mapping.call.agent
        if not isinstance(entry, MadeAgent):
            return _needed(row.cells, entry, 255)
        number = bucketing.fnv32a(f"{entry.seed}:{row.line}") % entry.count + 1
        return f"agent-{number:0{len(str(entry.count))}d}"


def _arm(cells: Mapping[str, str], test: ExperimentEntry, call: Call) -> str:
    arm = _needed(cells, test.arm, 64)
    if arm not in {entry.key for entry in test.arms}:
        raise BadRow(test.arm.column, "unknown_arm", f"The experiment has no arm {arm!r}.")
    if test.unit in ("customer", "team") and call.facts().get(_UNIT_FIELDS[test.unit]) is None:
        raise BadRow("", "no_unit", f"The row names no {test.unit}, which is what was randomised.")
    return arm


def _needed(cells: Mapping[str, str], entry: Column, most: int) -> str:
    text = _optional(cells, entry, most)
    if text is None:
        raise BadRow(entry.column, "missing", "The cell is empty.")
    return text


def _optional(cells: Mapping[str, str], entry: Column | None, most: int = 255) -> str | None:
    if entry is None:
        return None
    text = _plain(cells, entry.column, most)
    if entry.values is not None and text:
        if text not in entry.values:
            raise BadRow(entry.column, "unknown_value", f"The mapping does not say what {text!r} means.")
        return entry.values[text]
    return text or None


def _plain(cells: Mapping[str, str], column: str, most: int = 255) -> str:
    text = cells[column].strip()
    if len(text) > most:
        raise BadRow(column, "too_long", f"The cell has {len(text)} characters; {most} are kept.")
    if _CONTROL.search(text):
        raise BadRow(column, "control_character", "The cell holds a control character.")
    return text


def _attribute(cells: Mapping[str, str], entry: AttributeEntry) -> tuple[str, Any] | None:
    text = _plain(cells, entry.column)
    if not text:
        return None
    return entry.key, _number(entry.column, text) if entry.type == "number" else text


def _fact(cells: Mapping[str, str], rule: OutcomeEntry, call: Call, place: int) -> dict[str, Any] | None:
    if not all(_holds(cells, condition) for condition in rule.when):
        return None
    after = rule.seconds_after if isinstance(rule.seconds_after, int) else _whole(cells, rule.seconds_after) or 0
    fact = {
        # The call and the rule's place name the fact: a row that comes twice tells nothing new.
        "id": f"{call.call_id}:{place}:{rule.type}",
        "call_id": call.call_id,
        "scenario": call.scenario,
        "type": rule.type,
        "at": call.at + timedelta(seconds=after),
    }
    value = _whole(cells, rule.value) if rule.value is not None else None
    return fact if value is None else {**fact, "value": value}


def _holds(cells: Mapping[str, str], condition: Condition) -> bool:
    text = cells[condition.column].strip()
    if condition.equals is not None:
        return text == condition.equals
    if condition.one_of is not None:
        return text in condition.one_of
    if not text:
        return False
    number = _number(condition.column, text)
    low, high = condition.at_least, condition.at_most
    return (low is None or number >= low) and (high is None or number <= high)


def _number(column: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise BadRow(column, "not_a_number", f"{text!r} is no number.") from error
    if not abs(number) <= MAX_VALUE:  # also what is no number at all
        raise BadRow(column, "out_of_range", f"{text} is not between -{MAX_VALUE} and {MAX_VALUE}.")
    return int(number) if number.is_integer() else number


def _whole(cells: Mapping[str, str], column: str) -> int | None:
    text = cells[column].strip()
    if not text:
        return None
    number = _number(column, text)
    if not isinstance(number, int):
        raise BadRow(column, "not_whole", f"{text} is not a whole number of the fact's smallest unit.")
    return number
