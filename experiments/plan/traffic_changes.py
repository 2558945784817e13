"""What changed from one traffic revision to the next, for people: which words, and who is served what. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from experiments.plan import bucketing
from experiments.plan.bucketing import BUCKETS, Range
from experiments.plan.scripts import Lines, Value, value_in
from experiments.plan.traffic import ArmSlice, Rollout, Slice, SliceState, Traffic
from experiments.wording import Message, sentence


@dataclass(frozen=True, slots=True)
class Version:
    """A script version that traffic serves: its number, and what it says."""

    number: int
    lines: Lines


Versions = Mapping[int, Version]
"""Script versions by their ids."""


@dataclass(frozen=True, slots=True)
class TextChange:
    """One element that says something else; None is not said at all."""

    element: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed.

    Attributes:
        what: The sentence.
        texts: The elements whose words differ, where words do.
        audience: The conditions of before and after, where those are what changed.
    """

    what: Message
    texts: tuple[TextChange, ...] = ()
    audience: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None


def changes_between(before: Traffic | None, after: Traffic, versions: Versions) -> list[Change]:
    """Say what a revision changed of the one before it; None is before the first.

    Args:
        before: the traffic it was based on.
        after: the traffic it brought.
        versions: every script version that either serves.
    """
    if before is None:
        first = Message("The first script is served: version %(number)s.", _number(versions, after.standard_id))
        return [Change(first, texts_between((), versions[after.standard_id].lines))]
    return [
        *_of_standard(before, after, versions),
        *_of_slices(before, after, versions),
        *_of_rollout(before.rollout, after.rollout, versions),
    ]


def texts_between(before: Lines, after: Lines) -> tuple[TextChange, ...]:
    """Give the elements in which two scripts differ, in their spoken order; those that are gone come last."""
    names = dict.fromkeys(line.element for line in (*after, *before))
    told = ((name, value_in(before, name), value_in(after, name)) for name in names)
    return tuple(TextChange(name, old, new) for name, old, new in told if old != new)


def _of_standard(before: Traffic, after: Traffic, versions: Versions) -> Iterator[Change]:
    if before.standard_id != after.standard_id:
        old, new = versions[before.standard_id], versions[after.standard_id]
        values = {"before": old.number, "after": new.number}
        said = Message("The standard script is version %(after)s instead of %(before)s.", values)
        yield Change(said, texts_between(old.lines, new.lines))
    if before.audience != after.audience:
        yield Change(
            Message("Others than before are invited outside the tests."), (), (before.audience, after.audience)
        )


def _of_slices(before: Traffic, after: Traffic, versions: Versions) -> Iterator[Change]:
    old, new = ({owner.key: owner for owner in each.slices} for each in (before, after))
    for key, owner in new.items():
        if key not in old:
            yield from _begun(owner, after, versions)
        else:
            yield from _of_slice(old[key], owner)
    for key in old.keys() - new.keys():
        yield Change(
            Message("%(experiment)s has no calls any more: they are served the standard.", {"experiment": key})
        )


def _begun(owner: Slice, after: Traffic, versions: Versions) -> Iterator[Change]:
    values = {"experiment": owner.key, "share": share(owner.ranges), "units": Message(_UNITS[owner.unit])}
    everybody: Mapping[str, Any] = {}
    whom = (everybody, owner.condition) if owner.condition else None
    yield Change(Message("%(experiment)s takes %(share)s of the %(units)s.", values), (), whom)
    standard = versions[after.standard_id].lines
    for arm in owner.arms:
        served = versions[arm.version_id]
        told = {"arm": arm.key, "share": share(arm.ranges), "number": served.number}
        said = Message("Of these, %(share)s are in the arm %(arm)s and hear version %(number)s.", told)
        yield Change(said, texts_between(standard, served.lines))


