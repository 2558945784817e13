"""How fast batches of outcomes are kept, with all the product does to them, beside the database's way of loading rows.

The rival writes ready rows into the same table, with its constraints and indexes, and checks nothing: COPY on
PostgreSQL, executemany on SQLite. Both are durable. Large tables are filled with facts of another source first.
"""

import gc
import os
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from experiments.do import attribution, recording
from experiments.do.assignments import Floor
from experiments.do.telling import Teller, read
from experiments.store import Store
from migrations.run import upgrade
from tests.bench import disk
from tests.builders import a_call, a_floor, a_running_experiment, assigned
from tests.postgres import Databases, temporary_server
from web.client.ids import new_id

BATCH = 10_000
KINDS = ("resolved", "invited", "accepted", "handled", "converted")
NUMBERS = {"handled": 240, "converted": 90_000}


def ingest(rounds: int, large: int) -> None:
    """Print every figure of taking outcomes in, on SQLite and on PostgreSQL."""
    gc.freeze()  # as the server does
    with tempfile.TemporaryDirectory() as folder:
        compare("SQLite", f"sqlite:///{Path(folder) / 'scriptbench.db'}", Path(folder), rounds, large)
    with (
        tempfile.TemporaryDirectory() as folder,
        temporary_server(durable=True) as admin,
        Databases(admin).new() as address,
    ):
        compare("PostgreSQL", address.render_as_string(hide_password=False), Path(folder), rounds, large)


def compare(name: str, url: str, folder: Path, rounds: int, large: int) -> None:
    """Print the figures on one kind of database."""
    upgrade(url)
    floor = a_floor(Store(url))
    a_running_experiment(floor)
    calls = _some_calls(floor)
    print(f"{name}; {os.getloadavg()[0]:.1f} processes were running on {os.cpu_count()} cores; {disk.probe(folder)}")
    empty = _turns(f"{name}, batches of {BATCH}", floor, calls, rounds)
    tracemalloc.start()
    _timed(lambda: _ours(floor, _facts(calls)))
    print(f"  a batch takes {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB at its peak")
    tracemalloc.stop()
    if large:
        for start in range(0, large, 100_000):
            _raw(floor.store, _rows(floor, _facts(calls, 100_000), f"filling-{start}"))
        print(f"  {large} facts are there now; {disk.probe(folder)}")
        full = _turns(f"{name}, into {large} facts", floor, calls, rounds)
        print(f"  a second ÷ into an empty table: {empty / full:.2f} with ids in order")
        random_ids = statistics.median(
            _timed(lambda: _ours(floor, _facts(calls, make_id=lambda: str(uuid4())))) for _ in range(rounds)
        )
        print(f"  … and {empty / random_ids:.2f} with random ones")
    floor.store.dispose()


def _turns(what: str, floor: Floor, calls: Sequence[str], rounds: int) -> float:
    """Time the rival and ours in turns; give our median seconds."""
    took = []
    for number in range(rounds + 1):
        rows = _rows(floor, _facts(calls), f"raw-{what}-{number}"[:60])
        facts = _facts(calls)
        took.append((_timed(partial(_raw, floor.store, rows)), _timed(partial(_ours, floor, facts))))
    took = took[1:]  # the first of all warms up
    ratios = sorted(raw / ours for raw, ours in took)
    ours = statistics.median(ours for _, ours in took)
    print(
        f"  {what}: {BATCH / ours:.0f} facts/s; ÷ rows loaded as they are: {statistics.median(ratios):.2f} "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )
    return ours


def _ours(floor: Floor, facts: list[dict[str, Any]]) -> None:
    receipt = recording.deliver(floor.store, "desk", facts, pseudonyms=floor.pseudonyms, now=datetime.now(UTC))
    if receipt.accepted != len(facts):
        raise RuntimeError(f"{receipt.accepted} of {len(facts)} facts were accepted")


def _raw(store: Store, rows: Sequence[Sequence[Any]]) -> None:
    driver: Any = store.engine.raw_connection()
    columns = recording.APPENDING.columns
    try:
        if store.engine.dialect.name == "postgresql":
            with driver.cursor() as cursor, cursor.copy(f"COPY outcome ({', '.join(columns)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            driver.commit()
        else:
            marks = ", ".join("?" * len(columns))
            driver.execute("BEGIN IMMEDIATE")
            driver.executemany(f"INSERT INTO outcome ({', '.join(columns)}) VALUES ({marks})", rows)
            driver.execute("COMMIT")
    finally:
        driver.close()


def _rows(floor: Floor, facts: list[dict[str, Any]], source: str) -> list[Sequence[Any]]:
    """Make rows ready as the database takes them."""
    told = [fact for _, fact in read(Teller(source, {}, floor.pseudonyms, datetime.now(UTC)), facts).facts]
    with floor.store.read() as session:
        owners = attribution.owners(session, told)
    rows: list[Sequence[Any]] = [
        (*fact[:4], owner.customer_hash, *fact[5:], owner.assignment_id)
        for fact, owner in zip(told, owners, strict=True)
        if owner is not None
    ]
    return list(recording.APPENDING.as_stored(rows)) if floor.store.engine.dialect.name == "sqlite" else rows


def _facts(calls: Sequence[str], many: int | None = None, make_id: Callable[[], str] = new_id) -> list[dict[str, Any]]:
    at = datetime.now(UTC).isoformat()
    facts = []
    for number in range(many or BATCH):
        kind = KINDS[number % len(KINDS)]
        fact = {"id": make_id(), "call_id": calls[number // len(KINDS) % len(calls)], "type": kind, "at": at}
        facts.append(fact | ({"value": NUMBERS[kind]} if kind in NUMBERS else {}))
    return facts


def _some_calls(floor: Floor) -> list[str]:
    """Assign calls, of which three in five know their customer."""
    at = datetime.now(UTC)
    calls = [
        a_call(i, call_id=new_id(), customer_id=f"customer-{i}" if i % 5 < 3 else None, at=at)
        for i in range(BATCH // len(KINDS))
    ]
    assigned(floor, calls)
    return [call.call_id for call in calls]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
