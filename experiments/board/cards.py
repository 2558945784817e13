"""Cards: what moves on the board, where it stands, who approved it, and every move it made.

Stage and review are two axes, and the database knows which pairs exist. Approvals and decisions are appended.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, and_, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from experiments.act.steps import RolloutPlan
from experiments.errors import Unknown
from experiments.plan.designs import Arm, Experiment, PlanEdit
from experiments.plan.rules import Kind
from experiments.store import KEY, Base, UtcDateTime, single_file, where


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
    #: a winner goes out in steps (act)
    ROLLING_OUT = "rolling_out"
    #: it stays where it has come to (act)
    HELD = "held"
    #: an arm became the standard (act)
    STANDARD = "standard"
    #: closed without a change (act)
    ABANDONED = "abandoned"


class Card(Base):
    """What moves on the board. `proposal` is the arm that Act is asked to make the standard; None keeps it."""

    __tablename__ = "card"
    __table_args__ = (
        CheckConstraint("kind IN ('script', 'scenario')", name="kind"),
        CheckConstraint(
            "(stage = 'plan' AND review IN ('draft', 'in_review', 'approved')) OR "
            "(stage = 'do' AND review IN ('running', 'paused')) OR "
            "(stage = 'check' AND review IN ('open', 'in_review')) OR "
            "(stage = 'act' AND review IN ('in_review', 'approved', 'rolling_out', 'held', 'standard', 'abandoned'))",
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
    """One person's yes, in one role, to one content.

    `turn` counts the approvals of a round, so that of two who see the same chair empty only one can sit down.
    """

    __tablename__ = "approval"
    __table_args__ = (UniqueConstraint("card_id", "round", "turn"), CheckConstraint("turn > 0", name="turn"))

    id: Mapped[int] = mapped_column(primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("card.id"))
    round: Mapped[int]
    role: Mapped[str] = mapped_column(ForeignKey("role.key"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    content_hash: Mapped[str] = mapped_column(KEY)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    turn: Mapped[int]


_DECIDED = "from_review = 'in_review' AND (from_stage <> to_stage OR from_review <> to_review)"


class Decision(Base):
    """One move of a card, appended: from where to where, by whom, and why.

    A round in review is decided once, whoever asks at the same moment. `round` is the round that was acted upon, and
    `edit_id` the newest edit of the plan then; both are unknown (None) in decisions made before they were kept.
    """

    __tablename__ = "decision"
    __table_args__ = (Index("uq_decision_one_a_round", "card_id", "round", unique=True, **where(_DECIDED)),)

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
    round: Mapped[int | None]
    edit_id: Mapped[int | None]


@dataclass(frozen=True, slots=True)
class Move:
    """What a person asks of a card, and what goes with it."""

    verb: str
    reason: str | None = None
    #: with `submit` at Check: the arm that should become the standard; None keeps the standard
    proposal: str | None = None
    #: with `roll_out`: the steps; None takes the usual ones
    rollout: RolloutPlan | None = None
    #: with `drop_arm`: the challenger that is dealt no longer
    arm: str | None = None
    #: with `widen`: buckets of 10,000 that the test has from then on; None leaves them
    coverage: int | None = None
    #: with `widen`: the condition on calls that are let in beside those who are; None leaves it
    also: Mapping[str, Any] | None = None


def approvals_of(session: Session, card: Card) -> list[Approval]:
    """Give the approvals of the round a card is in, those to its content as it stands."""
    query = select(Approval).where(Approval.card_id == card.id, Approval.round == card.round)
    return list(session.scalars(query.where(Approval.content_hash == card.review_hash).order_by(Approval.id)))


def approvals_given(session: Session) -> dict[int, list[Approval]]:
    """Give the approvals of the round each card is in, by the card's id."""
    here = and_(Card.id == Approval.card_id, Card.round == Approval.round, Card.review_hash == Approval.content_hash)
    given: dict[int, list[Approval]] = defaultdict(list)
    for approval in session.scalars(select(Approval).join(Card, here).order_by(Approval.id)):
        given[approval.card_id].append(approval)
    return given


def every_approval(session: Session, card: Card) -> list[Approval]:
    """Give all approvals a card was ever given, whatever became of them, the first first."""
    return list(session.scalars(select(Approval).where(Approval.card_id == card.id).order_by(Approval.id)))


