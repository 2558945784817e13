"""Traffic: who is served what in a scenario, as one immutable value, and the appended revisions of it.

A scenario has one layer of 10,000 buckets, cut by one unit and one seed into disjoint slices of experiments. Starting,
pausing, stopping and promoting all append a revision; what is not sliced is served the standard. While a new standard
comes in, who says it is dealt by agent-weeks, apart from the layer: `rollout`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments import audit
from experiments.errors import Conflict
from experiments.people import Actor
from experiments.plan import bucketing
from experiments.plan.bucketing import Range
from experiments.plan.scenarios import Scenario
from experiments.store import KEY, Base, CanonicalJson, UtcDateTime, single_file
from experiments.wording import Message

FINE_UNITS = ("call", "customer")
"""Units of which there are enough to share a layer; agents, teams and shifts take the whole of it."""


class SliceState(StrEnum):
    """What a slice does with the calls that fall into it."""

    #: it serves what it says
    RUNNING = "running"
    #: everyone gets the standard for the moment
    PAUSED = "paused"
    #: everyone gets the standard until the card is closed
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ArmSlice:
    """An arm's integer buckets out of 10,000, and the script version it serves."""

    key: str
    ranges: tuple[Range, ...]
    version_id: int


@dataclass(frozen=True, slots=True)
class Slice:
    """Buckets of a layer that one experiment owns. `seed` salts the arms' hash; `condition` is who is let in."""

    key: str
    experiment_id: int
    state: SliceState
    ranges: tuple[Range, ...]
    unit: str
    seed: str
    condition: Mapping[str, Any]
    arms: tuple[ArmSlice, ...]


