"""A centre for tests that leave no trace in it: opened once for a whole module, on each database."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.orm import Session

from experiments.do.assignments import Floor
from tests.builders import somebody_new
from tests.histories import Histories

ALL_ROLES = ("lead", "supervisor", "manager", "quality", "compliance", "trainer")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def centre(request: pytest.FixtureRequest) -> Iterator[Floor]:
    """Open a centre with somebody who holds every role of the board, and one more person of most roles."""
    histories: Histories = request.getfixturevalue(f"{request.param}_histories")
    with histories.after(more_people) as (floor, _):
        yield floor


def more_people(floor: Floor) -> None:
    somebody_new(floor, "everybody", *ALL_ROLES)
    for role in ("lead", "manager", "quality", "compliance"):
        somebody_new(floor, f"another_{role}", role)


@contextmanager
def undone(floor: Floor) -> Iterator[Session]:
    """Open a writing session, and take back all that was done in it."""
    with floor.store.turn, Session(floor.store.engine) as session:
        yield session
