"""A rollout is scheduled before it goes, and people grant the next step before it comes: each before a first shift."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_BEFORE = "'going', 'in_force', 'taken_back', 'ended'"
_AFTER = f"'scheduled', {_BEFORE}"
_GOING = sa.text("state IN ('scheduled', 'going')")


def upgrade() -> None:
    _state_may_be(_BEFORE, _AFTER)
    op.execute(
        "ALTER TABLE rollout ADD COLUMN next_step VARCHAR(64) DEFAULT 'timed' NOT NULL "
        "CONSTRAINT ck_rollout_next_step CHECK (next_step IN ('timed', 'asked', 'granted'))"
    )
    op.execute("UPDATE rollout SET next_step = 'asked' WHERE asks_for_next")
    op.drop_column("rollout", "asks_for_next")
    op.create_index(
        "uq_rollout_one_going", "rollout", ["scenario_id"], unique=True, sqlite_where=_GOING, postgresql_where=_GOING
    )


def downgrade() -> None:
    op.drop_index("uq_rollout_one_going", "rollout")
    op.execute("ALTER TABLE rollout ADD COLUMN asks_for_next BOOLEAN DEFAULT FALSE NOT NULL")
    # Nobody has heard of a step that was granted or of a rollout that was scheduled: the one is asked for again, the
    # other is not there.
    op.execute("UPDATE rollout SET asks_for_next = TRUE WHERE next_step <> 'timed'")
    op.execute("UPDATE rollout SET state = 'taken_back' WHERE state = 'scheduled'")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_rollout_next_step"), "rollout")
    op.drop_column("rollout", "next_step")
    _state_may_be(_AFTER, _BEFORE)


def _state_may_be(before: str, after: str) -> None:
    """Change which states there are."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_rollout_state"), "rollout")
        op.create_check_constraint(op.f("ck_rollout_state"), "rollout", f"state IN ({after})")
        return
    # A table that others point at is not made anew: SQLite lets a CHECK be written over
    # (https://www.sqlite.org/lang_altertable.html#otheralter).
    version = bind.scalar(sa.text("PRAGMA schema_version"))
    bind.execute(sa.text("PRAGMA writable_schema = ON"))
    bind.execute(
        sa.text("UPDATE sqlite_schema SET sql = replace(sql, :before, :after) WHERE name = 'rollout'"),
        {"before": f"state IN ({before})", "after": f"state IN ({after})"},
    )
    bind.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    bind.execute(sa.text("PRAGMA writable_schema = OFF"))
