"""Turn a figure into text that a page can carry inside a script element."""

import json
from typing import TYPE_CHECKING

from web.charts.palette import swaps

if TYPE_CHECKING:
    from bokeh.plotting import figure

# Inside a script element the parser looks for "</script" and "<!--"; in XHTML also for "&".
ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def chart_json(chart: "figure") -> str:
    """Write a figure as `{"item": …, "swaps": …}`: Bokeh's item in light colours, and the dark one for each.

    The text keeps Bokeh's order of keys, on which BokehJS relies to resolve references: never sort it.
    """
    from bokeh.embed import json_item

    text = json.dumps({"item": json_item(chart), "swaps": swaps()}, ensure_ascii=False, separators=(",", ":"))
    for letter, escape in ESCAPES.items():
        text = text.replace(letter, escape)
    return text
