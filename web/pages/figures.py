"""Figures: a chart's data becomes what a template prints, its JSON and the table beside it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiments.check.history import ScenarioHistory
from experiments.check.metrics import Totals
from experiments.plan.scenarios import MetricSet
from stats.arms.intervals import wilson
from stats.moments import Counts
from web.charts.data import FunnelArm, FunnelBar, FunnelChart, Twin
from web.charts.kinds import Chart, table_of
from web.charts.words import funnel_words
from web.language import named


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart on a page.

    Attributes:
        id: unique on the page.
        title: the finding in one sentence.
        summary: how to read it.
        json: what charts.js draws; empty when it is fetched, or when there is a table only.
        table: the same for people who read tables.
        source: where charts.js fetches what it draws, when the chart comes near; empty when `json` has it.
        numbers: where the numbers are to be had as CSV; empty for nowhere.
    """

    id: str
    title: str
    summary: str
    json: str
    table: Twin
    source: str = ""
    numbers: str = ""


def fetched(figure_id: str, chart: Chart, summary: str, source: str) -> Figure:
    """Leave a chart's place in the page: it is drawn when it comes near, and fetched from `source`."""
    return Figure(figure_id, chart.title, summary, "", table_of(chart), source)


def steps_of(metric_set: MetricSet) -> list[tuple[str, str]]:
    """Give a funnel's steps as (fact, the reader's name)."""
    return [(step["fact"], named(step["name"])) for step in metric_set.steps]


def scenario_counts(facts: Sequence[str], past: ScenarioHistory) -> list[int]:
    """Count a scenario's calls at each step; once `eligible` is a step, the later ones count among the eligible."""
    inner = past.eligible if "eligible" in facts else past.all
    first = {"calls": past.all["calls"], "eligible": past.eligible["calls"]}
    return [first[fact] if fact in first else inner[fact] for fact in facts]


def arm_counts(facts: Sequence[str], totals: Totals) -> list[int]:
    """Count an arm's calls at each step: all of them are eligible, or they would be in no arm."""
    return [totals["calls"] if fact in ("calls", "eligible") else totals[fact] for fact in facts]


def arm_facts(metric_set: MetricSet) -> list[tuple[str, str]]:
    """Give the steps that calls of an arm can differ at: an arm's calls are eligible from the start."""
    steps = steps_of(metric_set)
    return [step for step in steps if step[0] != "calls"] if any(f == "eligible" for f, _ in steps) else steps


def funnel_arm(name: str, counts: Sequence[int], *, intervals: bool) -> FunnelArm:
    """See counts as an arm of a funnel: shares of its first step, with Wilson intervals where calls are independent."""
    return FunnelArm(
        name,
        tuple(
            _bar(count, counts[0], counts[index - 1] if index else None, intervals and index > 0)
            for index, count in enumerate(counts)
        ),
    )


def funnel_of(
    file_name: str,
    title: str,
    steps: Sequence[tuple[str, str]],
    arms: Mapping[str, Sequence[int]],
    *,
    intervals: bool = True,
) -> FunnelChart:
    """See counts at each step as a funnel."""
    drawn = tuple(funnel_arm(name, counts, intervals=intervals) for name, counts in arms.items())
    return FunnelChart(title, tuple(name for _, name in steps), drawn, file_name, funnel_words())


def _bar(count: int, calls: int, before: int | None, with_interval: bool) -> FunnelBar:
    interval = wilson(Counts(calls, count)) if with_interval and count <= calls else None
    low, high = (interval.low, interval.high) if interval else (math.nan, math.nan)
    onward = count / before if before else None
    share = count / calls if calls else None
    known = not math.isnan(low)
    lost = before - count if before is not None and before >= count else None
    return FunnelBar(count, share, low if known else None, high if known else None, onward, lost)
