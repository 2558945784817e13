"""A running application over an insurer's centre, and callers who carry tokens."""

from collections.abc import Callable, Iterator
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
from tests.builders import MONDAY, ROLES
from tests.histories import History, before
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


@pytest.fixture
def history(sqlite_history: History) -> History:
    """Lend floors on SQLite: what a door says is the same on every database."""
    return sqlite_history


@pytest.fixture
def app(floor: Floor, tmp_path: Path, clock: Clock) -> Iterator[APIFlask]:
    yield from _opened(an_application(floor.store, tmp_path / "instance", clock))


@pytest.fixture(params=["sqlite", "postgresql"])
def floor_on_both(request: pytest.FixtureRequest) -> Floor:
    """A centre; the test runs on SQLite and on PostgreSQL."""
    return before(request, request.getfixturevalue(f"{request.param}_history"))


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


def _opened(app: APIFlask) -> Iterator[APIFlask]:
    yield app
    house: House = app.extensions["scriptbench"]
    house.floor.close()


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
