"""When a call began: read from a column, or made from the order of the rows."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from experiments.imports.faults import BadRow
from experiments.imports.mapping import CallMoment, GivenMoment, MadeMoment

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Clock(Protocol):
    """Tells when the call of a row began; rows are asked in the file's order, each once."""

    def at(self, cells: Mapping[str, str]) -> datetime:
        """Give the moment, UTC.

        Raises:
            BadRow: the row does not say.
        """


def clock_of(entry: CallMoment, zone: ZoneInfo) -> Clock:
    """Make the clock that a mapping asks for."""
    return _Written(entry, zone) if isinstance(entry, GivenMoment) else _RowOrder(entry, zone)


class _Written:
    def __init__(self, entry: GivenMoment, zone: ZoneInfo) -> None:
        self._entry, self._zone = entry, zone

    def at(self, cells: Mapping[str, str]) -> datetime:
        text = cells[self._entry.column].strip()
        try:
            moment = datetime.strptime(text, self._entry.format)  # noqa: DTZ007 - the zone is the site's, put on below
        except ValueError as error:
            raise BadRow(self._entry.column, "date", f"{text!r} is no date like {self._entry.format}.") from error
        return (moment if moment.tzinfo else moment.replace(tzinfo=self._zone)).astimezone(UTC)


class _RowOrder:
    """Keeps the last row's date, and how many calls that day has had."""

    def __init__(self, entry: MadeMoment, zone: ZoneInfo) -> None:
        self._entry, self._zone = entry, zone
        self._day: date | None = None
        self._calls = 0

    def at(self, cells: Mapping[str, str]) -> datetime:
        month = _place(cells, self._entry.month, _MONTHS) + 1
        weekday = _place(cells, self._entry.weekday, _WEEKDAYS)
        day = _next_day(self._day, month, weekday, self._entry.first_year)
        self._calls = self._calls + 1 if day == self._day else 0
        self._day = day
        opens = datetime.combine(day, self._entry.opens)
        open_for = int((datetime.combine(day, self._entry.closes) - opens).total_seconds())
        moment = opens + timedelta(seconds=self._calls * self._entry.every_seconds % open_for)
        return moment.replace(tzinfo=self._zone).astimezone(UTC)


def _place(cells: Mapping[str, str], column: str, names: tuple[str, ...]) -> int:
    text = cells[column].strip()
    name = text.lower()[:3]
    if name in names:
        return names.index(name)
    if text.isdecimal() and 1 <= int(text) <= len(names):
        return int(text) - 1
    raise BadRow(column, "date", f"{text!r} is none of {', '.join(names)}.")


def _next_day(before: date | None, month: int, weekday: int, first_year: int) -> date:
    """Give the next day of the month with this weekday: the day before itself when it has it already."""
    if before is None:
        return _first(date(first_year, month, 1), weekday)
    if month != before.month:
        return _first(date(before.year + (month < before.month), month, 1), weekday)
    found = _first(before, weekday)
    return found if found.month == month else _last(before, weekday)


def _first(since: date, weekday: int) -> date:
    return since + timedelta(days=(weekday - since.weekday()) % 7)


def _last(within: date, weekday: int) -> date:
    end = within.replace(day=monthrange(within.year, within.month)[1])
    return end - timedelta(days=(end.weekday() - weekday) % 7)
