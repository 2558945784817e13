"""What came of inviting: every scenario's eligible calls by whether the script they heard invites, from the rollup."""

from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from experiments.check.counting.tables import MEASURES, RollupDay
from experiments.check.metrics import NOTHING, Totals
from experiments.do.journal import Origin
from experiments.plan.scripts import ASK, ScriptVersion, lines_of

_PART = 500


@dataclass(slots=True)
class Inviting:
    """A scenario's eligible calls that heard a script of ours; replayed and imported ones did not, and are left out.

    Attributes:
        invited: Sums over the calls whose script invites.
        served: Sums over those whose script does not: service only.
        last_day: The newest day (YYYYMMDD) of either.
    """

    invited: Totals = field(default_factory=lambda: NOTHING)
    served: Totals = field(default_factory=lambda: NOTHING)
    last_day: int = 0


def inviting_by_scenario(session: Session) -> dict[int, Inviting]:
    """Sum every scenario's eligible calls by whether their script invites, by the scenario's id."""
    key = (RollupDay.scenario_id, RollupDay.script_version_id)
    rows = session.execute(
        select(*key, func.max(RollupDay.day), *(func.sum(getattr(RollupDay, name)) for name in MEASURES))
        .where(RollupDay.eligible, RollupDay.origin != Origin.REPLAYED, RollupDay.script_version_id != 0)
        .group_by(*key)
    ).all()
    invites = _inviting(session, sorted({row[1] for row in rows}))
    found: dict[int, Inviting] = defaultdict(Inviting)
    for scenario, version, last, *sums in rows:
        here, totals = found[scenario], dict(zip(MEASURES, map(int, sums), strict=True))
        here.last_day = max(here.last_day, last)
        if version in invites:
            here.invited = _both(here.invited, totals)
        else:
            here.served = _both(here.served, totals)
    return found


def _inviting(session: Session, versions: list[int]) -> set[int]:
    """Tell which script versions ask the caller."""
    found: set[int] = set()
    for start in range(0, len(versions), _PART):
        some = select(ScriptVersion.id, ScriptVersion.lines).where(
            ScriptVersion.id.in_(versions[start : start + _PART])
        )
        found |= {i for i, lines in session.execute(some) if any(line.element == ASK for line in lines_of(lines))}
    return found


def _both(one: Totals, other: Totals) -> Totals:
    return {name: one[name] + other[name] for name in MEASURES}
