"""The long form: python -m tests.faults --times 30 --seconds 60."""

import argparse
import random
from collections.abc import Callable

from tests.faults import kills
from tests.faults.kills import Report


def main() -> int:
    """Strike as often as asked, and say what came of it; 1 when anything is missing."""
    arguments = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    arguments.add_argument("--times", type=int, default=30, help="strikes of each kind")
    arguments.add_argument("--seconds", type=float, default=60.0, help="that the database is away")
    arguments.add_argument("--seed", type=int, default=20261126)
    given = arguments.parse_args()
    luck = random.Random(given.seed)
    reports: dict[str, Callable[[], Report]] = {
        "a worker killed, SQLite": lambda: kills.workers_killed("sqlite", given.times, luck),
        "a worker killed, PostgreSQL": lambda: kills.workers_killed("postgresql", given.times, luck),
        "the server killed, SQLite": lambda: kills.server_killed("sqlite", given.times, luck),
        "the server killed, PostgreSQL": lambda: kills.server_killed("postgresql", given.times, luck),
        "PostgreSQL killed": lambda: kills.postgresql_killed(given.times, luck),
        f"PostgreSQL away for {given.seconds:.0f} s": lambda: kills.postgresql_away(given.seconds, luck),
    }
    lost = 0
    for name, strike in reports.items():
        report = strike()
        lost += len(report.lost)
        print(f"{name}: {report}", flush=True)
        for each in report.lost[:5]:
            print(f"    {each}")
    return int(lost > 0)


if __name__ == "__main__":
    raise SystemExit(main())
