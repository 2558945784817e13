"""An experiment knows what it follows from; what was changed about one that ran is appended."""

import sqlalchemy as sa
from alembic import op

from experiments import store

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_PARENT = "fk_experiment_parent_id_experiment"


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
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER amendment_is_append_only BEFORE UPDATE OR DELETE ON amendment "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER amendment_refuses_{change.lower()} BEFORE {change} ON amendment "
            "BEGIN SELECT RAISE(ABORT, 'amendment is append-only'); END"
        )


def downgrade() -> None:
    op.drop_table("amendment")
    op.execute("ALTER TABLE experiment DROP COLUMN parent_id")
