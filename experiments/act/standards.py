"""A decision carried out: the chosen arm's script becomes the scenario's standard, by one traffic revision."""

from datetime import datetime

from sqlalchemy.orm import Session

from experiments import audit
from experiments.errors import Conflict, Unknown
from experiments.people import Actor
from experiments.plan import traffic
from experiments.plan.designs import Arm, Experiment
from experiments.plan.rules import Kind
from experiments.plan.scenarios import Scenario, Standing
from experiments.plan.traffic import Traffic, TrafficRevision
from experiments.wording import Message


def promote(session: Session, experiment: Experiment, arm_key: str, *, actor: Actor, now: datetime) -> TrafficRevision:
    """Make an arm's script the standard of its scenario, and give the experiment's buckets back.

    On a scenario card the promoted arm also decides the scenario's standing: whether we invite there at all.

    Raises:
        Unknown: the experiment has no such arm, or never started.
        Conflict: another standard than the one it was tested against is in force: its change would be undone.
    """
    arm = next((a for a in experiment.arms if a.key == arm_key and a.version_id is not None), None)
    if arm is None:
        raise Unknown("The test %(experiment)s served no arm %(arm)s.", experiment=experiment.key, arm=arm_key)
    current = traffic.in_force(session, experiment.scenario)
    if current.value.standard_id != experiment.control_version_id:
        raise Conflict(
            "The standard changed since %(experiment)s was written, and this would undo it: test against the new one.",
            experiment=experiment.key,
        )
    then = with_arm(current.value, experiment, arm).with_rollout(None)
    revision = traffic.append(
        session,
        experiment.scenario,
        then,
        based_on=current.number,
        cause=Message("%(arm)s of %(experiment)s is the standard.", {"arm": arm_key, "experiment": experiment.key}),
        actor=actor,
        now=now,
    )
    settle(session, experiment, arm, actor=actor, now=now)
    return revision


def with_arm(now: Traffic, experiment: Experiment, arm: Arm) -> Traffic:
    """Give traffic in which an arm's script is the standard, and its experiment has no buckets."""
    then = now.without(experiment.key).with_standard(arm.version_id or 0)
    if experiment.kind == Kind.SCENARIO and arm.value is not None:
        return then.with_audience(experiment.audience_in_force)  # inviting was shown to pay for these callers alone
    return then


def settle(session: Session, experiment: Experiment, arm: Arm, *, actor: Actor, now: datetime) -> None:
    """Write down what a scenario card's arm that became the standard decides about inviting."""
    if experiment.kind == Kind.SCENARIO:
        standing = _standing_after(experiment, invites=arm.value is not None)
        set_standing(session, experiment.scenario, standing, by=experiment.key, actor=actor, now=now)


def _standing_after(experiment: Experiment, *, invites: bool) -> Standing:
    """Say what a promoted scenario card decides: shown for a narrower audience, inviting is limited to it."""
    if not invites:
        return Standing.UNSUITABLE
    as_usual = experiment.audience_in_force == (experiment.scenario.audience or {})
    return Standing.SUITABLE if as_usual else Standing.LIMITED


def set_standing(
    session: Session, scenario: Scenario, standing: Standing, *, by: str, actor: Actor, now: datetime
) -> None:
    """Write down what is decided about inviting in a scenario, and by which experiment."""
    audit.record(
        session,
        actor=actor.name,
        verb="set_standing",
        subject=f"scenario:{scenario.key}",
        now=now,
        before=scenario.standing,
        after=standing,
        by=by,
    )
    scenario.standing = standing
    session.flush()
