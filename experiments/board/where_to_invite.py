"""Where should we invite at all? Every leaf scenario by acceptance, value and harm, and who says so."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from experiments.act.control.signals import ControlSignal, signals_of
from experiments.audit import AuditEntry
from experiments.board import cards
from experiments.board.cards import Card
from experiments.check.history import spec_of
from experiments.check.inviting import Inviting, inviting_by_scenario
from experiments.check.looks import Look, newest_looks
from experiments.check.metrics import MetricSpec, counts_of
from experiments.check.variables.places import Place, every_place
from experiments.check.verdict import Conclusion
from experiments.plan.rules import Kind
from experiments.plan.scenarios import MetricSet, Scenario, Standing, every_scenario, metric_set_of, metrics_of
from experiments.wording import Message, sentence
from stats.arms.intervals import Interval, wilson
from stats.arms.proportions import compare_proportions
from stats.comparison import Comparison
from stats.moments import Counts

HARM = "complaint"
"""The fact that stands for harm: complaints that the invitation caused."""
_ALPHA_READ_DAILY = 0.001
"""Of the interval that may contradict a standing: it is read every day, and nobody dealt these calls."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What a standing rests on: the experiment (None: the catalogue), its newest look, and when it was decided."""

    experiment: str | None
    look: Look | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class RankedScenario:
    """One scenario.

    Attributes:
        scenario: Which.
        standing: What is decided about inviting there.
        decided: What says so.
        metric: What counts as a success: the metric set's primary one; None where its funnel invites nobody.
        accepted: Eligible calls whose script invites, and their successes.
        acceptance: Wilson's 95 % interval of their rate.
        yearly: Successes a year if every eligible call were invited as these were; nan when unknown.
        yearly_calls: Eligible calls a year, at the pace on record.
        invited_harm: Those calls, and the complaints.
        served_harm: The calls that were only served, and the complaints.
        harm: The difference of these two rates with its 95 % interval; nan where one side has no calls.
        last_day: The newest day (YYYYMMDD) of any of these calls; 0 without any.
        moved: What newer data say against the standing.
    """

    scenario: Scenario
    standing: Standing
    decided: Decided
    metric: MetricSpec | None
    accepted: Counts
    acceptance: Interval
    yearly: float
    yearly_calls: float
    invited_harm: Counts
    served_harm: Counts
    harm: Comparison
    last_day: int
    moved: tuple[Message, ...]


ORDERS: Mapping[str, Callable[[RankedScenario], float]] = {
    "value": lambda ranked: ranked.yearly,
    "acceptance": lambda ranked: ranked.accepted.rate,
    "harm": lambda ranked: -ranked.invited_harm.rate,
}
"""By what scenarios are ranked, the largest first; what is unknown comes last."""


def where_to_invite(session: Session, *, by: str = "value") -> list[RankedScenario]:
    """Rank every leaf scenario.

    Args:
        session: to read with; nothing but rollups, standings, looks and signals is read.
        by: `value` (successes a year), `acceptance` (their share of eligible calls) or `harm` (complaints, the fewest
            first); anything else is `value`.
    """
    inviting, places = inviting_by_scenario(session), {place.scenario: place for place in every_place(session)}
    decided, looks, board = _decided(session), newest_looks(session), cards.every_card(session)
    found = []
    for scenario in every_scenario(session):
        if scenario.metric_set is None:
            continue
        entry = decided.get(scenario.key)
        own = [card for card in board if card.experiment.scenario_id == scenario.id and card.kind == Kind.SCENARIO]
        source = _source(entry, board, looks)
        here = inviting.get(scenario.id, Inviting())
        found.append(_ranked(session, scenario, source, here, places.get(scenario.key), own, looks))
    order = ORDERS.get(by, ORDERS["value"])
    return sorted(found, key=lambda ranked: -math.inf if math.isnan(order(ranked)) else order(ranked), reverse=True)


def _decided(session: Session) -> dict[str, AuditEntry]:
    """Give the newest decision about each scenario's standing, by its key."""
    entries = session.scalars(select(AuditEntry).where(AuditEntry.verb == "set_standing").order_by(AuditEntry.id))
    return {entry.subject.removeprefix("scenario:"): entry for entry in entries}


def _source(entry: AuditEntry | None, board: Sequence[Card], looks: Mapping[int, Look]) -> Decided:
    if entry is None:
        return Decided(None, None, None)
    key = entry.detail["by"]
    look = next((looks.get(card.experiment_id) for card in board if card.experiment.key == key), None)
    return Decided(key, look, entry.at)


