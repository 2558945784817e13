"""Who recommended how often, and with what success: calls by agent, team, place or kind, by day or month.

Reports are read from two small rollups, whose rows are as many as agents have days, however many calls they took.
An agent of few calls is one of "few": so few say nothing of the person, and would be read as if they did.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Integer, func, literal, select
from sqlalchemy.orm import Session

from experiments.calendar import as_date
from experiments.check.counting.tables import REPORTED, RollupAgent, RollupTarget
from experiments.errors import invalid
from experiments.plan.scenarios import Scenario

By = Literal["agent", "team", "region", "channel", "scenario"]
Per = Literal["all", "day", "month"]

LEAST_CALLS = 10
"""An agent with fewer calls in a row's days is not told apart from others with as few."""

MOST_DAYS = 366
"""A report reaches over a year at most."""

_COLUMNS = {"agent": "agent_id", "team": "team", "region": "region", "channel": "channel", "scenario": "scenario_id"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: the days (YYYYMMDD, both ends included), by what, and whether apart by day or month."""

    since: int
    until: int
    by: By = "team"
    per: Per = "all"

    def checked(self) -> "Asked":
        """Give it again, if it can be answered.

        Raises:
            Invalid: the days end before they begin, or reach over more than a year.
        """
        days = (as_date(self.until) - as_date(self.since)).days + 1
        if days < 1:
            raise invalid("until", "before_since", "The last day lies before the first.")
        if days > MOST_DAYS:
            raise invalid("since", "too_long", "Ask for at most %(most)s days.", most=MOST_DAYS)
        return self


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of some calls.

    Attributes:
        step: The day (YYYYMMDD) or the month (YYYYMM) they came in; 0 where these are not told apart.
        label: An agent, a team, a region, a channel, or a scenario's id in digits; '' where the calls say none.
        few: How many agents of few calls stand together here; 0 where the label is one's own.
        calls: All of them.
        eligible: Those that were let in to be invited.
        invited: In which something was recommended.
        accepted: In which that was accepted.
        joined: Accepted, and not taken back.
        converted: Sold within the window, and not taken back.
        complaint: Complained of.
    """

    step: int
    label: str
    few: int
    calls: int
    eligible: int
    invited: int
    accepted: int
    joined: int
    converted: int
    complaint: int


@dataclass(frozen=True, slots=True)
class Recommended:
    """Calls in which one channel was recommended; `step`, `label` and `few` are as of `Taken`."""

    step: int
    label: str
    few: int
    target: str
    recommended: int
    succeeded: int


def taken(session: Session, scenarios: Sequence[Scenario], asked: Asked) -> list[Taken]:
    """Sum calls of scenarios as asked, in the order of days and then of labels; replayed calls are left out."""
    table = RollupAgent
    step, label = _step(table, asked.per), _label(table, asked.by)
    rows = session.execute(
        select(step.label("step"), label.label("label"), *(func.sum(getattr(table, name)) for name in REPORTED))
        .where(*_among(table, scenarios, asked))
        .group_by(*_keys(asked.per))
        .order_by(*_keys(asked.per))
    )
    found = [Taken(int(step), str(label), 0, *map(int, sums)) for step, label, *sums in rows]
    return _few_together(found) if asked.by == "agent" else found


def recommended(session: Session, scenarios: Sequence[Scenario], asked: Asked) -> list[Recommended]:
    """Sum calls of scenarios by the channel that was recommended in them, in the order of days, labels and channels."""
    table = RollupTarget
    step, label = _step(table, asked.per), _label(table, asked.by)
    rows = session.execute(
        select(
            step.label("step"),
            label.label("label"),
            table.target,
            func.sum(table.recommended),
            func.sum(table.succeeded),
        )
        .where(*_among(table, scenarios, asked))
        .group_by(*_keys(asked.per), table.target)
        .order_by(*_keys(asked.per), table.target)
    )
    return [Recommended(int(step), str(label), 0, target, int(n), int(y)) for step, label, target, n, y in rows]


def known_apart(rows: Sequence[Recommended], calls: Sequence[Taken]) -> list[Recommended]:
    """Put agents together whose calls `taken` has put together."""
    apart = {(row.step, row.label) for row in calls if not row.few}
    found = [row for row in rows if (row.step, row.label) in apart]
    few: dict[tuple[int, str], list[Recommended]] = {}
    for row in rows:
        if (row.step, row.label) not in apart:
            few.setdefault((row.step, row.target), []).append(row)
    found += [
        Recommended(step, "", len(each), target, sum(r.recommended for r in each), sum(r.succeeded for r in each))
        for (step, target), each in few.items()
    ]
    return sorted(found, key=lambda row: (row.step, bool(row.few), row.label, row.target))


def total(rows: Sequence[Taken], step: int = 0) -> Taken:
    """Sum rows into one that is about nobody."""
    return Taken(step, "", 0, *(sum(getattr(row, name) for row in rows) for name in REPORTED))


def _few_together(rows: Sequence[Taken]) -> list[Taken]:
    few: dict[int, list[Taken]] = {}
    found = []
    for row in rows:
        if row.calls < LEAST_CALLS:
            few.setdefault(row.step, []).append(row)
        else:
            found.append(row)
    for step, each in few.items():
        summed = total(each, step)
        found.append(Taken(step, "", len(each), *(getattr(summed, name) for name in REPORTED)))
    return sorted(found, key=lambda row: (row.step, bool(row.few), row.label))


def _step(table: type[RollupAgent | RollupTarget], per: Per) -> ColumnElement[int]:
    day = table.day.expression
    return {"all": literal(0, Integer), "day": day, "month": day.op("/")(100)}[per]


def _keys(per: Per) -> tuple[str, ...]:
    """Name what to group by: a constant would be sorted by, too."""
    return ("label",) if per == "all" else ("step", "label")


def _label(table: type[RollupAgent | RollupTarget], by: By) -> ColumnElement[str | int]:
    column: ColumnElement[str | int] = getattr(table, _COLUMNS[by])
    return column


def _among(
    table: type[RollupAgent | RollupTarget], scenarios: Sequence[Scenario], asked: Asked
) -> tuple[ColumnElement[bool], ...]:
    """Find the rows by the key, which begins with the scenario and the day."""
    ids = [scenario.id for scenario in scenarios]
    return table.scenario_id.in_(ids), table.day >= asked.since, table.day <= asked.until
