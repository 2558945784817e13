"""Call logs for the tests: the real one where it is there, else one of the same shape."""

import gzip
import os
import random
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from experiments.imports.mapping import CallMapping, read_mapping

ROOT = Path(__file__).parents[2]
CALL_DATA = Path(os.environ.get("CALL_DATA", ROOT.parent / "shared" / "data"))
REAL = CALL_DATA / "bank_marketing" / "bank-additional-full.csv.gz"
REAL_CALLS, REAL_CONVERSIONS, REAL_REPEATED = 41_188, 4_640, 12

HEADER = (
    *("age", "job", "marital", "education", "default", "housing", "loan", "contact", "month", "day_of_week"),
    *("duration", "campaign", "pdays", "previous", "poutcome", "emp.var.rate", "cons.price.idx", "cons.conf.idx"),
    *("euribor3m", "nr.employed", "y"),
)
NUMBERS = {"age", "duration", "campaign", "pdays", "previous", *HEADER[15:20]}
# The real file's months in its order, with its calls: the year steps where the month runs back.
MONTHS = (
    *(("may", 7763), ("jun", 4374), ("jul", 6685), ("aug", 5175), ("oct", 67), ("nov", 3616), ("dec", 10)),
    *(("mar", 282), ("apr", 2458), ("may", 5794), ("jun", 715), ("jul", 178), ("aug", 770), ("sep", 267)),
    *(("oct", 447), ("nov", 357), ("dec", 172), ("mar", 264), ("apr", 174), ("may", 212), ("jun", 229)),
    *(("jul", 311), ("aug", 233), ("sep", 303), ("oct", 204), ("nov", 128)),
)
WEEK = ("mon", "tue", "wed", "thu", "fri")


def mapping_named(name: str) -> CallMapping:
    """Read a mapping that ships with the product."""
    return read_mapping(tomllib.loads((ROOT / "configs" / "imports" / f"{name}.toml").read_text("utf-8")))


def write_log(path: Path, calls: int, *, seed: int = 20_081_105, repeated: int = REAL_REPEATED) -> Path:
    """Write a log as the bank's: header, order, quotes, line ends, quirks and rates; gzipped when its name says so."""
    lines = [";".join(f'"{name}"' for name in HEADER), *generated_lines(calls, seed, repeated)]
    text = "".join(f"{line}\r\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
    return path


def generated_lines(calls: int, seed: int, repeated: int) -> Iterator[str]:
    """Give the rows; the last `repeated` of the first month's rows each say again what the row before said."""
    chance = random.Random(seed)
    months = _months(calls)
    again = set(chance.sample(range(1, max(Counter(months)["may"] // 2, repeated + 1)), repeated))
    line = ""
    for n, month in enumerate(months):
        if n not in again:
            line = _line(chance, month, WEEK[n * 5 * 60 // max(calls, 300) % 5])
        yield line


def conversions_in(path: Path) -> int:
    """Count the rows that end in yes, by the plainest road there is."""
    raw = path.read_bytes()
    lines = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode().splitlines()[1:]
    return sum(line.endswith(('"yes"', "yes")) for line in lines)


def _months(calls: int) -> list[str]:
    total = sum(count for _, count in MONTHS)
    edges = list(accumulate(count for _, count in MONTHS))
    places: Iterator[int] = (n * total // calls for n in range(calls))
    found, at = [], 0
    for place in places:
        while place >= edges[at]:
            at += 1
        found.append(MONTHS[at][0])
    return found


def _line(chance: random.Random, month: str, weekday: str) -> str:
    yes = chance.random() < 0.1127
    duration = 0 if not yes and chance.random() < 0.0001 else round(chance.lognormvariate(6.2 if yes else 5.1, 0.75))
    earlier = chance.choices(("nonexistent", "failure", "success"), (35_563, 4_252, 1_373))[0]
    values: Sequence[object] = (
        chance.randint(18, 88),
        chance.choice(("admin.", "blue-collar", "technician", "services", "management", "retired", "unknown")),
        chance.choice(("married", "single", "divorced", "unknown")),
        chance.choice(("university.degree", "high.school", "basic.9y", "unknown")),
        chance.choice(("no", "unknown")),
        chance.choice(("yes", "no", "unknown")),
        chance.choice(("yes", "no", "unknown")),
        chance.choices(("cellular", "telephone"), (26_144, 15_044))[0],
        month,
        weekday,
        min(duration, 4_918),
        min(1 + int(chance.expovariate(0.6)), 56),
        999 if earlier == "nonexistent" else chance.randint(0, 27),
        0 if earlier == "nonexistent" else 1,
        earlier,
        *("-1.8", "92.893", "-46.2", "1.299", "5099.1"),
        "yes" if yes else "no",
    )
    return ";".join(str(value) if name in NUMBERS else f'"{value}"' for name, value in zip(HEADER, values, strict=True))
