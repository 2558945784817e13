"""How fast the house is: python -m tests.bench. Read the ratios; machines are shared, and so are their clocks."""

import argparse
from collections.abc import Callable, Mapping

from tests.bench import analysis, choosing, comparisons, ingest, pages, reading, rollup, serving


def main() -> None:
    """Print every measurement, or those of the parts that were named."""
    arguments = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    arguments.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)}; all when none is named")
    arguments.add_argument("--seconds", type=float, default=2.0, help="of each measurement of serving")
    arguments.add_argument("--rounds", type=int, default=5, help="of each measurement of serving")
    arguments.add_argument("--readings", type=int, default=7, help="of each measurement of analysis")
    arguments.add_argument("--alternations", type=int, default=7, help="with each rival of the mathematics")
    arguments.add_argument("--facts", type=int, default=10_000_000, help="of the rollup, and of what results stand on")
    arguments.add_argument("--large", type=int, default=4_000_000, help="facts in the table that is not empty")
    given = arguments.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        arguments.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    for name in given.parts or PARTS:
        PARTS[name](given)


def _serving(given: argparse.Namespace) -> None:
    serving.serving(given.rounds, given.seconds)


def _ingest(given: argparse.Namespace) -> None:
    ingest.ingest(given.rounds, given.large)


def _analysis(given: argparse.Namespace) -> None:
    analysis.analysis(given.readings)


def _choosing(given: argparse.Namespace) -> None:
    choosing.choosing(given.alternations)


def _rollup(given: argparse.Namespace) -> None:
    rollup.rolling_up(given.facts, given.rounds)


def _reading(given: argparse.Namespace) -> None:
    reading.readings(given.facts, given.readings)


def _pages(given: argparse.Namespace) -> None:
    pages.pages(given.readings)


def _statistics(given: argparse.Namespace) -> None:
    comparisons.compare(given.alternations)


PARTS: Mapping[str, Callable[[argparse.Namespace], None]] = {
    "serving": _serving,
    "ingest": _ingest,
    "choosing": _choosing,
    "analysis": _analysis,
    "rollup": _rollup,
    "reading": _reading,
    "pages": _pages,
    "statistics": _statistics,
}

if __name__ == "__main__":
    main()
