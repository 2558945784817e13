"""Ids of rows: ordered by time, and never the same, whoever seeds what and forks when."""

import random
import subprocess
import sys
from datetime import UTC, datetime

from configs.settings import ROOT
from experiments.store import new_id, new_ids

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)


def test_they_are_uuids_of_version_7_in_the_order_of_their_moments() -> None:
    early, late = new_id(NOW), new_id(NOW.replace(hour=11))
    assert (early.version, early.variant) == (7, "specified in RFC 4122")
    assert early < late


def test_somebody_who_seeds_the_common_generator_makes_none_come_twice() -> None:
    made = set()
    for _ in range(50):
        random.seed(0)
        made.add(new_id(NOW))
    assert len(made) == 50


FORKS = """
import os
from datetime import UTC, datetime
from experiments.store import new_id

child = os.fork()
if child:
    os.waitpid(child, 0)
print(new_id(datetime(2026, 11, 26, tzinfo=UTC)), flush=True)
"""


def test_a_forked_process_makes_others() -> None:
    done = subprocess.run([sys.executable, "-c", FORKS], cwd=ROOT, check=True, capture_output=True, text=True)
    assert len(set(done.stdout.split())) == 2


def test_those_of_one_batch_are_in_order() -> None:
    made = new_ids(NOW, 1000)
    assert made == sorted(set(made))
