"""The site's own days and shifts: when a call happened as the floor would say it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class SiteCalendar:
    """A time zone, and the moment at which the morning shift ends."""

    timezone: ZoneInfo
    noon: time = time(12, 0)

    def local(self, at: datetime) -> datetime:
        """Give a UTC moment as the site's wall clock shows it."""
        return at.astimezone(self.timezone)

    def day(self, at: datetime) -> int:
        """Give the site-local date of a UTC moment as an integer, 2026-11-21 being 20261121."""
        return day_number(self.local(at).date())

    def shift(self, agent_id: str, at: datetime) -> str:
        """Name the agent-shift a moment falls into: `agent_id|YYYY-MM-DD|am` or `pm`."""
        local = self.local(at)
        return f"{agent_id}|{local.date().isoformat()}|{'am' if local.time() < self.noon else 'pm'}"

    def start_of(self, day: int) -> datetime:
        """Give the UTC moment at which a site-local day begins."""
        return datetime.combine(as_date(day), time(0), tzinfo=self.timezone).astimezone(UTC)


def day_number(day: date) -> int:
    """Write a date as the integer YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day


def as_date(day: int) -> date:
    """Read the integer YYYYMMDD as a date."""
    return date(day // 10_000, day // 100 % 100, day % 100)


def days_before(day: int, days: int) -> int:
    """Give the day that lies `days` before, both as YYYYMMDD."""
    return day_number(as_date(day) - timedelta(days=days))
