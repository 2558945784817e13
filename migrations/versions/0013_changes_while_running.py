"""An experiment knows what it follows from; what was changed about one that ran is appended."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from experiments import store

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_PARENT = "fk_experiment_parent_id_experiment"
_BEFORE = (
    *("submitted", "approved", "refused", "started", "paused", "halted", "resumed", "stopped", "look_made", "ended"),
    *("promoted", "abandoned", "rollout_step", "rollout_held", "rolled_back", "control_signal", "comment"),
    *("review_due", "test"),
)
_AFTER = (*_BEFORE, "amended")


def upgrade() -> None:
    # Written out, since Alembic would make SQLite's table anew, at which others point.
    op.execute(f"ALTER TABLE experiment ADD COLUMN parent_id INTEGER CONSTRAINT {_PARENT} REFERENCES experiment (id)")
    op.create_table(
        "amendment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("arm", sa.String(length=64), nullable=True),
        sa.Column("coverage", sa.Integer(), nullable=False),
        sa.Column("audience", store.CanonicalJson(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('drop_arm', 'widen')", name=op.f("ck_amendment_kind")),
        sa.CheckConstraint("(kind = 'drop_arm') = (arm IS NOT NULL)", name=op.f("ck_amendment_arm")),
        sa.CheckConstraint("coverage > 0 AND coverage <= 10000", name=op.f("ck_amendment_coverage")),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiment.id"], name=op.f("fk_amendment_experiment_id_experiment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amendment")),
        sa.UniqueConstraint("experiment_id", "arm", name=op.f("uq_amendment_experiment_id_arm")),
    )
    _append_only("amendment")
    _told(_BEFORE, _AFTER)


def downgrade() -> None:
    op.execute("UPDATE notice SET event = 'resumed' WHERE event = 'amended'")
    _told(_AFTER, _BEFORE)
    op.drop_table("amendment")
    op.execute("ALTER TABLE experiment DROP COLUMN parent_id")


def _append_only(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{change.lower()} BEFORE {change} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _told(before: Sequence[str], after: Sequence[str]) -> None:
    """Change which events there are to tell of."""
    was, is_ = (f"event IN ({', '.join(map(repr, events))})" for events in (before, after))
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_notice_event"), "notice")
        op.create_check_constraint(op.f("ck_notice_event"), "notice", is_)
        return
    # A table that others point at is not made anew: SQLite lets a CHECK be written over
    # (https://www.sqlite.org/lang_altertable.html#otheralter).
    bind = op.get_bind()
    version = bind.scalar(sa.text("PRAGMA schema_version"))
    bind.execute(sa.text("PRAGMA writable_schema = ON"))
    bind.execute(
        sa.text("UPDATE sqlite_schema SET sql = replace(sql, :was, :is_) WHERE type = 'table' AND name = 'notice'"),
        {"was": was, "is_": is_},
    )
    bind.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    bind.execute(sa.text("PRAGMA writable_schema = OFF"))