def _ranked(
    session: Session,
    scenario: Scenario,
    decided: Decided,
    here: Inviting,
    place: Place | None,
    own: Sequence[Card],
    looks: Mapping[int, Look],
) -> RankedScenario:
    group = metric_set_of(session, scenario)
    metric = (
        spec_of(metrics_of(session, scenario.catalogue)[group.primary_metric]) if _invites(scenario, group) else None
    )
    accepted = counts_of(metric, here.invited) if metric else Counts(0, 0)
    yearly_calls = place.yearly_calls if place else math.nan
    harms = Counts(here.invited["calls"], here.invited[HARM]), Counts(here.served["calls"], here.served[HARM])
    return RankedScenario(
        scenario=scenario,
        standing=Standing(scenario.standing),
        decided=decided,
        metric=metric,
        accepted=accepted,
        acceptance=wilson(accepted),
        yearly=accepted.rate * yearly_calls,
        yearly_calls=yearly_calls,
        invited_harm=harms[0],
        served_harm=harms[1],
        harm=compare_proportions(harms[1], harms[0]),
        last_day=here.last_day,
        moved=tuple(_moved(session, scenario, group, decided, harms, own, looks)),
    )


def _invites(scenario: Scenario, group: MetricSet) -> bool:
    """Say whether a metric set counts what an invitation leads to; an outbound call is one itself."""
    return scenario.direction == "outbound" or any(step["fact"] == "invited" for step in group.steps)


def _moved(
    session: Session,
    scenario: Scenario,
    group: MetricSet,
    decided: Decided,
    harms: tuple[Counts, Counts],
    own: Sequence[Card],
    looks: Mapping[int, Look],
) -> list[Message]:
    """Say what newer data have against the standing."""
    invites = scenario.standing in (Standing.SUITABLE, Standing.LIMITED)
    found = [
        _of_look(look, invites) for card in own if (look := looks.get(card.experiment_id)) and _newer(look, decided)
    ]
    if invites:
        found += [_of_signal(signal) for signal in _worse_since(session, scenario, decided)[:1]]
        found.append(_of_harm(group, *harms))
    return [message for message in found if message is not None]


def _newer(look: Look, decided: Decided) -> bool:
    """Say whether a look is of another experiment than the one that decided, and newer than the decision."""
    if decided.look is not None and look.experiment_id == decided.look.experiment_id:
        return False
    return decided.at is None or look.made_at > decided.at


def _of_look(look: Look, invites: bool) -> Message | None:
    values = {"number": look.number, "day": look.made_at.date().isoformat()}
    if invites and look.conclusion in (Conclusion.HARM, Conclusion.LOSER):
        return Message(_AGAINST, values)
    if not invites and look.conclusion == Conclusion.WINNER:
        return Message(_FOR, values)
    return None


def _worse_since(session: Session, scenario: Scenario, decided: Decided) -> list[ControlSignal]:
    since = decided.at
    return [s for s in signals_of(session, scenario) if s.worse and (since is None or s.found_at > since)]


def _of_signal(signal: ControlSignal) -> Message:
    return Message(_SIGNALLED, {"signal": Message.from_json(signal.words)})


def _of_harm(group: MetricSet, invited: Counts, served: Counts) -> Message | None:
    margin = next((each["margin"] for each in group.guardrails if each["metric"] == HARM), None)
    if margin is None or not invited.n or not served.n:
        return None
    if compare_proportions(served, invited, alpha=_ALPHA_READ_DAILY).low <= margin:
        return None
    values = {
        "invited": f"{100 * invited.rate:.2f}%",
        "served": f"{100 * served.rate:.2f}%",
        "margin": f"{100 * margin:g}",
    }
    return Message(_HARMFUL, values)


_AGAINST = sentence("A newer look (no. %(number)s of %(day)s) finds that inviting here does harm or brings less.")
_FOR = sentence("A newer look (no. %(number)s of %(day)s) finds that inviting here pays.")
_SIGNALLED = sentence("Since it was decided the standard has done worse. %(signal)s")
_HARMFUL = sentence(
    "Complaints: %(invited)s of the calls whose script invites, %(served)s of those that were only served: more "
    "than the %(margin)s points allowed, by a 99.9%% interval of the difference."
)
