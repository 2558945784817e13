"""A test's data as a reading needs them: its rollup, read once, and by what method the plan has it analysed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from experiments.calendar import days_before
from experiments.check import cube, history
from experiments.check.analysis.arms import ArmData, Method, UnitData
from experiments.check.cube import Cells
from experiments.check.metrics import NOTHING, MetricSpec, Totals
from experiments.plan.designs import Experiment

TENURED_DAYS = 90
"""Agents who took their first call longer ago than this, when the test starts, are the experienced ones."""


@dataclass(frozen=True, slots=True)
class ExperimentData:
    """What one reading reads.

    `steps` are the facts of the funnel after assignment, each with the days of its window; `days` counts assigned calls
    by day (YYYYMMDD) and arm.
    """

    experiment: Experiment
    specs: Mapping[str, MetricSpec]
    steps: Mapping[str, int]
    method: Method
    calls: Cells
    units: Cells | None
    days: Mapping[int, Mapping[str, int]]

    @property
    def keys(self) -> list[str]:
        """Give the arms' keys, control first."""
        return [arm.key for arm in self.experiment.arms]

    def arms(self, until: int) -> list[ArmData]:
        """Give what each arm did, over the calls assigned up to a day that was read for."""
        totals = self.calls.sums(["arm"], until=until)
        agents: dict[str, dict[str, Totals]] = defaultdict(dict)
        for (arm, agent), each in self.calls.sums(["arm", "agent_id"], until=until).items():
            agents[arm][agent] = each
        units: dict[str, list[UnitData]] | None = None
        if self.units is not None:
            units = defaultdict(list)
            for (arm, _, name), each in self.units.sums(["arm", "unit_hash", "unit"], until=until).items():
                units[arm].append(UnitData(name, each))
        return [
            ArmData(key, totals.get((key,), NOTHING), None if units is None else units[key], agents[key])
            for key in self.keys
        ]

    def levels(self, moderator: str, until: int) -> dict[str, dict[str, dict[str, Totals]]]:
        """Give what agents did by level of a moderator, arm and agent, over the calls assigned up to a day."""
        found: dict[str, dict[str, dict[str, Totals]]] = {}
        for (level, arm, agent), each in self.calls.sums([moderator, "arm", "agent_id"], until=until).items():
            found.setdefault(level, {}).setdefault(arm, {})[agent] = each
        return found


def read_data(session: Session, experiment: Experiment, *, untils: Sequence[int]) -> ExperimentData:
    """Read a test's rollup for the days that the reading will ask for.

    Args:
        session: to read the rollup with.
        experiment: the experiment.
        untils: last days of assignment (YYYYMMDD).
    """
    days = history.daily_calls(session, experiment)
    first = min(days, default=min(untils))
    calls = cube.calls_of(session, experiment, untils)
    if "tenure" in experiment.moderators:
        calls = calls.relabelled("tenure", "agent_id", _tenure(session, first))
    return ExperimentData(
        experiment=experiment,
        specs=history.specs_of(session, experiment),
        steps=history.steps_of(session, experiment),
        method=_method(session, experiment, first),
        calls=calls,
        units=None if experiment.unit == "call" else cube.units_of(session, experiment, untils),
        days=days,
    )


def _tenure(session: Session, start: int) -> "TenureOf":
    return TenureOf(history.first_days(session), days_before(start, TENURED_DAYS))


@dataclass(frozen=True, slots=True)
class TenureOf:
    """Says of an agent whether the first call in our records lies before a day."""

    first_days: Mapping[str, int]
    before: int

    def __call__(self, agent_id: str) -> str:
        """Name the level."""
        return "experienced" if self.first_days.get(agent_id, self.before) < self.before else "new"


def _method(session: Session, experiment: Experiment, first: int) -> Method:
    registered = experiment.deals if experiment.deal is not None else None
    past = None
    if experiment.adjust:
        pasts = history.agent_pasts(session, experiment.scenario_id, before=first)
        past = {agent: each.totals for agent, each in pasts.items()}
    return Method(
        unit=experiment.unit,
        weighting=experiment.weighting,
        weights=tuple(arm.weight for arm in experiment.arms),
        root=experiment.salt,
        kept=tuple(registered["kept"]) if registered else (),
        deal=experiment.deal,
        past=past,
        first_day=first,
        past_until=days_before(first, 1),
    )
