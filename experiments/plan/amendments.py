"""Amendments: what was changed about a test while it ran. The registered plan stays; what is in force is both."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from experiments.store import KEY, Base, CanonicalJson, UtcDateTime


class Amendment(Base):
    """One change of a test that runs, appended: an arm was dropped, or more calls were let in.

    `coverage` and `audience` are what is in force from then on; `revision` is the traffic revision that brought it, and
    `day` the site-local day (YYYYMMDD).
    """

    __tablename__ = "amendment"
    __table_args__ = (
        UniqueConstraint("experiment_id", "arm"),
        CheckConstraint("kind IN ('drop_arm', 'widen')", name="kind"),
        CheckConstraint("(kind = 'drop_arm') = (arm IS NOT NULL)", name="arm"),
        CheckConstraint("coverage > 0 AND coverage <= 10000", name="coverage"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"))
    kind: Mapped[str] = mapped_column(KEY)
    arm: Mapped[str | None] = mapped_column(KEY)
    coverage: Mapped[int]
    audience: Mapped[Any] = mapped_column(CanonicalJson)
    reason: Mapped[str]
    revision: Mapped[int]
    day: Mapped[int]
    made_by: Mapped[str] = mapped_column(KEY)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


def dropped(amendments: Sequence[Amendment]) -> frozenset[str]:
    """Name the arms that are dealt no longer."""
    return frozenset(each.arm for each in amendments if each.arm is not None)
