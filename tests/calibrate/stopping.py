"""What is said at a stop: how often p, interval and middle are right, and p with the data that matured after it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from stats.looking.overrun import Overrun, infer_with_overrun
from stats.looking.spending import Boundary, Sides, spending_boundaries
from stats.looking.spending_functions import HwangShihDeCani, Spending
from stats.looking.stopping import StoppedInference, infer_at_stop
from stats.tails import normal_quantile
from tests.calibrate.rows import Row, Task, counted, generator, scaled

ALPHA = 0.05
RUNS, OVERRUN_RUNS = 3000, 20_000


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan of looks, under an effect: the z expected at all of the information."""

    name: str
    fractions: tuple[float, ...]
    spending: Spending
    drift: float
    sides: Sides = 2

    @property
    def boundaries(self) -> tuple[Boundary, ...]:
        """The product's own."""
        return spending_boundaries(self.fractions, alpha=ALPHA, spending=self.spending, sides=self.sides)


EVEN = (0.25, 0.5, 0.75, 1.0)
PLANS = (
    Plan("O'Brien-Fleming, 4 looks, no effect", EVEN, "obrien-fleming", 0.0),
    Plan("O'Brien-Fleming, 4 looks, power 90 %", EVEN, "obrien-fleming", 3.3),
    Plan("Pocock, 4 looks, no effect", EVEN, "pocock", 0.0),
    Plan("Pocock, 4 looks, power 90 %", EVEN, "pocock", 3.5),
    Plan("Hwang-Shih-DeCani -2, uneven, one-sided, drift 1.5", (0.3, 0.45, 1.0), HwangShihDeCani(-2), 1.5, 1),
    Plan("Hwang-Shih-DeCani -2, uneven, one-sided, no effect", (0.3, 0.45, 1.0), HwangShihDeCani(-2), 0.0, 1),
)


def stops(
    plan: Plan, boundaries: Sequence[Boundary], runs: int, random: np.random.Generator
) -> Iterator[tuple[int, float]]:
    """Walk to the first boundary, or to the end: the look, counted from 0, and the score there."""
    t = np.array(plan.fractions)
    steps = np.diff(t, prepend=0.0)
    scores = (random.standard_normal((runs, len(t))) * steps**0.5 + plan.drift * steps).cumsum(axis=1)
    z = scores / t**0.5
    beyond = (z >= [look.z for look in boundaries]) | (z <= [look.low for look in boundaries])
    beyond[:, -1] = True
    for look, row in zip(beyond.argmax(axis=1).tolist(), scores.tolist(), strict=True):
        yield look, row[look]


def at_stop(plan: Plan, effort: float) -> list[Row]:
    """Give the coverage of the interval, the side of the middle, and p at most alpha when there is no effect."""
    runs, boundaries = scaled(RUNS, effort), plan.boundaries
    found = [
        infer_at_stop(boundaries[: look + 1], score / t, t**-0.5, alpha=ALPHA)
        for look, score in stops(plan, boundaries, runs, generator("stopping", plan.name))
        for t in (plan.fractions[look],)
    ]
    part = "Inference at a planned stop"
    rows = [
        counted(part, f"{plan.name}: interval holds it", _held(found, plan.drift), runs, least=0.945, most=0.955),
        counted(part, f"{plan.name}: estimate above it", _above(found, plan.drift), runs, least=0.49, most=0.51),
    ]
    if plan.drift == 0:
        false = sum(each.p_value <= ALPHA for each in found)
        rows.append(counted(part, f"{plan.name}: p <= 5 %", false, runs, most=ALPHA))
    return rows


def _held(found: Sequence[StoppedInference], drift: float) -> int:
    return sum(each.low <= drift <= each.high for each in found)


def _above(found: Sequence[StoppedInference], drift: float) -> int:
    return sum(each.estimate > drift for each in found)


def overrun(plan: Plan, more: float, effort: float) -> list[Row]:
    """Give how often p with an overrun of `more` information is at most alpha without an effect."""
    runs, random = scaled(OVERRUN_RUNS, effort), generator("overrun", plan.name, more)
    boundaries = plan.boundaries
    found = [
        _with_overrun(boundaries[: look + 1], score, score + float(random.normal()) * more**0.5, more)
        for look, score in list(stops(plan, boundaries, runs, random))
    ]
    part, name = "An overrun after the stop, false positives", f"{plan.name}, {100 * more:g} % of the plan"
    deletion = sum(each is not None and each.deletion.p_value <= ALPHA for each in found)
    combined = sum(each is not None and each.combined.p_value <= ALPHA for each in found)
    return [
        counted(part, f"{name}, deletion", deletion, runs, most=ALPHA),
        counted(part, f"{name}, combined", combined, runs, most=ALPHA),
    ]


def _with_overrun(looks: Sequence[Boundary], score: float, final: float, more: float) -> Overrun | None:
    """Ask the product; None where even an ordinary test is not significant, which neither method can undercut."""
    t = looks[-1].fraction
    if abs(final) < normal_quantile(ALPHA / 2) * (t + more) ** 0.5:
        return None
    return infer_with_overrun(
        looks,
        score / t,
        t**-0.5,
        final_difference=final / (t + more),
        final_standard_error=(t + more) ** -0.5,
        alpha=ALPHA,
    )


TASKS: tuple[Task, ...] = (
    *(Task(f"stop {plan.name}", partial(at_stop, plan)) for plan in PLANS),
    *(
        Task(f"overrun {PLANS[at].name} {more}", partial(overrun, PLANS[at], more))
        for at in (0, 2)
        for more in (0.05, 0.2)
    ),
)
