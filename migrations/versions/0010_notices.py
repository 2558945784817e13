"""What is told outside: notices, written with what they tell of, and their deliveries, one for each target."""

import sqlalchemy as sa
from alembic import op

from experiments import store

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_EVENTS = (
    *("submitted", "approved", "refused", "started", "paused", "halted", "resumed", "stopped", "look_made", "ended"),
    *(
        "promoted",
        "abandoned",
        "rollout_step",
        "rollout_held",
        "rolled_back",
        "control_signal",
        "comment",
        "review_due",
    ),
    "test",
)


def upgrade() -> None:
    events = ", ".join(f"'{event}'" for event in _EVENTS)
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("roles", sa.String(), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("spread_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"event IN ({events})", name=op.f("ck_notice_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("message_id", name=op.f("uq_notice_message_id")),
    )
    where = sa.text("spread_at IS NULL")
    op.create_index(op.f("ix_notice_spread_at"), "notice", ["spread_at"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("fault", sa.String(length=64), nullable=True),
        sa.Column("ended_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'given_up')", name=op.f("ck_delivery_state")),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_delivery_tries")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_delivery_notice_id_notice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("notice_id", "target", name=op.f("uq_delivery_notice_id_target")),
    )
    op.create_index(op.f("ix_delivery_state_target_due_at"), "delivery", ["state", "target", "due_at"])


def downgrade() -> None:
    op.drop_table("delivery")
    op.drop_table("notice")
