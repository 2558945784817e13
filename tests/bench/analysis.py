"""How fast the check room reads a whole experiment: 3 arms, 10 metrics, 20 segments, 500 agents, 60 days of rollups.

The rollup's rows are made up and written straight into its tables. What is timed is what a page and a look do: scan
them, compare everything by the methods of the plan, and ask about health and segments.
"""

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, insert, select

from experiments.calendar import day_number
from experiments.check import reading
from experiments.check.counting.tables import (
    CHECKED,
    COUNTED,
    MEASURES,
    SUMMED,
    RollupCall,
    RollupDay,
    RollupUnit,
)
from experiments.do.assignments import Floor
from experiments.do.journal import Origin
from experiments.do.serving import Reason
from experiments.plan.designs import Experiment, experiment_named
from experiments.plan.rules import ArmPlan, MetricPlan
from experiments.plan.scenarios import Metric
from experiments.store import Store, table_of
from migrations.run import upgrade
from tests.bench.shapes import SEGMENTS, UNITS
from tests.builders import MONDAY, NEW_BENEFIT, a_floor, a_running_experiment, standard_value
from tests.postgres import Databases, temporary_server

Counted: TypeAlias = NDArray[np.int64]

DAYS, DAILY = 60, 30
"""Days of calls, and each agent's calls on one of them."""

CHANNELS = 8
REGIONS = SEGMENTS - CHANNELS
CHANNELS_A_DAY = 1
TEAMS = 25
UNITS_DEALT = ("call", "agent")
TODAY = day_number(MONDAY.date() + timedelta(days=DAYS - 1))

METRICS = (
    MetricPlan("accepted", "primary"),
    MetricPlan("resolved", "guardrail", 0.02),
    MetricPlan("complaint", "guardrail", 0.002, watch=True),
    MetricPlan("handled_seconds", "guardrail", 20),
    *(MetricPlan(key, "secondary") for key in ("invited", "joined", "converted", "value", "satisfaction", "declined")),
)


def analysis(rounds: int) -> None:
    """Time the readings of tests by call and by agent on each database, in turns with a bare scan of their rows."""
    gc.freeze()  # as the server does
    for unit in UNITS_DEALT:
        with tempfile.TemporaryDirectory() as folder:
            told("SQLite", f"sqlite:///{Path(folder) / 'scriptbench.db'}", unit, rounds)
        with temporary_server() as admin, Databases(admin).new() as address:
            told("PostgreSQL", address.render_as_string(hide_password=False), unit, rounds)


def told(name: str, url: str, unit: str, rounds: int) -> None:
    """Fill a database and time what is read of it."""
    upgrade(url)
    floor = a_floor(Store(url))
    key = an_experiment(floor, unit)
    rows = fill(floor.store, key)
    for what, read in READINGS.items():
        turns = [(timed(floor.store, key, scanned), timed(floor.store, key, read)) for _ in range(rounds)]
        seconds = sorted(reading for _, reading in turns)
        print(
            f"{name}, dealt by {unit}, {rows} rows of calls: {what} {statistics.median(seconds):.2f} s "
            f"({seconds[0]:.2f} to {seconds[-1]:.2f}), {statistics.median(b / a for a, b in turns):.1f} bare scans"
        )
    floor.store.dispose()


def an_experiment(floor: Floor, unit: str) -> str:
    """Start a test of three arms and ten metrics, with all three moderators declared."""
    _declare_the_tenth_metric(floor)
    arms = (
        ArmPlan("control", 4000, standard_value(floor, "benefit")),
        ArmPlan("quicker", 3000, NEW_BENEFIT),
        ArmPlan("nothing", 3000, None),
    )
    key = a_running_experiment(
        floor,
        key=f"bench_by_{unit}",
        arms=arms,
        metrics=METRICS,
        moderators=("tenure", "region", "channel"),
    )
    with floor.store.write() as session:  # a floor without a past has no agents yet to size a plan for
        experiment_named(session, key).unit = unit
    return key


def fill(store: Store, key: str) -> int:
    """Write the rows of the test day by day; give how many of calls."""
    written = 0
    with store.write() as session:
        experiment = experiment_named(session, key)
        for rows in days_of(experiment, np.random.default_rng(6)):
            session.execute(insert(RollupCall), rows)
            session.execute(insert(RollupDay), _added_up(rows, table_of(RollupDay).primary_key.columns.keys()))
            if experiment.unit != "call":
                session.execute(insert(RollupUnit), _units(rows))
            written += len(rows)
    return written


def days_of(experiment: Experiment, random: np.random.Generator) -> Iterator[list[dict[str, Any]]]:
    """Draw what the agents did on each day: a row for each agent, arm and channel."""
    shares = np.array([arm.weight for arm in experiment.arms]) / 10_000
    rates, mine = random.beta(6, 4, UNITS), random.choice(len(shares), UNITS, p=shares)
    for day in range(DAYS):
        calls = _calls(experiment, mine, shares, random)
        facts = _facts(calls.ravel(), np.repeat(rates, len(shares) * CHANNELS_A_DAY), random)
        yield [
            _keys(experiment, day, *(int(each) for each in np.unravel_index(place, calls.shape)))
            | {name: int(values[place]) for name, values in facts.items()}
            for place in np.flatnonzero(calls).tolist()
        ]


