"""The next test worth running: where a variable was not tried yet, what its answer is worth, and what it costs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from statistics import median

from sqlalchemy.orm import Session

from experiments.board import cards
from experiments.board.cards import Card, Review, Stage
from experiments.check.variables.places import Place
from experiments.check.variables.survey import MetricSurvey
from experiments.plan import sizing
from experiments.plan.scenarios import element_names, metrics_of
from experiments.plan.sizing import Goal, Sizing
from experiments.wording import Message, sentence
from stats.bayes.beliefs import Normal
from stats.pooling.ranking import Candidate, Proposal, Worth, rank_proposals

ALPHA, POWER = 0.05, 0.8
LEAST_CALLS = 100
"""Eligible calls that heard the standard in force before its rate is believed."""
_EVEN = (5000, 5000)
_LOOKS = (0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Words:
    """What a catalogue calls its elements, by key, and the metric: each `{locale: text}`."""

    elements: Mapping[str, Mapping[str, str]]
    metric: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NextTest:
    """A test that could be run.

    Attributes:
        variable: Key of the element.
        place: Where.
        tests: Finished tests of the variable, all in other scenarios.
        prior: What is believed of its effect here before the test.
        effect: Difference that the test is planned to find, a share.
        days: How long it takes at the scenario's pace.
        worth: The calls it takes, and what it is expected to bring in a year, in successes of the metric.
        why: One sentence for people.
    """

    variable: str
    place: Place
    tests: int
    prior: Normal
    effect: float
    days: int
    worth: Worth
    why: Message

    @property
    def gain_per_call(self) -> float:
        """Give what each call of the test is expected to bring in a year."""
        return self.worth.expected_gain / self.worth.calls


def next_tests(session: Session, survey: MetricSurvey) -> tuple[NextTest, ...]:
    """Rank the tests that could be run next by what each of their calls is expected to bring.

    Nothing is shipped untested here, so that a test is worth all of the gain expected of shipping what it finds better,
    and not only what it adds to a guess. Left out are scenarios in which a test stands between its start and its
    decision, since that decides what the next is compared with; variables for which a plan is written there already;
    and those that were tested there. Each is planned by call, in two even arms and two looks, to find the median of the
    differences that earlier plans called worth having. None is proposed before two tests have shown how much effects
    differ.

    Args:
        session: to read the board with.
        survey: what is known so far of one metric.
    """
    board = cards.every_card(session)
    busy = {card.experiment.scenario.key for card in board if _undecided(card)}
    taken = {(card.experiment.variable, card.experiment.scenario.key) for card in board if card.stage == Stage.PLAN}
    taken |= {(test.variable, test.scenario) for test in survey.tests}
    words = Words(element_names(session, survey.catalogue), metrics_of(session, survey.catalogue)[survey.metric].name)
    return propose(survey, words, busy=busy, taken=taken)


def propose(
    survey: MetricSurvey,
    words: Words,
    *,
    busy: Collection[str] = (),
    taken: Collection[tuple[str, str]] = (),
) -> tuple[NextTest, ...]:
    """Rank what could be tested in scenarios that are not busy, but for the pairs of variable and scenario taken.

    Args:
        survey: what is known so far of one metric.
        words: what the catalogue calls things.
        busy: keys of scenarios that take no test now.
        taken: pairs of variable and scenario that need none.
    """
    effect = median(test.worth for test in survey.tests)
    plans = [(p, _plan(p, effect)) for p in survey.places if p.scenario not in busy]
    pairs = [
        (variable, place, plan)
        for place, plan in plans
        if plan is not None
        for variable in place.variables
        if (variable, place.scenario) not in taken
    ]
    beliefs = {each.variable: each.elsewhere for each in survey.effects.variables}
    asked = [
        _proposal(n, place, plan, beliefs.get(v, survey.effects.untested)) for n, (v, place, plan) in enumerate(pairs)
    ]
    known = {int(worth.name): worth for worth in rank_proposals(asked) if worth.rank is not None}
    found = [_told(survey, words, *pairs[n], asked[n].candidate.effect, known[n]) for n in sorted(known)]
    return tuple(sorted(found, key=lambda each: -each.gain_per_call))


def _undecided(card: Card) -> bool:
    """Say whether a card's test stands between its start and its decision."""
    return card.stage != Stage.PLAN and card.review not in (Review.STANDARD, Review.ABANDONED)


def _plan(place: Place, effect: float) -> Sizing | None:
    """Size a test; None where the scenario's history says too little, or its rate leaves no room for the effect."""
    if place.standard_calls < LEAST_CALLS or not 0 < place.rate < 1 - effect:
        return None
    goal = Goal(place.rate, effect, ALPHA, POWER, _EVEN, _LOOKS)
    return sizing.size_calls(goal, daily_calls=place.daily_calls)


def _proposal(number: int, place: Place, plan: Sizing, prior: Normal) -> Proposal:
    calls = plan.total or 0
    candidate = Candidate(str(number), prior, place.yearly_calls)
    return Proposal(candidate, calls, variance=4 * place.rate * (1 - place.rate) / calls)  # of two arms of half of them


def _told(
    survey: MetricSurvey,
    words: Words,
    variable: str,
    place: Place,
    plan: Sizing,
    prior: Normal,
    worth: Worth,
) -> NextTest:
    tests = sum(test.variable == variable for test in survey.tests)
    values = {
        "variable": words.elements.get(variable, {"en": variable}),
        "points": f"{100 * prior.mean:+.1f}",
        "spread": f"{100 * prior.sd:.1f}",
        "tests": tests,
        "calls": f"{worth.calls:,}",
        "days": plan.days or 0,
        "gain": f"{worth.expected_gain:,.0f}",
        "volume": f"{place.yearly_calls:,.0f}",
        "metric": words.metric,
    }
    return NextTest(
        variable, place, tests, prior, plan.effect, plan.days or 0, worth, Message(_WHY[bool(tests)], values)
    )


_WHY = {
    True: sentence(
        "%(variable)s was never tried here; its tests elsewhere (finished: %(tests)s) point to %(points)s points. "
        "%(calls)s calls, about %(days)s days, would tell; shipping it only if it wins is worth about %(gain)s more "
        "a year on %(metric)s, of %(volume)s eligible calls."
    ),
    False: sentence(
        "%(variable)s was never tested at all; tests here differ by %(spread)s points, so it may do much either way. "
        "%(calls)s calls, about %(days)s days, would tell; shipping it only if it wins is worth about %(gain)s more "
        "a year on %(metric)s, of %(volume)s eligible calls."
    ),
}
