"""A running application over an insurer's centre, and callers who carry tokens."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from configs.settings import Settings
from experiments import people
from experiments.do.assignments import Floor
from experiments.store import Store
from tests.builders import MONDAY, ROLES, a_floor, a_running_experiment
from tests.postgres import Databases
from tests.web.serving import served
from web.application import create_app
from web.house import House

OPERATOR = people.system("test")


class Clock:
    """Tells the time a test set."""

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


class Caller:
    """Somebody at the API: sends JSON with a token and gives back status and body."""

    def __init__(self, client: FlaskClient, token: str | None = None, language: str = "en") -> None:
        self._client = client
        self._headers = {"Accept-Language": language} | ({"Authorization": f"Bearer {token}"} if token else {})

    def get(self, path: str) -> TestResponse:
        return self._client.get(f"/api/v1{path}", headers=self._headers)

    def post(self, path: str, body: Any = None, method: str = "POST", **more: Any) -> TestResponse:
        sent = more or {"json": {} if body is None else body}
        return self._client.open(f"/api/v1{path}", method=method, headers=self._headers, **sent)

    def put(self, path: str, body: Any) -> TestResponse:
        return self.post(path, body, method="PUT")


def an_application(store: Store, folder: Path, clock: Clock) -> APIFlask:
    """Open the house over a store that holds a centre; the floor of tests and of the house hash alike."""
    url = store.engine.url.render_as_string(hide_password=False)
    settings = Settings(environment="demo", instance=folder, database_url=url, unit_key=_KEY, spool_reserve=0)
    return create_app(settings, clock)


_KEY = "a key that only the tests know"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def centre(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Floor]:
    """Open a centre on SQLite once; each test copies its file."""
    path = tmp_path_factory.mktemp("centre") / "centre.db"
    shutil.copy(sqlite_template, path)
    floor = a_floor(Store(f"sqlite:///{path}"))
    floor.store.dispose()
    return path, floor


@pytest.fixture
def floor(centre: tuple[Path, Floor], tmp_path: Path) -> Iterator[Floor]:
    """A centre on SQLite."""
    store = Store(f"sqlite:///{shutil.copy(centre[0], tmp_path / 'centre.db')}")
    yield replace(centre[1], store=store)
    store.dispose()


@pytest.fixture
def app(floor: Floor, tmp_path: Path, clock: Clock) -> Iterator[APIFlask]:
    yield from _opened(an_application(floor.store, tmp_path / "instance", clock))


@pytest.fixture(scope="session")
def postgresql_centre(databases: Databases, postgresql_template: str) -> Iterator[str]:
    """Open a centre on PostgreSQL once; each test is given a clone."""
    with databases.new(postgresql_template) as address:
        a_floor(Store(address.render_as_string(hide_password=False))).store.dispose()
        assert address.database
        yield address.database


@pytest.fixture
def postgresql_floor(databases: Databases, postgresql_centre: str, centre: tuple[Path, Floor]) -> Iterator[Floor]:
    """A centre on PostgreSQL."""
    with databases.new(postgresql_centre) as address:
        store = Store(address.render_as_string(hide_password=False))
        yield replace(centre[1], store=store)
        store.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def floor_on_both(request: pytest.FixtureRequest) -> Floor:
    """A centre; the test runs on SQLite and on PostgreSQL."""
    on_this_database: Floor = request.getfixturevalue("floor" if request.param == "sqlite" else "postgresql_floor")
    return on_this_database


@pytest.fixture
def app_on_both(floor_on_both: Floor, tmp_path: Path, clock: Clock) -> Iterator[APIFlask]:
    yield from _opened(an_application(floor_on_both.store, tmp_path / "instance", clock))


@pytest.fixture
def address(app: APIFlask) -> Iterator[str]:
    """Serve the application on a port of its own."""
    with served(app) as address:
        yield address


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


def a_token(store: Store, scopes: str, login: str | None = None, **more: Any) -> str:
    """Issue a token with scopes, given as words."""
    name = f"{login or 'service'}-{scopes.replace(' ', '-')}-{more.pop('mark', '')}"
    with store.write() as session:
        return people.issue_token(session, name, scopes.split(), login=login, actor=OPERATOR, now=MONDAY, **more)


def with_a_test(floor: Floor, tmp_path: Path, clock: Clock) -> Iterator[APIFlask]:
    """Open the house over a centre in which a test is running."""
    a_running_experiment(floor)
    yield from _opened(an_application(floor.store, tmp_path / "instance", clock))


def _opened(app: APIFlask) -> Iterator[APIFlask]:
    yield app
    store_of(app).dispose()


def store_of(app: APIFlask) -> Store:
    house: House = app.extensions["scriptbench"]
    return house.store


Callers = Callable[..., Caller]


def callers_of(app: APIFlask) -> Callers:
    """Make callers with tokens: `service(scopes)`, or a named person's with `login=`."""

    def caller(scopes: str = "", login: str | None = None, language: str = "en") -> Caller:
        token = a_token(store_of(app), scopes, login, mark=language) if scopes else None
        return Caller(app.test_client(), token, language)

    return caller


@pytest.fixture
def caller(app: APIFlask) -> Callers:
    """Make callers on SQLite."""
    return callers_of(app)


@pytest.fixture
def caller_on_both(app_on_both: APIFlask) -> Callers:
    """Make callers; the test runs on both databases."""
    return callers_of(app_on_both)


@pytest.fixture
def board(app_on_both: APIFlask) -> dict[str, Caller]:
    """Give every role's person with a token of their own that may move cards, design and read."""
    make = callers_of(app_on_both)
    return {login: make("act read design", login=login) for login in ROLES}
