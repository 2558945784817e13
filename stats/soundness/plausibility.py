"""Too good to be true? "Any figure that looks interesting or different is usually wrong" (Twyman's law)."""

import math
from dataclasses import dataclass

from stats.checks import require, require_share
from stats.tails import two_sided_p

__all__ = ["Plausibility", "plausibility"]


@dataclass(frozen=True, slots=True)
class Plausibility:
    """An effect against those that such changes have had.

    Attributes:
        z: Standard deviations from 0, where the deviation is of plausible effects and of the estimate together.
        p_value: Two-sided chance of an estimate so far out when all is well and effects are as plausible; in (0, 1].
        odds_of_fault: Posterior odds that something is broken rather than good: above 1, look for the fault first.
        shrunk: What of the effect is to be believed when nothing is broken, on its own scale.
    """

    z: float
    p_value: float
    odds_of_fault: float
    shrunk: float


def plausibility(
    effect: float, standard_error: float, *, plausible_sd: float, fault_chance: float = 0.02, fault_factor: float = 10
) -> Plausibility:
    """Weigh "a sound experiment with a large effect" against "a fault", for an effect that surprises.

    Sound effects are normal about 0 with `plausible_sd`, from the centre's past experiments; those of broken data
    (bots, double counts, lost logs) are so with a deviation `fault_factor` times as large. With the estimate's normal
    error both marginals are normal, and the odds are the prior's times their ratio (a Bayes factor: Kass & Raftery
    1995, JASA 90:773). On Twyman's law in experiments see Kohavi, Deng & Vermeer (2022, KDD 3168). The two worlds are a
    model of doubt and not a test; an effect of 0 speaks against a fault.

    Args:
        effect: Challenger minus control, on any scale (points or lift).
        standard_error: Of it, on the same scale; nan or 0 gives nan.
        plausible_sd: Standard deviation of true effects so far, on the same scale, > 0.
        fault_chance: Share of experiments that are broken, before looking, in (0, 1).
        fault_factor: How much wider the effects of faults spread, > 1.

    Raises:
        ValueError: When an argument is outside its bounds.
    """
    require("plausible_sd", plausible_sd, above=0)
    require_share("fault_chance", fault_chance)
    require("fault_factor", fault_factor, above=1)
    if math.isnan(effect) or not 0 < standard_error < math.inf:
        return Plausibility(math.nan, math.nan, math.nan, math.nan)
    sound = math.hypot(plausible_sd, standard_error)
    broken = math.hypot(plausible_sd * fault_factor, standard_error)
    z = effect / sound
    log_factor = (z**2 - (effect / broken) ** 2) / 2 + math.log(sound / broken)
    prior = math.log(fault_chance / (1 - fault_chance))
    odds = math.exp(min(log_factor + prior, 700.0))
    return Plausibility(z, two_sided_p(z), odds, effect * (plausible_sd / sound) ** 2)
