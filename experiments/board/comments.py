"""Comments: what people say to each other beside a card. Appended; nothing is decided here, and no text is logged."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments import audit
from experiments.board.cards import Card, card_of
from experiments.errors import NotAllowed, invalid
from experiments.people import Actor
from experiments.store import KEY, Base, UtcDateTime

LONGEST = 4000
"""Characters of a comment."""


class Comment(Base):
    """One thing said beside a card, in answer to another or by itself."""

    __tablename__ = "comment"
    __table_args__ = (CheckConstraint("length(text) > 0 AND length(text) <= 4000", name="text"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("card.id"), index=True)
    reply_to: Mapped[int | None] = mapped_column(ForeignKey("comment.id"))
    author: Mapped[str] = mapped_column(KEY)
    text: Mapped[str] = mapped_column(String(LONGEST))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


def comment(
    session: Session, key: str, text: str, *, reply_to: int | None = None, actor: Actor, now: datetime
) -> Comment:
    """Say something beside a card.

    Args:
        session: a writing session.
        key: the experiment's.
        text: what is said, 1 to 4000 characters.
        reply_to: the comment of the same card that it answers.
        actor: who says it.
        now: when, UTC.

    Raises:
        Unknown: no such experiment.
        NotAllowed: the actor is no person with a role.
        Invalid: the text is empty or too long, or what it answers is not there.
    """
    card = card_of(session, key)
    if actor.person_id is None or not actor.roles:
        raise NotAllowed("Only people with a role comment.")
    said = text.strip()
    if not 0 < len(said) <= LONGEST:
        raise invalid("text", "length", "A comment has 1 to %(most)s characters.", most=LONGEST)
    answered = select(Comment.id).where(Comment.card_id == card.id, Comment.id == reply_to)
    if reply_to is not None and session.scalar(answered) is None:
        raise invalid("reply_to", "unknown", "There is no comment %(comment)s on this card.", comment=reply_to)
    row = Comment(card_id=card.id, reply_to=reply_to, author=actor.name, text=said, at=now)
    session.add(row)
    session.flush()
    audit.record(session, actor=actor.name, verb="comment", subject=f"experiment:{key}", now=now, comment=row.id)
    return row


def comments_of(session: Session, card: Card) -> list[Comment]:
    """Give what was said beside a card, the first first."""
    return list(session.scalars(select(Comment).where(Comment.card_id == card.id).order_by(Comment.id)))
