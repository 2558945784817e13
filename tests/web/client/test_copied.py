"""The client is copied as a folder, under another name, to where there is nothing but Python."""

import shutil
import subprocess
import sys
from pathlib import Path

from configs.settings import ROOT
from tests.web.client.bad_server import answer, serving

WORKS = """
import sys
sys.path.insert(0, sys.argv[2])
from till.desk import Desk
with Desk(sys.argv[1], "a token") as desk:
    desk.report("resolved", call_id="1", id="one")
    assert desk.flush()
"""


def test_a_copy_works_without_this_project_and_without_any_package(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "web" / "client", tmp_path / "till")
    with serving([], answer(200, {"accepted": 1, "duplicates": 0, "rejected": []})) as heard:
        # -I and -S: neither this folder nor any installed package can be imported
        command = [sys.executable, "-I", "-S", "-c", WORKS, heard.address, str(tmp_path)]
        done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    assert heard.bodies == [{"outcomes": [heard.bodies[0]["outcomes"][0]]}]
