"""What finished tests measured: one effect a test, from its frozen last look; and which tests do not count, and why."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from experiments.check.counting.tables import RollupDay
from experiments.check.frozen import could_end, is_hidden, primaries
from experiments.check.looks import Look, newest_looks
from experiments.check.reading import primary_of
from experiments.do.journal import Origin
from experiments.plan.designs import Experiment
from experiments.plan.rules import Kind
from experiments.plan.scenarios import metrics_of
from stats.pooling.meta import Effect
from stats.tails import normal_quantile


class Omission(StrEnum):
    """Why a finished test does not count."""

    #: it ended before a look could decide
    UNDECIDED = "undecided"
    #: its data were found broken
    UNTRUSTWORTHY = "untrustworthy"
    #: past calls were sent through it: nobody heard the words of its arms
    REPLAYED = "replayed"
    #: a part of its imported calls was made up
    SYNTHETIC = "synthetic"
    #: an arm was dropped on the way, which its last look no longer compares: the others are not all there was
    ARM_DROPPED = "arm_dropped"
    #: it has no effect, or nothing is known of its error
    UNMEASURED = "unmeasured"


@dataclass(frozen=True, slots=True)
class FinishedTest:
    """One finished test of a script's variable.

    Attributes:
        key: The experiment's.
        title: `{locale: text}`.
        catalogue: Whose variable and metric it is.
        scenario: Key of the scenario it ran in.
        scenario_name: `{locale: text}`.
        variable: Key of the element that differed.
        metric: Key of its primary metric.
        ended: Day (YYYYMMDD) of the look it was read at.
        calls: Eligible calls assigned to its arms by then.
        challengers: How many were compared with the control.
        worth: Smallest difference that its plan called worth having, a share.
        effect: Challenger minus control, a share of eligible calls, with its sampling variance; above 0 is better.
    """

    key: str
    title: Mapping[str, str]
    catalogue: str
    scenario: str
    scenario_name: Mapping[str, str]
    variable: str
    metric: str
    ended: int
    calls: int
    challengers: int
    worth: float
    effect: Effect

    @property
    def low(self) -> float:
        """Give the lower end of the effect's 95 % interval."""
        return self.effect.value - _HALF_WIDTH * math.sqrt(self.effect.variance)

    @property
    def high(self) -> float:
        """Give the upper end of it."""
        return self.effect.value + _HALF_WIDTH * math.sqrt(self.effect.variance)


_HALF_WIDTH = normal_quantile(0.025)


@dataclass(frozen=True, slots=True)
class Omitted:
    """A finished test that does not count."""

    key: str
    catalogue: str
    why: Omission


@dataclass(frozen=True, slots=True)
class Evidence:
    """Every finished script card: those that count, the first read first, and those that do not."""

    tests: tuple[FinishedTest, ...]
    omitted: tuple[Omitted, ...]


def finished_tests(session: Session, *, synthetic: Collection[str]) -> Evidence:
    """Read what finished tests measured.

    A test is read at its last look if that was final or beyond a boundary. Of several challengers it counts once, with
    their mean effect, so that neither the luckiest is picked nor the control they share is counted twice.

    Args:
        session: to read with.
        synthetic: keys of experiments whose imported calls are made up in part.
    """
    looks, replayed = newest_looks(session), _replayed(session)
    ended = select(Experiment).where(Experiment.kind == Kind.SCRIPT, Experiment.ended_at.is_not(None))
    experiments = list(session.scalars(ended.order_by(Experiment.id)))
    metrics = {key: metrics_of(session, key) for key in {each.scenario.catalogue for each in experiments}}
    tests: list[tuple[int, FinishedTest]] = []
    omitted = []
    for experiment in experiments:
        look, catalogue = looks.get(experiment.id), experiment.scenario.catalogue
        better = metrics[catalogue][primary_of(experiment).metric].better
        test = None if look is None else _read(experiment, look, 1 if better == "higher" else -1)
        why = _omission(experiment, look, test, replayed, synthetic)
        if why is not None or look is None or test is None:
            omitted.append(Omitted(experiment.key, catalogue, why or Omission.UNDECIDED))
        else:
            tests.append((look.id, test))
    return Evidence(tuple(test for _, test in sorted(tests, key=lambda each: each[0])), tuple(omitted))


def _replayed(session: Session) -> set[int]:
    """Give the ids of experiments that past calls were sent through."""
    return set(session.scalars(select(RollupDay.experiment_id).where(RollupDay.origin == Origin.REPLAYED).distinct()))


def _omission(
    experiment: Experiment,
    look: Look | None,
    test: FinishedTest | None,
    replayed: Collection[int],
    synthetic: Collection[str],
) -> Omission | None:
    """Say why a test does not count, the gravest reason first; None when it does."""
    if experiment.id in replayed:
        return Omission.REPLAYED
    if experiment.key in synthetic:
        return Omission.SYNTHETIC
    if look is None or not could_end(look):
        return Omission.UNDECIDED
    if is_hidden(look):
        return Omission.UNTRUSTWORTHY
    if len(experiment.dealt) < len(experiment.arms):
        return Omission.ARM_DROPPED
    return None if test is not None and test.effect.known else Omission.UNMEASURED


def _read(experiment: Experiment, look: Look, sign: int) -> FinishedTest:
    found, content = primaries(look), look.content
    return FinishedTest(
        key=experiment.key,
        title=experiment.title,
        catalogue=experiment.scenario.catalogue,
        scenario=experiment.scenario.key,
        scenario_name=experiment.scenario.name,
        variable=experiment.variable,
        metric=primary_of(experiment).metric,
        ended=content["as_of"],
        calls=sum(totals["calls"] for totals in content["watch"]["totals"].values()),
        challengers=len(found),
        worth=experiment.effect,
        effect=_mean_effect(found, sign),
    )


def _mean_effect(readings: Sequence[Mapping[str, Any]], sign: int) -> Effect:
    """Average the challengers' effects.

    Their errors share the control's. How far they go together is not frozen, so they are taken to go together wholly:
    the error of the mean is then the mean of the errors, which it cannot exceed.
    """
    values = [_number((reading["stopped"] or {}).get("estimate")) for reading in readings]
    measured = [_number(reading["comparison"]["difference"]) for reading in readings]
    errors = [_number(reading["comparison"]["standard_error"]) for reading in readings]
    used = [m if math.isnan(v) else v for v, m in zip(values, measured, strict=True)]
    return Effect(sign * sum(used) / len(used), (sum(errors) / len(errors)) ** 2)


def _number(stored: float | None) -> float:
    return math.nan if stored is None else stored
