"""The plan of looks as it is drawn: where each look decides, and how far out the effect was when it was made."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy.orm import Session

from experiments.check import history
from experiments.check.analysis.arms import FEW_CLUSTERS
from experiments.check.frozen import is_hidden, primaries
from experiments.check.looks import Look
from experiments.check.stopping import alpha_of_each
from experiments.plan.designs import Experiment
from experiments.plan.rules import LEAST_STEP
from experiments.plan.traffic import FINE_UNITS
from stats.looking.spending import spending_boundaries
from stats.tails import normal_quantile


@dataclass(frozen=True, slots=True)
class PlannedLook:
    """One look of the plan.

    Attributes:
        number: 1 for the first.
        fraction: Information at it, a share in (0, 1] of what is planned.
        z: How many standard errors out it decides, on either side; None where it decides nothing.
        nominal_alpha: The two-sided p that z stands for; None likewise.
        made: Whether it was made.
    """

    number: int
    fraction: float
    z: float | None
    nominal_alpha: float | None
    made: bool


@dataclass(frozen=True, slots=True)
class PathPoint:
    """Where a challenger stood at a look: the z that its p stands for, with the sign of the effect."""

    challenger: str
    number: int
    fraction: float
    z: float
    p_value: float
    crossed: bool


@dataclass(frozen=True, slots=True)
class Path:
    """The looks of a plan in their order, and the challengers' paths over those made whose effects may be read.

    `hidden` are the numbers of looks made on data that cannot be trusted; where the last look is one, no path is shown.
    """

    looks: tuple[PlannedLook, ...]
    points: tuple[PathPoint, ...]
    hidden: tuple[int, ...]


def path_of(session: Session, experiment: Experiment, made: Sequence[Look]) -> Path:
    """Draw the plan of a test's looks and the path so far.

    Args:
        session: to count clusters with, before the first look.
        experiment: the test.
        made: its looks, the first made first.
    """
    known = [_made(look) for look in made]
    over = experiment.ended_at is not None or any(look.final for look in made)
    to_come = () if over else _to_come(session, experiment, known)
    readable = [] if made and is_hidden(made[-1]) else [look for look in made if not is_hidden(look)]
    return Path(
        looks=(*known, *to_come),
        points=tuple(point for look in readable for point in _points(look)),
        hidden=tuple(look.number for look in made if is_hidden(look)),
    )


def _made(look: Look) -> PlannedLook:
    boundary = look.content["boundary"]
    nominal = boundary["nominal_alpha"] or None
    return PlannedLook(look.number, boundary["fraction"], boundary["z"] if nominal else None, nominal, made=True)


def _points(look: Look) -> list[PathPoint]:
    boundary = look.content["boundary"]
    return [
        PathPoint(
            reading["challenger"],
            look.number,
            boundary["fraction"],
            math.copysign(normal_quantile(p / 2), reading["comparison"]["difference"]),
            p,
            p <= boundary["nominal_alpha"],
        )
        for reading in primaries(look)
        if (p := reading["comparison"]["p_value"]) is not None and reading["comparison"]["difference"] is not None
    ]


def _to_come(session: Session, experiment: Experiment, made: Sequence[PlannedLook]) -> tuple[PlannedLook, ...]:
    last = made[-1].fraction if made else 0.0
    planned = [share for share in experiment.looks[len(made) :] if share >= last + LEAST_STEP] or [1.0]
    few = _few_clusters(session, experiment, made)
    spent = () if few else tuple(look.fraction for look in made)
    decide = [share for share in planned if share == planned[-1] or not few]
    bounds = _bounds(alpha_of_each(experiment), experiment.spending, (*spent, *decide))[len(spent) :]
    found = dict(zip(decide, bounds, strict=True))
    nothing: tuple[None, None] = (None, None)
    return tuple(
        PlannedLook(number, share, z, nominal, made=False)
        for number, share in enumerate(planned, len(made) + 1)
        for z, nominal in (found.get(share, nothing),)
    )


def _few_clusters(session: Session, experiment: Experiment, made: Sequence[PlannedLook]) -> bool:
    """Say whether early looks decide nothing: as the looks made had it, else by what there is to randomise."""
    if made:
        return made[-1].nominal_alpha is None
    return experiment.unit not in FINE_UNITS and history.cluster_count(session, experiment) < FEW_CLUSTERS


@lru_cache(maxsize=256)
def _bounds(alpha: float, spending: Any, fractions: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
    """Give z and nominal alpha of looks at these fractions; kept in mind: every page asks, and no data change it."""
    found = spending_boundaries(fractions, alpha=alpha, spending=spending)
    return tuple((boundary.z, boundary.nominal_alpha) for boundary in found)
