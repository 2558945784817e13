"""What the watch of tests last said, so that boards and pages which many look at read it once for all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from experiments import audit
from experiments.check import history
from experiments.check.results import Watch
from experiments.plan.designs import Experiment

MOST_AGE = timedelta(minutes=1)
"""The rollup, of which a watch is read, is built as often."""


@dataclass(frozen=True, slots=True)
class _Kept:
    mark: tuple[object, ...]
    at: datetime
    watch: Watch


class Watches:
    """Keeps what was seen of each experiment while its rollup, the day and the audit log are the same."""

    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}

    def of(
        self, session: Session, experiment: Experiment, today: int, now: datetime, see: Callable[[Experiment], Watch]
    ) -> Watch:
        """Give the watch of an experiment now; `see` reads it where it is not known.

        Args:
            session: to read with.
            experiment: which.
            today: the site-local day, YYYYMMDD.
            now: when, UTC.
            see: reads the watch.
        """
        mark = (today, audit.newest(session), history.marks(session, [experiment.id]).get(experiment.id))
        kept = self._kept.get(experiment.id)
        if kept is None or kept.mark != mark or not timedelta(0) <= now - kept.at < MOST_AGE:
            kept = self._kept[experiment.id] = _Kept(mark, now, see(experiment))
        return kept.watch
