"""The outbox: notices written in the transaction of what they tell of, and their deliveries, one for each target.

A notice is as true as its transaction: rolled back, it never was; committed, it waits here until every target that
wants it has taken it, or has refused it so often that people have to look.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from experiments.notices.events import Event
from experiments.notices.faults import NotSent
from experiments.notices.tables import Delivery, Notice, State
from experiments.notices.targets import Target
from experiments.store import new_id, single_file
from experiments.wording import Message

MOST_TRIES = 12
"""Four to five hours of trying."""

LEASE = timedelta(seconds=60)
"""Longer than any attempt takes: afterwards whoever took it is dead."""

_UNSEEN: dict[str, Any] = {"synchronize_session": False}  # rows go out of here as values
_FIRST_WAIT, _LONGEST_WAIT = 15.0, 3600.0
_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice on its way to one target, as a value."""

    delivery_id: int
    message_id: UUID
    event: str
    subject: str
    words: Message
    roles: tuple[str, ...]
    facts: Mapping[str, Any]
    at: datetime
    tries: int


@dataclass(frozen=True, slots=True)
class Pile:
    """So many deliveries to a target that are in one state; `fault` is that of one of them."""

    target: str
    state: State
    many: int
    oldest: datetime
    fault: str | None


def tell(
    session: Session,
    event: Event,
    *,
    subject: str,
    words: Message,
    roles: Collection[str],
    facts: Mapping[str, Any],
    now: datetime,
) -> None:
    """Write a notice, in the caller's transaction: it is told if that is committed, and never was if it is not.

    Nothing is sent here, and nobody need be set up to be told. Results are told of only when a planned look was made
    (`Event.LOOK_MADE`); there is no event for somebody's having looked at running data.

    Args:
        session: a writing session.
        event: what happened.
        subject: to what, as the audit names it: `experiment:key`.
        words: the sentence that people read.
        roles: whom it concerns, those who have to act next first; none means everyone.
        facts: what machines read: a few short values of JSON.
        now: when, UTC.
    """
    notice = Notice(
        message_id=new_id(now),
        event=event,
        subject=subject,
        words=words.as_json(),
        roles=list(roles),
        facts=dict(facts),
        at=now,
        spread_at=None,
    )
    session.add(notice)
    session.flush()


def unspread(session: Session) -> bool:
    """Say whether there are notices whose deliveries are not written yet."""
    return session.scalar(select(Notice.id).where(Notice.spread_at.is_(None)).limit(1)) is not None


def spread(session: Session, targets: Sequence[Target], *, now: datetime) -> None:
    """Write the deliveries of new notices, one for each target that wants them.

    A target that is set up later is not told what happened before.
    """
    single_file(session, "notices")
    new = session.scalars(select(Notice).where(Notice.spread_at.is_(None)).order_by(Notice.id)).all()
    for notice in new:
        notice.spread_at = now
        session.add_all(
            Delivery(notice_id=notice.id, target=target.name, state=State.WAITING, tries=0, due_at=notice.at)
            for target in targets
            if target.wants(notice.event, notice.roles)
        )
    session.flush()


def targets_due(session: Session, *, now: datetime) -> list[str]:
    """Name the targets that something waits for now."""
    due = select(Delivery.target).where(Delivery.state == State.WAITING, Delivery.due_at <= now).distinct()
    return sorted(session.scalars(due))


def due(session: Session, target: str, *, most: int, now: datetime) -> list[Letter]:
    """Give what waits for a target now, the longest due first."""
    waiting = (
        select(Delivery, Notice)
        .join(Notice, Notice.id == Delivery.notice_id)
        .where(Delivery.state == State.WAITING, Delivery.target == target, Delivery.due_at <= now)
        .order_by(Delivery.due_at, Delivery.id)
        .limit(most)
    )
    return [_letter(delivery, notice) for delivery, notice in session.execute(waiting)]


