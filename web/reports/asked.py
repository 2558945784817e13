"""What a reader asks of reports, as it stands in the address; and which agents she may see by name."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import TypeVar, get_args

from flask_babel import gettext as _

from experiments.calendar import day_number, days_before
from experiments.check.reports import Asked, By, Per
from experiments.errors import NotAllowed, invalid
from experiments.people import Actor
from web.policy import AGENTS_SEEN_BY

_SPAN = 30
_Choice = TypeVar("_Choice")


@dataclass(frozen=True, slots=True)
class Form:
    """The form as it stands filled in: days as a browser writes dates, and what is chosen."""

    since: str
    until: str
    by: str
    per: str

    @property
    def arguments(self) -> dict[str, str]:
        """Give it as the arguments of an address."""
        return {"since": self.since, "until": self.until, "by": self.by, "per": self.per}


def form_of(given: Mapping[str, str], today: int) -> Form:
    """Read the form; what is not said is the last thirty days, by team."""
    return Form(
        since=given.get("since", "") or iso(days_before(today, _SPAN - 1)),
        until=given.get("until", "") or iso(today),
        by=given.get("by", "") or "team",
        per=given.get("per", "") or "all",
    )


def asked_in(form: Form, visitor: Actor) -> Asked:
    """Give what is asked.

    Raises:
        Invalid: a day is none, the days make no span, or the choice is unknown.
        NotAllowed: the visitor may not see agents one by one.
    """
    since, until = _day("since", form.since), _day("until", form.until)
    by: By = _one_of("by", form.by, get_args(By))
    per: Per = _one_of("per", form.per, get_args(Per))
    refuse_agents(by, visitor)
    return Asked(since, until, by, per).checked()


def refuse_agents(by: str, visitor: Actor) -> None:
    """Refuse agents one by one to whoever neither leads nor trains nor checks them.

    Raises:
        NotAllowed: the visitor is none of these.
    """
    if by == "agent" and not visitor.has(AGENTS_SEEN_BY):
        raise NotAllowed("This needs one of the roles %(roles)s.", roles=", ".join(AGENTS_SEEN_BY))


def iso(day: int) -> str:
    """Write a day (YYYYMMDD) as 2026-11-21."""
    return f"{day // 10_000:04}-{day // 100 % 100:02}-{day % 100:02}"


def groups(visitor: Actor) -> list[tuple[str, str]]:
    """Give what a visitor may ask by, as (key, name)."""
    found = [(key, group_name(key)) for key in get_args(By)]
    return found if visitor.has(AGENTS_SEEN_BY) else [each for each in found if each[0] != "agent"]


def group_name(by: str) -> str:
    """Name what rows are about."""
    return {
        "agent": _("Agent"),
        "team": _("Team"),
        "region": _("Region"),
        "channel": _("Channel of the call"),
        "scenario": _("Scenario"),
    }[by]


def _day(field: str, text: str) -> int:
    # A week, say, is a date to Python, and none to whoever fills a form in.
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        with suppress(ValueError):
            return day_number(date.fromisoformat(text))
    raise invalid(field, "no_day", "Give a day as 2026-11-21.")


def _one_of(field: str, text: str, known: Sequence[_Choice]) -> _Choice:
    for each in known:
        if each == text:
            return each
    raise invalid(field, "unknown", "Give one of %(expected)s.", expected=", ".join(map(str, known)))
