"""Whether the effect fades or grows: with the days (novelty), or as an agent uses the words again (learning)."""

import math
from collections.abc import Sequence
from typing import Literal

from experiments.check.health.findings import FINE, Check, Finding, State, p_words, points
from experiments.wording import Message, sentence
from stats.soundness.periods import PeriodCounts, effects_of_counts
from stats.soundness.trend import Trend, trend

NOVELTY = Check("novelty", sentence("Is the effect the same from the first day to the last?"))
LEARNING = Check("learning", sentence("Does the effect depend on how often the agent has used the words?"))

LEAST_DAYS = 7
LEAST_BINS = 4
"""Uses double from bin to bin: of fewer than four, up to fifteen uses, nothing is learnt yet."""

_SAID = {
    ("novelty", "fading"): sentence(
        "%(challenger)s: %(early)s points in the first half of %(n)s days, %(late)s in the second: it fades (p %(p)s)."
    ),
    ("novelty", "growing"): sentence(
        "%(challenger)s: %(early)s points in the first half of %(n)s days, %(late)s in the second: it grows (p %(p)s)."
    ),
    ("learning", "fading"): sentence(
        "%(challenger)s: %(early)s points at agents' first uses, %(late)s at their later ones: it fades (p %(p)s)."
    ),
    ("learning", "growing"): sentence(
        "%(challenger)s: %(early)s points at agents' first uses, %(late)s at their later ones: it grows (p %(p)s)."
    ),
}


def novelty(challenger: str, days: Sequence[PeriodCounts], better: Literal["higher", "lower"]) -> Finding:
    """Check the trend of the daily effect on the primary metric; read at looks alone.

    Args:
        challenger: whose effect it is.
        days: calls and successes by day, numbered from the first.
        better: which way is good, so that a gain that fades is told from a loss that does.
    """
    if len(days) < LEAST_DAYS:
        return NOVELTY.found(State.WAITING, Message("Calls on %(n)s days.", {"n": len(days)}))
    return _found(NOVELTY, challenger, trend(effects_of_counts(days)), better)


def learning(challenger: str, bins: Sequence[PeriodCounts], better: Literal["higher", "lower"]) -> Finding:
    """Check the effect by how often the agent had used the words before; read at looks alone, where calls are dealt.

    Args:
        challenger: whose words.
        bins: calls and successes on agents' days, by the agent's uses of the challenger before the day.
        better: as in `novelty`.
    """
    if len(bins) < LEAST_BINS:
        return LEARNING.found(State.WAITING, Message("Too few uses by each agent so far."))
    return _found(LEARNING, challenger, trend(effects_of_counts(bins)), better)


def _found(check: Check, challenger: str, seen: Trend, better: Literal["higher", "lower"]) -> Finding:
    if math.isnan(seen.p_value) or seen.direction is None:
        return check.found(State.WAITING, Message("%(challenger)s: no trend can be seen.", {"challenger": challenger}))
    if seen.p_value >= FINE:
        told = {"challenger": challenger, "p": p_words(seen.p_value)}
        return check.found(State.OK, Message("%(challenger)s: no trend (p %(p)s).", told))
    values = {
        "challenger": challenger,
        "early": points(seen.early),
        "late": points(seen.late),
        "n": seen.periods,
        "p": p_words(seen.p_value),
    }
    advice = _advice(seen, gain=(seen.overall > 0) == (better == "higher"))
    return check.found(State.WARNING, Message(_SAID[check.code, seen.direction], values), advice)


def _advice(seen: Trend, *, gain: bool) -> Message:
    if seen.direction == "fading" and gain:
        return Message(
            "The gain fades: expect less than the average after this goes out, and read the last days apart."
        )
    if seen.direction == "fading":
        return Message("The loss fades: people get used to it. Let the test run on before it is given up.")
    return Message("The difference grows: the average says too little of what is to come. Let the test run on.")
