"""What any test may ask for: an empty, migrated store on SQLite and on PostgreSQL, and a browser."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings
from playwright.sync_api import Browser
from sqlalchemy import URL, make_url

from experiments.do.assignments import Floor
from experiments.store import Store
from migrations.run import upgrade
from tests import pace, scratch
from tests.browser import chromium
from tests.histories import Histories, History, before
from tests.postgres import Databases, temporary_server

scratch.in_memory()
pace.hasten()
settings.register_profile("house", deadline=None)  # a machine shared with other test processes keeps no deadlines
settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: each goes to one test process as a whole, in this order."""
    place = {Path(__file__).parent / name: number for number, name in enumerate(pace.LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """Give an empty store; the test runs once on each database."""
    on_this_database: Store = request.getfixturevalue(f"{request.param}_store")
    return on_this_database


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_url(request: pytest.FixtureRequest) -> str:
    """Give the address of a database without a single table, for migrations and commands; runs once on each."""
    address: str = request.getfixturevalue(f"{request.param}_blank_url")
    return address


@pytest.fixture
def sqlite_store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    """Give an empty store on SQLite, for tests that need only one database."""
    yield from _opened(_sqlite(shutil.copy(sqlite_template, tmp_path / "store.db")))


@pytest.fixture
def postgresql_store(databases: Databases, postgresql_template: str) -> Iterator[Store]:
    """Give an empty store on PostgreSQL, for tests that need only one database."""
    with databases.new(postgresql_template) as address:
        yield from _opened(_text(address))


@pytest.fixture(params=["sqlite", "postgresql"])
def history(request: pytest.FixtureRequest) -> History:
    """Lend floors on which something has happened; the test runs once on each database."""
    on_this_database: History = request.getfixturevalue(f"{request.param}_history")
    return on_this_database


@pytest.fixture
def floor(request: pytest.FixtureRequest, history: History) -> Floor:
    """Give a centre where nothing has happened but what the mark `after` says; runs once on each database."""
    return before(request, history)


@pytest.fixture
def sqlite_floor(sqlite_history: History) -> Floor:
    """Give a centre on SQLite, for tests that need only one database."""
    return sqlite_history.floor()


@pytest.fixture
def sqlite_history(sqlite_histories: Histories) -> Iterator[History]:
    with ExitStack() as until:
        yield History(sqlite_histories, until)


@pytest.fixture
def postgresql_history(postgresql_histories: Histories) -> Iterator[History]:
    with ExitStack() as until:
        yield History(postgresql_histories, until)


@pytest.fixture
def sqlite_blank_url(tmp_path: Path) -> str:
    return _sqlite(tmp_path / "blank.db")


@pytest.fixture
def postgresql_blank_url(databases: Databases) -> Iterator[str]:
    with databases.new() as address:
        yield _text(address)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Give a headless Chromium; a test opens a context of its own in it.

    Playwright keeps an event loop running in this thread from here on, so a test in the same process that calls
    `asyncio.run` must do that in another thread.
    """
    with chromium(tmp_path_factory.getbasetemp().parent) as running:
        yield running


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Give a PostgreSQL server to make databases on: a test process's own, or SCRIPTBENCH_TEST_POSTGRES_URL's."""
    if elsewhere := os.environ.get("SCRIPTBENCH_TEST_POSTGRES_URL"):
        yield Databases(make_url(elsewhere))
    else:
        with temporary_server() as address:
            yield Databases(address)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one SQLite database, of which each test copies the file."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    upgrade(_sqlite(path))
    return path


@pytest.fixture(scope="session")
def postgresql_template(databases: Databases) -> Iterator[str]:
    """Migrate one PostgreSQL database, of which each test is given a clone."""
    with databases.new() as address:
        upgrade(_text(address))
        assert address.database
        yield address.database


@pytest.fixture(scope="session")
def sqlite_histories(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Histories]:
    folder = tmp_path_factory.mktemp("histories")

    @contextmanager
    def copy(name: str) -> Iterator[tuple[str, str]]:
        path = Path(shutil.copy(name, folder / f"{uuid4().hex}.db"))
        yield _sqlite(path), str(path)
        for file in folder.glob(f"{path.name}*"):  # its log and shared memory too, where a process was killed
            file.unlink()

    with ExitStack() as lasting:
        yield Histories(str(sqlite_template), copy, lasting)


@pytest.fixture(scope="session")
def postgresql_histories(databases: Databases, postgresql_template: str) -> Iterator[Histories]:
    @contextmanager
    def copy(name: str) -> Iterator[tuple[str, str]]:
        with databases.new(name) as address:
            assert address.database
            yield _text(address), address.database

    with ExitStack() as lasting:
        yield Histories(postgresql_template, copy, lasting)


def _opened(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.dispose()


def _sqlite(path: Path | str) -> str:
    return f"sqlite:///{path}"


def _text(address: URL) -> str:
    return address.render_as_string(hide_password=False)