def decisions_of(session: Session, card: Card) -> list[Decision]:
    """Give a card's moves, the first first."""
    return list(session.scalars(select(Decision).where(Decision.card_id == card.id).order_by(Decision.id)))


def last_decision(session: Session, card: Card) -> Decision | None:
    """Give a card's newest move; None before its first."""
    newest = select(Decision).where(Decision.card_id == card.id).order_by(Decision.id.desc())
    return session.scalar(newest.limit(1))


def every_card(session: Session) -> list[Card]:
    """Give every card, those that moved last first."""
    return list(session.scalars(select(Card).order_by(Card.moved_at.desc(), Card.id)))


def running(session: Session) -> list[int]:
    """Give the ids of the experiments whose cards are on the floor."""
    return list(session.scalars(select(Card.experiment_id).where(Card.stage == Stage.DO).order_by(Card.id)))


def another_in_test(session: Session, card: Card) -> bool:
    """Say whether another scenario card of the same scenario stands between its start and its decision."""
    query = (
        select(Card.id)
        .join(Experiment)
        .where(Experiment.scenario_id == card.experiment.scenario_id, Experiment.origin == "designed")
        .where(Card.kind == card.kind, Card.id != card.id, Card.stage != Stage.PLAN)
        .where(Card.review.not_in((Review.STANDARD, Review.ABANDONED)))
    )
    return session.scalar(query.limit(1)) is not None


def founder_of(session: Session, scenario_id: int, version_id: int) -> Experiment | None:
    """Give the experiment by which a script version became its scenario's standard; None where no test founded it."""
    query = (
        select(Experiment)
        .join(Card, Card.experiment_id == Experiment.id)
        .join(Arm, and_(Arm.experiment_id == Experiment.id, Arm.key == Card.proposal))
        .where(Experiment.scenario_id == scenario_id, Card.review == Review.STANDARD)
        .where(Arm.version_id == version_id, Experiment.control_version_id != version_id)
        .order_by(Card.moved_at.desc(), Card.id.desc())
    )
    return session.scalar(query.limit(1))


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A test of other words against a script version, whose card has not ended, and when its plan was first written."""

    key: str
    scenario_id: int
    control_version_id: int
    written_at: datetime


def under_way(session: Session) -> list[UnderWay]:
    """Give every test of a script that was designed here and whose card has not ended, the last written first."""
    written = func.min(PlanEdit.at)
    rows = session.execute(
        select(Experiment.key, Experiment.scenario_id, Experiment.control_version_id, written)
        .join(Card, Card.experiment_id == Experiment.id)
        .join(PlanEdit, PlanEdit.experiment_id == Experiment.id)
        .where(Card.kind == Kind.SCRIPT, Card.review.not_in((Review.STANDARD, Review.ABANDONED)))
        .where(Experiment.origin == "designed")
        .group_by(Experiment.id)
        .order_by(written.desc(), Experiment.id.desc())
    )
    return [UnderWay(*row) for row in rows]


def arrivals(session: Session) -> dict[int, datetime]:
    """Say by a card's id when it came to where it stands; those that never moved are missing.

    An approval that leaves a card in review moves it nowhere, and so does a step that leaves it rolling out.
    """
    elsewhere = or_(Decision.from_stage != Decision.to_stage, Decision.from_review != Decision.to_review)
    query = select(Decision.card_id, func.max(Decision.at)).where(elsewhere).group_by(Decision.card_id)
    return dict(list(session.execute(query)))


def card_of(session: Session, key: str) -> Card:
    """Find the card of an experiment.

    Raises:
        Unknown: there is none with this key.
    """
    card = session.scalar(select(Card).join(Experiment).where(Experiment.key == key))
    if card is None:
        raise Unknown("There is no experiment %(experiment)s.", experiment=key)
    return card


def locked_card(session: Session, key: str) -> Card:
    """Find the card of an experiment, for this transaction to move and no other.

    Raises:
        Unknown: there is none with this key.
    """
    # Moves queue: two at once in one scenario would number the same script version or traffic revision.
    single_file(session, "board")
    card = card_of(session, key)
    session.refresh(card, with_for_update={"of": Card})
    return card
