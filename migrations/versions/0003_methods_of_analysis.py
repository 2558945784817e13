"""Plans say how they are analysed: weighting, family, spending, adjustment, moderators, the deals of few units.

Tests written before keep what was approved: challengers share alpha by Bonferroni, and no moderator was declared. The
rollup's units get their own names (agents, teams and shifts; never a customer's), since the randomisation test deals
them again by the registered salts; rollups are a cache, and their days are marked to be built again.

Columns are added in words that both databases know: SQLite would otherwise copy the table, which others refer to.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = {
    "spending": "VARCHAR(64) DEFAULT 'obrien-fleming' NOT NULL CHECK (spending IN ('obrien-fleming', 'pocock'))",
    "family": "VARCHAR(64) DEFAULT 'bonferroni' NOT NULL CHECK (family IN ('dunnett', 'bonferroni'))",
    "weighting": "VARCHAR(64) DEFAULT 'call' NOT NULL CHECK (weighting IN ('call', 'unit'))",
    "adjust": "BOOLEAN DEFAULT false NOT NULL",
    "moderators": "VARCHAR DEFAULT '[]' NOT NULL",
    "deals": "VARCHAR",
    "deal": "INTEGER CHECK (deal IS NULL OR deal >= 0)",
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        named = kind.replace("CHECK", f"CONSTRAINT ck_experiment_{name} CHECK")
        op.execute(f"ALTER TABLE experiment ADD COLUMN {name} {named}")
    op.execute("ALTER TABLE rollup_unit ADD COLUMN unit VARCHAR(255) DEFAULT '' NOT NULL")
    op.execute("INSERT INTO dirty_day (scenario_id, day) SELECT DISTINCT scenario_id, day FROM rollup_unit")


def downgrade() -> None:
    op.execute("ALTER TABLE rollup_unit DROP COLUMN unit")
    for name in reversed(COLUMNS):
        op.execute(f"ALTER TABLE experiment DROP COLUMN {name}")
