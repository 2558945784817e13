"""What every rule finds, how much later than peeking, and how often it finds what is not there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tests.evidence import null
from tests.evidence.rules import ONCE, RULES, first_crossing
from tests.evidence.series import Floats, Series

Crossings: TypeAlias = dict[str, list[int | None]]
"""By rule: of each series, the checkpoint at which it is found."""

PEEKING = RULES[0].name
SEED = 20_211_119


@dataclass(frozen=True, slots=True)
class Quartiles:
    """The quarter, the half and three quarters of some values; nan without any."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Quartiles":
        low, median, high = np.percentile(values, [25, 50, 75]) if len(values) else [np.nan] * 3
        return cls(float(low), float(median), float(high))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one rule finds.

    Attributes:
        rule: Its name.
        found: Series.
        standing: Those of them that the fixed-horizon test finds at the last checkpoint.
        turned: Those of them whose difference has the other sign there.
        shares: Of the sample at which each was found, ascending.
        both: Series that peeking finds too; of them the next two speak.
        days_later: Than peeking's first crossing.
        share_later: Of the sample, in [0, 1].
    """

    rule: str
    found: int
    standing: int
    turned: int
    shares: tuple[float, ...]
    both: int
    days_later: Quartiles
    share_later: Quartiles


@dataclass(frozen=True, slots=True)
class Alarm:
    """Share of runs without any effect that a rule calls found, over all series alike."""

    rule: str
    null: str
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One series, its limits by rule, and where peeking finds it."""

    series: Series
    limits: dict[str, Floats]
    crossing: int


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """Everything that the page shows."""

    experiments: int
    treatments: int
    series: int
    readable: int
    checkpoints: int
    first_share: float
    runs: int
    outcomes: tuple[Outcome, ...]
    alarms: tuple[Alarm, ...]
    example: Example | None

    def outcome(self, rule: str) -> Outcome:
        """Give what this rule finds."""
        return next(outcome for outcome in self.outcomes if outcome.rule == rule)

    def alarm(self, rule: str, null: str) -> float:
        """Give this rule's share of false alarms under this null."""
        return next(alarm.share for alarm in self.alarms if (alarm.rule, alarm.null) == (rule, null))


def find(series: Sequence[Series], runs: int) -> Findings:
    """Apply every rule to every series, and to `runs` runs of each without an effect."""
    limits = {rule.name: [rule.limits(each.users, each.readable) for each in series] for rule in RULES}
    crossings: Crossings = {
        name: [first_crossing(each.z, limit) for each, limit in zip(series, of_rule, strict=True)]
        for name, of_rule in limits.items()
    }
    readable = [each for each in series if each.readable.any()]
    return Findings(
        experiments=len({each.experiment for each in series}),
        treatments=len({(each.experiment, each.variant) for each in series}),
        series=len(series),
        readable=len(readable),
        checkpoints=sum(int(each.readable.sum()) for each in readable),
        first_share=float(np.median([each.share[each.readable][0] for each in readable])),
        runs=runs,
        outcomes=tuple(outcome(series, crossings, rule.name) for rule in RULES),
        alarms=tuple(_alarms(series, limits, runs)),
        example=example(series, crossings, limits),
    )


def outcome(series: Sequence[Series], crossings: Crossings, rule: str) -> Outcome:
    """Add up what one rule finds."""
    found = [(each, at) for each, at in zip(series, crossings[rule], strict=True) if at is not None]
    both = [
        (each, at, first)
        for each, at, first in zip(series, crossings[rule], crossings[PEEKING], strict=True)
        if at is not None and first is not None
    ]
    return Outcome(
        rule=rule,
        found=len(found),
        standing=sum(bool(abs(each.z[-1]) >= ONCE) for each, _ in found),
        turned=sum(bool(each.difference[at] * each.difference[-1] < 0) for each, at in found),
        shares=tuple(sorted(float(each.share[at]) for each, at in found)),
        both=len(both),
        days_later=Quartiles.of([each.days[at] - each.days[first] for each, at, first in both]),
        share_later=Quartiles.of([each.share[at] - each.share[first] for each, at, first in both]),
    )


def example(series: Sequence[Series], crossings: Crossings, limits: dict[str, list[Floats]]) -> Example | None:
    """Choose, of the series that peeking alone finds and that end within one standard error, the longest."""
    others = [rule.name for rule in RULES if rule.name != PEEKING]
    gone = [
        (int(each.readable.sum()), -place)
        for place, each in enumerate(series)
        if crossings[PEEKING][place] is not None
        and all(crossings[name][place] is None for name in others)
        and abs(each.z[-1]) < 1
    ]
    if not gone:
        return None
    place = -max(gone)[1]
    at = crossings[PEEKING][place]
    return None if at is None else Example(series[place], {name: limits[name][place] for name in limits}, at)


def _alarms(series: Sequence[Series], limits: dict[str, list[Floats]], runs: int) -> list[Alarm]:
    shares: dict[tuple[str, str], list[float]] = {}
    for kind, draw in null.NULLS.items():
        random = np.random.default_rng(SEED)
        for place, each in enumerate(series):
            if each.readable.any():
                z = draw(each, runs, random)
                for rule, of_rule in limits.items():
                    hits = null.alarms(z, of_rule[place][each.readable])
                    shares.setdefault((rule, kind), []).append(hits / runs)
    return [Alarm(rule, kind, float(np.mean(each))) for (rule, kind), each in shares.items()]
