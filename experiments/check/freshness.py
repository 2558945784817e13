"""How far data reach, by who tells: a desktop tells at once, a nightly file in the morning, and either may be late."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from experiments.check.counting.tables import RollupDay, RollupSource
from experiments.plan.designs import Experiment


@dataclass(frozen=True, slots=True)
class Source:
    """One who tells of calls, as far as it is counted.

    Attributes:
        source: A token's name, or where a file came from.
        facts: How many facts it told of the calls asked for.
        newest_at: The moment that the newest of them speaks of, UTC.
        newest_received_at: When the last of them arrived, UTC.
    """

    source: str
    facts: int
    newest_at: datetime
    newest_received_at: datetime


def sources(session: Session, experiment: Experiment) -> list[Source]:
    """Give everybody who told of the calls of a test's scenario since its first call, by name.

    A scenario's calls are told of in one way, whether or not they are in the test.
    """
    its = RollupDay.scenario_id == experiment.scenario_id, RollupDay.experiment_id == experiment.id
    first_day = select(func.min(RollupDay.day)).where(*its).scalar_subquery()
    rows = session.execute(
        select(
            RollupSource.source,
            func.sum(RollupSource.facts),
            func.max(RollupSource.newest_at),
            func.max(RollupSource.newest_received_at),
        )
        .where(RollupSource.scenario_id == experiment.scenario_id, RollupSource.day >= first_day)
        .group_by(RollupSource.source)
        .order_by(RollupSource.source)
    )
    return [Source(source, int(facts), at, received_at) for source, facts, at, received_at in rows]
