"""The comparison that a plan asked for: a challenger against the control on a metric, by the unit that was dealt.

The unit of randomisation decides the variance. Calls are dealt within agents and compared within them; whole agents,
teams and shifts by their own totals (CR2), and of fewer than 200 such units the arms are dealt again, by exactly the
registered deals where there are any: with agents as unequal as they are, CR2's t still errs 6 to 7 % of the time at 40
and 80 clusters (`make calibrate`).
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from experiments.check.analysis.units import UnitData, Units
from experiments.check.metrics import (
    NOTHING,
    MetricSpec,
    Totals,
    counts_of,
    denominator_measure,
    denominator_of,
    moments_of_calls,
    pair_of,
)
from experiments.plan import deals
from stats.adjusting.covariates import Covariate
from stats.adjusting.cuped import adjust_ratios, adjusted_totals
from stats.arms.post_stratified import compare_post_stratified, merge_small_strata
from stats.arms.proportions import compare_proportions
from stats.arms.ratios import compare_ratios
from stats.arms.strata import strata_use
from stats.arms.stratified import compare_stratified
from stats.clusters.cr2 import compare_clusters, weigh_units_equally
from stats.clusters.icc import Clustering, clustering_of_proportions
from stats.clusters.randomisation import permutation_test, randomisation_test
from stats.clusters.switchback import Shift, ShiftColumns, compare_shifts
from stats.comparison import Comparison
from stats.moments import Counts, Pairs

FEW_CLUSTERS = 40
"""Below so many clusters there is one efficacy look only, the final one."""

PERMUTED_CLUSTERS = 200
"""Below so many clusters the p-value comes from dealing the arms again, which needs no approximation."""

_LEAST_EXPECTED = 5
"""Mantel and Fleiss's criterion: below it the stratified test's normal curve is not trusted, and no strata are used."""


@dataclass(frozen=True, slots=True)
class ArmData:
    """What an arm did over eligible assigned calls: in all, by agent, and by unit unless the unit is the call."""

    key: str
    totals: Totals
    units: Sequence[UnitData] | None
    agents: Mapping[str, Totals]


@dataclass(frozen=True, slots=True)
class Method:
    """How a plan is analysed.

    `root`, `kept` and `deal` are the registered deals and the one drawn (None: the units were left to the hash);
    `past` is what each agent did before the first day of assignment, where the plan adjusts for it.
    """

    unit: str
    weighting: str
    weights: tuple[int, ...]
    root: str
    kept: tuple[int, ...]
    deal: int | None
    past: Mapping[str, Totals] | None
    first_day: int
    past_until: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A challenger against the control on one metric: the answer, and what stands beside it where units are dealt.

    `model` is the answer by CR2, where dealing again decides; `other` gives the vote to the unit where the plan gives
    it to the call, and the reverse.
    """

    answer: Comparison
    model: Comparison | None = None
    other: Comparison | None = None


def compare(
    method: Method, spec: MetricSpec, arms: Sequence[ArmData], place: int, *, alpha: float, beside: bool = True
) -> Compared:
    """Compare the challenger at a place with the control (place 0) on a metric, at the confidence 1 - alpha.

    Without `beside` shifts are not read with the other vote too, which costs as much again.
    """
    if method.unit == "call":
        return Compared(_compare_calls(spec, arms[0], arms[place], alpha))
    below = denominator_measure(spec)
    units = [Units.of(arm.units or ()).having(below) for arm in arms]
    if method.unit == "agent_shift":
        return _compare_shifts(method, spec, units, place, alpha, beside=beside)
    return _compare_units(method, spec, units, place, alpha)


def clustering(spec: MetricSpec, arms: Sequence[ArmData]) -> Clustering | None:
    """Say how alike the calls of one unit are (of one agent, where calls were dealt); None when it cannot be asked."""
    known = [[(y, x) for y, x in _pairs_of(spec, arm) if x > 0] for arm in arms]
    whole = spec.kind == "proportion" and all(y <= x for arm in known for y, x in arm)
    return clustering_of_proportions(*known) if whole else None


