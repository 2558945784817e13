"""Charts before they are drawn, and what explains an effect: one for the challenger that the verdict names, and tables.

The page has a chart's finding, its table and where its numbers are; what is drawn is fetched when it comes near.
"""

from dataclasses import dataclass

from flask import url_for

from web.charts.kinds import Told as ToldChart, table_of
from web.pages.figures import Figure


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page that explains: drawn figures, sentences that need none, and tables one click deeper."""

    drawn: list[Figure]
    notes: list[str]
    tables: list[Figure]


@dataclass(frozen=True, slots=True)
class Told:
    """A chart that was not drawn yet: its id, what it shows, and the sentence under its title.

    What stands before the first `-` of the id says which kind of picture it is.
    """

    id: str
    chart: ToldChart
    summary: str


def place(told: Told, key: str) -> Figure:
    """Put a chart on the page of an experiment: it is drawn when it is fetched."""
    return Figure(
        id=told.id,
        title=told.chart.title,
        summary=told.summary,
        json="",
        table=table_of(told.chart),
        source=url_for("pages.picture", key=key, name=told.id),
        numbers=url_for("pages.picture_numbers", key=key, name=told.id),
    )


def section(key: str, first: list[Told], others: list[Told], notes: list[str]) -> Section | None:
    """Put what comes first on an experiment's page and tabulate the rest; None when there is nothing to say."""
    if not (first or others or notes):
        return None
    numbers = [url_for("pages.picture_numbers", key=key, name=told.id) for told in others]
    tables = [
        Figure(told.id, told.chart.title, told.summary, "", table_of(told.chart), numbers=url)
        for told, url in zip(others, numbers, strict=True)
    ]
    return Section([place(told, key) for told in first], notes, tables)
