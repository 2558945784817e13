"""The site's own days and shifts: when a call happened as the floor would say it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo


class _Half(NamedTuple):
    """A stretch of time that lies within one half of one of the site's days; both ends belong to it."""

    first: datetime
    last: datetime
    day: int
    name: str


_NEVER = _Half(datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), 0, "")


@dataclass(frozen=True, slots=True)
class SiteCalendar:
    """A time zone, the moment at which the morning shift ends, and the one at which the first shift begins.

    It remembers the quarter of an hour it was last asked about: calls come one after the other.
    """

    timezone: ZoneInfo
    noon: time = time(12, 0)
    first_shift: time = time(8, 0)
    _asked: list[_Half] = field(default_factory=lambda: [_NEVER], init=False, repr=False, compare=False)

    def local(self, at: datetime) -> datetime:
        """Give a UTC moment as the site's wall clock shows it."""
        return at.astimezone(self.timezone)

    def day(self, at: datetime) -> int:
        """Give the site-local date of a UTC moment as an integer, 2026-11-21 being 20261121."""
        return self._half(at).day

    def shift(self, agent_id: str, at: datetime) -> str:
        """Name the agent-shift a moment falls into: `agent_id|YYYY-MM-DD|am` or `pm`."""
        return f"{agent_id}|{self._half(at).name}"

    def before_first_shift(self, at: datetime) -> bool:
        """Say whether the first shift of the site-local day is still to come at a UTC moment."""
        return self.local(at).time() < self.first_shift

    def start_of(self, day: int) -> datetime:
        """Give the UTC moment at which a site-local day begins."""
        return datetime.combine(as_date(day), time(0), tzinfo=self.timezone).astimezone(UTC)

    def _half(self, at: datetime) -> _Half:
        known = self._asked[0]
        if not known.first <= at <= known.last:
            known = self._quarter(at.astimezone(UTC))
            self._asked[0] = known
        return known

    def _quarter(self, at: datetime) -> _Half:
        """Give the quarter of an hour around a UTC moment, or the moment alone where something changes within it."""
        first = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
        last = first + timedelta(minutes=15) - datetime.resolution
        # No time zone was ever changed twice within a quarter of an hour: the same offset at both ends is one offset.
        local, until = self.local(first), self.local(last)
        named = self._named(local)
        if local.utcoffset() == until.utcoffset() and named == self._named(until):
            return _Half(first, last, *named)
        return _Half(at, at, *self._named(self.local(at)))

    def _named(self, local: datetime) -> tuple[int, str]:
        return day_number(local.date()), f"{local.date().isoformat()}|{'am' if local.time() < self.noon else 'pm'}"


def week_of(agent_shift: str) -> str:
    """Name the agent-week that an agent-shift lies in: `agent_id|2026-W48`, by ISO's weeks, which begin on Mondays."""
    agent_id, day, _ = agent_shift.rsplit("|", 2)
    year, week, _ = date.fromisoformat(day).isocalendar()
    return f"{agent_id}|{year}-W{week:02}"


def day_number(day: date) -> int:
    """Write a date as the integer YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day


def as_date(day: int) -> date:
    """Read the integer YYYYMMDD as a date."""
    return date(day // 10_000, day // 100 % 100, day % 100)


def weekdays_after(day: int, until: int) -> int:
    """Count the Mondays to Fridays after a day, up to another one; public holidays are not known here."""
    first, days = as_date(day), max(0, (as_date(until) - as_date(day)).days)
    weeks, rest = divmod(days, 7)
    return 5 * weeks + sum((first.weekday() + step) % 7 < 5 for step in range(1, rest + 1))


def days_before(day: int, days: int) -> int:
    """Give the day that lies `days` before, both as YYYYMMDD."""
    return day_number(as_date(day) - timedelta(days=days))
