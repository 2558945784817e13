"""The studio's page: the form as it was typed, and beside it everything that follows from what was typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.plan import beginnings
from experiments.plan.rules import LOCALES, MAX_ARMS, MODERATORS, UNITS
from experiments.plan.scenarios import element_names
from experiments.plan.scripts import Texts, block_of
from web.language import named
from web.pages import words
from web.pages.look import naming
from web.pages.planned import how_dealt
from web.pages.survey import Freshness, freshness
from web.studio import heard, measured, people, place, start
from web.studio.heard import ArmHeard
from web.studio.judging import Judged, judge
from web.studio.measured import MetricRow
from web.studio.people import AudienceView
from web.studio.place import ScenarioView
from web.studio.problems import Point, Problems
from web.studio.sized import Sized, sized
from web.studio.typed import Typed, TypedArm

Options = Sequence[tuple[str, str]]
"""(value, the reader's words)."""


@dataclass(frozen=True, slots=True)
class ArmView:
    """An arm as it is written: `differs` gives by language what is compared with the control, None for nothing said."""

    place: int
    name: str
    typed: TypedArm
    differs: Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True)
class StudioPage:
    """Everything on the page."""

    fresh: Freshness
    title: str
    amending: str
    typed: Typed
    refused: str
    problems: Problems
    open: list[Point]
    statistics_open: bool
    scenario: ScenarioView
    scenarios: Options
    templates: list[beginnings.Template]
    variables: Options
    position: bool
    positions: Options
    arms: list[ArmView]
    more_arms: bool
    audience: AudienceView
    metrics: list[MetricRow]
    units: Sequence[tuple[str, str, str]]
    spendings: Options
    families: Options
    weightings: Options
    moderators: Options
    sized: Sized
    heard: list[ArmHeard]


def studio_page(session: Session, typed: Typed, *, amending: str = "", refused: str = "") -> StudioPage:
    """See the form with all that follows from it.

    Args:
        session: to read with.
        typed: the form.
        amending: the key of the draft that is amended; "" for a new plan.
        refused: why it was not kept, where that is not beside a field.

    Raises:
        Unknown: no such scenario.
        Conflict: the scenario has no standard.
    """
    judged = judge(session, typed, amending=amending)
    problems = Problems(judged.problems, judged.body, tried=typed.tried)
    names = element_names(session, judged.scenario.catalogue)
    rows = measured.metric_rows(session, judged, typed)
    return StudioPage(
        fresh=freshness(session),
        title=start.title_of(typed, amending),
        amending=amending,
        typed=typed,
        refused=refused,
        problems=problems,
        open=problems.points(_places(typed, rows)),
        statistics_open=any(map(problems.beside, _STATISTICS)),
        scenario=place.scenario_view(session, judged.scenario),
        scenarios=[(s.key, named(s.name)) for s in start.places(session) if s.catalogue == judged.scenario.catalogue],
        templates=[] if amending else start.fitting(session, judged.scenario),
        variables=_variables(session, judged, names),
        position=judged.variable is not None and judged.variable.kind == "position",
        positions=_positions(judged, names),
        arms=[_arm(judged, names, number, arm) for number, arm in enumerate(typed.arms)],
        more_arms=len(typed.arms) < MAX_ARMS,
        audience=people.audience_view(session, judged, typed),
        metrics=rows,
        units=[(unit, words.unit(unit), how_dealt(unit)) for unit in UNITS],
        spendings=[
            ("obrien-fleming", _("little early, most at the end (O'Brien-Fleming type)")),
            ("pocock", _("nearly the same at every look (Pocock type)")),
        ],
        families=[
            ("dunnett", _("shared, knowing that all meet the same control (Dunnett)")),
            ("bonferroni", _("an equal part for each (Bonferroni)")),
        ],
        weightings=[(key, words.vote(key, typed.plain["unit"])) for key in ("call", "unit")],
        moderators=[(key, naming.moderator(key)) for key in MODERATORS],
        sized=sized(session, judged.sketch),
        heard=heard.arms_heard(session, judged),
    )


_STATISTICS = ("alpha", "power", "looks", "spending", "family", "weighting", "adjust", "moderators")
"""Fields that stand in a part of the form which is mostly closed."""


def _places(typed: Typed, rows: Sequence[MetricRow]) -> dict[str, str]:
    """Name every place at which a problem is shown; the narrower before the wider."""
    arms = {
        f"arms.{number}.{part}": _("%(arm)s: %(part)s", arm=words.arm(arm.key or "?", control=not number), part=name)
        for number, arm in enumerate(typed.arms)
        for part, name in (("key", _("Key")), ("weight", _("Weight")), ("value", _("Words")))
    }
    return {
        "key": _("Key"),
        "kind": _("What the card asks"),
        "scenario": _("Scenario"),
        "variable": _("The one thing that differs"),
        "title": _("Title"),
        "hypothesis": _("Hypothesis"),
        **arms,
        "arms": _("Arms"),
        "audience": _("Audience"),
        "coverage": _("Part of the scenario's traffic"),
        **{f"metrics.{row.key}": row.name for row in rows},
        "metrics": _("Metrics"),
        "unit": _("Randomisation unit"),
        "effect": _("Smallest effect worth having"),
        "base_rate": _("Rate today"),
        "alpha": _("Alpha, two-sided"),
        "power": _("Power"),
        "looks": _("Planned looks"),
        "spending": _("Alpha over the looks"),
        "family": _("Alpha over the challengers"),
        "weighting": _("Whose vote counts"),
        "adjust": _("Adjusted for"),
        "moderators": _("Asked beforehand: does it differ by"),
    }


def _variables(session: Session, judged: Judged, names: Mapping[str, Texts]) -> list[tuple[str, str]]:
    """Give what can differ here; the one that was chosen stays, though it may not."""
    able = beginnings.testable(session, judged.scenario, judged.lines)
    chosen = str(judged.body["variable"])
    return [(key, named(names.get(key, {"en": key}))) for key in dict.fromkeys([*able, chosen]) if key]


def _positions(judged: Judged, names: Mapping[str, Texts]) -> list[tuple[str, str]]:
    """Give the elements after which a position element can stand."""
    part = judged.variable
    if part is None or part.kind != "position":
        return []
    staying = [line.element for line in judged.lines if line.element not in block_of(part, judged.parts)]
    return [(key, _("after “%(element)s”", element=named(names[key]))) for key in staying]


def _arm(judged: Judged, names: Mapping[str, Texts], number: int, arm: TypedArm) -> ArmView:
    value = judged.body["arms"][number]["value"]
    return ArmView(
        place=number,
        name=words.arm(arm.key or "?", control=number == 0),
        typed=arm,
        differs={locale: (_text(judged.control, locale, names), _text(value, locale, names)) for locale in LOCALES},
    )


def _text(value: Mapping[str, str] | None, locale: str, names: Mapping[str, Texts]) -> str | None:
    if value is None:
        return None
    if "after" in value:
        return words.position(named(names.get(value["after"], {"en": value["after"]})))
    return value.get(locale, "")
