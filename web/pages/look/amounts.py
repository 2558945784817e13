"""Numbers of a look in words: each in its metric's own unit, what is not known being a dash."""

import math
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from experiments.check.metrics import MetricSpec
from web.charts.data import Goodness
from web.formats import MINUS, UNKNOWN, percent, signed, unknown

_RARE, _SELDOM = 0.001, 0.01

_WIDE = 10
"""An interval so wide, in calls of a hundred, is told in whole calls: their tenths are noise."""


def in_points(spec: MetricSpec) -> bool:
    """Say whether a metric is a share, so that differences are percentage points; means keep their own unit."""
    return spec.kind != "mean"


def goodness(found: Mapping[str, Any], spec: MetricSpec) -> Goodness:
    """Say what an interval means for the business: fewer complaints are good."""
    low, high = found["low"], found["high"]
    if low is None or high is None or low <= 0 <= high:
        return "unclear"
    return "good" if (low > 0) == (spec.better == "higher") else "bad"


def rate(value: float | None, spec: MetricSpec) -> str:
    """Write a metric's value in its own unit."""
    return percent(value) if in_points(spec) else UNKNOWN if value is None else f"{value:,.1f}"


def difference(value: float | None, spec: MetricSpec) -> str:
    """Write a difference in the metric's own unit."""
    if value is None or math.isnan(value):
        return UNKNOWN
    return _("%(points)s pp", points=signed(100 * value, 2)) if in_points(spec) else _grouped(value)


def size_of(value: float | None, spec: MetricSpec) -> str:
    """Write how large a difference is, without its sign, in the metric's own unit."""
    return difference(None if value is None else abs(value), spec).removeprefix("+")


def span(low: float | None, high: float | None, spec: MetricSpec) -> str:
    """Write an interval of a difference; without a bound it says nothing."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return UNKNOWN
    ends = [signed(100 * end, 2) if in_points(spec) else _grouped(end) for end in (low, high)]
    return f"[{ends[0]}, {ends[1]}]"


def both(found: Mapping[str, Any], spec: MetricSpec) -> str:
    """Write a difference with its interval."""
    return f"{difference(found['difference'], spec)} {span(found['low'], found['high'], spec)}"


def ratio_span(low: float | None, high: float | None) -> str:
    """Write an interval of a ratio of rates, challenger per control; what has no upper bound says so."""
    if unknown(low):
        return UNKNOWN
    if not low and (high is None or math.isinf(high)):
        return _("not bounded yet")
    if high is None or not math.isfinite(high):
        return _("%(low)s or more", low=_times(low or 0.0))
    return _("%(low)s to %(high)s", low=_times(low or 0.0), high=_times(high))


def size(value: float, spec: MetricSpec) -> str:
    """Write how much harm a guardrail allows, in the metric's own unit."""
    return _("%(points)s pp", points=f"{100 * value:g}") if in_points(spec) else f"{value:g}"


def lift(found: Mapping[str, Any]) -> str:
    """Write a relative difference with its interval; nothing where it is withheld."""
    if found["relative"] is None:
        return ""
    text = f"{signed(100 * found['relative'], 0)}%"
    if found["relative_low"] is None or found["relative_high"] is None:
        return text
    low, high = (f"{signed(100 * found[end], 0)}%" for end in ("relative_low", "relative_high"))
    return _("%(lift)s (%(low)s to %(high)s)", lift=text, low=low, high=high)


def p_value(value: float | None) -> str:
    """Write a p-value; below one in a thousand no reader needs the digits."""
    return UNKNOWN if value is None else "< 0.001" if value < _RARE else f"{value:.3f}"


def how_often(p: float) -> str:
    """Say a p-value as a person would: how often chance alone does this."""
    if p < _RARE:
        return _("less than once in 1,000 tests")
    if p < _SELDOM:
        return _("about %(times)s times in 1,000 tests", times=round(1000 * p))
    return _("about %(times)s times in 100 tests", times=round(100 * p))


def of_hundred(step: str, calls: str, shares: tuple[float, float, float]) -> str:
    """Say an effect and its interval, as shares, for 100 calls of the denominator that is named."""
    estimate, low, high = (100 * share for share in shares)
    digits = 1 if max(abs(low), abs(high)) >= 1 else 2
    values = {"calls": calls, "step": step, "size": f"{abs(estimate):.{digits}f}"}
    near, far = sorted((abs(low), abs(high)))
    ends = {"near": f"{near:.{digits}f}", "far": f"{far:.{digits}f}"}
    if low > 0:
        return _(
            "Of 100 %(calls)s, %(size)s more reach “%(step)s” (between %(near)s and %(far)s more)", **values, **ends
        )
    if high < 0:
        return _(
            "Of 100 %(calls)s, %(size)s fewer reach “%(step)s” (between %(near)s and %(far)s fewer)", **values, **ends
        )
    return _(
        "Of 100 %(calls)s, anything from %(fewer)s fewer to %(more)s more may reach “%(step)s”",
        calls=calls,
        step=step,
        fewer=f"{-low:.{digits}f}",
        more=f"{high:.{digits}f}",
    )


def perhaps(found: Mapping[str, Any], spec: MetricSpec, calls: str) -> str:
    """Say of an interval that holds 0 how far it reaches, and that it may be nothing; of any other nothing.

    Args:
        found: the interval.
        spec: the metric.
        calls: names what a share is over.
    """
    low, high = found["low"], found["high"]
    if goodness(found, spec) != "unclear" or low is None or high is None:
        return ""
    if not in_points(spec):
        return _("between %(low)s and %(high)s: may be nothing", low=_grouped(low), high=_grouped(high))
    digits = 0 if 100 * (high - low) >= _WIDE else 1
    return _(
        "between %(fewer)s fewer and %(more)s more of 100 %(calls)s: may be nothing",
        fewer=f"{-100 * low:.{digits}f}",
        more=f"{100 * high:.{digits}f}",
        calls=calls,
    )


def _grouped(value: float) -> str:
    """Write a difference of means with its sign, thousands set apart: money comes in fen."""
    return f"{value:+,.1f}".replace("-", MINUS)


def _times(ratio: float) -> str:
    return f"{ratio:.1f}×"
