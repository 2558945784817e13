"""What was heard in calls that were listened to: appended like looks and decisions, and never edited."""

import sqlalchemy as sa
from alembic import op

from experiments import store

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heard",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("heard", sa.String(length=64), nullable=True),
        sa.Column("listener_id", sa.Integer(), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("turn IN (1, 2)", name=op.f("ck_heard_turn")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_heard_assignment_id_assignment")),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiment.id"], name=op.f("fk_heard_experiment_id_experiment")),
        sa.ForeignKeyConstraint(["listener_id"], ["person.id"], name=op.f("fk_heard_listener_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heard")),
        sa.UniqueConstraint("assignment_id", "listener_id", name=op.f("uq_heard_assignment_id_listener_id")),
        sa.UniqueConstraint("assignment_id", "turn", name=op.f("uq_heard_assignment_id_turn")),
    )
    op.create_index(op.f("ix_heard_experiment_id"), "heard", ["experiment_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER heard_is_append_only BEFORE UPDATE OR DELETE ON heard "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER heard_refuses_{change.lower()} BEFORE {change} ON heard "
            "BEGIN SELECT RAISE(ABORT, 'heard is append-only'); END"
        )


def downgrade() -> None:
    op.drop_table("heard")
