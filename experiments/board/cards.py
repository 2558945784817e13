"""Cards: what moves on the board, where it stands, who approved it, and every move it made.

Stage and review are two axes, and the database knows which pairs exist. Approvals and decisions are appended.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, and_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from experiments.act.steps import RolloutPlan
from experiments.errors import Unknown
from experiments.plan.designs import Experiment
from experiments.store import KEY, Base, UtcDateTime


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


GATES: dict[Stage, tuple[str, ...]] = {
    # the words, that the floor may start, that agents can say it
    Stage.PLAN: ("compliance", "manager", "trainer"),
    # health and verdict were read
    Stage.CHECK: ("quality",),
    # what thousands of agents say tomorrow
    Stage.ACT: ("manager", "quality"),
}
"""Who has to approve at the gate of a stage: one person for each role, all of them different people."""


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
    #: with `roll_out`: the steps; None takes the usual ones
    rollout: RolloutPlan | None = None


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


def decisions_of(session: Session, card: Card) -> list[Decision]:
    """Give a card's moves, the first first."""
    return list(session.scalars(select(Decision).where(Decision.card_id == card.id).order_by(Decision.id)))


def every_card(session: Session) -> list[Card]:
    """Give every card, those that moved last first."""
    return list(session.scalars(select(Card).order_by(Card.moved_at.desc(), Card.id)))


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


def card_of(session: Session, key: str) -> Card:
    """Find the card of an experiment.

    Raises:
        Unknown: there is none with this key.
    """
    card = session.scalar(select(Card).join(Experiment).where(Experiment.key == key))
    if card is None:
        raise Unknown("There is no experiment %(experiment)s.", experiment=key)
    return card
