"""What pages and the API show of results is read from the rollup: none of them asks the facts."""

from collections.abc import Callable

import pytest
from apiflask import APIFlask

from experiments.do.assignments import Floor
from tests.builders import SCENARIO
from tests.check.listening import facts_asked
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
