"""A standard's rates by day and region, from the rollup: of the eligible calls that were served it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from experiments.calendar import as_date, days_before
from experiments.check.counting.tables import RollupCall, RollupDay
from experiments.check.history import spec_of
from experiments.check.metrics import MetricSpec, Totals, counts_of, measures_of
from experiments.do.journal import Origin
from experiments.plan.scenarios import Scenario, metric_set_of, metrics_of
from stats.control.days import DayCount

EVERYWHERE = ""
"""The region of a chart over all regions."""


@dataclass(frozen=True, slots=True)
class KeyRate:
    """A rate that is watched: the metric, and what it is there for (`primary` or `guardrail`)."""

    spec: MetricSpec
    role: str


def key_rates(session: Session, scenario: Scenario) -> list[KeyRate]:
    """Give the proportions of a scenario's metric set that plans start from: the primary one, then guardrails."""
    chosen, known = metric_set_of(session, scenario), metrics_of(session, scenario.catalogue)
    asked = [(chosen.primary_metric, "primary"), *((each["metric"], "guardrail") for each in chosen.guardrails)]
    return [KeyRate(spec_of(known[key]), role) for key, role in asked if known[key].kind == "proportion"]


def daily_totals(
    session: Session, scenario: Scenario, version_id: int, rates: Sequence[KeyRate], *, since: int, regions: bool
) -> dict[str, dict[int, Totals]]:
    """Sum the eligible calls that were served a script version, by region and day; replayed calls are left out.

    Args:
        session: to read the rollup with.
        scenario: where.
        version_id: what was served, whether as the standard or as a test's control.
        rates: what is to be read of the totals.
        since: the first day, YYYYMMDD.
        regions: whether to tell regions apart, which takes the larger rollup; all of them are there anyhow.
    """
    table: type[RollupCall | RollupDay] = RollupCall if regions else RollupDay
    names = list(dict.fromkeys(name for rate in rates for name in ("calls", *measures_of(rate.spec))))
    keys = (RollupCall.region, RollupCall.day) if regions else (RollupDay.day,)
    rows = session.execute(
        select(*keys, *(func.sum(getattr(table, name)) for name in names))
        .where(
            table.scenario_id == scenario.id,
            table.script_version_id == version_id,
            table.day >= since,
            table.eligible,
            table.origin != Origin.REPLAYED,
        )
        .group_by(*keys)
    )
    found: dict[str, dict[int, Totals]] = defaultdict(dict)
    for row in rows:
        day, totals = row[len(keys) - 1], dict(zip(names, map(int, row[len(keys) :]), strict=True))
        if regions:
            found[row[0]][day] = totals
        before = found[EVERYWHERE].get(day, dict.fromkeys(names, 0))
        found[EVERYWHERE][day] = {name: before[name] + totals[name] for name in names}
    return found


def regions_heard(session: Session, scenario: Scenario, version_id: int, *, since: int) -> list[str]:
    """Name the regions whose eligible calls were served a script version from a day on; replayed ones are left out."""
    regions = (
        select(RollupCall.region)
        .where(RollupCall.scenario_id == scenario.id, RollupCall.script_version_id == version_id)
        .where(
            RollupCall.day >= since,
            RollupCall.eligible,
            RollupCall.origin != Origin.REPLAYED,
            RollupCall.region != EVERYWHERE,
        )
        .distinct()
        .order_by(RollupCall.region)
    )
    return list(session.scalars(regions))


def day_counts(spec: MetricSpec, totals: Mapping[int, Totals], days: Sequence[int]) -> list[DayCount]:
    """See the totals of days as counts of a rate; a day that nobody called on has none."""
    return [_count(spec, day, totals.get(day)) for day in days]


def every_day(first: int, last: int) -> list[int]:
    """Give the days from one to another, both included; none where the last lies before the first."""
    return [days_before(first, -step) for step in range((as_date(last) - as_date(first)).days + 1)]


def _count(spec: MetricSpec, day: int, totals: Totals | None) -> DayCount:
    weekday = as_date(day).weekday()
    if totals is None:
        return DayCount(weekday, 0, 0)
    counts = counts_of(spec, totals)
    return DayCount(weekday, counts.n, min(counts.successes, counts.n))