def _keys(experiment: Experiment, day: int, agent: int, arm: int, channel: int) -> dict[str, Any]:
    return {
        "scenario_id": experiment.scenario_id,
        "day": day_number(MONDAY.date() + timedelta(days=day)),
        "experiment_id": experiment.id,
        "arm": experiment.arms[arm].key,
        "reason": Reason.SPLIT.value,
        "eligible": True,
        "origin": Origin.LIVE.value,
        "script_version_id": arm + 1,
        "agent_id": f"agent-{agent}",
        "team": f"team-{agent % TEAMS}",
        "region": f"region-{agent % REGIONS}",
        "channel": f"channel-{(agent + day + channel) % CHANNELS}",
    }


def _calls(experiment: Experiment, mine: Counted, shares: NDArray[np.float64], random: np.random.Generator) -> Counted:
    """Draw calls by agent, arm and channel; agents who were dealt whole have all of theirs in one arm."""
    split = shares[None, :] if experiment.unit == "call" else np.eye(len(shares))[mine]
    return np.asarray(random.poisson(DAILY / CHANNELS_A_DAY * split[..., None], (UNITS, len(shares), CHANNELS_A_DAY)))


def _facts(calls: Counted, rates: NDArray[np.float64], random: np.random.Generator) -> dict[str, Counted]:
    """Draw what came of the calls: a step down the funnel is a part of the step before."""
    facts = dict.fromkeys((*MEASURES, *CHECKED), np.zeros_like(calls))
    facts |= {"calls": calls, "told": calls, "exposed": calls, "resolved": random.binomial(calls, 0.9)}
    facts["invited"] = random.binomial(facts["resolved"], 0.7)
    facts["accepted"] = random.binomial(facts["invited"], rates)
    facts["declined"] = facts["invited"] - facts["accepted"]
    facts["joined"] = random.binomial(facts["accepted"], 0.8)
    facts["converted"] = random.binomial(facts["joined"], 0.2)
    facts["complaint"] = random.binomial(calls, 0.002)
    for name, n, each in (
        ("handled_seconds", calls, 240),
        ("satisfaction", calls, 4),
        ("value", facts["converted"], 90_000),
    ):
        value = random.poisson(n * each)
        facts |= {f"{name}_n": n, name: value, f"{name}_squares": value * each + value}
    numbers = {f"{name}{end}" for name in SUMMED for end in ("_n", "", "_squares")}
    assert set(facts) == {"calls", *COUNTED, *numbers, *CHECKED}
    return facts


def _units(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sum a day's rows by agent."""
    by_agent = [row | {"unit": row["agent_id"], "unit_hash": f"{row['agent_id']}#"} for row in rows]
    return _added_up(by_agent, (*table_of(RollupUnit).primary_key.columns.keys(), "unit"))


def _added_up(rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> list[dict[str, Any]]:
    """Sum a day's rows by some of their keys."""
    summed: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        measures = dict.fromkeys((*MEASURES, *CHECKED), 0)
        total = summed.setdefault(tuple(row[key] for key in keys), {key: row[key] for key in keys} | measures)
        for measure in measures:
            total[measure] += row[measure]
    return list(summed.values())


Reading: TypeAlias = Callable[[Any, Experiment], object]


def scanned(session: Any, experiment: Experiment) -> object:
    """Sum every measure by arm over the rows of calls, and nothing else: what no look can do without."""
    sums = (func.sum(getattr(RollupCall, name)) for name in MEASURES)
    its = RollupCall.scenario_id == experiment.scenario_id, RollupCall.experiment_id == experiment.id
    return session.execute(select(RollupCall.arm, *sums).where(*its).group_by(RollupCall.arm)).all()


def watched(session: Any, experiment: Experiment) -> object:
    """Read what a page shows at any time."""
    return reading.watch(session, experiment, today=TODAY)


def looked_at(session: Any, experiment: Experiment) -> object:
    """Read what the final look freezes."""
    return reading.read(session, experiment, [], today=TODAY, final=True)


READINGS: Mapping[str, Reading] = {"watch": watched, "final look": looked_at}


def timed(store: Store, key: str, read: Reading) -> float:
    """Give the seconds of one reading."""
    with store.read() as session:
        experiment = experiment_named(session, key)
        began = time.perf_counter()
        read(session, experiment)
        return time.perf_counter() - began


def _declare_the_tenth_metric(floor: Floor) -> None:
    with floor.store.write() as session:
        session.add(
            Metric(
                catalogue="insurance",
                key="declined",
                kind="proportion",
                numerator="declined",
                denominator="invited",
                better="lower",
                window_days=0,
                name={"en": "Declined", "zh-CN": "拒绝率"},
                note={"en": "Of all invited", "zh-CN": "分母：全部被邀请的来电"},
            )
        )
