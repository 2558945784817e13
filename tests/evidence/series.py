"""The ASOS Digital Experiments Dataset: cumulative means of real experiments at every checkpoint.

Liu, Cardoso, Couturier & McCoy (2021), Datasets for Online Controlled Experiments, NeurIPS Datasets & Benchmarks,
arXiv:2111.10198; osf.io/64jsb; CC BY 4.0. Sums only, no users.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from fastparquet import ParquetFile
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Readable: TypeAlias = NDArray[np.bool_]

ROOT = Path(__file__).parents[2]
CALL_DATA = Path(os.environ.get("CALL_DATA", ROOT.parent / "shared" / "data"))
REAL = CALL_DATA / "asos_digital_experiments" / "asos_digital_experiments_dataset.parquet"

NAME = ["experiment_id", "variant_id", "metric_id"]
ARM = ["count", "mean", "variance"]
COLUMNS = [*NAME, "time_since_start", *(f"{each}_{arm}" for each in ARM for arm in "ct")]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One treatment against its control on one metric, checkpoint after checkpoint.

    Attributes:
        experiment: The experiment's id.
        variant: The treatment's.
        metric: The metric's, 1 to 4.
        days: Of each checkpoint, since the start.
        users: In both arms together, by then.
        difference: Treatment minus control; nan where a variance is missing or 0.
        standard_error: Of the difference; nan likewise.
        clock: Variance of the treatment's surplus in total by then: how much chance has accrued, whether from new users
            or from what those who are there go on doing; never falls.
    """

    experiment: str
    variant: int
    metric: int
    days: Floats
    users: Floats
    difference: Floats
    standard_error: Floats
    clock: Floats

    @property
    def z(self) -> Floats:
        """Difference in standard errors."""
        return np.asarray(self.difference / self.standard_error)

    @property
    def readable(self) -> Readable:
        """Where there is a z."""
        return np.isfinite(self.z)

    @property
    def share(self) -> Floats:
        """Users by then as a share of those at the last checkpoint."""
        return np.asarray(self.users / self.users[-1])


def read(path: Path) -> list[Series]:
    """Read every series, its checkpoints in the order of time.

    Raises:
        FileNotFoundError: There is no such file.
    """
    with path.open("rb") as stream:
        table = ParquetFile(stream).to_pandas(columns=COLUMNS).sort_values([*NAME, "time_since_start"])
    return [_series(name, rows) for name, rows in table.groupby(NAME)]


def _series(name: tuple[str, int, int], rows: Any) -> Series:
    control, treatment = (rows[[f"{each}_{arm}" for each in ARM]].to_numpy(np.float64).T for arm in "ct")
    users = control[0] + treatment[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = control[2] / control[0] + treatment[2] / treatment[0]
        variance = np.where(variance > 0, variance, np.nan)
        clock = (control[0] * treatment[0] / users) ** 2 * variance
    return Series(
        experiment=str(name[0]),
        variant=int(name[1]),
        metric=int(name[2]),
        days=rows["time_since_start"].to_numpy(np.float64),
        users=users,
        difference=treatment[1] - control[1],
        standard_error=np.sqrt(variance),
        clock=np.fmax.accumulate(clock),
    )
