"""Conversions maturing: how many calls of each day are old enough for the metric that takes the longest."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from experiments.calendar import as_date, day_number
from experiments.check import history
from experiments.check.metrics import denominator_of, measures_of
from experiments.check.reading import matured
from experiments.plan.designs import Experiment


@dataclass(frozen=True, slots=True)
class MaturingDay:
    """The calls of one day of assignment, all arms together: so this says nothing of the effect.

    Attributes:
        day: YYYYMMDD.
        calls: Those that the metric is over.
        counted: Of them what the metric counts, so far.
        closed: Whether its window has closed for all of them.
    """

    day: int
    calls: int
    counted: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Maturing:
    """A metric with a window; `done` is the day (YYYYMMDD) on which the window of the last call so far has closed."""

    metric: str
    window_days: int
    days: tuple[MaturingDay, ...]
    done: int

    @property
    def calls(self) -> int:
        """Count all calls."""
        return sum(day.calls for day in self.days)

    @property
    def closed(self) -> int:
        """Count the calls that are old enough."""
        return sum(day.calls for day in self.days if day.closed)


def maturing_of(session: Session, experiment: Experiment, *, today: int) -> Maturing | None:
    """Read how far the planned metric with the longest window has matured; None without one, or without calls.

    Args:
        session: to read the rollup with.
        experiment: the test.
        today: the site-local day, YYYYMMDD.
    """
    windowed = [spec for spec in history.specs_of(session, experiment).values() if spec.window_days]
    if not windowed:
        return None
    spec = max(windowed, key=lambda each: each.window_days)
    until, dealt = matured(spec, today), [arm.key for arm in experiment.dealt]
    days = []
    for day, arms in history.daily_totals(session, experiment, measures_of(spec), until=today).items():
        known = [arms[arm] for arm in dealt if arm in arms]
        calls, counted = sum(denominator_of(spec, each) for each in known), sum(each[spec.numerator] for each in known)
        days.append(MaturingDay(day, calls, counted, day <= until))
    if not any(day.calls for day in days):
        return None
    done = day_number(as_date(days[-1].day) + timedelta(days=spec.window_days + 1))
    return Maturing(spec.key, spec.window_days, tuple(days), done)
