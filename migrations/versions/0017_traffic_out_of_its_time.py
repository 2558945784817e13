"""A desktop's report of traffic that was not in force then is a finding of its own."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_BEFORE = ("unknown_revision", "unknown_experiment", "another_arm", "assigned_otherwise", "told_twice")
_AFTER = (*_BEFORE, "not_in_force")
_NO_DELETE = (
    "CREATE TRIGGER discrepancy_refuses_delete BEFORE DELETE ON discrepancy "
    "BEGIN SELECT RAISE(ABORT, 'discrepancy is append-only'); END"
)


def upgrade() -> None:
    _found(_BEFORE, _AFTER)


def downgrade() -> None:
    # The release before knows nothing of them.
    gone = "DELETE FROM discrepancy WHERE kind = 'not_in_force'"
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE discrepancy DISABLE TRIGGER discrepancy_is_append_only")
        op.execute(gone)
        op.execute("ALTER TABLE discrepancy ENABLE TRIGGER discrepancy_is_append_only")
    else:
        op.execute("DROP TRIGGER discrepancy_refuses_delete")
        op.execute(gone)
        op.execute(_NO_DELETE)
    _found(_AFTER, _BEFORE)


def _found(before: Sequence[str], after: Sequence[str]) -> None:
    """Change which kinds of disagreement there are."""
    was, is_ = (f"kind IN ({', '.join(map(repr, kinds))})" for kinds in (before, after))
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_discrepancy_kind"), "discrepancy")
        op.create_check_constraint(op.f("ck_discrepancy_kind"), "discrepancy", is_)
        return
    # SQLite lets a CHECK be written over, so that the table need not be made anew
    # (https://www.sqlite.org/lang_altertable.html#otheralter).
    bind = op.get_bind()
    version = bind.scalar(sa.text("PRAGMA schema_version"))
    bind.execute(sa.text("PRAGMA writable_schema = ON"))
    bind.execute(
        sa.text("UPDATE sqlite_schema SET sql = replace(sql, :was, :is_) WHERE type = 'table' AND name = :name"),
        {"was": was, "is_": is_, "name": "discrepancy"},
    )
    bind.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    bind.execute(sa.text("PRAGMA writable_schema = OFF"))
