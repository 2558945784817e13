"""What counting asks that the two databases say differently: sets of kinds, moments later, and one group a row.

Which kinds of fact were told of a call is gathered in one pass as a set of small numbers, since a column for each kind
would ask every fact as many questions as there are kinds. On PostgreSQL a set is an integer of bits; SQLite has no
aggregate that joins bits, but joins text at a tenth of the cost: there a set is a word whose letters are its members.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Integer, String, TypeDecorator, bindparam, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from experiments.store import UtcDateTime

SCENARIO, DAY = bindparam("scenario", type_=Integer()), bindparam("day", type_=Integer())
"""What every statement that counts is about; left open, so that it is written once."""

MOST_MEMBERS = 31
"""The bits of a PostgreSQL integer but its sign."""

_FIRST_LETTER = ord("A")


class Members(TypeDecorator[int]):
    """A set, and as a literal the set of one number; only its empty form, and what is asked of it below, are known."""

    impl = Integer
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Take letters on SQLite, and bits elsewhere."""
        return dialect.type_descriptor(String() if dialect.name == "sqlite" else Integer())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:
        """Write the set of one number."""
        if value is None:
            return None
        if not 0 <= value < MOST_MEMBERS:
            raise ValueError(f"member == {value!r}, must be 0 to {MOST_MEMBERS - 1}.")
        return chr(_FIRST_LETTER + value) if dialect.name == "sqlite" else 1 << value


def one(number: int) -> ColumnElement[int]:
    """Give the set of one number."""
    return literal(number, Members())


class gathered(FunctionElement[int]):  # noqa: N801 - reads as the SQL function it is
    """Join the sets of a group's rows; NULL adds nothing, and no row makes the empty set."""

    type = Members()
    inherit_cache = True


@compiles(gathered, "sqlite")
def _gathered_on_sqlite(element: Any, compiler: Any, **kwargs: Any) -> str:
    return f"COALESCE(GROUP_CONCAT({compiler.process(element.clauses, **kwargs)}, ''), '')"


@compiles(gathered, "postgresql")
def _gathered_on_postgresql(element: Any, compiler: Any, **kwargs: Any) -> str:
    return f"COALESCE(BIT_OR({compiler.process(element.clauses, **kwargs)}), 0)"


class has_any(FunctionElement[int]):  # noqa: N801
    """Give 1 where the first set has a member of one of the others, else 0."""

    type = Integer()
    inherit_cache = True


@compiles(has_any, "sqlite")
def _has_any_on_sqlite(element: Any, compiler: Any, **kwargs: Any) -> str:
    these, *others = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"({' OR '.join(f'INSTR({these}, {other}) > 0' for other in others)})"


@compiles(has_any, "postgresql")
def _has_any_on_postgresql(element: Any, compiler: Any, **kwargs: Any) -> str:
    these, *others = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"CAST(({these} & ({' | '.join(others)})) <> 0 AS INTEGER)"


class later(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function it is
    """A moment column so many whole seconds later, on either database; exact to the microsecond."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(later, "sqlite")
def _later_on_sqlite(element: Any, compiler: Any, **kwargs: Any) -> str:
    moment, seconds = (compiler.process(clause, **kwargs) for clause in element.clauses)
    # SQLite reckons in milliseconds: the part of the second is put back as it was.
    whole = f"STRFTIME('%Y-%m-%d %H:%M:%S', SUBSTR({moment}, 1, 19), {seconds} || ' seconds')"
    return f"{whole} || SUBSTR({moment}, 20)"


@compiles(later, "postgresql")
def _later_on_postgresql(element: Any, compiler: Any, **kwargs: Any) -> str:
    moment, seconds = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"({moment} + MAKE_INTERVAL(secs => {seconds}))"


class row_of(FunctionElement[Any]):  # noqa: N801
    """What to group by for one group a row, told by its primary key.

    SQLite has rows, and in its indexes rows of one label, in the order of a number of its own: by that none is sorted.
    """

    inherit_cache = True


@compiles(row_of, "sqlite")
def _row_on_sqlite(element: Any, compiler: Any, **kwargs: Any) -> str:
    return str(compiler.process(element.clauses, **kwargs)).rpartition(".")[0] + ".rowid"


@compiles(row_of, "postgresql")
def _row_on_postgresql(element: Any, compiler: Any, **kwargs: Any) -> str:
    return str(compiler.process(element.clauses, **kwargs))
