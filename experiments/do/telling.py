"""Reading what a system tells: each row judged by itself, and made ready to be kept. No database is asked here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple

from pydantic import ValidationError

from experiments.do.locally import report_of, reports_of
from experiments.do.outcomes import TAKES_BACK, Detail, OutcomeReport
from experiments.do.pseudonyms import Pseudonyms
from experiments.errors import problems_in
from experiments.store import canonical, new_ids
from experiments.wording import Message


class Fact(NamedTuple):
    """One row as it is kept, in the order of the table's columns, but for whose it is.

    `id` is 32 hex digits, `detail` canonical JSON.
    """

    id: str
    source: str
    outside_id: str
    call_id: str | None
    customer_hash: str | None
    scenario_id: int | None
    type: str
    at: datetime
    received_at: datetime
    value: int | None
    target_channel: str | None
    taken_back: str | None
    detail: str

    @property
    def payload(self) -> tuple[Any, ...]:
        """Give what the sender said: one moment is one payload, whichever zone it is told in."""
        customer = self.customer_hash if self.call_id is None else None
        return self.call_id, customer, self.scenario_id, *self[6:8], *self[9:]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was not kept, and why."""

    index: int
    id: str | None
    code: str
    message: Message


@dataclass(frozen=True, slots=True)
class Told:
    """A batch that was read: the facts with their places in it, and what could not be read."""

    facts: Sequence[tuple[int, Fact]]
    rejected: Sequence[Rejection]


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells, and when it arrived.

    `scenarios` are ids by key; ids of facts are unique within the source.
    """

    source: str
    scenarios: Mapping[str, int]
    pseudonyms: Pseudonyms
    now: datetime


def read(teller: Teller, rows: Sequence[Any], first: int = 0) -> Told:
    """Read rows as `OutcomeReport` has them.

    Args:
        teller: whose rows they are.
        rows: plain JSON values.
        first: the place of the first of them in its batch.
    """
    facts: list[tuple[int, Fact]] = []
    rejected: list[Rejection] = []
    ids = new_ids(teller.now, len(rows))
    for index, id_, raw, report in zip(count(first), ids, rows, _reports(rows), strict=False):
        if isinstance(report, ValidationError):
            rejected.append(_unreadable(index, raw, report))
            continue
        if report.scenario is not None and report.scenario not in teller.scenarios:
            message = Message("There is no scenario %(scenario)s.", {"scenario": report.scenario})
            rejected.append(Rejection(index, report.id, "unknown_scenario", message))
            continue
        facts.append((index, _fact(teller, id_, report)))
    return Told(facts, rejected)


def _reports(rows: Sequence[Any]) -> Iterable[OutcomeReport | ValidationError]:
    """Read each row, at once where all are good."""
    try:
        return reports_of(rows)
    except ValidationError:
        return map(_report, rows)


def _report(raw: Any) -> OutcomeReport | ValidationError:
    try:
        return report_of(raw)
    except ValidationError as error:
        return error


def _fact(teller: Teller, id_: str, report: OutcomeReport) -> Fact:
    detail, kind, customer = report.detail, report.type, report.customer_id
    return Fact(
        id_,
        teller.source,
        report.id,
        report.call_id,
        None if customer is None else teller.pseudonyms.of("customer", customer),
        None if report.scenario is None else teller.scenarios[report.scenario],
        kind.value,
        report.at.astimezone(UTC),
        teller.now,
        report.value,
        report.target_channel,
        (detail or Detail()).of if kind in TAKES_BACK else None,
        "{}" if detail is None else canonical(detail.model_dump(mode="json")),
    )


def _unreadable(index: int, raw: Any, error: ValidationError) -> Rejection:
    first = problems_in(error)[0]
    given = raw.get("id") if isinstance(raw, Mapping) else None
    message = Message("%(field)s: %(why)s", {"field": first.field, "why": first.message})
    return Rejection(index, given if isinstance(given, str) else None, "invalid", message)
