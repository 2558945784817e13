"""What a page takes of the server's time: at the demo's size beside 100 times the calls, in turns.

Every address that one can reach is asked for, charts and files too, by somebody who may do everything. There are two
larger centres, whose rollups are made of the demo's: one in which every agent took 100 times the calls, and one of ten
times the agents and shifts, each with ten times the calls. Half of what is added has the arms changed about, so that
tests stay balanced and are shown whole.
"""

import re
import shutil
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from html import unescape
from io import StringIO
from itertools import groupby, product
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import Integer, Table, delete, func, insert, select
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from configs.settings import Settings
from experiments import people
from experiments.check import kept
from experiments.check.counting import tables
from experiments.plan.designs import Arm
from experiments.store import Base, table_of
from web.application import create_app
from web.cli import furnish
from web.house import House, house

LARGER = {"the same agents": (1, 100), "ten times the agents": (10, 10)}
"""How many times the agents, and how many times the calls of each."""

_SEEDS = (
    "/",
    "/reports?by=agent&per=all",
    "/reports?by=agent&per=day",
    "/reports?by=team&per=month",
    "/reports?by=channel&per=month",
    "/reports?by=scenario&per=day",
    "/studio?scenario=policy_change&template=benefit",
)
_ROOMS = ("pages", "studio", "desk", "reports")
_FOR_SCRIPTS = ("pages.bokeh_js", "desk.worker", "desk.standby")
_ADDRESS = re.compile(r'(?:href|src|data-[a-z-]+)="(/[^"#]*)')
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_MOST_TOLD = 12
_LOGIN, _PASSWORD = "bench", "only for as long as the bench runs"
_ROLLUPS: Sequence[type[Base]] = (
    tables.RollupCall,
    tables.RollupUnit,
    tables.RollupDay,
    tables.RollupAgent,
    tables.RollupTarget,
    tables.RollupSource,
)
_OF_WHOM = ("agent_id", "unit_hash", "unit")


Turned: TypeAlias = Mapping[tuple[int, str], Mapping[str, Any]]
"""For each test's arm, by its key, the key and the version of the arm that it changes places with."""


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds that an address took at the demo's size and in a larger centre, in turns."""

    address: str
    turns: tuple[tuple[float, float], ...]

    @property
    def small(self) -> float:
        """Give the median at the demo's size."""
        return statistics.median(small for small, _ in self.turns)

    @property
    def large(self) -> float:
        """Give the median in the larger centre."""
        return statistics.median(large for _, large in self.turns)

    @property
    def ratio(self) -> float:
        """Give the median of what the larger takes of the smaller, turn by turn."""
        return statistics.median(large / small for small, large in self.turns)


def pages(rounds: int) -> None:
    """Print what pages take, asked for again and asked for when the rollup has just changed."""
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder, "demo")
        with redirect_stdout(StringIO()):  # which requests are logged to
            furnish_at(demo)
        for name, (agents, calls) in LARGER.items():
            larger = Path(folder, name)
            shutil.copytree(demo, larger)
            with redirect_stdout(StringIO()):
                small, large = opened(demo), opened(larger)
                before, after = multiply(large, agents, calls)
                readers = reader(small), reader(large)
                addresses = _reachable(readers[1])
                again = [_took(readers, address, rounds, _nothing) for address in addresses]
                anew = [_took(readers, address, rounds, _forget) for address in addresses]
            print(f"{name}: {len(addresses)} addresses, {before} and {after} calls")
            _say("asked for again", again)
            _say("when the rollup has just changed", anew)


def multiply(app: APIFlask, agents: int, calls: int) -> tuple[int, int]:
    """Make the rollups those of a larger centre; give the calls before and after.

    Args:
        app: whose rollups.
        agents: how many times the agents and shifts.
        calls: how many times the calls of each, an even number.
    """
    here: House = app.extensions["scriptbench"]
    with here.store.write() as session:
        turned = _turned(session)
        before = _calls(session)
        for rollup in _ROLLUPS:
            if rollup is tables.RollupUnit:  # a unit is in one arm
                copies, times = [(copy, bool(copy % 2)) for copy in range(agents)], calls
            else:
                copies, times = [(copy, turns) for copy in range(agents) for turns in (False, True)], calls // 2
            _multiply(session, table_of(rollup), turned, copies, times)
        after = _calls(session)
    kept.keep_all(here.store, today=here.calendar.day(here.clock()), now=here.clock())  # as the schedule does
    return before, after


def _calls(session: Session) -> int:
    return int(session.scalar(select(func.sum(tables.RollupDay.calls))) or 0)


def _turned(session: Session) -> Turned:
    arms = session.scalars(select(Arm).order_by(Arm.experiment_id, Arm.position))
    turned: dict[tuple[int, str], Mapping[str, Any]] = {}
    for experiment, each in groupby(arms, key=lambda arm: arm.experiment_id):
        several = list(each)
        for arm, other in zip(several, several[1:] + several[:1], strict=True):
            turned[experiment, arm.key] = {"arm": other.key, "script_version_id": other.version_id or 0}
    return turned


