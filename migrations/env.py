"""Alembic's door: the one place that imports every room's tables."""

from alembic import context
from sqlalchemy import Connection

from experiments import audit, jobs, people
from experiments.act import reviews, rollouts
from experiments.act.control import signals
from experiments.act.knowledge import entries, notes as knowledge_notes
from experiments.board import cards, checklist, comments
from experiments.check import kept, looks
from experiments.check.counting import tables
from experiments.check.spoken import heard
from experiments.do import days, discrepancies, journal, outcomes
from experiments.imports import ledger
from experiments.notices import tables as notices
from experiments.plan import designs, scenarios, scripts, traffic
from experiments.store import Base, Store

TABLES = (
    *(audit, people, scenarios, scripts, traffic, designs, journal, days, outcomes, discrepancies),
    *(
        tables,
        kept,
        looks,
        heard,
        rollouts,
        signals,
        reviews,
        entries,
        knowledge_notes,
        cards,
        checklist,
        comments,
        jobs,
        ledger,
        notices,
    ),
)
"""Imported for the tables they declare."""


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


store = Store(context.config.attributes["url"])
try:
    with store.engine.connect() as connection:
        _run(connection)
finally:
    store.dispose()
