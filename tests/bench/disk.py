"""How long the disk takes to have four kilobytes for certain: what every durable figure stands beside."""

import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_BLOCK = bytes(4096)


@dataclass(frozen=True, slots=True)
class Probe:
    """Microseconds of a 4 KiB write and its fdatasync."""

    median: float
    p99: float

    def __str__(self) -> str:
        return f"a 4 KiB fdatasync takes {self.median:.0f} µs (p99 {self.p99:.0f})"


def probe(folder: Path, writes: int = 100) -> Probe:
    """Write blocks one after the other into a file of a folder, as a log does, and time each."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        times = sorted(_written(file.fileno()) for _ in range(writes))
    return Probe(1e6 * statistics.median(times), 1e6 * times[int(0.99 * (writes - 1))])


def _written(file: int) -> float:
    began = time.perf_counter()
    os.write(file, _BLOCK)
    os.fdatasync(file)
    return time.perf_counter() - began
