import hashlib

from sqlalchemy import inspect, text

from experiments.plan.designs import experiment_named
from experiments.store import Base, Store
from migrations import run
from tests.builders import a_floor, a_running_experiment, a_week_of_calls, rolled_up


def checksums(store: Store) -> dict[str, str]:
    """Hash every table's rows, whatever order they come in."""
    with store.read() as session:
        rows = {
            name: sorted(map(repr, session.execute(text(f"SELECT * FROM {name}")))) for name in Base.metadata.tables
        }
    return {name: hashlib.sha256("\n".join(found).encode()).hexdigest() for name, found in rows.items()}


def test_the_tables_in_code_are_those_of_the_migrations(blank_url: str) -> None:
    run.upgrade(blank_url)
    run.check(blank_url)


def test_up_and_down_and_up_again_loses_no_row_and_the_rollups_are_built_again(blank_url: str) -> None:
    run.upgrade(blank_url)
    store = Store(blank_url)
    floor = a_floor(store)
    a_running_experiment(floor)
    a_week_of_calls(floor, 5, lambda _, i: i % 2 == 0, days=2)
    before = checksums(store)
    store.dispose()
    run.downgrade(blank_url, "0001")
    run.upgrade(blank_url)
    rolled_up(floor)
    after = checksums(store)
    # what a plan says of its methods, which round was decided on, and what was ticked is younger than the first schema
    assert {name for name in before if after[name] != before[name]} <= {"experiment", "decision", "tick"}
    store.dispose()


def test_a_test_from_before_keeps_the_methods_it_was_approved_with(blank_url: str) -> None:
    run.upgrade(blank_url)
    store = Store(blank_url)
    key = a_running_experiment(a_floor(store))
    run.downgrade(blank_url, "0002")
    run.upgrade(blank_url)
    with store.read() as session:
        experiment = experiment_named(session, key)
        methods = experiment.spending, experiment.family, experiment.weighting, experiment.adjust, experiment.moderators
    assert methods == ("obrien-fleming", "bonferroni", "call", False, [])
    store.dispose()


def test_going_down_to_the_ground_leaves_no_table_and_coming_up_makes_them_all(blank_url: str) -> None:
    store = Store(blank_url)
    run.upgrade(blank_url)
    a_running_experiment(a_floor(store))
    store.dispose()
    run.downgrade(blank_url, "base")
    left = inspect(store.engine).get_table_names()
    store.dispose()
    run.upgrade(blank_url)
    run.check(blank_url)
    assert left in ([], ["alembic_version"])
