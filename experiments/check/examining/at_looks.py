"""What is asked of the data at looks alone, because it costs too much for every page."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy.orm import Session

from experiments.calendar import as_date, days_before
from experiments.check import history, particulars
from experiments.check.analysis.arms import ArmData
from experiments.check.data import ExperimentData
from experiments.check.examining.groups import mixes, promised_shares
from experiments.check.health import balance, missing, reports, split
from experiments.check.health.findings import Finding
from experiments.check.health.missing import Recorded
from experiments.check.history import AgentPast
from experiments.check.metrics import MetricSpec, pair_of
from stats.moments import Counts
from stats.soundness.balance import Balance

_MOSTLY_TOLD = 0.9
"""Where nine calls in ten are told of, a system tells of every call, and one that it does not went missing."""

_JOINED_DAYS = 7


def at_look(
    session: Session, data: ExperimentData, arms: Sequence[ArmData], primary: MetricSpec, today: int
) -> list[Finding]:
    """Ask whether the arms were alike before, whether records went missing, and whether reports have theirs.

    Args:
        session: to read the rollup with.
        data: of the test, read for today.
        arms: what each arm did until today.
        primary: the metric that decides.
        today: the site-local day, YYYYMMDD.
    """
    found = _before(session, data, arms, primary)
    if not any(arm.totals["handled_seconds_n"] for arm in arms):
        found += _silent(session, data, today)
    until = days_before(today, history.steps_of(session, data.experiment).get("joined", _JOINED_DAYS) + 1)
    return [*found, reports.self_reports(particulars.self_reports(session, data.experiment, until))]


def _before(session: Session, data: ExperimentData, arms: Sequence[ArmData], primary: MetricSpec) -> list[Finding]:
    """Ask whether the arms were alike before, by what is known of the unit."""
    match data.experiment.unit:
        case "customer":
            levels = particulars.first_calls(session, data.experiment)
            families = {name: levels[name] for name in ("region", "agent", "day")}
            return [promised_shares(data, families, watched=False), balance.balance(mixes(data, levels))]
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
    return [missing.silent(arms)] if everyone.rate >= _MOSTLY_TOLD else []
