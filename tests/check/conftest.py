"""A floor with two tests, by call and by customer, opened anew as often as a test asks."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from experiments.do.assignments import Floor
from experiments.plan.rules import ArmPlan
from experiments.store import Store
from tests.builders import NEW_BENEFIT, a_floor, a_running_experiment, standard_value
from tests.postgres import Databases

BY_CUSTOMER = "policy_enquiry"
"""The scenario with the test by customer; that by call is in the builders'."""

Fresh: TypeAlias = Callable[[], AbstractContextManager[Floor]]


def a_floor_with_two_tests(store: Store) -> Floor:
    floor = a_floor(store)
    a_running_experiment(floor)
    control = ArmPlan("control", 5000, standard_value(floor, "benefit", BY_CUSTOMER))
    arms = (control, ArmPlan("quicker", 5000, NEW_BENEFIT))
    a_running_experiment(floor, key="by_customer", scenario=BY_CUSTOMER, unit="customer", arms=arms)
    return floor


def opened(url: str, pattern: Floor) -> Iterator[Floor]:
    store = Store(url)
    yield replace(pattern, store=store)
    store.dispose()


@pytest.fixture(scope="module")
def fresh_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """Make a way to open the floor with its two tests anew, on SQLite."""
    folder = tmp_path_factory.mktemp("recount")
    kept = shutil.copy(sqlite_template, folder / "kept.db")
    pattern = a_floor_with_two_tests(Store(f"sqlite:///{kept}"))
    pattern.store.dispose()

    @contextmanager
    def fresh() -> Iterator[Floor]:
        yield from opened(f"sqlite:///{shutil.copy(kept, folder / 'store.db')}", pattern)

    return fresh


@pytest.fixture(scope="module")
def fresh_postgresql(databases: Databases, postgresql_template: str) -> Iterator[Fresh]:
    """Make a way to open the floor with its two tests anew, on PostgreSQL."""
    with databases.new(postgresql_template) as kept:
        pattern = a_floor_with_two_tests(Store(kept.render_as_string(hide_password=False)))
        pattern.store.dispose()

        @contextmanager
        def fresh() -> Iterator[Floor]:
            with databases.new(str(kept.database)) as address:
                yield from opened(address.render_as_string(hide_password=False), pattern)

        yield fresh


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest) -> Fresh:
    """Make a way to open the floor anew; the test runs once on each database."""
    on_this_database: Fresh = request.getfixturevalue(f"fresh_{request.param}")
    return on_this_database
