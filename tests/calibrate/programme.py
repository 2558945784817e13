"""Everything that is measured, in one list, done on all processors at once."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed

from tqdm import tqdm

from tests.calibrate import (
    adjusted,
    agents,
    balanced,
    control,
    families,
    fixed,
    health,
    planned,
    pooling,
    rare,
    rollouts,
    sizes,
    soundness,
    split,
    spoken,
    stopping,
    strata,
    watching,
    whole,
    whole_power,
    whole_units,
)
from tests.calibrate.rows import Row, Task

PARTS = (
    fixed,
    planned,
    sizes,
    watching,
    split,
    health,
    families,
    pooling,
    rare,
    rollouts,
    agents,
    balanced,
    whole,
    whole_units,
    whole_power,
    strata,
    adjusted,
    spoken,
    stopping,
    soundness,
    control,
)
TASKS: tuple[Task, ...] = tuple(task for part in PARTS for task in part.TASKS)


def measured(effort: float) -> list[Row]:
    """Do every task; give the rows of one part together, as the table prints them.

    The last are begun first: they take longest, and no processor shall wait at the end.
    """
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        begun = {pool.submit(done, place, effort): place for place in reversed(range(len(TASKS)))}
        ended = tqdm(as_completed(begun), "Calibrating", len(TASKS), unit="case")
        found = {begun[future]: future.result() for future in ended}
    rows = [row for place in sorted(found) for row in found[place]]
    parts = list(dict.fromkeys(row.part for row in rows))
    return sorted(rows, key=lambda row: parts.index(row.part))


def done(place: int, effort: float) -> list[Row]:
    """Do one task in a process of its own."""
    return TASKS[place].run(effort)
