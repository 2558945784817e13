"""What a centre's desktops send: calls that need a script, and facts about the calls that have one."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count, islice

from tests.bench.load import Supply, post
from tests.builders import SCENARIO

ASSIGNMENTS, OUTCOMES = "/api/v1/assignments", "/api/v1/outcomes"
EVALUATIONS = f"/ofrep/v1/evaluate/flags/{SCENARIO}"
BATCH = 1_000
AGENTS = 200
REGIONS = ("hangzhou", "ningbo", "wenzhou", "jiaxing")
RELATIONS = ("self", "self", "self", "spouse", "relative", "agent")
KINDS = ("resolved", "invited", "accepted")


def ordered_ids() -> Iterator[str]:
    """Give ids as desktops make them, UUIDs of version 7: milliseconds first, so that rows come in their order."""
    for number in count():
        milliseconds, chance = time.time_ns() // 1_000_000, os.urandom(8).hex()
        yield f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7{number % 4096:03x}-a{chance[:3]}-{chance[3:15]}"


class Desks:
    """Supplies of requests for one server, by what they are.

    Every id is new, but those of the calls that are asked for again. Facts are about calls whose assignment was sent.
    """

    def __init__(self, token: str = "") -> None:
        self._token = token
        self._ids, self._numbers = ordered_ids(), count()
        self._calls: list[str] = []
        self._assigned = self._calls_in_turn()
        self.supplies = {
            "assignments": Supply(lambda many: [self._asked(call) for call in self._called(many)]),
            "evaluations": Supply(lambda many: [self._evaluated(next(self._ids)) for _ in range(many)]),
            "repeats": Supply(lambda many: [self._asked(next(self._assigned)) for _ in range(many)]),
            "outcomes": Supply(lambda many: [self._told(1) for _ in range(many)]),
            "batches": Supply(lambda many: [self._told(BATCH) for _ in range(many)]),
        }

    def _called(self, many: int) -> list[str]:
        self._calls += (calls := [next(self._ids) for _ in range(many)])
        return calls

    def _calls_in_turn(self) -> Iterator[str]:
        for number in count():
            yield self._calls[number % (len(self._calls) - self.supplies["assignments"].left)]

    def _asked(self, call: str) -> bytes:
        fields, attributes = self._about()
        body = f'{{"call_id":"{call}","scenario":"{SCENARIO}",{fields},"attributes":{{{attributes}}}}}'
        return post(ASSIGNMENTS, body.encode(), self._token)

    def _evaluated(self, call: str) -> bytes:
        body = f'{{"context":{{"targetingKey":"{call}",{",".join(self._about())}}}}}'
        return post(EVALUATIONS, body.encode(), self._token)

    def _about(self) -> tuple[str, str]:
        """Give a call's named fields and its attributes."""
        number = next(self._numbers)
        customer = f'"customer_id":"C-{number:07}",' if number % 5 < 3 else ""
        where = f'"region":"{REGIONS[number % len(REGIONS)]}","channel":"hotline"'
        relation = f'"caller_relation":"{RELATIONS[number % len(RELATIONS)]}"'
        return f'"agent_id":"agent-{number % AGENTS}",{customer}{where}', relation

    def _told(self, many: int) -> bytes:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        return post(OUTCOMES, f'{{"outcomes":[{",".join(islice(self._facts(at), many))}]}}'.encode(), self._token)

    def _facts(self, at: str) -> Iterator[str]:
        """Tell what became of one call after the other, three facts of each."""
        for call in self._assigned:
            for kind in KINDS:
                yield f'{{"id":"{next(self._ids)}","call_id":"{call}","type":"{kind}","at":"{at}"}}'
