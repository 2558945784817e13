"""Show what monitoring does to real experiments: python -m tests.evidence. Writes a page in each language."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.evidence.findings import Findings, find
from tests.evidence.page import write
from tests.evidence.series import REAL, ROOT, read

MISSING = """\
The data are not at {path}.
They are the ASOS Digital Experiments Dataset (CC BY 4.0, https://osf.io/64jsb/), which this project may use but does
not ship. Put asos_digital_experiments_dataset.parquet into a folder asos_digital_experiments and name the folder that
holds it:  make evidence CALL_DATA=/path/to/data"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compute everything, write the pages and print the figures; 2 when there are no data."""
    parser = argparse.ArgumentParser(prog="python -m tests.evidence", description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000, help="without an effect, of each series")
    parser.add_argument("--folder", type=Path, default=ROOT / "instance" / "evidence", help="where the pages go")
    parser.add_argument("--data", type=Path, default=REAL, help="the Parquet file")
    given = parser.parse_args(arguments)
    if not given.data.is_file():
        print(MISSING.format(path=given.data), file=sys.stderr)
        return 2
    begun = time.monotonic()
    found = find(read(given.data), given.runs)
    print(told(found))
    for path in write(found, given.folder):
        print(path)
    print(f"{time.monotonic() - begun:.0f} seconds")
    return 0


def told(found: Findings) -> str:
    """Print the figures of every rule, one a line."""
    counted = (
        f"{found.series} series of {found.experiments} experiments, {found.readable} with variances, "
        f"{found.checkpoints} checkpoints; {found.runs} runs of each without an effect.\n"
    )
    lines = [
        counted,
        f"{'':16}{'found':>6}{'stand':>6}{'turned':>7}{'days later':>11}{'share later':>12}"
        + "".join(f"{kind:>10}" for kind in dict.fromkeys(alarm.null for alarm in found.alarms)),
    ]
    for each in found.outcomes:
        alarms = "".join(f"{100 * alarm.share:9.1f}%" for alarm in found.alarms if alarm.rule == each.rule)
        lines.append(
            f"{each.rule:16}{each.found:6}{each.standing:6}{each.turned:7}{each.days_later.median:11.1f}"
            f"{100 * each.share_later.median:11.1f}%{alarms}"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
