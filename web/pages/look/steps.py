"""Why: which step of the funnel moved, each step's effect over all assigned calls, and its part of the lift."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _

from experiments.check.looks import Look
from experiments.plan.designs import Experiment
from web.charts.data import EffectChart, EffectRow, Goodness
from web.charts.words import effect_words
from web.formats import UNKNOWN, percent, whole
from web.pages import words
from web.pages.look import naming
from web.pages.look.content import explanation, named_first
from web.pages.look.figures import Section, Told, section
from web.pages.look.readings import points
from web.saying import arm_in_sentence, arm_name


def why(experiment: Experiment, look: Look, steps: Mapping[str, str]) -> Section | None:
    """Show each challenger's funnel, the one first that the verdict names; None where the test may not end.

    Args:
        experiment: the test.
        look: its newest look.
        steps: names of the funnel's steps, by fact.
    """
    told = told_steps(experiment, look, steps)
    return section(experiment.key, told[:1], told[1:], []) if explanation(look) is not None else None


def told_steps(experiment: Experiment, look: Look, steps: Mapping[str, str]) -> list[Told]:
    """Give each challenger's funnel, the one first that the verdict names; nothing where the test may not end."""
    found, order = explanation(look) or {"steps": []}, named_first(experiment, look)
    readings = sorted(found["steps"], key=lambda reading: order.index(reading["challenger"]))
    return [_told(experiment, reading, steps) for reading in readings]


def _told(experiment: Experiment, reading: Mapping[str, Any], steps: Mapping[str, str]) -> Told:
    funnel, names = reading["funnel"], [steps.get(fact, fact) for fact in reading["facts"]]
    title = finding(funnel, reading["facts"], names)
    if len(experiment.arms) > 2:
        title = words.headed(arm_name(reading["challenger"]), title)
    control, challenger = (funnel[arm]["of_assigned"][0]["out_of"] for arm in ("control", "challenger"))
    summary = _(
        "Over all %(control)s calls dealt to the control and all %(challenger)s to %(arm)s up to %(day)s, whose "
        "windows have closed. A step's part of the lift lies in the rate from the step before: it says where, not why.",
        control=whole(control),
        challenger=whole(challenger),
        arm=arm_in_sentence(reading["challenger"]),
        day=words.day(reading["until"]),
    )
    rows = tuple(_row(funnel, place, name) for place, name in enumerate(names))
    headings = (_("Control"), _("Challenger"), _("Part of the lift"))
    labels = replace(effect_words(), what=_("Step"), effect=_("Difference, over all assigned calls"))
    name = f"steps-{reading['challenger']}"
    return Told(name, EffectChart(title, rows, f"{experiment.key}-{name}", labels, headings), summary)


def _row(funnel: Mapping[str, Any], place: int, name: str) -> EffectRow:
    effect, part = funnel["steps"][place]["effect"], part_of(funnel, place)
    return EffectRow(
        name=name,
        effect=points(effect["difference"]),
        low=points(effect["low"]),
        high=points(effect["high"]),
        goodness=_goodness(effect),
        beside=(percent(effect["control"]), percent(effect["challenger"]), part or UNKNOWN),
        note=_("part %(part)s", part=part) if part else "",
    )


def _goodness(effect: Mapping[str, Any]) -> Goodness:
    """Say what an effect on a step means: more calls going on are good, whatever the step."""
    low, high = effect["low"], effect["high"]
    if low is None or high is None or low <= 0 <= high:
        return "unclear"
    return "good" if low > 0 else "bad"


def part_of(funnel: Mapping[str, Any], place: int) -> str | None:
    """Write a step's part of the lift; None where the whole lift may be nothing, and nothing has no parts."""
    total, part = funnel["total"], funnel["steps"][place]["part"]
    if part is None or not _clear(total):
        return None
    return f"{100 * part['value'] / total['value']:.0f}%".replace("-", "−")


def finding(funnel: Mapping[str, Any], facts: Sequence[str], names: Sequence[str]) -> str:
    """Say the finding in one sentence: what moved, and nothing that the data do not say."""
    if any(step["part"] is None for step in funnel["steps"]):
        return _("The effect at each step; where nobody gets as far in an arm, no part of the lift can be told")
    if funnel["total"] is None or funnel["total"]["low"] is None:
        return _("Not known which step moved: the calls do not show how far chance reaches")
    clear, places = _clear(funnel["total"]), funnel["moved"]
    parts = [funnel["steps"][place]["part"]["value"] for place in places]
    what = words.listed(
        naming.step_moved(facts[place], names[place], more=part > 0) for place, part in zip(places, parts, strict=True)
    )
    if not places:
        return (
            _("The whole funnel moved, but no single step can be named for it")
            if clear
            else _("No step of the funnel clearly moved")
        )
    if not clear:
        return _("What clearly moved is %(what)s; the end of the funnel did not", what=what)
    rises = funnel["total"]["value"] > 0
    if any((part > 0) != rises for part in parts):
        return _("What clearly moved is %(what)s", what=what)
    if rises:
        return _("Most clearly, the gain comes from %(what)s", what=what)
    return _("Most clearly, the loss comes from %(what)s", what=what)


def _clear(total: Mapping[str, Any] | None) -> bool:
    known = total is not None and total["low"] is not None and total["high"] is not None
    return known and not total["low"] <= 0 <= total["high"]  # type: ignore[index]  # known says that it is there
