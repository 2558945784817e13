"""Agents beside one another, over the calls of a look that may be read: their rates drawn towards the rate of all."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy.orm import Session

from experiments.check import cube, history
from experiments.check.metrics import MetricSpec, Totals, denominator_of, measures_of
from experiments.check.reading import primary_of
from experiments.plan.designs import Experiment
from stats.moments import Counts
from stats.pooling.rates import ShrunkRates, shrink_rates

LEAST_NAMED = 30
"""With fewer calls an agent is not named: so few say more of chance than of a person."""

_WHOLE = ("agent", "team")
"""Where these are dealt an agent's calls belong to one arm, and agents are drawn towards the others of theirs."""


@dataclass(frozen=True, slots=True)
class AgentRate:
    """One agent's rate.

    Attributes:
        agent_id: Who; '' with fewer than `LEAST_NAMED` calls.
        arm: The arm of all the agent's calls, where whole agents or teams were dealt; else ''.
        counts: Calls and successes.
        rate: Successes per call, drawn towards the rate of all, a share.
        low: Lower end of its interval.
        high: Upper end of it.
    """

    agent_id: str
    arm: str
    counts: Counts
    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class AgentsReading:
    """The agents of a test, the lowest rate first; `means` are the rates of the average agent, by arm ('' for all)."""

    metric: str
    until: int
    agents: tuple[AgentRate, ...]
    means: Mapping[str, float]
    confidence: float


def agents_of(session: Session, experiment: Experiment, until: int) -> AgentsReading | None:
    """Read what agents made of a test's calls; None when no two took any, or the metric is no share of calls.

    Args:
        session: to read the rollup with.
        experiment: the test.
        until: the last day of assignment (YYYYMMDD) that the look counted.
    """
    spec = history.specs_of(session, experiment)[primary_of(experiment).metric]
    cells = cube.calls_of(session, experiment, [until], measures_of(spec))
    dealt, found = {arm.key for arm in experiment.dealt}, defaultdict[tuple[str, str], list[Totals]](list)
    for (arm, agent), totals in cells.sums(["arm", "agent_id"], until=until).items():
        if arm in dealt:
            found[arm if experiment.unit in _WHOLE else "", agent].append(totals)
    counts = {who: _counts(spec, several) for who, several in found.items()}
    if spec.kind != "proportion" or any(each is None for each in counts.values()) or len(counts) < 2:
        return None
    known = {who: each for who, each in sorted(counts.items()) if each is not None and each.n}
    several = Counter(arm for arm, _agent in known)
    # The only agent of an arm has no others to be drawn towards.
    beside = {who: each for who, each in known.items() if several[who[0]] > 1}
    return _read(spec.key, until, beside) if beside else None


def _counts(spec: MetricSpec, several: list[Totals]) -> Counts | None:
    calls = sum(denominator_of(spec, totals) for totals in several)
    successes = sum(totals[spec.numerator] for totals in several)
    return Counts(calls, successes) if successes <= calls else None


def _read(metric: str, until: int, counts: Mapping[tuple[str, str], Counts]) -> AgentsReading:
    agents: list[AgentRate] = []
    means: dict[str, float] = {}
    confidence = 0.0
    for arm in sorted({arm for arm, _ in counts}):
        names = [agent for own, agent in counts if own == arm]
        shrunk = _shrunk(tuple((counts[arm, agent].n, counts[arm, agent].successes) for agent in names))
        means[arm], confidence = shrunk.mean, shrunk.confidence
        agents += [
            AgentRate(agent if each.n >= LEAST_NAMED else "", arm, each, rate.rate, rate.low, rate.high)
            for agent, rate in zip(names, shrunk.agents, strict=True)
            for each in (counts[arm, agent],)
        ]
    return AgentsReading(metric, until, tuple(sorted(agents, key=lambda each: each.rate)), means, confidence)


@lru_cache(maxsize=64)
def _shrunk(counts: tuple[tuple[int, int], ...]) -> ShrunkRates:
    """Draw rates together; kept in mind, since a page asks again for what has not changed."""
    return shrink_rates([Counts(n, successes) for n, successes in counts])
