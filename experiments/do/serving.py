"""The choice for one call: `choose(snapshot, call)` is pure arithmetic over the snapshot, and says why.

Stickiness fixes the arm only: who is let in is judged again on every call, so a caller who opted out since is
served the standard without its invitation whatever her arm was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from experiments.calendar import SiteCalendar
from experiments.do.snapshot import ServedScenario, Snapshot, arm_at
from experiments.plan import bucketing
from experiments.plan.audience import conditions, facts as facts_of
from experiments.plan.traffic import ArmSlice, Slice, SliceState

DO_NOT_INVITE = "do_not_invite"
"""The attribute that contact policy reads: true means this caller is not invited, in any arm."""


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
    #: the slice was stopped
    STOPPED = "stopped"
    #: the database is away; served from the last snapshot
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class Call:
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
        named = {
            "call_id": self.call_id,
            "agent_id": self.agent_id,
            "customer_id": self.customer_id,
            "team": self.team,
            "region": self.region,
            "channel": self.channel,
            "locale": self.locale,
        }
        return {k: v for k, v in named.items() if v is not None} | dict(self.attributes)

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


@dataclass(frozen=True, slots=True)
class Choice:
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
    facts = call.facts()
    kind = scenario.traffic.slice_unit if scenario.traffic.slices else None
    unit = call.unit(kind, calendar) if kind else None
    drawn = bucketing.bucket(scenario.traffic.slice_seed, unit) if unit is not None else None
    return decide(scenario, facts, unit_kind=kind, unit=unit, slice_bucket=drawn, arm_bucket=None)


def decide(
    scenario: ServedScenario,
    facts: Mapping[str, Any],
    *,
    unit_kind: str | None,
    unit: str | None,
    slice_bucket: int | None,
    arm_bucket: int | None,
) -> Choice:
    """Decide from buckets and facts alone: the same road for a fresh call and for re-deriving a stored one.

    Args:
        scenario: what the revision serves.
        facts: the map that conditions see.
        unit_kind: what the layer is cut by; None when nothing is sliced.
        unit: its raw value, when it is at hand.
        slice_bucket: where the unit falls in the layer; None when the call has no such unit.
        arm_bucket: where it fell within the slice, when that is already known; else it is drawn from `unit`.
    """
    welcome = conditions.matches(scenario.traffic.audience, facts)
    owner = scenario.slice_at(slice_bucket)
    if owner is not None and arm_bucket is None and unit is not None:
        arm_bucket = bucketing.bucket(owner.seed, unit)
    missing = unit_kind if slice_bucket is None else None
    reason, detail, arm = _ruling(owner, facts, arm_bucket, welcome=welcome, missing=missing)
    served = arm.version_id if arm else scenario.traffic.standard_id
    eligible = not facts.get(DO_NOT_INVITE) and (arm is not None or welcome)
    split = owner if reason is Reason.SPLIT else None
    return Choice(
        version_id=served,
        reason=reason,
        reason_detail=detail,
        eligible=eligible,
        invites=eligible and scenario.script(served).asks,
        experiment_id=split.experiment_id if split else None,
        experiment=split.key if split else None,
        arm=arm.key if arm and split else None,
        unit_kind=unit_kind,
        unit=unit,
        slice_bucket=slice_bucket,
        arm_bucket=arm_bucket if arm else None,
        facts=_read_facts(scenario, owner, facts),
        revision_id=scenario.revision_id,
        revision=scenario.revision,
    )


def _ruling(
    owner: Slice | None, facts: Mapping[str, Any], arm_bucket: int | None, *, welcome: bool, missing: str | None
) -> tuple[Reason, str | None, ArmSlice | None]:
    """Say why a call is served what it is, in what detail, and which arm that is; None is the standard."""
    if facts.get(DO_NOT_INVITE):
        return Reason.NOT_ELIGIBLE, DO_NOT_INVITE, None
    if missing is not None:
        return Reason.NO_UNIT, missing, None
    if owner is None:
        return (Reason.STANDARD, None, None) if welcome else (Reason.NOT_ELIGIBLE, "scenario", None)
    if owner.state is not SliceState.RUNNING:
        return Reason(owner.state.value), owner.key, None
    if not conditions.matches(owner.condition, facts):
        return Reason.NOT_ELIGIBLE, owner.key, None
    return _REASON_OF_KIND[owner.kind], owner.key, arm_at(owner, arm_bucket)


_REASON_OF_KIND = {"experiment": Reason.SPLIT, "rollout": Reason.ROLLOUT, "holdback": Reason.HOLDBACK}


def _read_facts(scenario: ServedScenario, owner: Slice | None, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Keep exactly what the conditions of this decision read, so that it can be made again."""
    read = [scenario.traffic.audience, *([owner.condition] if owner is not None else [])]
    kept = facts_of.facts_kept({"$and": read}, facts)
    return kept | ({DO_NOT_INVITE: facts[DO_NOT_INVITE]} if DO_NOT_INVITE in facts else {})