def _pairs_of(spec: MetricSpec, arm: ArmData) -> list[tuple[float, float]]:
    if arm.units is None:
        return [pair_of(spec, totals) for totals in arm.agents.values()]
    return Units.of(arm.units).pairs(spec.numerator, denominator_measure(spec))


def _compare_calls(spec: MetricSpec, control: ArmData, challenger: ArmData, alpha: float) -> Comparison:
    """Compare calls dealt within agents: each agent with himself where there is enough of everything for that."""
    if not all(_is_a_share(spec, arm.totals) for arm in (control, challenger)):
        return _compare_means(spec, control, challenger, alpha)
    both = sorted(control.agents.keys() & challenger.agents.keys())
    told = [
        [(denominator_of(spec, arm.agents[agent]), arm.agents[agent][spec.numerator]) for agent in both]
        for arm in (control, challenger)
    ]
    strata = [(Counts(n, x), Counts(m, y)) for (n, x), (m, y) in zip(*told, strict=True) if x <= n and y <= m]
    if strata_use(strata).mantel_fleiss >= _LEAST_EXPECTED:
        return compare_stratified(strata, alpha=alpha)
    return compare_proportions(counts_of(spec, control.totals), counts_of(spec, challenger.totals), alpha=alpha)


def _compare_means(spec: MetricSpec, control: ArmData, challenger: ArmData, alpha: float) -> Comparison:
    """Compare means and ratios of calls within agents; agents of whom an arm has hardly a call are taken together."""
    agents = sorted(control.agents.keys() | challenger.agents.keys())
    if not agents:
        moments = [moments_of_calls(spec, arm.totals) for arm in (control, challenger)]
        return compare_ratios(moments[0], moments[1], alpha=alpha)
    strata = [
        (
            moments_of_calls(spec, control.agents.get(each, NOTHING)),
            moments_of_calls(spec, challenger.agents.get(each, NOTHING)),
        )
        for each in agents
    ]
    return compare_post_stratified(merge_small_strata(strata), alpha=alpha)


def _is_a_share(spec: MetricSpec, totals: Totals) -> bool:
    """Say whether the numerator is a part of the denominator; a fact told without the one before it is not."""
    return spec.kind == "proportion" and totals[spec.numerator] <= denominator_of(spec, totals)


def _compare_units(method: Method, spec: MetricSpec, units: Sequence[Units], place: int, alpha: float) -> Compared:
    control, challenger = (units[each].pairs(spec.numerator, denominator_measure(spec)) for each in (0, place))
    by_calls = compare_clusters(control, challenger, alpha=alpha)
    by_units = weigh_units_equally(control, challenger, alpha=alpha)
    model, other = (by_calls, by_units) if method.weighting == "call" else (by_units, by_calls)
    covariate = _covariate(method, spec, units[0].names, units[place].names)
    if covariate is not None and min(len(control), len(challenger)) > 1:
        # of ratios by unit each counts as (ratio, 1), and so does its past
        voted = (control, challenger) if method.weighting == "call" else (_votes(control), _votes(challenger))
        model = adjust_ratios(*voted, covariate, alpha=alpha).comparison
    return Compared(*_decided(method, spec, units, place, model, alpha), other)


def _decided(
    method: Method,
    spec: MetricSpec,
    units: Sequence[Units],
    place: int,
    model: Comparison,
    alpha: float,
    within: Sequence[Sequence[Hashable]] = (),
) -> tuple[Comparison, Comparison | None]:
    """Let dealing again decide where units are few; give the answer, and the model's beside it."""
    few = min(len(units[0]), len(units[place])) >= 2 and len(units[0]) + len(units[place]) < PERMUTED_CLUSTERS
    if not few:
        return model, None
    pairs = _adjusted_pairs(method, spec, units, place)
    if method.deal is None:
        voted = [_votes(arm) if method.weighting == "unit" else arm for arm in (pairs[0], pairs[place])]
        return replace(model, p_value=permutation_test(voted[0], voted[1]), method="permutation"), model
    test = randomisation_test(
        [pair for arm in pairs for pair in arm],
        _dealt(method, [name for arm in units for name in arm.names]),
        method.kept.index(method.deal),
        challenger=place,
        weighting="calls" if method.weighting == "call" else "units",
        within=within,
        alpha=alpha,
    )
    answer = replace(model, p_value=test.p_value, low=test.low, high=test.high, method="randomisation")
    return answer, model


