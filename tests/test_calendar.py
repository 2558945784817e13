"""The site's days: what the calendar remembers is what it would work out."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import ValidationError

from configs.settings import Settings
from experiments.calendar import SiteCalendar

# Zones in which something unusual happens to a day, and where its two halves meet.
ZONES = [
    ("Asia/Shanghai", time(12)),  # nothing since 1991
    ("Europe/Lisbon", time(1, 30)),  # an hour of the night comes twice a year
    ("America/Sao_Paulo", time(0, 30)),  # summer began at midnight, so that some days have no first hour
    ("America/St_Johns", time(0, 1)),  # the clock was changed at one minute past midnight
    ("Australia/Lord_Howe", time(1, 45)),  # summer is half an hour
    ("Asia/Kathmandu", time(12)),  # a quarter of an hour from everybody else
    ("Africa/Monrovia", time(0, 20)),  # seconds from everybody else, until 1972
    ("Pacific/Apia", time(23, 59)),  # had no 30 December 2011
    ("Europe/Dublin", time(2, 55)),  # in 1916 the clock was put back within a quarter of an hour
]


def plain_day(calendar: SiteCalendar, at: datetime) -> int:
    local = at.astimezone(calendar.timezone)
    return local.year * 10_000 + local.month * 100 + local.day


def plain_shift(calendar: SiteCalendar, at: datetime) -> str:
    local = at.astimezone(calendar.timezone)
    return f"agent-1|{local:%Y-%m-%d}|{'am' if local.time() < calendar.noon else 'pm'}"


def changes(zone: ZoneInfo) -> list[datetime]:
    """Find the moments from which a zone's clock went otherwise than before, between 1910 and 2030."""
    days = [datetime(1910, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(120 * 365)]
    return [
        first_with(zone, before, after)
        for before, after in pairwise(days)
        if before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset()
    ]


def first_with(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Find where between two moments the later one's offset begins, to the second."""
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset():
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


moments = st.timedeltas(timedelta(0), timedelta(days=73_000)).map(
    lambda since: datetime(1900, 1, 1, tzinfo=UTC) + since
)
near = st.timedeltas(timedelta(minutes=-20), timedelta(minutes=20))
far = st.timedeltas(timedelta(hours=-30), timedelta(hours=30))


@settings(max_examples=300)
@given(
    st.sampled_from([zone for zone, _ in ZONES]),
    st.times() | st.just(time(12)),
    moments,
    st.lists(near | far, max_size=20),
)
def test_a_day_and_a_shift_are_those_of_the_wall_clock(
    zone: str, noon: time, at: datetime, further: list[timedelta]
) -> None:
    calendar = SiteCalendar(ZoneInfo(zone), noon)
    for step in [timedelta(0), *further]:
        at += step
        assert calendar.day(at) == plain_day(calendar, at)
        assert calendar.shift("agent-1", at) == plain_shift(calendar, at)


@pytest.mark.parametrize(("zone", "noon"), ZONES)
def test_days_and_shifts_are_right_on_both_sides_of_every_change_of_the_clock(zone: str, noon: time) -> None:
    calendar = SiteCalendar(ZoneInfo(zone), noon)
    around = [timedelta(minutes=minutes, microseconds=way) for minutes in range(-31, 32, 3) for way in (-1, 0, 1)]
    for change in changes(calendar.timezone):
        asked = [change + apart for apart in around]
        assert [calendar.day(at) for at in asked] == [plain_day(calendar, at) for at in asked]
        assert [calendar.shift("agent-1", at) for at in asked] == [plain_shift(calendar, at) for at in asked]


def test_two_calendars_that_say_the_same_are_the_same_whatever_they_were_asked() -> None:
    one, other = (SiteCalendar(ZoneInfo("Asia/Shanghai")) for _ in range(2))
    one.day(datetime(2026, 11, 2, tzinfo=UTC))
    assert one == other
    assert hash(one) == hash(other)


@pytest.mark.parametrize(("clock", "early"), [("00:00", True), ("07:29", True), ("07:30", False), ("23:59", False)])
def test_the_first_shift_begins_by_the_sites_own_clock(clock: str, early: bool) -> None:
    calendar = SiteCalendar(ZoneInfo("Asia/Shanghai"), first_shift=time(7, 30))
    at = datetime.combine(date(2026, 11, 2), time.fromisoformat(clock), tzinfo=calendar.timezone)
    assert calendar.before_first_shift(at.astimezone(UTC)) is early


def test_a_first_shift_that_leaves_no_time_before_it_is_refused() -> None:
    with pytest.raises(ValidationError, match="first_shift"):
        Settings(first_shift=time(0, 5))
