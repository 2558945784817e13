"""Lineage: what follows from what, and which cycle an experiment is."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from experiments.plan.designs import Experiment


def cycle_of(experiment: Experiment) -> int:
    """Give the number of an experiment's cycle: 1, and one more than its parent's where it follows from one."""
    number, before = 1, experiment.parent
    while before is not None:
        number, before = number + 1, before.parent
    return number


def children_of(session: Session, experiment: Experiment) -> list[Experiment]:
    """Give the experiments that follow from one, the first written first."""
    query = select(Experiment).where(Experiment.parent_id == experiment.id).order_by(Experiment.id)
    return list(session.scalars(query))
