"""What is to be believed of the arms of a finished test, for people who ask "how likely is it better?".

Beside the verdict, never in it: a look decides by its boundary, not by a belief.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.check.analysis.arms import ArmData
from experiments.check.metrics import MetricSpec, counts_of, denominator_of
from stats.bayes.beliefs import beta_posterior, normal_posterior
from stats.bayes.best import judge_arms
from stats.bayes.pairs import PairBelief, compare_rates, judge_effect
from stats.comparison import Comparison


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of one challenger.

    `probability_best` is the chance that no arm is better, control included; nan where whole units were dealt, whose
    arms are known by their differences only.
    """

    challenger: str
    pair: PairBelief
    probability_best: float


def believe(spec: MetricSpec, arms: Sequence[ArmData], found: Sequence[Comparison], *, alpha: float) -> list[Belief]:
    """Say of each challenger how likely it is better, and what choosing it or not would lose.

    Of calls dealt one by one from Jeffreys's prior, which is worth one call; of whole units from a flat prior on the
    difference that was estimated.

    Args:
        spec: the primary metric.
        arms: what each arm did, control first.
        found: each challenger's comparison with the control, in the same order.
        alpha: 1 - credibility.
    """
    if not all(_independent(spec, arm) for arm in arms):
        effects = [normal_posterior(c.difference, c.standard_error**2) for c in found]
        pairs = [judge_effect(effect, alpha=alpha, better=spec.better) for effect in effects]
        return [Belief(arm.key, pair, math.nan) for arm, pair in zip(arms[1:], pairs, strict=True)]
    beliefs = [beta_posterior(counts_of(spec, arm.totals)) for arm in arms]
    best = judge_arms(beliefs, alpha=alpha, better=spec.better)
    return [
        Belief(
            arms[place].key,
            compare_rates(beliefs[0], beliefs[place], alpha=alpha, better=spec.better),
            best[place].probability_best,
        )
        for place in range(1, len(arms))
    ]


def _independent(spec: MetricSpec, arm: ArmData) -> bool:
    whole = spec.kind == "proportion" and arm.totals[spec.numerator] <= denominator_of(spec, arm.totals)
    return whole and arm.units is None
