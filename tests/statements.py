"""Statements that are put into words once for a test process, as they are once for a process that serves."""

from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.util import LRUCache

_MANY = 5000
"""More statements than all tests together know, on both databases."""


def shared() -> None:
    """Let every store use the statements that the stores before it, on the same kind of database, have compiled.

    Each test opens a store of its own, and compiling what it asks takes longer than asking it. An engine's statements
    belong to its dialect, so that is shared as well, with what it found out about its server when it first met it.
    """
    met: dict[str, Any] = {}
    compiled: LRUCache[Any, Any] = LRUCache(_MANY)

    def knowing(url: str, **how: Any) -> Engine:
        engine = create_engine(url, **how)
        name = engine.dialect.name
        engine.dialect = met.get(name, engine.dialect)
        engine.update_execution_options(compiled_cache=compiled)
        event.listen(engine, "connect", lambda _driver, _record: met.setdefault(name, engine.dialect))
        return engine

    pytest.MonkeyPatch().setattr("experiments.store.create_engine", knowing)
