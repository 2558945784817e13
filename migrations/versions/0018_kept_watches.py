"""What was last seen of each started test: a cache that the job which watches fills again within a minute."""

import sqlalchemy as sa
from alembic import op

from experiments import store

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_watch",
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("decided", sa.String(length=64), nullable=False),
        sa.Column("counted", sa.String(length=64), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiment.id"], name=op.f("fk_kept_watch_experiment_id_experiment")
        ),
        sa.PrimaryKeyConstraint("experiment_id", name=op.f("pk_kept_watch")),
    )


def downgrade() -> None:
    op.drop_table("kept_watch")
