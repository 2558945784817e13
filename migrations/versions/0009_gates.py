"""Gates that ask for several approvals of a role, ticks of their checklists, comments, and one decision a round.

An approval gets its turn within the round, so that of two who see the same chair empty one alone can sit down; that a
role or a person sits there once is no rule of the table any more, since approvals expire and are given afresh. Decisions
of before know neither round nor edit: their plans' writers may not approve, whoever edited last.
"""

import sqlalchemy as sa
from alembic import op

from experiments import store

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_DECIDED = sa.text("from_review = 'in_review' AND (from_stage <> to_stage OR from_review <> to_review)")
_KEPT = ("id", "card_id", "round", "role", "person_id", "content_hash", "at")
_ONE_SEAT = (["card_id", "round", "role"], ["card_id", "round", "person_id"])
_TURN = (["card_id", "round", "turn"],)
_COUNTED = "ROW_NUMBER() OVER (PARTITION BY card_id, round ORDER BY id)"
_SECOND = (
    "SELECT 1 FROM approval AS other WHERE other.card_id = approval.card_id AND other.round = approval.round "
    "AND other.id < approval.id AND (other.role = approval.role OR other.person_id = approval.person_id)"
)


def upgrade() -> None:
    if _on_postgresql():
        op.execute("ALTER TABLE approval ADD COLUMN turn INTEGER")
        _past_the_trigger(
            f"UPDATE approval SET turn = counted.turn FROM (SELECT id, {_COUNTED} AS turn FROM approval) AS counted "  # noqa: S608
            "WHERE counted.id = approval.id"
        )
        op.execute("ALTER TABLE approval ALTER COLUMN turn SET NOT NULL")
        _other_rules(_ONE_SEAT, _TURN)
        op.create_check_constraint(op.f("ck_approval_turn"), "approval", "turn > 0")
    else:
        _remade(f"SELECT {', '.join(_KEPT)}, {_COUNTED} AS turn FROM approval", _TURN, with_turn=True)  # noqa: S608
    op.execute("ALTER TABLE decision ADD COLUMN round INTEGER")
    op.execute("ALTER TABLE decision ADD COLUMN edit_id INTEGER")
    op.create_index(
        "uq_decision_one_a_round",
        "decision",
        ["card_id", "round"],
        unique=True,
        sqlite_where=_DECIDED,
        postgresql_where=_DECIDED,
    )
    _create_ticks()
    _create_comments()


def downgrade() -> None:
    op.drop_table("comment")
    op.drop_table("tick")
    op.drop_index("uq_decision_one_a_round", "decision")
    if _on_postgresql():
        _past_the_trigger(f"DELETE FROM approval WHERE EXISTS ({_SECOND})")  # noqa: S608
        op.drop_constraint(op.f("ck_approval_turn"), "approval")
        _other_rules(_TURN, _ONE_SEAT)
        op.execute("ALTER TABLE approval DROP COLUMN turn")
    else:
        _remade(f"SELECT {', '.join(_KEPT)} FROM approval WHERE NOT EXISTS ({_SECOND})", _ONE_SEAT, with_turn=False)  # noqa: S608
    for column in ("edit_id", "round"):
        op.execute(f"ALTER TABLE decision DROP COLUMN {column}")


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _past_the_trigger(change: str) -> None:
    op.execute("ALTER TABLE approval DISABLE TRIGGER approval_is_append_only")
    op.execute(change)
    op.execute("ALTER TABLE approval ENABLE TRIGGER approval_is_append_only")


def _name(columns: list[str]) -> str:
    return op.f(f"uq_approval_{'_'.join(columns)}")


def _other_rules(old: tuple[list[str], ...], new: tuple[list[str], ...]) -> None:
    for columns in old:
        op.drop_constraint(_name(columns), "approval")
    for columns in new:
        op.create_unique_constraint(_name(columns), "approval", columns)


def _remade(rows: str, unique: tuple[list[str], ...], *, with_turn: bool) -> None:
    """Make SQLite's table anew with the rows it had: there, rules of a table cannot be changed."""
    op.execute(f"CREATE TEMPORARY TABLE kept AS {rows}")
    op.drop_table("approval")
    columns: list[sa.schema.SchemaItem] = [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
    ]
    if with_turn:
        columns += [
            sa.Column("turn", sa.Integer(), nullable=False),
            sa.CheckConstraint("turn > 0", name=op.f("ck_approval_turn")),
        ]
    op.create_table(
        "approval",
        *columns,
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_approval_card_id_card")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_approval_person_id_person")),
        sa.ForeignKeyConstraint(["role"], ["role.key"], name=op.f("fk_approval_role_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        *(sa.UniqueConstraint(*each, name=_name(each)) for each in unique),
    )
    names = ", ".join((*_KEPT, "turn") if with_turn else _KEPT)
    op.execute(f"INSERT INTO approval ({names}) SELECT {names} FROM kept")  # noqa: S608 - names of our own columns
    op.execute("DROP TABLE kept")
    _appended_only("approval")


def _create_ticks() -> None:
    op.create_table(
        "tick",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_tick_card_id_card")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_tick_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tick")),
        sa.UniqueConstraint(
            "card_id", "round", "content_hash", "item", name=op.f("uq_tick_card_id_round_content_hash_item")
        ),
    )
    _appended_only("tick")


def _create_comments() -> None:
    op.create_table(
        "comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.Integer(), nullable=False),
        sa.Column("reply_to", sa.Integer(), nullable=True),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("text", sa.String(length=4000), nullable=False),
        sa.Column("at", store.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(text) > 0 AND length(text) <= 4000", name=op.f("ck_comment_text")),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_comment_card_id_card")),
        sa.ForeignKeyConstraint(["reply_to"], ["comment.id"], name=op.f("fk_comment_reply_to_comment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
    )
    op.create_index(op.f("ix_comment_card_id"), "comment", ["card_id"])
    _appended_only("comment")


def _appended_only(table: str) -> None:
    if _on_postgresql():
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
