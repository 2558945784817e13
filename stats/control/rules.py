"""Run rules: what in a row of days is no chance, each named after its source, and how often it is all the same."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from scipy import special

from stats.checks import require, require_share

__all__ = ["DAILY", "Rule", "RuleMet", "RunRules", "days_apart", "designed_rules", "run_rules"]

Direction = Literal["up", "down"]
_SIDES: tuple[tuple[Direction, int], ...] = (("up", 1), ("down", -1))


class Rule(StrEnum):
    """Rules of Nelson (1984, Journal of Quality Technology 16:237) that ask whether the level has moved.

    His other four ask something else: six days steadily rising or falling (3) finds little that these do not and alarms
    on any slow wave (Davis & Woodall 1988, JQT 20:16); fourteen alternating (4), fifteen within one sigma (7) and eight
    outside of it (8) are about subgroups that mix two sources, and a day's calls are no subgroup of a machine.
    """

    #: one day beyond the limits: something broke
    BEYOND = "nelson_1"
    #: so many days in a row on one side of the centre: the level has moved
    SAME_SIDE = "nelson_2"
    #: two of three days beyond two thirds of the limits, on one side
    TWO_OF_THREE = "nelson_5"
    #: four of five days beyond a third of the limits, on one side
    FOUR_OF_FIVE = "nelson_6"


DAILY = frozenset({Rule.BEYOND, Rule.SAME_SIDE})
"""For daily rates that a cumulative sum watches beside: one bad day, and a level that lies just off for weeks.

5 and 6 look for what the cumulative sum is made for, later than it and with false alarms of their own: all four
alarm every 92 days where nothing happens, 1 alone every 370 (Champ & Woodall 1987, Technometrics 29:393).
"""


@dataclass(frozen=True, slots=True)
class RunRules:
    """Rules with their constants.

    Attributes:
        limit: Standard deviations of rule 1, > 0; the zones of 5 and 6 are its thirds.
        run: Days in a row of rule 2, >= 2.
        rules: Those that are asked.
    """

    limit: float = 3.0
    run: int = 9
    rules: frozenset[Rule] = DAILY


@dataclass(frozen=True, slots=True)
class RuleMet:
    """A rule that is met.

    Attributes:
        rule: Which.
        direction: The side on which the days lie.
        first, last: Places of the first day that it is met by, and of the day on which it was.
    """

    rule: Rule
    direction: Direction
    first: int
    last: int


def run_rules(z: Sequence[float], rules: RunRules) -> tuple[RuleMet, ...]:
    """Give every day on which a rule is met, in order of days.

    Args:
        z: Standardised days in their order. Days that are nan are passed over: they neither break nor make a run.
        rules: What is asked.

    Raises:
        ValueError: When `limit` is not above 0 or `run` is under 2.
    """
    require("limit", rules.limit, above=0)
    require("run", rules.run, at_least=2)
    known = [(place, value) for place, value in enumerate(z) if not math.isnan(value)]
    places, values = [place for place, _ in known], [value for _, value in known]
    windows = {
        Rule.BEYOND: (rules.limit, 1, 1),
        Rule.SAME_SIDE: (0.0, rules.run, rules.run),
        Rule.TWO_OF_THREE: (2 * rules.limit / 3, 2, 3),
        Rule.FOUR_OF_FIVE: (rules.limit / 3, 4, 5),
    }
    found = [
        RuleMet(rule, direction, places[first], places[last])
        for rule in Rule
        if rule in rules.rules
        for direction, sign in _SIDES
        for first, last in _met([sign * value for value in values], *windows[rule])
    ]
    return tuple(sorted(found, key=lambda met: (met.last, met.rule, met.direction)))


def _met(values: Sequence[float], beyond: float, many: int, of: int) -> Iterator[tuple[int, int]]:
    """Give (first, last) for every day that is beyond, being one of `many` such among the last `of` days."""
    out: list[int] = []
    for place, value in enumerate(values):
        if value > beyond:
            out.append(place)
            within = [each for each in out[-many:] if each > place - of]
            if len(within) == many:
                yield within[0], place


def days_apart(run: int, side: float = 0.5) -> float:
    """Give the mean days until so many in a row lie on one of two sides, where one side has this chance.

    Two runs race; each alone takes (1 - s^r) / (s^r (1 - s)) days (Feller 1968, An Introduction to Probability Theory,
    vol. 1, XIII.7), and their rates add.

    Args:
        run: Days in a row, >= 1.
        side: Chance of one side, in (0, 1).

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require("run", run, at_least=1)
    require_share("side", side)
    return 1 / sum(s**run * (1 - s) / (1 - s**run) for s in (side, 1 - side))


def designed_rules(days: float, *, error: float = 0.0) -> RunRules:
    """Choose limit and run so that each of rules 1 and 2 alone alarms every so many days where nothing happens.

    Nelson's 3 and 9 are for one chart that somebody looks at; where a machine looks at many, each must be rarer.

    Args:
        days: In-control run length of each rule, > 2.
        error: Of the centre, in standard deviations of days, >= 0: both are taken as if the true centre lay that far on
            one side.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require("days", days, above=2)
    require("error", error, at_least=0)
    limit = -float(special.ndtri(1 / days / 2)) * math.sqrt(1 + error * error)
    side, run = float(special.ndtr(error)), 2
    while days_apart(run, side) < days:
        run += 1
    return RunRules(limit, run)
