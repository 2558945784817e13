"""How long the plan takes, beside the two other ways to randomise; and what would help where it takes too long."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.board.sizes import TOO_LITTLE, Sizes
from experiments.errors import Conflict
from experiments.plan.designs import Experiment
from experiments.plan.sizing import WINDOW, Design, Sizing
from experiments.plan.sketches import Sketch
from web.formats import UNKNOWN, unknown
from web.language import say
from web.pages import words
from web.pages.figures import Figure, fetched
from web.pages.planned import DesignRow, design_row
from web.studio.curves import Curves
from web.studio.typed import percentage

_MULTIPLES = (0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
"""Of the plan's own effect: what a little more or less of it costs."""


@dataclass(frozen=True, slots=True)
class Sized:
    """What the plan asks of the floor.

    Attributes:
        calls: Eligible calls in all; a dash where they are not known.
        days: Days until then; a dash likewise.
        feasible: Whether it answers within the window; None where that is not known.
        answers: Whether there is a number of calls that would do, which is what the gate asks first.
        why_not: Why there is no size at all; "" where there is one.
        advice: What would help, where the plan takes longer than the window or never answers.
        designs: Three ways to randomise, side by side.
        figure: Days against the smallest effect.
    """

    calls: str = UNKNOWN
    days: str = UNKNOWN
    feasible: bool | None = None
    answers: bool = False
    why_not: str = ""
    advice: Sequence[str] = ()
    designs: Sequence[DesignRow] = ()
    figure: Figure | None = None


def sized(session: Session, sketch: Sketch) -> Sized:
    """Size a plan that is being written, as far as what was typed allows."""
    if not sketch.can_be_sized:
        return Sized(
            why_not=_("Its size is worked out as soon as the numbers, weights and metrics above are in order.")
        )
    experiment = sketch.experiment
    try:
        sizes = Sizes(session, experiment)
        size, designs = sizes.own, sizes.designs
        curve = sizes.curve([round(experiment.effect * each, 6) for each in _MULTIPLES])
    except Conflict as too_little:
        return Sized(why_not=_why_not(too_little))
    return Sized(
        calls=UNKNOWN if size.total is None else f"{size.total:,}",
        days=UNKNOWN if size.days is None else words.days(size.days),
        answers=size.total is not None,
        feasible=None if size.days is None and size.total is not None else (size.days or WINDOW + 1) <= WINDOW,
        advice=_advice(experiment, size, designs),
        designs=[design_row(design, experiment.unit) for design in designs],
        figure=_figure(experiment, designs, curve) if any(d.days for _e, ds in curve for d in ds) else None,
    )


def _why_not(conflict: Conflict) -> str:
    if conflict.message.text == TOO_LITTLE:
        return _(
            "Too few calls heard this control to say its rate: write it under “Rate today” as well as you know it."
        )
    return say(words.in_words(conflict.message))


def _advice(experiment: Experiment, size: Sizing, designs: Sequence[Design]) -> list[str]:
    """Say what would bring an answer within the window, the cheapest first."""
    if size.total is not None and size.days is None:
        return [_("The scenario has no calls yet: how many days this takes cannot be said.")]
    if size.days is not None and size.days <= WINDOW:
        return []
    told = [
        _("With so few units no number of calls would show this effect.")
        if size.total is None
        else _("This takes %(days)s; after %(window)s a scenario has mostly changed.",
               days=words.days(size.days or 0), window=words.days(WINDOW))
    ]  # fmt: skip
    quicker = min((d for d in designs if d.hindrance is None), key=lambda d: d.days or 0, default=None)
    if quicker is not None and quicker.unit != experiment.unit and experiment.coverage == 10_000:
        answer = {"unit": words.unit(quicker.unit), "days": words.days(quicker.days or 0)}
        told.append(_("Dealt by “%(unit)s” it is answered in %(days)s.", **answer))
    own = next((d for d in designs if d.unit == experiment.unit), None)
    if own is not None and not unknown(own.smallest_effect):
        found = {"window": words.days(WINDOW), "points": f"{100 * own.smallest_effect:.1f}"}
        told.append(_("In %(window)s it finds %(points)s points and more: is a smaller effect worth having?", **found))
    if experiment.coverage < 10_000:
        told.append(_("It takes only a part of the scenario's calls: more of them make it quicker."))
    if len(experiment.arms) > 2:
        told.append(_("Fewer challengers leave more calls for each."))
    return told


def _figure(
    experiment: Experiment, designs: Sequence[Design], curve: Sequence[tuple[float, Sequence[Design]]]
) -> Figure:
    effects = tuple(effect for effect, _designs in curve)
    curves = Curves(
        scenario=experiment.scenario.key,
        effects=effects,
        days={
            design.unit: tuple(designs[place].days for _effect, designs in curve)
            for place, design in enumerate(designs)
        },
        chosen=effects.index(round(experiment.effect, 6)),
        plan=experiment.unit,
    )
    summary = _(
        "With all eligible calls of the audience, at the scenario's own volume. What takes too long is cut off."
    )
    return fetched("studio-sizes", curves.chart(_finding(experiment, designs)), summary, curves.source)


def _finding(experiment: Experiment, designs: Sequence[Design]) -> str:
    """Say in one sentence how long each way takes to find the plan's effect."""
    told = [
        _("%(unit)s %(days)s", unit=words.unit(design.unit), days=words.days(design.days))
        if design.days is not None
        else _("%(unit)s never", unit=words.unit(design.unit))
        for design in designs
    ]
    points = percentage(experiment.effect)
    return _("To find %(points)s points takes, by unit: %(answers)s", points=points, answers=words.listed(told))
