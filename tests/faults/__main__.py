"""The long form: python -m tests.faults --times 30 --seconds 60."""

import argparse
import random

from tests.faults.kills import Scene, Strike, struck


def main() -> int:
    """Strike as often as asked, and say what came of it; 1 when anything is missing."""
    arguments = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    arguments.add_argument("--times", type=int, default=30, help="strikes of each kind")
    arguments.add_argument("--seconds", type=float, default=60.0, help="that the database is away")
    arguments.add_argument("--seed", type=int, default=20261126)
    given = arguments.parse_args()
    luck = random.Random(given.seed)
    away: Strike = lambda scene: scene.take_postgresql_away(given.seconds)  # noqa: E731
    strikes: dict[str, tuple[str, list[Strike]]] = {
        "a worker killed, SQLite": ("sqlite", [Scene.kill_worker] * given.times),
        "a worker killed, PostgreSQL": ("postgresql", [Scene.kill_worker] * given.times),
        "the server killed, SQLite": ("sqlite", [Scene.kill_server] * given.times),
        "the server killed, PostgreSQL": ("postgresql", [Scene.kill_server] * given.times),
        "PostgreSQL killed": ("postgresql", [Scene.kill_postgresql] * given.times),
        f"PostgreSQL away for {given.seconds:.0f} s": ("postgresql", [away]),
    }
    lost = 0
    for name, (database, planned) in strikes.items():
        report = struck(database, planned, luck)
        lost += len(report.lost)
        print(f"{name}: {report}", flush=True)
        for each in report.lost[:5]:
            print(f"    {each}")
    return int(lost > 0)


if __name__ == "__main__":
    raise SystemExit(main())
