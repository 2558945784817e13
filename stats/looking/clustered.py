"""Watch an effect at any time where whole units were dealt: agents by the week, say, of whom there are few at first."""

import math

from stats.checks import require, require_share
from stats.clusters.cr2 import compare_clusters
from stats.comparison import Comparison
from stats.looking.always_valid import confidence_sequence
from stats.moments import Pairs

__all__ = ["LEAST_UNITS", "watch_clusters"]

LEAST_UNITS = 8
"""Units that each arm must have before anything is read: with fewer the error of the error is too large."""


def watch_clusters(
    control: Pairs, challenger: Pairs, *, alpha: float = 0.05, planned_units: int
) -> tuple[Comparison, float, float]:
    """Compare by CR2, with an interval that holds at all times at once.

    It is the asymptotic confidence sequence (`stats.looking.always_valid`) over units, at Satterthwaite's degrees of
    freedom; the width at few units is a calibrated choice, and `make calibrate` says how often it errs. Units may grow
    while they are watched, and new ones come: each is counted as it is now.

    Args:
        control: One (numerator total, denominator total) a unit of the control; denominators > 0.
        challenger: The same of the challenger.
        alpha: Chance that the interval is ever wrong, in (0, 1).
        planned_units: Units of both arms at which the watch should be sharpest, at least 1.

    Returns:
        The comparison as it stands, and the interval of its difference (low, high); nan while an arm has fewer than
        `LEAST_UNITS` units or nothing is known of the error.

    Raises:
        ValueError: When an argument is out of its bounds.
    """
    require_share("alpha", alpha)
    require("planned_units", planned_units, at_least=1)
    seen = compare_clusters(control, challenger, alpha=alpha)
    if min(len(control), len(challenger)) < LEAST_UNITS:
        return seen, math.nan, math.nan
    low, high = confidence_sequence(
        seen.difference,
        seen.standard_error,
        len(control) + len(challenger),
        alpha=alpha,
        planned_n=planned_units,
        degrees_of_freedom=seen.degrees_of_freedom or math.inf,
    )
    return seen, low, high
