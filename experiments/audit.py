"""Who changed what, when and why: one append-only chain in which each row's hash covers the row before it.

Triggers refuse UPDATE and DELETE; `verify` finds an edit, a removal or a reordering at its row.
"""

import hashlib
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments.store import Base, CanonicalJson, UtcDateTime, canonical, single_file

GENESIS = "0" * 64


class AuditEntry(Base):
    """One act: `actor` did `verb` to `subject`."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(64))
    verb: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(160), index=True)
    detail: Mapped[Any] = mapped_column(CanonicalJson)
    previous_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What `verify` found: how many rows hold, and the first that does not (None: all hold)."""

    entries: int
    broken_at: int | None
    head: str


def record(session: Session, *, actor: str, verb: str, subject: str, now: datetime, **detail: Any) -> AuditEntry:
    """Append one act to the chain, in the transaction of the act itself."""
    single_file(session, "audit")
    previous = session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)) or GENESIS
    entry = AuditEntry(at=now, actor=actor, verb=verb, subject=subject, detail=detail, previous_hash=previous)
    entry.hash = _hash_of(entry)
    session.add(entry)
    session.flush()
    return entry


def newest(session: Session) -> int:
    """Give the id of the last act; 0 before the first."""
    return session.scalar(select(func.max(AuditEntry.id))) or 0


def verify(session: Session) -> ChainReport:
    """Walk the whole chain and recompute every hash."""
    count, previous = 0, GENESIS
    with closing(session.scalars(select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=1000))) as rows:
        for entry in rows:
            if entry.previous_hash != previous or entry.hash != _hash_of(entry):
                return ChainReport(count, entry.id, previous)
            count, previous = count + 1, entry.hash
    return ChainReport(count, None, previous)


def _hash_of(entry: AuditEntry) -> str:
    content = [
        entry.previous_hash,
        entry.at.isoformat(timespec="microseconds"),
        entry.actor,
        entry.verb,
        entry.subject,
        entry.detail,
    ]
    return hashlib.sha256(canonical(content).encode()).hexdigest()
