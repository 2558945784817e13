"""Desks under load, and the ledger of what they were told: a call's answer, a fact's receipt."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any

from sqlalchemy import select

from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome
from experiments.store import Store
from tests.builders import SCENARIO
from web.client.ids import new_id
from web.client.wire import Answer, Wire

KINDS = ("resolved", "invited", "accepted")


@dataclass
class Ledger:
    """What was acknowledged, and what went wrong on the way."""

    #: by call, the assignment's id and the arm
    calls: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    facts: set[str] = field(default_factory=set)
    #: answers that a desktop could do nothing with, by status
    failed: Counter[int] = field(default_factory=Counter)
    #: times that nothing came back
    broken: int = 0
    fallback: int = 0
    slowest: float = 0.0


class Desks:
    """Threads that take one call after the other, until they are told to stop."""

    def __init__(self, address: str, token: str, many: int) -> None:
        self.ledger = Ledger()
        self._wire = Wire(address, token, timeout=10.0)
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(many)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> Ledger:
        """Let every desk finish its call; give the ledger."""
        self._ends.set()
        for thread in self._threads:
            thread.join()
        self._wire.close()
        return self.ledger

    def _work(self, number: int) -> None:
        while not self._ends.is_set():
            call = new_id()
            body = {
                "call_id": call,
                "scenario": SCENARIO,
                "agent_id": f"agent-{number}",
                "attributes": {"caller_relation": "self"},
            }
            answer = self._until_answered("/api/v1/assignments", body)
            if answer is None:
                return
            with self._lock:
                self.ledger.calls[call] = (answer["assignment_id"], answer["arm"])
                self.ledger.fallback += answer["reason"] == "fallback"
            at = datetime.now(UTC).isoformat()
            facts = [{"id": f"{call}/{kind}", "call_id": call, "type": kind, "at": at} for kind in KINDS]
            if self._until_answered("/api/v1/outcomes", {"outcomes": facts}) is None:
                return
            with self._lock:
                self.ledger.facts.update(fact["id"] for fact in facts)

    def _until_answered(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Ask again until there is an answer, as a desktop does; None when it is time to stop."""
        while True:
            answer = self._asked(path, body)
            if answer is not None and answer.status == 200:
                return dict(answer.body)
            if self._ends.is_set():
                return None
            time.sleep(0.02)

    def _asked(self, path: str, body: dict[str, Any]) -> Answer | None:
        began = time.monotonic()
        try:
            answer = self._wire.post(path, body)
        except (OSError, HTTPException):
            with self._lock:
                self.ledger.broken += 1
            return None
        with self._lock:
            self.ledger.slowest = max(self.ledger.slowest, time.monotonic() - began)
            if answer.status != 200:
                self.ledger.failed[answer.status] += 1
        return answer


def missing(url: str, ledger: Ledger) -> list[str]:
    """Name what was acknowledged and is not there, or not as it was told."""
    store = Store(url)
    with store.read() as session:
        rows = session.execute(select(Assignment.call_id, Assignment.id, Assignment.arm))
        calls = {call: (str(id_), arm or None) for call, id_, arm in rows}
        facts = Counter(session.scalars(select(Outcome.outside_id)))
    store.dispose()
    lost = [f"call {c}: told {told}, there {calls.get(c)}" for c, told in ledger.calls.items() if calls.get(c) != told]
    lost += [f"fact {fact}" for fact in ledger.facts - facts.keys()]
    lost += [f"fact {fact} is there {count} times" for fact, count in facts.items() if count > 1]
    return lost
