"""What a process that serves does once, done once by a test process too, however many applications it opens."""

from types import CodeType
from typing import Any

import pytest
from apiflask import APIFlask
from argon2 import PasswordHasher
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.util import LRUCache

from experiments import people

_STATEMENTS = 5000
"""More than all tests together ask, on both databases."""

THE_PRODUCTS_HASHER = people._hasher
"""What makes a password slow to guess, for the tests of that."""

LONGEST = (
    "web/test_openapi.py",
    "web/test_whole_cycle.py",
    "bench/test_serving.py",
    "house/test_lint.py",
    "web/test_browser.py",
    "faults/test_kills.py",
    "board/test_histories.py",
    "imports/test_loop.py",
    "test_demo.py",
    "test_readme.py",
    "notices/test_kills.py",
    "check/test_recount.py",
    "check/test_late.py",
    "web/test_desk_browser.py",
    "web/test_studio_browser.py",
    "web/test_pictures.py",
    "act/test_rollouts.py",
    "web/test_control.py",
    "web/test_errors.py",
    "web/test_board_page.py",
    "web/features/test_parity.py",
)
"""Files that take ten seconds and more: begun last, one of them keeps one process busy while the others are done."""

_for_good = pytest.MonkeyPatch()


def hasten() -> None:
    """Let tests of everything else wait for none of this."""
    _share_statements()
    _share_templates()
    _hash_quickly()


def _share_statements() -> None:
    """Let every store use the statements that the stores before it, on the same kind of database, have compiled.

    Each test opens a store of its own, and compiling what it asks takes longer than asking it. An engine's statements
    belong to its dialect, so that is shared as well, with what it found out about its server when it first met it.
    """
    met: dict[str, Any] = {}
    compiled: LRUCache[Any, Any] = LRUCache(_STATEMENTS)

    def knowing(url: str, **how: Any) -> Engine:
        engine = create_engine(url, **how)
        name = engine.dialect.name
        engine.dialect = met.get(name, engine.dialect)
        engine.update_execution_options(compiled_cache=compiled)
        event.listen(engine, "connect", lambda _driver, _record: met.setdefault(name, engine.dialect))
        return engine

    _for_good.setattr("experiments.store.create_engine", knowing)


def _share_templates() -> None:
    """Let every application use the templates that those before it have compiled."""
    _for_good.setitem(APIFlask.jinja_options, "bytecode_cache", _Compiled())


def _hash_quickly() -> None:
    """Make hashing a password as cheap as it goes: most tests only want somebody to be signed in."""
    _for_good.setattr(people, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class _Compiled(BytecodeCache):
    """Keeps the code of templates in memory, each by its name and by a sum over its text."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._kept[bucket.key, bucket.checksum] = bucket.code
