"""Ticking an item of a gate's checklist: by a person who could approve there, for the content as it stands."""

from datetime import datetime

from sqlalchemy.orm import Session

from experiments import audit
from experiments.board.cards import Card, Review, locked_card
from experiments.board.checklist import Item, Tick, checklist
from experiments.board.gates import writers
from experiments.board.seats import USUAL, Gates
from experiments.errors import Conflict, NotAllowed, Unknown
from experiments.people import Actor
from experiments.store import insert_new


def tick(session: Session, key: str, item: str, *, actor: Actor, now: datetime, gates: Gates = USUAL) -> Card:
    """Vouch for one item of the checklist of the gate at which a card stands.

    Args:
        session: a writing session.
        key: the experiment's.
        item: the item's key.
        actor: who vouches.
        now: when, UTC.
        gates: the installation's.

    Raises:
        Unknown: no such experiment, or no such item at this gate.
        NotAllowed: the actor has no role at this gate, or wrote what is under review.
        Conflict: the card is not in review, the item is seen by the machine, or was ticked already.
    """
    card = locked_card(session, key)
    asked = next((each for each in checklist(session, card, gates) if each.key == item), None)
    if asked is None:
        raise Unknown("The checklist of %(experiment)s has no item %(item)s now.", experiment=key, item=item)
    barred = tick_bar(session, card, asked, gates, actor)
    if barred is not None:
        raise barred
    row = {
        "card_id": card.id,
        "round": card.round,
        "content_hash": card.review_hash,
        "item": item,
        "person_id": actor.person_id,
        "at": now,
    }
    statement = insert_new(session, Tick, ("card_id", "round", "content_hash", "item"))
    if session.scalar(statement.returning(Tick.id), row) is None:
        raise Conflict("Somebody else ticked this just now.")
    audit.record(
        session,
        actor=actor.name,
        verb="tick",
        subject=f"experiment:{key}",
        now=now,
        item=item,
        round=card.round,
        content_hash=card.review_hash,
    )
    return card


def tick_bar(session: Session, card: Card, item: Item, gates: Gates, actor: Actor) -> Conflict | NotAllowed | None:
    """Say why an actor may not tick an item; None when they may: what the page offers, and what the verb holds to."""
    if card.review != Review.IN_REVIEW:
        return Conflict("Items are ticked while a card is in review.")
    if not item.by_hand:
        return Conflict("This is seen by the machine: “%(item)s” is ticked by nobody.", item=item.words)
    if item.done:
        return Conflict(
            "This was ticked already: %(person)s did, %(at)s.",
            person=item.by,
            at=item.at.isoformat() if item.at else "",
        )
    roles = gates.roles(card.stage)
    if actor.person_id is None or not actor.has(roles):
        return NotAllowed("This needs one of the roles %(roles)s.", roles=", ".join(roles))
    if actor.name in writers(session, card):
        return NotAllowed("You wrote or edited this: somebody else has to vouch for it.")
    return None
