"""A process that delivers until it is killed: `python -m tests.notices.deliverer DATABASE PORT SECONDS_AHEAD`."""

import sys
import time

from experiments.notices import delivering
from experiments.store import Store
from tests.notices.receiving import Wall, a_post, a_webhook


def main(url: str, port: str, ahead: str) -> None:
    """Deliver over and over, by a clock that is ahead."""
    clock = Wall()
    clock.pass_(seconds=float(ahead))
    store, post = Store(url), a_post(a_webhook(int(port)), clock=clock)
    while True:
        delivering.deliver(store, post, now=clock())
        time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
