"""What is in force as a payload for GrowthBook's SDKs, so that a desktop evaluates locally and gets the server's arm.

A scenario is a feature. Its rules stand in the order of `serving.decide`, and what they serve is everything a desktop
reads out, in every language: which one is the desktop's to choose. A slice is a filter on the layer's seed; an arm is
an explicit range on the slice's own, hash version 2 in both. Buckets n travel as n/10000: an SDK divides its own bucket
by 10000 too, and equal quotients of equal integers are the same float, so no edge moves.
(https://docs.growthbook.io/lib/build-your-own)
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from experiments.calendar import SiteCalendar
from experiments.do.layer import DO_NOT_INVITE
from experiments.do.snapshot import ServedScenario, Snapshot
from experiments.plan import bucketing
from experiments.plan.bucketing import BUCKETS, Range
from experiments.plan.traffic import ArmSlice, Rollout, Slice, SliceState

_HASH_VERSION = 2

_Owner = TypeVar("_Owner", Slice, ArmSlice)

UNITS: Mapping[str, str] = {
    "call": "call_id",
    "customer": "customer_id",
    "agent": "agent_id",
    "team": "team",
    # an answer of ours names it; offline it is agent_id|YYYY-MM-DD|am or pm, by the payload's `shifts`
    "agent_shift": "agent_shift",
}
"""The attribute that a desktop gives each randomisation unit by. Its value is a text, and never empty."""

AGENT_WEEK = "agent_week"
"""The attribute that new standards come in by: agent_id|YYYY-Www, the shift's day being in that week of ISO 8601."""

_ORDERINGS = frozenset({"$lt", "$lte", "$gt", "$gte", "$vlt", "$vlte", "$vgt", "$vgte", "$veq"})

# Whatever is true to us. An SDK says so of each type in another way.
_OPTED_OUT: Mapping[str, Any] = {
    "$or": [
        {DO_NOT_INVITE: {"$type": "boolean", "$eq": True}},
        {DO_NOT_INVITE: {"$type": "number", "$ne": 0}},
        {DO_NOT_INVITE: {"$type": "string", "$ne": ""}},
        {DO_NOT_INVITE: {"$type": "array", "$not": {"$size": 0}}},
    ]
}


def payload(snapshot: Snapshot, calendar: SiteCalendar) -> dict[str, Any]:
    """Give everything in force.

    Args:
        snapshot: what is in force.
        calendar: the site's, by which a desktop names an agent's shift while it is offline.
    """
    return {
        "status": 200,
        "features": {key: feature(scenario) for key, scenario in snapshot.scenarios.items()},
        "shifts": {"timezone": calendar.timezone.key, "noon": calendar.noon.isoformat("minutes")},
    }


def feature(scenario: ServedScenario) -> dict[str, Any]:
    """Give one scenario: rules in order, the first that takes a call serves it."""
    traffic = scenario.traffic
    standard = _Text("standard", traffic.standard_id, {})
    held, coming = ([], []) if traffic.rollout is None else _on_its_way(traffic.rollout)
    running = [
        _rule(scenario, owner, ranges)
        for owner, ranges in _owned(traffic.slices)
        if owner.state is SliceState.RUNNING and owner.arms
    ]
    opted_out = [
        _said(scenario, text, DO_NOT_INVITE, _OPTED_OUT, inviting=False) for text in (*held, *coming, standard)
    ]
    return {
        "defaultValue": value(scenario, standard.version_id, inviting=False),
        "rules": [
            *opted_out,
            *(rule for text in held for rule in _to_everyone(scenario, text)),
            *running,
            *(rule for text in coming for rule in _to_everyone(scenario, text)),
            _said(scenario, standard, standard.key, traffic.audience, inviting=True),
        ],
    }


def value(
    scenario: ServedScenario,
    version_id: int,
    *,
    inviting: bool = True,
    experiment: str | None = None,
    arm: str | None = None,
) -> dict[str, Any]:
    """Give what a desktop reads out, and what it reports of it: experiment, arm and traffic revision.

    Args:
        scenario: whose.
        version_id: the script version served.
        inviting: whether with the invitation.
        experiment: what split, if anything.
        arm: its arm.
    """
    script = scenario.script(version_id)
    said = script.inviting if inviting else script.service_only
    return {
        "script": script.key,
        "version": script.version,
        "invite": inviting and script.asks,
        "steps": {
            locale: [{"element": element, "text": text} for element, text in steps] for locale, steps in said.items()
        },
        "experiment": experiment,
        "arm": arm,
        "traffic_revision": scenario.revision,
    }


