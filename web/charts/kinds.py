"""The kinds of chart: how each is drawn, tabulated and told in full. What was drawn once is kept in mind."""

import gzip
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from web.charts.control import control_chart, control_table
from web.charts.data import DayChart, EffectChart, FunnelChart, ShareChart, Twin
from web.charts.effect import effect_chart, effect_sheet, effect_table
from web.charts.embed import chart_json
from web.charts.funnel import funnel_chart, funnel_sheet, funnel_table
from web.charts.plane import PlaneChart, plane_chart
from web.charts.shares import share_chart, share_table
from web.charts.sheet import Sheet, twin
from web.charts.sizes import SizeChart, size_chart, size_table

if TYPE_CHECKING:
    from bokeh.plotting import figure

Told: TypeAlias = FunnelChart | EffectChart | PlaneChart
"""Kinds whose numbers can be taken away whole."""
Chart: TypeAlias = Told | ShareChart | DayChart | SizeChart

_KEPT = 256
"""So many drawings are kept: some 25 kB each, and drawing one takes Bokeh 50 ms and more."""


def table_of(chart: Chart) -> Twin:
    """Give a chart's numbers as a table for readers."""
    match chart:
        case FunnelChart():
            return funnel_table(chart)
        case EffectChart():
            return effect_table(chart)
        case PlaneChart():
            return twin(chart.sheet)
        case ShareChart():
            return share_table(chart)
        case DayChart():
            return control_table(chart)
        case SizeChart():
            return size_table(chart)


def sheet_of(chart: Told) -> Sheet:
    """Give a chart's numbers with every digit."""
    match chart:
        case FunnelChart():
            return funnel_sheet(chart)
        case EffectChart():
            return effect_sheet(chart)
        case PlaneChart():
            return chart.sheet


@lru_cache(maxsize=_KEPT)
def json_of(chart: Chart) -> str:
    """Draw a chart, as text that a page carries in a script element; the same chart is drawn once."""
    return chart_json(_draw(chart))


@lru_cache(maxsize=_KEPT)
def packed(chart: Chart) -> bytes:
    """Draw a chart, packed with gzip: a sixth of the bytes."""
    return gzip.compress(json_of(chart).encode(), mtime=0)


def _draw(chart: Chart) -> "figure":
    match chart:
        case FunnelChart():
            return funnel_chart(chart)
        case EffectChart():
            return effect_chart(chart)
        case PlaneChart():
            return plane_chart(chart)
        case ShareChart():
            return share_chart(chart)
        case DayChart():
            return control_chart(chart)
        case SizeChart():
            return size_chart(chart)
