"""How long a yes may still be taken back, and a sale still counts."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from experiments.plan.scenarios import Metric

_DAY_SECONDS = 86_400
_DEFAULT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of a catalogue, in seconds from the moment of the assignment."""

    joined: int
    converted: int


def windows_of(session: Session, catalogue: str) -> Windows:
    """Give a catalogue's windows: of each fact that of the metric which counts it the longest."""
    days = session.execute(
        select(Metric.numerator, func.max(Metric.window_days))
        .where(Metric.catalogue == catalogue)
        .group_by(Metric.numerator)
    )
    known = dict(days.all())
    return Windows(
        joined=known.get("joined", _DEFAULT_DAYS) * _DAY_SECONDS,
        converted=max(known.get("converted", _DEFAULT_DAYS), 1) * _DAY_SECONDS,
    )
