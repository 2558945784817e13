"""The comparison that a plan asked for: each challenger against the control, on each metric, by the unit dealt.

The unit of randomisation decides the variance. Calls are compared as independent; every other unit by its own
totals, clustered (CR2), and below 200 clusters a randomisation test gives the p-value: with agents as unequal as
they are, CR2's t still errs 6 to 7 % of the time at 40 and 80 clusters (`make calibrate`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from experiments.check.metrics import MetricSpec, Totals, counts_of, denominator_of, moments_of_calls, pair_of
from stats.arms.proportions import compare_proportions
from stats.arms.ratios import compare_ratios
from stats.clusters.cr2 import compare_clusters, weigh_units_equally
from stats.clusters.randomisation import permutation_test
from stats.comparison import Comparison
from stats.moments import Pairs

FEW_CLUSTERS = 40
"""Below so many clusters there is one efficacy look only, the final one."""

PERMUTED_CLUSTERS = 200
"""Below so many clusters the p-value comes from dealing the arms again, which needs no approximation."""


@dataclass(frozen=True, slots=True)
class ArmData:
    """What an arm did: its totals over eligible assigned calls, and its units' totals unless the unit is the call."""

    key: str
    totals: Totals
    units: Sequence[Totals] | None


def compare(spec: MetricSpec, control: ArmData, challenger: ArmData, *, alpha: float) -> Comparison:
    """Compare two arms on a metric, at the confidence 1 - alpha."""
    if control.units is not None and challenger.units is not None:
        return _compare_clusters(spec, control.units, challenger.units, alpha)
    if all(_is_a_share(spec, arm.totals) for arm in (control, challenger)):
        return compare_proportions(counts_of(spec, control.totals), counts_of(spec, challenger.totals), alpha=alpha)
    return compare_ratios(
        moments_of_calls(spec, control.totals), moments_of_calls(spec, challenger.totals), alpha=alpha
    )


def _is_a_share(spec: MetricSpec, totals: Totals) -> bool:
    """Say whether the numerator is a part of the denominator; a fact told without the one before it is not."""
    return spec.kind == "proportion" and totals[spec.numerator] <= denominator_of(spec, totals)


def compare_all(
    specs: Mapping[str, MetricSpec], arms: Sequence[ArmData], *, alpha: Mapping[str, float]
) -> dict[tuple[str, str], Comparison]:
    """Compare every challenger with the control (the first arm) on every metric, by (metric, challenger)."""
    control, *challengers = arms
    return {
        (key, challenger.key): compare(spec, control, challenger, alpha=alpha[key])
        for key, spec in specs.items()
        for challenger in challengers
    }


def compare_units(spec: MetricSpec, control: ArmData, challenger: ArmData, *, alpha: float) -> Comparison | None:
    """Compare two arms with each unit one vote, whatever its calls; None where the unit is the call."""
    if control.units is None or challenger.units is None:
        return None
    return weigh_units_equally(_pairs(spec, control.units), _pairs(spec, challenger.units), alpha=alpha)


def _compare_clusters(
    spec: MetricSpec, control: Sequence[Totals], challenger: Sequence[Totals], alpha: float
) -> Comparison:
    """Compare with each call one vote. Of few units the randomisation test gives p, and CR2 the interval beside it."""
    pairs = [_pairs(spec, arm) for arm in (control, challenger)]
    compared = compare_clusters(pairs[0], pairs[1], alpha=alpha)
    if not min(map(len, pairs)) >= 2 or sum(map(len, pairs)) >= PERMUTED_CLUSTERS:
        return compared
    return replace(compared, p_value=permutation_test(pairs[0], pairs[1]), method="permutation")


def _pairs(spec: MetricSpec, units: Sequence[Totals]) -> Pairs:
    """Give the totals of the units that had anything to count; the others say nothing of the metric."""
    return [pair for unit in units if (pair := pair_of(spec, unit))[1] > 0]
