"""How often a listener errs, from calls that two people heard independently, when nobody knows the truth."""

import math

from stats.checks import require
from stats.compliance.mishearing import Listener

__all__ = ["listener_of_pairs"]


def listener_of_pairs(pairs: int, disagreements: int) -> Listener | None:
    """Estimate a listener who errs alike often whether or not the words were said.

    Two who err independently with the same chance e disagree in 2 e (1 - e) of the calls: half the gross difference
    rate is the simple response variance (Hansen, Hurwitz & Bershad 1961, Bulletin of the International Statistical
    Institute 38:359). The rate is (disagreements + 1/2) / (pairs + 1), so that a few pairs that all agree do not make
    a listener who never errs.

    The variance of e is that of the rate by the delta method, given as calls on which each share was measured. Half as
    many are given, for it is one and the same error that enters both shares of a difference: with half of them
    `heard_difference` never has less than the variance that e brings.

    Args:
        pairs: Calls that two people heard.
        disagreements: Calls among them of which one heard the words and the other did not.

    Returns:
        None without a pair, or when they disagree in half of the calls or more: they know no more than a coin.

    Raises:
        ValueError: When not 0 <= disagreements <= pairs.
    """
    require("pairs", pairs, at_least=0)
    require("disagreements", disagreements, at_least=0, at_most=pairs)
    rate = (disagreements + 0.5) / (pairs + 1)
    if rate >= 0.5:
        return None
    right = (1 + math.sqrt(1 - 2 * rate)) / 2
    measured_on = max(pairs * (1 - 2 * rate) / (1 - rate), 1.0)
    return Listener(right, right, measured_on, measured_on)
