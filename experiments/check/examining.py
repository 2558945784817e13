"""Which checks a test's data are put to, and when.

Some are asked whenever a page is opened, of the cube that was read anyway and of one cheap query more: they hold their
promise under daily watching (`make calibrate`). The others cost more, or doubt the effect itself, and are asked at
looks alone.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy.orm import Session

from experiments.calendar import as_date, days_before
from experiments.check import history, particulars
from experiments.check.analysis.arms import PERMUTED_CLUSTERS, ArmData, Compared, shifts_of
from experiments.check.data import ExperimentData
from experiments.check.health import balance, effects, floor, missing, registered, reports, split, trends
from experiments.check.health.findings import Finding
from experiments.check.health.floor import Staffed
from experiments.check.health.missing import Recorded
from experiments.check.history import AgentPast
from experiments.check.metrics import REPORTED, MetricSpec, pair_of
from experiments.plan import deals
from experiments.plan.designs import Experiment
from experiments.plan.traffic import FINE_UNITS
from experiments.wording import Message
from stats.clusters.deals import DealsReview, review_deals
from stats.clusters.switchback import carry_over
from stats.moments import Counts
from stats.soundness.balance import Balance

Levels = Mapping[str, Mapping[str, int]]
"""Units by level and arm."""

_HANDLED = Message("Handling time")
_ANYTHING = Message("Any outcome")
_MOSTLY_TOLD = 0.9
"""Where nine calls in ten are told of, a system tells of every call, and one that it does not went missing."""

_JOINED_DAYS = 7


def staffed_of(session: Session, data: ExperimentData, primary: MetricSpec) -> dict[str, list[Staffed]]:
    """Read the days that agents, teams or shifts worked, by arm: the one query that watching has besides the cube."""
    return {} if data.experiment.unit in FINE_UNITS else particulars.staffed(session, data.experiment, primary)


def always(
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
        split.stray_arm(calls, data.keys),
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
    return found + of_plan(data.experiment)


def of_plan(experiment: Experiment) -> list[Finding]:
    """Ask what can be asked of a plan before its first call: whether its registered deals are enough."""
    return [registered.registered_deals(len(experiment.deals["kept"]))] if experiment.deals else []


def at_look(
    session: Session, data: ExperimentData, arms: Sequence[ArmData], primary: MetricSpec, today: int
) -> list[Finding]:
    """Ask of the data what costs too much for every page.

    Args:
        session: to read the facts with.
        data: of the test, read for today.
        arms: what each arm did until today.
        primary: the metric that decides.
        today: the site-local day, YYYYMMDD.
    """
    found = _before(session, data, arms, primary)
    if not any(arm.totals["handled_seconds_n"] for arm in arms):
        found += _silent(session, data, today)
    windows = history.steps_of(session, data.experiment)
    until = days_before(today, windows.get("joined", _JOINED_DAYS) + 1)
    found.append(reports.self_reports(particulars.self_reports(session, data.experiment, until, windows)))
    review = _review(data, arms)
    return found + ([registered.registered_deals(review.deals, review)] if review and review.too_tight else [])


def doubts(
    session: Session,
    data: ExperimentData,
    arms: Sequence[ArmData],
    compared: Mapping[tuple[str, str], Compared],
    primary: MetricSpec,
    until: int,
) -> list[Finding]:
    """Ask of each primary effect whether it is what it seems.

    Args:
        session: to read the rollup with.
        data: of the test.
        arms: what each arm did until the day that counts.
        compared: every metric's comparisons, by metric and challenger.
        primary: the metric that decides.
        until: the last day of assignment (YYYYMMDD) that counts for it.
    """
    experiment, found = data.experiment, []
    for place, challenger in enumerate(data.keys[1:], start=1):
        effect = compared[primary.key, challenger]
        if effect.other is not None:
            found.append(effects.few_agents_carry(challenger, effect.answer, effect.other))
        found.append(effects.too_good(challenger, effect.answer, experiment.effect))
        days = particulars.by_day(session, experiment, primary, challenger, until)
        found.append(trends.novelty(challenger, days, primary.better))
        if experiment.unit == "call":
            uses = particulars.by_use(session, experiment, primary, challenger, until)
            found.append(trends.learning(challenger, uses, primary.better))
        if experiment.unit == "agent_shift":
            shifts = shifts_of(primary, [arm.units or () for arm in arms])
            found.append(effects.carry_over(challenger, carry_over(shifts, challenger=place)))
    return found


def _sample_ratio(data: ExperimentData, arms: Sequence[ArmData]) -> Finding:
    """Count units: under agents, teams and shifts how many calls an arm got is an outcome, and no split."""
    counts = [arm.totals["calls"] if arm.units is None else len(arm.units) for arm in arms]
    least = split.FEW_PER_ARM if data.experiment.unit in FINE_UNITS else split.FEW_UNITS_PER_ARM
    return split.sample_ratio(counts, list(data.method.weights), least=least)


def _twice(data: ExperimentData, today: int) -> list[Finding]:
    if data.units is None:
        return []
    seen: dict[str, int] = defaultdict(int)
    for unit, _arm in data.units.sums(["unit_hash", "arm"], until=today):
        seen[unit] += 1
    twice = sum(arms > 1 for arms in seen.values())
    return [split.two_arms(Counts(len(seen), twice), few=data.experiment.unit not in FINE_UNITS)]


def _of_calls(data: ExperimentData, today: int) -> list[Finding]:
    """Ask of calls, each of which is a unit, whether their split and their mix hold."""
    levels = {name: _levels(data, column, today) for name, column in _COLUMNS.items()}
    days = {str(day): arms for day, arms in data.days.items()}
    return [
        _groups(data, {"region": levels["region"], "agent": levels["agent"], "day": days}, watched=True),
        balance.balance(_mixes(data, levels)),
    ]


_COLUMNS = {"region": "region", "channel": "channel", "agent": "agent_id"}
_MIXED = ("region", "channel")


def _levels(data: ExperimentData, column: str, today: int) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for (level, arm), each in data.calls.sums([column, "arm"], until=today).items():
        found[level][arm] = each["calls"]
    return found


def _groups(data: ExperimentData, families: Mapping[str, Levels], *, watched: bool) -> Finding:
    counted = {
        family: {name: [arms.get(key, 0) for key in data.keys] for name, arms in groups.items()}
        for family, groups in families.items()
    }
    return split.group_split(counted, list(data.method.weights), watched=watched)


def _mixes(data: ExperimentData, levels: Mapping[str, Levels]) -> dict[str, list[Balance]]:
    arms = {name: [{level: n.get(key, 0) for level, n in levels[name].items()} for key in data.keys] for name in _MIXED}
    return {name: [balance.mix(each)] for name, each in arms.items() if balance.enough_for_a_mix(each)}


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
            None if arm.units is None else [(unit.totals[fact], unit.totals["calls"]) for unit in arm.units],
        )
        for arm in arms
    }


def _silent(session: Session, data: ExperimentData, today: int) -> list[Finding]:
    """Ask, where no system tells handling times, for calls of which nothing at all was told."""
    told = particulars.silent(session, data.experiment, days_before(today, 1))
    units = {key: [(float(known), float(calls)) for calls, known in told.get(key, [])] for key in data.keys}
    arms = {
        key: Recorded(
            Counts(int(sum(calls for _, calls in each)), int(sum(known for known, _ in each))),
            None if data.units is None else each,
        )
        for key, each in units.items()
    }
    everyone = sum((arm.calls for arm in arms.values()), Counts(0, 0))
    return [missing.missing(_ANYTHING, arms, every_call=False)] if everyone.rate >= _MOSTLY_TOLD else []


def _maturing(data: ExperimentData, today: int) -> list[Finding]:
    """Say of the planned metric with the longest window how many calls are still in it."""
    windowed = [spec for spec in data.specs.values() if spec.window_days]
    if not windowed or not data.days:
        return []
    spec = max(windowed, key=lambda each: each.window_days)
    until = days_before(today, spec.window_days + 1)
    counts = {day: sum(arms.values()) for day, arms in data.days.items()}
    closed = sum(n for day, n in counts.items() if day <= until)
    return [missing.maturing(spec, closed, sum(counts.values()), as_date(until).isoformat())]


def _before(session: Session, data: ExperimentData, arms: Sequence[ArmData], primary: MetricSpec) -> list[Finding]:
    """Ask whether the arms were alike before, by what is known of the unit."""
    match data.experiment.unit:
        case "customer":
            levels = particulars.first_calls(session, data.experiment)
            families = {name: levels[name] for name in ("region", "agent", "day")}
            return [_groups(data, families, watched=False), balance.balance(_mixes(data, levels))]
        case "agent":
            pasts = history.agent_pasts(session, data.experiment.scenario_id, before=data.method.first_day)
            return [balance.balance(_past(arms, pasts, primary, data.method.first_day))]
        case "agent_shift":
            return [balance.balance({"weekday": [balance.mix([_weekdays(arm) for arm in arms])]})]
        case _:
            return []


def _past(
    arms: Sequence[ArmData], pasts: Mapping[str, AgentPast], primary: MetricSpec, first_day: int
) -> dict[str, list[Balance]]:
    """Compare the agents' own rate, calls and tenure before the test, of those who were there."""
    known = [[pasts[unit.name] for unit in arm.units or () if unit.name in pasts] for arm in arms]
    if min(map(len, known)) < split.FEW_UNITS_PER_ARM:
        return {}
    pairs = [[pair_of(primary, past.totals) for past in arm] for arm in known]
    regions = [dict(zip(*np.unique([past.region for past in arm], return_counts=True), strict=True)) for arm in known]
    return {
        "baseline": balance.numbers([[y / x for y, x in arm if x] for arm in pairs]),
        "calls": balance.numbers([[float(past.totals["calls"]) for past in arm] for arm in known]),
        "tenure": balance.numbers([[float(past.tenure(first_day)) for past in arm] for arm in known]),
        "region": [balance.mix(regions)],
    }


def _weekdays(arm: ArmData) -> dict[str, int]:
    """Count an arm's shifts by weekday and half-day."""
    found: dict[str, int] = defaultdict(int)
    for shift in arm.units or ():
        _, day, half = shift.name.rsplit("|", 2)
        found[f"{as_date(int(day.replace('-', ''))).isoweekday()}{half}"] += 1
    return found


def _review(data: ExperimentData, arms: Sequence[ArmData]) -> DealsReview | None:
    """See how freely the registered list deals the units that were there; None of many, whom it does not decide."""
    names = [unit.name for arm in arms for unit in arm.units or ()]
    if data.method.deal is None or not 2 <= len(names) < PERMUTED_CLUSTERS:
        return None
    return review_deals(deals.dealt(data.method.root, data.method.kept, names, data.method.weights))
