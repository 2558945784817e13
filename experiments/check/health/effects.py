"""Whether an effect is what it seems: carried by everyone, believable, and done with when its shift ends."""

import math

from experiments.check.health.findings import FINE, Check, Finding, State, p_words, points
from experiments.wording import Message, sentence
from stats.comparison import Comparison
from stats.soundness.plausibility import plausibility

CARRIED = Check("few_agents_carry", sentence("Do busy and quiet units show the same effect?"))
TOO_GOOD = Check("too_good", sentence("Is the effect believable?"))
CARRY_OVER = Check("carry_over", sentence("Do a shift's words leave something behind for the agent's next shift?"))

PLAUSIBLE_EFFECTS = 2.0
"""Standard deviation of true effects, in effects that plans find worth having: who plans for five points has seldom
seen more than twenty. A sound effect of seven planned ones is where a fault becomes the likelier explanation."""


def few_agents_carry(challenger: str, by_calls: Comparison, by_units: Comparison) -> Finding:
    """Check that the effect is the same with each call one vote and with each unit one; read at looks alone.

    They disagree when one of them is sure of an effect (its interval excludes 0) and the other points the other way, or
    is sure that it is another. Opposite signs that neither is sure of are noise: without any effect, 12 to 41 of 100
    experiments have them.
    """
    if math.isnan(by_calls.low) or math.isnan(by_units.low):
        units = by_calls.control_n + by_calls.challenger_n
        return CARRIED.found(State.WAITING, Message("%(n)s units so far.", {"n": units}))
    values = {"challenger": challenger, "calls": points(by_calls.difference), "units": points(by_units.difference)}
    if not (_denied(by_calls, by_units) or _denied(by_units, by_calls)):
        evidence = Message(
            "%(challenger)s: %(calls)s points with each call one vote, %(units)s with each unit one vote.", values
        )
        return CARRIED.found(State.OK, evidence)
    evidence = Message(
        "%(challenger)s: %(calls)s points with each call one vote, but %(units)s with each unit one vote: "
        "a few busy units carry the difference.",
        values,
    )
    advice = Message("Compare the busiest units with the others before this goes out to everyone.")
    return CARRIED.found(State.WARNING, evidence, advice)


def too_good(challenger: str, found: Comparison, planned: float) -> Finding:
    """Weigh "a large effect" against "a fault"; read at looks alone.

    Args:
        challenger: whose effect it is.
        found: the effect.
        planned: the smallest effect worth having, as a share: what plans are made for says what is plausible.
    """
    judged = plausibility(found.difference, found.standard_error, plausible_sd=PLAUSIBLE_EFFECTS * planned)
    if math.isnan(judged.odds_of_fault):
        return TOO_GOOD.found(State.WAITING, Message("%(challenger)s: no effect to weigh.", {"challenger": challenger}))
    values = {"challenger": challenger, "effect": points(found.difference), "planned": f"{100 * planned:g}"}
    if judged.odds_of_fault <= 1:
        evidence = Message("%(challenger)s: %(effect)s points, where %(planned)s were worth having.", values)
        return TOO_GOOD.found(State.OK, evidence)
    evidence = Message(
        "%(challenger)s: %(effect)s points, where %(planned)s were worth having: a fault in the data is likelier than "
        "an effect so large.",
        values,
    )
    advice = Message("Look for the fault first: double counts, lost records, one arm's calls logged otherwise.")
    return TOO_GOOD.found(State.WARNING, evidence, advice)


def carry_over(challenger: str, after: Comparison) -> Finding:
    """Check whether shifts after the challenger differ from shifts after the control; read at looks alone."""
    values = {"challenger": challenger, "difference": points(after.difference), "p": p_words(after.p_value)}
    if math.isnan(after.p_value):
        return CARRY_OVER.found(State.WAITING, Message("Too few shifts follow one another."))
    evidence = Message("Shifts after one with %(challenger)s: %(difference)s points (p %(p)s).", values)
    advice = Message("Words stay in the head: deal whole agents, or leave out the first shift after a change.")
    return CARRY_OVER.found(State.WARNING if after.p_value < FINE else State.OK, evidence, advice)


def _denied(sure: Comparison, other: Comparison) -> bool:
    """Say whether one comparison is sure of an effect that the other does not have."""
    opposite = sure.difference * other.difference < 0
    return not sure.low <= 0 <= sure.high and (opposite or not other.low <= sure.difference <= other.high)
