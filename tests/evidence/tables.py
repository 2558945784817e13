"""A made-up table of the public data's shape, for the tests."""

from pathlib import Path

import numpy as np
import pandas as pd
from fastparquet import write

from tests.evidence.series import COLUMNS

CHECKPOINTS = 12


def made_up(seed: int = 1) -> pd.DataFrame:
    """Make four series of one experiment: a strong effect, none, one without variances, and one without spread."""
    random = np.random.default_rng(seed)
    users = 1_000.0 * np.arange(1, CHECKPOINTS + 1)
    pieces = []
    for metric, (effect, variance) in enumerate([(0.2, 1.0), (0.0, 1.0), (0.0, np.nan), (0.0, 0.0)], start=1):
        noise = np.cumsum(random.standard_normal(CHECKPOINTS)) * 1_000**0.5 / users
        piece = pd.DataFrame(
            {
                "experiment_id": "made up",
                "variant_id": 1,
                "metric_id": metric,
                "time_since_start": 0.5 * np.arange(1, CHECKPOINTS + 1),
                "count_c": users,
                "count_t": users,
                "mean_c": 1.0,
                "mean_t": 1.0 + effect + noise,
                "variance_c": variance,
                "variance_t": variance,
            }
        )
        pieces.append(piece)
    return pd.concat(pieces)[COLUMNS]


def write_table(path: Path, table: pd.DataFrame) -> Path:
    """Write a table as the public one is: Parquet, its rows in no order."""
    write(str(path), table.sample(frac=1, random_state=1).reset_index(drop=True))
    return path
