"""Our own server for desks, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask

from experiments.do.assignments import Floor
from tests.builders import a_running_experiment
from tests.web.conftest import Clock, an_application, store_of


@pytest.fixture
def app(floor_on_both: Floor, tmp_path: Path, clock: Clock) -> Iterator[APIFlask]:
    a_running_experiment(floor_on_both)
    app = an_application(floor_on_both.store, tmp_path / "instance", clock)
    yield app
    store_of(app).dispose()
