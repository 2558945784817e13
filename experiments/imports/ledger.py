"""Which files came in, by which mapping, and what of them is made up: so that pages can say so."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, String, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments import audit
from experiments.imports.mapping import CallMapping
from experiments.imports.reading import Source
from experiments.people import Actor
from experiments.store import KEY, Base, CanonicalJson, UtcDateTime, insert_new


class ImportFile(Base):
    """One file, brought in by one mapping. While `finished_at` is None it is not all there: run it again."""

    __tablename__ = "import_file"
    __table_args__ = (
        UniqueConstraint("file_sha256", "mapping_hash", "replay"),
        CheckConstraint("rows_imported >= 0 AND rows_imported + rows_rejected <= rows_read", name="rows"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    file_sha256: Mapped[str] = mapped_column(KEY)
    name: Mapped[str] = mapped_column(String(255))
    mapping_hash: Mapped[str] = mapped_column(KEY)
    #: the experiment that the calls were sent through; '' when they came in as history
    replay: Mapped[str] = mapped_column(KEY)
    #: whose calls they are: replayed, or assigned elsewhere; '' for neither
    experiment: Mapped[str] = mapped_column(KEY, index=True)
    #: '' when a column says it
    scenario: Mapped[str] = mapped_column(KEY, index=True)
    #: fields that the file lacks: made by the mapping, not observed
    synthetic: Mapped[Any] = mapped_column(CanonicalJson)
    rows_read: Mapped[int] = mapped_column(default=0)
    #: calls of the file that are here, by this run or an earlier one
    rows_imported: Mapped[int] = mapped_column(default=0)
    rows_rejected: Mapped[int] = mapped_column(default=0)
    started_by: Mapped[str] = mapped_column(KEY)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the rows of a file; read = imported + already there + rejected."""

    read: int = 0
    imported: int = 0
    already_there: int = 0
    rejected: int = 0


def open_entry(
    session: Session, source: Source, mapping: CallMapping, replay: str, *, actor: Actor, now: datetime
) -> ImportFile:
    """Find the entry of this file, mapping and replay, or begin it."""
    row = {
        "file_sha256": source.sha256,
        "name": source.name[:255],
        "mapping_hash": mapping.digest,
        "replay": replay,
        "experiment": replay or (mapping.experiment.key if mapping.experiment else ""),
        "scenario": mapping.scenario or "",
        "synthetic": mapping.synthetic,
        "rows_read": 0,
        "rows_imported": 0,
        "rows_rejected": 0,
        "started_by": actor.name,
        "started_at": now,
    }
    session.execute(insert_new(session, ImportFile, ("file_sha256", "mapping_hash", "replay")), row)
    return session.scalars(
        select(ImportFile).where(
            ImportFile.file_sha256 == source.sha256,
            ImportFile.mapping_hash == mapping.digest,
            ImportFile.replay == replay,
        )
    ).one()


def finish(session: Session, entry_id: int, tally: Tally, *, actor: Actor, now: datetime) -> None:
    """Write down that all of a file is here."""
    entry = session.get_one(ImportFile, entry_id)
    entry.rows_read, entry.rows_rejected = tally.read, tally.rejected
    entry.rows_imported = tally.imported + tally.already_there
    entry.finished_at = now
    audit.record(
        session,
        actor=actor.name,
        verb="import_calls",
        subject=f"file:{entry.file_sha256}",
        now=now,
        name=entry.name,
        replay=entry.replay,
        experiment=entry.experiment,
        read=entry.rows_read,
        imported=entry.rows_imported,
        rejected=entry.rows_rejected,
    )


def files_behind(session: Session, *, experiment: str = "", scenario: str = "") -> list[ImportFile]:
    """Give the files whose calls stand behind an experiment or a scenario, the first first."""
    asked = [ImportFile.experiment == experiment] if experiment else []
    asked += [ImportFile.scenario == scenario] if scenario else []
    return list(session.scalars(select(ImportFile).where(or_(*asked)).order_by(ImportFile.id))) if asked else []


def synthetic_fields(session: Session, *, experiment: str = "", scenario: str = "") -> list[str]:
    """Name what is made up in the calls behind an experiment or a scenario."""
    behind = files_behind(session, experiment=experiment, scenario=scenario)
    return sorted({field for file in behind for field in file.synthetic})


def made_up_experiments(session: Session) -> set[str]:
    """Name the experiments in whose imported calls something is made up."""
    rows = session.execute(select(ImportFile.experiment, ImportFile.synthetic).where(ImportFile.experiment != ""))
    return {experiment for experiment, synthetic in rows if synthetic}
