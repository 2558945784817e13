"""A floor with two tests, by call and by customer, opened anew as often as a test asks."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

import pytest

from experiments.do.assignments import Floor
from experiments.plan.rules import ArmPlan
from tests.builders import NEW_BENEFIT, a_running_experiment, standard_value
from tests.histories import Histories

BY_CUSTOMER = "policy_enquiry"
"""The scenario with the test by customer; that by call is in the builders'."""

Fresh: TypeAlias = Callable[[], AbstractContextManager[Floor]]


def two_tests(floor: Floor) -> None:
    a_running_experiment(floor)
    control = ArmPlan("control", 5000, standard_value(floor, "benefit", BY_CUSTOMER))
    arms = (control, ArmPlan("quicker", 5000, NEW_BENEFIT))
    a_running_experiment(floor, key="by_customer", scenario=BY_CUSTOMER, unit="customer", arms=arms)


@pytest.fixture(scope="module")
def fresh_sqlite(sqlite_histories: Histories) -> Fresh:
    """Make a way to open the floor with its two tests anew, on SQLite."""
    return _fresh(sqlite_histories)


@pytest.fixture(scope="module")
def fresh_postgresql(postgresql_histories: Histories) -> Fresh:
    """Make a way to open the floor with its two tests anew, on PostgreSQL."""
    return _fresh(postgresql_histories)


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest) -> Fresh:
    """Make a way to open the floor anew; the test runs once on each database."""
    on_this_database: Fresh = request.getfixturevalue(f"fresh_{request.param}")
    return on_this_database


def _fresh(histories: Histories) -> Fresh:
    @contextmanager
    def fresh() -> Iterator[Floor]:
        with histories.after(two_tests) as (floor, _):
            yield floor

    return fresh
