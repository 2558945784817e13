"""The part of an experiment's page that tells how its winner goes out, and what it brings."""

import math
from dataclasses import dataclass, replace

from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from experiments.act import rollouts
from experiments.act.realised import Realised, promised, realised
from experiments.act.rollouts import Rollout
from experiments.act.steps import RolloutPlan, Step
from experiments.board.cards import Card, Review, Stage
from experiments.check.eligible import regions_and_channels
from experiments.check.metrics import MetricSpec
from experiments.errors import invalid
from experiments.plan.bucketing import BUCKETS
from experiments.plan.designs import Experiment
from web.formats import UNKNOWN, percent, signed, whole
from web.language import named
from web.pages import words

PILOT_DAYS = 3
"""How long the regions that try it first say it, when nobody says another number."""


HOLDBACK = RolloutPlan().holdback * 100 // BUCKETS
"""Percent of agent-weeks that keep the former words, when nobody says another number."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is asked before a winner goes out: where first (most calls first), for how long, and percent held back."""

    regions: list[str]
    days: int
    holdback: int


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: where it reaches, what it waits for, and the day it began."""

    reach: str
    waits_for: str
    began: str
    state: str


@dataclass(frozen=True, slots=True)
class RealisedRow:
    """One metric, new script against holdback. `tone` is good, bad or plain."""

    metric: str
    held_back: str
    new: str
    difference: str
    interval: str
    known: str
    tone: str


@dataclass(frozen=True, slots=True)
class RolloutView:
    """How far a winner has come."""

    state: str
    tone: str
    held_back: str
    calls: int
    steps: list[StepRow]
    promised: str
    realised: list[RealisedRow]


def beginning(session: Session, card: Card) -> Beginning | None:
    """Say how a winner may begin to go out; None where it does not, or goes on."""
    begins = (card.stage, card.review) == (Stage.ACT, Review.APPROVED) and card.proposal is not None
    if not begins or rollouts.going_of(session, card.experiment):
        return None
    regions = regions_and_channels(session, card.experiment.scenario)["region"]
    return Beginning(regions, PILOT_DAYS, HOLDBACK)


def asked(form: MultiDict[str, str]) -> RolloutPlan:
    """Read how a winner is to go out: the usual steps, after the regions that were ticked where there are any.

    Raises:
        Invalid: a field is no whole number.
    """
    usual, regions = RolloutPlan(), tuple(form.getlist("region"))
    holdback = _number_in(form, "holdback", HOLDBACK) * BUCKETS // 100
    if not regions:
        return replace(usual, holdback=holdback)
    first = Step(0, _number_in(form, "days", PILOT_DAYS), 0, regions, gate="gate" in form)
    return replace(usual, steps=(first, *usual.steps), holdback=holdback)


def _number_in(form: MultiDict[str, str], name: str, usual: int) -> int:
    said = form.get(name, "").strip()
    if not said:
        return usual
    if not (said.isascii() and said.isdigit() and len(said) < 4):
        raise invalid(name, "no_number", "Give a whole number.")
    return int(said)


def view(session: Session, experiment: Experiment, specs: dict[str, MetricSpec], today: int) -> RolloutView | None:
    """See an experiment's rollout; None when it has had none."""
    found = rollouts.rollout_of(session, experiment)
    if found is None:
        return None
    hoped = promised(session, found)
    return RolloutView(
        state=_state(found.state),
        tone={"going": "info", "in_force": "good", "taken_back": "bad"}.get(found.state, "plain"),
        held_back=_share(found.holdback),
        calls=rollouts.calls_reached(session, found),
        steps=[_step(found, place, step) for place, step in enumerate(found.planned)],
        promised=_points(hoped) if hoped is not None else UNKNOWN,
        realised=[_row(specs[each.metric], each) for each in realised(session, found, today=today)],
    )


def _state(key: str) -> str:
    return {
        "scheduled": _("Begins before the next first shift"),
        "going": _("On its way"),
        "in_force": _("The standard, measured against the holdback"),
        "taken_back": _("Taken back"),
        "ended": _("Everybody says it"),
    }[key]


def _step(found: Rollout, place: int, step: Step) -> StepRow:
    regions = words.listed(step.regions)
    everywhere = _("%(share)s of all agent-weeks", share=_share(step.share)) if step.share else ""
    reach = words.listed(text for text in (regions, everywhere) if text)
    waits = _("%(days)s days, %(calls)s calls", days=step.days, calls=whole(step.calls))
    if step.gate:
        waits = words.listed([waits, _("then approvals")])
    began = {reached.step: reached.day for reached in found.reached}.get(place)
    state = "here" if place == found.step and found.state == "going" else "done" if began else "to_come"
    return StepRow(
        reach, waits, _("before the next first shift") if _granted(found, place) else words.day(began), state
    )


def _granted(found: Rollout, place: int) -> bool:
    """Say whether a step was let come, and waits for a day to begin."""
    upcoming = 0 if found.state == "scheduled" else found.step + 1
    return found.is_granted and place == upcoming


def _row(spec: MetricSpec, each: Realised) -> RealisedRow:
    seen = each.comparison
    read = not math.isnan(each.low)
    good = read and (each.low > 0 if spec.better == "higher" else each.high < 0)
    write = _points if spec.kind == "proportion" else _number
    known = _("worse, at any time of looking") if each.harmed else _("better, at any time of looking") if good else ""
    return RealisedRow(
        metric=named(spec.name),
        held_back=_rate(spec, seen.control),
        new=_rate(spec, seen.challenger),
        difference=write(seen.difference) if read else UNKNOWN,
        interval=_("%(low)s to %(high)s", low=write(each.low), high=write(each.high))
        if read
        else _("too few agent-weeks yet"),
        known=known or _("not clear yet"),
        tone="bad" if each.harmed else "good" if good else "plain",
    )


def _share(buckets: int) -> str:
    return percent(buckets / BUCKETS, 0)


def _rate(spec: MetricSpec, value: float) -> str:
    return percent(value) if spec.kind == "proportion" else _number(value)


def _points(value: float | None) -> str:
    return _("%(points)s pp", points=signed(None if value is None else 100 * value))


def _number(value: float) -> str:
    return UNKNOWN if math.isnan(value) else f"{value:,.2f}"
