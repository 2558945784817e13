"""What a desktop calls: `assign` waits for the server, `report` for nobody."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .errors import Refused, Unreachable
from .ids import new_id
from .queue import Queue, Refusal
from .sending import Sender
from .wire import RETRY, Answer, Wire

_PAUSE = 0.05  # seconds before a first second try: an agent waits


@dataclass(frozen=True, slots=True)
class Script:
    """What a call is served, and why. `steps` are (element, text) in the order they are said."""

    assignment_id: str
    call_id: str
    scenario: str
    experiment: str | None
    arm: str | None
    reason: str
    reason_detail: str | None
    invite: bool
    key: str
    version: int
    locale: str
    steps: tuple[tuple[str, str], ...]
    agent_shift: str
    traffic_revision: int
    assigned_at: datetime


class Desk:
    """One desktop's, or one system's, way to the server; its threads may share it.

    Args:
        address: of the server, as `https://desk.example`.
        token: with the scopes `assign` and `report`.
        queue: the file in which facts wait; None keeps them in memory, where a killed process loses them.
        timeout: seconds that a single request may take.
        patience: seconds within which `assign` has to be answered, second tries included. An answer that has begun
            is read to its end, as long as its bytes follow one another within these seconds.
        most: facts that may wait.
    """

    def __init__(
        self,
        address: str,
        token: str,
        *,
        queue: Path | None = None,
        timeout: float = 10.0,
        patience: float = 2.0,
        most: int = 100_000,
    ) -> None:
        self._wire = Wire(address, token, timeout)
        self._patience = patience
        self._queue = Queue(queue, most)
        self._sender = Sender(self._wire, self._queue)

    def assign(self, call_id: str, scenario: str, agent_id: str, **more: Any) -> Script:
        """Ask which script to read in a call. Asking again gives the same answer.

        Args:
            call_id: the call's own id.
            scenario: the kind of call.
            agent_id: who takes it.
            **more: customer_id, team, region, channel, locale, attributes.

        Raises:
            Refused: the server says no, and why.
            Unreachable: it did not answer within the desk's patience.
        """
        asked = {"call_id": call_id, "scenario": scenario, "agent_id": agent_id, **more}
        give_up, pause = time.monotonic() + self._patience, _PAUSE
        while (left := give_up - time.monotonic()) > 0:
            answer = self._asked(asked, left)
            if answer is not None and answer.status == 200 and "script" in answer.told:
                return _script(answer.body)
            if answer is not None and answer.status not in RETRY and answer.status != 200:
                raise _refused(answer)
            wait = pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads desktops, hides nothing
            time.sleep(max(0.0, min(wait, give_up - time.monotonic())))
            pause *= 2
        raise Unreachable(f"no answer for {call_id} within {self._patience} s")

    def report(
        self,
        kind: str,
        *,
        call_id: str | None = None,
        customer_id: str | None = None,
        at: datetime | None = None,
        value: int | None = None,
        scenario: str | None = None,
        target_channel: str | None = None,
        detail: Mapping[str, Any] | None = None,
        id: str | None = None,  # noqa: A002 - what the API calls it
    ) -> str:
        """Tell one fact about a call or a customer; it is kept when this returns, and sent in the background.

        Args:
            kind: its type: resolved, invited, accepted, declined, converted …
            call_id: of which call; or
            customer_id: of which customer.
            at: when it happened, with its zone; now when it is not said.
            value: a whole number in the smallest unit: seconds, fen, points.
            scenario: of the call, where it was served in several.
            target_channel: where to.
            detail: what else.
            id: the fact's id, where another system made it; made here once otherwise.

        Returns:
            The fact's id.

        Raises:
            QueueFull: so many facts wait that no more are taken.
            TypeError, ValueError: `at` has no zone, or `detail` holds what JSON cannot say.
        """
        moment = at or datetime.now(UTC)
        if moment.tzinfo is None:
            raise ValueError(f"at must have a zone, got {moment.isoformat()}")
        fact = {"id": id or new_id(), "type": kind, "at": moment.isoformat()}
        more = {
            "call_id": call_id,
            "customer_id": customer_id,
            "value": value,
            "scenario": scenario,
            "target_channel": target_channel,
            "detail": dict(detail) if detail is not None else None,
        }
        self._queue.put(fact | {name: each for name, each in more.items() if each is not None})
        self._sender.nudge()
        return str(fact["id"])

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until every fact is delivered or refused; False when some seconds were not enough."""
        return self._sender.flush(timeout)

    def waiting(self) -> int:
        """Count the facts that wait."""
        return len(self._queue)

    def refused(self) -> list[Refusal]:
        """Give the facts that the server would not take, and why; they are not sent again."""
        return self._queue.refused()

    def close(self) -> None:
        """Stop sending. What waits stays in the queue's file for the next desk."""
        self._sender.close()
        self._queue.close()
        self._wire.close()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give what waits a few seconds to go out, and stop."""
        self.flush(timeout=5.0)
        self.close()

    def _asked(self, asked: Mapping[str, Any], left: float) -> Answer | None:
        try:
            return self._wire.post("/api/v1/assignments", asked, timeout=left)
        except (OSError, HTTPException):
            return None


def _script(told: Mapping[str, Any]) -> Script:
    words = told["script"]
    own = ("key", "version", "locale", "steps", "assigned_at")
    return Script(
        **{name: told[name] for name in Script.__dataclass_fields__ if name not in own},
        key=words["key"],
        version=words["version"],
        locale=words["locale"],
        steps=tuple((step["element"], step["text"]) for step in words["steps"]),
        assigned_at=datetime.fromisoformat(told["assigned_at"]),
    )


def _refused(answer: Answer) -> Refused:
    told = answer.told
    detail, errors = str(told.get("detail", "")), told.get("errors", [])
    return Refused(answer.status, str(told.get("code", "refused")), detail, errors)
