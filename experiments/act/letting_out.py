"""Letting out: a winner replaces the standard in steps, by agent-weeks, and can be taken back by one traffic revision.

Every step is taken before the first shift of a day, the first one and one that people let come early too, so that
nobody's words change within a shift. What is taken back is taken back at once.

While it goes out the standard stays what it was, so that taking it back is to leave this rollout out of the newest
traffic: nobody else's change is undone. When the last step has held, the new script is the standard; the holdback goes
on saying the former one until its last day, so that the lift it brings can be measured.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from experiments import audit
from experiments.act import standards
from experiments.act.rollouts import UNDER_WAY, Next, Rollout, StepReached, live
from experiments.act.steps import RolloutPlan, require_sound
from experiments.errors import Conflict, Unknown
from experiments.people import Actor
from experiments.plan import traffic
from experiments.plan.designs import Experiment
from experiments.plan.traffic import TrafficRevision
from experiments.store import single_file
from experiments.wording import Message


def schedule(
    session: Session,
    experiment: Experiment,
    arm_key: str,
    plan: RolloutPlan,
    *,
    today: int,
    actor: Actor,
    now: datetime,
) -> Rollout:
    """Let an arm's script go out, the first step before the next first shift.

    Args:
        session: a writing session.
        experiment: the experiment that found it.
        arm_key: the arm's.
        plan: the steps.
        today: the site-local day, YYYYMMDD.
        actor: who lets it out.
        now: when, UTC.

    Raises:
        Unknown: the experiment served no such arm.
        Invalid: the plan does not go from few to all.
        Conflict: another standard than the one it was tested against is in force, or another rollout is on its way.
    """
    require_sound(plan)
    version_id = _served_by(experiment, arm_key)
    single_file(session, "rollouts")  # until this one is there for others to see
    _require_alone(session, experiment)
    _require_same_standard(session, experiment)
    rollout = Rollout(
        experiment=experiment,
        scenario_id=experiment.scenario_id,
        arm=arm_key,
        version_id=version_id,
        former_id=experiment.control_version_id,
        seed=f"rollout:{experiment.id}:{now:%Y%m%d%H%M%S%f}",
        steps=plan.as_json(),
        holdback=plan.holdback,
        holdback_days=plan.holdback_days,
        state="scheduled",
        step=0,
        step_day=today,
        in_force_day=None,
        began_at=now,
        began_by=actor.name,
    )
    session.add(rollout)
    session.flush()
    return rollout


def _served_by(experiment: Experiment, arm_key: str) -> int:
    for arm in experiment.arms:
        if arm.key == arm_key and arm.version_id is not None:
            return arm.version_id
    raise Unknown("The test %(experiment)s served no arm %(arm)s.", experiment=experiment.key, arm=arm_key)


def advance(session: Session, rollout: Rollout, *, today: int, actor: Actor, now: datetime) -> None:
    """Take the next step; by the first one the holdback that is left of an earlier rollout ends.

    Raises:
        Conflict: there is no further step, or another standard than the one it was tested against is in force.
    """
    if rollout.state == "scheduled":
        _require_same_standard(session, rollout.experiment)
        _end_former(session, rollout.experiment, actor=actor, now=now)
        _turn(session, rollout, "going", actor=actor, now=now)
        _reach(session, rollout, 0, today=today, actor=actor, now=now)
        return
    require_further_step(rollout)
    _reach(session, rollout, rollout.step + 1, today=today, actor=actor, now=now)


def require_further_step(rollout: Rollout) -> None:
    """Refuse what only a rollout that is going, and not on its last step, can do.

    Raises:
        Conflict: it cannot.
    """
    if not rollout.may_go_on:
        raise Conflict("The rollout of %(experiment)s has no further step.", experiment=rollout.experiment.key)


def put_in_force(session: Session, rollout: Rollout, *, today: int, actor: Actor, now: datetime) -> None:
    """Make the new script the standard; the holdback keeps the former one for its days.

    Raises:
        Conflict: it is not on its way.
    """
    _require_going(rollout)
    kept = replace(_as_traffic(rollout), share=0, regions=()) if rollout.holdback else None
    cause = Message("The new standard of %(experiment)s is in force.", {"experiment": rollout.experiment.key})
    arm = next(each for each in rollout.experiment.arms if each.key == rollout.arm)
    scenario = rollout.experiment.scenario
    current = traffic.in_force(session, scenario)
    then = standards.with_arm(current.value, rollout.experiment, arm).with_rollout(kept)
    traffic.append(session, scenario, then, based_on=current.number, cause=cause, actor=actor, now=now)
    standards.settle(session, rollout.experiment, arm, actor=actor, now=now)
    _turn(session, rollout, "in_force" if kept else "ended", actor=actor, now=now)
    rollout.in_force_day = today
    session.flush()


def take_back(session: Session, rollout: Rollout, *, why: str, actor: Actor, now: datetime) -> None:
    """Serve the standard to everyone again: the newest traffic, without this rollout. A scheduled one never comes.

    Raises:
        Conflict: it is not on its way.
    """
    if rollout.state != "scheduled":
        _require_going(rollout)
        cause = Message("%(experiment)s is taken back: %(why)s", {"experiment": rollout.experiment.key, "why": why})
        _change(session, rollout, cause, coming=None, actor=actor, now=now)
    _turn(session, rollout, "taken_back", actor=actor, now=now)


def end_holdback(session: Session, rollout: Rollout, *, actor: Actor, now: datetime) -> None:
    """Let everybody say the standard.

    Raises:
        Conflict: nobody is held back any longer.
    """
    if rollout.state != "in_force":
        raise Conflict("Nobody is held back from %(experiment)s.", experiment=rollout.experiment.key)
    cause = Message("The holdback of %(experiment)s has ended.", {"experiment": rollout.experiment.key})
    _change(session, rollout, cause, coming=None, actor=actor, now=now)
    _turn(session, rollout, "ended", actor=actor, now=now)


def make_room(session: Session, experiment: Experiment, *, actor: Actor, now: datetime) -> None:
    """End the holdback that an earlier rollout left in an experiment's scenario.

    Raises:
        Conflict: that one is still on its way.
    """
    _require_alone(session, experiment)
    _end_former(session, experiment, actor=actor, now=now)


def _end_former(session: Session, experiment: Experiment, *, actor: Actor, now: datetime) -> None:
    for other in _live_here(session, experiment):
        if other.state == "in_force":
            end_holdback(session, other, actor=actor, now=now)


def _live_here(session: Session, experiment: Experiment) -> list[Rollout]:
    return [rollout for rollout in live(session) if rollout.scenario_id == experiment.scenario_id]


def _require_alone(session: Session, experiment: Experiment) -> None:
    for other in _live_here(session, experiment):
        if other.state in UNDER_WAY:
            raise Conflict("%(other)s is being rolled out here: one at a time.", other=other.experiment.key)


def _require_same_standard(session: Session, experiment: Experiment) -> None:
    if traffic.in_force(session, experiment.scenario).value.standard_id != experiment.control_version_id:
        raise Conflict(
            "The standard changed since %(experiment)s was written, and this would undo it: test against the new one.",
            experiment=experiment.key,
        )


def _reach(session: Session, rollout: Rollout, step: int, *, today: int, actor: Actor, now: datetime) -> None:
    rollout.step, rollout.step_day, rollout.next_step = step, today, Next.TIMED
    session.add(StepReached(rollout_id=rollout.id, step=step, day=today, at=now))
    cause = Message(
        "%(experiment)s goes out: step %(step)s of %(steps)s.",
        {"experiment": rollout.experiment.key, "step": step + 1, "steps": len(rollout.steps)},
    )
    _change(session, rollout, cause, coming=_as_traffic(rollout), actor=actor, now=now)
    session.expire(rollout, ["reached"])


def _require_going(rollout: Rollout) -> None:
    if rollout.state != "going":
        raise Conflict("The rollout of %(experiment)s is not on its way.", experiment=rollout.experiment.key)


def _as_traffic(rollout: Rollout) -> traffic.Rollout:
    return traffic.Rollout(
        key=rollout.experiment.key,
        seed=rollout.seed,
        version_id=rollout.version_id,
        former_id=rollout.former_id,
        holdback=rollout.holdback,
        share=rollout.current.share,
        regions=rollout.current.regions,
    )


def _change(
    session: Session,
    rollout: Rollout,
    cause: Message,
    *,
    coming: traffic.Rollout | None,
    actor: Actor,
    now: datetime,
) -> TrafficRevision:
    scenario = rollout.experiment.scenario
    current = traffic.in_force(session, scenario)
    then = current.value.with_rollout(coming)
    return traffic.append(session, scenario, then, based_on=current.number, cause=cause, actor=actor, now=now)


def _turn(session: Session, rollout: Rollout, state: str, *, actor: Actor, now: datetime) -> None:
    audit.record(
        session,
        actor=actor.name,
        verb="rollout",
        subject=f"experiment:{rollout.experiment.key}",
        now=now,
        was=rollout.state,
        now_is=state,
        step=rollout.step,
    )
    rollout.state = state
    session.flush()
