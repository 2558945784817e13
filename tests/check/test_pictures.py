"""What is drawn of a test beside its looks: each number by a second road."""

import math
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from experiments import people
from experiments.check import history, looks
from experiments.check.analysis.days import DaysReading, read_days
from experiments.check.analysis.staying import stay_curve
from experiments.check.looks import Look
from experiments.check.metrics import MetricSpec
from experiments.check.pictures.agents import LEAST_NAMED, agents_of
from experiments.check.pictures.maturing import maturing_of
from experiments.check.pictures.path import path_of
from experiments.do.assignments import Answer, Floor
from experiments.plan.designs import experiment_named
from experiments.plan.rules import MetricPlan
from experiments.plan.scenarios import scenario_named
from stats.looking.spending import spending_boundaries
from stats.tails import normal_quantile
from tests.builders import MONDAY, SCENARIO, a_draft, a_running_experiment, a_week_of_calls, rolled_up, told
from tests.histories import History

SUNDAY = 20261108
KEY = "change_benefit"
WATCHED = (MetricPlan("accepted", "primary"), MetricPlan("complaint", "guardrail", 0.01, watch=True))
LATE = (*WATCHED, MetricPlan("converted", "secondary"))
SPEC = MetricSpec("accepted", "proportion", "accepted", "eligible", "higher", 0, {"en": "Accepted"})


def by_luck(control: float, challenger: float) -> Callable[[Answer, int], bool]:
    luck = random.Random(7)
    return lambda answer, _: luck.random() < (control if answer.arm == "control" else challenger)


def a_test_with_an_early_look(floor: Floor) -> None:
    """A week of calls in which the challenger does better, of agents three of whom took hardly a call."""
    a_running_experiment(floor, effect=0.1, metrics=LATE)
    a_week_of_calls(floor, 70, by_luck(0.4, 0.6), agents=12)
    _look(floor, final=False)


def _look(floor: Floor, *, final: bool) -> Look:
    with floor.store.write() as session:
        experiment = experiment_named(session, KEY)
        jobs = people.system("jobs")
        return looks.make_look(session, experiment, today=SUNDAY, final=final, actor=jobs, now=MONDAY)


@pytest.fixture
def floor(history: History) -> Floor:
    return history.after(a_test_with_an_early_look)[0]


class TestThePath:
    def test_it_holds_what_looks_froze_and_what_the_plan_spends_next(self, floor: Floor) -> None:
        with floor.store.read() as session:
            experiment = experiment_named(session, KEY)
            (made,) = looks.looks_of(session, experiment)
            path = path_of(session, experiment, [made])
        first, last = path.looks
        boundary, (point,) = made.content["boundary"], path.points
        planned = spending_boundaries([boundary["fraction"], 1.0], alpha=0.05, spending="obrien-fleming")
        assert (first.z, first.made) == (boundary["z"], True)
        assert (last.z, last.nominal_alpha, last.made) == (planned[1].z, planned[1].nominal_alpha, False)
        assert 2 * (1 - _phi(abs(point.z))) == pytest.approx(point.p_value, rel=1e-6)
        assert point.crossed == (abs(point.z) >= boundary["z"])
        assert point.z * made.content["readings"][0]["comparison"]["difference"] > 0

    def test_before_any_look_it_has_boundaries_and_no_path(self, sqlite_history: History) -> None:
        floor, _ = sqlite_history.after(a_running_experiment)
        with floor.store.read() as session:
            path = path_of(session, experiment_named(session, KEY), [])
        assert path.points == ()
        assert [look.z for look in path.looks] == sorted((look.z or 0 for look in path.looks), reverse=True)

    def test_of_few_clusters_early_looks_have_no_boundary(self, sqlite_history: History) -> None:
        floor = sqlite_history.floor()
        a_draft(floor, unit="team")
        with floor.store.read() as session:
            path = path_of(session, experiment_named(session, KEY), [])
        assert [look.z is None for look in path.looks][-1] is False
        assert all(look.z is None for look in path.looks[:-1])
        assert path.looks[-1].z == pytest.approx(normal_quantile(0.025))

    def test_a_look_on_broken_data_is_named_and_has_no_point(self, floor: Floor) -> None:
        with floor.store.read() as session:
            experiment = experiment_named(session, KEY)
            (made,) = looks.looks_of(session, experiment)
            session.expunge(made)
            made.content = made.content | {"watch": {**made.content["watch"], "findings": [{"state": "broken"}]}}
            path = path_of(session, experiment, [made])
        assert (path.points, path.hidden) == ((), (1,))


