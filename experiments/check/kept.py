"""What was last seen of each started test, kept for everybody: reading a test takes the longer the more units it has.

The job that watches keeps what it saw; pages, the API and the job itself are given that, and read anew only what could
come out differently. Whoever only reads never writes.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ForeignKey, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments.check import history, reading
from experiments.check.health.findings import Finding, State
from experiments.check.particulars import OF_NO_TRAFFIC
from experiments.check.results import Watch
from experiments.check.verdict import Guard, GuardrailReading
from experiments.do.discrepancies import Discrepancy
from experiments.plan import traffic
from experiments.plan.designs import Experiment
from experiments.plan.scenarios import Metric, MetricSet
from experiments.store import KEY, Base, Store, UtcDateTime, canonical, insert_new
from experiments.wording import Message

MOST_AGE = timedelta(minutes=2)
"""So long what was kept is still given though more has come in: the job comes every minute, after the rollup."""

_SHAPE = [[field.name for field in fields(kind)] for kind in (Watch, Finding, GuardrailReading, Message)]
"""What is kept of a watch: another release, which may run beside this one, may keep more."""


class KeptWatch(Base):
    """What was seen of a test, with its `Mark`. `at` is when that was last known to hold."""

    __tablename__ = "kept_watch"

    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"), primary_key=True)
    decided: Mapped[str] = mapped_column(KEY)
    counted: Mapped[str] = mapped_column(KEY)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: as JSON, in which nan and infinity stand as Python writes them
    content: Mapped[str]


@dataclass(frozen=True, slots=True)
class Mark:
    """Everything that a watch is read from, hashed: while it holds, the watch would come out the same.

    Attributes:
        decided: The day, and what people decide: the plan as it stands, the catalogue, and the scenario's traffic.
        counted: What comes in by itself: the rollup, the facts behind it, and what desktops say otherwise.
    """

    decided: str
    counted: str


def seen(session: Session, experiment: Experiment, *, today: int, now: datetime) -> Watch:
    """Give what may be read of a test at any time: what was kept of it while that holds, else read anew.

    Where nothing differs but what comes in by itself (`Mark.counted`), what was kept is still given while it is not
    older than `MOST_AGE`: the job is about to read it, and pages of large tests need not wait for seconds meanwhile.
    After an act of somebody, or on another day, it never is.

    Args:
        session: to read with; nothing is written.
        experiment: whose.
        today: the site-local day, YYYYMMDD.
        now: when, UTC.
    """
    return seen_each(session, [experiment], today=today, now=now)[experiment.id]


def seen_each(session: Session, experiments: Sequence[Experiment], *, today: int, now: datetime) -> dict[int, Watch]:
    """Give the same of several tests, by their ids: in as many statements as of one, but for those read anew."""
    kept = _kept(session, [each.id for each in experiments])
    known = marks(session, [each for each in experiments if each.id in kept], today=today)
    return {
        each.id: _read_back(kept[each.id].content)
        if each.id in kept and _holds(kept[each.id], known[each.id], now)
        else reading.watch(session, each, today=today)
        for each in experiments
    }


def marks(session: Session, experiments: Sequence[Experiment], *, today: int) -> dict[int, Mark]:
    """Give what tells whether the watch of tests could come out differently than before, by their ids.

    Args:
        session: to read with.
        experiments: of one or more tests; that costs the same few statements.
        today: the site-local day, YYYYMMDD.
    """
    if not experiments:
        return {}
    scenarios = {each.scenario_id for each in experiments}
    revisions = traffic.newest_numbers(session, scenarios)
    catalogues = _catalogues(session, {each.scenario.catalogue for each in experiments})
    rollups = history.marks(session, [each.id for each in experiments])
    otherwise, unknown = _told_otherwise(session, experiments)
    return {
        each.id: Mark(
            decided=_hashed(
                _SHAPE,
                today,
                *_plan_as_it_stands(each),
                catalogues[each.scenario.catalogue],
                each.scenario.metric_set,
                revisions.get(each.scenario_id),
            ),
            counted=_hashed(rollups.get(each.id), otherwise.get(each.id), unknown.get(each.scenario_id)),
        )
        for each in experiments
    }


def marks_kept(session: Session, experiment_ids: Collection[int]) -> dict[int, Mark]:
    """Give the marks of what is kept of tests, by their ids, in the ids' order."""
    its = select(KeptWatch.experiment_id, KeptWatch.decided, KeptWatch.counted)
    rows = session.execute(its.where(KeptWatch.experiment_id.in_(experiment_ids)).order_by(KeptWatch.experiment_id))
    return {experiment_id: Mark(decided, counted) for experiment_id, decided, counted in rows}


def keep_all(store: Store, *, today: int, now: datetime) -> None:
    """Keep what is seen of every started test, ended ones too: conversions come late."""
    with store.read() as session:
        started = session.scalars(select(Experiment.id).where(Experiment.started_at.is_not(None))).all()
    keep(store, started, today=today, now=now)


