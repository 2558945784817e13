from sqlalchemy import inspect

from experiments.store import Store
from migrations import run


def test_the_tables_in_code_are_those_of_the_migrations(blank_url: str) -> None:
    run.upgrade(blank_url)
    run.check(blank_url)


def test_going_down_to_the_ground_leaves_no_table(blank_url: str) -> None:
    run.upgrade(blank_url)
    run.downgrade(blank_url, "base")
    store = Store(blank_url)
    left = inspect(store.engine).get_table_names()
    store.dispose()
    assert left in ([], ["alembic_version"])
