"""Sketches: a plan as it would be registered, judged and looked at while it is being written; nothing is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from experiments.errors import Problem
from experiments.plan import designs, scripts
from experiments.plan.designs import Experiment
from experiments.plan.rules import ArmPlan, Kind, MetricPlan, Plan
from experiments.plan.scenarios import parts_of
from experiments.plan.scripts import Lines

_LONGEST_KEY = 64
_SIZED_BY = (
    "variable",
    "alpha",
    "power",
    "effect",
    "coverage",
    "base_rate",
    "looks",
    "spending",
    "family",
    "unit",
    "metrics",
)
"""Fields without which a plan has no size; of its arms, judged once there is a variable, only number and weights."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A plan that is being written.

    Attributes:
        experiment: As it would be registered; it belongs to no database.
        problems: Every rule that it breaks.
    """

    experiment: Experiment
    problems: Sequence[Problem]

    @property
    def can_be_sized(self) -> bool:
        """Say whether what is wrong leaves the numbers that calls and days are computed from whole."""
        return not any(
            problem.field.split(".")[0] in _SIZED_BY or problem.code in ("weights", "number")
            for problem in self.problems
        )


def sketch(session: Session, plan: Plan) -> Sketch:
    """See a plan as it would be registered now.

    Raises:
        Unknown: no such scenario.
        Invalid: an arm's map of elements differs in more than the variable.
        Conflict: the scenario has no standard.
    """
    experiment = Experiment(key=plan.key, kind=plan.kind, origin="designed", salt=plan.salt or plan.key)
    problems = designs.compose(session, experiment, plan)
    experiment.scenario_id = experiment.scenario.id
    return Sketch(experiment, problems)


def spoken_by_arm(session: Session, experiment: Experiment) -> dict[str, Lines]:
    """Give what is said in every arm, in its order: what the desktop will show once the request is resolved."""
    parts = parts_of(session, experiment.scenario.catalogue)
    return {key: scripts.spoken(lines, parts) for key, lines in designs.arm_lines(session, experiment).items()}


def plan_of(experiment: Experiment) -> Plan:
    """Give the plan that a registered experiment was written from; its salt and audience as they were settled."""
    same = {field.name: _plain(getattr(experiment, field.name, field.default)) for field in fields(Plan)}
    return Plan(
        **{
            **same,
            "kind": Kind(experiment.kind),
            "scenario": experiment.scenario.key,
            "arms": tuple(ArmPlan(arm.key, arm.weight, arm.value) for arm in experiment.arms),
            "metrics": tuple(MetricPlan(m.metric, m.role, m.margin, m.watch) for m in experiment.metrics),
            "looks": tuple(experiment.looks),
            "moderators": tuple(experiment.moderators),
        }
    )


def _plain(value: Any) -> Any:
    """See what the plan names by key where the experiment holds the thing itself."""
    return value.key if isinstance(value, Experiment) else value


def is_free(session: Session, key: str) -> bool:
    """Say whether no experiment has this key."""
    return session.scalar(select(Experiment.id).where(Experiment.key == key)) is None


def free_key(session: Session, stem: str) -> str:
    """Give a key that no experiment has: the stem itself, or with the first number that is free."""
    stem = stem[: _LONGEST_KEY - 4]
    taken = set(session.scalars(select(Experiment.key).where(Experiment.key.startswith(stem, autoescape=True))))
    number = 2
    key = stem
    while key in taken:
        key, number = f"{stem}_{number}", number + 1
    return key
