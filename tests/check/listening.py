"""Listening to what is asked of the database: which statements touch facts, or units."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

FACTS = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+\"?(?:assignment|outcome)\b", re.IGNORECASE)


UNITS = re.compile(r"\brollup_unit\b")

ANYTHING = re.compile("")

CHANGES = re.compile(r"^\s*(?:INSERT|UPDATE|DELETE)\b", re.IGNORECASE)


@contextmanager
def asked(what: re.Pattern[str], *, within_writing: bool = False) -> Iterator[list[str]]:
    """Collect the statements in which something is found, on whatever engine, while the block runs.

    Args:
        what: is looked for.
        within_writing: whether only what is asked by sessions that may write counts.
    """
    found: list[str] = []

    def listen(connection: Connection, _cursor: Any, statement: str, *_more: Any) -> None:
        reads_only = connection.get_execution_options().get("reads_only", False)
        if what.search(statement) and not (within_writing and reads_only):
            found.append(statement)

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", listen)


def facts_asked() -> AbstractContextManager[list[str]]:
    """Collect the statements that touch facts while the block runs."""
    return asked(FACTS)
