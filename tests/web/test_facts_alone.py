"""What pages and the API show of results is read from the rollup: none of them asks the facts."""

from collections.abc import Callable

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select

from experiments.check import kept
from experiments.check.kept import KeptWatch
from experiments.do.assignments import Floor
from tests.builders import SCENARIO, a_running_experiment, a_week_of_calls
from tests.check.listening import UNITS, asked, facts_asked
from tests.histories import after
from tests.web.conftest import Callers, Clock
from tests.web.visitors import NOW, a_decided_test, a_test_under_way, a_visitor

# The list of calls to listen to is made from the assignments when a listener asks for it, and shows no results.
PAGES = ("/", "/board", "/experiments", "/experiments/{key}", "/scenarios", f"/scenarios/{SCENARIO}", "/variables")
ANSWERS = ("/experiments", "/experiments/{key}", "/experiments/{key}/results")


@pytest.fixture(autouse=True)
def _a_week_later(clock: Clock) -> None:
    clock.now = NOW


@pytest.mark.parametrize("made", [a_test_under_way, a_decided_test])
def test_no_page_asks_facts(app: APIFlask, floor: Floor, made: Callable[[Floor], str]) -> None:
    key = made(floor)
    visitor = a_visitor(app, floor, "manager")
    for page in PAGES:
        with facts_asked() as asked:
            assert visitor.get(page.format(key=key)).status_code == 200, page
        assert asked == [], page


def test_what_was_kept_of_a_test_by_customer_is_shown_without_reading_its_units(
    app: APIFlask, floor: Floor, caller: Callers
) -> None:
    key = a_running_experiment(floor, unit="customer")
    a_week_of_calls(floor, 60, lambda _, number: number % 2 == 0)
    visitor, service = a_visitor(app, floor, "manager"), caller("read")
    asking = [*((visitor.get, page.format(key=key)) for page in PAGES), (service.get, ANSWERS[-1].format(key=key))]
    with asked(UNITS) as units:
        assert {get(path).status_code for get, path in asking} == {200}
    assert (bool(units), kept_rows(floor)) == (True, 0)  # it is read anew, and who only reads keeps nothing
    kept.keep_all(floor.store, today=floor.calendar.day(NOW), now=NOW)
    with asked(UNITS) as units:
        assert {get(path).status_code for get, path in asking} == {200}
    assert units == []


def kept_rows(floor: Floor) -> int:
    with floor.store.read() as session:
        return session.scalar(select(func.count()).select_from(KeptWatch)) or 0


def test_no_answer_asks_facts(floor: Floor, caller: Callers) -> None:
    key, service = a_decided_test(floor), caller("read")
    for path in ANSWERS:
        with facts_asked() as asked:
            assert service.get(path.format(key=key)).status_code == 200, path
        assert asked == [], path


@after(a_test_under_way)
def test_the_results_say_how_far_each_source_reaches(app: APIFlask, floor: Floor, caller: Callers) -> None:
    key = "change_benefit"
    (desk,) = caller("read").get(f"/experiments/{key}/results").get_json()["sources"]
    page = a_visitor(app, floor, "manager").get(f"/experiments/{key}").text
    assert (desk["source"], desk["facts"], desk["newest_received_at"]) == ("desk", 1260, "2026-11-08T04:00:00Z")
    assert "Data as of, by source" in page
    assert "8 Nov 2026, 12:00" in page