class _Text(NamedTuple):
    """A script version that is the standard for some: whose it is, and where, in the SDK's words."""

    key: str
    version_id: int
    where: Mapping[str, Any]


def _on_its_way(rollout: Rollout) -> tuple[list[_Text], list[_Text]]:
    """Give what is said by agent-weeks that are held back, and by those that say the new standard already."""

    def said(key: str, version_id: int, weeks: Range, **condition: Any) -> list[_Text]:
        where = {"filters": [_filter(AGENT_WEEK, rollout.seed, [weeks])], "condition": condition}
        return [_Text(key, version_id, where)] if weeks[0] < weeks[1] else []

    others = (rollout.holdback, BUCKETS)
    pilots = said(rollout.key, rollout.version_id, others, region={"$in": list(rollout.regions)})
    return (
        said(f"{rollout.key}/holdback", rollout.former_id, (0, rollout.holdback)),
        said(rollout.key, rollout.version_id, (rollout.holdback, rollout.taken)) + (pilots if rollout.regions else []),
    )


def _to_everyone(scenario: ServedScenario, text: _Text) -> list[dict[str, Any]]:
    """Give the rules by which a text is the standard: with its invitation to those let in, else without."""
    return [
        _said(scenario, text, text.key, scenario.traffic.audience, inviting=True),
        _said(scenario, text, text.key, {}, inviting=False),
    ]


def _said(scenario: ServedScenario, text: _Text, key: str, condition: Any, *, inviting: bool) -> dict[str, Any]:
    both = [each for each in (text.where.get("condition"), condition) if each]
    rule = {**text.where, "id": key, "condition": _spelt(both[0] if len(both) == 1 else {"$and": both} if both else {})}
    return rule | {"force": value(scenario, text.version_id, inviting=inviting)}


def _rule(scenario: ServedScenario, owner: Slice, ranges: Sequence[Range]) -> dict[str, Any]:
    """Give the rule of a slice that runs; whom it does not let in, or an arm had that was dropped, fall through."""
    attribute = UNITS[scenario.traffic.slice_unit]
    layer = _filter(attribute, scenario.traffic.slice_seed, ranges)
    rule = {"id": owner.key, "condition": _spelt(owner.condition), "filters": [layer]}
    return rule | _split(scenario, owner, attribute)


def _split(scenario: ServedScenario, owner: Slice, attribute: str) -> dict[str, Any]:
    """Give what an experiment's rule has beside its slice: one variation for each range of each arm."""
    arms = [(arm, each) for arm, held in _owned(owner.arms) for each in held]
    arms += [(owner.arms[0], (BUCKETS, BUCKETS))] * (2 - len(arms))  # SDKs run none with fewer than two
    return {
        "key": owner.key,
        "hashAttribute": attribute,
        "hashVersion": _HASH_VERSION,
        "seed": owner.seed,
        "variations": [value(scenario, arm.version_id, experiment=owner.key, arm=arm.key) for arm, _ in arms],
        "ranges": [_shares(each) for _, each in arms],
        "meta": [{"key": arm.key} for arm, _ in arms],
    }


def _filter(attribute: str, seed: str, ranges: Iterable[Range]) -> dict[str, Any]:
    shares = [_shares(each) for each in ranges]
    return {"attribute": attribute, "seed": seed, "hashVersion": _HASH_VERSION, "ranges": shares}


def _shares(buckets: Range) -> list[float]:
    left, right = buckets
    return [left / BUCKETS, right / BUCKETS]


def _owned(owners: Sequence[_Owner]) -> list[tuple[_Owner, list[Range]]]:
    """Give each owner the buckets that are its own: where several hold one, the first has it."""
    return list(zip(owners, _held([owner.ranges for owner in owners]), strict=True))


def _held(owners: Sequence[Sequence[Range]]) -> list[list[Range]]:
    edges, owning = bucketing.edges(owners)
    stretches = list(zip((0, *edges), (*edges, BUCKETS), owning, strict=True))
    return [
        [(left, right) for left, right, held in stretches if held == place and left < right]
        for place in range(len(owners))
    ]


def _spelt(condition: Any) -> Any:
    """Spell a condition so that a missing fact satisfies no ordering in JavaScript either, where null counts as 0."""
    if isinstance(condition, list):
        return [_spelt(each) for each in condition]
    if not isinstance(condition, Mapping):
        return condition
    inner = {key: _spelt(each) for key, each in condition.items()}
    return inner if _ORDERINGS.isdisjoint(inner) or "$exists" in inner else {"$exists": True, **inner}
