"""What every window shares: the settings, the floor that answers calls, the snapshot, and the clock.

The clock is the only one in the product; everything below is handed the moment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from flask import current_app

from configs.settings import GateSettings, SeatSettings, Settings
from experiments.board.seats import Gates, Seat
from experiments.calendar import SiteCalendar
from experiments.do.assignments import Floor
from experiments.do.in_force import Copy, Keeping
from experiments.do.intake import Intake
from experiments.do.pseudonyms import Pseudonyms
from experiments.do.snapshot import Snapshot
from experiments.do.spool import Spool
from experiments.do.telling import Teller
from experiments.notices.targets import Post
from experiments.people import Actor
from experiments.store import Store
from web.posting import open_post


def wall_clock() -> datetime:
    """Give this moment, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class House:
    """One process's open house."""

    settings: Settings
    floor: Floor
    keeping: Keeping
    intake: Intake
    post: Post
    gates: Gates
    clock: Callable[[], datetime]

    @property
    def store(self) -> Store:
        """Give the database."""
        return self.floor.store

    @property
    def calendar(self) -> SiteCalendar:
        """Give the site's days."""
        return self.floor.calendar

    def snapshot(self) -> Snapshot:
        """Give what is in force now, at most one second old."""
        return self.keeping.current(self.clock()).snapshot

    def teller(self, source: str) -> Teller:
        """Give what a batch of facts that arrives now is read by."""
        now = self.clock()
        return Teller(source, self.keeping.current(now).scenarios, self.floor.pseudonyms, now)

    def bearer(self, secret: str) -> Actor | None:
        """See who a token speaks for, by what is in force; None when it is not known here."""
        now = self.clock()
        return self.keeping.current(now).bearers.known(secret, now)


def open_house(settings: Settings, clock: Callable[[], datetime] = wall_clock) -> House:
    """Open the database and everything that stands on it."""
    if settings.url.startswith("sqlite:///"):
        settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)  # what is in it is for nobody else
    store = Store(settings.url)
    floor = Floor(
        store,
        SiteCalendar(ZoneInfo(settings.timezone), settings.noon, settings.first_shift),
        Pseudonyms(settings.secret("unit_key").encode()),
        Spool(settings.spool_folder, reserve=settings.spool_reserve, limit=settings.spool_limit),
    )
    gates = gates_of(settings.gates)
    copy = Copy(settings.spool_folder / "in_force", settings.secret("secret_key").encode())
    keeping, intake = Keeping(store, floor.journal, copy), Intake(settings.max_intake)
    return House(settings, floor, keeping, intake, open_post(settings, clock), gates, clock)


def gates_of(settings: GateSettings) -> Gates:
    """Give the board's gates as an installation set them.

    Raises:
        ValueError: a gate asks for a role that approves nothing, or for more approvals than there are people named.
    """
    return Gates(
        plan=_seats(settings.plan),
        check=_seats(settings.check),
        act=_seats(settings.act),
        expires_after=timedelta(days=settings.expires_days),
        most_days=settings.most_days,
        most_wait=settings.most_wait_days,
    )


def _seats(settings: tuple[SeatSettings, ...]) -> tuple[Seat, ...]:
    return tuple(Seat(seat.role, seat.count, seat.named) for seat in settings)


def house() -> House:
    """Give the house of the running application."""
    return cast("House", current_app.extensions["scriptbench"])
