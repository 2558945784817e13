"""A centre for tests that leave no trace in it: opened once for a whole module, on each database."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from experiments.do.assignments import Floor
from experiments.store import Store
from tests.builders import a_floor, somebody_new
from tests.postgres import Databases

ALL_ROLES = ("lead", "supervisor", "manager", "quality", "compliance", "trainer")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def centre(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """Open a centre with somebody who holds every role of the board, and one more person of most roles."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        copy = shutil.copy(template, tmp_path_factory.mktemp("board") / "centre.db")
        yield from _opened(Store(f"sqlite:///{copy}"))
        return
    databases: Databases = request.getfixturevalue("databases")
    with databases.new(request.getfixturevalue("postgresql_template")) as address:
        yield from _opened(Store(address.render_as_string(hide_password=False)))


def _opened(store: Store) -> Iterator[Floor]:
    floor = a_floor(store)
    somebody_new(floor, "everybody", *ALL_ROLES)
    for role in ("lead", "manager", "quality", "compliance"):
        somebody_new(floor, f"another_{role}", role)
    yield floor
    store.dispose()


@contextmanager
def undone(floor: Floor) -> Iterator[Session]:
    """Open a writing session, and take back all that was done in it."""
    with floor.store.turn, Session(floor.store.engine) as session:
        yield session
