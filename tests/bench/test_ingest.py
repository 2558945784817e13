"""A very short form, so that the bench cannot rot; no time is asserted."""

from pathlib import Path

import pytest

from tests.bench import ingest
from tests.postgres import Databases


def test_every_figure_is_printed(
    tmp_path: Path, databases: Databases, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "BATCH", 1_000)
    ingest.compare("SQLite", f"sqlite:///{tmp_path / 'bench.db'}", tmp_path, rounds=1, large=0)
    with databases.new() as address:
        ingest.compare("PostgreSQL", address.render_as_string(hide_password=False), tmp_path, rounds=1, large=100_000)
    told = capsys.readouterr().out
    assert told.count("÷ rows loaded as they are") == 3
    assert "with random ones" in told
