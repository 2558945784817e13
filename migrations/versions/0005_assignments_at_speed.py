"""Assignments as fast as the disk: random keys are indexed only where somebody asks by them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_assignment_customer_hash_at", "assignment")
    op.drop_index("ix_assignment_experiment_id_unit_hash", "assignment")
    for columns in (["customer_hash", "at"], ["experiment_id", "day"]):
        present = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(
            f"ix_assignment_{'_'.join(columns)}",
            "assignment",
            columns,
            sqlite_where=present,
            postgresql_where=present,
        )


def downgrade() -> None:
    op.drop_index("ix_assignment_customer_hash_at", "assignment")
    op.drop_index("ix_assignment_experiment_id_day", "assignment")
    op.create_index("ix_assignment_customer_hash_at", "assignment", ["customer_hash", "at"])
    op.create_index("ix_assignment_experiment_id_unit_hash", "assignment", ["experiment_id", "unit_hash"])