def _dealt(method: Method, names: Sequence[str]) -> NDArray[np.int64]:
    return deals.dealt(method.root, method.kept, names, method.weights)


def _adjusted_pairs(method: Method, spec: MetricSpec, units: Sequence[Units], place: int) -> list[Pairs]:
    """Give every arm's pairs, less what the past predicts where the plan adjusts for it."""
    pairs: list[Pairs] = [arm.pairs(spec.numerator, denominator_measure(spec)) for arm in units]
    covariate = _covariate(method, spec, units[0].names, [name for arm in units[1:] for name in arm.names])
    if covariate is None:
        return pairs
    left = adjusted_totals(pairs[0], [pair for arm in pairs[1:] for pair in arm], covariate)
    rest = iter(left.challenger)
    return [left.control, *([next(rest) for _ in arm] for arm in pairs[1:])]


def _covariate(method: Method, spec: MetricSpec, control: Sequence[str], challenger: Sequence[str]) -> Covariate | None:
    """Give what the agents' own calls before the test came to; None where the plan does not adjust for it."""
    if method.past is None:
        return None
    past = method.past
    before = [
        [pair_of(spec, past[name]) if name in past else (0.0, 0.0) for name in arm] for arm in (control, challenger)
    ]
    if method.weighting == "unit":
        before = [_votes(arm) for arm in before]
    return Covariate(before[0], before[1], fixed_until=method.past_until, assigned_from=method.first_day)


def _votes(pairs: Pairs) -> list[tuple[float, float]]:
    """Give each unit one vote: its own ratio over 1, or nothing where it has no denominator."""
    return [(y / x, 1.0) if x else (0.0, 0.0) for y, x in pairs]


def _compare_shifts(
    method: Method, spec: MetricSpec, units: Sequence[Units], place: int, alpha: float, *, beside: bool
) -> Compared:
    """Compare shifts within weekday × half-day and within their agents."""
    shifts = _columns_of(spec, units)
    voted = method.weighting == "call"
    model = compare_shifts(shifts if voted else _one_vote(shifts), challenger=place, alpha=alpha)
    other = compare_shifts(_one_vote(shifts) if voted else shifts, challenger=place, alpha=alpha) if beside else None
    within = [shifts.blocks, shifts.agents]
    return Compared(*_decided(method, spec, units, place, model, alpha, within), other)


def _columns_of(spec: MetricSpec, units: Sequence[Units]) -> ShiftColumns:
    """Read the shifts of all arms, arm by arm, where their order is not asked for."""
    names = [name.rsplit("|", 2) for several in units for name in several.names]
    totals = [
        np.concatenate([several.column(measure) for several in units]).astype(np.float64)
        for measure in (spec.numerator, denominator_measure(spec))
    ]
    return ShiftColumns(
        agents=[agent for agent, _, _ in names],
        blocks=[_half_day(day, half)[1] for _, day, half in names],
        arms=np.repeat(np.arange(len(units)), [len(several) for several in units]),
        y=totals[0],
        x=totals[1],
    )


def _one_vote(shifts: ShiftColumns) -> ShiftColumns:
    """Give each shift one vote: its own ratio over 1."""
    return replace(shifts, y=shifts.y / shifts.x, x=np.ones_like(shifts.x))


@lru_cache(maxsize=4096)
def _half_day(day: str, half: str) -> tuple[int, str]:
    """Give the place of a half-day in time, and the weekday and half-day that it is compared within."""
    when = date.fromisoformat(day)
    return 2 * when.toordinal() + (half == "pm"), f"{when.isoweekday()}{half}"


def shifts_of(spec: MetricSpec, units: Sequence[Sequence[UnitData]]) -> list[Shift]:
    """Read the shifts (`agent|YYYY-MM-DD|am`) of all arms in their order."""
    found = []
    for arm, several in enumerate(units):
        for unit in several:
            agent, day, half = unit.name.rsplit("|", 2)
            y, x = pair_of(spec, unit.totals)
            order, block = _half_day(day, half)
            found.append(Shift(agent, order, block, arm, y, x))
    return found
