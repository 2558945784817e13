"""Signals: what in a chart is no chance, appended once with its words and numbers, for people to make a test of."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments import audit
from experiments.act.control.charts import ControlChart
from experiments.act.control.rates import EVERYWHERE
from experiments.calendar import as_date
from experiments.check.results import plain
from experiments.errors import Unknown
from experiments.people import Actor
from experiments.plan.scenarios import Scenario
from experiments.store import KEY, OUTSIDE_ID, Base, CanonicalJson, UtcDateTime, single_file
from experiments.wording import Message, sentence
from stats.control.watching import Alarm

SAME_DAYS = 14
"""Days within which two signals of one kind are one: late facts move a day's count, and so what was found of it."""


class ControlSignal(Base):
    """One thing that was found in a standard's rates; never edited."""

    __tablename__ = "control_signal"
    __table_args__ = (
        UniqueConstraint("scenario_id", "region", "metric", "rule", "direction", "first_day"),
        CheckConstraint("direction IN ('up', 'down')", name="direction"),
        CheckConstraint("rule IN ('nelson_1', 'nelson_2', 'cusum')", name="rule"),
        CheckConstraint("first_day <= found_day", name="days"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    scenario_id: Mapped[int] = mapped_column(ForeignKey("scenario.id"))
    script_version_id: Mapped[int] = mapped_column(ForeignKey("script_version.id"))
    #: '' over all regions
    region: Mapped[str] = mapped_column(OUTSIDE_ID)
    metric: Mapped[str] = mapped_column(KEY)
    rule: Mapped[str] = mapped_column(KEY)
    direction: Mapped[str] = mapped_column(KEY)
    #: the day (YYYYMMDD) on which it seems to have begun
    first_day: Mapped[int]
    #: the day whose calls showed it
    found_day: Mapped[int]
    #: whether this is the side on which the metric is worse
    worse: Mapped[bool]
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: what was found, in words: stored as a `Message`
    words: Mapped[Any] = mapped_column(CanonicalJson)
    #: the same in numbers: see `numbers_of`
    numbers: Mapped[Any] = mapped_column(CanonicalJson)


@dataclass(frozen=True, slots=True)
class Found:
    """An alarm of a chart with its days."""

    chart: ControlChart
    alarm: Alarm

    @property
    def first_day(self) -> int:
        """Give the day on which it seems to have begun."""
        return self.chart.window.watched[self.alarm.first]

    @property
    def found_day(self) -> int:
        """Give the day whose calls showed it."""
        return self.chart.window.watched[self.alarm.found]

    @property
    def kind(self) -> tuple[str, str, str, str]:
        """Give what a signal is one of."""
        return self.chart.region, self.chart.rate.spec.key, str(self.alarm.rule), self.alarm.direction

    @property
    def worse(self) -> bool:
        """Say whether the metric is worse on this side."""
        return (self.alarm.direction == "up") == (self.chart.rate.spec.better == "lower")


def found_in(charts: Iterable[ControlChart]) -> list[Found]:
    """Give every alarm of these charts, in order of the day found."""
    found = [Found(chart, alarm) for chart in charts for alarm in chart.chart.alarms]
    return sorted(found, key=lambda each: (each.found_day, each.kind))


def note_signals(
    session: Session, scenario: Scenario, found: Sequence[Found], *, actor: Actor, now: datetime
) -> list[ControlSignal]:
    """Append what is new of what was found; give it. Found again, the same is no signal more.

    Args:
        session: a writing session.
        scenario: whose charts these are.
        found: see `found_in`.
        actor: who looked.
        now: when, UTC.
    """
    single_file(session, f"control:{scenario.key}")
    known: dict[tuple[str, str, str, str], list[ControlSignal]] = {}
    for signal in signals_of(session, scenario):
        known.setdefault((signal.region, signal.metric, signal.rule, signal.direction), []).append(signal)
    new = []
    for each in found:
        before = known.setdefault(each.kind, [])
        if any(_same(each, signal) for signal in before):
            continue
        signal = _signal(scenario, each, now)
        before.append(signal)
        new.append(signal)
    session.add_all(new)
    session.flush()
    for signal in new:
        audit.record(
            session, actor=actor.name, verb="signal", subject=f"scenario:{scenario.key}", now=now,
            metric=signal.metric, region=signal.region, rule=signal.rule, direction=signal.direction,
            first_day=signal.first_day,
        )  # fmt: skip
    return new


def signals_of(session: Session, scenario: Scenario, *, since: int | None = None) -> list[ControlSignal]:
    """Give a scenario's signals, the newest first; with `since`, those found of a day from then on."""
    query = select(ControlSignal).where(ControlSignal.scenario_id == scenario.id)
    if since is not None:
        query = query.where(ControlSignal.found_day >= since)
    return list(session.scalars(query.order_by(ControlSignal.found_day.desc(), ControlSignal.id.desc())))


def signals_in(session: Session, version_ids: Collection[int]) -> list[ControlSignal]:
    """Give the signals of several script versions, the newest first."""
    query = select(ControlSignal).where(ControlSignal.script_version_id.in_(version_ids))
    return list(session.scalars(query.order_by(ControlSignal.found_at.desc(), ControlSignal.id.desc())))


def signal_numbered(session: Session, scenario: Scenario, number: int) -> ControlSignal:
    """Find a scenario's signal by its id.

    Raises:
        Unknown: the scenario has none such.
    """
    query = select(ControlSignal).where(ControlSignal.scenario_id == scenario.id, ControlSignal.id == number)
    found = session.scalar(query)
    if found is None:
        raise Unknown("The scenario %(scenario)s has no signal %(number)s.", scenario=scenario.key, number=number)
    return found


def signal_anywhere(session: Session, number: int) -> tuple[Scenario, ControlSignal]:
    """Find a signal by its id, with the scenario in which it was found.

    Raises:
        Unknown: there is none such.
    """
    signal = session.get(ControlSignal, number)
    scenario = session.get(Scenario, signal.scenario_id) if signal is not None else None
    if signal is None or scenario is None:
        raise Unknown("There is no signal %(number)s.", number=number)
    return scenario, signal


def numbers_of(found: Found) -> dict[str, Any]:
    """Give what was found in numbers: rates since and usual, calls, size, and how the chart was designed."""
    chart, alarm = found.chart, found.alarm
    days = chart.counts[alarm.first : alarm.found + 1]
    calls = sum(day.n for day in days)
    expected = sum(day.n * chart.baseline.expected(day.weekday) for day in days)
    design = chart.chart.rise if alarm.direction == "up" else chart.chart.drop
    numbers = {
        "calls": calls,
        "successes": sum(day.successes for day in days),
        "rate": sum(day.successes for day in days) / calls if calls else None,
        "usual": expected / calls if calls else chart.baseline.rate,
        "size": alarm.size,
        "days": len(days),
        "baseline": chart.baseline,
        "baseline_first": chart.window.baseline[0],
        "baseline_last": chart.window.baseline[-1],
        "sum": design,
        "limit": chart.chart.rules.limit if chart.chart.rules else None,
        "run": chart.chart.rules.run if chart.chart.rules else None,
    }
    return {name: plain(value) for name, value in numbers.items()}


def _same(found: Found, signal: ControlSignal) -> bool:
    """Say whether what was found is known: the same kind on about the same day, of the same script version."""
    if found.first_day == signal.first_day:
        return True
    apart = abs((as_date(found.found_day) - as_date(signal.found_day)).days)
    return apart <= SAME_DAYS and signal.script_version_id == found.chart.version_id


def _signal(scenario: Scenario, found: Found, now: datetime) -> ControlSignal:
    region, metric, rule, direction = found.kind
    numbers = numbers_of(found)
    return ControlSignal(
        scenario_id=scenario.id,
        script_version_id=found.chart.version_id,
        region=region,
        metric=metric,
        rule=rule,
        direction=direction,
        first_day=found.first_day,
        found_day=found.found_day,
        worse=found.worse,
        found_at=now,
        words=_words(found, numbers).as_json(),
        numbers=numbers,
    )


def _words(found: Found, numbers: dict[str, Any]) -> Message:
    chart, alarm = found.chart, found.alarm
    values = {
        "where": Message(ALL_REGIONS) if chart.region == EVERYWHERE else chart.region,
        "metric": chart.rate.spec.name,
        "rate": _percent(numbers["rate"]),
        "usual": _percent(numbers["usual"]),
        "first": as_date(found.first_day).isoformat(),
        "found": as_date(found.found_day).isoformat(),
        "days": numbers["days"],
        "calls": f"{numbers['calls']:,}",
    }
    return Message(_SAID[str(alarm.rule), alarm.direction], values)


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.1f}%" if share >= 0.01 else f"{100 * share:.2f}%"


ALL_REGIONS = sentence("All regions")
_SAID = {
    ("nelson_1", "up"): sentence(
        "%(where)s: %(metric)s was %(rate)s on %(found)s (%(calls)s calls), where %(usual)s is usual: too high for one "
        "day's chance. Look first for what happened that day."
    ),
    ("nelson_1", "down"): sentence(
        "%(where)s: %(metric)s was %(rate)s on %(found)s (%(calls)s calls), where %(usual)s is usual: too low for one "
        "day's chance. Look first for what happened that day."
    ),
    ("nelson_2", "up"): sentence(
        "%(where)s: %(metric)s lay above what is usual on %(days)s days in a row up to %(found)s: %(rate)s instead of "
        "%(usual)s. The level seems to have moved."
    ),
    ("nelson_2", "down"): sentence(
        "%(where)s: %(metric)s lay below what is usual on %(days)s days in a row up to %(found)s: %(rate)s instead of "
        "%(usual)s. The level seems to have moved."
    ),
    ("cusum", "up"): sentence(
        "%(where)s: %(metric)s has risen, it seems since %(first)s: %(rate)s of %(calls)s calls up to %(found)s, "
        "where %(usual)s is usual. Small differences have added up to more than chance would."
    ),
    ("cusum", "down"): sentence(
        "%(where)s: %(metric)s has fallen, it seems since %(first)s: %(rate)s of %(calls)s calls up to %(found)s, "
        "where %(usual)s is usual. Small differences have added up to more than chance would."
    ),
}
