"""Hearing a call: what was spoken is written down by somebody who knows neither the arm nor the outcome."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from experiments import audit
from experiments.check.spoken.heard import HeardCall
from experiments.check.spoken.sample import require_listener, sampled_call
from experiments.errors import Conflict, NotAllowed, Unknown, invalid
from experiments.people import Actor
from experiments.plan import designs
from experiments.plan.designs import Experiment
from experiments.store import insert_new

_PEOPLE = 2


def hear(session: Session, key: str, call_id: str, heard: str | None, *, actor: Actor, now: datetime) -> HeardCall:
    """Write down which arm's words were heard in a call of the sample.

    Args:
        session: a writing session.
        key: the experiment's.
        call_id: the call's.
        heard: the arm whose words were heard; None for the words of none, whether others were spoken or nothing was.
        actor: who listened.
        now: when, UTC.

    Raises:
        Unknown: no such experiment, or the call is not in its sample.
        NotAllowed: the actor does not listen, or took the call.
        Invalid: there is no such arm, or nothing is said in it.
        Conflict: the actor, or two others, heard the call before.
    """
    experiment = designs.experiment_named(session, key)
    require_listener(actor)
    call = sampled_call(session, experiment, call_id)
    if call is None:
        raise Unknown("The call %(call)s is not in the sample.", call=call_id)
    if call.agent_id == actor.name:
        raise NotAllowed("You took this call: somebody else has to listen to it.")
    _require_words(experiment, heard)
    before = list(session.scalars(select(HeardCall).where(HeardCall.assignment_id == call.id)))
    if any(row.listener_id == actor.person_id for row in before):
        raise Conflict("You heard this call already.")
    if len(before) >= _PEOPLE:
        raise Conflict("Two people heard this call already.")
    row = {
        "experiment_id": experiment.id,
        "assignment_id": call.id,
        "call_id": call.call_id,
        "arm": call.arm,
        "agent_id": call.agent_id,
        "day": call.day,
        "turn": len(before) + 1,
        "heard": heard,
        "listener_id": actor.person_id,
        "at": now,
    }
    written = session.scalar(insert_new(session, HeardCall, ("assignment_id", "turn")).returning(HeardCall.id), row)
    if written is None:
        raise Conflict("Somebody else heard this call just now.")
    audit.record(
        session,
        actor=actor.name,
        verb="hear",
        subject=f"experiment:{key}",
        now=now,
        call=str(call.id),
        heard=heard,
        turn=row["turn"],
    )
    return session.get_one(HeardCall, written)


def _require_words(experiment: Experiment, heard: str | None) -> None:
    if heard is None:
        return
    arm = next((arm for arm in experiment.arms if arm.key == heard), None)
    if arm is None:
        raise invalid("heard", "unknown_arm", "There is no arm %(arm)s.", arm=heard)
    if arm.value is None:
        raise invalid(
            "heard", "says_nothing", "Nothing is said in %(arm)s: it is heard as none of the words.", arm=heard
        )
