"""The whole house: every table of the first release."""

import sqlalchemy as sa
from alembic import op

from experiments import store

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("verb", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("detail", store.CanonicalJson(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_entry_hash")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_audit_entry_previous_hash")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_subject"), ["subject"], unique=False)

    op.create_table(
        "element",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("catalogue", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("needs", sa.String(length=64), nullable=True),
        sa.Column("after_request", sa.Boolean(), nullable=False),
        sa.Column("name", store.CanonicalJson(), nullable=False),
        sa.CheckConstraint("kind IN ('text', 'position')", name=op.f("ck_element_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_element")),
        sa.UniqueConstraint("catalogue", "key", name=op.f("uq_element_catalogue_key")),
    )
    op.create_table(
        "job_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("tick", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("started_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("report", sa.String(), nullable=True),
        sa.Column("error", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_run")),
        sa.UniqueConstraint("job", "tick", name=op.f("uq_job_run_job_tick")),
    )
    op.create_table(
        "import_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("mapping_hash", sa.String(length=64), nullable=False),
        sa.Column("replay", sa.String(length=64), nullable=False),
        sa.Column("experiment", sa.String(length=64), nullable=False),
        sa.Column("scenario", sa.String(length=64), nullable=False),
        sa.Column("synthetic", store.CanonicalJson(), nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("rows_imported", sa.Integer(), nullable=False),
        sa.Column("rows_rejected", sa.Integer(), nullable=False),
        sa.Column("started_by", sa.String(length=64), nullable=False),
        sa.Column("started_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "rows_imported >= 0 AND rows_imported + rows_rejected <= rows_read", name=op.f("ck_import_file_rows")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_file")),
        sa.UniqueConstraint(
            "file_sha256", "mapping_hash", "replay", name=op.f("uq_import_file_file_sha256_mapping_hash_replay")
        ),
    )
    with op.batch_alter_table("import_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_import_file_experiment"), ["experiment"], unique=False)
        batch_op.create_index(batch_op.f("ix_import_file_scenario"), ["scenario"], unique=False)

    op.create_table(
        "metric",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("catalogue", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("numerator", sa.String(length=64), nullable=False),
        sa.Column("denominator", sa.String(length=64), nullable=False),
        sa.Column("better", sa.String(length=64), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=False),
        sa.Column("name", store.CanonicalJson(), nullable=False),
        sa.Column("note", store.CanonicalJson(), nullable=False),
        sa.CheckConstraint("better IN ('higher', 'lower')", name=op.f("ck_metric_better")),
        sa.CheckConstraint("kind IN ('proportion', 'mean', 'ratio')", name=op.f("ck_metric_kind")),
        sa.CheckConstraint("window_days >= 0", name=op.f("ck_metric_window")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metric")),
        sa.UniqueConstraint("catalogue", "key", name=op.f("uq_metric_catalogue_key")),
    )
    op.create_table(
        "metric_set",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("catalogue", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("direction", sa.String(length=64), nullable=False),
        sa.Column("name", store.CanonicalJson(), nullable=False),
        sa.Column("steps", store.CanonicalJson(), nullable=False),
        sa.Column("primary_metric", sa.String(length=64), nullable=False),
        sa.Column("guardrails", store.CanonicalJson(), nullable=False),
        sa.Column("secondary", store.CanonicalJson(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metric_set")),
        sa.UniqueConstraint("catalogue", "key", name=op.f("uq_metric_set_catalogue_key")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("login", name=op.f("uq_person_login")),
    )
    op.create_table(
        "role",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("name", store.CanonicalJson(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_role")),
    )
    op.create_table(
        "rollup_call",
        sa.Column("scenario_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("arm", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("eligible", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("script_version_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.String(length=255), nullable=False),
        sa.Column("region", sa.String(length=255), nullable=False),
        sa.Column("channel", sa.String(length=255), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("exposed", sa.Integer(), nullable=False),
        sa.Column("resolved", sa.Integer(), nullable=False),
        sa.Column("invited", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("joined", sa.Integer(), nullable=False),
        sa.Column("declined", sa.Integer(), nullable=False),
        sa.Column("handed_over", sa.Integer(), nullable=False),
        sa.Column("converted", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("complaint", sa.Integer(), nullable=False),
        sa.Column("connected", sa.Integer(), nullable=False),
        sa.Column("past_30s", sa.Integer(), nullable=False),
        sa.Column("early_refusal", sa.Integer(), nullable=False),
        sa.Column("appointed", sa.Integer(), nullable=False),
        sa.Column("fulfilled", sa.Integer(), nullable=False),
        sa.Column("spoken", sa.Integer(), nullable=False),
        sa.Column("deviation", sa.Integer(), nullable=False),
        sa.Column("handled_seconds_n", sa.Integer(), nullable=False),
        sa.Column("handled_seconds", sa.BigInteger(), nullable=False),
        sa.Column("handled_seconds_squares", sa.BigInteger(), nullable=False),
        sa.Column("satisfaction_n", sa.Integer(), nullable=False),
        sa.Column("satisfaction", sa.BigInteger(), nullable=False),
        sa.Column("satisfaction_squares", sa.BigInteger(), nullable=False),
        sa.Column("value_n", sa.Integer(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("value_squares", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "scenario_id",
            "day",
            "experiment_id",
            "arm",
            "reason",
            "eligible",
            "origin",
            "script_version_id",
            "agent_id",
            "region",
            "channel",
            name=op.f("pk_rollup_call"),
        ),
    )
    op.create_table(
        "rollup_unit",
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("arm", sa.String(length=64), nullable=False),
        sa.Column("unit_hash", sa.String(length=64), nullable=False),
        sa.Column("scenario_id", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("exposed", sa.Integer(), nullable=False),
        sa.Column("resolved", sa.Integer(), nullable=False),
        sa.Column("invited", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("joined", sa.Integer(), nullable=False),
        sa.Column("declined", sa.Integer(), nullable=False),
        sa.Column("handed_over", sa.Integer(), nullable=False),
        sa.Column("converted", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("complaint", sa.Integer(), nullable=False),
        sa.Column("connected", sa.Integer(), nullable=False),
        sa.Column("past_30s", sa.Integer(), nullable=False),
        sa.Column("early_refusal", sa.Integer(), nullable=False),
        sa.Column("appointed", sa.Integer(), nullable=False),
        sa.Column("fulfilled", sa.Integer(), nullable=False),
        sa.Column("spoken", sa.Integer(), nullable=False),
        sa.Column("deviation", sa.Integer(), nullable=False),
        sa.Column("handled_seconds_n", sa.Integer(), nullable=False),
        sa.Column("handled_seconds", sa.BigInteger(), nullable=False),
        sa.Column("handled_seconds_squares", sa.BigInteger(), nullable=False),
        sa.Column("satisfaction_n", sa.Integer(), nullable=False),
        sa.Column("satisfaction", sa.BigInteger(), nullable=False),
        sa.Column("satisfaction_squares", sa.BigInteger(), nullable=False),
        sa.Column("value_n", sa.Integer(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("value_squares", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "day", "arm", "unit_hash", name=op.f("pk_rollup_unit")),
    )
    op.create_table(
        "scenario",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("catalogue", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("direction", sa.String(length=64), nullable=False),
        sa.Column("name", store.CanonicalJson(), nullable=False),
        sa.Column("share", sa.Numeric(precision=6, scale=5, asdecimal=False), nullable=True),
        sa.Column("standing", sa.String(length=64), nullable=False),
        sa.Column("metric_set", sa.String(length=64), nullable=True),
        sa.Column("audience", store.CanonicalJson(), nullable=False),
        sa.Column("marketing_types", store.CanonicalJson(), nullable=False),
        sa.CheckConstraint("direction IN ('inbound', 'outbound')", name=op.f("ck_scenario_direction")),
        sa.CheckConstraint(
            "standing IN ('candidate', 'in_test', 'suitable', 'limited', 'unsuitable')",
            name=op.f("ck_scenario_standing"),
        ),
        sa.CheckConstraint("share IS NULL OR (share >= 0 AND share <= 1)", name=op.f("ck_scenario_share")),
        sa.ForeignKeyConstraint(["parent_id"], ["scenario.id"], name=op.f("fk_scenario_parent_id_scenario")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scenario")),
        sa.UniqueConstraint("key", name=op.f("uq_scenario_key")),
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failure")),
    )
    with op.batch_alter_table("sign_in_failure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_failure_login_at"), ["login", "at"], unique=False)

    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", store.CanonicalJson(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("expires_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scopes <> '[]'", name=op.f("ck_api_token_has_a_scope")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_api_token_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("name", name=op.f("uq_api_token_name")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_token_secret_hash")),
    )
    op.create_table(
        "dirty_day",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scenario_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenario.id"], name=op.f("fk_dirty_day_scenario_id_scenario")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dirty_day")),
    )
    op.create_table(
        "person_role",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_role_person_id_person")),
        sa.ForeignKeyConstraint(["role"], ["role.key"], name=op.f("fk_person_role_role_role")),
        sa.PrimaryKeyConstraint("person_id", "role", name=op.f("pk_person_role")),
    )
    op.create_table(
        "script",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("scenario_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenario.id"], name=op.f("fk_script_scenario_id_scenario")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script")),
        sa.UniqueConstraint("key", name=op.f("uq_script_key")),
        sa.UniqueConstraint("scenario_id", name=op.f("uq_script_scenario_id")),
    )
    op.create_table(
        "sign_in",
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("started_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_in_person_id_person")),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_sign_in")),
    )
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_person_id"), ["person_id"], unique=False)

    op.create_table(
        "traffic_revision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scenario_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("traffic", store.CanonicalJson(), nullable=False),
        sa.Column("cause", store.CanonicalJson(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "number > 0 AND based_on = number - 1", name=op.f("ck_traffic_revision_based_on_the_one_before")
        ),
        sa.ForeignKeyConstraint(
            ["scenario_id"], ["scenario.id"], name=op.f("fk_traffic_revision_scenario_id_scenario")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_traffic_revision")),
        sa.UniqueConstraint("scenario_id", "number", name=op.f("uq_traffic_revision_scenario_id_number")),
    )
    op.create_table(
        "script_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("script_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lines", store.CanonicalJson(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("written_by", sa.String(length=64), nullable=False),
        sa.Column("written_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_script_version_number")),
        sa.ForeignKeyConstraint(["script_id"], ["script.id"], name=op.f("fk_script_version_script_id_script")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_version")),
        sa.UniqueConstraint("script_id", "number", name=op.f("uq_script_version_script_id_number")),
    )
    with op.batch_alter_table("script_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_script_version_content_hash"), ["content_hash"], unique=False)

    op.create_table(
        "experiment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("scenario_id", sa.Integer(), nullable=False),
        sa.Column("title", store.CanonicalJson(), nullable=False),
        sa.Column("hypothesis", store.CanonicalJson(), nullable=False),
        sa.Column("variable", sa.String(length=64), nullable=False),
        sa.Column("control_version_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("audience", store.CanonicalJson(), nullable=False),
        sa.Column("alpha", sa.Double(), nullable=False),
        sa.Column("power", sa.Double(), nullable=False),
        sa.Column("effect", sa.Double(), nullable=False),
        sa.Column("coverage", sa.Integer(), nullable=False),
        sa.Column("base_rate", sa.Double(), nullable=True),
        sa.Column("looks", store.CanonicalJson(), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("planned_calls", sa.Integer(), nullable=True),
        sa.Column("planned_days", sa.Integer(), nullable=True),
        sa.Column("started_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('script', 'scenario')", name=op.f("ck_experiment_kind")),
        sa.CheckConstraint("origin IN ('designed', 'imported')", name=op.f("ck_experiment_origin")),
        sa.CheckConstraint(
            "unit IN ('call', 'customer', 'agent', 'team', 'agent_shift')", name=op.f("ck_experiment_unit")
        ),
        sa.CheckConstraint("alpha > 0 AND alpha < 0.5", name=op.f("ck_experiment_alpha")),
        sa.CheckConstraint("coverage > 0 AND coverage <= 10000", name=op.f("ck_experiment_coverage")),
        sa.CheckConstraint("effect > 0 AND effect < 1", name=op.f("ck_experiment_effect")),
        sa.CheckConstraint("power > 0.5 AND power < 1", name=op.f("ck_experiment_power")),
        sa.ForeignKeyConstraint(
            ["control_version_id"], ["script_version.id"], name=op.f("fk_experiment_control_version_id_script_version")
        ),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenario.id"], name=op.f("fk_experiment_scenario_id_scenario")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiment")),
        sa.UniqueConstraint("key", name=op.f("uq_experiment_key")),
    )
    with op.batch_alter_table("experiment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_experiment_scenario_id"), ["scenario_id"], unique=False)

    op.create_table(
        "arm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("value", store.CanonicalJson(), nullable=True),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("position >= 0 AND position < 5", name=op.f("ck_arm_position")),
        sa.CheckConstraint("weight > 0 AND weight < 10000", name=op.f("ck_arm_weight")),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiment.id"], name=op.f("fk_arm_experiment_id_experiment")),
        sa.ForeignKeyConstraint(["version_id"], ["script_version.id"], name=op.f("fk_arm_version_id_script_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arm")),
        sa.UniqueConstraint("experiment_id", "key", name=op.f("uq_arm_experiment_id_key")),
        sa.UniqueConstraint("experiment_id", "position", name=op.f("uq_arm_experiment_id_position")),
    )
    op.create_table(
        "assignment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.String(length=255), nullable=False),
        sa.Column("scenario_id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.String(length=255), nullable=False),
        sa.Column("agent_shift", sa.String(length=280), nullable=False),
        sa.Column("team", sa.String(length=255), nullable=False),
        sa.Column("region", sa.String(length=255), nullable=False),
        sa.Column("channel", sa.String(length=255), nullable=False),
        sa.Column("locale", sa.String(length=64), nullable=False),
        sa.Column("customer_hash", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("reason_detail", sa.String(length=64), nullable=True),
        sa.Column("eligible", sa.Boolean(), nullable=False),
        sa.Column("invite", sa.Boolean(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=True),
        sa.Column("arm", sa.String(length=64), nullable=False),
        sa.Column("unit_kind", sa.String(length=64), nullable=True),
        sa.Column("unit_hash", sa.String(length=64), nullable=True),
        sa.Column("slice_bucket", sa.Integer(), nullable=True),
        sa.Column("arm_bucket", sa.Integer(), nullable=True),
        sa.Column("facts", store.CanonicalJson(), nullable=False),
        sa.Column("script_version_id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("traffic_revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("(experiment_id IS NULL) = (arm = '')", name=op.f("ck_assignment_arm_of_an_experiment")),
        sa.CheckConstraint("origin IN ('live', 'imported', 'replayed', 'demo')", name=op.f("ck_assignment_origin")),
        sa.CheckConstraint(
            "reason IN ('split', 'standard', 'rollout', 'holdback', 'not_eligible', 'no_unit', 'paused', 'stopped', 'fallback')",
            name=op.f("ck_assignment_reason"),
        ),
        sa.CheckConstraint("arm_bucket BETWEEN 0 AND 9999", name=op.f("ck_assignment_arm_bucket")),
        sa.CheckConstraint("slice_bucket BETWEEN 0 AND 9999", name=op.f("ck_assignment_slice_bucket")),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiment.id"], name=op.f("fk_assignment_experiment_id_experiment")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["traffic_revision.id"], name=op.f("fk_assignment_revision_id_traffic_revision")
        ),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenario.id"], name=op.f("fk_assignment_scenario_id_scenario")),
        sa.ForeignKeyConstraint(
            ["script_version_id"], ["script_version.id"], name=op.f("fk_assignment_script_version_id_script_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint("call_id", "scenario_id", name=op.f("uq_assignment_call_id_scenario_id")),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignment_customer_hash_at"), ["customer_hash", "at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_assignment_experiment_id_unit_hash"), ["experiment_id", "unit_hash"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_assignment_scenario_id_day"), ["scenario_id", "day"], unique=False)

    op.create_table(
        "card",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("stage", sa.String(length=64), nullable=False),
        sa.Column("review", sa.String(length=64), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("review_hash", sa.String(length=64), nullable=True),
        sa.Column("submitted_by", sa.String(length=64), nullable=True),
        sa.Column("proposal", sa.String(length=64), nullable=True),
        sa.Column("moved_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(stage = 'plan' AND review IN ('draft', 'in_review', 'approved')) OR (stage = 'do' AND review IN ('running', 'paused')) OR (stage = 'check' AND review IN ('open', 'in_review')) OR (stage = 'act' AND review IN ('in_review', 'approved', 'standard', 'abandoned'))",
            name=op.f("ck_card_stage_and_review"),
        ),
        sa.CheckConstraint("kind IN ('script', 'scenario')", name=op.f("ck_card_kind")),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiment.id"], name=op.f("fk_card_experiment_id_experiment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
        sa.UniqueConstraint("experiment_id", name=op.f("uq_card_experiment_id")),
    )
    op.create_table(
        "look",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fraction", sa.Double(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("conclusion", sa.String(length=64), nullable=False),
        sa.Column("challenger", sa.String(length=64), nullable=True),
        sa.Column("content", store.CanonicalJson(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("fraction > 0 AND fraction <= 1", name=op.f("ck_look_fraction")),
        sa.CheckConstraint("number > 0", name=op.f("ck_look_number")),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiment.id"], name=op.f("fk_look_experiment_id_experiment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_look")),
        sa.UniqueConstraint("experiment_id", "number", name=op.f("uq_look_experiment_id_number")),
    )
    op.create_table(
        "plan_edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("editor", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiment.id"], name=op.f("fk_plan_edit_experiment_id_experiment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_edit")),
    )
    with op.batch_alter_table("plan_edit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_edit_experiment_id"), ["experiment_id"], unique=False)

    op.create_table(
        "planned_metric",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("metric", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("margin", sa.Double(), nullable=True),
        sa.Column("watch", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(role = 'guardrail') = (margin IS NOT NULL)", name=op.f("ck_planned_metric_guardrails_have_margins")
        ),
        sa.CheckConstraint("role IN ('primary', 'guardrail', 'secondary')", name=op.f("ck_planned_metric_role")),
        sa.CheckConstraint("margin IS NULL OR margin > 0", name=op.f("ck_planned_metric_margin")),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiment.id"], name=op.f("fk_planned_metric_experiment_id_experiment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_metric")),
        sa.UniqueConstraint("experiment_id", "metric", name=op.f("uq_planned_metric_experiment_id_metric")),
    )
    with op.batch_alter_table("planned_metric", schema=None) as batch_op:
        batch_op.create_index(
            "uq_planned_metric_one_primary",
            ["experiment_id"],
            unique=True,
            sqlite_where=sa.text("role = 'primary'"),
            postgresql_where=sa.text("role = 'primary'"),
        )

    op.create_table(
        "approval",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_approval_card_id_card")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_approval_person_id_person")),
        sa.ForeignKeyConstraint(["role"], ["role.key"], name=op.f("fk_approval_role_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        sa.UniqueConstraint("card_id", "round", "person_id", name=op.f("uq_approval_card_id_round_person_id")),
        sa.UniqueConstraint("card_id", "round", "role", name=op.f("uq_approval_card_id_round_role")),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.Integer(), nullable=False),
        sa.Column("verb", sa.String(length=64), nullable=False),
        sa.Column("from_stage", sa.String(length=64), nullable=False),
        sa.Column("from_review", sa.String(length=64), nullable=False),
        sa.Column("to_stage", sa.String(length=64), nullable=False),
        sa.Column("to_review", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=True),
        sa.Column("look_id", sa.Integer(), nullable=True),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_decision_card_id_card")),
        sa.ForeignKeyConstraint(["look_id"], ["look.id"], name=op.f("fk_decision_look_id_look")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_card_id"), ["card_id"], unique=False)

    op.create_table(
        "outcome",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("outside_id", sa.String(length=255), nullable=False),
        sa.Column("payload_hash", sa.String(length=64), nullable=False),
        sa.Column("call_id", sa.String(length=255), nullable=True),
        sa.Column("customer_hash", sa.String(length=64), nullable=True),
        sa.Column("scenario_id", sa.Integer(), nullable=True),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_at", store.UtcDateTime(timezone=True), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("target_channel", sa.String(length=64), nullable=True),
        sa.Column("taken_back", sa.String(length=64), nullable=True),
        sa.Column("detail", store.CanonicalJson(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "taken_back IS NULL OR taken_back IN ('accepted', 'converted')", name=op.f("ck_outcome_taken_back")
        ),
        sa.CheckConstraint(
            "type IN ('served', 'displayed', 'exposed', 'resolved', 'invited', 'accepted', 'declined', 'handed_over', 'converted', 'corrected', 'cancelled', 'complaint', 'handled', 'satisfaction', 'connected', 'hung_up', 'appointed', 'fulfilled', 'spoken')",
            name=op.f("ck_outcome_type"),
        ),
        sa.CheckConstraint("call_id IS NOT NULL OR customer_hash IS NOT NULL", name=op.f("ck_outcome_names_somebody")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_outcome_assignment_id_assignment")),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenario.id"], name=op.f("fk_outcome_scenario_id_scenario")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome")),
        sa.UniqueConstraint("source", "outside_id", name=op.f("uq_outcome_source_outside_id")),
    )
    with op.batch_alter_table("outcome", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outcome_assignment_id"), ["assignment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outcome_call_id"), ["call_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outcome_customer_hash_type"), ["customer_hash", "type"], unique=False)


def downgrade() -> None:

    with op.batch_alter_table("outcome", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outcome_customer_hash_type"))
        batch_op.drop_index(batch_op.f("ix_outcome_call_id"))
        batch_op.drop_index(batch_op.f("ix_outcome_assignment_id"))

    op.drop_table("outcome")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_card_id"))

    op.drop_table("decision")
    op.drop_table("approval")
    with op.batch_alter_table("planned_metric", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_planned_metric_one_primary",
            sqlite_where=sa.text("role = 'primary'"),
            postgresql_where=sa.text("role = 'primary'"),
        )

    op.drop_table("planned_metric")
    with op.batch_alter_table("plan_edit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_edit_experiment_id"))

    op.drop_table("plan_edit")
    op.drop_table("look")
    op.drop_table("card")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assignment_scenario_id_day"))
        batch_op.drop_index(batch_op.f("ix_assignment_experiment_id_unit_hash"))
        batch_op.drop_index(batch_op.f("ix_assignment_customer_hash_at"))

    op.drop_table("assignment")
    op.drop_table("arm")
    with op.batch_alter_table("experiment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_experiment_scenario_id"))

    op.drop_table("experiment")
    with op.batch_alter_table("script_version", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_script_version_content_hash"))

    op.drop_table("script_version")
    op.drop_table("traffic_revision")
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_person_id"))

    op.drop_table("sign_in")
    op.drop_table("script")
    op.drop_table("person_role")
    op.drop_table("dirty_day")
    op.drop_table("api_token")
    with op.batch_alter_table("sign_in_failure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_failure_login_at"))

    op.drop_table("sign_in_failure")
    op.drop_table("scenario")
    op.drop_table("rollup_unit")
    op.drop_table("rollup_call")
    op.drop_table("role")
    op.drop_table("person")
    op.drop_table("metric_set")
    op.drop_table("metric")
    with op.batch_alter_table("import_file", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_import_file_scenario"))
        batch_op.drop_index(batch_op.f("ix_import_file_experiment"))

    op.drop_table("import_file")
    op.drop_table("job_run")
    op.drop_table("element")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_subject"))

    op.drop_table("audit_entry")
