"""How many calls a day an audience lets in: counted where the rollup knows every fact it asks, else estimated.

The rollup holds the scenario's eligible calls by agent, team, region and channel. Whatever else a condition reads is
known of an assignment only where the scenario's own audience reads it too, since no other fact is kept with a call.
So an audience is counted exactly when it is the scenario's own with conditions on those four; estimated from the newest
assignments when it asks facts that are kept; and of one that asks anything else only an upper bound can be given.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from experiments.check.counting.tables import RollupAgent, RollupCall
from experiments.check.history import scenario_history
from experiments.do.journal import Assignment, Origin
from experiments.plan import traffic
from experiments.plan.audience.conditions import Condition, compiled
from experiments.plan.audience.facts import facts_used
from experiments.plan.scenarios import Scenario

COLUMNS = ("agent_id", "team", "region", "channel")
"""Facts that the rollup itself holds."""

SAMPLE = 2_000
"""Of the newest assignments so many are asked."""

_REVISIONS = 50


class How(StrEnum):
    """How sure a number of eligible calls is."""

    #: every call of the rollup was asked
    COUNTED = "counted"
    #: the newest assignments were asked
    ESTIMATED = "estimated"
    #: some of what is asked is kept with no call, so that there are at most so many
    AT_MOST = "at_most"
    #: the scenario has no calls yet
    NO_CALLS = "no_calls"


@dataclass(frozen=True, slots=True)
class Eligible:
    """Calls a day that an audience lets in.

    Attributes:
        daily: How many.
        of: Calls a day that the scenario's own audience lets in.
        how: How that is known.
        unknown: Facts that are kept with no call, so that they could not be asked.
    """

    daily: float
    of: float
    how: How
    unknown: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Give the part of the scenario's eligible calls, which a wider audience exceeds; 1 without calls."""
        return self.daily / self.of if self.of else 1.0


def eligible_calls(session: Session, scenario: Scenario, audience: Mapping[str, Any]) -> Eligible:
    """Say how many calls a day an audience lets in.

    Args:
        session: to read with.
        scenario: whose calls.
        audience: a condition that `check_condition` accepts.

    Raises:
        Conflict: the scenario has no standard.
    """
    own = traffic.in_force(session, scenario).value.audience
    past = scenario_history(session, [scenario.id])
    daily = past.daily_eligible
    if not past.all["calls"]:
        return Eligible(0.0, 0.0, How.NO_CALLS)
    if audience == own:
        return Eligible(daily, daily, How.COUNTED)
    narrower = {key: value for key, value in audience.items() if key not in own}
    within = all(audience.get(key) == value for key, value in own.items())
    if within and _first_names(narrower) <= set(COLUMNS):
        return Eligible(_counted(session, scenario, narrower) / past.days, daily, How.COUNTED)
    known = {*COLUMNS, *_first_names(own)}
    askable = {key: value for key, value in audience.items() if _first_names({key: value}) <= known}
    unknown = tuple(sorted(_first_names(audience) - known))
    share = _share(session, scenario, askable, own)
    how = How.AT_MOST if unknown else How.ESTIMATED
    return Eligible(share * past.all["calls"] / past.days, daily, how, unknown)


def regions_and_channels(session: Session, scenario: Scenario) -> dict[str, list[str]]:
    """Give the regions and channels that a scenario's calls came from, those of most calls first."""
    rows = session.execute(
        select(RollupAgent.region, RollupAgent.channel, func.sum(RollupAgent.calls))
        .where(RollupAgent.scenario_id == scenario.id)
        .group_by(RollupAgent.region, RollupAgent.channel)
    )
    regions, channels = Counter[str](), Counter[str]()
    for region, channel, calls in rows:
        regions[region] += int(calls)
        channels[channel] += int(calls)
    return {"region": _busiest_first(regions), "channel": _busiest_first(channels)}


def _busiest_first(calls: Mapping[str, int]) -> list[str]:
    return sorted((name for name in calls if name), key=lambda name: (-calls[name], name))


def _first_names(condition: Condition) -> set[str]:
    return {path.split(".")[0] for path in facts_used(condition)}


def _counted(session: Session, scenario: Scenario, condition: Condition) -> int:
    lets_in, columns = compiled(condition), [getattr(RollupCall, name) for name in COLUMNS]
    here = (RollupCall.scenario_id == scenario.id, RollupCall.eligible, RollupCall.origin != Origin.REPLAYED)
    rows = session.execute(select(*columns, func.sum(RollupCall.calls)).where(*here).group_by(*columns))
    return sum(int(calls) for *named, calls in rows if lets_in(_facts(named)))


def _share(session: Session, scenario: Scenario, condition: Condition, own: Condition) -> float:
    """Give the share let in of the newest assignments, of those made since the audience is the present one."""
    since = _first_with(session, scenario, own)
    columns = [getattr(Assignment, name) for name in COLUMNS]
    rows = session.execute(
        select(*columns, Assignment.facts)
        .where(
            Assignment.scenario_id == scenario.id,
            Assignment.revision_id >= since,
            Assignment.origin != Origin.REPLAYED,
        )
        .order_by(Assignment.day.desc())
        .limit(SAMPLE)
    ).all()
    lets_in = compiled(condition)
    return sum(lets_in({**facts, **_facts(named)}) for *named, facts in rows) / len(rows) if rows else 1.0


def _first_with(session: Session, scenario: Scenario, own: Condition) -> int:
    """Give the id of the first of the last revisions that all have the scenario's present audience."""
    since = 0
    for revision in traffic.revisions_of(session, scenario, most=_REVISIONS):
        if revision.value.audience != own:
            break
        since = revision.id
    return since


def _facts(named: list[str]) -> dict[str, Any]:
    """See columns as conditions do: what is empty is not there."""
    return {name: value for name, value in zip(COLUMNS, named, strict=True) if value != ""}
