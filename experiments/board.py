"""The board: moves a card through plan, do, check and act, by one table of transitions, gates and four eyes.

Stage and review are two axes. Nobody approves what they wrote or edited, administrators included, and no switch
turns that off; an approval is bound to the hash of the content it was given for. Decisions are appended.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, and_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from experiments import audit
from experiments.act import standards
from experiments.calendar import SiteCalendar
from experiments.check import history, looks
from experiments.check.looks import Look
from experiments.check.verdict import Conclusion
from experiments.errors import Conflict, NotAllowed, Unknown, invalid
from experiments.people import Actor
from experiments.plan import designs, sizing, traffic
from experiments.plan.designs import Experiment, PlanEdit
from experiments.plan.rules import Kind, Plan
from experiments.plan.scenarios import Standing
from experiments.plan.sizing import Sizing
from experiments.plan.traffic import SliceState, Traffic
from experiments.store import KEY, Base, UtcDateTime, insert_new, single_file
from experiments.wording import Message

_MOST_CALLS = 1_000_000_000  # thirty years of the largest centre; what the column holds is twice that
_LEAST_HISTORY = 100  # eligible calls before a scenario's own rate is believed in a plan


class Stage(StrEnum):
    """The four rooms of the cycle."""

    PLAN = "plan"
    DO = "do"
    CHECK = "check"
    ACT = "act"


class Review(StrEnum):
    """Where a card stands within its stage."""

    #: being written (plan)
    DRAFT = "draft"
    #: waiting for the gate's approvals (plan, check, act)
    IN_REVIEW = "in_review"
    #: through the gate, waiting for the next step (plan, act)
    APPROVED = "approved"
    #: the split runs (do)
    RUNNING = "running"
    #: everyone gets the standard for the moment (do)
    PAUSED = "paused"
    #: ended; the results are being read (check)
    OPEN = "open"
    #: an arm became the standard (act)
    STANDARD = "standard"
    #: closed without a change (act)
    ABANDONED = "abandoned"


GATES: dict[Stage, tuple[str, ...]] = {
    # the words, that the floor may start, that agents can say it
    Stage.PLAN: ("compliance", "manager", "trainer"),
    # health and verdict were read
    Stage.CHECK: ("quality",),
    # what thousands of agents say tomorrow
    Stage.ACT: ("manager", "quality"),
}
"""Who has to approve at the gate of a stage: one person for each role, all of them different people."""

_STOPPERS = ("lead", "supervisor", "manager", "quality", "compliance", "trainer")


class Card(Base):
    """What moves on the board. `proposal` is the arm that Act is asked to make the standard; None keeps it."""

    __tablename__ = "card"
    __table_args__ = (
        CheckConstraint("kind IN ('script', 'scenario')", name="kind"),
        CheckConstraint(
            "(stage = 'plan' AND review IN ('draft', 'in_review', 'approved')) OR "
            "(stage = 'do' AND review IN ('running', 'paused')) OR "
            "(stage = 'check' AND review IN ('open', 'in_review')) OR "
            "(stage = 'act' AND review IN ('in_review', 'approved', 'standard', 'abandoned'))",
            name="stage_and_review",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(KEY)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"), unique=True)
    owner: Mapped[str] = mapped_column(KEY)
    stage: Mapped[str] = mapped_column(KEY)
    review: Mapped[str] = mapped_column(KEY)
    #: counts submissions: approvals of an earlier round are void
    round: Mapped[int]
    #: what the approvals of this round are bound to
    review_hash: Mapped[str | None] = mapped_column(KEY)
    submitted_by: Mapped[str | None] = mapped_column(KEY)
    proposal: Mapped[str | None] = mapped_column(KEY)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)

    experiment: Mapped[Experiment] = relationship(lazy="joined")


class Approval(Base):
    """One person's yes, in one role, to one content."""

    __tablename__ = "approval"
    __table_args__ = (UniqueConstraint("card_id", "round", "role"), UniqueConstraint("card_id", "round", "person_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("card.id"))
    round: Mapped[int]
    role: Mapped[str] = mapped_column(ForeignKey("role.key"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    content_hash: Mapped[str] = mapped_column(KEY)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Decision(Base):
    """One move of a card, appended: from where to where, by whom, and why."""

    __tablename__ = "decision"

    id: Mapped[int] = mapped_column(primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("card.id"), index=True)
    verb: Mapped[str] = mapped_column(KEY)
    from_stage: Mapped[str] = mapped_column(KEY)
    from_review: Mapped[str] = mapped_column(KEY)
    to_stage: Mapped[str] = mapped_column(KEY)
    to_review: Mapped[str] = mapped_column(KEY)
    actor: Mapped[str] = mapped_column(KEY)
    reason: Mapped[str | None]
    content_hash: Mapped[str | None] = mapped_column(KEY)
    look_id: Mapped[int | None] = mapped_column(ForeignKey("look.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class Move:
    """What a person asks of a card, and what goes with it."""

    verb: str
    reason: str | None = None
    #: with `submit` at Check: the arm that should become the standard; None keeps the standard
    proposal: str | None = None


@dataclass(frozen=True, slots=True)
class _Context:
    session: Session
    card: Card
    move: Move
    actor: Actor
    calendar: SiteCalendar
    now: datetime

    @property
    def experiment(self) -> Experiment:
        return self.card.experiment

    @property
    def today(self) -> int:
        return self.calendar.day(self.now)


Effect = Callable[[_Context], None]


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table. `roles` is who may; empty means a job only. A gate's `approve` moves at quorum."""

    to: tuple[Stage, Review]
    roles: tuple[str, ...]
    effect: Effect | None = None
    needs_reason: bool = False


def draft(session: Session, plan: Plan, *, actor: Actor, now: datetime) -> Card:
    """Write a plan down and put its card on the board.

    Raises:
        Unknown: no such scenario.
        Invalid: the plan breaks a rule.
        Conflict: the key is taken, or the scenario has no standard.
    """
    single_file(session, "board")
    experiment = designs.draft(session, plan, actor=actor, now=now)
    card = Card(
        kind=plan.kind,
        experiment=experiment,
        owner=actor.name,
        stage=Stage.PLAN,
        review=Review.DRAFT,
        round=0,
        moved_at=now,
    )
    session.add(card)
    session.flush()
    return card


def bring_in(
    session: Session,
    experiment: Experiment,
    *,
    calls: int,
    started_at: datetime,
    ended_at: datetime,
    actor: Actor,
    now: datetime,
) -> Card:
    """Put the card of an experiment that was run elsewhere where its results are read: Check, open.

    Nobody approved its start here and it never took any traffic, which is what its first decision says; from here on
    it goes through the same gates as every other card.

    Args:
        session: a writing session.
        experiment: registered with the origin `imported`, its calls being here.
        calls: how many there are; no more are planned.
        started_at: when the first call began, UTC.
        ended_at: when the last one did.
        actor: who brings it in, and may not approve it.
        now: when, UTC.

    Raises:
        Conflict: the experiment was designed here.
    """
    if experiment.origin != "imported":
        raise Conflict("%(experiment)s was designed here: it starts by its plan.", experiment=experiment.key)
    experiment.planned_calls, experiment.started_at, experiment.ended_at = calls, started_at, ended_at
    here = (Stage.CHECK, Review.OPEN)
    card = Card(
        kind=experiment.kind,
        experiment=experiment,
        owner=actor.name,
        stage=here[0],
        review=here[1],
        round=0,
        moved_at=now,
    )
    session.add(card)
    session.flush()
    _remember(session, card, Move("bring_in", "Assigned elsewhere; no traffic of ours."), here, here, actor, now)
    return card


def revise(session: Session, key: str, plan: Plan, *, actor: Actor, now: datetime) -> Card:
    """Replace the plan of a card that is still a draft.

    Raises:
        Unknown: no such experiment.
        Conflict: the plan is no longer a draft.
        Invalid: the plan breaks a rule.
    """
    card = _locked(session, key)
    if (card.stage, card.review) != (Stage.PLAN, Review.DRAFT):
        raise Conflict("The plan of %(experiment)s is no longer a draft.", experiment=key)
    designs.revise(session, card.experiment, plan, actor=actor, now=now)
    return card


def move(session: Session, key: str, asked: Move, *, actor: Actor, calendar: SiteCalendar, now: datetime) -> Card:
    """Carry out one move of a card: guard, change, effect, audit.

    Raises:
        Unknown: no such experiment.
        Conflict: the card is not where this move starts, or a guard of the move does not hold.
        NotAllowed: the actor lacks the role, or wrote what they would approve.
        Invalid: the move needs a reason.
    """
    card = _locked(session, key)
    here = (Stage(card.stage), Review(card.review))
    transition = TRANSITIONS.get((*here, asked.verb))
    if transition is None:
        raise Conflict(
            "%(experiment)s is at %(stage)s, %(review)s: it cannot %(verb)s.",
            experiment=key,
            stage=card.stage,
            review=card.review,
            verb=asked.verb,
        )
    _may(actor, transition)
    if transition.needs_reason and not (asked.reason or "").strip():
        raise invalid("reason", "missing", "Say why: %(verb)s needs a reason.", verb=asked.verb)
    context = _Context(session, card, asked, actor, calendar, now)
    to = transition.to
    if asked.verb == "approve" and not _approve(context):
        to = here
    elif transition.effect is not None:
        transition.effect(context)
    _arrive(context, here, to)
    return card


def open_moves(card: Card, actor: Actor) -> list[tuple[str, bool]]:
    """Give the moves this actor may ask of a card now, and whether each needs a reason."""
    return [
        (verb, transition.needs_reason)
        for (stage, review, verb), transition in TRANSITIONS.items()
        if (stage, review) == (card.stage, card.review) and actor.has(transition.roles)
    ]


def approvals_of(session: Session, card: Card) -> list[Approval]:
    """Give the approvals of the round a card is in."""
    query = select(Approval).where(Approval.card_id == card.id, Approval.round == card.round).order_by(Approval.id)
    return list(session.scalars(query))


def approvals_given(session: Session) -> dict[int, list[Approval]]:
    """Give the approvals of the round each card is in, by the card's id."""
    query = select(Approval).join(Card, and_(Card.id == Approval.card_id, Card.round == Approval.round))
    given: dict[int, list[Approval]] = defaultdict(list)
    for approval in session.scalars(query.order_by(Approval.id)):
        given[approval.card_id].append(approval)
    return given


def missing_approvals(card: Card, given: Sequence[Approval]) -> tuple[str, ...]:
    """Name the roles whose approval a card waits for; none where it is not in review."""
    if card.review != Review.IN_REVIEW:
        return ()
    return tuple(role for role in GATES[Stage(card.stage)] if role not in {a.role for a in given})


def approval_bar(session: Session, card: Card, actor: Actor) -> Message | None:
    """Say why an actor cannot approve what is under review now; None when they can.

    The same rules as `move` holds to, so that a page offers no button that would be refused.
    """
    given = approvals_of(session, card)
    if not actor.has(missing_approvals(card, given)):
        return Message("The approval you could give was given already.")
    if any(a.person_id == actor.person_id for a in given):
        return Message("You approved this already; the other roles need other people.")
    if _wrote(session, card, actor):
        return Message("You wrote or edited this: somebody else has to approve it.")
    return None


def decisions_of(session: Session, card: Card) -> list[Decision]:
    """Give a card's moves, the first first."""
    return list(session.scalars(select(Decision).where(Decision.card_id == card.id).order_by(Decision.id)))


def cards(session: Session) -> list[Card]:
    """Give every card, those that moved last first."""
    return list(session.scalars(select(Card).order_by(Card.moved_at.desc(), Card.id)))


def card_of(session: Session, key: str) -> Card:
    """Find the card of an experiment.

    Raises:
        Unknown: there is none with this key.
    """
    card = session.scalar(select(Card).join(Experiment).where(Experiment.key == key))
    if card is None:
        raise Unknown("There is no experiment %(experiment)s.", experiment=key)
    return card


def size_of(session: Session, experiment: Experiment) -> Sizing:
    """Size a plan with the rates and volume of the scenario's own history.

    Raises:
        Conflict: there is too little history and the plan states no rate, or the rate leaves no room for the effect.
    """
    past = history.scenario_history(session, [experiment.scenario_id])
    rate = _base_rate(session, experiment, past)
    if rate + experiment.effect >= 1:
        raise Conflict("The rate today leaves no room for so large an effect.")
    few = None if experiment.unit in traffic.FINE_UNITS else history.cluster_count(session, experiment)
    return sizing.size(
        rate,
        experiment.effect,
        alpha=experiment.alpha,
        power=experiment.power,
        weights=[arm.weight for arm in experiment.arms],
        looks=experiment.looks,
        daily_calls=past.daily_eligible * (experiment.coverage / 10_000 if few is None else 1.0),
        clusters=few,
    )


def take_due_look(
    session: Session, key: str, *, actor: Actor, calendar: SiteCalendar, now: datetime, last_day: bool = False
) -> Look | None:
    """Take a running test's look when it is due; the final one also ends the test.

    Args:
        session: a writing session.
        key: the experiment's.
        actor: the job that looks.
        calendar: the site's.
        now: when, UTC.
        last_day: whether the time set aside is over: the final look is taken with the calls there are.

    Raises:
        Unknown: no such experiment.
        Conflict: nothing new has matured since the last look.
    """
    card = _locked(session, key)
    experiment, today = card.experiment, calendar.day(now)
    if card.review != Review.RUNNING or not (last_day or looks.due(session, experiment, today=today)):
        return None
    final = last_day or len(looks.looks_of(session, experiment)) + 1 == len(experiment.looks)
    look = looks.make_look(session, experiment, today=today, final=final, actor=actor, now=now)
    if final:
        move(session, key, Move("end"), actor=actor, calendar=calendar, now=now)
    return look


def _base_rate(session: Session, experiment: Experiment, past: history.ScenarioHistory) -> float:
    if experiment.base_rate is not None:
        return experiment.base_rate
    primary = next(m for m in experiment.metrics if m.role == "primary")
    spec = history.specs_of(session, experiment)[primary.metric]
    calls, successes = past.eligible["calls"], past.eligible[spec.numerator]
    if experiment.kind == Kind.SCENARIO or calls < _LEAST_HISTORY or not 0 < successes < calls:
        raise Conflict("Too little history to size this test: state today's rate as base_rate.")
    return successes / calls


def _locked(session: Session, key: str) -> Card:
    # Moves queue: two at once in one scenario would number the same script version or traffic revision.
    single_file(session, "board")
    card = card_of(session, key)
    session.refresh(card, with_for_update={"of": Card})
    return card


def _may(actor: Actor, transition: Transition) -> None:
    if not transition.roles:
        if actor.person_id is not None or not actor.name.startswith("system:"):
            raise NotAllowed("The schedule does this by itself.")
    elif actor.person_id is None or not actor.has(transition.roles):
        raise NotAllowed("This needs one of the roles %(roles)s.", roles=", ".join(transition.roles))


def _approve(context: _Context) -> bool:
    """Add the actor's approval; say whether the gate has them all now."""
    card, actor = context.card, context.actor
    gate = GATES[Stage(card.stage)]
    _refuse_own_work(context)
    given = {a.role for a in approvals_of(context.session, card)}
    role = next((r for r in gate if r in actor.roles and r not in given), None)
    if role is None:
        raise Conflict("The approval you could give was given already.")
    row = {
        "card_id": card.id,
        "round": card.round,
        "role": role,
        "person_id": actor.person_id,
        "content_hash": card.review_hash,
        "at": context.now,
    }
    statement = insert_new(context.session, Approval, ("card_id", "round", "person_id"))
    if context.session.scalar(statement.returning(Approval.id), row) is None:
        raise Conflict("You approved this already; the other roles need other people.")
    return given | {role} == set(gate)


def _wrote(session: Session, card: Card, actor: Actor) -> bool:
    edited = select(PlanEdit.id).where(PlanEdit.experiment_id == card.experiment_id, PlanEdit.editor == actor.name)
    return actor.name == card.submitted_by or session.scalar(edited.limit(1)) is not None


def _refuse_own_work(context: _Context) -> None:
    if _wrote(context.session, context.card, context.actor):
        raise NotAllowed("You wrote or edited this: somebody else has to approve it.")
    if context.card.review_hash != _content_under_review(context):
        raise Conflict("The content changed since it was submitted: it has to be submitted again.")


def _content_under_review(context: _Context) -> str:
    if context.card.stage == Stage.PLAN:
        return context.experiment.content_hash
    final = looks.looks_of(context.session, context.experiment)[-1]
    return hashlib.sha256(f"{final.content_hash}:{context.card.proposal}".encode()).hexdigest()


def _arrive(context: _Context, here: tuple[Stage, Review], to: tuple[Stage, Review]) -> None:
    card, session = context.card, context.session
    moved = session.scalar(
        update(Card)
        .where(Card.id == card.id, Card.stage == here[0], Card.review == here[1])
        .values(stage=to[0], review=to[1], moved_at=context.now)
        .returning(Card.id)
    )
    if moved is None:
        raise Conflict("Somebody else moved this card just now.")
    session.refresh(card)
    _remember(session, card, context.move, here, to, context.actor, context.now)


def _remember(
    session: Session,
    card: Card,
    asked: Move,
    here: tuple[Stage, Review],
    to: tuple[Stage, Review],
    actor: Actor,
    now: datetime,
) -> None:
    """Append the decision, and the act to the audit."""
    made = looks.looks_of(session, card.experiment)
    decision = Decision(
        card_id=card.id,
        verb=asked.verb,
        from_stage=here[0],
        from_review=here[1],
        to_stage=to[0],
        to_review=to[1],
        actor=actor.name,
        reason=asked.reason,
        content_hash=card.review_hash,
        look_id=made[-1].id if made else None,
        at=now,
    )
    session.add(decision)
    session.flush()
    audit.record(
        session,
        actor=actor.name,
        verb=asked.verb,
        subject=f"experiment:{card.experiment.key}",
        now=now,
        before=list(here),
        after=list(to),
        reason=asked.reason,
        content_hash=card.review_hash,
    )


# Effects: what a move changes besides the card's place ---------------------------------------------------------------


def _submit_plan(context: _Context) -> None:
    sized = size_of(context.session, context.experiment)
    if sized.total is None:
        raise Conflict("With so few units no number of calls would show this effect: choose a larger one.")
    if sized.total > _MOST_CALLS:
        raise Conflict("This needs %(calls)s calls: choose a larger effect.", calls=f"{sized.total:,}")
    context.experiment.planned_calls = sized.total
    _new_round(context, context.experiment.content_hash)


def _submit_results(context: _Context) -> None:
    experiment, session = context.experiment, context.session
    proposal = context.move.proposal
    if proposal is not None and proposal not in {arm.key for arm in experiment.arms}:
        raise invalid("proposal", "unknown", "There is no arm %(arm)s.", arm=proposal)
    made = looks.looks_of(session, experiment)
    if not made or not made[-1].final:
        made.append(
            looks.make_look(session, experiment, today=context.today, final=True, actor=context.actor, now=context.now)
        )
    recommended = made[-1].challenger if made[-1].conclusion == Conclusion.WINNER else None
    if proposal != recommended and not (context.move.reason or "").strip():
        raise invalid("reason", "against_the_verdict", "This is not what the verdict says: say why.")
    context.card.proposal = proposal
    _new_round(context, _content_under_review(context))


def _new_round(context: _Context, content_hash: str) -> None:
    card = context.card
    card.round += 1
    card.review_hash = content_hash
    card.submitted_by = context.actor.name
    context.session.flush()


def _review_again(context: _Context) -> None:
    """Open Act's round: the same content and submitter, approvals given afresh."""
    context.card.round += 1
    context.session.flush()


def _start(context: _Context) -> None:
    experiment, session = context.experiment, context.session
    arms = designs.write_arms(session, experiment, actor=context.actor, now=context.now)
    slice_ = designs.as_slice(experiment, arms)
    cause = Message("%(experiment)s starts.", {"experiment": experiment.key})
    _change_traffic(context, lambda now: now.with_experiment(slice_, experiment.coverage), cause)
    experiment.started_at = context.now
    if experiment.kind == Kind.SCENARIO:
        standards.set_standing(
            session, experiment.scenario, Standing.IN_TEST, by=experiment.key, actor=context.actor, now=context.now
        )


def _pause(context: _Context) -> None:
    cause = Message("%(experiment)s is paused.", {"experiment": context.experiment.key})
    _change_traffic(context, lambda t: t.with_state(context.experiment.key, SliceState.PAUSED), cause)


def _resume(context: _Context) -> None:
    cause = Message("%(experiment)s goes on.", {"experiment": context.experiment.key})
    _change_traffic(context, lambda t: t.with_state(context.experiment.key, SliceState.RUNNING), cause)


def _stop(context: _Context) -> None:
    cause = Message("%(experiment)s was stopped.", {"experiment": context.experiment.key})
    _change_traffic(context, lambda t: t.with_state(context.experiment.key, SliceState.STOPPED), cause)
    context.experiment.ended_at = context.now


def _end(context: _Context) -> None:
    made = looks.looks_of(context.session, context.experiment)
    if not made or not made[-1].final:
        raise Conflict("The final look has not been made.")
    cause = Message("%(experiment)s has ended as planned.", {"experiment": context.experiment.key})
    _change_traffic(context, lambda t: t.without(context.experiment.key), cause)
    context.experiment.ended_at = context.now


def _promote(context: _Context) -> None:
    if context.card.proposal is None:
        raise Conflict("The approved proposal is to keep the standard.")
    standards.promote(context.session, context.experiment, context.card.proposal, actor=context.actor, now=context.now)


def _close(context: _Context) -> None:
    """Give the buckets back, if the test ever had any."""
    experiment = context.experiment
    if experiment.started_at is None:
        return
    current = traffic.in_force(context.session, experiment.scenario).value
    if any(s.key == experiment.key for s in current.slices):
        cause = Message("%(experiment)s is closed.", {"experiment": experiment.key})
        _change_traffic(context, lambda t: t.without(experiment.key), cause)
    if experiment.kind == Kind.SCENARIO and experiment.scenario.standing == Standing.IN_TEST:
        standards.set_standing(
            context.session,
            experiment.scenario,
            Standing.CANDIDATE,
            by=experiment.key,
            actor=context.actor,
            now=context.now,
        )


def _change_traffic(context: _Context, change: Callable[[Traffic], Traffic], cause: Message) -> None:
    scenario = context.experiment.scenario
    current = traffic.in_force(context.session, scenario)
    traffic.append(
        context.session,
        scenario,
        change(current.value),
        based_on=current.number,
        cause=cause,
        actor=context.actor,
        now=context.now,
    )


_P, _D, _C, _A = Stage.PLAN, Stage.DO, Stage.CHECK, Stage.ACT

TRANSITIONS: dict[tuple[Stage, Review, str], Transition] = {
    # Plan: written, sized, and approved by people who did not write it
    (_P, Review.DRAFT, "submit"): Transition((_P, Review.IN_REVIEW), ("lead",), _submit_plan),
    (_P, Review.DRAFT, "abandon"): Transition((_A, Review.ABANDONED), ("lead",), _close, needs_reason=True),
    (_P, Review.IN_REVIEW, "approve"): Transition((_P, Review.APPROVED), GATES[_P]),
    (_P, Review.IN_REVIEW, "refuse"): Transition((_P, Review.DRAFT), GATES[_P], needs_reason=True),
    (_P, Review.APPROVED, "refuse"): Transition((_P, Review.DRAFT), GATES[_P], needs_reason=True),
    (_P, Review.APPROVED, "start"): Transition((_D, Review.RUNNING), ("lead", "manager"), _start),
    # Do: the split runs; one person with a reason can stop it
    (_D, Review.RUNNING, "pause"): Transition((_D, Review.PAUSED), _STOPPERS, _pause, needs_reason=True),
    (_D, Review.PAUSED, "resume"): Transition((_D, Review.RUNNING), ("lead", "manager"), _resume),
    (_D, Review.RUNNING, "stop"): Transition((_C, Review.OPEN), _STOPPERS, _stop, needs_reason=True),
    (_D, Review.PAUSED, "stop"): Transition((_C, Review.OPEN), _STOPPERS, _stop, needs_reason=True),
    (_D, Review.RUNNING, "end"): Transition((_C, Review.OPEN), (), _end),
    # Check: the final look is read, and something is proposed
    (_C, Review.OPEN, "submit"): Transition((_C, Review.IN_REVIEW), ("lead",), _submit_results),
    (_C, Review.OPEN, "abandon"): Transition((_A, Review.ABANDONED), ("lead", "manager"), _close, needs_reason=True),
    (_C, Review.IN_REVIEW, "approve"): Transition((_A, Review.IN_REVIEW), GATES[_C], _review_again),
    (_C, Review.IN_REVIEW, "refuse"): Transition((_C, Review.OPEN), GATES[_C], needs_reason=True),
    # Act: the proposal is approved and carried out
    (_A, Review.IN_REVIEW, "approve"): Transition((_A, Review.APPROVED), GATES[_A]),
    (_A, Review.IN_REVIEW, "refuse"): Transition((_C, Review.OPEN), GATES[_A], needs_reason=True),
    (_A, Review.APPROVED, "promote"): Transition((_A, Review.STANDARD), ("lead", "manager"), _promote),
    (_A, Review.APPROVED, "abandon"): Transition(
        (_A, Review.ABANDONED), ("lead", "manager"), _close, needs_reason=True
    ),
}
"""The whole life of a card: (stage, review, verb) → where to, who may, what else it does. Nothing else is possible."""
