"""Learning: the effect by how often the agent had used the challenger before, in bins that double."""

import math

from stats.checks import require

__all__ = ["middle_of_bin", "use_bin"]


def use_bin(use: int) -> int:
    """Return the bin of an agent's n-th use: 0 for the first, 1 for the 2nd and 3rd, 2 for the 4th to 7th, and so on.

    Bins double because each repetition teaches less than the one before (the power law of practice: Newell & Rosenbloom
    1981); a step from bin to bin is 0.69 slopes of `stats.soundness.trend`. For the control count the agent's n-th call
    of the experiment in the same way, so that both arms of a bin are as old.

    Args:
        use: >= 1.

    Raises:
        ValueError: When `use` is under 1.
    """
    require("use", use, at_least=1)
    return use.bit_length() - 1


def middle_of_bin(place: int) -> float:
    """Return where a bin stands for a trend: the geometric middle of its first and last use.

    Args:
        place: >= 0, as given by `use_bin`.

    Raises:
        ValueError: When `place` is negative.
    """
    require("place", place, at_least=0)
    return math.sqrt(2**place * (2 ** (place + 1) - 1))
