"""What each chart is drawn from. Shares are in [0, 1]; points are percentage points; texts are already translated."""

from dataclasses import dataclass
from typing import Literal

Goodness = Literal["good", "bad", "unclear"]
Standing = Literal["candidate", "in_test", "suitable", "limited", "unsuitable"]


@dataclass(frozen=True, slots=True)
class FunnelWords:
    """The words around a funnel, in the reader's language."""

    arm: str = "Arm"
    step: str = "Step"
    calls: str = "Calls"
    share: str = "Share of assigned calls"
    interval: str = "Interval"
    low: str = "Interval, from"
    high: str = "Interval, to"
    onward: str = "Of the step before"
    lost: str = "Lost since the step before"


@dataclass(frozen=True, slots=True)
class FunnelBar:
    """One step in one arm.

    Attributes:
        count: calls that reached the step.
        share: count over all assigned calls of the arm; `None` when the arm has none.
        low: lower end of the Wilson interval of `share`; `None` when there is none.
        high: upper end of it.
        onward: count over the count of the step before (descriptive); `None` at the first step.
        lost: how many calls of the step before did not get here; `None` at the first step, and where more got here.
    """

    count: int
    share: float | None
    low: float | None = None
    high: float | None = None
    onward: float | None = None
    lost: int | None = None


@dataclass(frozen=True, slots=True)
class FunnelArm:
    """One arm and its bars, one a step, in the order of the steps."""

    name: str
    bars: tuple[FunnelBar, ...]


@dataclass(frozen=True, slots=True)
class FunnelChart:
    """Steps from the widest to the narrowest; the first arm is the control.

    Attributes:
        title: the finding in one sentence, used as the figure's caption.
        steps: names of the steps.
        arms: one to five arms, the control first.
        file_name: what a saved image is called, without suffix.
        words: the words around it.
    """

    title: str
    steps: tuple[str, ...]
    arms: tuple[FunnelArm, ...]
    file_name: str = "funnel"
    words: FunnelWords = FunnelWords()


@dataclass(frozen=True, slots=True)
class EffectWords:
    """The words around effects, in the reader's language."""

    what: str = "Metric"
    effect: str = "Difference to control"
    axis: str = "Difference to control, percentage points"
    unit: str = "pp"
    interval: str = "Interval"
    low: str = "Interval, from"
    high: str = "Interval, to"
    margin: str = "Allowed harm"
    smallest: str = "Smallest effect worth having"
    reading: str = "Reading"
    good: str = "better"
    bad: str = "worse"
    unclear: str = "may be nothing"


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One interval.

    Attributes:
        name: the metric, or the arm, or the variable.
        effect: difference to control, percentage points; `None` when there is nothing to show yet.
        low: lower end of its interval, percentage points.
        high: upper end of it.
        goodness: what the interval means for the business; fewer complaints are good.
        margin: for a guardrail, how much harm the plan allows, signed percentage points.
        smallest: for a primary metric, the smallest effect worth having, signed percentage points.
        beside: cells of the chart's own columns in the table.
        note: a few words after the name, such as how many calls; empty for none.
        says: what the interval means, where that is more than better or worse; empty for none.
    """

    name: str
    effect: float | None
    low: float | None
    high: float | None
    goodness: Goodness
    margin: float | None = None
    smallest: float | None = None
    beside: tuple[str, ...] = ()
    note: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True)
class EffectChart:
    """Intervals that share one axis and one zero line, in the order given.

    `beside` are headings of what the table says of each row besides.
    """

    title: str
    rows: tuple[EffectRow, ...]
    file_name: str = "effects"
    words: EffectWords = EffectWords()
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShareWords:
    """The words around shares, in the reader's language."""

    what: str = "Call type"
    share: str = "Share of calls"
    calls: str = "Calls"
    standing: str = "Standing"


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One node of the tree of call types.

    Attributes:
        key: unique among the rows.
        name: its name.
        share: share of all calls; `None` when unknown.
        parent: key of the node above, `None` at the top.
        standing: what is decided about inviting there; `None` for a node that only sums.
        standing_text: the same in the reader's language.
        calls: how many calls, when known.
    """

    key: str
    name: str
    share: float | None
    parent: str | None = None
    standing: Standing | None = None
    standing_text: str = ""
    calls: int | None = None


@dataclass(frozen=True, slots=True)
class ShareChart:
    """Shares of the call types, to be drawn in the order of the tree."""

    title: str
    rows: tuple[ShareRow, ...]
    file_name: str = "call-types"
    words: ShareWords = ShareWords()


@dataclass(frozen=True, slots=True)
class Twin:
    """The same numbers as a table, for people who read tables and for machines that read aloud.

    Attributes:
        columns: headings.
        rows: cells as text, the row's name first.
        names: how many leading columns are names; the rest are numbers.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 1


@dataclass(frozen=True, slots=True)
class DayWords:
    """The words around a rate by day, in the reader's language."""

    day: str = "Day"
    calls: str = "Calls"
    rate: str = "Share"
    usual: str = "Usual"
    limits: str = "Limits"
    smoothed: str = "Smoothed"
    signal: str = "Signal"


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day of a rate.

    Attributes:
        name: the day.
        short: the same without its year, for the axis.
        calls: how many the rate is of.
        rate: share of them; `None` without calls.
        usual: share expected of such a day.
        low: lower limit for its number of calls; `None` without calls.
        high: upper limit.
        smoothed: weighted mean up to this day.
        signal: what was found of its calls; empty for nothing.
    """

    name: str
    short: str
    calls: int
    rate: float | None
    usual: float
    low: float | None
    high: float | None
    smoothed: float
    signal: str = ""


@dataclass(frozen=True, slots=True)
class DayChart:
    """A rate day by day with its limits, at least one day, in their order."""

    title: str
    days: tuple[DayRow, ...]
    file_name: str = "control"
    words: DayWords = DayWords()
