"""Since when something waits, and whether that is too long."""

from datetime import datetime, timedelta

from flask_babel import gettext as _

from experiments.calendar import weekdays_after
from web.house import house
from web.pages import words


def elapsed(since: datetime, now: datetime) -> str:
    """Say how long ago a moment was, in hours for the first two days and in days from then on."""
    hours = int((now - since) / timedelta(hours=1))
    if hours < 1:
        return _("less than an hour")
    if hours < 48:
        return _("%(count)s h", count=hours)
    return words.days(hours // 24)


def is_late(since: datetime, now: datetime) -> bool:
    """Say whether people have been waited for longer than this installation lets a card wait."""
    calendar = house().calendar
    return weekdays_after(calendar.day(since), calendar.day(now)) > house().gates.most_wait