class TestDays:
    def test_a_look_that_may_end_the_test_freezes_them_and_they_add_up_to_its_calls(self, floor: Floor) -> None:
        final = _look(floor, final=True).content
        (found,) = final["explanation"]["days"]
        for arm in ("control", "quicker"):
            name = "control" if arm == "control" else "challenger"
            assert sum(day[name]["n"] for day in found["days"]) == final["watch"]["totals"][arm]["calls"]
            assert sum(day[name]["successes"] for day in found["days"]) == final["watch"]["totals"][arm]["accepted"]
        assert [day["day"] for day in found["days"]] == list(range(20261102, 20261109))

    def test_each_day_and_the_halves_are_what_a_second_reckoning_finds(self) -> None:
        reading = a_reading([(100, 40, 100, 50), (50, 10, 80, 40), (90, 30, 100, 45), (100, 50, 100, 50)])
        control, challenger = (130 + 1) / (340 + 2), (185 + 1) / (380 + 2)
        spreads = control * (1 - control), challenger * (1 - challenger)
        variance = np.array([spreads[0] / n + spreads[1] / m for n, m in ((100, 100), (50, 80), (90, 100), (100, 100))])
        effect = np.array([0.1, 0.3, 0.45 - 1 / 3, 0.0])
        assert [day.difference for day in reading.days] == pytest.approx(effect)
        assert [day.high for day in reading.days] == pytest.approx(effect + 1.959964 * np.sqrt(variance))
        early = np.average(effect[:2], weights=1 / variance[:2])
        assert reading.trend.early == pytest.approx(early)

    def test_a_day_on_which_an_arm_had_no_call_has_no_effect(self) -> None:
        reading = a_reading([(100, 40, 100, 50), (0, 0, 80, 40), (90, 30, 100, 45), (100, 50, 100, 50)])
        assert math.isnan(reading.days[1].difference)
        assert math.isnan(reading.days[1].low)
        assert reading.spread.left_out == 1

    def test_where_units_are_dealt_single_days_have_no_intervals(self) -> None:
        reading = a_reading([(100, 40, 100, 50)] * 4, independent=False)
        assert all(math.isnan(day.low) and not math.isnan(day.difference) for day in reading.days)


def a_reading(days: list[tuple[int, int, int, int]], *, independent: bool = True) -> DaysReading:
    totals = {
        20261102 + at: {
            "control": {"calls": n, "accepted": y},
            "quicker": {"calls": m, "accepted": x},
        }
        for at, (n, y, m, x) in enumerate(days)
    }
    keys = ["control", "quicker"]
    (found,) = read_days(SPEC, totals, keys, until=SUNDAY, independent=independent, alpha=0.05)
    return found


class TestAgents:
    def test_their_calls_add_up_to_those_of_the_look_and_each_rate_lies_between_its_own_and_that_of_all(
        self, floor: Floor
    ) -> None:
        with floor.store.read() as session:
            experiment = experiment_named(session, KEY)
            found = agents_of(session, experiment, SUNDAY)
            totals = history_of(floor)
        assert found is not None
        assert sum(agent.counts.n for agent in found.agents) == sum(each["calls"] for each in totals.values())
        assert sum(a.counts.successes for a in found.agents) == sum(each["accepted"] for each in totals.values())
        for agent in found.agents:
            ends = sorted((agent.counts.rate, found.means[""]))
            assert ends[0] - 1e-9 <= agent.rate <= ends[1] + 1e-9
            assert agent.low < agent.rate < agent.high

    def test_who_took_few_calls_is_not_named(self, sqlite_history: History) -> None:
        floor, _ = sqlite_history.after(a_running_experiment)
        a_week_of_calls(floor, 60, by_luck(0.4, 0.6), agents=17)
        with floor.store.read() as session:
            found = agents_of(session, experiment_named(session, KEY), SUNDAY)
        assert found is not None
        assert {bool(agent.agent_id) for agent in found.agents} == {
            agent.counts.n >= LEAST_NAMED for agent in found.agents
        }
        assert any(not agent.agent_id for agent in found.agents)

    def test_one_agent_is_beside_nobody(self, sqlite_history: History) -> None:
        floor, _ = sqlite_history.after(a_running_experiment)
        a_week_of_calls(floor, 5, by_luck(0.4, 0.6), agents=1)
        with floor.store.read() as session:
            assert agents_of(session, experiment_named(session, KEY), SUNDAY) is None


