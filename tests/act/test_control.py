"""Control after rollout: what is charted, what of it becomes a signal, and what a signal proposes."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from experiments import audit, jobs, people
from experiments.act.control import charts, signals
from experiments.act.control.charts import FIRST_DAYS, STRETCH_DAYS, ControlChart, window_of
from experiments.act.control.signals import ControlSignal
from experiments.act.live import live_standards
from experiments.board.after_signal import propose_after
from experiments.calendar import as_date, days_before
from experiments.check.variables.survey import survey_variables
from experiments.do.assignments import Floor
from experiments.do.journal import Origin
from experiments.errors import Unknown
from experiments.plan.scenarios import scenario_named
from experiments.wording import Message
from tests.act.floors import live_here, weeks_of_calls
from tests.builders import MONDAY, SCENARIO, a_week_of_calls, another_standard, standard_value
from web.api.schemas.plans import PlanBody

DROPPED = [0.4] * 42 + [0.28] * 21


def after(days: int) -> datetime:
    """Give noon so many days after Monday."""
    return MONDAY + timedelta(days=days)


def charted(floor: Floor, days: int, region: str | None = None) -> tuple[ControlChart, ...]:
    with floor.store.read() as session:
        today = floor.calendar.day(after(days))
        return charts.charts_of(session, live_here(floor), calendar=floor.calendar, today=today, region=region)


def looked_for(floor: Floor, days: int) -> list[ControlSignal]:
    """Do what the job does, and give all signals, the oldest first."""
    jobs.control(floor.store, floor.calendar, after(days))
    with floor.store.read() as session:
        return signals.signals_of(session, scenario_named(session, SCENARIO))[::-1]


@pytest.mark.parametrize(
    ("age", "baseline", "watched"),
    [
        # the first weeks are not over
        (FIRST_DAYS, None, None),
        # its own first four weeks, and every day since
        (FIRST_DAYS + 1, (1, 28), (29, 29)),
        (2 * STRETCH_DAYS - 1, (1, 28), (29, 181)),
        # two stretches are over: the eight weeks before the second, and the days from that one on
        (2 * STRETCH_DAYS, (36, 91), (92, 182)),
        (3 * STRETCH_DAYS - 1, (36, 91), (92, 272)),
        # and so with every stretch
        (3 * STRETCH_DAYS, (127, 182), (183, 273)),
    ],
)
def test_the_baseline_is_the_first_weeks_and_later_the_weeks_before(
    age: int, baseline: tuple[int, int] | None, watched: tuple[int, int] | None
) -> None:
    first = 20260101
    window = window_of(first, days_before(first, 1 - age))
    if baseline is None or watched is None:
        assert window is None
        return
    assert window is not None
    spans = [
        tuple((as_date(d) - as_date(first)).days + 1 for d in (w[0], w[-1])) for w in (window.baseline, window.watched)
    ]
    assert spans == [baseline, watched]


def test_a_drop_is_signalled_once_with_words_and_numbers(floor: Floor) -> None:
    weeks_of_calls(floor, DROPPED)
    found = looked_for(floor, 64)
    fallen = next(s for s in found if s.rule == "cusum")
    assert (fallen.metric, fallen.region, fallen.direction, fallen.worse) == ("accepted", "", "down", True)
    assert abs((as_date(fallen.first_day) - (MONDAY + timedelta(days=43)).date()).days) <= 4
    assert fallen.numbers["rate"] < 0.33 < fallen.numbers["usual"]
    assert "has fallen" in str(Message.from_json(fallen.words))
    assert [s.id for s in looked_for(floor, 64)] == [s.id for s in found]
    with floor.store.read() as session:
        assert audit.verify(session).broken_at is None


def test_a_signal_found_again_a_few_days_later_or_from_late_facts_is_the_same(floor: Floor) -> None:
    weeks_of_calls(floor, DROPPED)
    before = looked_for(floor, 58)
    with floor.store.write() as session:  # late facts: a few calls of every day were accepted after all
        session.execute(text("UPDATE rollup_day SET accepted = accepted + 3"))
        session.execute(text("UPDATE rollup_call SET accepted = accepted + 3"))
    kinds = [(s.metric, s.rule, s.direction) for s in looked_for(floor, 64)]
    assert len(kinds) == len(set(kinds)) >= len(before) > 0


def test_weeks_without_a_change_give_no_signal(floor: Floor) -> None:
    weeks_of_calls(floor, [0.4] * 150, complaints=0.01)
    assert looked_for(floor, 151) == []


def test_a_region_that_drops_alone_is_named(floor: Floor) -> None:
    weeks_of_calls(floor, [0.4] * 63, seed=2, calls=900)
    weeks_of_calls(floor, DROPPED, region="ningbo", seed=3, calls=60)
    assert {c.region for c in charted(floor, 64)} == {"", "hangzhou", "ningbo"}
    fallen = [s for s in looked_for(floor, 64) if s.direction == "down"]
    assert "ningbo" in {s.region for s in fallen}
    assert "hangzhou" not in {s.region for s in fallen}


def test_all_regions_alone_are_charted_as_they_are_among_the_others(floor: Floor) -> None:
    weeks_of_calls(floor, [0.4] * 40)
    weeks_of_calls(floor, [0.4] * 40, region="ningbo", seed=3)
    among = next(c for c in charted(floor, 41) if c.region == "")
    assert charted(floor, 41, region="")[0].chart == among.chart
    assert charted(floor, 41, region="ningbo")[0].chart.rise != among.chart.rise


def test_one_region_is_no_other_than_all_of_them(floor: Floor) -> None:
    weeks_of_calls(floor, [0.4] * 40)
    assert {c.region for c in charted(floor, 41)} == {""}
    assert charted(floor, 41, region="")[0].counts == charted(floor, 41)[0].counts


def test_rare_events_too_few_to_know_are_not_charted(floor: Floor) -> None:
    weeks_of_calls(floor, [0.4] * 40, complaints=0.0)
    assert [c.rate.spec.key for c in charted(floor, 41)] == ["accepted"]


def test_the_last_day_counts_when_it_is_over_and_replayed_calls_never_do(floor: Floor) -> None:
    weeks_of_calls(floor, [0.4] * 40)
    assert charted(floor, 40)[0].window.watched[-1] == floor.calendar.day(after(39))
    weeks_of_calls(floor, [0.1] * 40, region="replay", origin=Origin.REPLAYED)
    assert charted(floor, 40)[0].baseline.rate == pytest.approx(0.4, abs=0.03)


def test_nothing_is_charted_before_the_first_weeks_are_over_and_a_new_standard_begins_anew(floor: Floor) -> None:
    weeks_of_calls(floor, [0.4] * 40)
    assert charted(floor, 20) == ()
    another_standard(floor)
    assert charted(floor, 41) == ()


def test_what_is_charted_is_what_calls_came_to(floor: Floor) -> None:
    answers = a_week_of_calls(floor, 10, lambda _, number: number % 5 < 2, days=31)
    chart = charted(floor, 31)[0]
    assert [day.n for day in chart.counts] == [10, 10]
    assert {day.successes for day in chart.counts} == {4}
    assert len(answers) == 310


def test_signals_are_appended_and_never_edited(floor: Floor) -> None:
    weeks_of_calls(floor, DROPPED)
    assert looked_for(floor, 64)
    with pytest.raises(DBAPIError, match="append-only"), floor.store.write() as session:
        session.execute(text("UPDATE control_signal SET rule = 'cusum'"))
    with floor.store.read() as session, pytest.raises(Unknown):
        signals.signal_numbered(session, scenario_named(session, SCENARIO), 0)


def test_a_signal_proposes_a_plan_that_lacks_only_its_new_words(floor: Floor) -> None:
    weeks_of_calls(floor, DROPPED)
    signal = looked_for(floor, 64)[0]
    with floor.store.read() as session:
        survey = survey_variables(session, synthetic=())
        proposal = propose_after(session, scenario_named(session, SCENARIO), signal, survey)
    assert proposal is not None
    plan = PlanBody.model_validate(proposal.plan).as_plan()
    assert plan.arms[0].value == plan.arms[1].value == standard_value(floor, plan.variable)
    assert [arm.key for arm in plan.arms] == ["control", "new"]
    assert plan.metrics[0].metric == "accepted"
    assert plan.effect == pytest.approx(0.1, abs=0.05)
    assert "%(variable)s" in proposal.why.text


def test_with_a_tested_variable_the_next_is_another(floor: Floor) -> None:
    another_standard(floor, "opening")
    weeks_of_calls(floor, DROPPED)
    signal = next(s for s in looked_for(floor, 64))
    with floor.store.read() as session:
        proposal = propose_after(
            session, scenario_named(session, SCENARIO), signal, survey_variables(session, synthetic=())
        )
    assert proposal is not None
    assert proposal.variable != "opening"


def test_the_job_says_what_it_did(floor: Floor) -> None:
    weeks_of_calls(floor, DROPPED)
    report = jobs.control(floor.store, floor.calendar, after(64))
    assert report.endswith(f"charts of {len(_leaves(floor))} standards")
    assert not report.startswith("0 ")


def _leaves(floor: Floor) -> list[str]:
    with floor.store.read() as session:
        return [live.scenario.key for live in live_standards(session)]


def test_the_job_runs_once_a_day_after_a_rollup(floor: Floor) -> None:
    by_name, calendar = {job.name: job for job in jobs.JOBS}, floor.calendar
    midnight = MONDAY.replace(hour=0)
    assert not jobs.run(floor.store, by_name["control"], midnight, calendar, MONDAY)  # no rollup yet today
    for minutes in (0, 1):
        at = MONDAY + timedelta(minutes=minutes)
        assert jobs.run(floor.store, by_name["rollup"], jobs.tick_of(by_name["rollup"], at), calendar, at)
    with floor.store.read() as session:
        ran = session.scalars(select(jobs.JobRun.tick).where(jobs.JobRun.job == "control")).all()
    assert ran == [midnight]
    assert people.system("jobs").name == "system:jobs"
