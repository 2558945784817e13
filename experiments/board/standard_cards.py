"""Standard cards: every live standard with its owner, its cycle, and whether somebody has to look at it now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from experiments import people
from experiments.act import reviews
from experiments.act.control import signals
from experiments.act.control.signals import ControlSignal
from experiments.act.live import LiveStandard, live_standard
from experiments.act.reviews import ReviewDue
from experiments.board import cards
from experiments.board.after_signal import Proposal, propose_after
from experiments.board.cards import Stage, UnderWay
from experiments.board.standard_states import STAGES, STANDARD_MOVES, StandardFacts, StandardState, state_of
from experiments.calendar import SiteCalendar
from experiments.check.variables.survey import VariableSurvey
from experiments.errors import Conflict
from experiments.people import Actor
from experiments.plan.scenarios import Scenario


@dataclass(frozen=True, slots=True)
class StandardCard:
    """A live standard on the board.

    Attributes:
        due: The standard, its owner, its reviews and the day of the next one.
        state: Where it stands.
        overdue: Whether that day has passed, whatever else is the matter.
        signals: What was found in its rates since it was last confirmed, the newest first.
        answered_by: Key of the test on its way that was written after the newest of them; None without any.
        awaited: Login of the owner, whom it waits for; None where she works here no longer and any reviewer will do.
        since: Since when it has waited for somebody, or has stood confirmed, UTC.
    """

    due: ReviewDue
    state: StandardState
    overdue: bool
    signals: tuple[ControlSignal, ...]
    answered_by: str | None
    awaited: str | None
    since: datetime

    @property
    def scenario(self) -> Scenario:
        """Give whose standard it is."""
        return self.due.live.scenario

    @property
    def stage(self) -> Stage:
        """Give the column it stands in."""
        return STAGES[self.state]

    def waits_for(self, actor: Actor) -> bool:
        """Say whether it is for an actor to look at it now."""
        mine = self.awaited in (None, actor.name)
        return self.stage is Stage.CHECK and mine and "confirm" in self.open_to(actor)

    def open_to(self, actor: Actor) -> tuple[str, ...]:
        """Name what an actor may do with it now."""
        return tuple(verb for (state, verb), who in STANDARD_MOVES.items() if state is self.state and actor.has(who))


def standard_cards(session: Session, *, calendar: SiteCalendar, now: datetime) -> list[StandardCard]:
    """Give a card for every live standard, the earliest review first."""
    due = reviews.reviews_due(session, calendar)
    found = signals.signals_in(session, {each.live.version_id for each in due})
    tests, working = cards.under_way(session), people.working(session)
    return [_card(each, found, tests, working, calendar, now) for each in due]


def standard_card(session: Session, scenario: Scenario, *, calendar: SiteCalendar, now: datetime) -> StandardCard:
    """Give the card of a scenario's standard.

    Raises:
        Conflict: the scenario has no standard.
    """
    live = live_standard(session, scenario)
    if live is None:
        raise Conflict("The scenario %(scenario)s has no standard script yet.", scenario=scenario.key)
    found = signals.signals_in(session, {live.version_id})
    due, working = reviews.review_due(session, live, calendar), people.working(session)
    return _card(due, found, cards.under_way(session), working, calendar, now)


def next_plan(
    session: Session, scenario: Scenario, survey: VariableSurvey, *, calendar: SiteCalendar, now: datetime
) -> Proposal:
    """Propose the plan that the newest signal of a standard calls for.

    Args:
        session: to read with.
        scenario: whose standard.
        survey: what finished tests say of variables.
        calendar: the site's.
        now: when, UTC.

    Raises:
        Conflict: the scenario has no standard, nothing was found in its rates, a test answers it already, or the
            standard has no words that a test may vary.
    """
    card = standard_card(session, scenario, calendar=calendar, now=now)
    if (card.state, "plan") not in STANDARD_MOVES:
        if card.answered_by is not None:
            raise Conflict("%(experiment)s answers what was found already.", experiment=card.answered_by)
        raise Conflict("Nothing was found in the rates of %(scenario)s that asks for a test.", scenario=scenario.key)
    proposed = propose_after(session, scenario, card.signals[0], survey)
    if proposed is None:
        raise Conflict("The standard of %(scenario)s has no words that a test may vary.", scenario=scenario.key)
    return proposed


def _card(
    due: ReviewDue,
    found: Sequence[ControlSignal],
    tests: Sequence[UnderWay],
    working: Collection[str],
    calendar: SiteCalendar,
    now: datetime,
) -> StandardCard:
    confirmed = due.noted.noted_at if due.noted else due.live.since
    own = tuple(each for each in found if _is_of(each, due.live) and each.found_at > confirmed)
    answer = next((test.key for test in tests if own and _answers(test, due.live, own[0])), None)
    facts = StandardFacts(calendar.day(now), due.review_by, len(own), answer is not None)
    state = state_of(facts)
    since = {
        StandardState.SIGNALLED: own[-1].found_at if own else confirmed,
        StandardState.DUE: calendar.start_of(due.review_by),
        StandardState.OVERDUE: calendar.start_of(due.review_by),
    }.get(state, confirmed)
    awaited = due.owner if due.owner in working else None
    return StandardCard(due, state, due.overdue(facts.today), own, answer, awaited, since)


def _is_of(signal: ControlSignal, live: LiveStandard) -> bool:
    return (signal.scenario_id, signal.script_version_id) == (live.scenario.id, live.version_id)


def _answers(test: UnderWay, live: LiveStandard, newest: ControlSignal) -> bool:
    here = (test.scenario_id, test.control_version_id) == (live.scenario.id, live.version_id)
    return here and test.written_at >= newest.found_at
