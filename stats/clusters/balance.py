"""Choose, of many candidate deals of few units, those whose arms are alike before anything is tried.

Constrained randomisation (Raab & Butcher 2001, Statistics in Medicine 20:351; Moulton 2004, Clinical Trials 1:297):
deal often, score how unlike the arms are in what is known beforehand, keep the best, and draw one of those by lot.
Whoever does so tests over exactly the list that was kept, by `stats.clusters.randomisation.randomisation_test` (Li et
al. 2016, Statistics in Medicine 35:1565), and looks first whether it still deals freely, by
`stats.clusters.deals.review_deals`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stats.checks import require, require_each
from stats.clusters.deals import Deals, rows_of_deals

__all__ = ["BalancedDeals", "choose_deals", "imbalances"]

_Floats: TypeAlias = NDArray[np.float64]

_FEWEST = 2  # units in an arm, below which nothing can be said of its spread


@dataclass(frozen=True, slots=True)
class BalancedDeals:
    """The deals that are good enough to draw from.

    Attributes:
        kept: Row numbers of the kept candidates, ascending; empty when every candidate was refused.
        scores: Imbalance of each, in the same order.
        candidates: Candidates that were scored.
        refused: Those with an arm of fewer than two units.
        repeated: Those that deal the same as an earlier one, which are not kept again.
        limit: The largest imbalance that was kept; nan when none was.
        typical: Median imbalance of all distinct candidates not refused: what a free deal would be like; nan without.
    """

    kept: tuple[int, ...]
    scores: tuple[float, ...]
    candidates: int
    refused: int
    repeated: int
    limit: float
    typical: float


def imbalances(
    deals: Deals,
    covariates: Sequence[Sequence[float]] | _Floats,
    weights: Sequence[float],
    importance: Sequence[float] | None = None,
) -> _Floats:
    """Return how unlike the arms of each deal are; 0 is perfect, and lower is better.

    The sum over challengers and covariates of the squared difference of the challenger's and the control's mean, in
    standard deviations of the covariate over all units (Raab & Butcher's B with one over the variance as weight, the
    "l2" of Li et al. 2016), plus, over arms, the squared difference of the arm's share of units from its promised
    share w, in standard deviations (w (1 - w))^(1/2) of one unit's belonging to it. Each unit has one vote: for balance
    over calls, give the calls as a covariate. A covariate that does not vary counts 0; an unknown value (nan) stands at
    the mean of the known ones, so that a new agent pulls no arm anywhere; give "new" as a covariate beside it.

    Args:
        deals: Deals x units, arm indices below the number of weights.
        covariates: Units x covariates, as known before the start: baseline rate, calls, tenure, 0/1 for a site.
        weights: Promised weight of each arm, the control's first, > 0; shares are weights over their sum.
        importance: One factor a covariate on its squared differences, >= 0; all 1 when left out.

    Returns:
        One score a deal; inf when an arm has fewer than two units.

    Raises:
        ValueError: When shapes do not match, fewer than two weights are given, a weight is not > 0, or an arm's index
            has no weight.
    """
    rows = rows_of_deals(deals)
    shares = _shares(weights, int(rows.max()))
    standard = _standardised(covariates, rows.shape[1])
    factors = _factors(importance, standard.shape[1])
    members = [rows == arm for arm in range(len(shares))]
    sizes = np.array([member.sum(axis=1) for member in members], dtype=np.float64)
    means = [member @ standard / np.maximum(size, 1)[:, None] for member, size in zip(members, sizes, strict=True)]
    unlike = sum(((mean - means[0]) ** 2 @ factors for mean in means[1:]), np.zeros(len(rows)))
    promised = shares[:, None]
    missed = (sizes / rows.shape[1] - promised) ** 2 / (promised * (1 - promised))
    return np.where(sizes.min(axis=0) < _FEWEST, np.inf, unlike + missed.sum(axis=0))


def choose_deals(
    deals: Deals,
    covariates: Sequence[Sequence[float]] | _Floats,
    weights: Sequence[float],
    *,
    share: float = 0.1,
    keep: int = 1000,
    importance: Sequence[float] | None = None,
) -> BalancedDeals:
    """Return the best of the candidate deals: a share of them, and no more than a number.

    Draw one of the kept by lot, each as likely as any other: taking the best would be no randomisation.

    Args:
        deals: Candidates x units, drawn at random, arm indices.
        covariates: As `imbalances`.
        weights: As `imbalances`.
        share: Of the distinct candidates that were not refused, the share to keep, in (0, 1]; at least one is kept.
        keep: The most to keep, >= 1.
        importance: As `imbalances`.

    Raises:
        ValueError: As `imbalances`, or when `share` or `keep` is outside its bounds.
    """
    require("share", share, above=0, at_most=1)
    require("keep", keep, at_least=1)
    rows = rows_of_deals(deals)
    scores = imbalances(rows, covariates, weights, importance)
    fit = np.isfinite(scores)
    first = np.zeros(len(rows), dtype=np.bool_)
    first[np.unique(rows, axis=0, return_index=True)[1]] = True
    eligible = np.flatnonzero(fit & first)
    best = eligible[np.argsort(scores[eligible], kind="stable")]
    kept = np.sort(best[: min(keep, max(int(share * len(best)), 1))])
    return BalancedDeals(
        kept=tuple(kept.tolist()),
        scores=tuple(scores[kept].tolist()),
        candidates=len(rows),
        refused=int(np.count_nonzero(~fit)),
        repeated=int(np.count_nonzero(fit & ~first)),
        limit=float(scores[kept].max()) if len(kept) else np.nan,
        typical=float(np.median(scores[eligible])) if len(eligible) else np.nan,
    )


def _shares(weights: Sequence[float], last: int) -> _Floats:
    require("number of weights", len(weights), at_least=max(2, last + 1))
    require_each("weights", weights, above=0)
    return np.asarray(weights, dtype=np.float64) / sum(weights)


def _factors(importance: Sequence[float] | None, covariates: int) -> _Floats:
    if importance is None:
        return np.ones(covariates)
    require_each("importance", importance, at_least=0)
    require("number of importance", len(importance), at_least=covariates, at_most=covariates)
    return np.asarray(importance, dtype=np.float64)


def _standardised(covariates: Sequence[Sequence[float]] | _Floats, units: int) -> _Floats:
    """Return the covariates in standard deviations (divisor n - 1) about their mean, what is unknown at 0."""
    values = np.asarray(covariates, dtype=np.float64)
    if values.ndim != 2 or len(values) != units:
        raise ValueError(f"covariates has the shape {values.shape}, must be {units} units x covariates")
    known = ~np.isnan(values)
    counts = known.sum(axis=0)
    centred = np.where(known, values - np.where(known, values, 0).sum(axis=0) / np.maximum(counts, 1), 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / np.maximum(counts - 1, 1))
    varies = spread > 1e-12 * np.abs(np.where(known, values, 0)).max(axis=0, initial=0)
    return np.where(varies, centred / np.where(varies, spread, 1.0), 0.0)