@dataclass(frozen=True, slots=True)
class Rollout:
    """A new standard on its way in, by agent-weeks: nobody says two texts within a shift.

    An agent-week's bucket, of 10,000, is drawn by `seed`. Those below `holdback` say what was the standard before, and
    take part in no experiment; of the others the first `share` of 10,000 say the new one, and in the regions all do.
    Where a slice takes the call it decides. Raising the share or adding a region takes the new script from nobody.

    Attributes:
        key: The experiment's that found it.
        seed: Salts the agent-weeks' hash.
        version_id: The new script version.
        former_id: The one that was in force when it began.
        holdback: Buckets that keep the former.
        share: Of the others, out of 10,000, who say the new one everywhere.
        regions: Where all of the others say it.
    """

    key: str
    seed: str
    version_id: int
    former_id: int
    holdback: int
    share: int
    regions: tuple[str, ...] = ()

    @property
    def taken(self) -> int:
        """Give the bucket below which an agent-week that is not held back says the new script."""
        return self.holdback + (bucketing.BUCKETS - self.holdback) * self.share // bucketing.BUCKETS


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a scenario serves: the standard, the default audience, the slices of its layer, and what is coming in."""

    standard_id: int
    audience: Mapping[str, Any]
    slice_unit: str
    slice_seed: str
    slices: tuple[Slice, ...] = ()
    rollout: Rollout | None = None

    @property
    def version_ids(self) -> frozenset[int]:
        """Give every script version that somebody may be served."""
        coming = self.rollout
        texts = (coming.version_id, coming.former_id) if coming is not None else ()
        return frozenset({self.standard_id, *texts, *(arm.version_id for s in self.slices for arm in s.arms)})

    def as_json(self) -> dict[str, Any]:
        """Give the value as it is stored."""
        slices = [_fields(s) | {"arms": [*map(_fields, s.arms)]} for s in self.slices]
        return _fields(self) | {"slices": slices, "rollout": self.rollout and _fields(self.rollout)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Traffic":
        """Read a stored value."""
        slices = tuple(
            Slice(
                **{
                    **s,
                    "state": SliceState(s["state"]),
                    "ranges": _ranges(s["ranges"]),
                    "arms": tuple(ArmSlice(a["key"], _ranges(a["ranges"]), a["version_id"]) for a in s["arms"]),
                }
            )
            for s in stored["slices"]
        )
        coming = stored.get("rollout")
        rollout = Rollout(**{**coming, "regions": tuple(coming["regions"])}) if coming else None
        return cls(**{**stored, "slices": slices, "rollout": rollout})

    def with_experiment(self, new: Slice, width: int) -> "Traffic":
        """Give an experiment `width` free buckets of the layer.

        Raises:
            Conflict: the layer is cut by another unit, a coarse unit would have to share it, it is too full, or another
                standard is on its way in, against which nobody wrote this.
        """
        self._refuse_on_the_way_in()
        if self.slices and (self.slice_unit != new.unit or new.unit not in FINE_UNITS):
            raise Conflict(
                "The scenario's traffic is sliced by %(unit)s and already used; a test by %(other)s needs all of it.",
                unit=self.slice_unit,
                other=new.unit,
            )
        taken = [r for s in self.slices for r in s.ranges]
        try:
            ranges = bucketing.free_ranges(taken, width if new.unit in FINE_UNITS else 10_000)
        except ValueError as error:
            raise _too_full(width, taken) from error
        return replace(self, slice_unit=new.unit, slices=(*self.slices, replace(new, ranges=ranges)))

    def with_state(self, key: str, state: SliceState) -> "Traffic":
        """Pause, resume or stop one slice; everyone else's stay as they are."""
        return self._with_slice(key, lambda s: replace(s, state=state))

    def without_arm(self, key: str, arm: str) -> "Traffic":
        """Serve the standard in an arm's buckets of a slice; the other arms keep theirs."""
        return self._with_slice(key, lambda s: replace(s, arms=tuple(a for a in s.arms if a.key != arm)))

    def widened(self, key: str, width: int, condition: Mapping[str, Any]) -> "Traffic":
        """Let more into a slice: further free buckets until it has `width`, and whom the condition lets in.

        Nobody who was in changes the arm or leaves: the slice keeps its buckets, and its own seed deals the arms.

        Raises:
            Conflict: the layer is too full, or another standard is on its way in.
        """
        self._refuse_on_the_way_in()
        taken = [r for s in self.slices for r in s.ranges]
        own = next(s for s in self.slices if s.key == key)
        more = width - bucketing.width(own.ranges)
        try:
            ranges = bucketing.joined([*own.ranges, *bucketing.free_ranges(taken, more)]) if more else own.ranges
        except ValueError as error:
            raise _too_full(more, taken) from error
        return self._with_slice(key, lambda s: replace(s, ranges=ranges, condition=condition))

    def without(self, key: str) -> "Traffic":
        """Give one slice's buckets back."""
        return replace(self, slices=tuple(s for s in self.slices if s.key != key))

    def with_audience(self, audience: Mapping[str, Any]) -> "Traffic":
        """Let others in to be invited."""
        return replace(self, audience=audience)

    def with_standard(self, version_id: int) -> "Traffic":
        """Serve another script version as the standard."""
        return replace(self, standard_id=version_id)

    def with_rollout(self, rollout: Rollout | None) -> "Traffic":
        """Let a new standard come in so far, or take it back whole; everyone's slices stay as they are."""
        return replace(self, rollout=rollout)

    def _with_slice(self, key: str, change: Callable[[Slice], Slice]) -> "Traffic":
        return replace(self, slices=tuple(change(s) if s.key == key else s for s in self.slices))

    def _refuse_on_the_way_in(self) -> None:
        if self.rollout is not None and (self.rollout.share or self.rollout.regions):
            raise Conflict("A new standard is on its way in here: test against it when it is.")


def _too_full(needed: int, taken: Sequence[Range]) -> Conflict:
    free = bucketing.BUCKETS - bucketing.width(taken)
    return Conflict("The test needs %(needed)s of 10000 buckets; %(free)s are free.", needed=needed, free=free)


