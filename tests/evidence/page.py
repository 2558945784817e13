"""The page: one file a language, with everything it needs inside."""

from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
from bokeh.embed import file_html
from bokeh.resources import INLINE
from jinja2 import Environment

from tests.evidence import charts
from tests.evidence.findings import Example, Findings, Quartiles
from tests.evidence.rules import RULES
from tests.evidence.wording import LANGUAGES, Language, say

FILES: dict[Language, str] = {"en": "monitoring.html", "zh": "monitoring.zh.html"}
TEMPLATE = Path(__file__).with_name("page.html.jinja")
ROWS_OF_EXAMPLE = 12


@dataclass(frozen=True, slots=True)
class Table:
    """What a chart shows, in figures: its head, its rows, and which columns are sentences instead of figures."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A finding: its sentence, the drawings that show it, what to make of it, and the figures."""

    title: str
    charts: tuple[Any, ...]
    reading: str
    table: Table


def write(found: Findings, folder: Path) -> list[Path]:
    """Write the page in every language; give the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for language in LANGUAGES:
        path = folder / FILES[language]
        path.write_text(html(found, language), encoding="utf-8")
        written.append(path)
    return written


def html(found: Findings, language: Language) -> str:
    """Write the page in one language."""
    parts = sections(found, language)
    drawn = [chart for part in parts for chart in part.charts]
    for place, chart in enumerate(drawn):
        chart.name = f"chart{place}"  # by which the template finds its place
    peeking = found.outcomes[0]
    words = {
        "language": say(language, "language"),
        "other": say(language, "other"),
        "other_file": next(FILES[each] for each in LANGUAGES if each != language),
        "heading": say(
            language, "title", peeking=peeking.found, series=found.series, standing=peeking.standing
        ),
        "lead": say(
            language, "lead", experiments=found.experiments, treatments=found.treatments, series=found.series,
            checkpoints=f"{found.checkpoints:,}", missing=found.series - found.readable,
        ),
        "method_title": say(language, "method.title"),
        "method": say(language, "method", series=found.series).split("\n"),
        "rebuild": say(language, "rebuild"),
        "source": say(language, "source"),
    }  # fmt: skip
    return str(
        file_html(
            drawn,
            resources=INLINE,
            title=words["heading"],
            template=Environment(autoescape=True).from_string(TEMPLATE.read_text(encoding="utf-8")),
            template_variables={"sections": parts, "words": words},
        )
    )


def sections(found: Findings, language: Language) -> list[Section]:
    """Give the findings in the order in which they are told."""
    told = [
        _found(found, language),
        _alarms(found, language),
        _later(found, language),
        _when(found, language),
    ]
    return [*told, _one(found.example, language)] if found.example else told


def _found(found: Findings, language: Language) -> Section:
    peeking = found.outcomes[0]
    return Section(
        say(language, "found.title", peeking=peeking.found, gone=peeking.found - peeking.standing),
        (charts.found_chart(found, language),),
        say(language, "found.reading", chance=0.05 * found.readable, readable=found.readable),
        Table(
            _head(language, "rule", "found", "stands", "gone", "turned", "what"),
            tuple(
                (
                    say(language, each.rule),
                    *map(str, (each.found, each.standing, each.found - each.standing, each.turned)),
                    say(language, f"{each.rule}.what"),
                )
                for each in found.outcomes
            ),
            texts=(5,),
        ),
    )


def _alarms(found: Findings, language: Language) -> Section:
    peeking = [alarm.share for alarm in found.alarms if alarm.rule == "peeking"]
    planned = [alarm.share for alarm in found.alarms if alarm.rule not in {"peeking", "fixed"}]
    return Section(
        say(
            language, "alarms.title", low=100 * min(peeking), high=100 * max(peeking), most=np.ceil(100 * max(planned))
        ),
        (charts.alarm_chart(found, language),),
        say(language, "alarms.reading", runs=f"{found.runs:,}", readable=found.readable, first=100 * found.first_share),
        Table(
            (say(language, "col.rule"), *(say(language, kind) for kind in charts.MARKERS)),
            tuple(
                (
                    say(language, rule.name),
                    *(f"{100 * found.alarm(rule.name, kind):.1f} %" for kind in charts.MARKERS),
                )
                for rule in RULES
            ),
        ),
    )


def _later(found: Findings, language: Language) -> Section:
    return Section(
        say(
            language, "later.title", obrien=found.outcome("obrien-fleming").days_later.median,
            always=found.outcome("always-valid").days_later.median, fixed=found.outcome("fixed").days_later.median,
        ),
        (
            charts.later_chart(found, language, "later.days", attrgetter("days_later"), 1.0),
            charts.later_chart(found, language, "later.share", attrgetter("share_later"), 100.0),
        ),
        say(language, "later.reading"),
        Table(
            _head(language, "rule", "both", "days", "share"),
            tuple(
                (
                    say(language, each.rule),
                    str(each.both),
                    _quartiles(each.days_later, 1.0, ""),
                    _quartiles(each.share_later, 100.0, " %"),
                )
                for each in found.outcomes[1:]
            ),
        ),
    )  # fmt: skip


def _when(found: Findings, language: Language) -> Section:
    def by(rule: str, share: float) -> int:
        return sum(each <= share for each in found.outcome(rule).shares)

    marks = (0.1, 0.25, 0.5, 0.75, 1.0)
    half = {"obrien": by("obrien-fleming", 0.5), "always": by("always-valid", 0.5), "peeking": by("peeking", 0.5)}
    return Section(
        say(language, "when.title", **half),
        (charts.when_chart(found, language),),
        say(language, "when.reading"),
        Table(
            (say(language, "col.rule"), *(f"{100 * mark:.0f} %" for mark in marks)),
            tuple((say(language, rule.name), *(str(by(rule.name, mark)) for mark in marks)) for rule in RULES),
        ),
    )


def _one(shown: Example, language: Language) -> Section:
    series, z = shown.series, np.abs(shown.series.z)
    readable = np.flatnonzero(series.readable)
    picked = {shown.crossing, *readable[np.linspace(0, len(readable) - 1, ROWS_OF_EXAMPLE).astype(int)].tolist()}
    return Section(
        say(language, "one.title", day=series.days[shown.crossing], end=z[-1]),
        (charts.one_chart(shown, language),),
        say(language, "one.reading", experiment=series.experiment, variant=series.variant, metric=series.metric),
        Table(
            (*_head(language, "day", "users", "z"), *(say(language, rule.name) for rule in RULES)),
            tuple(
                (
                    f"{series.days[at]:g}",
                    f"{100 * series.share[at]:.1f}",
                    f"{z[at]:.2f}",
                    *(_limit(shown.limits[rule.name][at]) for rule in RULES),
                )
                for at in sorted(picked)
            ),
        ),
    )


def _head(language: Language, *columns: str) -> tuple[str, ...]:
    return tuple(say(language, f"col.{column}") for column in columns)


def _quartiles(of: Quartiles, unit: float, sign: str) -> str:
    low, median, high = (f"{unit * value:.1f}" for value in (of.low, of.median, of.high))
    return f"{median}{sign} ({low} – {high})"


def _limit(limit: float) -> str:
    return f"{limit:.2f}" if np.isfinite(limit) else "–"
