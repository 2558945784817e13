"""Whether the effect differs between the segments that a plan declared: new agents and experienced ones first.

Segments nobody declared are not looked at: of twenty, one looks special by chance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from experiments.check.analysis.arms import ArmData, Method, compare
from experiments.check.analysis.units import UnitData
from experiments.check.metrics import NOTHING, MetricSpec, Totals
from stats.comparison import Comparison
from stats.segments.forest import ForestRow, forest
from stats.segments.interaction import Effect, Interaction, interaction


@dataclass(frozen=True, slots=True)
class Segment:
    """One level of a moderator: its eligible calls in both arms, and the effect in it.

    `row` holds the interval that is good for all segments of the moderator at once.
    """

    level: str
    calls: int
    row: ForestRow


@dataclass(frozen=True, slots=True)
class Moderated:
    """The primary effect of one challenger by a moderator, and whether its levels differ."""

    moderator: str
    challenger: str
    segments: tuple[Segment, ...]
    interaction: Interaction


Levels = Mapping[str, Mapping[str, Mapping[str, Totals]]]
"""What agents did: by level, arm and agent."""


def moderate(
    method: Method, spec: MetricSpec, moderator: str, keys: Sequence[str], levels: Levels, *, alpha: float
) -> list[Moderated]:
    """Compare every challenger with the control in each level of a moderator.

    Args:
        method: how the plan is analysed; of few units the model answers here, since deals are not balanced by level.
        spec: the primary metric.
        moderator: its name.
        keys: the arms' keys, control first.
        levels: what agents did, by level, arm and agent.
        alpha: 1 - confidence of all intervals of a moderator together.

    Returns:
        One a challenger; nothing where units are not agents' own calls, and cannot be told apart by them.
    """
    if method.unit not in ("call", "agent"):
        return []
    simple = replace(method, deal=None, kept=(), past=None)
    return [
        _moderated(
            moderator,
            key,
            {
                level: (_calls(arms, keys, place), _compared(simple, spec, keys, arms, place, alpha))
                for level, arms in levels.items()
            },
            alpha,
        )
        for place, key in enumerate(keys)
        if place
    ]


def _moderated(moderator: str, challenger: str, found: Mapping[str, tuple[int, Comparison]], alpha: float) -> Moderated:
    rows = forest([comparison for _, comparison in found.values()], alpha=alpha)
    segments = tuple(Segment(level, calls, row) for (level, (calls, _)), row in zip(found.items(), rows, strict=True))
    return Moderated(moderator, challenger, segments, interaction([Effect.of(c) for _, c in found.values()]))


def _calls(arms: Mapping[str, Mapping[str, Totals]], keys: Sequence[str], place: int) -> int:
    return sum(totals["calls"] for key in (keys[0], keys[place]) for totals in arms.get(key, {}).values())


def _compared(
    method: Method,
    spec: MetricSpec,
    keys: Sequence[str],
    arms: Mapping[str, Mapping[str, Totals]],
    place: int,
    alpha: float,
) -> Comparison:
    data = [_arm(key, arms.get(key, {}), whole=method.unit == "agent") for key in keys]
    found = compare(method, spec, data, place, alpha=alpha)
    return found.model or found.answer


def _arm(key: str, agents: Mapping[str, Totals], *, whole: bool) -> ArmData:
    totals = dict(NOTHING)
    for each in agents.values():
        for name, value in each.items():
            totals[name] = totals.get(name, 0) + value
    units = [UnitData(name, each) for name, each in sorted(agents.items())] if whole else None
    return ArmData(key, totals, units, agents)
