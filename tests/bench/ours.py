"""This project's side of the comparison."""

from collections.abc import Sequence

from stats.arms.proportions import compare_proportions
from stats.arms.ratios import compare_ratios
from stats.comparison import Comparison
from stats.moments import Counts, Moments
from tests.bench.protocol import Numbers, Tasks
from tests.bench.shapes import Sums, Table


def proportions(tables: Sequence[Table]) -> Numbers:
    """Compare pairs of proportions: score test, Miettinen and Nurminen's intervals of difference and lift."""
    return [_told(compare_proportions(Counts(n, x), Counts(m, y))) for n, x, m, y in tables]


def ratios(pairs: Sequence[tuple[Sums, Sums]]) -> Numbers:
    """Compare pairs of means or ratios: delta method, Welch's t, Fieller's interval of the lift."""
    return [_told(compare_ratios(Moments(*control), Moments(*challenger))) for control, challenger in pairs]


def clustered_experiment(metrics: Sequence[Sequence[Sequence[Sums]]]) -> Numbers:
    """Compare every challenger with the control, on every metric, in every segment and in all."""
    found = []
    for metric in metrics:
        segments = [[Moments(*arm) for arm in segment] for segment in metric]
        total = [sum(arm[1:], arm[0]) for arm in zip(*segments, strict=True)]
        for control, *challengers in [*segments, total]:
            found += [_told(compare_ratios(control, challenger)) for challenger in challengers]
    return found


def call_experiment(metrics: Sequence[Sequence[Sequence[tuple[int, int]]]]) -> Numbers:
    """The same, of independent calls."""
    found = []
    for metric in metrics:
        segments = [[Counts(*arm) for arm in segment] for segment in metric]
        total = [sum(arm[1:], arm[0]) for arm in zip(*segments, strict=True)]
        for control, *challengers in [*segments, total]:
            found += [_told(compare_proportions(control, challenger)) for challenger in challengers]
    return found


def _told(found: Comparison) -> list[float]:
    return [found.difference, found.standard_error, found.p_value]


TASKS: Tasks = {
    "proportions": proportions,
    "means": ratios,
    "ratios": ratios,
    "call experiment": call_experiment,
    "clustered experiment": clustered_experiment,
}
