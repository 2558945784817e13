"""The choice for one call: `choose(snapshot, call)` is pure arithmetic over the snapshot, and says why.

Stickiness fixes the arm only: who is let in is judged again on every call, so a caller who opted out since is
served the standard without its invitation whatever her arm was.
"""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from experiments.calendar import SiteCalendar, week_of
from experiments.do.layer import DO_NOT_INVITE, Incoming, Layer, Served
from experiments.do.snapshot import ServedScenario, Snapshot
from experiments.plan.bucketing import bucket


class Reason(StrEnum):
    """Why a call is served what it is."""

    #: dealt by an experiment
    SPLIT = "split"
    #: no slice owns the call's bucket
    STANDARD = "standard"
    #: a winner on its way to everyone
    ROLLOUT = "rollout"
    #: kept on the old standard, to measure what the new one is worth
    HOLDBACK = "holdback"
    #: the audience does not let the call in
    NOT_ELIGIBLE = "not_eligible"
    #: the call lacks the unit that the layer is cut by
    NO_UNIT = "no_unit"
    #: the slice is paused
    PAUSED = "paused"
    #: the slice was stopped, or the arm in it dropped
    STOPPED = "stopped"
    #: the database is away; served from the last snapshot
    FALLBACK = "fallback"


class Call(NamedTuple):
    """A call as the desktop knows it when it asks."""

    call_id: str
    scenario: str
    agent_id: str
    customer_id: str | None
    team: str | None
    region: str | None
    channel: str | None
    locale: str
    attributes: Mapping[str, Any]
    at: datetime

    def facts(self) -> dict[str, Any]:
        """Give the one flat map that conditions see: named fields and attributes."""
        facts: dict[str, Any] = {"call_id": self.call_id, "agent_id": self.agent_id, "locale": self.locale}
        if self.customer_id is not None:
            facts["customer_id"] = self.customer_id
        if self.team is not None:
            facts["team"] = self.team
        if self.region is not None:
            facts["region"] = self.region
        if self.channel is not None:
            facts["channel"] = self.channel
        facts.update(self.attributes)
        return facts

    def unit(self, kind: str, calendar: SiteCalendar) -> str | None:
        """Give the call's value of a randomisation unit; None when it has none."""
        match kind:
            case "call":
                return self.call_id
            case "customer":
                return self.customer_id
            case "agent":
                return self.agent_id
            case "team":
                return self.team
            case _:
                return calendar.shift(self.agent_id, self.at)


class Choice(NamedTuple):
    """What a call is served, and everything needed to derive it again.

    `facts` are exactly the attributes that the conditions read; `buckets` were drawn by `unit_kind`'s value.
    """

    version_id: int
    reason: Reason
    reason_detail: str | None
    eligible: bool
    invites: bool
    experiment_id: int | None
    experiment: str | None
    arm: str | None
    unit_kind: str | None
    unit: str | None
    slice_bucket: int | None
    arm_bucket: int | None
    facts: Mapping[str, Any]
    revision_id: int
    revision: int


def choose(snapshot: Snapshot, call: Call, calendar: SiteCalendar) -> Choice:
    """Choose the script for a call.

    Raises:
        Unknown: the snapshot has no traffic for the call's scenario.
    """
    scenario = snapshot.scenario(call.scenario)
    layer = scenario.layer
    unit = call.unit(layer.unit, calendar) if layer.unit else None
    drawn = bucket(layer.seed, unit) if unit is not None else None
    facts = call.facts() if layer.reads_call else call.attributes
    week = None
    if layer.incoming is not None:
        week = week_bucket(layer.incoming, calendar.shift(call.agent_id, call.at))
    return decide(scenario, facts, unit_kind=layer.unit, unit=unit, slice_bucket=drawn, arm_bucket=None, week=week)


def week_bucket(incoming: Incoming, agent_shift: str) -> int:
    """Draw the bucket of the agent-week that a shift lies in."""
    return bucket(incoming.seed, week_of(agent_shift))


def decide(
    scenario: ServedScenario,
    facts: Mapping[str, Any],
    *,
    unit_kind: str | None,
    unit: str | None,
    slice_bucket: int | None,
    arm_bucket: int | None,
    week: int | None = None,
) -> Choice:
    """Decide from buckets and facts alone: the same road for a fresh call and for re-deriving a stored one.

    Args:
        scenario: what the revision serves.
        facts: the map that conditions see.
        unit_kind: what the layer is cut by; None when nothing is sliced.
        unit: its raw value, when it is at hand.
        slice_bucket: where the unit falls in the layer; None when the call has no such unit.
        arm_bucket: where it fell within the slice, when that is already known; else it is drawn from `unit`.
        week: the bucket of the agent-week, where a new standard is coming in; else None.
    """
    layer = scenario.layer
    served, coming = layer.standard, None
    if week is not None:
        served, coming = _standard_of(layer, facts, week)
        if coming is Reason.HOLDBACK:
            unit_kind = unit = slice_bucket = None  # held back from experiments too
    cut = None if slice_bucket is None else layer.cuts[bisect_right(layer.edges, slice_bucket)]
    detail: str | None
    if facts.get(DO_NOT_INVITE):
        reason, detail, eligible = Reason.NOT_ELIGIBLE, DO_NOT_INVITE, False
    elif slice_bucket is None and unit_kind is not None:
        reason, detail, eligible = Reason.NO_UNIT, unit_kind, layer.welcomes(facts)
    elif cut is None:
        eligible = layer.welcomes(facts)
        reason, detail = _why(layer, coming) if eligible else (Reason.NOT_ELIGIBLE, "scenario")
    elif not cut.runs:
        reason, detail, eligible = Reason(cut.state.value), cut.key, layer.welcomes(facts)
    elif not cut.lets_in(facts):
        reason, detail, eligible = Reason.NOT_ELIGIBLE, cut.key, layer.welcomes(facts)
    else:
        if arm_bucket is None and unit is not None:
            arm_bucket = bucket(cut.seed, unit)
        dealt = cut.served[0 if arm_bucket is None else bisect_right(cut.edges, arm_bucket)]
        if dealt.in_arm:
            served, reason, detail, eligible = dealt, Reason.SPLIT, cut.key, True
        else:
            reason, detail, eligible = Reason.STOPPED, cut.key, layer.welcomes(facts)
    # From a tuple in the order of the fields: fifteen arguments, named or not, take as long as a bucket or two.
    return Choice._make(
        (
            served.version_id,
            reason,
            detail,
            eligible,
            eligible and served.asks,
            served.experiment_id,
            served.experiment,
            served.arm,
            unit_kind,
            unit,
            slice_bucket,
            arm_bucket if served.in_arm else None,
            (layer if cut is None else cut).keep(facts),
            scenario.revision_id,
            scenario.revision,
        )
    )


def _standard_of(layer: Layer, facts: Mapping[str, Any], week: int) -> tuple[Served, Reason | None]:
    """Give what the standard is in an agent-week while a new one comes in, and why when it is not the usual one."""
    incoming = layer.incoming
    if incoming is not None and week < incoming.holdback:
        return incoming.former, Reason.HOLDBACK
    if incoming is not None and (week < incoming.taken or facts.get("region") in incoming.regions):
        return incoming.new, Reason.ROLLOUT
    return layer.standard, None


def _why(layer: Layer, coming: Reason | None) -> tuple[Reason, str | None]:
    if coming is None or layer.incoming is None:
        return Reason.STANDARD, None
    return coming, layer.incoming.key
