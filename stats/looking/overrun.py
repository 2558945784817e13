"""What to say when more data mature after a test has stopped (Whitehead 1992, Controlled Clinical Trials 13:106).

Calls already made when a look stops the test go on converting. Two ways are known, and neither is exact
(Sooriyarachchi, Whitehead, Matsushita, Bolland & Whitehead 2003, Biometrics 59:701, compare them):

- *deletion*: the look that stopped is struck out, and all data are the next look of a test that ran through the looks
  before it. It is the customary one: a lucky stop that the overrun takes back counts for nothing.
- *combined* (Hall & Ding 2001): the stage-wise p at the stop and the p of the overrun alone, each as a normal deviate,
  are weighted by the root of their information.

Both err towards caution. Four even looks, two-sided 5 %, 60,000 simulated tests without an effect, p at most 5 %:
O'Brien-Fleming type with an overrun of 5 % of the plan 4.9 % (deletion) and 4.9 % (combined), of 20 % 4.6 % and 4.9 %;
Pocock type 4.5 % and 4.6 %, 3.2 % and 4.2 %. With an effect that is often found early, deletion's estimate is too low
in up to 59 % of tests. They agree while the overrun goes the way of the rest. When they do not, it has taken back part
of the effect, the stop was flattered, and both are to be shown, deletion as the answer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy import special

from stats.checks import require, require_share
from stats.looking.spending import Boundary
from stats.looking.stopping import Outcome, StoppedInference, infer_at_stop, interval_of, order_outcome, unknown

__all__ = ["Overrun", "infer_with_overrun"]


@dataclass(frozen=True, slots=True)
class Overrun:
    """A test at its stop and with what has matured since.

    Attributes:
        at_stop: As if nothing had come after.
        deletion: With all data, the look that stopped struck out: the answer.
        combined: With all data, by weighing the p at the stop and that of the overrun; nan when information has not
            grown.
        agree: Whether deletion and combination are both significant or both not; None when either is unknown.
    """

    at_stop: StoppedInference
    deletion: StoppedInference
    combined: StoppedInference
    agree: bool | None


def infer_with_overrun(
    boundaries: Sequence[Boundary],
    difference: float,
    standard_error: float,
    *,
    final_difference: float,
    final_standard_error: float,
    alpha: float = 0.05,
) -> Overrun:
    """Return the analysis of a stopped test with the data that matured after the stop.

    Assumptions as `infer_at_stop`. Information is one over the squared standard error; the overrun's own effect is what
    the sums of both must be made of.

    Args:
        boundaries: Of the looks that were made, in order, the last one being where the test stopped.
        difference: At the stop, challenger minus control.
        standard_error: Of it.
        final_difference: With all the data.
        final_standard_error: Of it.
        alpha: 1 - confidence, and what p is held against, in (0, 1).

    Raises:
        ValueError: When there is no look or `alpha` is not in (0, 1).
    """
    require_share("alpha", alpha)
    require("the number of boundaries", len(boundaries), at_least=1)
    at_stop = infer_at_stop(boundaries, difference, standard_error, alpha=alpha)
    deletion = combined = unknown(alpha, len(boundaries))
    known = not math.isnan(at_stop.p_value) and not math.isnan(final_difference) and 0 < final_standard_error < math.inf
    if known:
        fraction = boundaries[-1].fraction * (standard_error / final_standard_error) ** 2
        looks = (*boundaries[:-1], replace(boundaries[-1], fraction=fraction))
        if len(looks) == 1 or fraction > looks[-2].fraction:
            deletion = interval_of(order_outcome(looks, final_difference, final_standard_error), alpha)
        if final_standard_error < standard_error:
            outcome = order_outcome(boundaries, difference, standard_error)
            combined = interval_of(
                _joined(outcome, fraction, final_difference / final_standard_error, boundaries), alpha
            )
    return Overrun(at_stop, deletion, combined, _agree(deletion.p_value, combined.p_value, alpha))


def _joined(stop: Outcome, fraction: float, final_z: float, boundaries: Sequence[Boundary]) -> Outcome:
    """Weigh the place of the stop in its order and the overrun's own score, for every drift."""
    before = boundaries[-1].fraction
    grown = fraction - before
    score = final_z * fraction**0.5 - stop.near * before  # of the overrun alone: scores add up
    weight, own = (before / fraction) ** 0.5, (grown / fraction) ** 0.5

    def deviate(drift: float) -> float:
        high, low = stop.higher(drift), stop.lower(drift)
        placed = -float(special.ndtri(high)) if high < low else float(special.ndtri(low))
        return float(weight * placed + own * (score - drift * grown) / grown**0.5)

    return replace(
        stop,
        higher=lambda drift: float(special.ndtr(-deviate(drift))),
        lower=lambda drift: float(special.ndtr(deviate(drift))),
        near=final_z / fraction**0.5,
    )


def _agree(deletion: float, combined: float, alpha: float) -> bool | None:
    unknown_either = math.isnan(deletion) or math.isnan(combined)
    return None if unknown_either else (deletion <= alpha) == (combined <= alpha)
