"""People at the pages: they sign in with a password, and their forms carry the token that pages give out."""

import re
from datetime import timedelta

from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from experiments import people
from experiments.board import cards
from experiments.check import looks
from experiments.do.assignments import Answer, Floor
from tests.builders import (
    MONDAY,
    PASSWORD,
    a_running_experiment,
    a_week_of_calls,
    moved,
)
from tests.web.conftest import OPERATOR

NOW = MONDAY + timedelta(days=7, hours=2)
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Visitor:
    """Somebody with a browser that keeps cookies and knows no scripts."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, **form: str) -> TestResponse:
        found = TOKEN.search(self.client.get("/sign-in").text)
        assert found
        return self.client.post(path, data={**form, "csrf_token": found[1]})

    def sign_in(self, name: str, password: str = PASSWORD, **more: str) -> TestResponse:
        return self.post("/sign-in", name=name, password=password, **more)


def somebody_with_a_password(floor: Floor, login: str, *roles: str, locale: str = "en") -> str:
    """Let another person in, who can really sign in."""
    with floor.store.write() as session:
        people.add_person(
            session, login, f"{login.title()} Wang", PASSWORD, roles, locale=locale, actor=OPERATOR, now=MONDAY
        )
    return login


def a_visitor(app: APIFlask, floor: Floor, *roles: str, locale: str = "en") -> Visitor:
    """Sign somebody with these roles in."""
    visitor = Visitor(app.test_client())
    assert visitor.sign_in(somebody_with_a_password(floor, f"new_{roles[0]}", *roles, locale=locale)).status_code == 303
    return visitor


def a_test_under_way(floor: Floor) -> str:
    """A week of calls in which the challenger does better, and no look yet."""
    key = a_running_experiment(floor)
    a_week_of_calls(floor, 60, _better)
    return key


def a_decided_test(floor: Floor) -> str:
    """The final look is made and the test has ended; the results are open."""
    key = a_test_under_way(floor)
    with floor.store.write() as session:
        experiment = cards.card_of(session, key).experiment
        today = floor.calendar.day(NOW)
        looks.make_look(session, experiment, today=today, final=True, actor=people.system("jobs"), now=NOW)
    moved(floor, key, "end", "jobs", at=NOW)
    return key


def _better(answer: Answer, number: int) -> bool:
    return number % 10 < (8 if answer.arm == "quicker" else 4)
