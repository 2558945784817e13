"""The life of a standard card as one story: confirmed, signalled, answered by a test, due again, and replaced."""

from datetime import datetime, timedelta

import pytest

from experiments.act import reviews
from experiments.board import moves, standard_cards
from experiments.board.cards import Stage
from experiments.board.standard_cards import StandardCard
from experiments.board.standard_states import StandardState
from experiments.calendar import day_number
from experiments.check.variables.survey import survey_variables
from experiments.do.assignments import Floor
from experiments.errors import Conflict
from experiments.plan.scenarios import every_scenario, scenario_named
from tests.act.signals import a_signal
from tests.builders import (
    MONDAY,
    SCENARIO,
    a_draft,
    a_plan,
    another_standard,
    moved,
    people_actor,
    somebody,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def card(floor: Floor, at: datetime, scenario: str = SCENARIO) -> StandardCard:
    """Give the card, which is the same by itself as among all."""
    with floor.store.read() as session:
        found = scenario_named(session, scenario)
        alone = standard_cards.standard_card(session, found, calendar=floor.calendar, now=at)
        every = standard_cards.standard_cards(session, calendar=floor.calendar, now=at)
    among = next(each for each in every if each.scenario.key == scenario)
    assert (among.state, among.due.cycle, among.answered_by) == (alone.state, alone.due.cycle, alone.answered_by)
    return alone


def confirmed(floor: Floor, at: datetime, days: int) -> None:
    with floor.store.write() as session:
        reviews.review_standard(
            session,
            scenario_named(session, SCENARIO),
            owner="manager",
            review_by=day_number((at + days * DAY).date()),
            note="As it should be.",
            actor=people_actor(session, "lead"),
            calendar=floor.calendar,
            now=at,
        )


def proposed(floor: Floor, at: datetime) -> str:
    with floor.store.read() as session:
        survey, here = survey_variables(session, synthetic={}), scenario_named(session, SCENARIO)
        return str(standard_cards.next_plan(session, here, survey, calendar=floor.calendar, now=at).plan["key"])


def test_a_standard_goes_round_its_cycle(floor: Floor) -> None:
    lead = somebody(floor, "lead")
    first = card(floor, MONDAY)
    assert (first.state, first.stage, first.due.cycle) == (StandardState.IN_FORCE, Stage.ACT, 1)
    assert (first.since, first.open_to(lead)) == (MONDAY, ("confirm",))
    with pytest.raises(Conflict, match="asks for a test"):
        proposed(floor, MONDAY)

    confirmed(floor, MONDAY + HOUR, days=10)
    assert card(floor, MONDAY + 2 * HOUR).due.cycle == 2

    signal = a_signal(floor, MONDAY + DAY)
    found = card(floor, MONDAY + 2 * DAY)
    assert (found.state, found.since, found.stage) == (StandardState.SIGNALLED, MONDAY + DAY, Stage.CHECK)
    assert found.open_to(lead) == ("confirm", "plan")
    assert found.open_to(somebody(floor, "manager")) == ("confirm",)
    assert found.open_to(somebody(floor, "quality")) == ()
    assert proposed(floor, MONDAY + 2 * DAY) == f"after_signal_{signal}"

    confirmed(floor, MONDAY + 3 * DAY, days=10)
    after = card(floor, MONDAY + 3 * DAY)
    assert (after.state, after.signals, after.due.cycle) == (StandardState.IN_FORCE, (), 3)

    late = card(floor, MONDAY + 14 * DAY)
    assert (late.state, late.overdue) == (StandardState.OVERDUE, True)
    assert floor.calendar.day(late.since) == late.due.review_by
    assert card(floor, MONDAY + 13 * DAY).state is StandardState.DUE


def test_a_test_that_was_written_after_a_signal_answers_it_until_it_ends(floor: Floor) -> None:
    a_draft(floor)
    a_signal(floor, MONDAY + HOUR)
    assert card(floor, MONDAY + HOUR).answered_by is None  # that plan was on its way before
    with floor.store.write() as session:
        plan, lead = a_plan(floor, key="another_go"), people_actor(session, "lead")
        moves.draft(session, plan, actor=lead, now=MONDAY + 2 * HOUR)
    answered = card(floor, MONDAY + 2 * HOUR)
    assert (answered.state, answered.answered_by) == (StandardState.IN_TEST, "another_go")
    with pytest.raises(Conflict, match="another_go answers"):
        proposed(floor, MONDAY + 2 * HOUR)
    moved(floor, "another_go", "abandon", "lead", reason="Nobody can say it.", at=MONDAY + 3 * HOUR)
    assert card(floor, MONDAY + 3 * HOUR).state is StandardState.SIGNALLED


def test_another_standard_has_a_card_of_its_own(floor: Floor) -> None:
    confirmed(floor, MONDAY, days=10)
    a_signal(floor, MONDAY + timedelta(minutes=1))
    another_standard(floor)
    new = card(floor, MONDAY + HOUR)
    assert (new.state, new.due.cycle, new.signals) == (StandardState.IN_FORCE, 1, ())


def test_what_sums_others_has_none(floor: Floor) -> None:
    with floor.store.read() as session:
        node = next(s for s in every_scenario(session) if s.metric_set is None)
        with pytest.raises(Conflict, match="no standard script"):
            standard_cards.standard_card(session, node, calendar=floor.calendar, now=MONDAY)
