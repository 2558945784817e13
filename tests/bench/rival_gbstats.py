"""GrowthBook's side, run by its own Python: python -m tests.bench.rival_gbstats. Nothing of this project is there."""

from collections.abc import Iterable, Sequence
from typing import Any

# It lives in an environment of its own, where mypy, which runs in ours, does not look.
from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest  # type: ignore[import-not-found]
from gbstats.gbstats import process_experiment_results  # type: ignore[import-not-found]
from gbstats.models.statistics import (  # type: ignore[import-not-found]
    ProportionStatistic,
    RatioStatistic,
    SampleMeanStatistic,
)

from tests.bench.protocol import Numbers, Tasks, serve

ABSOLUTE = FrequentistConfig(difference_type="absolute")


def proportions(tables: Iterable[Sequence[int]]) -> Numbers:
    return [_told(ProportionStatistic(n=n, sum=x), ProportionStatistic(n=m, sum=y)) for n, x, m, y in tables]


def means(pairs: Iterable[Sequence[Sequence[float]]]) -> Numbers:
    return [_told(*(SampleMeanStatistic(n=a[0], sum=a[1], sum_squares=a[3]) for a in pair)) for pair in pairs]


def ratios(pairs: Iterable[Sequence[Sequence[float]]]) -> Numbers:
    return [_told(*map(_ratio, pair)) for pair in pairs]


def clustered_experiment(metrics: Sequence[Sequence[Sequence[Sequence[float]]]]) -> Numbers:
    names = ("users", "main_sum", "denominator_sum", "main_sum_squares", "denominator_sum_squares")
    settings = {"statistic_type": "ratio", "main_metric_type": "count", "denominator_metric_type": "count"}
    return _experiment(metrics, (*names, "main_denominator_sum_product"), settings)


def call_experiment(metrics: Sequence[Sequence[Sequence[Sequence[float]]]]) -> Numbers:
    return _experiment(metrics, ("users", "main_sum"), {"statistic_type": "mean", "main_metric_type": "binomial"})


def _ratio(arm: Sequence[float]) -> Any:
    n, y, x, yy, xx, xy = arm
    return RatioStatistic(
        n=n,
        m_statistic=SampleMeanStatistic(n=n, sum=y, sum_squares=yy),
        d_statistic=SampleMeanStatistic(n=n, sum=x, sum_squares=xx),
        m_d_sum_of_products=xy,
    )


def _told(control: Any, challenger: Any) -> list[float]:
    found = TwoSidedTTest(control, challenger, ABSOLUTE).compute_result()
    return [float(found.expected), float(found.uplift.stddev), float(found.p_value)]


def _experiment(
    metrics: Sequence[Sequence[Sequence[Sequence[float]]]], names: Sequence[str], settings: dict[str, str]
) -> Numbers:
    """Go through the package's front door: all metrics, first in all (one dimension), then by segment."""
    arms = [str(arm) for arm in range(len(metrics[0][0]))]
    keys = [f"metric {place}" for place in range(len(metrics))]
    analysis = {
        "var_names": arms,
        "var_ids": arms,
        "weights": [1 / len(arms)] * len(arms),
        "stats_engine": "frequentist",
        "difference_type": "absolute",
    }
    results = process_experiment_results(
        {
            "metrics": {key: {"id": key, "name": key, **settings} for key in keys},
            "analyses": [{**analysis, "max_dimensions": 1}, {**analysis, "dimension": "segment"}],
            "query_results": [
                {"rows": _rows(metric, names), "metrics": [key]} for key, metric in zip(keys, metrics, strict=True)
            ],
        }
    )
    return [
        [variation["expected"], variation["uplift"]["stddev"], variation["pValue"]]
        for result in results
        for analysed in result["analyses"]
        for dimension in analysed["dimensions"]
        for variation in dimension["variations"][1:]
    ]


def _rows(metric: Sequence[Sequence[Sequence[float]]], names: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "dimension": f"segment {place}",
            "variation": str(arm),
            "m0_count": sums[0],
            "users": sums[0],
            **{f"m0_{name}": value for name, value in zip(names[1:], sums[1:], strict=True)},
        }
        for place, segment in enumerate(metric)
        for arm, sums in enumerate(segment)
    ]


TASKS: Tasks = {
    "as it ships": proportions,
    "proportions": proportions,
    "means": means,
    "ratios": ratios,
    "call experiment": call_experiment,
    "clustered experiment": clustered_experiment,
}

if __name__ == "__main__":
    serve(TASKS)
