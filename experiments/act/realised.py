"""What a rollout really brings: who says the new script against who is held back, by agent-weeks, from the rollup.

A new script reaches more and more agents, so that most of its calls are late ones; were they counted as they came, a
rate that changes with time would look like an effect. So a call counts by one over the chance that its agent-week said
the new script on that day: by these weights both sides have the same days (Horvitz & Thompson 1952, JASA 47:663).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from experiments.act.rollouts import Rollout, calls_since, is_new
from experiments.act.steps import Step
from experiments.calendar import as_date
from experiments.check import history, looks, verdict
from experiments.check.counting.tables import RollupCall
from experiments.check.metrics import MetricSpec, Totals, measures_of, pair_of
from experiments.check.reading import matured, primary_of
from experiments.do.serving import Reason
from experiments.plan.bucketing import BUCKETS
from stats.comparison import Comparison
from stats.looking.clustered import watch_clusters

SHARPEST = 200
"""Agent-weeks of both sides at which the watch is sharpest: two or three weeks of a centre of some eighty agents."""


@dataclass(frozen=True, slots=True)
class Realised:
    """One metric of a rollout: the new script against the holdback, at any time.

    Attributes:
        metric: Its key.
        role: Primary or guardrail.
        comparison: As it stands, new minus held back; nan where nothing is known.
        low: Lower end of the interval that holds at all times, nan while it is not read.
        high: Its upper end.
        harmed: Whether it lies wholly on the wrong side of no difference.
        until: The last day of calls that count.
    """

    metric: str
    role: str
    comparison: Comparison
    low: float
    high: float
    harmed: bool
    until: int


def realised(session: Session, rollout: Rollout, *, today: int) -> tuple[Realised, ...]:
    """Read the primary metric and the guardrails of a rollout; nothing of one that has not begun.

    Guardrails are watched on calls up to now, each with an equal part of the plan's alpha; the primary metric is read
    on matured calls, at the whole of it.

    Args:
        session: to read the rollup with.
        rollout: the rollout.
        today: the site-local day, YYYYMMDD.
    """
    if not rollout.reached:
        return ()
    experiment = rollout.experiment
    specs = history.specs_of(session, experiment)
    primary = primary_of(experiment)
    guards = [planned for planned in experiment.metrics if planned.role == "guardrail"]
    told = _told(session, rollout, {name for spec in specs.values() for name in measures_of(spec)})
    return (
        _read(told, specs[primary.metric], "primary", experiment.alpha, matured(specs[primary.metric], today)),
        *(_read(told, specs[each.metric], "guardrail", experiment.alpha / len(guards), today) for each in guards),
    )


def promised(session: Session, rollout: Rollout) -> float | None:
    """Give the difference that the look which decided estimated for the arm; None where there is none."""
    made = looks.looks_of(session, rollout.experiment)
    for reading in made[-1].content["readings"] if made else []:
        if reading["role"] == "primary" and reading["challenger"] == rollout.arm:
            stopped = reading["stopped"]
            estimate: float | None = stopped["estimate"] if stopped else reading["comparison"]["difference"]
            return estimate
    return None


@dataclass(frozen=True, slots=True)
class _Told:
    """What the calls of one agent in one region on one day sum to, on one side, and what each of them counts."""

    held_back: bool
    agent_week: str
    day: int
    weight: float
    totals: Totals


def _read(told: Iterable[_Told], spec: MetricSpec, role: str, alpha: float, until: int) -> Realised:
    held, new = defaultdict[str, list[float]](lambda: [0.0, 0.0]), defaultdict[str, list[float]](lambda: [0.0, 0.0])
    for each in told:
        if each.day <= until:
            sums = (held if each.held_back else new)[each.agent_week]
            for place, number in enumerate(pair_of(spec, each.totals)):
                sums[place] += each.weight * number
    seen, low, high = watch_clusters(_pairs(held), _pairs(new), alpha=alpha, planned_units=SHARPEST)
    return Realised(spec.key, role, seen, low, high, verdict.harms(spec, low, high, none=0.0), until)


def _pairs(sums: Mapping[str, Sequence[float]]) -> list[tuple[float, float]]:
    return [(numerator, denominator) for numerator, denominator in sums.values() if denominator > 0]


def _told(session: Session, rollout: Rollout, measures: Collection[str]) -> list[_Told]:
    """Read both sides of a rollout, where and while both could be dealt."""
    keys = (RollupCall.day, RollupCall.agent_id, RollupCall.region, RollupCall.reason)
    names = sorted({"calls", *measures})
    sums = (func.sum(getattr(RollupCall, name)).label(name) for name in names)
    rows = session.execute(
        select(*keys, *sums).where(*calls_since(rollout), is_new(rollout) | _IS_HELD).group_by(*keys)
    )
    steps = [(reached.day, rollout.planned[reached.step]) for reached in rollout.reached]
    found = []
    for day, agent, region, reason, *values in rows:
        chance = _chance(steps, day, region)
        if chance:
            held_back = reason == Reason.HOLDBACK
            week = f"{agent}|{as_date(day).isocalendar()[:2]}"
            totals = dict(zip(names, map(int, values), strict=True))
            found.append(_Told(held_back, week, day, 1.0 if held_back else 1 / chance, totals))
    return found


def _chance(steps: Sequence[tuple[int, Step]], day: int, region: str) -> float:
    """Give the chance that an agent-week which is not held back says the new script in a region on a day."""
    here = [step for since, step in steps if since <= day][-1]
    return 1.0 if region in here.regions else here.share / BUCKETS


_IS_HELD = RollupCall.reason == Reason.HOLDBACK