class TestMaturing:
    def test_days_whose_window_has_closed_are_told_from_the_others(self, floor: Floor) -> None:
        with floor.store.read() as session:
            experiment = experiment_named(session, KEY)
            window = history.specs_of(session, experiment)["converted"].window_days
            young = maturing_of(session, experiment, today=SUNDAY)
            half = maturing_of(session, experiment, today=20261205)
        assert young is not None
        assert half is not None
        assert window == half.window_days == 30
        assert young.closed == 0
        assert [day.closed for day in half.days] == [day.day <= 20261104 for day in half.days]
        assert (half.calls, half.closed, half.done) == (490, 210, 20261209)

    def test_without_a_window_nothing_matures(self, sqlite_history: History) -> None:
        floor, _ = sqlite_history.after(a_running_experiment, metrics=WATCHED)
        a_week_of_calls(floor, 5, by_luck(0.4, 0.6))
        with floor.store.read() as session:
            assert maturing_of(session, experiment_named(session, KEY), today=SUNDAY) is None


class TestStaying:
    def test_a_curve_says_who_has_not_hung_up_by_the_seconds_since_the_answer(self, history: History) -> None:
        floor, _ = history.after(a_campaign)
        curves = _look(floor, final=True).content["explanation"]["staying"]
        totals = history_of(floor)
        for curve in curves:
            here = {point["second"]: point["staying"] for point in curve["points"]}
            # of six calls one says no 12 s after the invitation, whenever that was; one hangs up at a second nobody
            # told, so that it is left out; one at 30 s, one at 95 s, and one after two minutes
            assert curve["connected"] == here[0] == here[25]
            # and of the seven days the last has not ended
            assert here[0] == pytest.approx(totals[curve["arm"]]["connected"] * 5 / 6 * 6 / 7, abs=9)
            assert here[25] - here[30] == pytest.approx(curve["connected"] / 5, abs=9)
            assert here[120] == pytest.approx(curve["connected"] * 3 / 5, abs=12)
            assert curve["points"][6]["low"] < curve["points"][6]["share"] < curve["points"][6]["high"]

    def test_where_customers_call_us_there_is_none(self, sqlite_history: History) -> None:
        floor, _ = sqlite_history.after(a_test_with_an_early_look)
        assert _look(floor, final=True).content["explanation"]["staying"] == []

    def test_whoever_left_at_a_second_is_gone_by_then_and_whole_units_have_no_intervals(self) -> None:
        curve = stay_curve("a", {5: 2, 6: 1, None: 7}, independent=False, alpha=0.05)
        assert [(point.second, point.staying) for point in curve.points[:3]] == [(0, 10), (5, 8), (10, 7)]
        assert math.isnan(curve.points[0].low)
        assert math.isnan(stay_curve("a", {}, independent=True, alpha=0.05).points[0].share)


def a_campaign(floor: Floor) -> None:
    """A week of calls that we make; of six connected ones one is refused, and four are hung up on."""
    a_running_experiment(floor, effect=0.1, metrics=LATE)
    with floor.store.write() as session:
        scenario_named(session, SCENARIO).direction = "outbound"
    answers = a_week_of_calls(floor, 60, by_luck(0.4, 0.6))
    ends = {0: ("declined", 12), 1: ("hung_up", 30), 2: ("hung_up", 95), 3: ("hung_up", 300), 4: ("hung_up", None)}
    rows = []
    for number, answer in enumerate(answers):
        rows.append(_fact(answer, "connected"))
        if number % 6 in ends:
            kind, seconds = ends[number % 6]
            rows.append(_fact(answer, kind, **({} if seconds is None else {"value": seconds})))
    for start in range(0, len(rows), 500):
        told(floor, rows[start : start + 500], source="dialler")
    rolled_up(floor)


def _fact(answer: Answer, kind: str, **more: Any) -> dict[str, Any]:
    at = (answer.assigned_at + timedelta(minutes=1)).isoformat()
    return {"id": f"{answer.call_id}/{kind}/dialler", "call_id": answer.call_id, "type": kind, "at": at, **more}


def history_of(floor: Floor) -> dict[str, dict[str, int]]:
    with floor.store.read() as session:
        found = history.arm_totals(session, experiment_named(session, KEY))
    return {arm: dict(totals) for arm, totals in found.items()}


def _phi(z: float) -> float:
    return (1 + math.erf(z / math.sqrt(2))) / 2
