"""An experiment whose arms were assigned elsewhere: registered as a design of one variable, then put on the board."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from experiments.board import cards, moves
from experiments.do.journal import Assignment
from experiments.errors import Conflict
from experiments.imports.mapping import ArmEntry, CallMapping, ExperimentEntry
from experiments.people import Actor
from experiments.plan import designs, scripts, traffic
from experiments.plan.designs import Experiment
from experiments.plan.rules import ArmPlan, Kind, MetricPlan, Plan
from experiments.plan.scenarios import scenario_named
from experiments.plan.scripts import Value


def register(session: Session, mapping: CallMapping, *, actor: Actor, now: datetime) -> Experiment | None:
    """Write the mapping's experiment down, with the scripts of its arms; None when it has none.

    A second time, as after an import that was killed, the first one's design stands.

    Raises:
        Invalid: the design breaks a rule; every problem is named.
        Conflict: the key belongs to another design.
    """
    entry = mapping.experiment
    if entry is None:
        return None
    there = session.scalar(select(Experiment).where(Experiment.key == entry.key))
    if there is None:
        there = designs.draft(session, _plan(session, mapping, entry), origin="imported", actor=actor, now=now)
        designs.write_arms(session, there, actor=actor, now=now)
    elif there.origin != "imported" or {arm.key for arm in there.arms} != {arm.key for arm in entry.arms}:
        raise Conflict("The key %(key)s belongs to another experiment.", key=entry.key)
    return there


def put_on_the_board(session: Session, experiment: Experiment, *, actor: Actor, now: datetime) -> None:
    """Bring the card in when all the calls are here, unless it stands there already.

    Raises:
        Conflict: no call of the file belongs to the experiment.
    """
    if session.scalar(select(cards.Card.id).where(cards.Card.experiment_id == experiment.id)) is not None:
        return
    calls, first, last = session.execute(
        select(func.count(), func.min(Assignment.at), func.max(Assignment.at)).where(
            Assignment.experiment_id == experiment.id
        )
    ).one()
    if not calls:
        raise Conflict("No row of the file is a call of %(experiment)s.", experiment=experiment.key)
    moves.bring_in(session, experiment, calls=calls, started_at=first, ended_at=last, actor=actor, now=now)


def _plan(session: Session, mapping: CallMapping, entry: ExperimentEntry) -> Plan:
    scenario = scenario_named(session, mapping.scenario or "")
    standard = traffic.in_force(session, scenario).value.standard_id
    control = scripts.lines_of(scripts.version_by_id(session, standard).lines)
    pinned = None if entry.kind is Kind.SCENARIO else scripts.value_in(control, entry.variable)
    return Plan(
        key=entry.key,
        kind=entry.kind,
        scenario=scenario.key,
        title=entry.title,
        hypothesis=entry.hypothesis,
        variable=entry.variable,
        unit=entry.unit,
        arms=tuple(
            ArmPlan(arm.key, arm.weight, _value(arm, pinned if position == 0 else None))
            for position, arm in enumerate(entry.arms)
        ),
        metrics=tuple(MetricPlan(m.metric, m.role, m.margin, m.watch) for m in entry.metrics),
        effect=entry.effect,
        alpha=entry.alpha,
        power=entry.power,
        looks=(1.0,),
        audience={},
    )


def _value(arm: ArmEntry, otherwise: Value) -> Value:
    """Give the arm's value; the control's may be left out, since it is the standard's own."""
    if arm.text is not None:
        return arm.text
    if arm.after is not None:
        return {"after": arm.after}
    return None if arm.absent else otherwise
