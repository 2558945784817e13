"""Everything that results are read from is in the rollups: no reading touches facts.

The rollups are a cache: their tables are made anew with their old rows in them, and every day is marked to be built
again. What was heard takes along what a look asks of its call, since the look asks no facts any more.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from experiments import store

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

Columns = Mapping[str, Any]

DAY: Columns = {"scenario_id": sa.Integer(), "experiment_id": sa.Integer(), "day": sa.Integer()}
CALL: Columns = {
    "agent_id": sa.String(255),
    "arm": sa.String(64),
    "reason": sa.String(64),
    "eligible": sa.Boolean(),
    "origin": sa.String(64),
    "script_version_id": sa.Integer(),
    "team": sa.String(255),
    "region": sa.String(255),
    "channel": sa.String(255),
}
UNIT: Columns = {"unit_hash": sa.String(64), "arm": sa.String(64)}
COUNTED: Columns = dict.fromkeys(
    (
        *("calls", "exposed", "resolved", "invited", "accepted", "joined", "declined", "handed_over", "converted"),
        *("cancelled", "complaint", "connected", "past_30s", "early_refusal", "appointed", "fulfilled", "spoken"),
        *("deviation", "handled_seconds_n", "satisfaction_n", "value_n"),
    ),
    sa.Integer(),
)
SUMMED: Columns = dict.fromkeys(
    (f"{name}{end}" for name in ("handled_seconds", "satisfaction", "value") for end in ("", "_squares")),
    sa.BigInteger(),
)
CHECKED: Columns = dict.fromkeys(
    (
        *("told", "firsts", "on_screen"),
        *("accepted_reports", "accepted_unborne", "appointed_unborne", "spoken_unborne"),
    ),
    sa.Integer(),
)
HEARD = {"call_id": "VARCHAR(255)", "arm": "VARCHAR(64)", "agent_id": "VARCHAR(255)", "day": "INTEGER"}


def upgrade() -> None:
    measures = {**COUNTED, **SUMMED, **CHECKED}
    _remade("rollup_call", {**DAY, **CALL}, measures, new={"team": "''", **dict.fromkeys(CHECKED, "0")})
    _remade("rollup_unit", {**DAY, **UNIT}, {"unit": sa.String(255), **measures}, new=dict.fromkeys(CHECKED, "0"))
    by_little = {**DAY, **{name: CALL[name] for name in ("arm", "eligible", "origin", "script_version_id")}}
    _create("rollup_day", by_little, measures)
    _create(
        "rollup_source",
        {"scenario_id": sa.Integer(), "day": sa.Integer(), "source": sa.String(64)},
        {
            "facts": sa.Integer(),
            "newest_at": store.UtcDateTime(timezone=True),
            "newest_received_at": store.UtcDateTime(timezone=True),
        },
    )
    _tell_what_was_heard()
    op.execute("INSERT INTO dirty_day (scenario_id, day) SELECT DISTINCT scenario_id, day FROM assignment")


def downgrade() -> None:
    for name in HEARD:
        op.execute(f"ALTER TABLE heard DROP COLUMN {name}")
    op.drop_table("rollup_source")
    op.drop_table("rollup_day")
    measures = {**COUNTED, **SUMMED}
    by_call = {"scenario_id": DAY["scenario_id"], "day": DAY["day"], "experiment_id": DAY["experiment_id"]}
    by_call |= {name: CALL[name] for name in ("arm", "reason", "eligible", "origin", "script_version_id", "agent_id")}
    by_call |= {name: CALL[name] for name in ("region", "channel")}
    _remade("rollup_call", by_call, measures, with_rowid=True)
    by_unit = {"experiment_id": DAY["experiment_id"], "day": DAY["day"], "arm": UNIT["arm"]}
    by_unit |= {"unit_hash": UNIT["unit_hash"]}
    more = {"scenario_id": DAY["scenario_id"], "unit": sa.String(255)}
    _remade("rollup_unit", by_unit, {**more, **measures}, with_rowid=True)


def _create(name: str, keys: Columns, others: Columns, *, with_rowid: bool = False) -> None:
    op.create_table(
        name,
        *(sa.Column(key, kind, nullable=False, autoincrement=False) for key, kind in keys.items()),
        *(sa.Column(other, kind, nullable=False) for other, kind in others.items()),
        sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{name}")),
        sqlite_with_rowid=with_rowid,
    )


def _remade(
    name: str, keys: Columns, others: Columns, *, new: Mapping[str, str] | None = None, with_rowid: bool = False
) -> None:
    """Make a table anew with the rows it had: what is a key no more is summed over, what is new has one value."""
    new = new or {}
    op.execute(f"CREATE TEMPORARY TABLE kept AS SELECT * FROM {name}")  # noqa: S608 - names of our own tables
    op.drop_table(name)
    _create(name, keys, others, with_rowid=with_rowid)
    grouped = [key for key in (*keys, *(o for o in others if o in ("scenario_id", "unit"))) if key not in new]
    values = {key: new.get(key, key) for key in keys}
    values |= {other: new.get(other, other if other in grouped else f"SUM({other})") for other in others}
    asked = f"SELECT {', '.join(values.values())} FROM kept GROUP BY {', '.join(grouped)}"  # noqa: S608
    op.execute(f"INSERT INTO {name} ({', '.join(values)}) {asked}")
    op.execute("DROP TABLE kept")


def _tell_what_was_heard() -> None:
    for name, kind in HEARD.items():
        default = "0" if kind == "INTEGER" else "''"
        op.execute(f"ALTER TABLE heard ADD COLUMN {name} {kind} DEFAULT {default} NOT NULL")
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute(
        "ALTER TABLE heard DISABLE TRIGGER heard_is_append_only"
        if on_postgresql
        else "DROP TRIGGER heard_refuses_update"
    )
    for name in HEARD:
        known = f"SELECT {name} FROM assignment WHERE assignment.id = heard.assignment_id"  # noqa: S608
        op.execute(f"UPDATE heard SET {name} = ({known})")  # noqa: S608
    op.execute(
        "ALTER TABLE heard ENABLE TRIGGER heard_is_append_only"
        if on_postgresql
        else "CREATE TRIGGER heard_refuses_update BEFORE UPDATE ON heard "
        "BEGIN SELECT RAISE(ABORT, 'heard is append-only'); END"
    )