def keep(store: Store, experiment_ids: Collection[int], *, today: int, now: datetime) -> None:
    """Keep what is seen of tests, reading anew each whose mark is another; nobody who writes waits for the reading.

    Args:
        store: the database.
        experiment_ids: of tests that have started.
        today: the site-local day, YYYYMMDD.
        now: when, UTC.
    """
    with store.read() as session:
        experiments = session.scalars(select(Experiment).where(Experiment.id.in_(experiment_ids))).all()
        known, kept = marks(session, experiments, today=today), marks_kept(session, experiment_ids)
    held = {experiment_id for experiment_id, mark in known.items() if kept.get(experiment_id) == mark}
    if held:
        with store.write() as session:
            session.execute(update(KeptWatch).where(KeptWatch.experiment_id.in_(held)).values(at=now))
    for experiment_id in sorted(known.keys() - held):
        _keep(store, experiment_id, today, now)


def _keep(store: Store, experiment_id: int, today: int, now: datetime) -> None:
    with store.read() as session:
        experiment = session.get_one(Experiment, experiment_id)
        # The mark is read first: what comes in while the test is read makes another, and it is read once more.
        mark = marks(session, [experiment], today=today)[experiment_id]
        content = _written(reading.watch(session, experiment, today=today))
    values = {"decided": mark.decided, "counted": mark.counted, "at": now, "content": content}
    with store.write() as session:
        session.execute(insert_new(session, KeptWatch, ["experiment_id"]), {"experiment_id": experiment_id, **values})
        session.execute(update(KeptWatch).where(KeptWatch.experiment_id == experiment_id).values(**values))


def _kept(session: Session, experiment_ids: Collection[int]) -> dict[int, Any]:
    """Give what is kept of tests, as rows and not as objects: a session that had read it before would keep the old."""
    columns = KeptWatch.experiment_id, KeptWatch.decided, KeptWatch.counted, KeptWatch.at, KeptWatch.content
    rows = session.execute(select(*columns).where(KeptWatch.experiment_id.in_(experiment_ids)))
    return {row.experiment_id: row for row in rows}


def _holds(kept: Any, mark: Mark, now: datetime) -> bool:
    """Say whether what was kept may be given."""
    was, at = Mark(kept.decided, kept.counted), cast("datetime", kept.at)
    return was == mark or (was.decided == mark.decided and abs(now - at) <= MOST_AGE)


def _plan_as_it_stands(experiment: Experiment) -> tuple[Any, ...]:
    """Give what of a plan may change after it was written, and the hash of what may not."""
    return (
        experiment.content_hash,
        experiment.planned_calls,
        experiment.deal,
        experiment.started_at and experiment.started_at.isoformat(),
        [experiment.control_version_id, *(arm.version_id for arm in experiment.arms)],
        [amendment.id for amendment in experiment.amendments],
    )


def _catalogues(session: Session, names: Collection[str]) -> dict[str, list[Any]]:
    """Give what catalogues say of metrics and funnels, by name: a catalogue may be loaded again at any time."""
    found: dict[str, list[Any]] = {name: [] for name in names}
    measured = Metric.key, Metric.kind, Metric.numerator, Metric.denominator, Metric.better, Metric.window_days
    for query in (
        select(Metric.catalogue, *measured, Metric.name).where(Metric.catalogue.in_(names)).order_by(Metric.id),
        select(MetricSet.catalogue, MetricSet.key, MetricSet.steps)
        .where(MetricSet.catalogue.in_(names))
        .order_by(MetricSet.id),
    ):
        for name, *said in session.execute(query):
            found[name].append(said)
    return found


def _told_otherwise(session: Session, experiments: Sequence[Experiment]) -> tuple[Mapping[int, int], Mapping[int, int]]:
    """Count what desktops told otherwise, by test, and of traffic that there was not, by scenario."""
    ids = [each.id for each in experiments]
    of_tests = select(Experiment.id, func.count()).join(Discrepancy).where(Experiment.id.in_(ids))
    unknown = select(Discrepancy.scenario_id, func.count()).where(Discrepancy.kind.in_(OF_NO_TRAFFIC))
    return (
        dict(list(session.execute(of_tests.group_by(Experiment.id)))),
        dict(list(session.execute(unknown.group_by(Discrepancy.scenario_id)))),
    )


def _hashed(*known: Any) -> str:
    return hashlib.sha256(canonical(known).encode()).hexdigest()


def _written(watch: Watch) -> str:
    return json.dumps(asdict(watch))


def _read_back(content: str) -> Watch:
    stored = json.loads(content)
    return Watch(
        as_of=stored["as_of"],
        totals=stored["totals"],
        findings=tuple(_finding(each) for each in stored["findings"]),
        guards=tuple(GuardrailReading(**{**each, "guard": Guard(each["guard"])}) for each in stored["guards"]),
    )


def _finding(stored: Mapping[str, Any]) -> Finding:
    advice = stored["advice"]
    return Finding(
        check=stored["check"],
        what=Message.from_json(stored["what"]),
        state=State(stored["state"]),
        evidence=Message.from_json(stored["evidence"]),
        advice=None if advice is None else Message.from_json(advice),
    )
