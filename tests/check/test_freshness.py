"""How far data reach, by who tells."""

from datetime import timedelta

from experiments.check import freshness
from experiments.check.freshness import Source
from experiments.do.assignments import Floor
from experiments.plan.designs import experiment_named
from tests.builders import MONDAY, a_call, a_running_experiment, assigned, outcome, rolled_up, told
from tests.histories import History


def sources(floor: Floor, key: str) -> list[Source]:
    rolled_up(floor)
    with floor.store.read() as session:
        return freshness.sources(session, experiment_named(session, key))


def test_each_source_is_as_old_as_its_own_last_fact(history: History) -> None:
    floor, key = history.after(a_running_experiment)
    assigned(floor, [a_call(i) for i in range(3)])
    told(floor, [outcome(f"call-{i}", "resolved", minutes=i) for i in range(3)], "desk", at=MONDAY + timedelta(hours=1))
    told(floor, [outcome("call-1", "converted", minutes=600)], "nightly", at=MONDAY + timedelta(days=1))
    at, later = MONDAY + timedelta(minutes=2), MONDAY + timedelta(minutes=600)
    assert sources(floor, key) == [
        Source("desk", 3, at, MONDAY + timedelta(hours=1)),
        Source("nightly", 1, later, MONDAY + timedelta(days=1)),
    ]


def test_a_fact_that_is_told_again_makes_nothing_newer(history: History) -> None:
    floor, key = history.after(a_running_experiment)
    assigned(floor, [a_call()])
    for days in (0, 1):
        told(floor, [outcome("call-1", "resolved")], at=MONDAY + timedelta(days=days))
    (desk,) = sources(floor, key)
    assert (desk.facts, desk.newest_received_at) == (1, MONDAY)


def test_a_fact_is_counted_once_its_call_is_here(history: History) -> None:
    floor, key = history.after(a_running_experiment)
    told(floor, [outcome("call-1", "resolved")])
    assert sources(floor, key) == []
    assigned(floor, [a_call()])
    assert [(each.source, each.facts) for each in sources(floor, key)] == [("desk", 1)]


def test_what_was_told_before_the_test_began_says_nothing_of_it(floor: Floor) -> None:
    assigned(floor, [a_call()])
    told(floor, [outcome("call-1", "resolved")], "the old desktop")
    key = a_running_experiment(floor)
    assigned(floor, [a_call(2, at=MONDAY + timedelta(days=1))])
    told(floor, [outcome("call-2", "resolved", minutes=60 * 24 + 5)], "the new desktop")
    assert [each.source for each in sources(floor, key)] == ["the new desktop"]
