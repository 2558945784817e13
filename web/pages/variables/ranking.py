"""The ranking: which variable is expected to bring most, and how sure that is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _, ngettext

from experiments.check.variables.survey import KeyVariable, MetricSurvey
from web.charts.data import Goodness
from web.formats import UNKNOWN, percent, whole
from web.pages.variables.amounts import calls, goodness, interval_of, points, span

_FARTHEST = 3  # how many of the largest effects an axis reaches: the mean of two tests may be anything
_TONES: dict[Goodness, str] = {"good": "good", "bad": "bad", "unclear": "plain"}


@dataclass(frozen=True, slots=True)
class RankRow:
    """One variable of the ranking. `low`, `value` and `high` place its interval, in points."""

    name: str
    anchor: str
    effect: str
    interval: str
    low: float | None
    value: float
    high: float | None
    tone: str
    drawn: str
    gain: str
    gain_interval: str
    volume: str
    chance: str
    tests: str


def finding(survey: MetricSurvey, names: Mapping[str, str], metric: str) -> str:
    """Say in one sentence what the ranking says."""
    first = survey.ranked[0]
    values = {"variable": names.get(first.effect.variable, first.effect.variable), "metric": metric}
    if first.gain.rank is None:
        return _("One finished test: from the second on, variables can be ranked")
    if first.gain.gain <= 0:
        return _("No variable is expected to lift “%(metric)s” so far", **values)
    if first.gain.low > 0:
        return _("%(variable)s moves “%(metric)s” most, and the gain is clear", **values)
    return _("%(variable)s leads on “%(metric)s”, but how far that carries is not clear yet", **values)


def rank_row(ranked: KeyVariable, names: Mapping[str, str], anchor: str) -> RankRow:
    """See one variable as a row."""
    effect, gain = ranked.effect, ranked.gain
    low, value, high = interval_of(effect)
    known = gain.rank is not None
    return RankRow(
        name=names.get(effect.variable, effect.variable),
        anchor=anchor,
        effect=points(value),
        interval=span(low, high),
        low=None if math.isnan(low) else 100 * low,
        value=100 * value,
        high=None if math.isnan(high) else 100 * high,
        tone=_TONES[goodness(low, high)],
        drawn=_("drawn in: %(points)s", points=points(effect.expected.mean)) if known else "",
        gain=calls(gain.gain) if known else UNKNOWN,
        gain_interval=_("from %(low)s to %(high)s", low=calls(gain.low), high=calls(gain.high)) if known else "",
        volume=_volume(ranked),
        chance=percent(gain.probability_best, 0) if known else UNKNOWN,
        tests=whole(len(effect.tests)),
    )


def reach(survey: MetricSurvey) -> float:
    """Give how far, in points, the small intervals of the ranking reach either way."""
    drawn = [interval_of(ranked.effect) for ranked in survey.ranked]
    farthest = max(abs(end) for low, _value, high in drawn for end in (low, high) if not math.isnan(end))
    largest = max(abs(value) for _low, value, _high in drawn)
    return 100 * (min(farthest, _FARTHEST * largest) or farthest)


def _volume(ranked: KeyVariable) -> str:
    return ngettext(
        "of %(calls)s eligible calls a year in %(num)s call type",
        "of %(calls)s eligible calls a year in %(num)s call types",
        ranked.places,
        calls=whole(ranked.yearly_calls),
    )
