"""Days whose facts changed, so that the rollup knows what to build again.

Marks are appended, never merged: a mark that a rollup did not see stays for the next one, whatever overlaps.
"""

from collections.abc import Iterable

from sqlalchemy import BigInteger, ForeignKey, Integer
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments.store import Base, table_of


class DirtyDay(Base):
    """Something happened to the calls of one scenario on one site-local day (YYYYMMDD)."""

    __tablename__ = "dirty_day"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    scenario_id: Mapped[int] = mapped_column(ForeignKey("scenario.id"))
    day: Mapped[int]


def mark(session: Session, days: Iterable[tuple[int, int]]) -> None:
    """Mark (scenario id, day) pairs, each once."""
    rows = [{"scenario_id": scenario_id, "day": day} for scenario_id, day in sorted(set(days))]
    if rows:
        session.execute(table_of(DirtyDay).insert(), rows)
