"""The least that is durable: one short row a call under our own group commit, without the framework.

Nobody is asked who she is, nothing is checked, chosen, hashed or counted. What this reaches is what the server, the
interpreter's threads and the disk leave for all of that.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Column, MetaData, String, Table, Uuid

from configs.settings import Settings
from experiments.appending import Appending
from experiments.commits import GroupCommit
from experiments.store import Store, new_id, single_file

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CALLS = Table(
    "least_call", MetaData(), Column("id", Uuid, primary_key=True), Column("call_id", String(255), unique=True)
)
APPENDING = Appending(CALLS, ("call_id",))
ANSWER = json.dumps({"scenario": "any", "arm": "control", "invite": True}).encode()
HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(ANSWER)))]


store = Store(Settings().url)
with store.write() as session:
    single_file(session, "least")  # the workers start at the same time
    CALLS.create(session.connection(), checkfirst=True)


def keep(rows: Sequence[tuple[UUID, str]]) -> Sequence[Any]:
    store.append(APPENDING, rows)
    return rows


together = GroupCommit(keep, turn=lambda: store.turn)


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] == "POST":
        asked = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        together.put((new_id(datetime.now(UTC)), asked["call_id"]))
    start_response("200 OK", HEADERS)
    return [ANSWER]
