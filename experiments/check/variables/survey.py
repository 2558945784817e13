"""Every variable ranked by what it is expected to bring: its effect times the calls in which it could be spoken."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from experiments.check.variables.effects import VariableEffect, VariableEffects, pool_variables
from experiments.check.variables.evidence import Evidence, FinishedTest, Omitted, finished_tests
from experiments.check.variables.places import Place, every_place
from stats.pooling.meta import Method
from stats.pooling.ranking import Candidate, RankedVariable, rank_variables


@dataclass(frozen=True, slots=True)
class KeyVariable:
    """A variable with its worth.

    Attributes:
        effect: What is known of it.
        places: In how many scenarios it can be tested: calls come in, the standard script has it, and it invites.
        yearly_calls: Eligible calls that these take in a year, at the pace on record.
        gain: What it is expected to bring in a year if its words were changed in all of them as they were in tests:
            successes of the metric, with an interval, and the chance that no other brings more.
    """

    effect: VariableEffect
    places: int
    yearly_calls: float
    gain: RankedVariable


@dataclass(frozen=True, slots=True)
class MetricSurvey:
    """What moves one metric in one catalogue: effects on different metrics are never pooled.

    Attributes:
        catalogue: Its key.
        metric: Key of the primary metric of all its tests.
        effects: Every tested variable, and all tests together.
        ranked: The variables, the greatest expected gain first, those without a known one last.
        places: Every scenario that plans on this metric start from.
    """

    catalogue: str
    metric: str
    effects: VariableEffects
    ranked: tuple[KeyVariable, ...]
    places: tuple[Place, ...]

    @property
    def tests(self) -> list[FinishedTest]:
        """Give all its tests."""
        return [drawn.test for variable in self.effects.variables for drawn in variable.tests]


@dataclass(frozen=True, slots=True)
class VariableSurvey:
    """Everything that finished tests say of variables."""

    metrics: tuple[MetricSurvey, ...]
    omitted: tuple[Omitted, ...]


def survey_variables(session: Session, *, synthetic: Collection[str], method: Method = "reml") -> VariableSurvey:
    """See what finished tests say of every variable.

    Args:
        session: to read with.
        synthetic: keys of experiments whose imported calls are made up in part.
        method: how the spread of true effects is estimated.
    """
    evidence, places = finished_tests(session, synthetic=synthetic), every_place(session)
    kinds = dict.fromkeys((test.catalogue, test.metric) for test in evidence.tests)
    busiest = sorted(kinds, key=lambda kind: -len(_of(evidence, *kind)))
    return VariableSurvey(
        tuple(
            survey_metric(_of(evidence, *kind), [p for p in places if (p.catalogue, p.metric) == kind], method=method)
            for kind in busiest
        ),
        evidence.omitted,
    )


def survey_metric(tests: Sequence[FinishedTest], places: Sequence[Place], *, method: Method = "reml") -> MetricSurvey:
    """Rank the variables that tests on one metric varied.

    Args:
        tests: at least one, in the order in which they were read.
        places: the scenarios that plans on this metric start from.
        method: how the spread of true effects is estimated.
    """
    effects = pool_variables(tests, method=method)
    there = {
        each.variable: [p for p in places if each.variable in p.variables and p.calls and p.rate != 0]
        for each in effects.variables
    }
    volumes = {variable: sum(place.yearly_calls for place in found) for variable, found in there.items()}
    known = {each.variable: each for each in effects.variables}
    ranked = rank_variables([Candidate(key, each.expected, volumes[key]) for key, each in known.items()])
    return MetricSurvey(
        tests[0].catalogue,
        tests[0].metric,
        effects,
        tuple(KeyVariable(known[r.name], len(there[r.name]), volumes[r.name], r) for r in ranked),
        tuple(places),
    )


def _of(evidence: Evidence, catalogue: str, metric: str) -> list[FinishedTest]:
    return [test for test in evidence.tests if (test.catalogue, test.metric) == (catalogue, metric)]
