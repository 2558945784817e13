"""What explains a primary effect where a test may end: steps, segments, days, what is believed, what was spoken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from experiments.calendar import days_before
from experiments.check import history
from experiments.check.analysis.arms import ArmData
from experiments.check.analysis.beliefs import Belief, believe
from experiments.check.analysis.days import DaysReading, read_days
from experiments.check.analysis.segments import Moderated, moderate
from experiments.check.analysis.staying import StayCurve
from experiments.check.analysis.steps import LEAST_CALLS, StepsReading, read_steps
from experiments.check.data import ExperimentData
from experiments.check.metrics import measures_of
from experiments.check.spoken.heard import listened_calls
from experiments.check.spoken.reading import Spoken, read_spoken
from experiments.check.staying import read_staying
from experiments.plan.designs import Experiment
from stats.comparison import Comparison


@dataclass(frozen=True, slots=True)
class Explanation:
    """Each challenger's funnel, the effect by moderator and by day, beliefs, what was spoken, who stayed.

    None of it decides. `spoken` has the challengers of which enough calls were heard.
    """

    steps: tuple[StepsReading, ...]
    moderated: tuple[Moderated, ...]
    days: tuple[DaysReading, ...]
    beliefs: tuple[Belief, ...]
    spoken: tuple[Spoken, ...]
    staying: tuple[StayCurve, ...]


def funnel_days(session: Session, experiment: Experiment, today: int) -> list[int]:
    """Give the last days of assignment (YYYYMMDD) that funnels may be read up to."""
    return sorted({_closed(window, today) for window in history.steps_of(session, experiment).values()})


def explain(
    session: Session,
    data: ExperimentData,
    arms: Mapping[int, Sequence[ArmData]],
    primary: str,
    found: Sequence[Comparison],
    today: int,
) -> Explanation:
    """Explain the primary effect.

    Args:
        session: to read what was heard.
        data: of the test.
        arms: what each arm did, by the last day that counts.
        primary: the metric that decides.
        found: each challenger's comparison with the control on it.
        today: the site-local day, YYYYMMDD.
    """
    spec, alpha = data.specs[primary], data.experiment.alpha
    until = _closed(spec.window_days, today)
    listened = listened_calls(session, data.experiment)
    levels = {moderator: data.levels(spec, moderator, until) for moderator in data.experiment.moderators}
    moderated = [
        reading
        for moderator, each in levels.items()
        for reading in moderate(data.method, spec, moderator, data.keys, each, alpha=alpha)
    ]
    totals = history.daily_totals(session, data.experiment, measures_of(spec), until=until)
    single = data.experiment.unit == "call"
    days = read_days(spec, totals, data.keys, until=until, independent=single, alpha=alpha)
    steps = [_steps(data, arms, place, today) for place in range(1, len(data.keys))]
    spoken = [
        read_spoken(listened, arms[until][0], arm, planned, effect, until=until, alpha=alpha)
        for arm, planned, effect in zip(arms[until][1:], data.experiment.dealt[1:], found, strict=True)
    ]
    return Explanation(
        steps=tuple(reading for reading in steps if reading is not None),
        moderated=tuple(moderated),
        days=tuple(days),
        beliefs=tuple(believe(spec, arms[until], found, alpha=alpha)),
        spoken=tuple(reading for reading in spoken if reading is not None),
        staying=tuple(read_staying(session, data.experiment, data.keys, until=days_before(today, 1), alpha=alpha)),
    )


def _steps(data: ExperimentData, arms: Mapping[int, Sequence[ArmData]], place: int, today: int) -> StepsReading | None:
    """Read the funnel as far down as there are matured calls of both arms."""
    facts = list(data.steps)
    for length in range(len(facts), 0, -1):
        cut = facts[:length]
        until = _closed(max(data.steps[fact] for fact in cut), today)
        control, challenger = arms[until][0], arms[until][place]
        if min(control.totals["calls"], challenger.totals["calls"]) >= LEAST_CALLS:
            return read_steps(cut, until, control, challenger, alpha=data.experiment.alpha)
    return None


def _closed(window_days: int, today: int) -> int:
    return days_before(today, window_days + 1) if window_days else today
