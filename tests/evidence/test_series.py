from pathlib import Path

import numpy as np
import pytest

from stats.estimates import Estimate, compare_estimates
from tests.evidence import tables
from tests.evidence.series import REAL, Series, read


@pytest.fixture
def series(tmp_path: Path) -> list[Series]:
    return read(tables.write_table(tmp_path / "table.parquet", tables.made_up()))


def test_a_series_is_read_in_the_order_of_time(series: list[Series]) -> None:
    assert [(each.experiment, each.variant, each.metric) for each in series] == [
        ("made up", 1, n) for n in (1, 2, 3, 4)
    ]
    assert all((np.diff(each.days) > 0).all() for each in series)
    assert series[0].share[-1] == 1


def test_a_series_without_variance_or_spread_cannot_be_read(series: list[Series]) -> None:
    assert [bool(each.readable.any()) for each in series] == [True, True, False, False]


def test_a_checkpoint_says_what_the_product_says(series: list[Series]) -> None:
    row = tables.made_up().iloc[3]
    control = Estimate(row.mean_c, row.variance_c / row.count_c, int(row.count_c))
    treatment = Estimate(row.mean_t, row.variance_t / row.count_t, int(row.count_t))

    said = compare_estimates(control, treatment, degrees_of_freedom=np.inf, alpha=0.05, method="welch")

    assert series[0].difference[3] == pytest.approx(said.difference, rel=1e-12)
    assert series[0].standard_error[3] == pytest.approx(said.standard_error, rel=1e-12)


def test_the_clock_runs_with_the_users_while_their_spread_stays(series: list[Series]) -> None:
    assert series[0].clock / series[0].clock[-1] == pytest.approx(series[0].share)


@pytest.mark.skipif(not REAL.exists(), reason=f"the public data are not at {REAL} (CALL_DATA says where)")
def test_the_public_data_are_what_was_published() -> None:
    series = read(REAL)

    assert len({each.experiment for each in series}) == 78
    assert len({(each.experiment, each.variant) for each in series}) == 99
    assert sum(len(each.days) for each in series) == 24_153
    # The datasheet: 5 of 99 treatments lack variances under metrics 2, 3 and 4.
    assert [sum(each.readable[-1] for each in series if each.metric == m) for m in (1, 2, 3, 4)] == [99, 94, 94, 94]
