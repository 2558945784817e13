"""Our own server for desks, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask

from experiments.do.assignments import Floor
from tests.web.conftest import Clock, with_a_test


@pytest.fixture
def app(floor_on_both: Floor, tmp_path: Path, clock: Clock) -> Iterator[APIFlask]:
    yield from with_a_test(floor_on_both, tmp_path, clock)
