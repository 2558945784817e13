"""Floors with a past: many weeks of calls in a few statements, and cycles that have ended."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session

from experiments.act.live import LiveStandard, live_standard
from experiments.calendar import day_number
from experiments.check.counting.tables import CHECKED, MEASURES, RollupCall, RollupDay
from experiments.do.assignments import Floor
from experiments.do.journal import Origin
from experiments.plan.scenarios import scenario_named
from experiments.store import table_of
from tests.builders import MONDAY, SCENARIO, a_draft, approved, moved, two_finished_tests

LATER = MONDAY + timedelta(days=8)
HURRY = "她赶时间，不再邀请 (in a hurry)."


def live_here(floor: Floor, scenario: str = SCENARIO) -> LiveStandard:
    """Give the standard in force."""
    with floor.store.read() as session:
        live = live_standard(session, scenario_named(session, scenario))
        assert live is not None
        return live


def weeks_of_calls(
    floor: Floor,
    rates: Sequence[float],
    *,
    calls: int = 200,
    region: str = "hangzhou",
    seed: int = 1,
    origin: str = Origin.LIVE,
    scenario: str = SCENARIO,
    complaints: float = 0.0,
) -> None:
    """Put days of eligible calls that heard the standard into the rollup, from the first whole day on, a rate a day."""
    live, random = live_here(floor, scenario), np.random.default_rng(seed)
    shared = {"scenario_id": live.scenario.id, "script_version_id": live.version_id, "experiment_id": 0, "arm": "",
              "eligible": True, "origin": origin}  # fmt: skip
    by_day, by_call = [], []
    for place, rate in enumerate(rates):
        day = day_number((MONDAY + timedelta(days=place + 1)).date())
        counted = dict.fromkeys((*MEASURES, *CHECKED), 0)
        counted |= {"calls": calls, "resolved": calls, "invited": calls, "accepted": int(random.binomial(calls, rate))}
        counted |= {"complaint": int(random.binomial(calls, complaints))}
        by_day.append({**shared, **counted, "day": day})
        keys = {"agent_id": f"agent-{region}", "reason": "standard", "team": "", "region": region, "channel": ""}
        by_call.append({**shared, **counted, **keys, "day": day})
    with floor.store.write() as session:
        session.execute(insert(RollupCall), by_call)
        _added(session, by_day)


def _added(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add days to those of other regions that are there."""
    for row in rows:
        key = tuple(row[column.name] for column in table_of(RollupDay).primary_key)
        there = session.get(RollupDay, key)
        if there is None:
            session.add(RollupDay(**row))
            continue
        for name in MEASURES:
            setattr(there, name, getattr(there, name) + row[name])


def three_ended_cycles(floor: Floor) -> None:
    """A winner that became the standard, a loser that was closed, and a draft that nobody started."""
    winner, loser = two_finished_tests(floor)
    a_draft(floor, key="under_way")
    a_draft(floor, key="never_run", title={"zh-CN": "保单批改：企业微信", "en": "WeCom, asked 100 % sooner"})
    moved(floor, "never_run", "abandon", "lead", reason=HURRY, at=LATER)
    moved(floor, loser, "abandon", "manager", reason="The blunt words cost us callers.", at=LATER)
    moved(floor, winner, "submit", "lead", proposal="quicker", at=LATER)
    approved(floor, winner, "quality", at=LATER)
    approved(floor, winner, "manager", "quality", at=LATER)
    moved(floor, winner, "promote", "manager", at=LATER + timedelta(hours=1))