def _multiply(session: Session, table: Table, turned: Turned, copies: Sequence[tuple[int, bool]], times: int) -> None:
    """Write a rollup anew, of copies of each row, some with the arms changed about; rows of one key are added up."""
    keys = [column.name for column in table.primary_key]
    counts = [c.name for c in table.columns if c.name not in keys and isinstance(c.type, Integer)]
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row, (copy, turns) in product(session.execute(select(table)).mappings().all(), copies):
        new = dict(row) | {name: f"{row[name]}~{copy}" for name in _OF_WHOM if copy and row.get(name)}
        if turns and (other := turned.get((row.get("experiment_id", 0), row.get("arm", "")))):
            new |= {name: value for name, value in other.items() if name in new}
        new |= {name: times * row[name] for name in counts}
        key = tuple(new[name] for name in keys)
        if there := found.get(key):
            new |= {name: new[name] + there[name] for name in counts}
        found[key] = new
    session.execute(delete(table))
    session.execute(insert(table), list(found.values()))


def furnish_at(folder: Path) -> None:
    """Build the demo in a folder, with somebody in it who may do everything."""
    app = opened(folder)
    with app.app_context():
        furnish()
        with house().store.write() as session:
            roles = sorted(people.ROLES)
            people.add_person(
                session,
                _LOGIN,
                "Bench",
                _PASSWORD,
                roles,
                locale="en",
                actor=people.system("bench"),
                now=house().clock(),
            )
        house().store.dispose()


def opened(folder: Path) -> APIFlask:
    """Open the application over a folder."""
    return create_app(Settings(environment="demo", instance=folder))


def reader(app: APIFlask) -> FlaskClient:
    """Sign in whoever may do everything."""
    client = app.test_client()
    token = _TOKEN.search(client.get("/sign-in").text)
    form = {"name": _LOGIN, "password": _PASSWORD, "csrf_token": token[1] if token else ""}
    if client.post("/sign-in", data=form).status_code != 303:
        raise SystemExit("nobody could sign in")
    return client


def _reachable(client: FlaskClient) -> list[str]:
    """Follow every link, one of each kind: the same page with other values in its query is not asked for again."""
    doors = client.application.url_map.bind("localhost")
    seen: dict[object, str] = {}
    waiting = deque(_SEEDS)
    while waiting:
        address = waiting.popleft()
        answer = client.get(address)
        if answer.status_code >= 400:
            raise SystemExit(f"{address} answered {answer.status_code}")
        if answer.mimetype != "text/html":
            continue
        for found in map(unescape, _ADDRESS.findall(answer.text)):
            kind = _kind(doors, found)
            if kind and kind not in seen:
                seen[kind] = found
                waiting.append(found)
    return sorted({*_SEEDS, *seen.values()})


def _kind(doors: MapAdapter, address: str) -> object:
    parts = urlsplit(address)
    try:
        endpoint, given = doors.match(parts.path, method="GET")
    except HTTPException:
        return None
    if endpoint.partition(".")[0] not in _ROOMS or endpoint in _FOR_SCRIPTS:
        return None
    return endpoint, *sorted(given.items()), *sorted(name for name, _ in parse_qsl(parts.query))


def _took(readers: tuple[FlaskClient, FlaskClient], address: str, rounds: int, before: Callable[[], None]) -> Took:
    return Took(
        address, tuple((_ask(readers[0], address, before), _ask(readers[1], address, before)) for _ in range(rounds))
    )


def _ask(client: FlaskClient, address: str, before: Callable[[], None]) -> float:
    before()
    began = time.perf_counter()
    client.get(address)
    return 1000 * (time.perf_counter() - began)


_KEPT = [
    thing
    for name, module in sorted(sys.modules.items())
    if name.startswith("experiments.check")
    for thing in vars(module).values()
    if hasattr(thing, "cache_clear")
]


def _forget() -> None:
    """Forget all that was worked out before, as after a run of the rollup."""
    for each in _KEPT:
        each.cache_clear()


def _nothing() -> None:
    """Leave everything as it is."""


def _say(what: str, took: Sequence[Took]) -> None:
    """Print the whole, and the pages that grow the most."""
    ratio, small, large = (statistics.median(getattr(each, of) for each in took) for of in ("ratio", "small", "large"))
    slowest = max(took, key=lambda each: each.large)
    print(f"  {what}: {small:.0f} and {large:.0f} ms, ratio {ratio:.2f} (medians)")
    print(f"    the slowest {max(each.small for each in took):.0f} and {slowest.large:.0f} ms ({slowest.address})")
    for each in sorted(took, key=lambda each: -each.ratio)[:_MOST_TOLD]:
        print(f"    {each.ratio:5.2f} {each.small:6.1f} {each.large:6.1f}  {each.address}")
