"""Listening to what is asked of the database: which statements touch facts."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

FACTS = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+\"?(?:assignment|outcome)\b", re.IGNORECASE)


@contextmanager
def facts_asked() -> Iterator[list[str]]:
    """Collect the statements that touch facts, on whatever engine, while the block runs."""
    asked: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if FACTS.search(statement):
            asked.append(statement)

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
