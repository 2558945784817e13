import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from experiments import people
from experiments.check import looks, reading
from experiments.check.looks import Look
from experiments.do.assignments import Answer, Floor
from experiments.errors import Conflict
from experiments.plan.designs import experiment_named
from tests.builders import (
    JOINED,
    MONDAY,
    a_call,
    a_running_experiment,
    a_week_of_calls,
    another_standard,
    assigned,
    outcome,
    rolled_up,
    told,
)
from tests.histories import History

SUNDAY = 20261108


def look(floor: Floor, key: str, *, final: bool, today: int = SUNDAY) -> Look:
    with floor.store.write() as session:
        experiment = experiment_named(session, key)
        return looks.make_look(session, experiment, today=today, final=final, actor=people.system("jobs"), now=MONDAY)


def by_luck(control: float, challenger: float) -> Callable[[Answer, int], bool]:
    luck = random.Random(7)
    return lambda answer, _: luck.random() < (control if answer.arm == "control" else challenger)


def test_no_look_is_due_before_its_calls_are_there(history: History) -> None:
    floor, key = history.after(a_running_experiment)
    a_week_of_calls(floor, 5, by_luck(0.4, 0.4))
    with floor.store.read() as session:
        assert not looks.due(session, experiment_named(session, key), today=SUNDAY)


def test_an_early_look_decides_by_a_stricter_boundary(history: History) -> None:
    floor, key = history.after(a_running_experiment, effect=0.1)
    a_week_of_calls(floor, 70, by_luck(0.4, 0.4))
    early = look(floor, key, final=False)
    final = look(floor, key, final=True)
    thresholds = [made.content["boundary"]["nominal_alpha"] for made in (early, final)]
    assert thresholds[0] < 0.02 < thresholds[1] < 0.05


def test_when_all_planned_calls_are_in_the_next_look_is_the_final_one(history: History) -> None:
    floor, key = history.after(a_running_experiment, effect=0.2)
    a_week_of_calls(floor, 60, by_luck(0.4, 0.4))
    with floor.store.read() as session:
        assert looks.is_last(session, experiment_named(session, key), today=SUNDAY)


def test_a_look_needs_new_calls(history: History) -> None:
    floor, key = history.after(a_running_experiment, effect=0.1)
    a_week_of_calls(floor, 40, by_luck(0.4, 0.4))
    look(floor, key, final=False)
    with pytest.raises(Conflict, match="since the last look"):
        look(floor, key, final=False)


def test_after_the_final_look_there_is_no_other(history: History) -> None:
    floor, key = history.after(a_running_experiment, effect=0.1)
    a_week_of_calls(floor, 40, by_luck(0.4, 0.4))
    look(floor, key, final=True)
    with pytest.raises(Conflict, match="final look"):
        look(floor, key, final=True)


def test_a_look_is_frozen_in_the_database(history: History) -> None:
    floor, key = history.after(a_running_experiment, effect=0.1)
    a_week_of_calls(floor, 40, by_luck(0.4, 0.4))
    look(floor, key, final=True)
    with pytest.raises(DBAPIError, match="append-only"), floor.store.write() as session:
        session.execute(text("UPDATE look SET conclusion = 'winner'"))


def test_between_looks_only_what_may_be_watched_is_shown(history: History) -> None:
    floor, key = history.after(a_running_experiment)
    a_week_of_calls(floor, 30, by_luck(0.9, 0.2))
    with floor.store.read() as session:
        seen = reading.watch(session, experiment_named(session, key), today=SUNDAY)
    of_calls = {"sample_ratio", "stray_arm", "group_split", "balance", "sample", "whole_week", "protocol", "missing"}
    assert {f.check for f in seen.findings} == of_calls
    assert [g.metric for g in seen.guards] == ["complaint"]


def test_conversions_count_only_when_their_window_has_closed(history: History) -> None:
    floor, key = history.after(a_running_experiment, metrics=JOINED, effect=0.1)
    a_week_of_calls(floor, 40, by_luck(0.4, 0.4))
    with floor.store.read() as session:
        experiment = experiment_named(session, key)
        assert reading.matured_calls(session, experiment, today=SUNDAY) == 0
        assert reading.matured_calls(session, experiment, today=20261113) == 4 * 40


