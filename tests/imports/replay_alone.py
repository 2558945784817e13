"""A replay in a process of its own, for the test that kills it: python -m tests.imports.replay_alone URL FILE."""

import sys
from pathlib import Path

from experiments.store import Store
from tests.imports import logs
from tests.imports.rehearsal import CARD, open_centre

if __name__ == "__main__":
    url, file = sys.argv[1:]
    open_centre(Store(url), hire=False).bring(Path(file), logs.mapping_named("bank_marketing"), replay=CARD)
