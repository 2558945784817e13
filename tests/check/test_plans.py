"""A day is built by its indexes, however many other days there are: how SQLite means to run each statement of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from experiments.check import rollup
from experiments.do.assignments import Floor
from tests.builders import a_running_experiment, a_week_of_calls

BY = {
    "assignment": ("ix_assignment_scenario_id_day", "ix_assignment_customer_hash_at"),
    "outcome": ("ix_outcome_assignment_id", "ix_outcome_customer_hash_type", "ix_outcome_call_id"),
    "rollup": ("PRIMARY KEY",),
}
"""What a table's rows may be found by while a day is built."""


@contextmanager
def plans() -> Iterator[list[tuple[str, str]]]:
    """Collect how each statement that fills or empties a table would be run, while the block runs."""
    seen: list[tuple[str, str]] = []

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.startswith(("INSERT", "DELETE")):
            asked = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            seen.extend((statement, step) for *_, step in asked.fetchall())

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", explain)


def table_of(step: str) -> str | None:
    """Name the kind of table whose own rows a step reads; a table that was made ready aside is nobody's concern."""
    verb, name, *_ = step.split()
    if verb not in ("SCAN", "SEARCH") or name.endswith("_ready"):
        return None
    return next((table for table in BY if name.startswith(table)), None)


def test_a_day_is_found_by_its_indexes(sqlite_floor: Floor) -> None:
    store = sqlite_floor.store
    a_running_experiment(sqlite_floor, unit="customer")
    a_week_of_calls(sqlite_floor, 20, lambda _, i: i % 3 == 0, days=3)
    with store.write() as session:
        rollup.mark_all(session)
    with plans() as seen:
        rollup.rebuild_dirty(store)
    found = [(table, step, statement) for statement, step in seen if (table := table_of(step))]
    assert {table for table, _, _ in found} == set(BY)
    assert [each for each in found if not any(by in each[1] for by in BY[each[0]])] == []
