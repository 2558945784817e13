"""The charts of an experiment's page: fetched when they come near, their numbers to be taken away, and the same."""

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import pytest
from apiflask import APIFlask
from playwright.sync_api import Browser, expect
from scipy.special import ndtr
from sqlalchemy import select

from experiments.audit import AuditEntry
from experiments.check import history, kept, looks
from experiments.check.analysis.staying import stay_curve
from experiments.check.health.findings import Finding, State
from experiments.check.pictures.path import Path, PathPoint, PlannedLook
from experiments.check.results import Watch, plain
from experiments.do.assignments import Floor
from experiments.plan.designs import experiment_named
from experiments.wording import Message
from tests.builders import a_draft, moved
from tests.histories import after
from tests.web.conftest import OPERATOR, Clock
from tests.web.serving import served
from tests.web.test_browser import Visit
from tests.web.visitors import NOW, Visitor, a_decided_test, a_test_under_way, a_visitor, somebody_with_a_password
from web.charts.kinds import sheet_of, table_of
from web.charts.plane import Axis, Bars, Dot, Dots, Line, PlaneChart, plane_chart
from web.charts.sheet import Column, Sheet, csv_text, twin
from web.pages.look.days import finding as days_finding
from web.pages.look.staying import finding as staying_finding
from web.pages.pictures.funnel import finding as funnel_finding
from web.pages.pictures.gallery import _KINDS
from web.pages.pictures.path import finding as path_finding

KEY = "change_benefit"
HERE = f"/experiments/{KEY}"


@pytest.fixture(autouse=True)
def _a_week_later(clock: Clock) -> None:
    clock.now = NOW


@pytest.fixture
def manager(app: APIFlask, floor: Floor) -> Visitor:
    return a_visitor(app, floor, "manager")


def numbers(visitor: Visitor, name: str) -> list[dict[str, str]]:
    answer = visitor.get(f"{HERE}/pictures/{name}.csv")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f"attachment; filename={KEY}-{name}.csv"
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


