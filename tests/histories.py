"""Histories that many tests begin with: each is told once for a test process, and every test is given a copy of it."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import pytest

from experiments.do.assignments import Floor
from experiments.store import Store
from tests.builders import a_centre, floor_of

Copy = Callable[[str], AbstractContextManager[tuple[str, str]]]
"""Lends a copy of the database of a name: its address, and the name by which it can be copied in turn."""
Telling = Callable[..., Any]
"""Lets something happen on a floor, as it is told; what it gives back is kept beside the database."""


class Histories:
    """What has been told on one kind of database.

    Args:
        empty: Name of a migrated database without a row.
        copy: How a database is copied.
        lasting: Closes what is kept here when the test process ends.
    """

    def __init__(self, empty: str, copy: Copy, lasting: ExitStack) -> None:
        self._empty, self._copy, self._lasting = empty, copy, lasting
        self._kept: dict[tuple[Hashable, ...], tuple[str, Any]] = {}

    @contextmanager
    def after(self, telling: Telling, **how: Hashable) -> Iterator[tuple[Floor, Any]]:
        """Lend a floor on which this has happened, and what the telling gave back."""
        name, given = self._told(telling, how)
        with self._copy(name) as (url, _name):
            store = Store(url)
            yield floor_of(store), given
            store.dispose()

    def _told(self, telling: Telling, how: Mapping[str, Hashable]) -> tuple[str, Any]:
        key = (telling, *sorted(how.items()))
        if key not in self._kept:
            before = self._empty if telling is a_centre else self._told(a_centre, {})[0]
            url, name = self._lasting.enter_context(self._copy(before))
            store = Store(url)
            given = telling(floor_of(store), **how)
            store.dispose()  # a database that somebody is connected to cannot be copied
            self._kept[key] = name, given
        return self._kept[key]


class History:
    """Lends one test its floors, and closes them after it."""

    def __init__(self, histories: Histories, until: ExitStack) -> None:
        self._histories, self._until = histories, until

    def floor(self) -> Floor:
        """Open a centre where nothing has happened yet."""
        return self.after(a_centre)[0]

    def after(self, telling: Telling, **how: Hashable) -> tuple[Floor, Any]:
        """Open a centre where this has happened, and give what the telling gave back, mostly a key."""
        return self._until.enter_context(self._histories.after(telling, **how))


def after(telling: Telling, **how: Hashable) -> pytest.MarkDecorator:
    """Mark tests, before which this has happened on the `floor`."""
    return pytest.mark.after.with_args(telling, **how)


def before(request: pytest.FixtureRequest, history: History) -> Floor:
    """Open a centre as a test was marked, else one where nothing has happened yet."""
    mark = request.node.get_closest_marker("after")
    return history.after(*mark.args, **mark.kwargs)[0] if mark else history.floor()
