"""How fast the mathematics is beside gbstats and tea-tasting, and whether the numbers are the same."""

import math
import statistics
from dataclasses import dataclass
from typing import Any

from tests.bench import ours, shapes
from tests.bench.protocol import Answer, Numbers, timed
from tests.bench.rivals import RIVALS, Rival, Speaker, python_of, running

LEAST_P = 1e-6
"""Below it gbstats' p loses its digits in 1 - cdf, and agreement says nothing."""

ANOTHER_TEST = {("gbstats", "proportions"), ("gbstats", "call experiment")}
"""Where p is not meant to agree: Welch's t of two proportions, each with its own variance, for our score test."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A task, what it is called, its inputs, and how many comparisons they are."""

    task: str
    what: str
    inputs: Any
    comparisons: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Both sides of one shape: seconds of every turn, and what came out in the last."""

    ours: tuple[Answer, ...]
    theirs: tuple[Answer, ...]

    @property
    def ratios(self) -> list[float]:
        """Our time per theirs, turn by turn."""
        return [mine.seconds / their.seconds for mine, their in zip(self.ours, self.theirs, strict=True)]


def compare(alternations: int) -> None:
    """Print every shape's ratio and agreement, rival by rival, then where the packages disagree."""
    said = {}
    for rival in RIVALS:
        if python := python_of(rival):
            with running(rival, python) as speaker:
                for shape in all_shapes():
                    print(told(rival, shape, measured(shape, speaker, alternations)))
                said[rival.name] = speaker.ask("as it ships", shapes.CONTESTED).numbers
    print(contested(said))


def all_shapes() -> list[Shape]:
    """Make the inputs."""
    many = 200
    whole = shapes.METRICS * (shapes.SEGMENTS + 1) * (shapes.ARMS - 1)
    size = f"{shapes.ARMS} arms, {shapes.METRICS} metrics, {shapes.SEGMENTS} segments and all"
    return [
        Shape("proportions", "two proportions", shapes.tables(many), many),
        Shape("means", "two means", shapes.means(many), many),
        Shape("ratios", "two rates clustered by agent", shapes.ratios(many), many),
        Shape("call experiment", f"experiment by call, {size}", shapes.call_experiment(), whole),
        Shape("clustered experiment", f"experiment by agent, {size}", shapes.clustered_experiment(), whole),
    ]


def measured(shape: Shape, speaker: Speaker, alternations: int) -> Measured:
    """Let both do it in turns, after a first time that does not count."""
    mine, theirs = [], []
    for _ in range(alternations + 1):
        mine.append(timed(ours.TASKS[shape.task], shape.inputs))
        theirs.append(speaker.ask(shape.task, shape.inputs))
    return Measured(tuple(mine[1:]), tuple(theirs[1:]))


def told(rival: Rival, shape: Shape, both: Measured) -> str:
    """Say in a line how the times compare and how far the numbers are apart."""
    mine, theirs = (
        1e6 * statistics.median(answer.seconds for answer in side) / shape.comparisons
        for side in (both.ours, both.theirs)
    )
    apart = agreement(both.ours[-1].numbers, both.theirs[-1].numbers)
    test = " (another test)" if (rival.package, shape.task) in ANOTHER_TEST else ""
    return (
        f"{shape.what}: ours ÷ {rival.name} {statistics.median(both.ratios):.2f} "
        f"({min(both.ratios):.2f} to {max(both.ratios):.2f}), {mine:.0f} and {theirs:.0f} µs a comparison; "
        f"apart, as a share: {apart}{test}"
    )


def agreement(mine: Numbers, theirs: Numbers) -> str:
    """Say how far difference, standard error and p are apart, as shares of ours; order does not matter."""
    pairs = list(zip(sorted(mine), sorted(theirs), strict=True))
    said = []
    for place, name in enumerate(("difference", "standard error", "p")):
        apart = [
            abs(their[place] / own[place] - 1)
            for own, their in pairs
            if math.isfinite(their[place]) and own[place] and own[2] > LEAST_P
        ]
        said.append(f"{name} {max(apart):.1g}" if apart else f"{name} not told")
    return ", ".join(said)


def contested(said: dict[str, Numbers]) -> str:
    """Print p side by side where the packages disagree."""
    columns = {"ours": ours.proportions(shapes.CONTESTED), **said}
    lines = ["where they disagree, p by " + ", ".join(columns) + ":"]
    for place, (n, x, m, y) in enumerate(shapes.CONTESTED):
        p_values = ", ".join(f"{numbers[place][2]:.3g}" for numbers in columns.values())
        lines.append(f"  {x}/{n} against {y}/{m}: {p_values}")
    return "\n".join(lines)
