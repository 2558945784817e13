"""What is noted beside calls that were assigned: disagreements, and customers whose other days have to be counted anew.

All of it may be noted again without changing anything, so that whoever was interrupted begins from the start.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from experiments.do import days, discrepancies
from experiments.do.discrepancies import Found, Kind
from experiments.do.journal import Record, days_of_customers
from experiments.store import canonical, new_id

SPOOL = "spool"
"""The source of what was answered while the database was away; its ids are those of the answers."""


class Notes(NamedTuple):
    """What is to be noted: disagreements, and customers' hashes."""

    found: Sequence[Found]
    customers: Sequence[str]


def keep(session: Session, notes: Notes) -> None:
    """Keep disagreements and mark the customers' days within a writing session."""
    discrepancies.keep(session, notes.found)
    days.mark(session, days_of_customers(session, notes.customers))


def customers_of(standing: Iterable[Record]) -> list[str]:
    """Give the customers who are in a test by these calls: a call that came late may not be its customer's newest."""
    return sorted({r.customer_hash for r in standing if r.unit_kind == "customer" and r.customer_hash is not None})


def of_spooled(spooled: Sequence[Record], standing: Sequence[Record]) -> Notes:
    """Compare answers of while the database was away with those that now stand for their calls."""
    lost = [_lost(s, k) for s, k in zip(spooled, standing, strict=True) if s.id != k.id and _served(s) != _served(k)]
    return Notes(lost, customers_of(standing))


def written(notes: Notes) -> str:
    """Write notes down for the spool."""
    found = [[f.id.hex, *f[1:8], f.at.isoformat(), f.received_at.isoformat(), *f[10:]] for f in notes.found]
    return json.dumps([found, list(notes.customers)], ensure_ascii=False, separators=(",", ":"))


def read(body: str) -> Notes:
    """Read notes again."""
    found, customers = json.loads(body)
    return Notes([Found(UUID(f[0]), *f[1:8], *map(datetime.fromisoformat, f[8:10]), *f[10:]) for f in found], customers)


def _served(record: Record) -> tuple[int | None, str, int]:
    return record.experiment_id, record.arm, record.script_version_id


def _lost(spooled: Record, standing: Record) -> Found:
    return Found(
        new_id(spooled.at),
        Kind.TOLD_TWICE.value,
        SPOOL,
        spooled.id.hex,
        spooled.call_id,
        spooled.scenario_id,
        standing.experiment_id or spooled.experiment_id,
        standing.day,
        spooled.at,
        spooled.at,
        canonical(_said(spooled)),
        canonical(_said(standing) | {"assignment_id": str(standing.id)}),
    )


def _said(record: Record) -> dict[str, Any]:
    return {
        "experiment_id": record.experiment_id,
        "arm": record.arm or None,
        "script_version_id": record.script_version_id,
        "traffic_revision": record.traffic_revision,
    }
