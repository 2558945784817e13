"""Ids of rows: ordered by time, and never the same, whoever seeds what and forks when."""

import os
import random
from datetime import UTC, datetime

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


def test_a_forked_process_makes_others() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, new_id(NOW).bytes)
        os._exit(0)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as told:
        os.close(writing)
        assert told.read(16) != new_id(NOW).bytes


def test_those_of_one_batch_are_in_order() -> None:
    made = new_ids(NOW, 1000)
    assert made == sorted(set(made))
