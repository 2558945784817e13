"""Changes of a test while it runs: what was changed, what may be, and what a change would bring, in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import json  # as strict as a body of the API
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.board.cards import Move
from experiments.check import history
from experiments.errors import Refusal, invalid
from experiments.plan import amending
from experiments.plan.amendments import Amendment
from experiments.plan.designs import Experiment
from experiments.plan.revisions import what_would_change
from web.formats import percent, whole
from web.language import say
from web.pages import conditions, words
from web.pages.survey import Survey
from web.saying import arm_in_sentence, arm_name

AMENDING = ("drop_arm", "widen")
_ALL = 10_000


@dataclass(frozen=True, slots=True)
class AmendmentRow:
    """One change: when, by whom, what, why, and what it means for reading the test."""

    at: str
    by: str
    what: str
    reason: str
    means: str


@dataclass(frozen=True, slots=True)
class Droppable:
    """A challenger that may be dropped, and the sentences of what would change."""

    key: str
    name: str
    would: list[str]


@dataclass(frozen=True, slots=True)
class AmendedView:
    """What was changed while a test ran, what is in force of it, and what may be changed now."""

    rows: list[AmendmentRow]
    audience: list[str]
    coverage: str
    droppable: list[Droppable]
    covered: int
    everybody: bool


def amended(session: Session, survey: Survey, experiment: Experiment) -> AmendedView:
    """See how a test was changed while it ran.

    Args:
        session: to read with.
        survey: who visits.
        experiment: the test.
    """
    calls = {arm: each["calls"] for arm, each in history.arm_totals(session, experiment).items()}
    covered = experiment.coverage_in_force
    before = [(experiment.coverage, experiment.audience)]
    before += [(each.coverage, each.audience) for each in experiment.amendments]
    return AmendedView(
        rows=[_row(survey, each, was, calls) for each, was in zip(experiment.amendments, before, strict=False)],
        audience=conditions.audience(experiment.audience_in_force),
        coverage=percent(covered / _ALL, 0 if covered % 100 == 0 else 2),
        droppable=_droppable(session, experiment),
        covered=covered,
        everybody=not experiment.audience_in_force,
    )


def _row(
    survey: Survey, made: Amendment, was: tuple[int, Mapping[str, object]], calls: Mapping[str, int]
) -> AmendmentRow:
    return AmendmentRow(
        at=words.moment(made.made_at),
        by=survey.name(made.made_by),
        what=_what(made, was),
        reason=made.reason,
        means=_means(made, calls),
    )


def _what(made: Amendment, was: tuple[int, Mapping[str, object]]) -> str:
    if made.arm is not None:
        return _("The arm %(arm)s was dropped.", arm=arm_in_sentence(made.arm))
    told = []
    if made.coverage != was[0]:
        shares = {"before": f"{was[0] / 100:g}%", "after": f"{made.coverage / 100:g}%"}
        told.append(_("Its part of the traffic grew from %(before)s to %(after)s.", **shares))
    if made.audience != was[1]:
        told.append(_("Others take part too: %(audience)s.", audience=words.listed(conditions.audience(made.audience))))
    return " ".join(told)


def _means(made: Amendment, calls: Mapping[str, int]) -> str:
    if made.arm is not None:
        return _(
            "Its %(calls)s calls are kept, and it decides nothing any more: it is not compared, and neither wins nor "
            "halts the test. The others share alpha as planned, and are waited for as long as planned.",
            calls=whole(calls.get(made.arm, 0)),
        )
    return _(
        "The arms' weights are the same before and after, so the comparison stays fair. The effect is the average over "
        "all who took part, those who came in later included."
    )


def _droppable(session: Session, experiment: Experiment) -> list[Droppable]:
    if experiment.started_at is None or experiment.ended_at is not None:
        return []
    found = []
    for arm in experiment.dealt[1:]:
        try:
            then = amending.without_arm(session, experiment, arm.key)
        except Refusal:  # nothing of this test can be dropped: the move itself says why
            return []
        would = what_would_change(session, experiment.scenario, then)
        found.append(Droppable(arm.key, arm_name(arm.key), [say(change.what) for change in would]))
    return found


def asked(verb: str, reason: str | None, form: Mapping[str, str]) -> Move:
    """Read what a change of a running test asks for, as its form tells it.

    Raises:
        Invalid: the share is no number, or the condition is not one.
    """
    if verb == "drop_arm":
        return Move(verb, reason, arm=form.get("arm") or None)
    return Move(verb, reason, coverage=_coverage(form.get("share", "")), also=_condition(form.get("also", "")))


def _coverage(told: str) -> int | None:
    if not told.strip():
        return None
    try:
        buckets = round(float(told) * 100)
    except (ValueError, OverflowError) as error:
        raise invalid("coverage", "number", "Give the share as a number of percent.") from error
    return buckets


def _condition(told: str) -> Mapping[str, object] | None:
    if not told.strip():
        return None
    try:
        condition = json.loads(told)
    except (ValueError, RecursionError) as error:
        raise invalid("also", "json", "The condition is not JSON.") from error
    if not isinstance(condition, dict):
        raise invalid("also", "object", 'The condition is an object, as {"region": "hangzhou"}.')
    return condition
