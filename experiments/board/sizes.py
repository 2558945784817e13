"""The size of a plan, with the rates and the volume of its own scenario: what `plan` and `check` know, joined."""

from sqlalchemy.orm import Session

from experiments.check import history
from experiments.errors import Conflict
from experiments.plan import sizing, traffic
from experiments.plan.designs import Experiment
from experiments.plan.rules import Kind
from experiments.plan.sizing import Sizing

_LEAST_HISTORY = 100  # eligible calls before a scenario's own rate is believed in a plan


def size_of(session: Session, experiment: Experiment) -> Sizing:
    """Size a plan with the rates and volume of the scenario's own history.

    Raises:
        Conflict: there is too little history and the plan states no rate, or the rate leaves no room for the effect.
    """
    past = history.scenario_history(session, [experiment.scenario_id])
    rate = _base_rate(session, experiment, past)
    if rate + experiment.effect >= 1:
        raise Conflict("The rate today leaves no room for so large an effect.")
    few = None if experiment.unit in traffic.FINE_UNITS else history.cluster_count(session, experiment)
    return sizing.size(
        rate,
        experiment.effect,
        alpha=experiment.alpha,
        power=experiment.power,
        weights=[arm.weight for arm in experiment.arms],
        looks=experiment.looks,
        daily_calls=past.daily_eligible * (experiment.coverage / 10_000 if few is None else 1.0),
        clusters=few,
    )


def _base_rate(session: Session, experiment: Experiment, past: history.ScenarioHistory) -> float:
    if experiment.base_rate is not None:
        return experiment.base_rate
    primary = next(m for m in experiment.metrics if m.role == "primary")
    spec = history.specs_of(session, experiment)[primary.metric]
    calls, successes = past.eligible["calls"], past.eligible[spec.numerator]
    if experiment.kind == Kind.SCENARIO or calls < _LEAST_HISTORY or not 0 < successes < calls:
        raise Conflict("Too little history to size this test: state today's rate as base_rate.")
    return successes / calls
