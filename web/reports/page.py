"""The reports' page: how often was something recommended, and with what success, of whom and when."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.calendar import days_before
from experiments.check import reports
from experiments.check.reports import Asked, Recommended, Taken
from experiments.errors import Invalid
from experiments.people import Actor
from experiments.plan.scenarios import Scenario, inbound_leaves
from web.house import house
from web.language import named, say
from web.pages import words
from web.pages.home import TARGETS
from web.pages.survey import Freshness, freshness
from web.reports import asked as asking
from web.reports.asked import Form
from web.reports.tables import Column, Table, Value

SHOWN = 400
"""Rows that a page shows; files have all of them."""


@dataclass(frozen=True, slots=True)
class ReportsPage:
    """Everything on the page. `problem` is (field, what is wrong with it); `spans` are (arguments, name)."""

    fresh: Freshness
    form: Form
    groups: list[tuple[str, str]]
    steps: list[tuple[str, str]]
    spans: list[tuple[dict[str, str], str]]
    problem: tuple[str, str] | None
    heading: str
    tables: list[Table]


def reports_page(session: Session, form: Form, visitor: Actor) -> ReportsPage:
    """See the tables that a form asks for, or what is wrong with it.

    Raises:
        NotAllowed: the visitor may not see agents one by one.
    """
    tables, problem, heading = [], None, ""
    try:
        asked = asking.asked_in(form, visitor)
        tables = report_tables(session, asked)
        heading = _("%(first)s to %(last)s", first=words.day(asked.since), last=words.day(asked.until))
    except Invalid as wrong:
        problem = wrong.problems[0].field, say(wrong.problems[0].message)
    return ReportsPage(
        fresh=freshness(session),
        form=form,
        groups=asking.groups(visitor),
        steps=[("all", _("The whole span")), ("day", _("By day")), ("month", _("By month"))],
        spans=_spans(form),
        problem=problem,
        heading=heading,
        tables=tables,
    )


def report_tables(session: Session, asked: Asked) -> list[Table]:
    """Make the tables: calls and what became of them, and what was recommended to which channel."""
    scenarios = inbound_leaves(session)
    names = _Names(scenarios, asked)
    calls = reports.taken(session, scenarios, asked)
    targets = reports.recommended(session, scenarios, asked)
    if asked.by == "agent":
        targets = reports.known_apart(targets, calls)
    return [_calls_table(names, calls), _targets_table(names, calls, targets)]


class _Names:
    """Says what a row is about."""

    def __init__(self, scenarios: Sequence[Scenario], asked: Asked) -> None:
        self.asked = asked
        self._scenarios: Mapping[str, str] = {str(s.id): named(s.name) for s in scenarios}

    def columns(self) -> Iterator[Column]:
        """Give the columns that come before the numbers."""
        if self.asked.per != "all":
            yield Column(_("Day") if self.asked.per == "day" else _("Month"))
        yield Column(asking.group_name(self.asked.by))

    def cells(self, row: Taken | Recommended) -> Iterator[Value]:
        """Give what stands in them."""
        if self.asked.per == "day":
            yield asking.iso(row.step)
        if self.asked.per == "month":
            yield f"{row.step // 100:04}-{row.step % 100:02}"
        yield self._label(row)

    def foot(self) -> list[Value]:
        """Give what stands in them below the last row."""
        return [_("All"), *([""] if self.asked.per != "all" else [])]

    def _label(self, row: Taken | Recommended) -> str:
        if row.few:
            return _("%(agents)s with fewer than %(least)s calls", agents=row.few, least=reports.LEAST_CALLS)
        return self._scenarios.get(row.label, row.label) if self.asked.by == "scenario" else row.label or _("not said")


def _calls_table(names: _Names, rows: Sequence[Taken]) -> Table:
    of_calls, of_recommended = _("of calls"), _("of recommended")
    return Table(
        key="calls",
        title=_("Recommended and succeeded"),
        columns=[
            *names.columns(),
            Column(_("Calls"), "count"),
            Column(_("Could be invited"), "count"),
            Column(_("Recommended"), "count"),
            Column(_("Share recommended"), "share", of_calls),
            Column(_("Target reached")),
            Column(_("Succeeded"), "count"),
            Column(_("Share succeeded"), "share", of_recommended),
            Column(_("Still joined"), "count"),
            Column(_("Converted"), "count"),
            Column(_("Share converted"), "share", of_recommended),
            Column(_("Complaints"), "count"),
        ],
        rows=[[*names.cells(row), *_numbers(row)] for row in rows],
        foot=[*names.foot(), *_numbers(reports.total(rows))] if rows else [],
        notes=[
            _(
                "Calls: inbound calls that asked for a script, on the day they came. Recommended: with an invitation. "
                "Succeeded: accepted. Conversions count within their window and still come in for recent days; in a "
                "test by customer they stand with her first call. A share is left out where desktops told of a success "
                "and of no recommendation."
            ),
            _(
                "The targets, %(targets)s, are shares of every call of the centre. That total comes from the telephone "
                "switch and is not connected here, so the true share is lower.",
                targets=words.listed(f"{target:.0%}" for target in TARGETS),
            ),
            *_fairness(names.asked),
        ],
    )


def _fairness(asked: Asked) -> list[str]:
    """Say what a table of people must not be read as."""
    if asked.by not in ("agent", "team"):
        return []
    return [
        _(
            "Not for pay as it stands: agents take different calls, and a test may have given one of them the weaker "
            "words. Agents with fewer than %(least)s calls in a row's days stand together, unnamed.",
            least=reports.LEAST_CALLS,
        )
    ]


def _numbers(row: Taken) -> list[Value]:
    share = _share(row.invited, row.calls)
    return [
        row.calls,
        row.eligible,
        row.invited,
        share,
        against_targets(share),
        row.accepted,
        _share(row.accepted, row.invited),
        row.joined,
        row.converted,
        _share(row.converted, row.invited),
        row.complaint,
    ]


def against_targets(share: float | None) -> str | None:
    """Say which target a share reaches."""
    if share is None:
        return None
    reached = max((target for target in TARGETS if share >= target), default=None)
    return _("none yet") if reached is None else f"{reached:.0%}"


def _targets_table(names: _Names, calls: Sequence[Taken], rows: Sequence[Recommended]) -> Table:
    totals = {(row.step, row.label, bool(row.few)): row.calls for row in calls}

    def numbers(row: Recommended) -> list[Value]:
        took = totals.get((row.step, row.label, bool(row.few)), 0)
        of_calls = _share(row.recommended, took)
        return [row.target, row.recommended, of_calls, row.succeeded, _share(row.succeeded, row.recommended)]

    recommended, succeeded = sum(row.recommended for row in rows), sum(row.succeeded for row in rows)
    # A call in which two were recommended is twice in the sum: that has no share of calls.
    foot = [*names.foot(), "", recommended, None, succeeded, _share(succeeded, recommended)]
    return Table(
        key="channels",
        title=_("By the channel that was recommended"),
        columns=[
            *names.columns(),
            Column(_("Channel recommended")),
            Column(_("Recommended"), "count"),
            Column(_("Share recommended"), "share", _("of calls")),
            Column(_("Succeeded"), "count"),
            Column(_("Share succeeded"), "share", _("of recommended")),
        ],
        rows=[[*names.cells(row), *numbers(row)] for row in rows],
        foot=foot if rows else [],
        notes=[
            _(
                "Channels as the desktops name them when they report an invitation or its acceptance "
                "(target_channel: an app, a text message, the web, a voice menu). A call in which two were recommended "
                "counts once in each."
            )
        ],
    )


def _share(part: int, whole: int) -> float | None:
    """Give a share; None of nothing, and where desktops told of successes but not of what came before."""
    return part / whole if part <= whole and whole else None


def _spans(form: Form) -> list[tuple[dict[str, str], str]]:
    """Offer spans that are asked for often, otherwise as the form stands."""
    today = house().calendar.day(house().clock())
    month = today // 100 * 100 + 1
    last = days_before(month, 1)
    spans = [
        (today, today, _("Today")),
        (days_before(today, 6), today, _("Last 7 days")),
        (month, today, _("This month")),
        (last // 100 * 100 + 1, last, _("Last month")),
    ]
    return [
        ({**form.arguments, "since": asking.iso(since), "until": asking.iso(until)}, name)
        for since, until, name in spans
    ]
