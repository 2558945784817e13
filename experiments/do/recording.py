"""Keeping what was told: whole batches by a handful of statements, in any order and however late.

Delivering a fact twice changes nothing. Several senders' batches may share one transaction.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, bindparam, exists, select, tuple_, type_coerce, update
from sqlalchemy.orm import Session

from experiments.appending import Appending
from experiments.do import attribution, days
from experiments.do.attribution import Owner
from experiments.do.journal import Assignment, days_of_customers
from experiments.do.outcomes import OF_CUSTOMERS, Outcome
from experiments.do.pseudonyms import Pseudonyms
from experiments.do.telling import Fact, Rejection, Teller, Told, read
from experiments.plan.designs import Experiment
from experiments.plan.scenarios import Scenario
from experiments.store import Store, append_within, table_of
from experiments.wording import Message

APPENDING = Appending(table_of(Outcome), ("source", "outside_id"))

AT_ONCE = {"sqlite": 2_500, "postgresql": 10_000}
"""Facts in one transaction: on SQLite, where everybody waits for it, it lasts some 50 ms."""

Id = tuple[str, str]
"""A source and its id of a fact."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch."""

    accepted: int
    duplicates: int
    rejected: tuple[Rejection, ...]


def scenarios_of(session: Session) -> dict[str, int]:
    """Give the ids of all scenarios, by key."""
    return dict(session.execute(select(Scenario.key, Scenario.id)).all())


def record(session: Session, source: str, rows: Sequence[Any], *, pseudonyms: Pseudonyms, now: datetime) -> Receipt:
    """Keep a batch of facts within a session.

    Args:
        session: a writing session.
        source: who tells; ids are unique within it.
        rows: as `OutcomeReport` reads them, each judged by itself.
        pseudonyms: to hash customers.
        now: when they arrived, UTC.
    """
    (receipt,) = write(session, [read(Teller(source, scenarios_of(session), pseudonyms, now), rows)])
    return receipt


def deliver(store: Store, source: str, rows: Sequence[Any], *, pseudonyms: Pseudonyms, now: datetime) -> Receipt:
    """Keep a batch as `record` does, so many facts in a transaction that other writers wait for none long.

    Whoever sees this fail delivers the whole batch again: what was kept already is a duplicate then.
    """
    with store.read() as session:
        teller = Teller(source, scenarios_of(session), pseudonyms, now)
    return deliver_read(store, teller, rows)


def deliver_read(store: Store, teller: Teller, rows: Sequence[Any]) -> Receipt:
    """Keep a batch whose teller is known."""
    receipts, most = [], AT_ONCE[store.engine.dialect.name]
    for start in range(0, len(rows), most):
        told = read(teller, rows[start : start + most], first=start)
        with store.write() as session:
            receipts += write(session, [told])
    return total(receipts)


def total(receipts: Iterable[Receipt]) -> Receipt:
    """Add receipts of the parts of one batch."""
    parts = list(receipts)
    rejected = sorted((r for part in parts for r in part.rejected), key=lambda r: r.index)
    return Receipt(sum(part.accepted for part in parts), sum(part.duplicates for part in parts), tuple(rejected))


def write(session: Session, batches: Sequence[Told]) -> list[Receipt]:
    """Keep batches that were read, and say what became of each.

    Of facts with one id the first is kept; what says the same is a duplicate, what says something else is refused.
    """
    first: dict[Id, Fact] = {}
    for told in batches:
        for _, fact in told.facts:
            first.setdefault(fact[1:3], fact)
    new = _append(session, list(first.values())) if first else frozenset[str]()
    if len(new) == sum(len(told.facts) for told in batches):
        return [Receipt(len(told.facts), 0, tuple(told.rejected)) for told in batches]
    there = _payloads(session, [id_ for id_, fact in first.items() if fact.id not in new])
    return [_receipt(told, first, new, there) for told in batches]


