"""Outcomes without a hash of their payload, and indexes that grow at one end: what is random only where it is asked by."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_HERS = sa.text("customer_hash IS NOT NULL AND type IN ('converted', 'corrected', 'cancelled')")
_WAITING = sa.text("assignment_id IS NULL")


def upgrade() -> None:
    op.drop_index("ix_outcome_customer_hash_type", "outcome")
    op.drop_index("ix_outcome_call_id", "outcome")
    op.create_index(
        "ix_outcome_customer_hash_type",
        "outcome",
        ["customer_hash", "type"],
        sqlite_where=_HERS,
        postgresql_where=_HERS,
    )
    op.create_index("ix_outcome_call_id", "outcome", ["call_id"], sqlite_where=_WAITING, postgresql_where=_WAITING)
    op.execute("ALTER TABLE outcome DROP COLUMN payload_hash")


def downgrade() -> None:
    # What was told is compared by its columns now; the hashes of before cannot be made again without the raw payload.
    op.execute("ALTER TABLE outcome ADD COLUMN payload_hash VARCHAR(64) DEFAULT '' NOT NULL")
    op.drop_index("ix_outcome_customer_hash_type", "outcome")
    op.drop_index("ix_outcome_call_id", "outcome")
    op.create_index("ix_outcome_customer_hash_type", "outcome", ["customer_hash", "type"])
    op.create_index("ix_outcome_call_id", "outcome", ["call_id"])
