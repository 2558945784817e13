"""Key variables over the door: what the API tells and what the page says."""

import pytest
from apiflask import APIFlask

from experiments.check.variables.effects import pool_variables
from experiments.do.assignments import Floor
from tests.builders import two_finished_tests
from tests.check.test_variables import a_finished_test
from tests.histories import after
from tests.web.conftest import Caller, Callers, Clock, callers_of
from tests.web.visitors import NOW, a_decided_test, a_visitor
from web.pages.variables.forest import VariableView, variable_view


@pytest.fixture(autouse=True)
def _a_week_later(clock: Clock) -> None:
    clock.now = NOW


class TestTheApi:
    @pytest.fixture
    def reader(self, app_on_both: APIFlask, floor_on_both: Floor) -> Caller:
        two_finished_tests(floor_on_both)
        return callers_of(app_on_both)("read")

    def test_ranks_variables_by_what_they_bring_in_a_year(self, reader: Caller) -> None:
        told = reader.get("/variables").get_json()
        (metric,) = told["metrics"]
        first, last = metric["variables"]
        assert (metric["metric"], first["variable"], last["variable"]) == ("accepted", "benefit", "opening")
        assert first["gain"] == pytest.approx(first["expected"] * first["yearly_calls"])
        assert (first["rank"], first["pooled"]["experiments"], first["pooled"]["low"]) == (1, 1, None)
        assert first["tests"][0]["experiment"] == "change_benefit"
        assert told["omitted"] == []
        other = reader.get("/variables?method=dersimonian-laird").get_json()
        assert other["metrics"][0]["everything"]["method"] == "dersimonian-laird"

    def test_refuses_an_estimate_that_it_does_not_know(self, caller: Callers) -> None:
        refused = caller("read").get("/variables?method=guess")
        assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "method")

    def test_knows_nothing_before_the_first_test_has_finished(self, caller: Callers) -> None:
        assert caller("read").get("/variables").get_json() == {"metrics": [], "omitted": []}


class TestThePage:
    def test_teaches_what_will_stand_here_before_the_first_test_has_finished(self, app: APIFlask, floor: Floor) -> None:
        page = a_visitor(app, floor, "lead").get("/variables").text
        assert "No finished test yet" in page
        assert "<figure" not in page

    @after(a_decided_test)
    def test_one_test_is_shown_but_ranks_nothing(self, app: APIFlask, floor: Floor) -> None:
        page = a_visitor(app, floor, "lead").get("/variables").text
        assert "One finished test: from the second on, variables can be ranked" in page
        assert "Benefit, in its one test: +" in page
        assert "Chance to be the best" in page
        assert "drawn in:" not in page

    @after(two_finished_tests)
    def test_two_variables_are_ranked_with_their_denominators(self, app: APIFlask, floor: Floor) -> None:
        page = a_visitor(app, floor, "lead").get("/variables").text
        assert page.index('href="#metric-1-benefit"') < page.index('href="#metric-1-opening"')
        assert "of 43,800 eligible calls a year in 1 call type" in page
        assert "Of all eligible calls, asked or not" in page

    def test_agents_do_not_see_it(self, app: APIFlask, floor: Floor) -> None:
        assert a_visitor(app, floor, "agent").get("/variables").status_code == 403


class TestOneVariable:
    def seen(self, app: APIFlask, *values: float) -> VariableView:
        (effect,) = pool_variables([a_finished_test(value) for value in values]).variables
        with app.test_request_context(headers={"Accept-Language": "en"}):
            return variable_view(effect, "v", "Benefit", "Accepted", "Of all eligible calls")

    @pytest.mark.parametrize(
        ("values", "finding", "rows"),
        [
            # its one test, and nothing pooled
            ((0.08,), "Benefit, in its one test: +8.0 pp on “Accepted”", 1),
            # two tests and their mean, too wide to say anything
            ((0.10, 0.06), "2 tests do not say yet which way Benefit moves “Accepted”", 3),
            # three tests, their mean and what a fourth may bring
            ((0.08, 0.09, 0.10), "Benefit lifts “Accepted”: +9.0 pp over 3 tests", 5),
            ((-0.08, -0.09, -0.10), "Other words for Benefit lower “Accepted”: −9.0 pp over 3 tests", 5),
        ],
    )
    def test_its_chart_says_the_finding_over_its_tests(
        self, app: APIFlask, values: tuple[float, ...], finding: str, rows: int
    ) -> None:
        figure = self.seen(app, *values).figure
        assert (figure.title, len(figure.table.rows)) == (finding, rows)

    def test_two_tests_predict_nothing_and_say_so(self, app: APIFlask) -> None:
        (note,) = self.seen(app, 0.10, 0.06).notes
        assert note.startswith("Two tests cannot say how much effects differ")

    def test_from_three_on_it_says_how_far_they_agree_and_where_the_next_will_be(self, app: APIFlask) -> None:
        agreement, ahead, course = self.seen(app, 0.02, 0.08, 0.14).notes
        assert "89% is more than chance (I²); true effects spread by about 5.7 pp" in agreement
        assert "lies within [−76.3, +92.3]" in ahead
        assert course == "From test to test the effect moves no more than chance would have it."
