"""tea-tasting's side, run by its own Python: python -m tests.bench.rival_tea_tasting.

Nothing of this project is there.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

# It lives in an environment of its own, where mypy, which runs in ours, does not look.
import tea_tasting as tt  # type: ignore[import-not-found]
from tea_tasting.aggr import Aggregates  # type: ignore[import-not-found]

from tests.bench.protocol import Numbers, Tasks, serve


def as_it_ships(tables: Iterable[Sequence[int]]) -> Numbers:
    return _proportions(tt.Proportion("share"), tables)


def proportions(tables: Iterable[Sequence[int]]) -> Numbers:
    return _proportions(_proportion("share"), tables)


def means(pairs: Iterable[Sequence[Sequence[float]]]) -> Numbers:
    metric = tt.Mean("y0")
    return [_told(metric, *(_aggregates([arm]) for arm in pair)) for pair in pairs]


def ratios(pairs: Iterable[Sequence[Sequence[float]]]) -> Numbers:
    metric = tt.RatioOfMeans("y0", "x0")
    return [_told(metric, *(_aggregates([arm]) for arm in pair)) for pair in pairs]


def clustered_experiment(metrics: Sequence[Sequence[Sequence[Sequence[float]]]]) -> Numbers:
    asked = {f"metric {m}": tt.RatioOfMeans(f"y{m}", f"x{m}") for m in range(len(metrics))}
    segments = [
        {arm: _aggregates(sums) for arm, sums in enumerate(zip(*of_segment, strict=True))}
        for of_segment in zip(*metrics, strict=True)
    ]
    return _experiment(asked, segments)


def call_experiment(metrics: Sequence[Sequence[Sequence[Sequence[int]]]]) -> Numbers:
    asked = {f"metric {m}": _proportion(f"share{m}") for m in range(len(metrics))}
    segments = [
        {
            arm: Aggregates(counts[0][0], {f"share{m}": x / n for m, (n, x) in enumerate(counts)})
            for arm, counts in enumerate(zip(*of_segment, strict=True))
        }
        for of_segment in zip(*metrics, strict=True)
    ]
    return _experiment(asked, segments)


def _proportions(metric: Any, tables: Iterable[Sequence[int]]) -> Numbers:
    return [_told(metric, Aggregates(n, {"share": x / n}), Aggregates(m, {"share": y / m})) for n, x, m, y in tables]


def _proportion(column: str) -> Any:
    """Make the normal test without a continuity correction: our score test but for the factor (N - 1) / N."""
    return tt.Proportion(column, method="norm", correction=False)


def _experiment(metrics: Mapping[str, Any], segments: Sequence[Mapping[int, Any]]) -> Numbers:
    """Go through the package's front door, segment by segment, then in all."""
    experiment = tt.Experiment(dict(metrics))
    total = {arm: reduce(add, (segment[arm] for segment in segments)) for arm in segments[0]}
    return [
        _numbers(found)
        for data in [*segments, total]
        for of_pair in experiment.analyze(data, control=0, all_variants=True).values()
        for found in of_pair.values()
    ]


def _aggregates(arms: Sequence[Sequence[float]]) -> Any:
    """Turn the sums of one arm, metric by metric, into means, variances and covariances."""
    mean, variance, covariance = {}, {}, {}
    for place, (n, y, x, yy, xx, xy) in enumerate(arms):
        above, below = f"y{place}", f"x{place}"
        mean[above], mean[below] = y / n, x / n
        variance[above], variance[below] = (yy - y * y / n) / (n - 1), (xx - x * x / n) / (n - 1)
        covariance[below, above] = (xy - x * y / n) / (n - 1)
    return Aggregates(int(arms[0][0]), mean, variance, covariance)


def _told(metric: Any, control: Any, challenger: Any) -> list[float]:
    return _numbers(metric.analyze_aggregates(control, challenger))


def _numbers(found: Any) -> list[float]:
    statistic = getattr(found, "statistic", math.nan)  # a proportion's result has none
    error = found.effect_size / statistic if statistic else math.nan
    return [float(found.effect_size), float(error), float(found.pvalue)]


TASKS: Tasks = {
    "as it ships": as_it_ships,
    "proportions": proportions,
    "means": means,
    "ratios": ratios,
    "call experiment": call_experiment,
    "clustered experiment": clustered_experiment,
}

if __name__ == "__main__":
    serve(TASKS)
