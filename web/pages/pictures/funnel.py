"""The funnel by arm: how many calls of each got how far, and where most of them are lost."""

from collections.abc import Collection, Mapping, Sequence

from flask_babel import gettext as _

from experiments.check import history
from web.formats import whole
from web.pages import words
from web.pages.figures import arm_counts, funnel_of
from web.pages.look.figures import Told
from web.pages.pictures.ground import Ground


def told_funnel(ground: Ground) -> list[Told]:
    """Give the funnel of the arms that are dealt, together where their data cannot be trusted; nothing before calls."""
    experiment, steps = ground.experiment, ground.steps
    if not any(totals["calls"] for totals in ground.totals.values()):
        return []
    facts, single = [fact for fact, _name in steps], experiment.unit == "call"
    counts = {
        words.arm(arm.key, control=arm.position == 0): arm_counts(facts, ground.totals[arm.key])
        for arm in experiment.dealt
    }
    windows = history.steps_of(ground.session, experiment)
    at_once = [place for place, fact in enumerate(facts) if not windows.get(fact)]
    title = finding([name for _fact, name in steps], counts, at_once)
    if not ground.is_sound:
        together = [sum(each) for each in zip(*counts.values(), strict=True)]
        counts = {_("All arms together"): together}
    chart = funnel_of(f"{experiment.key}-funnel", title, steps, counts, intervals=single)
    return [Told("funnel", chart, _summary(ground, single=single))]


def finding(names: Sequence[str], arms: Mapping[str, Sequence[int]], at_once: Collection[int]) -> str:
    """Say before which step most calls are lost, over all arms together: what they differ by is read at looks.

    Args:
        names: of the steps.
        arms: each arm's counts, one a step.
        at_once: places of the steps that happen in the call: of those that come later some calls are too young to tell.
    """
    together = [sum(counts) for counts in zip(*arms.values(), strict=True)]
    lost = {place: together[place - 1] - together[place] for place in at_once if place}
    place = max(lost, key=lost.__getitem__, default=0)
    if lost.get(place, 0) <= 0:
        return _("What became of the calls so far, step by step")
    return _(
        "Most calls are lost before “%(step)s”: %(lost)s of the %(calls)s that got to “%(before)s”",
        step=names[place],
        lost=whole(lost[place]),
        calls=whole(together[place - 1]),
        before=names[place - 1],
    )


def _summary(ground: Ground, *, single: bool) -> str:
    day = words.day(ground.today)
    if not ground.is_sound:
        return _(
            "Counts up to %(day)s. The arms are not put beside one another: their data cannot be trusted.", day=day
        )
    told = (
        _("Counts up to %(day)s with 95%% Wilson intervals, each share over all assigned calls of its arm.", day=day)
        if single
        else _(
            "Counts up to %(day)s. No intervals: the arms differ by %(unit)s, and calls within one are alike.",
            day=day,
            unit=words.unit(ground.experiment.unit),
        )
    )
    if ground.experiment.ended_at is not None:
        return told
    return _("%(counts)s The test is running: what the arms differ by here decides nothing.", counts=told)
