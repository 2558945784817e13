"""A measured figure, how sure the simulation is of it, its bound, and the table they are printed in."""

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

CONFIDENCE = 0.99
"""Of each interval: of a hundred sound figures that lie exactly at their bound, one is called out of bounds."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the table.

    Attributes:
        part: Which promise it belongs to.
        what: The case.
        estimate: What came out.
        low: Lower end of its Monte-Carlo interval; of an exact figure, the least over its grid.
        high: Upper end of it, the most over its grid.
        least: Bound from below; -inf when there is none.
        most: Bound from above; inf when there is none.
        exact: Enumerated over every outcome, hence without a simulation's error.
        note: Where it is worst, or what stands beside it.
        unit: "%" prints shares, anything else is printed behind the number.
    """

    part: str
    what: str
    estimate: float
    low: float
    high: float
    least: float = -math.inf
    most: float = math.inf
    exact: bool = False
    note: str = ""
    unit: str = "%"

    @property
    def bounded(self) -> bool:
        """Whether the figure has to be anywhere; else it is only told."""
        return self.least > -math.inf or self.most < math.inf

    @property
    def held(self) -> bool:
        """A simulated figure fails when its whole interval is out of bounds, an exact one when any of it is."""
        if self.exact:
            return self.low >= self.least and self.high <= self.most
        return self.low <= self.most and self.high >= self.least


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work that gives rows; `effort` scales its number of simulations, 1 being the full one."""

    name: str
    run: Callable[[float], list[Row]]


def clopper_pearson(hits: int, runs: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper & Pearson 1934, Biometrika 26:404)."""
    tail = (1 - confidence) / 2
    low = float(special.betaincinv(hits, runs - hits + 1, tail)) if hits else 0.0
    high = float(special.betaincinv(hits + 1, runs - hits, 1 - tail)) if hits < runs else 1.0
    return low, high


def counted(
    part: str, what: str, hits: int, runs: int, *, least: float = -math.inf, most: float = math.inf, note: str = ""
) -> Row:
    """Give the row of a share that was simulated."""
    low, high = clopper_pearson(hits, runs)
    return Row(part, what, hits / runs, low, high, least, most, note=note)


def median_of(part: str, what: str, values: Sequence[float], unit: str, *, note: str = "") -> Row:
    """Give the row of a median, with the order statistics that enclose it (inf: never, within what was watched)."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    reach = special.ndtri((1 + CONFIDENCE) / 2) * len(ordered) ** 0.5 / 2
    first, last = max(int(len(ordered) / 2 - reach), 0), min(math.ceil(len(ordered) / 2 + reach), len(ordered) - 1)
    middle = float(ordered[len(ordered) // 2])
    return Row(part, what, middle, float(ordered[first]), float(ordered[last]), note=note, unit=unit)


def scaled(runs: int, effort: float) -> int:
    """Give how many simulations to do."""
    return max(int(runs * effort), 20)


def generator(*of: object) -> np.random.Generator:
    """Give the random numbers of one case: fixed by its name, whatever runs before or beside it."""
    return np.random.default_rng(zlib.crc32(repr(of).encode()))


def table(rows: Sequence[Row]) -> str:
    """Print the rows under each other, a heading over each part."""
    wide = max(len(row.what) for row in rows)
    lines = [f"{'':<{wide + 2}}{'estimate':>10}{'interval':>20}{'bound':>16}  verdict"]
    part = ""
    for row in rows:
        if row.part != part:
            part = row.part
            lines += ["", part]
        lines.append(f"  {row.what:<{wide}}{_figures(row)}  {_verdict(row)}{'  ' + row.note if row.note else ''}")
    return "\n".join(lines)


def _figures(row: Row) -> str:
    span = f"{_number(row.low, row.unit)} .. {_number(row.high, row.unit)}"
    return f"{_number(row.estimate, row.unit):>10}{span:>20}{_bound(row):>16}"


def _number(value: float, unit: str) -> str:
    if math.isinf(value):
        return "never"
    return f"{100 * value:.2f} %" if unit == "%" else f"{value:,.0f}"


def _bound(row: Row) -> str:
    if not row.bounded:
        return row.unit if row.unit != "%" else "-"
    if row.least == -math.inf:
        return f"<= {100 * row.most:.4g} %"
    return f">= {100 * row.least:.4g} %" if row.most == math.inf else f"{100 * row.least:g} .. {100 * row.most:g} %"


def _verdict(row: Row) -> str:
    if not row.bounded:
        return "told"
    return "ok" + (", exact" if row.exact else "") if row.held else "OUT OF BOUNDS"
