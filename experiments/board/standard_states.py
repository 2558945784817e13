"""Where a standard card stands: computed from its review day, its signals and the tests that answer them.

Pure: facts in, a state out. Nothing about it is stored that could say anything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from experiments.act.reviews import REVIEWERS
from experiments.board.cards import Stage


class StandardState(StrEnum):
    """Where a live standard stands in its cycle."""

    #: its day of review lies ahead, and its rates are what they were
    IN_FORCE = "in_force"
    #: its rates are not what they were, and a test of other words is on its way
    IN_TEST = "in_test"
    #: today is the last day of its review
    DUE = "due"
    #: that day has passed
    OVERDUE = "overdue"
    #: its rates are not what they were since somebody last looked, and nobody has done anything about it
    SIGNALLED = "signalled"


STAGES: Mapping[StandardState, Stage] = {
    StandardState.IN_FORCE: Stage.ACT,
    StandardState.IN_TEST: Stage.ACT,
    StandardState.DUE: Stage.CHECK,
    StandardState.OVERDUE: Stage.CHECK,
    StandardState.SIGNALLED: Stage.CHECK,
}
"""The column in which a standard card stands."""

STANDARD_MOVES: Mapping[tuple[StandardState, str], tuple[str, ...]] = {
    # it stays as it is: whoever has looked says so at any time, which begins its next cycle
    **{(state, "confirm"): REVIEWERS for state in StandardState},
    # other words are tested: what asks for it is a signal that no test answers yet
    (StandardState.SIGNALLED, "plan"): ("lead",),
}
"""What people do with a standard card: (state, verb) → who. Days and signals move it by themselves."""


@dataclass(frozen=True, slots=True)
class StandardFacts:
    """What a state follows from.

    Attributes:
        today: The site-local day, YYYYMMDD.
        review_by: The last day of the next review.
        signals: What was found in its rates since it was last confirmed.
        answered: Whether a test that was written after the newest of them is on its way.
    """

    today: int
    review_by: int
    signals: int = 0
    answered: bool = False


def state_of(facts: StandardFacts) -> StandardState:
    """Say where a standard card stands. A signal is looked at at once, whatever day it is."""
    if facts.signals and not facts.answered:
        return StandardState.SIGNALLED
    if facts.today > facts.review_by:
        return StandardState.OVERDUE
    if facts.today == facts.review_by:
        return StandardState.DUE
    return StandardState.IN_TEST if facts.signals else StandardState.IN_FORCE
