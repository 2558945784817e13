"""What is asked whenever a page is opened: of the cube that was read anyway, and of a few cheap queries more.

All of it together raises a finding on sound data in less than 5 of 100 tests watched every day for a month
(`make calibrate`). Never: a doubt about the effect, which is read at looks alone.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from sqlalchemy.orm import Session

from experiments.calendar import as_date, days_before
from experiments.check import cube, particulars
from experiments.check.analysis.arms import PERMUTED_CLUSTERS, ArmData
from experiments.check.analysis.units import Units
from experiments.check.data import ExperimentData
from experiments.check.examining.groups import mixes, promised_shares
from experiments.check.health import balance, desks, floor, missing, registered, split
from experiments.check.health.findings import Finding
from experiments.check.health.floor import Staffed
from experiments.check.health.missing import Recorded
from experiments.check.metrics import REPORTED, MetricSpec
from experiments.plan import deals
from experiments.plan.designs import Experiment
from experiments.plan.traffic import FINE_UNITS
from experiments.wording import Message
from stats.clusters.deals import DealsReview, review_deals
from stats.moments import Counts

_HANDLED = Message("Handling time")
_COLUMNS = {"region": "region", "channel": "channel", "agent": "agent_id"}


def staffed_of(data: ExperimentData, primary: MetricSpec, today: int) -> dict[str, list[Staffed]]:
    """Give each dealt agent's, team's or shift's days of work, calls and results, by arm."""
    if data.units is None or data.experiment.unit in FINE_UNITS:
        return {}
    asked = (cube.DAYS, "calls", primary.numerator)
    (arms, _), sums = data.units.columns(["arm", "unit_hash"], until=today, measures=asked)
    found: dict[str, list[Staffed]] = defaultdict(list)
    for arm, row in zip(arms, sums.tolist(), strict=True):
        found[arm].append(Staffed(*row))
    return found


def of_desks(session: Session, experiment: Experiment) -> list[Finding]:
    """Tell of calls that desktops say otherwise of, or that came while the database was away, where there are any."""
    otherwise = particulars.told_otherwise(session, experiment)
    unknown = particulars.told_of_unknown_traffic(session, experiment)
    away = particulars.served_while_away(session, experiment)
    return [
        *([desks.told_otherwise(otherwise)] if otherwise else []),
        *([desks.unknown_traffic(unknown)] if unknown else []),
        *([desks.away(away)] if away.successes else []),
    ]


def daily(
    data: ExperimentData,
    arms: Sequence[ArmData],
    primary: MetricSpec,
    staffed: Mapping[str, Sequence[Staffed]],
    today: int,
) -> list[Finding]:
    """Ask what may be asked at any time.

    Args:
        data: of the test, read for today.
        arms: what each arm did until today.
        primary: the metric that decides.
        staffed: of agents, teams and shifts, the days they worked, by arm.
        today: the site-local day, YYYYMMDD.
    """
    totals = {arm.key: arm.totals for arm in arms}
    calls = {arm: each["calls"] for (arm,), each in data.calls.sums(["arm"], until=today).items()}
    found = [
        _sample_ratio(data, arms),
        split.stray_arm(calls, [arm.key for arm in data.experiment.arms]),
        *_twice(data, today),
        *(_of_calls(data, today) if data.experiment.unit == "call" else []),
        floor.enough(totals),
        floor.whole_weeks(sorted(data.days)),
        floor.protocol(totals),
        *_missing(data, arms),
        *_maturing(data, today),
    ]
    if data.experiment.unit not in FINE_UNITS:
        found.append(floor.per_staffed_day({key: staffed.get(key, []) for key in data.keys}, primary.name))
    return found + _registered(data, arms)


def of_plan(experiment: Experiment) -> list[Finding]:
    """Ask what can be asked of a plan before its first call: whether its registered deals are enough."""
    return [registered.registered_deals(len(experiment.deals["kept"]))] if experiment.deals else []


def _sample_ratio(data: ExperimentData, arms: Sequence[ArmData]) -> Finding:
    """Count units: under agents, teams and shifts how many calls an arm got is an outcome, and no split."""
    counts = [arm.totals["calls"] if arm.units is None else len(arm.units) for arm in arms]
    least = split.FEW_PER_ARM if data.experiment.unit in FINE_UNITS else split.FEW_UNITS_PER_ARM
    return split.sample_ratio(counts, list(data.method.weights), least=least)


def _twice(data: ExperimentData, today: int) -> list[Finding]:
    if data.units is None:
        return []
    arms = data.units.alternatives("unit_hash", "arm", until=today)
    twice = Counts(len(arms), int(np.count_nonzero(arms > 1)))
    return [split.two_arms(twice, few=data.experiment.unit not in FINE_UNITS)]


def _of_calls(data: ExperimentData, today: int) -> list[Finding]:
    """Ask of calls, each of which is a unit, whether their split and their mix hold."""
    levels = {name: _levels(data, column, today) for name, column in _COLUMNS.items()}
    days = {str(day): arms for day, arms in data.days.items()}
    return [
        promised_shares(data, {"region": levels["region"], "agent": levels["agent"], "day": days}, watched=True),
        balance.balance(mixes(data, levels)),
    ]


def _levels(data: ExperimentData, column: str, today: int) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for (level, arm), each in data.calls.sums([column, "arm"], until=today).items():
        found[level][arm] = each["calls"]
    return found


def _missing(data: ExperimentData, arms: Sequence[ArmData]) -> list[Finding]:
    """Ask for the record of every call, and for each planned mean over the calls that have its number."""
    means = [s for s in data.specs.values() if s.denominator == REPORTED and s.numerator != "handled_seconds"]
    return [
        missing.missing(_HANDLED, _recorded(arms, "handled_seconds_n"), every_call=True),
        *(missing.missing(spec.name, _recorded(arms, f"{spec.numerator}_n"), every_call=False) for spec in means),
    ]


def _recorded(arms: Sequence[ArmData], fact: str) -> dict[str, Recorded]:
    return {
        arm.key: Recorded(
            Counts(arm.totals["calls"], arm.totals[fact]),
            None if arm.units is None else Units.of(arm.units).pairs(fact, "calls"),
        )
        for arm in arms
    }


def _maturing(data: ExperimentData, today: int) -> list[Finding]:
    """Say of the planned metric with the longest window how many calls are still in it."""
    windowed = [spec for spec in data.specs.values() if spec.window_days]
    if not windowed or not data.days:
        return []
    spec = max(windowed, key=lambda each: each.window_days)
    until = days_before(today, spec.window_days + 1)
    counts = {day: sum(arms.get(key, 0) for key in data.keys) for day, arms in data.days.items()}
    closed = sum(n for day, n in counts.items() if day <= until)
    return [missing.maturing(spec, closed, sum(counts.values()), as_date(until).isoformat())]


def _registered(data: ExperimentData, arms: Sequence[ArmData]) -> list[Finding]:
    """Ask whether the registered deals are enough, and of few units how freely they deal those that were there."""
    names = tuple(name for arm in arms for name in Units.of(arm.units or ()).names)
    method = data.method
    if method.deal is None or not 2 <= len(names) < PERMUTED_CLUSTERS:
        return of_plan(data.experiment)
    review = _review(method.root, method.kept, names, method.weights)
    return [registered.registered_deals(len(method.kept), review)]


@lru_cache(maxsize=32)
def _review(root: str, kept: tuple[int, ...], names: tuple[str, ...], weights: tuple[int, ...]) -> DealsReview:
    """Deal the units by the whole list; kept in mind, since every page asks and only new units change it."""
    return review_deals(deals.dealt(root, kept, names, weights))
