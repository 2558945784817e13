"""Winners go out in steps, by agent-weeks; a scenario's slices are experiments, and say so no longer."""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from experiments import store

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_LIVE = sa.text("state IN ('going', 'in_force')")
_BEFORE = "'in_review', 'approved', 'standard', 'abandoned'"
_AFTER = "'in_review', 'approved', 'rolling_out', 'held', 'standard', 'abandoned'"


def upgrade() -> None:
    op.create_table(
        "rollout",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("scenario_id", sa.Integer(), nullable=False),
        sa.Column("arm", sa.String(length=64), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("former_id", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("steps", store.CanonicalJson(), nullable=False),
        sa.Column("holdback", sa.Integer(), nullable=False),
        sa.Column("holdback_days", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("step_day", sa.Integer(), nullable=False),
        sa.Column("in_force_day", sa.Integer(), nullable=True),
        sa.Column("asks_for_next", sa.Boolean(), nullable=False),
        sa.Column("began_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("began_by", sa.String(length=64), nullable=False),
        sa.CheckConstraint("state IN ('going', 'in_force', 'taken_back', 'ended')", name=op.f("ck_rollout_state")),
        sa.CheckConstraint("holdback >= 0 AND holdback <= 2500", name=op.f("ck_rollout_holdback")),
        sa.CheckConstraint("step >= 0", name=op.f("ck_rollout_step")),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiment.id"], name=op.f("fk_rollout_experiment_id_experiment")),
        sa.ForeignKeyConstraint(["former_id"], ["script_version.id"], name=op.f("fk_rollout_former_id_script_version")),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenario.id"], name=op.f("fk_rollout_scenario_id_scenario")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["script_version.id"], name=op.f("fk_rollout_version_id_script_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollout")),
    )
    op.create_index(op.f("ix_rollout_experiment_id"), "rollout", ["experiment_id"])
    op.create_index(
        "uq_rollout_one_live", "rollout", ["scenario_id"], unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE
    )
    op.create_table(
        "rollout_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rollout_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["rollout_id"], ["rollout.id"], name=op.f("fk_rollout_step_rollout_id_rollout")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollout_step")),
        sa.UniqueConstraint("rollout_id", "step", name=op.f("uq_rollout_step_rollout_id_step")),
    )
    _append_only("rollout_step")
    _card_may_be(_BEFORE, _AFTER)
    _rewritten(_without_kind)


def downgrade() -> None:
    _rewritten(_with_kind)
    op.execute("UPDATE card SET review = 'approved' WHERE review IN ('rolling_out', 'held')")
    _card_may_be(_AFTER, _BEFORE)
    op.drop_table("rollout_step")
    op.drop_table("rollout")


def _append_only(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{change.lower()} BEFORE {change} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _card_may_be(before: str, after: str) -> None:
    """Change which reviews there are at Act."""
    rule = (
        "(stage = 'plan' AND review IN ('draft', 'in_review', 'approved')) OR "
        "(stage = 'do' AND review IN ('running', 'paused')) OR "
        "(stage = 'check' AND review IN ('open', 'in_review')) OR "
        f"(stage = 'act' AND review IN ({after}))"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_card_stage_and_review"), "card")
        op.create_check_constraint(op.f("ck_card_stage_and_review"), "card", rule)
        return
    # A table that others point at is not made anew: SQLite lets a CHECK be written over
    # (https://www.sqlite.org/lang_altertable.html#otheralter).
    bind = op.get_bind()
    version = bind.scalar(sa.text("PRAGMA schema_version"))
    bind.execute(sa.text("PRAGMA writable_schema = ON"))
    bind.execute(
        sa.text("UPDATE sqlite_schema SET sql = replace(sql, :before, :after) WHERE type = 'table' AND name = 'card'"),
        {"before": f"review IN ({before})", "after": f"review IN ({after})"},
    )
    bind.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    bind.execute(sa.text("PRAGMA writable_schema = OFF"))


def _rewritten(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Write the stored traffic another way; it means the same."""
    bind = op.get_bind()
    postgresql = bind.dialect.name == "postgresql"
    if postgresql:
        op.execute("ALTER TABLE traffic_revision DISABLE TRIGGER traffic_revision_is_append_only")
    else:
        op.execute("DROP TRIGGER traffic_revision_refuses_update")
    for id_, stored in bind.execute(sa.text("SELECT id, traffic FROM traffic_revision")).all():
        traffic = json.loads(stored)
        traffic["slices"] = [change(each) for each in traffic["slices"]]
        bind.execute(
            sa.text("UPDATE traffic_revision SET traffic = :traffic WHERE id = :id"),
            {"traffic": store.canonical(traffic), "id": id_},
        )
    if postgresql:
        op.execute("ALTER TABLE traffic_revision ENABLE TRIGGER traffic_revision_is_append_only")
    else:
        op.execute(
            "CREATE TRIGGER traffic_revision_refuses_update BEFORE UPDATE ON traffic_revision "
            "BEGIN SELECT RAISE(ABORT, 'traffic_revision is append-only'); END"
        )


def _without_kind(owner: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in owner.items() if name != "kind"}


def _with_kind(owner: dict[str, Any]) -> dict[str, Any]:
    return owner | {"kind": "experiment"}