def claim(session: Session, letters: Sequence[Letter], *, now: datetime) -> set[int]:
    """Take deliveries for as long as the lease lasts; give the ids of those that nobody else has taken meanwhile."""
    single_file(session, "notices")
    taken = (
        update(Delivery)
        .where(Delivery.id.in_([letter.delivery_id for letter in letters]))
        .where(Delivery.state == State.WAITING, Delivery.due_at <= now)
        .values(due_at=now + LEASE, tries=Delivery.tries + 1)
        .returning(Delivery.id)
        .execution_options(**_UNSEEN)
    )
    return set(session.scalars(taken))


def delivered(session: Session, letters: Sequence[Letter], *, now: datetime) -> None:
    """Note that a target took what was claimed."""
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_([letter.delivery_id for letter in letters]))
        .values(state=State.DELIVERED, fault=None, ended_at=now)
        .execution_options(**_UNSEEN)
    )


def failed(session: Session, letters: Sequence[Letter], why: NotSent, *, now: datetime, chance: float) -> None:
    """Note that a target did not take what was claimed: it is tried again later, or given up.

    Args:
        session: a writing session.
        letters: as they were before they were claimed.
        why: what went wrong.
        now: when, UTC.
        chance: a random number from 0 to 1.
    """
    for letter in letters:
        tries = letter.tries + 1
        values: dict[str, Any] = {"fault": why.fault}
        if why.for_good or tries >= MOST_TRIES:
            values |= {"state": State.GIVEN_UP, "ended_at": now}
        else:
            values |= {"due_at": now + timedelta(seconds=max(wait_after(tries, chance), why.wait))}
        still_ours = (Delivery.id == letter.delivery_id, Delivery.tries == tries, Delivery.state == State.WAITING)
        session.execute(update(Delivery).where(*still_ours).values(values), execution_options=_UNSEEN)


def wait_after(tries: int, chance: float) -> float:
    """Say how many seconds to wait after so many failures: 15 doubled each time, an hour at most, ± a quarter.

    Args:
        tries: how often it was tried, 1 or more.
        chance: a random number from 0 to 1, so that what failed together does not come back together.
    """
    return min(_FIRST_WAIT * 2.0 ** (tries - 1), _LONGEST_WAIT) * (0.75 + chance / 2)


def piles(session: Session) -> list[Pile]:
    """Count what waits and what was given up, by target."""
    counted = (
        select(Delivery.target, Delivery.state, func.count(), func.min(Notice.at), func.max(Delivery.fault))
        .join(Notice, Notice.id == Delivery.notice_id)
        .where(Delivery.state.in_((State.WAITING, State.GIVEN_UP)))
        .group_by(Delivery.target, Delivery.state)
        .order_by(Delivery.target, Delivery.state)
    )
    return [
        Pile(target, State(state), many, oldest, fault)
        for target, state, many, oldest, fault in session.execute(counted)
    ]


def try_again(session: Session, target: str, *, now: datetime) -> int:
    """Let what was given up for a target wait once more; give how many these are."""
    again = (
        update(Delivery)
        .where(Delivery.target == target, Delivery.state == State.GIVEN_UP)
        .values(state=State.WAITING, tries=0, due_at=now, ended_at=None)
        .returning(Delivery.id)
        .execution_options(**_UNSEEN)
    )
    return len(session.scalars(again).all())


def forget(session: Session, *, now: datetime) -> int:
    """Delete notices of more than 90 days ago that wait for nobody; give how many these were."""
    waits = select(Delivery.id).where(Delivery.notice_id == Notice.id, Delivery.state == State.WAITING).exists()
    old = select(Notice.id).where(Notice.at < now - _KEPT, Notice.spread_at.is_not(None), ~waits)
    ids = session.scalars(old).all()
    for first in range(0, len(ids), 500):
        some = ids[first : first + 500]
        session.execute(delete(Delivery).where(Delivery.notice_id.in_(some)))
        session.execute(delete(Notice).where(Notice.id.in_(some)))
    return len(ids)


def _letter(delivery: Delivery, notice: Notice) -> Letter:
    return Letter(
        delivery_id=delivery.id,
        message_id=notice.message_id,
        event=notice.event,
        subject=notice.subject,
        words=Message.from_json(notice.words),
        roles=tuple(notice.roles),
        facts=notice.facts,
        at=notice.at,
        tries=delivery.tries,
    )