def test_units_are_compared_as_clusters(history: History) -> None:
    floor, key = history.after(a_running_experiment, unit="customer", effect=0.1)
    a_week_of_calls(floor, 40, by_luck(0.3, 0.6))
    made = look(floor, key, final=True)
    assert {r["comparison"]["method"] for r in made.content["readings"] if r["role"] == "primary"} == {"cr2"}
    votes = [f for f in made.content["watch"]["findings"] if f["check"] == "few_agents_carry"]
    assert [f["state"] for f in votes] == ["ok"]


def test_a_look_says_when_a_few_busy_units_carry_the_effect(history: History) -> None:
    floor, key = history.after(a_running_experiment, unit="customer", effect=0.1)
    facts: list[dict[str, Any]] = []
    busy = [a_call(1000 + i, customer_id=f"busy-{i % 24}") for i in range(480)]
    answers = assigned(floor, [a_call(i) for i in range(300)] + busy)
    for i, answer in enumerate(answers):
        yes = (i // 24 + i) % 2 if answer.arm == "control" else i >= 300 or i % 5 < 2
        facts += [outcome(answer.call_id, kind, 20) for kind in ("invited", "accepted" if yes else "declined")]
    told(floor, facts)
    rolled_up(floor)
    made = look(floor, key, final=True)
    doubt = next(f for f in made.content["watch"]["findings"] if f["check"] == "few_agents_carry")
    assert doubt["state"] == "warning"
    assert doubt["evidence"] == made.content["verdict"]["reasons"][-1]


def test_a_final_look_explains_the_effect_and_an_interim_one_does_not(history: History) -> None:
    floor, key = history.after(a_running_experiment, effect=0.1)
    a_week_of_calls(floor, 70, by_luck(0.3, 0.45))
    early, final = look(floor, key, final=False, today=20261105), look(floor, key, final=True)
    (steps,), (tenure,), (belief,) = (final.content["explanation"][part] for part in ("steps", "moderated", "beliefs"))
    assert early.content["explanation"] is None
    assert steps["facts"] == ["resolved", "invited", "accepted"]
    assert [steps["facts"][place] for place in steps["funnel"]["moved"]] == ["accepted"]
    assert [segment["level"] for segment in tenure["segments"]] == ["new"]
    assert belief["pair"]["probability_better"] > 0.9


def test_effects_are_told_apart_by_what_the_plan_declared(history: History) -> None:
    floor, key = history.after(a_running_experiment, effect=0.1, moderators=("region",))
    luck = random.Random(7)
    north = [a_call(i, region="hangzhou") for i in range(400)]
    south = [a_call(1000 + i, region="chengdu", agent_id=f"cd-{i % 5}") for i in range(400)]
    facts: list[dict[str, Any]] = []
    for answer, call in zip(assigned(floor, north + south), north + south, strict=True):
        better = 0.4 if answer.arm != "control" and call.region == "chengdu" else 0.0
        kind = "accepted" if luck.random() < 0.3 + better else "declined"
        facts += [outcome(answer.call_id, each, 20) for each in ("resolved", "invited", kind)]
    told(floor, facts)
    rolled_up(floor)
    (by_region,) = look(floor, key, final=True).content["explanation"]["moderated"]
    effects = {s["level"]: s["row"]["comparison"]["difference"] for s in by_region["segments"]}
    assert effects["chengdu"] > effects["hangzhou"] + 0.2
    assert by_region["interaction"]["p_value"] < 0.001


def test_health_says_when_the_standard_changed_under_a_running_test(history: History) -> None:
    floor, key = history.after(a_running_experiment, coverage=5000)
    another_standard(floor)
    with floor.store.read() as session:
        seen = reading.watch(session, experiment_named(session, key), today=SUNDAY)
    assert [f.state for f in seen.findings if f.check == "standard"] == ["warning"]