def attach_waiting(session: Session, scenario_id: int, day: int) -> int:
    """Give facts that came before their call to the assignments of one scenario and day; say how many."""
    here = (Assignment.scenario_id == scenario_id, Assignment.day == day)
    waiting = select(Outcome).where(Outcome.assignment_id.is_(None))
    by_call = waiting.join(Assignment, Assignment.call_id == Outcome.call_id).where(*here)
    by_customer = waiting.join(Assignment, Assignment.customer_hash == Outcome.customer_hash).where(
        *here, Outcome.call_id.is_(None)
    )
    found = {o.id: o for query in (by_call, by_customer) for o in session.scalars(query)}
    return _attach(session, list(found.values()))


def _receipt(told: Told, first: Mapping[Id, Fact], new: Set[str], there: Mapping[Id, tuple[Any, ...]]) -> Receipt:
    """Say what became of a batch.

    Args:
        told: the batch.
        first: of each id the first fact that was handed in.
        new: the facts that were kept now.
        there: what is there of the other ids.
    """
    accepted = duplicates = 0
    reused: list[Rejection] = []
    for index, fact in told.facts:
        id_ = fact[1:3]
        kept = first[id_]
        if kept is fact and fact.id in new:
            accepted += 1
        elif fact.payload == (kept.payload if kept.id in new else there[id_]):
            duplicates += 1
        else:
            reused.append(_reused(index, fact.outside_id))
    return Receipt(accepted, duplicates, tuple(sorted((*told.rejected, *reused), key=lambda r: r.index)))


def _reused(index: int, outside_id: str) -> Rejection:
    message = Message("The id was used before, with another payload. A new fact needs a new id.")
    return Rejection(index, outside_id, "id_reused", message)


def _append(session: Session, facts: Sequence[Fact]) -> Set[str]:
    """Append facts with their owners, and mark the days that the new ones touch."""
    owners = attribution.owners(session, facts)
    rows = [
        (*fact, None) if owner is None else (*fact[:4], fact[4] or owner.customer_hash, *fact[5:], owner.assignment_id)
        for fact, owner in zip(facts, owners, strict=True)
    ]
    new = append_within(session, APPENDING, rows)
    _mark(session, [(f.type, f.customer_hash, o) for f, o in zip(facts, owners, strict=True) if f.id in new])
    return new


def _payloads(session: Session, ids: Sequence[Id]) -> dict[Id, tuple[Any, ...]]:
    """Read what is there under ids that were not new."""
    kept = [type_coerce(c, String) if c.name == "detail" else c for c in table_of(Outcome).columns]
    found: dict[Id, tuple[Any, ...]] = {}
    for start in range(0, len(ids), 500):
        known = tuple_(Outcome.source, Outcome.outside_id).in_(ids[start : start + 500])
        found |= {
            (row.source, row.outside_id): Fact(*row[:-1]).payload for row in session.execute(select(*kept).where(known))
        }
    return found


def _attach(session: Session, outcomes: Sequence[Outcome]) -> int:
    found = attribution.owners(session, outcomes)
    given: list[tuple[Outcome, Owner]] = [(o, w) for o, w in zip(outcomes, found, strict=True) if w is not None]
    if given:
        statement = update(table_of(Outcome)).where(Outcome.id == bindparam("key"))
        session.execute(
            statement.values(assignment_id=bindparam("owner"), customer_hash=bindparam("customer")),
            [{"key": o.id, "owner": w.assignment_id, "customer": o.customer_hash or w.customer_hash} for o, w in given],
        )
        _mark(session, [(o.type, o.customer_hash, w) for o, w in given])
    return len(given)


def _mark(session: Session, facts: Sequence[tuple[str, str | None, Owner | None]]) -> None:
    """Mark the days of facts' calls, and those from which an experiment by customer counts what the customer did.

    What a customer did counts there though it belongs to no call: she bought without calling about that.
    """
    touched = {(owner.scenario_id, owner.day) for _, _, owner in facts if owner}
    told = ((hers, owner) for kind, hers, owner in facts if kind in OF_CUSTOMERS)
    customers = {hers or (owner.customer_hash if owner else None) for hers, owner in told} - {None}
    if customers and session.scalar(select(exists().where(Experiment.unit == "customer"))):
        touched |= days_of_customers(session, (each for each in customers if each is not None))
    days.mark(session, touched)
