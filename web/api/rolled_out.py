"""What the API tells of a winner's way out."""

import math
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from experiments.act import rollouts
from experiments.act.realised import Realised, promised, realised
from experiments.plan.designs import Experiment


def rollout(session: Session, experiment: Experiment, today: int) -> dict[str, Any] | None:
    """Tell how far an experiment's winner has come, and what it brings; None when it has had no rollout."""
    found = rollouts.rollout_of(session, experiment)
    if found is None:
        return None
    began = {reached.step: reached.day for reached in found.reached}
    return {
        "arm": found.arm,
        "state": found.state,
        "step": found.step,
        "steps": [
            asdict(step) | {"regions": list(step.regions), "began": began.get(place)}
            for place, step in enumerate(found.planned)
        ],
        "holdback": found.holdback,
        "holdback_days": found.holdback_days,
        "calls": rollouts.calls_reached(session, found),
        "promised": promised(session, found),
        "realised": [_metric(each) for each in realised(session, found, today=today)],
    }


def _metric(each: Realised) -> dict[str, Any]:
    told = {
        "difference": each.comparison.difference,
        "low": each.low,
        "high": each.high,
        "held_back": each.comparison.control,
        "new": each.comparison.challenger,
    }
    known = {name: value if math.isfinite(value) else None for name, value in told.items()}
    return {"metric": each.metric, "role": each.role, "harmed": each.harmed, "until": each.until, **known}
