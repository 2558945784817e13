"""Commands: a mistake at the terminal is told in a line, never as a traceback."""

from pathlib import Path

from apiflask import APIFlask


def test_a_mapping_that_is_no_toml_is_told_in_a_line(app: APIFlask, tmp_path: Path) -> None:
    calls, mapping = tmp_path / "calls.csv", tmp_path / "mapping.toml"
    calls.write_text("id\n1\n")
    mapping.write_text("# fine\nnot toml")
    done = app.test_cli_runner().invoke(args=["import-calls", str(calls), "--mapping", str(mapping)])
    assert (done.exit_code, "mapping.toml is no TOML document" in done.output) == (1, True)
