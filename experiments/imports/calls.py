"""The import: every row of a file through the same verbs as the API, in short transactions, as often as one likes.

Calls come in as history, or are replayed through a running experiment at their own dates, or belong to an experiment
whose arms were assigned elsewhere. What is there already stays; so a killed import is simply run again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from experiments.do import assignments, recording
from experiments.do.assignments import Floor
from experiments.do.journal import Assignment, Origin
from experiments.do.outcomes import Outcome
from experiments.do.recording import Receipt
from experiments.do.serving import Choice, Reason
from experiments.do.snapshot import Snapshot, compile_snapshot
from experiments.errors import Conflict, invalid
from experiments.imports import elsewhere, ledger
from experiments.imports.faults import Fault
from experiments.imports.ledger import ImportFile, Tally
from experiments.imports.mapping import CallMapping, MadeId
from experiments.imports.reading import Row, Source
from experiments.imports.rejects import Rejects
from experiments.imports.rows import Incoming, RowReader
from experiments.people import Actor
from experiments.plan.designs import Experiment, experiment_named
from experiments.plan.traffic import SliceState
from experiments.store import count_anew

BATCH = 500
"""Rows in one transaction: on SQLite nobody else writes meanwhile."""

MANY = 5_000
IMPORTED = "imported"
Progress = Callable[[int, int], None]
"""Told after each batch: rows read so far, and how many the file seems to have."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        file_sha256: Of the file as it stands.
        tally: What became of its rows.
        outcomes: Facts that were new.
        outcomes_known: Facts that were there already.
        outcomes_refused: Facts that were not kept, though their call was; they are in the reject file too.
        finished_before: This file came in by this mapping before: nothing was done.
        rejects: The reject file; None when nothing was rejected.
    """

    file_sha256: str
    tally: Tally
    outcomes: int
    outcomes_known: int
    outcomes_refused: int
    finished_before: bool
    rejects: Path | None


@dataclass(frozen=True, slots=True)
class _Run:
    floor: Floor
    mapping: CallMapping
    source: Source
    snapshot: Snapshot
    replay: str
    experiment: Experiment | None
    entry: ImportFile


@dataclass(slots=True)
class _Counts:
    read: int = 0
    imported: int = 0
    already_there: int = 0
    rejected: int = 0
    outcomes: int = 0
    outcomes_known: int = 0
    outcomes_refused: int = 0

    @property
    def tally(self) -> Tally:
        return Tally(self.read, self.imported, self.already_there, self.rejected)


def import_calls(
    floor: Floor,
    path: Path,
    mapping: CallMapping,
    *,
    replay: str | None = None,
    rejects: Path,
    progress: Progress = lambda done, total: None,
    actor: Actor,
    clock: Callable[[], datetime],
) -> ImportReport:
    """Bring a file of calls in.

    Args:
        floor: the site that the calls are brought to.
        path: the file.
        mapping: what its columns mean.
        replay: the key of the running experiment that each call is sent through, at its own date.
        rejects: where to write the rows that cannot be read.
        progress: told how far it is.
        actor: who brings them in; may not approve the experiment that comes with them.
        clock: gives the moment, UTC: an import may take long.

    Raises:
        Invalid: the file cannot be read, a column is missing, or the experiment breaks a rule. Nothing is written.
        Unknown: there is no such scenario or experiment.
        Conflict: the experiment to replay is not running in the mapping's scenario.
    """
    source = Source(path, mapping.file)
    source.need(mapping.columns())
    started = clock()
    run = _begin(floor, source, mapping, replay or "", actor=actor, now=started)
    if run.entry.finished_at is not None:
        return _as_before(run)
    counts = _Counts()
    reader = RowReader(mapping, source.sha256, run.replay, floor.calendar.timezone, started)
    with Rejects(rejects, source.columns) as refused:
        for rows in _batches(source.rows(), BATCH):
            _bring(run, reader, rows, refused, counts, now=clock())
            progress(counts.read, max(source.count, counts.read))
    _finish(run, counts.tally, actor=actor, now=clock())
    return ImportReport(
        source.sha256,
        counts.tally,
        counts.outcomes,
        counts.outcomes_known,
        counts.outcomes_refused,
        finished_before=False,
        rejects=rejects if refused.count else None,
    )


def _begin(floor: Floor, source: Source, mapping: CallMapping, replay: str, *, actor: Actor, now: datetime) -> _Run:
    with floor.store.write() as session:
        snapshot = compile_snapshot(session)
        if mapping.scenario is not None:
            snapshot.scenario(mapping.scenario)
        if replay:
            _must_be_running(session, snapshot, mapping, replay)
        experiment = elsewhere.register(session, mapping, actor=actor, now=now)
        entry = ledger.open_entry(session, source, mapping, replay, actor=actor, now=now)
    return _Run(floor, mapping, source, snapshot, replay, experiment, entry)


def _must_be_running(session: Session, snapshot: Snapshot, mapping: CallMapping, replay: str) -> None:
    if mapping.experiment is not None:
        raise invalid("replay", "assigned_elsewhere", "The arms of this file's calls were assigned elsewhere.")
    scenario = experiment_named(session, replay).scenario.key
    if mapping.scenario not in (None, scenario):
        raise Conflict(
            "%(experiment)s is a test in %(scenario)s, the calls are of %(other)s.",
            experiment=replay,
            scenario=scenario,
            other=mapping.scenario,
        )
    slices = snapshot.scenario(scenario).traffic.slices
    if not any(s.key == replay and s.state is SliceState.RUNNING for s in slices):
        raise Conflict("%(experiment)s is not running: calls cannot be replayed through it.", experiment=replay)


def _as_before(run: _Run) -> ImportReport:
    entry = run.entry
    tally = Tally(entry.rows_read, 0, entry.rows_imported, entry.rows_rejected)
    return ImportReport(entry.file_sha256, tally, 0, 0, 0, finished_before=True, rejects=None)


def _finish(run: _Run, tally: Tally, *, actor: Actor, now: datetime) -> None:
    with run.floor.store.write() as session:
        if run.experiment is not None:
            elsewhere.put_on_the_board(session, experiment_named(session, run.experiment.key), actor=actor, now=now)
        ledger.finish(session, run.entry.id, tally, actor=actor, now=now)
        if tally.imported >= MANY:
            count_anew(session, Assignment, Outcome)


def _bring(
    run: _Run, reader: RowReader, rows: Sequence[Row], rejects: Rejects, counts: _Counts, *, now: datetime
) -> None:
    """Bring one batch in: its calls in one transaction, their facts in the next."""
    good: list[Incoming] = []
    bad: list[tuple[int, Fault, Sequence[str]]] = []
    for row in rows:
        read = reader.read(row)
        if isinstance(read, Incoming) and read.call.scenario not in run.snapshot.scenarios:
            read = Fault("", "unknown_scenario", f"There is no scenario {read.call.scenario} that takes calls.")
        if isinstance(read, Fault):
            bad.append((row.line, read, row.raw))
        else:
            good.append(read)
    new = _write_calls(run, good) if good else 0
    receipt, told = _write_facts(run, good, now=now)
    counts.read += len(rows)
    counts.imported += new
    counts.already_there += len(good) - new
    counts.rejected += len(bad)
    counts.outcomes += receipt.accepted
    counts.outcomes_known += receipt.duplicates
    counts.outcomes_refused += len(receipt.rejected)
    refused = [(told[r.index].row, Fault("", r.code, f"{r.id}: {r.message}")) for r in receipt.rejected]
    rejects.write([*bad, *((row.line, fault, row.raw) for row, fault in refused)])


def _write_calls(run: _Run, good: Sequence[Incoming]) -> int:
    """Assign or file the calls; say how many were not there yet."""
    if run.replay:
        there = _known(run, good)
        answers = assignments.assign(run.floor, run.snapshot, [i.call for i in good], origin=Origin.REPLAYED)
        return len({(a.call_id, a.scenario) for a in answers} - there)
    records = [assignments.record_of(run.floor, run.snapshot, i.call, _choice(run, i), Origin.IMPORTED) for i in good]
    made = {record.id for record in records}
    return len({row.id for row in run.floor.journal.append(records)} & made)


def _known(run: _Run, good: Sequence[Incoming]) -> set[tuple[str, str]]:
    keys = {served.scenario_id: served.key for served in run.snapshot.scenarios.values()}
    with run.floor.store.read() as session:
        found = session.execute(
            select(Assignment.call_id, Assignment.scenario_id).where(
                Assignment.call_id.in_([i.call.call_id for i in good])
            )
        )
        return {(call_id, keys.get(scenario_id, "")) for call_id, scenario_id in found}


def _choice(run: _Run, incoming: Incoming) -> Choice:
    """Say what we know of a call that was not dealt here: nothing of ours was served, or another's arm was."""
    served = run.snapshot.scenario(incoming.call.scenario)
    test = run.experiment
    arms = {arm.key: arm.version_id for arm in test.arms} if test else {}
    return Choice(
        version_id=arms.get(incoming.arm or "") or served.traffic.standard_id,
        reason=Reason.SPLIT if test else Reason.STANDARD,
        reason_detail=test.key if test else IMPORTED,
        eligible=True,
        invites=False,
        experiment_id=test.id if test else None,
        experiment=test.key if test else None,
        arm=incoming.arm,
        unit_kind=test.unit if test else None,
        unit=incoming.call.unit(test.unit, run.floor.calendar) if test else None,
        slice_bucket=None,
        arm_bucket=None,
        facts={},
        revision_id=served.revision_id,
        revision=served.revision,
    )


def _write_facts(run: _Run, good: Sequence[Incoming], *, now: datetime) -> tuple[Receipt, list[Incoming]]:
    """Record the facts; give the receipt, and for each fact sent the row that told it."""
    told = [incoming for incoming in good for _ in incoming.outcomes]
    facts = [fact for incoming in good for fact in incoming.outcomes]
    # A call's own id is the same in tomorrow's longer file; a made one belongs to this file alone.
    made = isinstance(run.mapping.call.id, MadeId)
    source = f"import:{run.source.sha256[:16]}" if made else "import"
    with run.floor.store.write() as session:
        return recording.record(session, source, facts, pseudonyms=run.floor.pseudonyms, now=now), told


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
