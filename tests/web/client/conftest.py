"""Our own server for desks, on both databases; what goes before is named by the module's mark."""

import pytest
from apiflask import APIFlask


@pytest.fixture
def app(app_on_both: APIFlask) -> APIFlask:
    return app_on_both
