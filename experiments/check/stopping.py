"""How looks share alpha, and what a primary effect is worth where the test may end.

Challengers share alpha by the family that the plan declares: each is compared alone at the alpha that Dunnett's test,
or Bonferroni's inequality, leaves it, and that alpha is spent over the looks (Lan & DeMets). So boundaries, p-values
and intervals of one challenger belong together, whatever the method of the comparison. Dunnett's alpha is exact at one
look; spent over several it would come to 5.003 to 5.1 % of 5, so that there Šidák's is taken, which is proven for any
number of looks and costs some 1.6 % of the calls.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.plan.designs import Experiment
from stats.comparison import Comparison
from stats.estimates import Estimate
from stats.families.dunnett import dunnett_alpha, loadings
from stats.families.simultaneous import sidak_alpha
from stats.looking.overrun import Overrun, infer_with_overrun
from stats.looking.spending import Boundary, spending_boundaries
from stats.looking.stopping import StoppedInference, infer_at_stop
from stats.tails import normal_quantile

_DEALT_AGAIN = ("randomisation", "permutation")
"""Methods whose p cannot be under one over the deals: of a clear effect it says less than its z."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent before a look.

    `alpha` is each challenger's own, two-sided; `earlier` the contents of the looks made before, `fractions` the
    information at them. Of few clusters no early look may decide, so that nothing was spent: `early` is False.
    """

    alpha: float
    spending: str
    early: bool
    fractions: tuple[float, ...]
    earlier: tuple[Mapping[str, Any], ...]

    @classmethod
    def before(cls, experiment: Experiment, earlier: Sequence[Mapping[str, Any]], *, few: bool) -> "Spent":
        """See what the looks made before have spent of a plan's alpha."""
        fractions = () if few else tuple(content["boundary"]["fraction"] for content in earlier)
        return cls(alpha_of_each(experiment), experiment.spending, not few, fractions, tuple(earlier))

    def boundaries(self, *fractions: float) -> tuple[Boundary, ...]:
        """Give the boundaries of the looks made before, and of looks at these fractions after them."""
        spending: Any = self.spending
        return spending_boundaries([*self.fractions, *fractions], alpha=self.alpha, spending=spending)

    def boundary(self, fraction: float, *, final: bool) -> Boundary:
        """Give the boundary of the look at hand; an early look at few clusters has none to reach."""
        if not (final or self.early):
            return Boundary(fraction, math.inf, 0.0, 0.0)
        return self.boundaries(fraction)[-1]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a challenger's effect is beyond the boundary, and what it is worth if the test ends here."""

    crossed: bool
    stopped: StoppedInference | None
    overrun: Overrun | None


def alpha_of_each(experiment: Experiment) -> float:
    """Give the two-sided alpha at which each challenger is compared alone, so that the family keeps the plan's.

    A challenger that was dropped keeps its part: to give it to the others once the data were seen would not be theirs.
    """
    control, *challengers = (Estimate(math.nan, 1 / arm.weight, 0) for arm in experiment.arms)
    if experiment.family == "bonferroni":
        return experiment.alpha / len(challengers)
    if len(experiment.looks) > 1:
        return sidak_alpha(len(challengers), alpha=experiment.alpha)
    return dunnett_alpha(loadings(control, challengers), alpha=experiment.alpha)


def decide(spent: Spent, boundary: Boundary, challenger: str, found: Comparison, *, final: bool) -> Decision:
    """Hold a primary effect against its boundary.

    When an earlier look had decided already, what has matured since is an overrun: the test is read as if that look had
    been made with all the data (Whitehead 1992), and it is that p which is held against alpha.
    """
    decided = [place for place, content in enumerate(spent.earlier) if _had_decided(content, challenger)]
    if decided:
        overrun = _overrun(spent, decided[0], challenger, found)
        return Decision(overrun.deletion.p_value <= spent.alpha, overrun.deletion, overrun)
    crossed = found.p_value <= boundary.nominal_alpha
    if not (final or crossed):
        return Decision(False, None, None)
    return Decision(crossed, _stopped(spent, boundary, found), None)


def _stopped(spent: Spent, boundary: Boundary, found: Comparison) -> StoppedInference:
    """Say what the effect is worth at the end: of one look that spent all of alpha, what the comparison says."""
    if not spent.fractions and boundary.fraction == 1:
        return StoppedInference(found.p_value, found.difference, found.low, found.high, found.confidence, 1)
    return infer_at_stop(spent.boundaries(boundary.fraction), *_normal(found), alpha=spent.alpha)


def _had_decided(content: Mapping[str, Any], challenger: str) -> bool:
    p = _reading(content, challenger)["comparison"]["p_value"]
    return p is not None and p <= content["boundary"]["nominal_alpha"]


def _reading(content: Mapping[str, Any], challenger: str) -> Mapping[str, Any]:
    return next(r for r in content["readings"] if r["role"] == "primary" and r["challenger"] == challenger)


def _overrun(spent: Spent, place: int, challenger: str, found: Comparison) -> Overrun:
    at_stop = _reading(spent.earlier[place], challenger)["comparison"]
    difference, standard_error = _scaled(at_stop["difference"], at_stop["standard_error"], at_stop["p_value"])
    final_difference, final_standard_error = _normal(found)
    return infer_with_overrun(
        spent.boundaries()[: place + 1],
        difference,
        standard_error,
        final_difference=final_difference,
        final_standard_error=final_standard_error,
        alpha=spent.alpha,
    )


def _normal(found: Comparison) -> tuple[float, float]:
    if found.method in _DEALT_AGAIN:
        return found.difference, found.standard_error
    return _scaled(found.difference, found.standard_error, found.p_value)


def _scaled(difference: float, standard_error: float, p_value: float) -> tuple[float, float]:
    """Give a difference with the standard error that makes its z the one that p stands for."""
    z = normal_quantile(p_value / 2) if 0 < p_value < 1 else 0.0
    return difference, abs(difference) / z if z > 0 and difference else standard_error
