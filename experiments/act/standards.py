"""A decision carried out: the chosen arm's script becomes the scenario's standard, by one traffic revision."""

from datetime import datetime

from sqlalchemy.orm import Session

from experiments import audit
from experiments.errors import Unknown
from experiments.people import Actor
from experiments.plan import traffic
from experiments.plan.designs import Experiment
from experiments.plan.rules import Kind
from experiments.plan.scenarios import Scenario, Standing
from experiments.plan.traffic import TrafficRevision
from experiments.wording import Message


def promote(session: Session, experiment: Experiment, arm_key: str, *, actor: Actor, now: datetime) -> TrafficRevision:
    """Make an arm's script the standard of its scenario, and give the experiment's buckets back.

    On a scenario card the promoted arm also decides the scenario's standing: whether we invite there at all.

    Raises:
        Unknown: the experiment has no such arm, or never started.
    """
    arm = next((a for a in experiment.arms if a.key == arm_key and a.version_id is not None), None)
    if arm is None:
        raise Unknown("The test %(experiment)s served no arm %(arm)s.", experiment=experiment.key, arm=arm_key)
    current = traffic.in_force(session, experiment.scenario)
    revision = traffic.append(
        session,
        experiment.scenario,
        current.value.without(experiment.key).with_standard(arm.version_id or 0),
        based_on=current.number,
        cause=Message("%(arm)s of %(experiment)s is the standard.", {"arm": arm_key, "experiment": experiment.key}),
        actor=actor,
        now=now,
    )
    if experiment.kind == Kind.SCENARIO:
        invites = arm.value is not None
        standing = Standing.SUITABLE if invites else Standing.UNSUITABLE
        set_standing(session, experiment.scenario, standing, by=experiment.key, actor=actor, now=now)
    return revision


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
