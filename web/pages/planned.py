"""The plan as registered, in words; and before the start, other ways to ask the same question."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.board.sizes import Sizes
from experiments.check import history
from experiments.errors import Conflict
from experiments.plan.designs import Experiment
from experiments.plan.sizing import WINDOW, Design, Hindrance
from web.formats import UNKNOWN, percent, unknown
from web.language import named, say
from web.pages import words
from web.pages.look import naming


@dataclass(frozen=True, slots=True)
class DesignRow:
    """One way to randomise: what it asks, what it can find, and whether it answers in time."""

    unit: str
    how: str
    units: str
    calls: str
    days: str
    smallest: str
    answer: str
    feasible: bool
    chosen: bool


def facts(session: Session, experiment: Experiment, sizes: Sizes) -> list[tuple[str, str]]:
    """List what the plan fixed, in words; `sizes` are its own."""
    looked = words.listed(percent(share, 0) for share in experiment.looks)
    weights = " : ".join(f"{arm.weight / 100:g}" for arm in experiment.arms)
    return [
        (_("Randomisation unit"), words.unit(experiment.unit)),
        *_dealt(experiment),
        (_("Weights of the arms"), weights),
        (_("Part of the scenario's traffic"), percent(experiment.coverage / 10_000, 0)),
        (_("Calls and days needed"), _needed(experiment, sizes)),
        (_("Smallest effect worth having"), _("%(points)s pp", points=f"{100 * experiment.effect:g}")),
        (_("Alpha, two-sided"), f"{experiment.alpha:g}"),
        (_("Power"), percent(experiment.power, 0)),
        *_together(session, experiment, sizes),
        (_("Planned looks"), _("at %(shares)s of the planned calls", shares=looked)),
        *_methods(experiment),
        (_("Started at"), words.moment(experiment.started_at)),
        (_("Ended at"), words.moment(experiment.ended_at)),
        (_("Control script"), f"{experiment.control.script.key} v{experiment.control.number}"),
    ]


def _dealt(experiment: Experiment) -> Iterable[tuple[str, str]]:
    """Say how few units were dealt: by one of a registered list."""
    if not experiment.deals:
        return
    deals = _(
        "one of %(deals)s registered ones, in which the arms are alike in %(what)s",
        deals=f"{len(experiment.deals['kept']):,}",
        what=words.listed(dict.fromkeys(map(_balanced, experiment.deals["balanced_on"]))),
    )
    yield _("The deal"), deals


def _balanced(name: str) -> str:
    return {
        "baseline": _("their rate before"),
        "calls": _("calls"),
        "tenure": _("tenure"),
        "region": _("region"),
        "block": _("time of the week"),
    }.get(name.partition(":")[0], name)


def _methods(experiment: Experiment) -> Iterable[tuple[str, str]]:
    """Say what was declared of the analysis, where it makes a difference."""
    if len(experiment.looks) > 1:
        yield (
            _("Alpha over the looks"),
            {
                "obrien-fleming": _("little early, most at the end (O'Brien-Fleming type)"),
                "pocock": _("nearly the same at every look (Pocock type)"),
            }.get(experiment.spending, experiment.spending),
        )
    if len(experiment.arms) > 2:
        yield (
            _("Alpha over the challengers"),
            {
                "dunnett": _("shared, knowing that all meet the same control (Dunnett)"),
                "bonferroni": _("an equal part for each (Bonferroni)"),
            }.get(experiment.family, experiment.family),
        )
    if experiment.unit != "call":
        yield _("Whose vote counts"), words.vote(experiment.weighting, experiment.unit)
    if experiment.adjust:
        yield _("Adjusted for"), _("what each agent's own calls before the start predict")
    if experiment.moderators:
        yield _("Asked beforehand: does it differ by"), words.listed(map(naming.moderator, experiment.moderators))


def _needed(experiment: Experiment, sizes: Sizes) -> str:
    """Say how many calls and days the plan needs: as fixed at submission, or as it would be now."""
    calls, days = experiment.planned_calls, experiment.planned_days
    if calls is None:
        try:
            sized = sizes.own
        except Conflict as too_little:
            return say(too_little.message)
        calls, days = sized.total, sized.days
    if calls is None:
        return _("No number of calls would do with so few units")
    if days is None:
        return _("%(calls)s; the scenario had no calls then to say how many days", calls=f"{calls:,}")
    return _("%(calls)s, about %(days)s at the scenario's own volume", calls=f"{calls:,}", days=words.days(days))


def _together(session: Session, experiment: Experiment, sizes: Sizes) -> Iterable[tuple[str, str]]:
    """Say, before the start, how likely the calls are to show all that a winner must show."""
    if experiment.started_at is not None or not any(m.role == "guardrail" and not m.watch for m in experiment.metrics):
        return
    try:
        total = experiment.planned_calls or sizes.own.total
        power = sizes.power(total) if total else None
    except Conflict:  # the plan's own size says what is missing
        return
    if power is None:
        return
    specs = history.specs_of(session, experiment)
    found = _("the effect %(chance)s", chance=percent(power.primary, 0))
    cleared = [
        _("“%(metric)s” no worse %(chance)s", metric=named(specs[metric].name), chance=percent(chance, 0))
        for metric, chance in power.clearance.items()
    ]
    unknown_yet = [_("“%(metric)s” not known yet", metric=named(specs[metric].name)) for metric in power.unknown]
    all_of_it = [_("all together %(chance)s", chance=percent(power.together, 0))] if not unknown_yet else []
    yield _("Chance that these calls show it"), words.listed([found, *cleared, *unknown_yet, *all_of_it])


def designs(experiment: Experiment, sizes: Sizes) -> list[DesignRow]:
    """Put three ways to ask the question side by side, before the start; nothing where none can be sized."""
    if experiment.started_at is not None:
        return []
    try:
        return [design_row(design, experiment.unit) for design in sizes.designs]
    except Conflict:  # the plan's own size says what is missing
        return []


def design_row(design: Design, chosen: str) -> DesignRow:
    """See one way to randomise as a row; `chosen` is the plan's own unit."""
    return DesignRow(
        unit=words.unit(design.unit),
        how=how_dealt(design.unit),
        units=UNKNOWN if design.units is None or design.unit == "call" else f"{design.units:,}",
        calls=UNKNOWN if design.total is None else f"{design.total:,}",
        days=UNKNOWN if design.days is None else f"{design.days:,}",
        smallest=UNKNOWN
        if unknown(design.smallest_effect)
        else _("%(points)s pp", points=f"{100 * design.smallest_effect:.1f}"),
        answer=_answer(design.hindrance),
        feasible=design.hindrance is None,
        chosen=design.unit == chosen,
    )


def how_dealt(unit: str) -> str:
    """Say what a randomisation unit means for those who speak and those who hear."""
    return {
        "call": _("every agent speaks all scripts, call by call"),
        "customer": _("a customer meets the same script in every call"),
        "team": _("a whole team keeps to one script"),
        "agent": _("every agent keeps to one script"),
        "agent_shift": _("every agent keeps to one script for a shift"),
    }.get(unit, "")


def _answer(hindrance: Hindrance | None) -> str:
    if hindrance is None:
        return _("Answers in time")
    return {
        Hindrance.NO_VOLUME: _("The scenario has no calls yet"),
        Hindrance.TOO_FEW_UNITS: _("Too few agents to tell the scripts from the agents"),
        Hindrance.TOO_ALIKE: _("Calls of one agent are too alike: no number of calls makes up for so few agents"),
        Hindrance.TOO_SLOW: _("Needs longer than %(days)s", days=words.days(WINDOW)),
    }[hindrance]
