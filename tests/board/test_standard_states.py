"""Standard cards as a table: which facts put one where, what each event makes of it, and what people may do there."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from experiments.board.cards import Stage
from experiments.board.standard_states import STAGES, STANDARD_MOVES, StandardFacts, StandardState, state_of

TODAY, TOMORROW, DAY_AFTER = 20261130, 20261201, 20261202
A_YEAR_ON = 20271130
IN_FORCE, IN_TEST, DUE, OVERDUE, SIGNALLED = StandardState

Event = Callable[[StandardFacts], StandardFacts]


def the_day_comes(facts: StandardFacts) -> StandardFacts:
    return replace(facts, today=max(facts.today, facts.review_by))


def the_day_passes(facts: StandardFacts) -> StandardFacts:
    return replace(facts, today=DAY_AFTER)


def a_signal(facts: StandardFacts) -> StandardFacts:
    return replace(facts, signals=facts.signals + 1, answered=False)


def a_test_is_written(facts: StandardFacts) -> StandardFacts:
    return replace(facts, answered=facts.signals > 0)


def the_test_ends(facts: StandardFacts) -> StandardFacts:
    return replace(facts, answered=False)


def a_confirmation(facts: StandardFacts) -> StandardFacts:
    return StandardFacts(facts.today, A_YEAR_ON)


FACTS = {
    IN_FORCE: StandardFacts(TODAY, TOMORROW),
    IN_TEST: StandardFacts(TODAY, TOMORROW, signals=1, answered=True),
    DUE: StandardFacts(TOMORROW, TOMORROW),
    OVERDUE: StandardFacts(DAY_AFTER, TOMORROW),
    SIGNALLED: StandardFacts(TODAY, TOMORROW, signals=1),
}
"""The plainest facts of each state."""

EVENTS: dict[tuple[StandardState, Event], StandardState] = {
    # nobody need look: until its day, or until something is found
    (IN_FORCE, the_day_comes): DUE,
    (IN_FORCE, the_day_passes): OVERDUE,
    (IN_FORCE, a_signal): SIGNALLED,
    (IN_FORCE, a_test_is_written): IN_FORCE,
    (IN_FORCE, the_test_ends): IN_FORCE,
    (IN_FORCE, a_confirmation): IN_FORCE,
    # a test answers what was found; its day comes all the same, and a second signal asks anew
    (IN_TEST, the_day_comes): DUE,
    (IN_TEST, the_day_passes): OVERDUE,
    (IN_TEST, a_signal): SIGNALLED,
    (IN_TEST, a_test_is_written): IN_TEST,
    # … and where it ended without another standard, what was found is as open as before
    (IN_TEST, the_test_ends): SIGNALLED,
    (IN_TEST, a_confirmation): IN_FORCE,
    # somebody has to look: a test that nothing asked for does not do it for them
    (DUE, the_day_comes): DUE,
    (DUE, the_day_passes): OVERDUE,
    (DUE, a_signal): SIGNALLED,
    (DUE, a_test_is_written): DUE,
    (DUE, the_test_ends): DUE,
    (DUE, a_confirmation): IN_FORCE,
    (OVERDUE, the_day_comes): OVERDUE,
    (OVERDUE, the_day_passes): OVERDUE,
    (OVERDUE, a_signal): SIGNALLED,
    (OVERDUE, a_test_is_written): OVERDUE,
    (OVERDUE, the_test_ends): OVERDUE,
    (OVERDUE, a_confirmation): IN_FORCE,
    # what was found is louder than any day
    (SIGNALLED, the_day_comes): SIGNALLED,
    (SIGNALLED, the_day_passes): SIGNALLED,
    (SIGNALLED, a_signal): SIGNALLED,
    (SIGNALLED, a_test_is_written): IN_TEST,
    (SIGNALLED, the_test_ends): SIGNALLED,
    (SIGNALLED, a_confirmation): IN_FORCE,
}

PEOPLE = {
    # whoever has looked may say so at any time
    **{(state, "confirm"): ("lead", "manager") for state in StandardState},
    # a signal that nobody has answered, and nothing else, opens the next plan
    (SIGNALLED, "plan"): ("lead",),
}


@pytest.mark.parametrize("state", StandardState)
def test_each_state_is_what_its_facts_say(state: StandardState) -> None:
    assert state_of(FACTS[state]) is state


@pytest.mark.parametrize(
    ("state", "event", "after"),
    [(*row, after) for row, after in EVENTS.items()],
    ids=[f"{state}-{event.__name__}" for state, event in EVENTS],
)
def test_each_event_makes_of_each_state_what_its_row_says(
    state: StandardState, event: Event, after: StandardState
) -> None:
    assert state_of(event(FACTS[state])) is after


def test_the_rows_are_whole() -> None:
    events = {event for _state, event in EVENTS}
    assert set(EVENTS) == set(product(StandardState, events))


def test_people_may_what_the_rows_say_and_nothing_else() -> None:
    assert STANDARD_MOVES == PEOPLE


def test_it_stands_at_check_while_somebody_has_to_look_and_in_act_otherwise() -> None:
    assert {state for state, stage in STAGES.items() if stage is Stage.CHECK} == {DUE, OVERDUE, SIGNALLED}
    assert {state for state, stage in STAGES.items() if stage is Stage.ACT} == {IN_FORCE, IN_TEST}
