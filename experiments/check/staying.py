"""When people who were called hung up, by the seconds since they answered; a call without its second is left out.

Read from the facts, once, at looks by which a test may end: the rollup counts the first thirty seconds only. Never
asked by a page.
"""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from experiments.check.analysis.staying import LAST_SECOND, StayCurve, stay_curve
from experiments.do.journal import Assignment
from experiments.do.outcomes import Outcome, OutcomeType
from experiments.plan.designs import Experiment

_GONE = OutcomeType.HUNG_UP.value
_TOLD = (_GONE, OutcomeType.CONNECTED.value)


def read_staying(
    session: Session, experiment: Experiment, keys: Sequence[str], *, until: int, alpha: float
) -> list[StayCurve]:
    """Read every arm's curve over the calls assigned up to a day; nothing where customers call us.

    Args:
        session: to read facts with.
        experiment: the test.
        keys: the arms' keys, control first.
        until: the last day of assignment (YYYYMMDD) that counts.
        alpha: 1 - confidence of each interval.
    """
    if experiment.scenario.direction != "outbound":
        return []
    hung_up = Outcome.type == _GONE
    second = func.min(case((hung_up & (Outcome.value <= LAST_SECOND), Outcome.value)))
    unknown = func.max(case((hung_up & Outcome.value.is_(None), 1), else_=0))
    connected = func.max(case((Outcome.type == OutcomeType.CONNECTED.value, 1), else_=0))
    calls = (
        select(Assignment.arm, second.label("second"))
        .join(Outcome, Outcome.assignment_id == Assignment.id)
        .where(
            Assignment.scenario_id == experiment.scenario_id,
            Assignment.experiment_id == experiment.id,
            Assignment.day <= until,
            Outcome.type.in_(_TOLD),
        )
        .group_by(Assignment.id, Assignment.arm)
        .having(connected == 1, unknown == 0)
        .subquery()
    )
    gone: dict[str, dict[int | None, int]] = defaultdict(dict)
    for arm, at, count in session.execute(
        select(calls.c.arm, calls.c.second, func.count()).group_by(calls.c.arm, calls.c.second)
    ):
        gone[arm][at if at is None else int(at)] = count
    single = experiment.unit == "call"
    return [stay_curve(key, gone[key], independent=single, alpha=alpha) for key in keys] if gone else []
