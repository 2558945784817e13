from collections.abc import Iterator

import pytest

from tests.notices.receiving import Receiver, a_receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as listening:
        yield listening
