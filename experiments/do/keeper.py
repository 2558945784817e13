"""The journal: the durable writer. What it is handed is safe when it returns: in the database, or in the spool.

Requests that wait at the same time share a transaction. When the database is away, live calls are kept in this
machine's spool, marked as `fallback`, and brought over as soon as it is back; nothing is asked of the database
meanwhile but, by one thread, whether it is there.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from experiments.commits import GroupCommit
from experiments.do import journal, notes, recording, waiting
from experiments.do.discrepancies import Found
from experiments.do.journal import Origin, Record
from experiments.do.notes import Notes
from experiments.do.recording import Receipt
from experiments.do.serving import Reason
from experiments.do.spool import Spool, Spooled
from experiments.do.telling import Teller, Told, read
from experiments.errors import Unavailable
from experiments.store import AWAY, Store

_AT_ONCE = 500
"""Records in one transaction: on SQLite it lasts some 10 ms."""

_FEW = 100
"""Facts up to which a batch shares its transaction with others."""

_BATCHES_AT_ONCE = 25
"""Such batches in one transaction."""

_PAUSE_SECONDS = 0.5
"""How often it is asked whether the database is back."""

Result = TypeVar("Result")

Taken = tuple[Record, Callable[[Record], Sequence[Found]]]
"""A record that came late, and what is found of it once it is known which one stands for its call."""

_log = logging.getLogger(__name__)


class Journal:
    """Keeps assignments and outcomes durably.

    Args:
        store: the database.
        spool: what stands in for it while it is away; without one its absence is raised.
    """

    def __init__(self, store: Store, spool: Spool | None = None) -> None:
        self._store = store
        self._spool = spool
        self._calls = GroupCommit(self._write, turn=lambda: store.turn)
        self._batches = GroupCommit(self._write_facts, turn=lambda: store.turn, most=_BATCHES_AT_ONCE)
        self._late = GroupCommit(self._write_late, turn=lambda: store.turn, most=_BATCHES_AT_ONCE)
        self._away = False
        self._coming_back: threading.Thread | None = None
        # Held while something is put by and while the database is declared back, so that nothing is left behind.
        self._spooling = threading.RLock()
        self._ends = threading.Event()

    @property
    def away(self) -> bool:
        """Say whether calls are kept in the spool."""
        return self._away

    def append(self, records: Sequence[Record]) -> list[Record]:
        """Make records durable and give those that now stand for their calls, in the order asked.

        A record whose call was assigned in the scenario before changes nothing: the earlier one comes back.

        Raises:
            OperationalError, InterfaceError, OSError: the database is away, and the records are not live ones or there
                is no spool.
            Unavailable: the spool takes nothing either.
        """
        if len(records) <= _AT_ONCE:
            return self._calls.put(records)
        parts = [records[start : start + _AT_ONCE] for start in range(0, len(records), _AT_ONCE)]
        return [record for part in parts for record in self._calls.put(part)]

    def tell(self, teller: Teller, rows: Sequence[Any]) -> Receipt:
        """Keep a batch of facts durably, each row judged by itself; say what became of it.

        While the database is away a fact that is put by counts as accepted; whether it was there already is found out
        when it is brought over.

        Raises:
            OperationalError, InterfaceError, OSError: the database is away and there is no spool.
            Unavailable: the spool takes nothing either. What was kept of the batch is a duplicate next time.
        """
        if len(rows) <= _FEW:
            return self._batches.put(read(teller, rows))
        most = recording.AT_ONCE[self._store.engine.dialect.name]
        parts = (read(teller, rows[start : start + most], first=start) for start in range(0, len(rows), most))
        return recording.total(receipt for part in parts for receipt in self._write_facts([part]))

    def take(self, taken: Sequence[Taken]) -> None:
        """Make live records that came late durable, together with what is noted of them.

        They are there with their notes or not at all: who was to send them again may never come back.

        Raises:
            OperationalError, InterfaceError, OSError: the database is away and there is no spool.
            Unavailable: the spool takes nothing either.
        """
        if len(taken) <= _FEW:
            self._late.put(taken)
            return
        for start in range(0, len(taken), _AT_ONCE):
            self._write_late([taken[start : start + _AT_ONCE]])

    def note(self, noted: Notes) -> None:
        """Keep notes durably.

        Raises:
            OperationalError, InterfaceError, OSError: the database is away and there is no spool.
            Unavailable: the spool takes nothing either.
        """
        self._put_safely(lambda: self._write_notes(noted), lambda spool: self._put_notes_by(spool, noted))

    def lose(self, fault: BaseException) -> None:
        """Take the database for away until it answers again, after somebody found that it does not.

        Without a spool that is for whoever asks next to find out.
        """
        if self._spool is not None:
            _log.warning("the database is away: %s", type(fault).__name__)
            self._away = True
            self._come_back()

    def wake(self) -> None:
        """Bring over what the spool holds, if anything, by a thread of its own."""
        if self._spool is not None and self._spool.holds_any():
            self._come_back()

    def close(self) -> None:
        """Ask for the database no more; what the spool holds stays there."""
        self._ends.set()
        if self._coming_back is not None:
            self._coming_back.join()

    def waiting(self) -> int:
        """Say how many things wait in the spool."""
        return self._spool.count() if self._spool is not None else 0

    def settle(self) -> int:
        """Bring over what the spool holds, until it is empty; say how many things that were.

        Raises:
            OperationalError, InterfaceError, OSError: the database is still away.
        """
        brought = 0
        while True:
            while self._spool is not None and (things := self._spool.oldest(_AT_ONCE)):
                self._bring(things)
                brought += len(things)
            if not brought:
                self._store.quickly(lambda session: session.execute(select(1)))
            with self._spooling:
                if self._spool is None or not self._spool.holds_any():
                    self._away = False
                    return brought

    def _write(self, items: Sequence[Sequence[Record]]) -> list[list[Record]]:
        standing = iter(self._keep([record for item in items for record in item]))
        return [[next(standing) for _ in item] for item in items]

    def _keep(self, records: Sequence[Record]) -> list[Record]:
        if records[0].origin != Origin.LIVE:
            return journal.put(self._store, records)
        return self._put_safely(lambda: self._put(records), lambda spool: self._put_by(spool, records))

    def _write_facts(self, batches: Sequence[Told]) -> list[Receipt]:
        return self._put_safely(
            lambda: self._store.quickly(lambda session: recording.write(session, batches)),
            lambda spool: self._put_facts_by(spool, batches),
        )

    def _put_safely(self, put: Callable[[], Result], put_by: Callable[[Spool], Result]) -> Result:
        """Put something into the database, or by in the spool while that is away; without a spool that is raised."""
        if self._spool is None:
            return put()
        if not self._away:
            try:
                return put()
            except AWAY as fault:
                with self._spooling:
                    self.lose(fault)
                    return put_by(self._spool)
        with self._spooling:
            return put_by(self._spool)

    def _put_facts_by(self, spool: Spool, batches: Sequence[Told]) -> list[Receipt]:
        bodies = [waiting.facts_written(told.facts) for told in batches if told.facts]
        try:
            if bodies:
                spool.tell(waiting.FACTS, bodies)
        except AWAY as fault:
            raise Unavailable("Neither the database nor this machine's spool takes the facts. Try again.") from fault
        return [Receipt(len(told.facts), 0, tuple(told.rejected)) for told in batches]

    def _write_notes(self, noted: Notes) -> None:
        if noted.found or noted.customers:
            self._store.quickly(lambda session: notes.keep(session, noted))

    def _put_notes_by(self, spool: Spool, noted: Notes) -> None:
        try:
            if noted.found or noted.customers:
                spool.tell(waiting.NOTES, [notes.written(noted)])
        except AWAY as fault:
            raise Unavailable("Neither the database nor this machine's spool takes the facts. Try again.") from fault

    def _put_by(self, spool: Spool, records: Sequence[Record]) -> list[Record]:
        try:
            kept = spool.assign([(record.key, waiting.call_written(_as_fallback(record))) for record in records])
        except AWAY as fault:
            raise Unavailable("Neither the database nor this machine's spool takes the call. Try again.") from fault
        return [waiting.call_read(body) for body in kept]

    def _write_late(self, items: Sequence[Sequence[Taken]]) -> list[None]:
        taken = [each for item in items for each in item]
        self._put_safely(partial(self._take, taken), partial(self._take_by, taken))
        return [None for _ in items]

    def _take(self, taken: Sequence[Taken]) -> None:
        records = [record for record, _ in taken]
        spooled = self._waiting_for(records)
        new = [record for record in records if record.key not in spooled]

        def work(session: Session) -> None:
            standing = spooled | {record.key: record for record in journal.put_within(session, new)}
            notes.keep(session, _noted(taken, [standing[record.key] for record in records]))

        self._store.quickly(work)

    def _take_by(self, taken: Sequence[Taken], spool: Spool) -> None:
        # Whoever brings the answers over marks the days of their customers, whether or not the notes are there.
        standing = self._put_by(spool, [record for record, _ in taken])
        self._put_notes_by(spool, _noted(taken, standing))

    def _put(self, records: Sequence[Record]) -> list[Record]:
        """Put records into the database, but for calls whose answer still waits in the spool."""
        if self._spool is None:
            return journal.put(self._store, records)
        standing = self._waiting_for(records)
        new = [record for record in records if record.key not in standing]
        put = journal.put(self._store, new) if new else []
        standing |= {record.key: record for record in put}
        return [standing[record.key] for record in records]

    def _waiting_for(self, records: Sequence[Record]) -> dict[tuple[str, int], Record]:
        """Give the answers to calls that still wait in the spool, and make it ready for more."""
        spool = self._spool
        if spool is None:
            return {}
        spool.make_ready()
        if not spool.holds_any():
            return {}
        self._come_back()
        answers = spool.answers(record.key for record in records)
        return {key: waiting.call_read(body) for key, body in answers.items()}

    def _come_back(self) -> None:
        with self._spooling:
            if self._coming_back is None or not self._coming_back.is_alive():
                self._coming_back = threading.Thread(target=self._until_back, name="journal", daemon=True)
                self._coming_back.start()

    def _until_back(self) -> None:
        pause = 0.0
        while not self._ends.wait(pause):
            try:
                brought = self.settle()
            except AWAY:
                pause = _PAUSE_SECONDS
            else:
                _log.warning("the database is there; %s answers of meanwhile are brought over", brought)
                return

    def _bring(self, things: Sequence[Spooled]) -> None:
        spool = self._spool
        assert spool is not None  # noqa: S101 - whoever holds something waiting has one
        try:
            self._bring_over(things)
        except (IntegrityError, DataError) as fault:
            if len(things) == 1:
                _log.exception("the database will not take a spooled %s", things[0].kind)
                spool.set_aside(things[0].seq, type(fault).__name__)
                return
            for each in things:
                self._bring([each])
            return
        spool.brought([each.seq for each in things])

    def _bring_over(self, things: Sequence[Spooled]) -> None:
        """Put what waited into the database; what is there already stays."""
        calls = [waiting.call_read(each.body) for each in things if each.kind == waiting.CALL]
        facts = [waiting.facts_read(each.body) for each in things if each.kind == waiting.FACTS]
        noted = [notes.read(each.body) for each in things if each.kind == waiting.NOTES]
        if calls:
            noted.append(notes.of_spooled(calls, journal.put(self._store, calls)))
        for each in noted:
            self._write_notes(each)
        if facts:
            self._store.quickly(lambda session: recording.write(session, facts))


def _noted(taken: Sequence[Taken], standing: Sequence[Record]) -> Notes:
    found = [each for (_, judge), row in zip(taken, standing, strict=True) for each in judge(row)]
    return Notes(found, notes.customers_of(standing))


def _as_fallback(record: Record) -> Record:
    return record._replace(reason=Reason.FALLBACK.value, reason_detail=record.reason)
