"""Amending a test that runs, so that nobody in it changes the arm: an arm is dropped, or more calls are let in.

Each is one traffic revision and one appended amendment. The registered plan stays as it was approved, hash and all;
what is in force is the plan with its amendments.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from experiments import audit
from experiments.errors import Conflict, Invalid, invalid
from experiments.people import Actor
from experiments.plan import bucketing, traffic
from experiments.plan.amendments import Amendment
from experiments.plan.designs import Experiment
from experiments.plan.rules import audience_problems
from experiments.plan.traffic import FINE_UNITS, Traffic
from experiments.wording import Message


def drop_arm(
    session: Session, experiment: Experiment, arm: str | None, *, reason: str, day: int, actor: Actor, now: datetime
) -> Amendment:
    """Serve the standard in an arm's buckets from now on; its calls stay, and the others keep theirs.

    Args:
        session: a writing session.
        experiment: a test that runs or is paused.
        arm: key of a challenger.
        reason: why.
        day: the site-local day, YYYYMMDD.
        actor: who drops it.
        now: when, UTC.

    Raises:
        Invalid: there is no such arm, it is the control, or it was dropped already.
        Conflict: whole agents, teams or shifts are dealt, or it is the last challenger.
    """
    then = without_arm(session, experiment, arm)
    cause = Message("%(experiment)s goes on without %(arm)s.", {"experiment": experiment.key, "arm": arm})
    return _amend(session, experiment, then, cause, "drop_arm", arm=arm, reason=reason, day=day, actor=actor, now=now)


def without_arm(session: Session, experiment: Experiment, arm: str | None) -> Traffic:
    """Give the traffic in force as it is once an arm is dropped.

    Raises:
        Invalid, Conflict: as `drop_arm`.
    """
    if arm is None or arm not in {each.key for each in experiment.arms}:
        raise invalid("arm", "unknown", "There is no arm %(arm)s.", arm=arm or "—")
    if arm == experiment.arms[0].key:
        raise invalid("arm", "control", "The control is what the others are held against: it cannot be dropped.")
    if arm not in {each.key for each in experiment.dealt}:
        raise invalid("arm", "dropped", "The arm %(arm)s was dropped already.", arm=arm)
    _require_fine(experiment)
    if len(experiment.dealt) < 3:
        raise Conflict("%(arm)s is the last challenger: stop the test instead.", arm=arm)
    return traffic.in_force(session, experiment.scenario).value.without_arm(experiment.key, arm)


def widen(
    session: Session,
    experiment: Experiment,
    *,
    coverage: int | None,
    also: Mapping[str, Any] | None,
    reason: str,
    day: int,
    actor: Actor,
    now: datetime,
) -> Amendment:
    """Let more calls into a test: a larger part of the layer, others beside those who take part, or both.

    Args:
        session: a writing session.
        experiment: a test that runs or is paused.
        coverage: buckets of 10,000 that it has from now on; None leaves them.
        also: who is let in beside those who are; None leaves it.
        reason: why.
        day: the site-local day, YYYYMMDD.
        actor: who widens it.
        now: when, UTC.

    Raises:
        Invalid: neither is given, the coverage does not grow, or the condition cannot be one.
        Conflict: whole agents, teams or shifts are dealt, the layer is too full, or a new standard is on its way in.
    """
    then = _wider(session, experiment, coverage=coverage, also=also)
    cause = Message("%(experiment)s takes in more calls.", {"experiment": experiment.key})
    return _amend(session, experiment, then, cause, "widen", reason=reason, day=day, actor=actor, now=now)


def _wider(
    session: Session, experiment: Experiment, *, coverage: int | None, also: Mapping[str, Any] | None
) -> Traffic:
    if coverage is None and also is None:
        raise invalid("coverage", "missing", "Say how many more calls, or who else, take part.")
    _require_fine(experiment)
    width = experiment.coverage_in_force if coverage is None else coverage
    if not experiment.coverage_in_force < width <= 10_000 and coverage is not None:
        raise invalid(
            "coverage",
            "not_wider",
            "The test has %(now)s of 10000 buckets: it can only have more.",
            now=experiment.coverage_in_force,
        )
    audience = experiment.audience_in_force if also is None else _with_others(experiment.audience_in_force, also)
    now = traffic.in_force(session, experiment.scenario).value
    return now.widened(experiment.key, width, audience)


def _with_others(audience: Mapping[str, Any], also: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let others in beside those who are: whoever was let in is let in still."""
    if not audience:
        raise invalid("also", "everybody", "Every call of the scenario takes part already.")
    if not also:
        return {}
    problems = [*audience_problems("also", also)]
    if problems:
        raise Invalid(*problems)
    known = audience["$or"] if audience.keys() == {"$or"} else [audience]
    if also in known:
        raise invalid("also", "already", "These calls take part already.")
    return {"$or": [*known, also]}


def _require_fine(experiment: Experiment) -> None:
    if experiment.origin != "designed":
        raise Conflict("%(experiment)s ran elsewhere: nothing of it can be changed here.", experiment=experiment.key)
    if experiment.unit not in FINE_UNITS:
        raise Conflict("Whole agents, teams or shifts were dealt, by a registered list: that cannot be changed now.")


def _amend(
    session: Session,
    experiment: Experiment,
    then: Traffic,
    cause: Message,
    kind: str,
    *,
    arm: str | None = None,
    reason: str,
    day: int,
    actor: Actor,
    now: datetime,
) -> Amendment:
    current = traffic.in_force(session, experiment.scenario)
    revision = traffic.append(
        session, experiment.scenario, then, based_on=current.number, cause=cause, actor=actor, now=now
    )
    own = next(each for each in then.slices if each.key == experiment.key)
    made = Amendment(
        experiment_id=experiment.id,
        kind=kind,
        arm=arm,
        coverage=bucketing.width(own.ranges),
        audience=own.condition,
        reason=reason,
        revision=revision.number,
        day=day,
        made_by=actor.name,
        made_at=now,
    )
    session.add(made)
    session.flush()
    session.expire(experiment, ["amendments"])
    audit.record(
        session,
        actor=actor.name,
        verb="amend",
        subject=f"experiment:{experiment.key}",
        now=now,
        kind=kind,
        arm=arm,
        coverage=made.coverage,
        audience=made.audience,
        revision=revision.number,
    )
    return made
