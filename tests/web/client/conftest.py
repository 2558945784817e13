"""Our own server for desks, on both databases."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask
from werkzeug.serving import make_server

from experiments.do.assignments import Floor
from tests.builders import a_running_experiment
from tests.web.conftest import Clock, an_application, store_of


@pytest.fixture
def app(floor_on_both: Floor, tmp_path: Path, clock: Clock) -> Iterator[APIFlask]:
    a_running_experiment(floor_on_both)
    app = an_application(floor_on_both.store, tmp_path / "instance", clock)
    yield app
    store_of(app).dispose()


@pytest.fixture
def address(app: APIFlask) -> Iterator[str]:
    """Serve the application on a port of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()
