"""What is asked of each primary effect at looks alone: is it what it seems?"""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from experiments.check import particulars
from experiments.check.analysis.arms import ArmData, Compared, shifts_of
from experiments.check.data import ExperimentData
from experiments.check.health import effects, trends
from experiments.check.health.findings import Finding
from experiments.check.metrics import MetricSpec
from stats.clusters.switchback import carry_over


def doubts_of(
    session: Session,
    data: ExperimentData,
    arms: Sequence[ArmData],
    compared: Mapping[tuple[str, str], Compared],
    primary: MetricSpec,
    until: int,
) -> list[Finding]:
    """Ask of each primary effect whether it is what it seems.

    Args:
        session: to read the rollup with.
        data: of the test.
        arms: what each arm did until the day that counts.
        compared: every metric's comparisons, by metric and challenger.
        primary: the metric that decides.
        until: the last day of assignment (YYYYMMDD) that counts for it.
    """
    experiment, found = data.experiment, []
    did = particulars.agent_days(session, experiment, primary, until)
    for place, challenger in enumerate(data.keys[1:], start=1):
        effect = compared[primary.key, challenger]
        if effect.other is not None:
            found.append(effects.few_agents_carry(challenger, effect.answer, effect.other))
        found.append(effects.too_good(challenger, effect.answer, experiment.effect))
        found.append(trends.novelty(challenger, particulars.by_day(did, place), primary.better))
        if experiment.unit == "call":
            found.append(trends.learning(challenger, particulars.by_use(did, place), primary.better))
        if experiment.unit == "agent_shift":
            shifts = shifts_of(primary, [arm.units or () for arm in arms])
            found.append(effects.carry_over(challenger, carry_over(shifts, challenger=place)))
    return found
