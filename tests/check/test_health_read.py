"""Health as it is read from the database, after calls and outcomes that came through the verbs."""

import random
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from experiments import people
from experiments.check import looks, reading
from experiments.check.health.findings import Finding
from experiments.check.looks import Look
from experiments.do.assignments import Answer, Floor
from experiments.do.serving import Call, choose
from experiments.plan.designs import experiment_named
from tests.builders import (
    JOINED,
    MONDAY,
    a_call,
    a_draft,
    a_running_experiment,
    a_week_of_calls,
    approved,
    assigned,
    moved,
    rolled_up,
    snapshot_of,
    told,
)
from tests.histories import History

NEXT_MONDAY = MONDAY + timedelta(days=7)
LATER = 20261120
APPROVERS = ("compliance", "manager", "trainer")


def look(floor: Floor, key: str, today: int = LATER) -> Look:
    with floor.store.write() as session:
        experiment = experiment_named(session, key)
        return looks.make_look(session, experiment, today=today, final=True, actor=people.system("jobs"), now=MONDAY)


def at_look(made: Look) -> dict[str, str]:
    return {f["check"]: f["state"] for f in made.content["watch"]["findings"]}


def watched(floor: Floor, key: str, today: int = LATER) -> dict[str, Finding]:
    with floor.store.read() as session:
        return {f.check: f for f in reading.watch(session, experiment_named(session, key), today=today).findings}


def facts(answers: Iterable[Answer], kinds: Callable[[Answer], Sequence[str]]) -> list[dict[str, object]]:
    return [
        {
            "id": f"{answer.call_id}/{kind}",
            "call_id": answer.call_id,
            "type": kind.split("-")[0],
            "at": (answer.assigned_at + timedelta(minutes=3 + i)).isoformat(),
            **({"value": 200} if kind == "handled" else {"detail": {"of": "accepted"}} if kind == "corrected" else {}),
        }
        for answer in answers
        for i, kind in enumerate(kinds(answer))
    ]


def number_of(answer: Answer) -> int:
    return int(answer.call_id.split("-")[1])


def calls(number: int, days: int = 1, **changes: object) -> list[Call]:
    """Let so many policy customers call on each day."""
    return [
        a_call(day * number + i, at=MONDAY + timedelta(days=day, seconds=i), **changes)
        for day in range(days)
        for i in range(number)
    ]


