"""For whom: the primary effect in each segment that the plan declared, and whether segments differ at all."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _

from experiments.check.frozen import primaries
from experiments.check.looks import Look
from experiments.check.metrics import MetricSpec
from experiments.plan.designs import Experiment
from web.charts.data import EffectChart, EffectRow
from web.charts.words import effect_words
from web.formats import percent
from web.pages import words
from web.pages.look import amounts, naming
from web.pages.look.content import explanation, named_first
from web.pages.look.figures import Section, Told, section
from web.pages.look.readings import points
from web.saying import arm_name


def for_whom(experiment: Experiment, look: Look, specs: Mapping[str, MetricSpec]) -> Section | None:
    """Show the effect by each declared moderator, first of the challenger that the verdict names."""
    found = explanation(look)
    if found is None or not found["moderated"]:
        return None
    first = named_first(experiment, look)[0]
    return section(
        experiment.key,
        told_segments(experiment, look, specs, first),
        [told for each in named_first(experiment, look)[1:] for told in told_segments(experiment, look, specs, each)],
        [_single(each) for each in found["moderated"] if len(each["segments"]) == 1 and each["challenger"] == first],
    )


def told_segments(experiment: Experiment, look: Look, specs: Mapping[str, MetricSpec], challenger: str) -> list[Told]:
    """Give a challenger's effect by each moderator that tells several groups apart."""
    found, spec = explanation(look) or {"moderated": []}, specs[primaries(look)[0]["metric"]]
    known = [each for each in found["moderated"] if len(each["segments"]) > 1 and each["challenger"] == challenger]
    return [_told(experiment, each, spec) for each in known]


def _single(moderated: Mapping[str, Any]) -> str:
    return _(
        "%(moderator)s: all calls belong to one group (%(level)s), so there is nothing to compare.",
        moderator=naming.moderator(moderated["moderator"]),
        level=naming.level(moderated["moderator"], moderated["segments"][0]["level"]),
    )


def _told(experiment: Experiment, moderated: Mapping[str, Any], spec: MetricSpec) -> Told:
    moderator, challenger = moderated["moderator"], moderated["challenger"]
    title = difference_in_words(moderator, moderated["interaction"]["p_value"], experiment.alpha)
    if len(experiment.arms) > 2:
        title = words.headed(arm_name(challenger), title)
    rows = tuple(_row(moderator, segment, spec) for segment in moderated["segments"])
    labels = replace(effect_words(), what=naming.moderator(moderator))
    name = f"segments-{moderator}-{challenger}"
    headings = (_("Calls"), _("Control"), _("Challenger"))
    summary = _(
        "The primary metric by segments declared before the start. The intervals hold for all segments at once; that "
        "one touches 0 and another does not is no difference between them."
    )
    return Told(name, EffectChart(title, rows, f"{experiment.key}-{name}", labels, headings), summary)


def _row(moderator: str, segment: Mapping[str, Any], spec: MetricSpec) -> EffectRow:
    row = segment["row"]
    found = row["comparison"]
    return EffectRow(
        name=naming.level(moderator, segment["level"]),
        effect=points(found["difference"]),
        low=points(row["low"]),
        high=points(row["high"]),
        goodness=amounts.goodness(row, spec),
        beside=(f"{segment['calls']:,}", percent(found["control"]), percent(found["challenger"])),
        note=words.calls(segment["calls"]),
    )


def difference_in_words(moderator: str, p_value: float | None, alpha: float) -> str:
    """Say what the test of the interaction says."""
    groups = naming.groups(moderator)
    if p_value is None:
        return _("Not known whether %(groups)s differ", groups=groups)
    if p_value < alpha:
        return _("The effect differs: %(groups)s do not respond alike", groups=groups)
    return _("No sign that %(groups)s differ", groups=groups)
