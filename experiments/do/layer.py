"""A scenario's layer, made ready: what no call changes about it is worked out once, when it comes in force."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from experiments.plan import bucketing
from experiments.plan.audience.conditions import compiled
from experiments.plan.audience.facts import Keep, facts_used, keeping
from experiments.plan.audience.values import Test
from experiments.plan.traffic import Rollout, Slice, SliceState, Traffic

DO_NOT_INVITE = "do_not_invite"
"""The attribute that contact policy reads: true means this caller is not invited, in any arm."""

CALL_FACTS = frozenset({"call_id", "agent_id", "customer_id", "team", "region", "channel", "locale"})
"""What conditions see of a call beside its attributes."""


class Served(NamedTuple):
    """A script version, whether it invites, and why it is served where it is.

    Attributes:
        version_id: of the script.
        asks: whether it invites.
        in_arm: whether a slice serves it to those whom it lets in; not so for the standard.
        experiment_id: the experiment that splits here; None where nothing is split.
        experiment: its key.
        arm: its arm.
    """

    version_id: int
    asks: bool
    in_arm: bool = False
    experiment_id: int | None = None
    experiment: str | None = None
    arm: str | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """A slice of the layer. What it serves at a bucket of its own is ``served[bisect_right(edges, bucket)]``.

    Buckets that no arm holds are those of an arm that was dropped: they are served the standard.

    `keep` gives of a call's facts those that the scenario's audience and the slice's condition read.
    """

    key: str
    state: SliceState
    runs: bool
    seed: str
    lets_in: Test
    keep: Keep
    edges: tuple[int, ...]
    served: tuple[Served, ...]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A new standard on its way in: agent-weeks below `holdback` say `former`, the others below `taken` the new one.

    In the `regions` all of the others say it.
    """

    key: str
    seed: str
    holdback: int
    taken: int
    regions: frozenset[str]
    former: Served
    new: Served


@dataclass(frozen=True, slots=True)
class Layer:
    """What a scenario serves. The slice that owns a bucket is ``cuts[bisect_right(edges, bucket)]``, None: nobody's.

    `unit` is what the layer is cut by, None when it is not cut; `reads_call` says whether a condition reads more than a
    call's attributes; `keep` is as a cut's, for buckets that no slice owns.
    """

    unit: str | None
    seed: str
    reads_call: bool
    welcomes: Test
    keep: Keep
    standard: Served
    edges: tuple[int, ...]
    cuts: tuple[Cut | None, ...]
    incoming: Incoming | None


def layer_of(traffic: Traffic, asks: Mapping[int, bool]) -> Layer:
    """Make a scenario's traffic ready.

    Args:
        traffic: what it serves.
        asks: whether each of its script versions invites.
    """
    edges, owning = bucketing.edges([owner.ranges for owner in traffic.slices])
    coming = traffic.rollout
    where = frozenset({"region"}) if coming is not None and coming.regions else frozenset()
    read = facts_used({"$and": [traffic.audience, *(owner.condition for owner in traffic.slices)]}) | where
    always = facts_used(traffic.audience) | where | {DO_NOT_INVITE}
    cuts = [_cut(owner, traffic, asks, always) for owner in traffic.slices]
    return Layer(
        unit=traffic.slice_unit if traffic.slices else None,
        seed=traffic.slice_seed,
        reads_call=any(path.split(".")[0] in CALL_FACTS for path in read),
        welcomes=compiled(traffic.audience),
        keep=keeping(always),
        standard=Served(traffic.standard_id, asks[traffic.standard_id]),
        edges=edges,
        cuts=tuple(None if owner is None else cuts[owner] for owner in owning),
        incoming=_incoming(coming, asks) if coming is not None else None,
    )


def _incoming(coming: Rollout, asks: Mapping[int, bool]) -> Incoming:
    return Incoming(
        key=coming.key,
        seed=coming.seed,
        holdback=coming.holdback,
        taken=coming.taken,
        regions=frozenset(coming.regions),
        former=Served(coming.former_id, asks[coming.former_id]),
        new=Served(coming.version_id, asks[coming.version_id]),
    )


def _cut(owner: Slice, traffic: Traffic, asks: Mapping[int, bool], always: frozenset[str]) -> Cut:
    edges, owning = bucketing.edges([arm.ranges for arm in owner.arms])
    served = [
        Served(arm.version_id, asks[arm.version_id], True, owner.experiment_id, owner.key, arm.key)
        for arm in owner.arms
    ]
    dropped = Served(traffic.standard_id, asks[traffic.standard_id])
    return Cut(
        key=owner.key,
        state=owner.state,
        runs=owner.state is SliceState.RUNNING,
        seed=owner.seed,
        lets_in=compiled(owner.condition),
        keep=keeping(always | facts_used(owner.condition)),
        edges=edges,
        served=tuple(dropped if arm is None else served[arm] for arm in owning),
    )
