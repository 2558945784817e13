"""What explains an effect, as a page shows it: a chart for the challenger that the verdict names, tables for others."""

from dataclasses import dataclass

from web.charts.data import EffectChart
from web.charts.effect import effect_table
from web.pages.figures import Figure, effect_figure


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page that explains: drawn figures, sentences that need none, and tables one click deeper."""

    drawn: list[Figure]
    notes: list[str]
    tables: list[Figure]


@dataclass(frozen=True, slots=True)
class Told:
    """A chart that was not drawn yet: its id, what it shows, and the sentence under its title."""

    id: str
    chart: EffectChart
    summary: str


def section(first: list[Told], others: list[Told], notes: list[str]) -> Section | None:
    """Draw what comes first and tabulate the rest; None when there is nothing to say."""
    if not (first or others or notes):
        return None
    tables = [Figure(told.id, told.chart.title, told.summary, "", effect_table(told.chart)) for told in others]
    return Section([effect_figure(told.id, told.chart, told.summary) for told in first], notes, tables)
