"""What finished cycles leave behind, and what people add to it: appended, and never edited."""

import sqlalchemy as sa
from alembic import op

from experiments import store

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

APPENDED = ("knowledge_entry", "knowledge_note")
_VERDICTS = (
    "'unread', 'keep_running', 'winner', 'winner_not_cleared', 'loser', 'no_difference', "
    "'inconclusive', 'harm', 'untrustworthy'"
)


def upgrade() -> None:
    op.create_table(
        "knowledge_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("scenario_id", sa.Integer(), nullable=False),
        sa.Column("catalogue", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("variable", sa.String(length=64), nullable=False),
        sa.Column("metric", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=64), nullable=False),
        sa.Column("decision", sa.String(length=64), nullable=False),
        sa.Column("effect", sa.Double(), nullable=True),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("ended_day", sa.Integer(), nullable=False),
        sa.Column("ended_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("heading", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("written_by", sa.String(length=64), nullable=False),
        sa.Column("written_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"verdict IN ({_VERDICTS})", name=op.f("ck_knowledge_entry_verdict")),
        sa.CheckConstraint("decision IN ('adopted', 'kept')", name=op.f("ck_knowledge_entry_decision")),
        sa.CheckConstraint("ended_day > 20000000", name=op.f("ck_knowledge_entry_ended_day")),
        sa.CheckConstraint(
            "NOT counts OR (effect IS NOT NULL AND low IS NOT NULL AND high IS NOT NULL)",
            name=op.f("ck_knowledge_entry_counts"),
        ),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiment.id"], name=op.f("fk_knowledge_entry_experiment_id_experiment")
        ),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenario.id"], name=op.f("fk_knowledge_entry_scenario_id_scenario")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_entry")),
        sa.UniqueConstraint("experiment_id", name=op.f("uq_knowledge_entry_experiment_id")),
    )
    op.create_index(op.f("ix_knowledge_entry_scenario_id"), "knowledge_entry", ["scenario_id"])
    op.create_index("ix_knowledge_entry_variable_metric", "knowledge_entry", ["catalogue", "variable", "metric"])
    op.create_table(
        "knowledge_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("speaks", sa.String(length=64), nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=True),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("speaks IN ('for', 'against')", name=op.f("ck_knowledge_note_speaks")),
        sa.CheckConstraint("length(text) > 0 AND length(text) <= 2000", name=op.f("ck_knowledge_note_text")),
        sa.CheckConstraint("url IS NULL OR url LIKE 'https://%'", name=op.f("ck_knowledge_note_url")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["knowledge_entry.id"], name=op.f("fk_knowledge_note_entry_id_knowledge_entry")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_note")),
    )
    op.create_index(op.f("ix_knowledge_note_entry_id"), "knowledge_note", ["entry_id"])
    _refuse_changes()


def _refuse_changes() -> None:
    for table in APPENDED:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
            continue
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def downgrade() -> None:
    op.drop_table("knowledge_note")
    op.drop_table("knowledge_entry")