def test_an_effect_that_fades_with_days_and_uses_is_doubted_in_the_verdict(history: History) -> None:
    floor, key = history.after(a_running_experiment, effect=0.1)
    luck, seen = random.Random(5), iter(range(10_000))

    def says_yes(answer: Answer, _place: int) -> bool:
        gain = 0.7 / (1 + next(seen) // 120)
        return luck.random() < (0.2 + gain if answer.arm == "quicker" else 0.2)

    a_week_of_calls(floor, 120, says_yes, days=10)
    made = look(floor, key)
    assert (at_look(made)["novelty"], at_look(made)["learning"]) == ("warning", "warning")
    assert any("fades" in reason["text"] for reason in made.content["verdict"]["reasons"])


def test_customers_of_one_region_who_are_lost_are_found_at_a_look(history: History) -> None:
    floor, key = history.after(a_running_experiment, unit="customer", effect=0.1)
    snapshot = snapshot_of(floor)
    there = [a_call(1000 + i, region="ningbo") for i in range(200)]
    arms = [choose(snapshot, call, floor.calendar).arm for call in there]
    assigned(floor, calls(500) + [call for call, arm in zip(there, arms, strict=True) if arm == "control"])
    rolled_up(floor)
    made = at_look(look(floor, key))
    assert (made["group_split"], made["balance"]) == ("warning", "broken")


def a_test_by(floor: Floor, unit: str) -> str:
    """Start a test of few units a week after their history began."""
    luck = random.Random(3)
    a_week_of_calls(floor, 120, lambda _, i: luck.random() < 0.4, agents=24)
    key = a_draft(floor, unit=unit, effect=0.3)
    moved(floor, key, "submit", "lead", at=NEXT_MONDAY)
    approved(floor, key, *APPROVERS, at=NEXT_MONDAY)
    moved(floor, key, "start", "manager", at=NEXT_MONDAY)
    return key


def test_agents_are_compared_as_they_were_before_and_by_staffed_day(floor: Floor) -> None:
    key = a_test_by(floor, "agent")
    assigned(floor, [a_call(9000 + i, agent_id=f"agent-{i % 24}", at=NEXT_MONDAY) for i in range(480)])
    rolled_up(floor)
    found, made = watched(floor, key), at_look(look(floor, key))
    evidence = str(found["per_staffed_day"].evidence)
    assert evidence.startswith("Calls per staffed day: control 20.0, quicker 20.0. Accepted per staffed day:")
    assert (made["balance"], made["two_arms"], made["deals"], made["sample_ratio"]) == ("ok", "ok", "ok", "ok")


def test_shifts_are_asked_what_they_leave_behind(floor: Floor) -> None:
    key = a_test_by(floor, "agent_shift")
    starts = [NEXT_MONDAY + timedelta(days=number // 2, hours=4 * (number % 2)) for number in range(8)]
    agents = [f"agent-{i % 24}" for i in range(96)]
    shifts = [(9000 + 96 * n + i, agent, at) for n, at in enumerate(starts) for i, agent in enumerate(agents)]
    answers = assigned(floor, [a_call(number, agent_id=agent, at=at) for number, agent, at in shifts])
    told(floor, facts(answers, lambda a: ["accepted" if number_of(a) * 7 % 5 < 2 else "declined"]))
    rolled_up(floor)
    made = at_look(look(floor, key))
    assert (made["carry_over"], made["balance"], made["per_staffed_day"]) == ("ok", "ok", "ok")


def test_an_agent_whose_yeses_are_taken_back_stands_out(history: History) -> None:
    floor, key = history.after(a_running_experiment, effect=0.1)
    answers = assigned(floor, calls(420))

    def reported(answer: Answer) -> list[str]:
        gone = ["corrected"] if number_of(answer) % 7 == 3 and number_of(answer) % 3 else []
        return ["resolved", "invited", "accepted", *gone]

    told(floor, facts(answers, reported))
    rolled_up(floor)
    found = next(f for f in look(floor, key).content["watch"]["findings"] if f["check"] == "reports")
    assert (found["state"], found["evidence"]["values"]["agent"]) == ("warning", "agent-3")


def test_a_yes_that_was_sold_after_all_has_its_record(history: History) -> None:
    floor, key = history.after(a_running_experiment, effect=0.1)
    answers = assigned(floor, calls(420))

    def reported(answer: Answer) -> list[str]:
        gone = ["corrected", "converted"] if number_of(answer) % 7 == 3 else []
        return ["accepted", *gone]

    told(floor, facts(answers, reported))
    rolled_up(floor)
    assert at_look(look(floor, key))["reports"] == "ok"


def test_calls_whose_end_is_told_less_often_in_one_arm_break_the_data(history: History) -> None:
    floor, key = history.after(a_running_experiment, effect=0.1)
    answers = assigned(floor, calls(600))
    told(floor, facts(answers, lambda a: ["resolved"] if a.arm == "quicker" and number_of(a) % 5 == 0 else ["handled"]))
    rolled_up(floor)
    assert watched(floor, key)["missing"].state == "broken"


def test_where_no_end_is_told_calls_without_any_outcome_are_counted_at_a_look(history: History) -> None:
    floor, key = history.after(a_running_experiment, effect=0.1)
    answers = assigned(floor, calls(600))
    told(floor, facts(answers, lambda a: [] if a.arm == "quicker" and number_of(a) % 8 == 0 else ["resolved"]))
    rolled_up(floor)
    made = at_look(look(floor, key))
    assert (made["missing"], made["silent"]) == ("waiting", "warning")


def test_how_many_calls_are_still_in_their_window_is_told_at_any_time(history: History) -> None:
    floor, key = history.after(a_running_experiment, metrics=JOINED, effect=0.1)
    assigned(floor, calls(20, days=7))
    rolled_up(floor)
    found = watched(floor, key, today=20261113)["maturing"]
    assert (found.state, found.evidence.values["closed"], found.evidence.values["calls"]) == ("waiting", 80, 140)
    assert watched(floor, key, today=20261120)["maturing"].state == "ok"
