"""What the charts of one experiment are drawn from, read once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from experiments.check import history
from experiments.check.frozen import could_end, is_hidden
from experiments.check.looks import Look
from experiments.check.metrics import MetricSpec, Totals
from experiments.plan.designs import Experiment
from experiments.plan.scenarios import metric_set_of
from web.pages.figures import arm_facts


@dataclass(frozen=True, slots=True)
class Ground:
    """A test as charts see it: its looks, the first made first, its metrics, and its calls by arm until today."""

    session: Session
    experiment: Experiment
    made: Sequence[Look]
    specs: dict[str, MetricSpec]
    totals: Mapping[str, Totals]
    today: int

    @property
    def last(self) -> Look | None:
        """Give the newest look; None before the first."""
        return self.made[-1] if self.made else None

    @property
    def readable(self) -> Look | None:
        """Give the newest look where the test may end by it and its effects may be read; else None."""
        last = self.last
        return last if last is not None and could_end(last) and not is_hidden(last) else None

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Give the steps that calls of an arm can differ at, as (fact, the reader's name)."""
        return arm_facts(metric_set_of(self.session, self.experiment.scenario))


def ground_of(session: Session, experiment: Experiment, made: Sequence[Look], *, today: int) -> Ground:
    """Read what an experiment's charts are drawn from."""
    totals = history.arm_totals(session, experiment, until=today) if experiment.started_at else {}
    return Ground(session, experiment, made, history.specs_of(session, experiment), totals, today)