class TrafficRevision(Base):
    """One appended revision. `id` is the global sequence that snapshots and ETags are versioned by."""

    __tablename__ = "traffic_revision"
    __table_args__ = (
        UniqueConstraint("scenario_id", "number"),
        CheckConstraint("number > 0 AND based_on = number - 1", name="based_on_the_one_before"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    scenario_id: Mapped[int] = mapped_column(ForeignKey("scenario.id"))
    number: Mapped[int]
    based_on: Mapped[int]
    traffic: Mapped[Any] = mapped_column(CanonicalJson)
    #: why, in words: stored as a `Message`
    cause: Mapped[Any] = mapped_column(CanonicalJson)
    made_by: Mapped[str] = mapped_column(KEY)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def value(self) -> Traffic:
        """Give the stored traffic as a value."""
        return Traffic.from_json(self.traffic)


def newest(session: Session, scenario_id: int) -> TrafficRevision | None:
    """Give a scenario's revision in force; None before its first."""
    return session.scalar(
        select(TrafficRevision)
        .where(TrafficRevision.scenario_id == scenario_id)
        .order_by(TrafficRevision.number.desc())
        .limit(1)
    )


def newest_each(session: Session) -> dict[int, TrafficRevision]:
    """Give every scenario's revision in force, by the scenario's id."""
    last = select(func.max(TrafficRevision.id)).group_by(TrafficRevision.scenario_id)
    found = session.scalars(select(TrafficRevision).where(TrafficRevision.id.in_(last)))
    return {revision.scenario_id: revision for revision in found}


def newest_numbers(session: Session, scenario_ids: Collection[int]) -> dict[int, int]:
    """Give the numbers of scenarios' revisions in force, by the scenarios' ids."""
    last = select(TrafficRevision.scenario_id, func.max(TrafficRevision.number))
    its = last.where(TrafficRevision.scenario_id.in_(scenario_ids)).group_by(TrafficRevision.scenario_id)
    return dict(list(session.execute(its)))


def revisions_of(session: Session, scenario: Scenario, *, most: int) -> list[TrafficRevision]:
    """Give the last revisions of a scenario's traffic, the newest first."""
    query = select(TrafficRevision).where(TrafficRevision.scenario_id == scenario.id)
    return list(session.scalars(query.order_by(TrafficRevision.number.desc()).limit(most)))


def in_force(session: Session, scenario: Scenario) -> TrafficRevision:
    """Give a scenario's revision in force.

    Raises:
        Conflict: the scenario has no standard script yet, or sums others.
    """
    revision = newest(session, scenario.id)
    if revision is None:
        raise Conflict("The scenario %(scenario)s has no standard script yet.", scenario=scenario.key)
    return revision


def append(
    session: Session,
    scenario: Scenario,
    traffic: Traffic,
    *,
    based_on: int,
    cause: Message,
    actor: Actor,
    now: datetime,
) -> TrafficRevision:
    """Append a revision to a scenario's traffic.

    Raises:
        Conflict: somebody appended another since revision `based_on` was read.
    """
    # One at a time, so that revisions become visible in the order of their ids: snapshots look for the newest alone.
    single_file(session, "traffic")
    current = session.scalar(select(func.max(TrafficRevision.number)).where(TrafficRevision.scenario_id == scenario.id))
    if (current or 0) != based_on:
        raise Conflict(
            "The traffic of %(scenario)s is at revision %(current)s; this change was made for %(based_on)s.",
            scenario=scenario.key,
            current=current or 0,
            based_on=based_on,
        )
    revision = TrafficRevision(
        scenario_id=scenario.id,
        number=based_on + 1,
        based_on=based_on,
        traffic=traffic.as_json(),
        cause=cause.as_json(),
        made_by=actor.name,
        made_at=now,
    )
    session.add(revision)
    session.flush()
    audit.record(
        session,
        actor=actor.name,
        verb="change_traffic",
        subject=f"scenario:{scenario.key}",
        now=now,
        number=revision.number,
        cause=str(cause),
    )
    return revision


def first_traffic(scenario: Scenario, standard_id: int) -> Traffic:
    """Give the traffic of a scenario nobody tests yet: the standard for everyone, cut by call when a test comes."""
    return Traffic(standard_id, scenario.audience or {}, "call", f"layer:{scenario.key}")


def _fields(value: Traffic | Slice | ArmSlice | Rollout) -> dict[str, Any]:
    # As `asdict`, which copies all that is in there: here are thousands to be told, and nobody changes them.
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _ranges(stored: Any) -> tuple[Range, ...]:
    return tuple((low, high) for low, high in stored)