@after(a_decided_test)
class TestAFinishedTest:
    def test_every_chart_is_fetched_from_its_source_and_all_of_the_page_is_light(self, manager: Visitor) -> None:
        page = manager.get(HERE)
        sources = re.findall(r'data-source="([^"]+)"', page.text)
        kinds = {source.rsplit("/", 1)[1].split("-")[0].removesuffix(".json") for source in sources}
        assert kinds == {"path", "effects", "steps", "days", "funnel", "agents"}
        assert page.text.count("data-chart=") == len(sources) == page.text.count("data-save=")
        assert "application/json" not in page.text  # what is drawn is not in the page
        answers = [manager.get(source) for source in sources]
        for answer in answers:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert json.loads(gzip.decompress(answer.data))["item"]["version"] == version("bokeh")
        assert len(page.data) + sum(len(answer.data) for answer in answers) < 400_000

    def test_every_chart_has_a_finding_a_table_and_its_numbers(self, manager: Visitor) -> None:
        page = manager.get(HERE).text
        figures = re.findall(r'<figure class="chart" id="([^"]+)".*?</figure>', page, re.DOTALL)
        for name in figures:
            body = page.split(f'id="{name}" role="group"')[1].split("</figure>")[0]
            assert re.search(r"<figcaption[^>]*>.{15,}</figcaption>", body)
            assert '<details class="twin">' in body
            assert f'{HERE}/pictures/{name}.csv"' in body
            assert numbers(manager, name)

    def test_the_numbers_of_the_effects_are_those_of_the_look(self, manager: Visitor, floor: Floor) -> None:
        with floor.store.read() as session:
            (look,) = looks.looks_of(session, experiment_named(session, KEY))
        primary = look.content["readings"][0]["comparison"]
        row = next(row for row in numbers(manager, "effects") if row["Metric"] == "Accepted")
        told = [float(row[f"{name} (pp)"]) for name in ("Difference to control", "Interval, from", "Interval, to")]
        assert told == pytest.approx([100 * primary[name] for name in ("difference", "low", "high")], rel=1e-9)
        guarded = next(row for row in numbers(manager, "effects") if row["Allowed harm (pp)"])
        guard = look.content["watch"]["guards"][0]
        assert float(guarded["Allowed harm (pp)"]) == pytest.approx(100 * guard["margin"])

    def test_the_numbers_of_the_path_and_of_days_are_those_of_the_look(self, manager: Visitor, floor: Floor) -> None:
        with floor.store.read() as session:
            (look,) = looks.looks_of(session, experiment_named(session, KEY))
        (row,) = numbers(manager, "path")
        assert float(row["Boundary, standard errors"]) == pytest.approx(look.content["boundary"]["z"], rel=1e-9)
        p = look.content["readings"][0]["comparison"]["p_value"]
        assert 2 * ndtr(-float(row["Standard errors"])) == pytest.approx(p, rel=1e-6)
        days = look.content["explanation"]["days"][0]["days"]
        told = [float(row["Difference, points"]) for row in numbers(manager, "days-quicker")]
        assert told == pytest.approx([100 * day["difference"] for day in days], rel=1e-9)

    def test_counts_agents_and_days_all_add_up_to_the_calls_of_the_arms(self, manager: Visitor, floor: Floor) -> None:
        with floor.store.read() as session:
            totals = history.arm_totals(session, experiment_named(session, KEY))
        arms = list(totals.values())
        counted = {row.pop("Counted"): [int(cell) for cell in row.values()] for row in numbers(manager, "counts")}
        assert counted["Calls"] == [arm["calls"] for arm in arms]
        assert counted["Accepted"] == [arm["accepted"] for arm in arms]
        calls = sum(arm["calls"] for arm in arms)
        assert sum(int(row["Calls"]) for row in numbers(manager, "agents")) == calls
        with floor.store.read() as session:
            entry = session.scalars(select(AuditEntry).where(AuditEntry.verb == "download")).one()
        assert (entry.actor, entry.subject) == ("new_manager", f"chart:{KEY}/agents")  # of all these it names agents

    def test_a_chart_that_is_not_there_is_not_found_and_agents_see_none(self, app: APIFlask, floor: Floor) -> None:
        visitor = a_visitor(app, floor, "quality")
        for name in ("nonsense", "days-nobody", "steps", "__class__"):
            assert visitor.get(f"{HERE}/pictures/{name}.json").status_code == 404
            assert visitor.get(f"{HERE}/pictures/{name}.csv").status_code == 404
        agent = a_visitor(app, floor, "agent")
        assert agent.get(f"{HERE}/pictures/funnel.json").status_code == 403
        assert agent.get(f"{HERE}/pictures/counts.csv").status_code == 403


@after(a_test_under_way)
def test_while_a_test_runs_nothing_tells_its_effect(manager: Visitor) -> None:
    page = manager.get(HERE).text
    assert "No look made yet of the" in page
    for name in ("effects", "days-quicker", "steps-quicker", "segments-region-quicker", "agents"):
        assert f'id="{name}"' not in page
        assert manager.get(f"{HERE}/pictures/{name}.json").status_code == 404
        assert manager.get(f"{HERE}/pictures/{name}.csv").status_code == 404
    assert {row["Reading"] for row in numbers(manager, "path")} == {"to come"}


def test_before_the_start_there_is_no_chart(manager: Visitor, floor: Floor) -> None:
    key = a_draft(floor)
    assert "data-chart" not in manager.get(f"/experiments/{key}").text
    for kind in _KINDS:
        assert manager.get(f"/experiments/{key}/pictures/{kind}.json").status_code == 404


