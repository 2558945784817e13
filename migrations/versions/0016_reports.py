"""What reports ask: calls by who took them and where, and by the channel that was recommended in them.

The rollups are a cache: what the rollup by call knows is summed once more, and days on which a fact names a channel
are marked to be built again.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEYS: Mapping[str, Any] = {
    "scenario_id": sa.Integer(),
    "day": sa.Integer(),
    "agent_id": sa.String(255),
    "team": sa.String(255),
    "region": sa.String(255),
    "channel": sa.String(255),
}
SUMMED = ("invited", "accepted", "joined", "converted", "complaint")


def upgrade() -> None:
    _create("rollup_agent", KEYS, ("calls", "eligible", *SUMMED))
    _create("rollup_target", {**KEYS, "target": sa.String(64)}, ("recommended", "succeeded"))
    keys, sums = ", ".join(KEYS), ", ".join(f"SUM({name})" for name in SUMMED)
    op.execute(
        f"INSERT INTO rollup_agent ({keys}, calls, eligible, {', '.join(SUMMED)}) "  # noqa: S608 - our own names
        f"SELECT {keys}, SUM(calls), SUM(CASE WHEN eligible THEN calls ELSE 0 END), {sums} "
        f"FROM rollup_call WHERE origin <> 'replayed' GROUP BY {keys}"
    )
    op.execute(
        "INSERT INTO dirty_day (scenario_id, day) SELECT DISTINCT a.scenario_id, a.day "
        "FROM outcome o JOIN assignment a ON a.id = o.assignment_id WHERE o.target_channel IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table("rollup_target")
    op.drop_table("rollup_agent")


def _create(name: str, keys: Mapping[str, Any], counts: tuple[str, ...]) -> None:
    op.create_table(
        name,
        *(sa.Column(key, kind, nullable=False, autoincrement=False) for key, kind in keys.items()),
        *(sa.Column(count, sa.Integer(), nullable=False) for count in counts),
        sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{name}")),
        sqlite_with_rowid=False,
    )