def _of_slice(old: Slice, new: Slice) -> Iterator[Change]:
    if old.state is not new.state:
        yield Change(Message(_STATES[new.state], {"experiment": new.key}))
    left, come = _left_and_come(old.arms, new.arms)
    for arm in left:
        values = {"experiment": new.key, "arm": arm.key, "share": share(arm.ranges)}
        yield Change(Message(_DROPPED, values))
    for arm in come:
        yield Change(Message("%(experiment)s has an arm more: %(arm)s.", {"experiment": new.key, "arm": arm.key}))
    if old.ranges != new.ranges:
        values = {"experiment": new.key, "before": share(old.ranges), "after": share(new.ranges)}
        yield Change(Message(_WIDENED if _holds(new.ranges, old.ranges) else _CUT_ANEW, values))
    if old.condition != new.condition:
        said = Message("Others than before take part in %(experiment)s.", {"experiment": new.key})
        yield Change(said, (), (old.condition, new.condition))


def _left_and_come(old: Iterable[ArmSlice], new: Iterable[ArmSlice]) -> tuple[list[ArmSlice], list[ArmSlice]]:
    was, is_ = list(old), list(new)
    return [arm for arm in was if arm not in is_], [arm for arm in is_ if arm not in was]


def _of_rollout(old: Rollout | None, new: Rollout | None, versions: Versions) -> Iterator[Change]:
    if old == new:
        return
    if new is None:
        ended = Message(_ALL_HEAR_STANDARD, {"experiment": old.key if old else ""})
        yield Change(ended)
        return
    values = {"experiment": new.key, "weeks": _share(new.holdback), **_number(versions, new.former_id)}
    if new.share or new.regions:
        reach = {
            "share": _share(new.share),
            "regions": ", ".join(new.regions) or "—",
            "experiment": new.key,
            **_number(versions, new.version_id),
        }
        begun = old is None
        texts = texts_between(versions[new.former_id].lines, versions[new.version_id].lines) if begun else ()
        yield Change(Message(_COMES_IN, reach), texts)
    if new.holdback and (old is None or old.holdback != new.holdback or not (new.share or new.regions)):
        yield Change(Message("%(weeks)s of the agent-weeks are held back and hear version %(number)s.", values))


def share(ranges: Iterable[Range]) -> str:
    """Say how much of all buckets some hold."""
    return _share(bucketing.width(ranges))


def _share(buckets: int) -> str:
    return f"{100 * buckets / BUCKETS:g}%"


def _holds(outer: Iterable[Range], inner: Iterable[Range]) -> bool:
    """Say whether every bucket of the one is in the other."""
    held = bucketing.joined(outer)
    return all(any(left <= start and end <= right for left, right in held) for start, end in inner if start < end)


def _number(versions: Versions, version_id: int) -> dict[str, int]:
    return {"number": versions[version_id].number}


_UNITS = {
    "call": sentence("calls"),
    "customer": sentence("customers"),
    "agent": sentence("agents"),
    "team": sentence("teams"),
    "agent_shift": sentence("shifts"),
}
_STATES = {
    SliceState.RUNNING: sentence("%(experiment)s is dealt again."),
    SliceState.PAUSED: sentence("%(experiment)s is paused: all of its calls are served the standard."),
    SliceState.STOPPED: sentence("%(experiment)s is stopped: all of its calls are served the standard."),
}
_DROPPED = sentence(
    "%(experiment)s: the arm %(arm)s, %(share)s of the test, is served the standard; "
    "the other arms keep whom they have."
)
_WIDENED = sentence(
    "%(experiment)s takes %(after)s of the traffic instead of %(before)s; whoever took part stays in the same arm."
)
_CUT_ANEW = sentence("%(experiment)s takes other buckets: %(after)s of the traffic instead of %(before)s.")
_COMES_IN = sentence(
    "Version %(number)s, found by %(experiment)s, comes in: %(share)s of the agent-weeks that are not held back say "
    "it; regions in which all of them do: %(regions)s."
)
_ALL_HEAR_STANDARD = sentence("Nothing of %(experiment)s is coming in or held back: everybody hears the standard.")
