"""The score statistic of two proportions: how far the data are from a stated difference, ratio or odds ratio.

Miettinen & Nurminen (1985), Statistics in Medicine 4:213-226. The rates under what is stated are those of
greatest likelihood, and the variance carries their correction N / (N - 1).
"""

import math

from stats.moments import Counts

__all__ = ["difference_excess", "odds_excess", "pooled_z", "ratio_excess"]


def pooled_z(control: Counts, challenger: Counts) -> float:
    """Return the score statistic of "no difference", challenger minus control; 0 when all calls went one way."""
    both = control + challenger
    variance = both.rate * (1 - both.rate) * (1 / control.n + 1 / challenger.n) * both.n / max(both.n - 1, 1)
    return (challenger.rate - control.rate) / math.sqrt(variance) if variance else 0.0


def difference_excess(control: Counts, challenger: Counts, difference: float, z: float) -> float:
    """Return the squared distance from the stated difference, less z squared variances: 0 at an interval's end."""
    p_control = _control_rate_given_difference(control, challenger, difference)
    p_challenger = min(max(p_control + difference, 0.0), 1.0)
    variance = _correction(control, challenger) * (
        p_control * (1 - p_control) / control.n + p_challenger * (1 - p_challenger) / challenger.n
    )
    return (challenger.rate - control.rate - difference) ** 2 - z * z * variance


def ratio_excess(control: Counts, challenger: Counts, ratio: float, z: float) -> float:
    """Return the squared distance from the stated ratio, less z squared variances: 0 at an interval's end."""
    p_control = _control_rate_given_ratio(control, challenger, ratio)
    p_challenger = min(ratio * p_control, 1.0)
    variance = _correction(control, challenger) * (
        ratio**2 * p_control * (1 - p_control) / control.n + p_challenger * (1 - p_challenger) / challenger.n
    )
    return (challenger.rate - ratio * control.rate) ** 2 - z * z * variance


def odds_excess(control: Counts, challenger: Counts, odds_ratio: float, z: float) -> float:
    """Return the squared score of the stated odds ratio, less z squared: 0 at an interval's end.

    Cornfield's statistic (1956, Proc. 3rd Berkeley Symp. 4:135) without continuity correction, with N / (N - 1).
    """
    if odds_ratio > 1:  # of the two, the one at most 1 has the quadratic's root with all its digits
        return odds_excess(challenger, control, 1 / odds_ratio, z)
    n, m, x = control.n, challenger.n, control.successes + challenger.successes
    linear = n + m * odds_ratio + x * (1 - odds_ratio)
    p = min(2 * x / (linear + math.sqrt(max(linear**2 - 4 * n * (1 - odds_ratio) * x, 0.0))), 1.0)
    q = odds_ratio * p / (1 - p + odds_ratio * p) if p < 1 else 1.0
    a, b = n * p * (1 - p), m * q * (1 - q)
    score = (challenger.successes - m * q) ** 2 * (a + b) / (a * b) if a * b > 0 else 0.0
    return score / _correction(control, challenger) - z * z


def _correction(control: Counts, challenger: Counts) -> float:
    n = control.n + challenger.n
    return n / max(n - 1, 1)


def _control_rate_given_difference(control: Counts, challenger: Counts, difference: float) -> float:
    """Solve the likelihood's cubic in closed form."""
    n, x, d = control.n + challenger.n, control.successes + challenger.successes, difference
    c2 = ((challenger.n + 2 * control.n) * d - n - x) / (3 * n)
    c1 = ((control.n * d - n - 2 * control.successes) * d + x) / (3 * n)
    c0 = control.successes * d * (1 - d) / (2 * n)
    q = c2**3 - 1.5 * c1 * c2 + c0
    p = math.copysign(math.sqrt(max(c2 * c2 - c1, 0.0)), q)
    angle = (math.pi + math.acos(min(max(q / p**3, -1.0), 1.0))) / 3 if p else math.pi / 2
    return min(max(2 * p * math.cos(angle) - c2, 0.0, -d), 1.0, 1 - d)


def _control_rate_given_ratio(control: Counts, challenger: Counts, ratio: float) -> float:
    """Solve the likelihood's quadratic, in the form that keeps its digits."""
    a = (control.n + challenger.n) * ratio
    b = (challenger.n + control.successes) * ratio + challenger.successes + control.n
    c = control.successes + challenger.successes
    root = math.sqrt(max(b * b - 4 * a * c, 0.0))
    return min(2 * c / (b + root), 1.0, 1 / ratio if ratio > 1 else 1.0)
