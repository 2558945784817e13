"""A test's data as a reading needs them: its rollup, read once, and by what method the plan has it analysed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from experiments.calendar import days_before
from experiments.check import cube, history
from experiments.check.analysis.arms import ArmData, Method
from experiments.check.analysis.units import Units
from experiments.check.counting.tables import MEASURES
from experiments.check.cube import Cells
from experiments.check.metrics import NOTHING, MetricSpec, Totals, measures_of
from experiments.plan.designs import Experiment
from experiments.plan.traffic import FINE_UNITS

TENURED_DAYS = 90
"""Agents who took their first call longer ago than this, when the test starts, are the experienced ones."""

_HEALTH = ("calls", "invited", "deviation", "handled_seconds_n")
"""What health asks of every test."""


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
        """Give the keys of the arms that are compared, control first: one that was dropped is read no longer.

        What is left of the control is concurrent with each of them, since their weights never change.
        """
        return [arm.key for arm in self.experiment.dealt]

    def arms(self, until: int) -> list[ArmData]:
        """Give what each arm did, over the calls assigned up to a day that was read for."""
        totals = self.calls.sums(["arm"], until=until)
        agents: dict[str, dict[str, Totals]] = defaultdict(dict)
        for (arm, agent), each in self.calls.sums(["arm", "agent_id"], until=until).items():
            agents[arm][agent] = each
        units = None if self.units is None else _by_arm(self.units, until)
        return [
            ArmData(
                key, totals.get((key,), NOTHING), None if units is None else units.get(key, Units.of([])), agents[key]
            )
            for key in self.keys
        ]

    def levels(self, spec: MetricSpec, moderator: str, until: int) -> dict[str, dict[str, dict[str, Totals]]]:
        """Give what a metric reads of agents by level of a moderator, arm and agent, over calls up to a day."""
        found: dict[str, dict[str, dict[str, Totals]]] = {}
        summed = self.calls.sums([moderator, "arm", "agent_id"], until=until, measures=measures_of(spec))
        for (level, arm, agent), each in summed.items():
            found.setdefault(level, {}).setdefault(arm, {})[agent] = each
        return found


def read_data(
    session: Session, experiment: Experiment, *, untils: Sequence[int], moderators: Sequence[str] = ()
) -> ExperimentData:
    """Read a test's rollup for the days that the reading will ask for.

    Args:
        session: to read the rollup with.
        experiment: the experiment.
        untils: last days of assignment (YYYYMMDD).
        moderators: by which the reading will tell calls apart.
    """
    specs, steps = history.specs_of(session, experiment), history.steps_of(session, experiment)
    measures = _measures(specs, steps)
    days = history.daily_calls(session, experiment)
    first = min(days, default=min(untils))
    calls = cube.calls_of(session, experiment, untils, measures)
    if "tenure" in moderators:
        calls = calls.relabelled("tenure", "agent_id", _tenure(session, first))
    return ExperimentData(
        experiment=experiment,
        specs=specs,
        steps=steps,
        method=_method(session, experiment, first),
        calls=calls,
        units=None if experiment.unit == "call" else _units(session, experiment, untils, measures),
        days=days,
    )


def _units(session: Session, experiment: Experiment, untils: Sequence[int], measures: Sequence[str]) -> Cells:
    """Read the units; of agents, teams and shifts the days they worked as well."""
    more = () if experiment.unit in FINE_UNITS else (cube.DAYS,)
    return cube.units_of(session, experiment, untils, (*measures, *more))


def _by_arm(cells: Cells, until: int) -> dict[str, Units]:
    (arms, _, names), values = cells.columns(["arm", "unit_hash", "unit"], until=until)
    found = {}
    for arm in dict.fromkeys(arms):
        places = [place for place, each in enumerate(arms) if each == arm]
        found[arm] = Units([names[place] for place in places], cells.measures, values[places])
    return found


def _measures(specs: Mapping[str, MetricSpec], steps: Mapping[str, int]) -> tuple[str, ...]:
    """Say what a reading can ask for: the planned metrics', the funnel's and health's; a scan costs by the column."""
    asked = {*_HEALTH, *steps, *(name for spec in specs.values() for name in measures_of(spec))}
    return tuple(name for name in MEASURES if name in asked)


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
        weights=tuple(arm.weight for arm in experiment.dealt),
        root=experiment.salt,
        kept=tuple(registered["kept"]) if registered else (),
        deal=experiment.deal,
        past=past,
        first_day=first,
        past_until=days_before(first, 1),
    )
