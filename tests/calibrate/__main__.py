"""Prove the error rates by simulation: python -m tests.calibrate [--quick]. Exits with 1 when any is out of bounds."""

import argparse
import sys
import time
from collections.abc import Sequence

from tests.calibrate import replay
from tests.calibrate.programme import measured
from tests.calibrate.rows import CONFIDENCE, table

QUICK = 0.02
"""So few simulations that of hundreds of sound figures some are out of bounds by chance: it is only told which."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure everything, print it, and give 0 when all is within bounds."""
    parser = argparse.ArgumentParser(prog="python -m tests.calibrate", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few simulations: does it run? (a minute or two)")
    quick = parser.parse_args(arguments).quick
    begun = time.monotonic()
    rows = measured(QUICK if quick else 1.0)
    print(
        f"Shares, with {100 * CONFIDENCE:.0f} % Monte-Carlo intervals; an exact figure has its range over the grid.\n"
    )
    print(table(rows))
    out = [row for row in rows if not row.held]
    print(f"\nOut of bounds: {len(out)} of {sum(row.bounded for row in rows)} bounded figures.\n")
    failed = replay.main(2_000, replay.SALTS[:20]) if quick else replay.main()
    print(f"\n{time.monotonic() - begun:.0f} seconds")
    return 1 if (out and not quick) or failed else 0


if __name__ == "__main__":
    sys.exit(main())
