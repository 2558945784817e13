"""Shares of eligible calls, and calls, as the page of variables writes them."""

import math

from flask_babel import gettext as _

from experiments.check.variables.effects import VariableEffect
from web.charts.data import Goodness
from web.formats import UNKNOWN, signed, whole


def interval_of(effect: VariableEffect) -> tuple[float, float, float]:
    """Give low end, pooled effect and high end; of a single test its own."""
    if len(effect.tests) == 1:
        test = effect.tests[0].test
        return test.low, test.effect.value, test.high
    return effect.pooled.low, effect.pooled.mean, effect.pooled.high


def goodness(low: float, high: float) -> Goodness:
    """Say what an interval means; effects are turned so that above 0 is better."""
    if low > 0:
        return "good"
    return "bad" if high < 0 else "unclear"


def points(share: float) -> str:
    """Write a difference in percentage points."""
    return UNKNOWN if math.isnan(share) else _("%(points)s pp", points=signed(100 * share))


def span(low: float, high: float) -> str:
    """Write an interval in percentage points."""
    return UNKNOWN if math.isnan(low) or math.isnan(high) else f"[{signed(100 * low)}, {signed(100 * high)}]"


def calls(count: float) -> str:
    """Write a change of calls with its sign, thousands to the nearest ten."""
    return ("+" if count > 0 else "") + whole(round(count, -1) if abs(count) >= 1000 else count)
