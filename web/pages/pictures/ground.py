"""What the charts of one experiment are drawn from, read once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from experiments.check import history
from experiments.check.frozen import could_end, is_hidden
from experiments.check.health.findings import is_broken
from experiments.check.looks import Look
from experiments.check.metrics import MetricSpec, Totals
from experiments.check.results import Watch
from experiments.plan.designs import Experiment
from experiments.plan.scenarios import metric_set_of
from web.pages.figures import arm_facts


@dataclass(frozen=True, slots=True)
class Ground:
    """A test as charts see it: its looks, the first made first, its metrics, its calls by arm, its watch."""

    session: Session
    experiment: Experiment
    made: Sequence[Look]
    specs: dict[str, MetricSpec]
    totals: Mapping[str, Totals]
    today: int
    watch: Watch | None

    @property
    def is_sound(self) -> bool:
        """Say whether arms may be put beside one another: of data that cannot be trusted they mislead."""
        if self.last is not None and self.last.final:
            return not is_hidden(self.last)
        broken = self.watch is not None and is_broken(self.watch.findings)
        return not broken and (self.last is None or not is_hidden(self.last))

    @property
    def last(self) -> Look | None:
        """Give the newest look; None before the first."""
        return self.made[-1] if self.made else None

    @property
    def shown(self) -> Look | None:
        """Give the newest look where its effects may be shown; what spoils the data today may have spoilt it then."""
        return self.last if self.is_sound else None

    @property
    def readable(self) -> Look | None:
        """Give the newest look where the test may end by it and its effects may be shown; else None."""
        return self.shown if self.shown is not None and could_end(self.shown) else None

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Give the steps that calls of an arm can differ at, as (fact, the reader's name)."""
        return arm_facts(metric_set_of(self.session, self.experiment.scenario))


def ground_of(
    session: Session, experiment: Experiment, made: Sequence[Look], *, today: int, watch: Watch | None
) -> Ground:
    """Read what an experiment's charts are drawn from; `watch` is there from its start on."""
    totals = history.arm_totals(session, experiment, until=today) if experiment.started_at else {}
    return Ground(session, experiment, made, history.specs_of(session, experiment), totals, today, watch)
