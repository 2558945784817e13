"""How what waits in the spool is written there, and read again."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from experiments.do.journal import Record
from experiments.do.telling import Fact, Told

CALL, FACTS, NOTES = "call", "facts", "notes"
"""What waits: the answer to a call, a batch of facts, or what is noted beside calls."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def call_written(record: Record) -> str:
    """Write an answer down."""
    return _encode([record.id.hex, *record[1:4], record.at.isoformat(), *record[5:]])


def call_read(body: str) -> Record:
    """Read an answer."""
    id_, call_id, scenario_id, origin, at, *rest = json.loads(body)
    return Record(UUID(id_), call_id, scenario_id, origin, datetime.fromisoformat(at), *rest)


def facts_written(facts: Sequence[tuple[int, Fact]]) -> str:
    """Write a batch down, without its places: its sender was answered."""
    return _encode([[*f[:7], f.at.isoformat(), f.received_at.isoformat(), *f[9:]] for _, f in facts])


def facts_read(body: str) -> Told:
    """Read a batch."""
    rows = json.loads(body)
    facts = [Fact(*row[:7], *map(datetime.fromisoformat, row[7:9]), *row[9:]) for row in rows]
    return Told(list(enumerate(facts)), [])
