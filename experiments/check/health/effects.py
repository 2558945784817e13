"""Whether an effect is what it seems: carried by everyone, there from the first day to the last, and believable."""

import math

from experiments.check.health.findings import Finding, State
from experiments.wording import Message
from stats.comparison import Comparison


def few_agents_carry(challenger: str, by_calls: Comparison, by_units: Comparison) -> Finding:
    """Check that the effect is the same with each call one vote and with each unit one; read at looks alone.

    They disagree when one of them is sure of an effect (its interval excludes 0) and the other points the other way, or
    is sure that it is another. Opposite signs that neither is sure of are noise: without any effect, 12 to 41 of 100
    experiments have them.
    """
    if math.isnan(by_calls.low) or math.isnan(by_units.low):
        units = by_calls.control_n + by_calls.challenger_n
        return Finding("few_agents_carry", State.WAITING, Message("%(n)s units so far.", {"n": units}))
    values = {
        "challenger": challenger,
        "calls": f"{100 * by_calls.difference:+.2f}",
        "units": f"{100 * by_units.difference:+.2f}",
    }
    if not (_denied(by_calls, by_units) or _denied(by_units, by_calls)):
        evidence = Message(
            "%(challenger)s: %(calls)s points with each call one vote, %(units)s with each unit one vote.", values
        )
        return Finding("few_agents_carry", State.OK, evidence)
    evidence = Message(
        "%(challenger)s: %(calls)s points with each call one vote, but %(units)s with each unit one vote: "
        "a few busy units carry the difference.",
        values,
    )
    advice = Message("Compare the busiest units with the others before this goes out to everyone.")
    return Finding("few_agents_carry", State.WARNING, evidence, advice)


def _denied(sure: Comparison, other: Comparison) -> bool:
    """Say whether one comparison is sure of an effect that the other does not have."""
    opposite = sure.difference * other.difference < 0
    return not sure.low <= 0 <= sure.high and (opposite or not other.low <= sure.difference <= other.high)