@after(a_test_under_way)
def test_of_data_that_cannot_be_trusted_no_arm_is_put_beside_another_stopped_or_not(
    manager: Visitor, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("pictures.ground", "look.banner"):
        monkeypatch.setattr(f"web.pages.{place}.is_broken", lambda _findings: True)
    compares_nothing(manager)
    moved(floor, KEY, "stop", "lead", reason="calls are missing", at=NOW)
    compares_nothing(manager)


def compares_nothing(manager: Visitor) -> None:
    assert {row["Arm"] for row in numbers(manager, "funnel")} == {"All arms together"}
    assert manager.get(f"{HERE}/pictures/counts.csv").status_code == 404
    page = manager.get(HERE).text
    assert "Raw counts by arm" not in page
    assert "Do not read the effects: the data cannot be trusted" in page


@pytest.fixture
def _an_english_reader(app: APIFlask) -> Iterator[None]:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        yield


@pytest.mark.usefixtures("_an_english_reader")
class TestFindings:
    def test_early_refusals_are_said_of_the_challenger_and_of_the_control(self) -> None:
        gone = {"control": {10: 20, None: 80}, "quicker": {31: 10, 12: 40, None: 50}}
        curves = [plain(stay_curve(arm, calls, independent=True, alpha=0.05)) for arm, calls in gone.items()]
        said = "After 30 seconds 60.0% have not hung up with “quicker”, 80.0% with the control"
        assert staying_finding(curves, "quicker") == said

    @pytest.mark.parametrize(
        ("trend", "said"),
        [
            ({"p_value": 0.2, "direction": "fading"}, "No trend over the days: +4.0 points in their first half"),
            ({"p_value": 0.001, "direction": "fading"}, "The effect fades: +4.0 points"),
            ({"p_value": 0.001, "direction": "growing"}, "The effect grows: +4.0 points"),
            ({"p_value": None, "direction": None}, "Too few days"),
        ],
    )
    def test_a_trend_is_said_from_where_health_says_it(self, trend: dict[str, Any], said: str) -> None:
        assert days_finding(trend | {"early": 0.04, "late": 0.02}).startswith(said)

    @pytest.mark.parametrize(
        ("made", "looks", "crossed", "said"),
        [
            (0, 1, [], "One look only, when all planned calls are in"),  # fixed horizon: nothing before the end
            (0, 2, [], "No look made yet of the 2 planned"),
            (1, 2, [False], "Look 1 of 2 is within the boundaries: nothing is decided"),
            (1, 2, [True], "“quicker” crossed the boundary at look 1"),
            (2, 2, [True, False], "“quicker” crossed the boundary at look 1"),  # what was decided stays decided
            (2, 2, [False, False], "No boundary was crossed at any of the 2 looks"),
        ],
    )
    def test_the_path_says_what_the_looks_so_far_mean(
        self, made: int, looks: int, crossed: list[bool], said: str
    ) -> None:
        planned = tuple(PlannedLook(n, n / looks, 2.0, 0.05, made=n <= made) for n in range(1, looks + 1))
        points = tuple(PathPoint("quicker", n, n / looks, 3.0, 0.003, each) for n, each in enumerate(crossed, 1))
        assert path_finding(Path(planned, points, ())).startswith(said)

    def test_the_step_with_the_most_losses_is_named_over_all_arms_but_none_that_comes_after_the_call(self) -> None:
        names = ["Eligible", "Invited", "Accepted", "Converted"]
        arms = {"control": [100, 60, 40, 1], "quicker": [100, 50, 45, 2]}
        said = "Most calls are lost before “Invited”: 90 of the 200 that got to “Eligible”"
        assert funnel_finding(names, arms, [0, 1, 2]) == said
        assert funnel_finding(names, {"control": [5, 5, 5, 5]}, [0, 1, 2]).startswith("What became of the calls")


class TestSheets:
    SHEET = Sheet(
        (Column("Who"), Column("n", "count"), Column("Rate", "share"), Column("Effect", "points", 2)),
        (("=cmd()", 1234, 0.12345678, -1.5), ("B", 0, None, None)),
    )

    def test_readers_see_rounded_numbers_and_dashes(self) -> None:
        assert twin(self.SHEET).rows == (("=cmd()", "1,234", "12.3%", "−1.50"), ("B", "0", "—", "—"))

    def test_programs_get_every_digit_nothing_for_what_is_not_known_and_no_formula(self) -> None:
        lines = csv_text(self.SHEET).splitlines()
        assert lines == ["Who,n,Rate,Effect (pp)", "'=cmd(),1234,0.12345678,-1.5", "B,0,,"]


class TestThePlane:
    CHART = PlaneChart(
        "Found",
        Axis(0, 2, ((0, "a"), (2, "c"))),
        Axis(-1, 3, ((0, "0"),)),
        (
            Line("Mean", ((0, 1), (2, 1)), "dashed"),
            Dots("One", (Dot(0, 1, 0.5, 1.5, ("x",)),)),
            Dots("Other", (Dot(1, 2, told=("y",)),), "square", "second_edge"),
            Bars("Old", ((0, 0, 2, ("z",)),)),
            Bars("Young", ((1, 0, 2, ("z",)),), fill=1),
        ),
        Sheet((Column("What"),), (("x",),)),
        ("Told",),
    )

    def test_in_grey_no_two_things_look_alike(self) -> None:
        glyphs = [item.renderers[0].glyph for item in plane_chart(self.CHART).legend[0].items]
        looks = [
            (
                type(glyph).__name__,
                *(str(getattr(glyph, name, "")) for name in ("marker", "line_dash", "hatch_pattern")),
            )
            for glyph in glyphs
        ]
        assert len(set(looks)) == len(glyphs) == 5

    def test_only_known_intervals_are_drawn_and_dots_are_hovered_over(self) -> None:
        drawn = plane_chart(self.CHART)
        whiskers = [r for r in drawn.renderers if type(r.glyph).__name__ == "Segment"]
        assert [dict(r.data_source.data) for r in whiskers] == [{"x": [0], "low": [0.5], "high": [1.5]}]
        (hover,) = [tool for tool in drawn.tools if type(tool).__name__ == "HoverTool"]
        assert len(hover.renderers) == 4

    def test_its_table_and_its_sheet_are_one(self) -> None:
        assert table_of(self.CHART) == twin(sheet_of(self.CHART))

    def test_nothing_to_draw_is_refused(self) -> None:
        with pytest.raises(ValueError, match="layers: expected at least 1"):
            plane_chart(PlaneChart("", self.CHART.across, self.CHART.up, (), self.CHART.sheet))


@after(a_decided_test)
def test_a_picture_and_its_numbers_are_saved_by_a_click_and_what_is_far_down_is_drawn_too(
    browser: Browser, app: APIFlask, floor: Floor
) -> None:
    somebody_with_a_password(floor, "wang", "manager")
    with served(app) as home, browser.new_context(locale="en", accept_downloads=True) as context:
        visit = Visit(context.new_page(), home)
        visit.watch()
        visit.sign_in("wang")
        visit.open(HERE)
        with visit.page.expect_download() as saved:
            visit.page.click("#agents [data-save]")
        assert saved.value.suggested_filename == f"{KEY}-agents.png"
        assert saved.value.path().read_bytes().startswith(b"\x89PNG")
        with visit.page.expect_download() as saved:
            visit.page.click("#agents a[download]")
        assert saved.value.suggested_filename == f"{KEY}-agents.csv"
        bars = visit.page.locator("#funnel .chart-canvas")
        bars.scroll_into_view_if_needed()
        place = bars.bounding_box()
        assert place
        told = visit.page.locator(".bk-Tooltip").get_by_text("Lost since the step before")
        for down in range(20, int(place["height"]), 6):  # the pointer walks down the chart until it meets a bar
            visit.page.mouse.move(place["x"] + place["width"] * 0.2, place["y"] + down)
            if told.count():
                break
        expect(told).to_have_count(1)
        assert (visit.errors, visit.foreign) == ([], [])


BROKEN = Finding("sample_ratio", Message("Is the split as planned?"), State.BROKEN, Message("197 : 112 units."))


@after(a_test_under_way)
def test_what_spoils_the_data_after_a_look_takes_its_effects_from_the_page(
    manager: Visitor, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_a_look(floor)
    charts = [f"{HERE}/pictures/{name}.json" for name in ("path", "effects")]
    before = manager.get(HERE).text
    assert all(chart in before and manager.get(chart).status_code == 200 for chart in charts)
    sound = kept.seen_each

    def spoilt(*given: Any, **more: Any) -> dict[int, Watch]:
        seen = sound(*given, **more)
        return {each: replace(watch, findings=(BROKEN, *watch.findings)) for each, watch in seen.items()}

    monkeypatch.setattr(kept, "seen_each", spoilt)
    page = manager.get(HERE).text
    assert "The effects of the last look are not shown" in page
    assert not any(chart in page or manager.get(chart).status_code == 200 for chart in charts)


def taken_a_look(floor: Floor) -> None:
    """Make an early look, at which nothing was wrong."""
    with floor.store.write() as session:
        experiment = experiment_named(session, KEY)
        today = floor.calendar.day(NOW)
        looks.make_look(session, experiment, today=today, final=False, actor=OPERATOR, now=NOW)
