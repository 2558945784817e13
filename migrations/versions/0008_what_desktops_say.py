"""What desktops that served a call by themselves say otherwise than we: appended, and never edited."""

import sqlalchemy as sa
from alembic import op

from experiments import store

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_KINDS = "'unknown_revision', 'unknown_experiment', 'another_arm', 'assigned_otherwise', 'told_twice'"


def upgrade() -> None:
    op.create_table(
        "discrepancy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("outside_id", sa.String(length=255), nullable=False),
        sa.Column("call_id", sa.String(length=255), nullable=False),
        sa.Column("scenario_id", sa.Integer(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=True),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("told", sa.String(), nullable=False),
        sa.Column("ours", sa.String(), nullable=False),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f("ck_discrepancy_kind")),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiment.id"], name=op.f("fk_discrepancy_experiment_id_experiment")
        ),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenario.id"], name=op.f("fk_discrepancy_scenario_id_scenario")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discrepancy")),
        sa.UniqueConstraint("kind", "source", "outside_id", name=op.f("uq_discrepancy_kind_source_outside_id")),
    )
    where = sa.text("experiment_id IS NOT NULL")
    op.create_index(
        op.f("ix_discrepancy_experiment_id"),
        "discrepancy",
        ["experiment_id"],
        sqlite_where=where,
        postgresql_where=where,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER discrepancy_is_append_only BEFORE UPDATE OR DELETE ON discrepancy "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER discrepancy_refuses_{change.lower()} BEFORE {change} ON discrepancy "
            "BEGIN SELECT RAISE(ABORT, 'discrepancy is append-only'); END"
        )


def downgrade() -> None:
    op.drop_table("discrepancy")
