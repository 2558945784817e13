"""What control finds in the rates of live standards, and when each is looked at again: appended, and never edited."""

import sqlalchemy as sa
from alembic import op

from experiments import store

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

APPENDED = ("control_signal", "standard_review")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WHAT_IS_ONE = ("scenario_id", "region", "metric", "rule", "direction", "first_day")


def upgrade() -> None:
    op.create_table(
        "control_signal",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("scenario_id", sa.Integer(), nullable=False),
        sa.Column("script_version_id", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(length=255), nullable=False),
        sa.Column("metric", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("direction", sa.String(length=64), nullable=False),
        sa.Column("first_day", sa.Integer(), nullable=False),
        sa.Column("found_day", sa.Integer(), nullable=False),
        sa.Column("worse", sa.Boolean(), nullable=False),
        sa.Column("found_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("numbers", sa.String(), nullable=False),
        sa.CheckConstraint("direction IN ('up', 'down')", name=op.f("ck_control_signal_direction")),
        sa.CheckConstraint("rule IN ('nelson_1', 'nelson_2', 'cusum')", name=op.f("ck_control_signal_rule")),
        sa.CheckConstraint("first_day <= found_day", name=op.f("ck_control_signal_days")),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenario.id"], name=op.f("fk_control_signal_scenario_id_scenario")),
        sa.ForeignKeyConstraint(
            ["script_version_id"],
            ["script_version.id"],
            name=op.f("fk_control_signal_script_version_id_script_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control_signal")),
        sa.UniqueConstraint(*_WHAT_IS_ONE, name=op.f(f"uq_control_signal_{'_'.join(_WHAT_IS_ONE)}")),
    )
    op.create_table(
        "standard_review",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("scenario_id", sa.Integer(), nullable=False),
        sa.Column("script_version_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("review_by", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("noted_by", sa.String(length=64), nullable=False),
        sa.Column("noted_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("review_by > 20000000", name=op.f("ck_standard_review_review_by")),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenario.id"], name=op.f("fk_standard_review_scenario_id_scenario")),
        sa.ForeignKeyConstraint(
            ["script_version_id"],
            ["script_version.id"],
            name=op.f("fk_standard_review_script_version_id_script_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standard_review")),
    )
    op.create_index(op.f("ix_standard_review_scenario_id"), "standard_review", ["scenario_id"])
    _refuse_changes()


def _refuse_changes() -> None:
    for table in APPENDED:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
            continue
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def downgrade() -> None:
    op.drop_table("standard_review")
    op.drop_table("control_signal")
