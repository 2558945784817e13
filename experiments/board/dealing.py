"""The balanced deals of a plan with few units: what `plan` deals and what `check` knows of each unit, joined."""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy.orm import Session

from experiments.calendar import as_date
from experiments.check import history
from experiments.check.history import AgentPast
from experiments.check.metrics import MetricSpec, pair_of
from experiments.plan import deals
from experiments.plan.deals import Deals
from experiments.plan.designs import Experiment

_LEAST_UNITS = 4
"""Two in each arm: below that nothing can be dealt evenly, and nothing compared."""

_SHIFT_DAYS = 28
"""Shifts are balanced over so many days to come; their names hold the date, and the start is not known yet."""


def deals_of(session: Session, experiment: Experiment, *, today: int) -> Deals | None:
    """Make the list of balanced deals for a plan by agent, team or shift; None when its units are many or too few.

    Agents and teams are balanced on the primary metric before, calls, tenure and region; shifts on weekday × half-day
    and their agent's rate before.

    Args:
        session: to read the rollup with.
        experiment: the plan.
        today: the site-local day, YYYYMMDD.
    """
    pasts = history.agent_pasts(session, experiment.scenario_id, before=today)
    spec = next(history.specs_of(session, experiment)[m.metric] for m in experiment.metrics if m.role == "primary")
    match experiment.unit:
        case "agent":
            known = {agent: _known(past, spec, today) for agent, past in pasts.items()}
        case "team":
            known = _of_teams(history.teams_of_agents(session, experiment.scenario_id), pasts, spec, today)
        case "agent_shift":
            known = _of_shifts(pasts, spec, as_date(today))
        case _:
            return None
    if len(known) < _LEAST_UNITS:
        return None
    weights = [arm.weight for arm in experiment.arms]
    return deals.register(experiment.salt, known, weights)


def _known(past: AgentPast, spec: MetricSpec, today: int) -> dict[str, float]:
    successes, calls = pair_of(spec, past.totals)
    return {
        "baseline": successes / calls if calls else 0.0,
        "calls": past.totals["calls"],
        "tenure": past.tenure(today),
        f"region:{past.region}": 1.0,
    }


def _of_teams(
    teams: Mapping[str, str], pasts: Mapping[str, AgentPast], spec: MetricSpec, today: int
) -> dict[str, dict[str, float]]:
    members: dict[str, list[AgentPast]] = {}
    for agent, team in teams.items():
        if agent in pasts:
            members.setdefault(team, []).append(pasts[agent])
    return {team: _mean([_known(past, spec, today) for past in several]) for team, several in members.items()}


def _mean(several: list[dict[str, float]]) -> dict[str, float]:
    names = {name for each in several for name in each}
    return {name: sum(each.get(name, 0.0) for each in several) / len(several) for name in names}


def _of_shifts(pasts: Mapping[str, AgentPast], spec: MetricSpec, today: date) -> dict[str, dict[str, float]]:
    days = [today + timedelta(days=ahead) for ahead in range(1, _SHIFT_DAYS + 1)]
    return {
        f"{agent}|{day.isoformat()}|{half}": {
            "baseline": _known(past, spec, past.first_day)["baseline"],
            f"block:{day.isoweekday()}{half}": 1.0,
        }
        for agent, past in pasts.items()
        for day in days
        for half in ("am", "pm")
    }
