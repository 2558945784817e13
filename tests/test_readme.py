"""The documentation runs: what the README says to type is typed here, against a house that was just set up."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from configs.settings import Settings
from experiments import jobs
from tests import debian
from web.application import create_app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")


def blocks(text: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Run `up` as `make run` does, in a folder of its own on a free port; give what its visitors need to know."""
    instance = tmp_path_factory.mktemp("instance")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    told = {"SCRIPTBENCH_INSTANCE": str(instance), "PORT": port}
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"} | told
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "up"]
    with (instance / "log").open("wb") as log:
        running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        _wait_until_ready(running, int(port), instance / "log")
        yield environment
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=30) == 0


def _wait_until_ready(running: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and running.poll() is None:
        with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            try:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                time.sleep(0.5)
    pytest.fail(f"the house did not open:\n{log.read_text(encoding='utf-8')[-3000:]}")


def run(command: list[str], house: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=house, capture_output=True, text=True, timeout=120, check=False)


def typed(block: str, house: dict[str, str]) -> str:
    """Type a block of the README into a shell, at this house's port and folder, with this test's Python."""
    script = block.replace("127.0.0.1:8000", f"127.0.0.1:{house['PORT']}")
    script = script.replace("instance/demo_token", f"{house['SCRIPTBENCH_INSTANCE']}/demo_token")
    script = script.replace(".venv/bin/flask", f"{sys.executable} -m flask")
    script = script.replace("curl -s ", "curl -sS --fail-with-body ")
    done = run(["bash", "-euo", "pipefail", "-c", script], house)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def funnel(results: str) -> dict[str, int]:
    """Read off a results answer how many calls of all arms came how far."""
    arms = json.loads(results)["watch"]["totals"].values()
    return {fact: sum(arm[fact] for arm in arms) for fact in ("calls", "invited", "accepted")}


def test_a_call_typed_by_hand_appears_in_the_funnel(house: dict[str, str]) -> None:
    if shutil.which("curl") is None:
        debian.install("curl")
    (block,) = (b for b in blocks(README) if "/assignments" in b)
    (reading,) = (line for line in block.splitlines() if "/results" in line)
    variables = "\n".join(line for line in block.splitlines() if re.match("[A-Z]+=", line))
    before = funnel(typed(f"{variables}\n{reading}", house))
    told = typed(block, house)
    assert ('"reason":"split"' in told, '"accepted":3' in told) == (True, True)
    after = funnel(told.splitlines()[-1])
    assert {fact: after[fact] - before[fact] for fact in before} == {"calls": 1, "invited": 1, "accepted": 1}


def test_both_readmes_type_the_same(house: dict[str, str]) -> None:
    commands = [re.sub(r"^#.*$|\s+#.*$", "", b, flags=re.MULTILINE) for b in blocks(README)]
    assert commands == [re.sub(r"^#.*$|\s+#.*$", "", b, flags=re.MULTILINE) for b in blocks(CHINESE)]


def test_the_audit_log_of_the_demo_holds(house: dict[str, str]) -> None:
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "verify-audit"]
    assert "entries hold" in run(command, house).stdout


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_is_documented(field: str) -> None:
    names = {"database_url": "DATABASE_URL", "port": "PORT"}
    assert f"`{names.get(field, 'SCRIPTBENCH_' + field.upper())}`" in README


@pytest.mark.parametrize("job", [job.name for job in jobs.JOBS])
def test_every_job_is_documented(job: str) -> None:
    assert f"| `{job}` |" in README


def test_every_command_is_documented(tmp_path: Path) -> None:
    app = create_app(Settings(instance=tmp_path))
    own = {name for name, command in app.cli.commands.items() if (command.callback or print).__module__ == "web.cli"}
    assert {name for name in own if f"`{name}" not in README} == set()


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)", README)) <= targets
