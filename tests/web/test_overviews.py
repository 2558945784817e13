"""What the home page and the scenarios' pages tell at a glance: days left, alerts, ranks, versions word by word."""

import gzip
import json
import math
import re

import pytest
from apiflask import APIFlask

from experiments.do.assignments import Floor
from tests.builders import a_call, assigned, moved, rolled_up
from tests.histories import after
from tests.web.conftest import Clock
from tests.web.visitors import NOW, a_decided_test, a_test_under_way, a_visitor

KEY = "change_benefit"


@pytest.fixture(autouse=True)
def _a_week_later(clock: Clock) -> None:
    clock.now = NOW


@after(a_test_under_way)
class TestHome:
    def test_days_left_are_the_planned_calls_at_the_pace_of_the_last_week(self, app: APIFlask, floor: Floor) -> None:
        page = a_visitor(app, floor, "quality").get("/").text
        planned = re.search(r"420 / ([\d,]+)", page)
        left = re.search(r'<td class="num"[^>]*>(\d+)<span class="under">at 60 calls a day', page)
        assert planned
        assert left
        assert int(left[1]) == math.ceil((int(planned[1].replace(",", "")) - 420) / 60)

    def test_what_is_out_of_order_is_an_alert_and_what_was_mended_is_none(self, app: APIFlask, floor: Floor) -> None:
        visitor = a_visitor(app, floor, "quality")
        before = visitor.get("/").text.split('id="alerts-title"')[1]
        moved(floor, KEY, "pause", "lead", reason="The words are unclear.", at=NOW)
        paused = visitor.get("/").text
        alerts = paused.split('id="alerts-title"')[1]
        assert "Paused" not in before
        assert f"/experiments/{KEY}" in alerts
        assert "at 60 calls a day" not in paused  # it gets none
        moved(floor, KEY, "resume", "lead", at=NOW)
        assert "Paused" not in visitor.get("/").text.split('id="alerts-title"')[1]

    def test_it_shows_today_as_soon_as_calls_of_today_are_counted(self, app: APIFlask, floor: Floor) -> None:
        visitor = a_visitor(app, floor, "quality")
        assert "Today: —, 0 of 0 assigned calls" in visitor.get("/").text
        assigned(floor, [a_call(9_001, at=NOW)])
        rolled_up(floor)
        page = visitor.get("/").text
        assert "of assigned calls had an invitation: 0 of 1" in page
        assert "Last 7 days: 99.7%, 360 of 361 assigned calls" in page
        assert "had an invitation: 360 of 361" in visitor.get("/?span=week").text


@after(a_decided_test)
class TestScenarios:
    def test_a_call_type_says_its_rank_with_the_interval_and_what_it_is_of(self, app: APIFlask, floor: Floor) -> None:
        page = a_visitor(app, floor, "lead").get("/scenarios/policy_change").text
        assert "Number 1 of 1 call types" in page
        rank = page.split('id="rank-title"')[1].split("</section>")[0]
        assert re.search(r"\d+\.\d%–\d+\.\d%", rank)
        assert re.search(r"\d+ of 420", rank)

    def test_every_version_says_in_which_words_it_differs_from_the_standard(self, app: APIFlask, floor: Floor) -> None:
        page = a_visitor(app, floor, "lead").get("/scenarios/policy_change").text
        versions = page.split('id="versions-title"')[1]
        assert versions.count("What differs from the standard, version 1") == 1
        assert "In these words:" in versions
        assert "<dt>Benefit</dt>" in versions
        assert "<ins>" in versions

    def test_charts_of_overviews_are_fetched_when_they_come_near(self, app: APIFlask, floor: Floor) -> None:
        lead, agent = a_visitor(app, floor, "lead"), a_visitor(app, floor, "agent")
        for page in ("", "/scenarios", "/variables"):
            (source, *_more) = re.findall(r'data-source="([^"]+)"', lead.get(page or "/").text)
            drawn = json.loads(gzip.decompress(lead.get(source).data))
            assert drawn["item"]["doc"]
            assert lead.get(f"{page}/pictures/none.json").status_code == 404
            assert agent.get(source).status_code == 403

    def test_a_node_draws_its_kinds_and_the_ranking_its_intervals(self, app: APIFlask, floor: Floor) -> None:
        lead = a_visitor(app, floor, "lead")
        assert 'id="shares"' in lead.get("/scenarios/policy_service").text
        assert 'id="shares"' not in lead.get("/scenarios/policy_change").text
        assert lead.get("/scenarios/policy_service/pictures/shares.json").status_code == 200
        for nothing in ("policy_change/pictures/shares", "policy_change/pictures/none", "none/pictures/funnel"):
            assert lead.get(f"/scenarios/{nothing}.json").status_code == 404
        ranking = lead.get("/scenarios/standing").text.split('id="ranking"')[1].split("</figure>")[0]
        assert '<th scope="row">Policy change</th>' in ranking
        assert "Claim notification" not in ranking
