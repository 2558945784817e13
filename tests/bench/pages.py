"""What a page takes of the server's time: at the demo's size beside 100 times the calls, in turns.

Every address that one can reach is asked for, charts and files too, by somebody who may do everything. The larger
centre is the demo's with rollups of ten times the rows (agents, teams and shifts), each of ten times the calls. Of
every second copy the arms have changed places, so that tests stay balanced and are shown whole.
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
from itertools import groupby, product
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import Integer, Table, delete, func, insert, select
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from configs.settings import Settings
from experiments import people
from experiments.check.counting import tables
from experiments.plan.designs import Arm
from experiments.store import Base, table_of
from web.application import create_app
from web.cli import furnish
from web.house import house

COPIES = 10
"""Of every row, and so many times the calls in each."""

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
_LOGIN, _PASSWORD = "bench", "only for as long as the bench runs"
_ROLLUPS: Sequence[type[Base]] = (
    tables.RollupCall,
    tables.RollupUnit,
    tables.RollupDay,
    tables.RollupAgent,
    tables.RollupTarget,
    tables.RollupSource,
)
_OF_WHOM = ("agent_id", "team", "unit_hash", "unit")


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds that an address took at the demo's size and at the larger one, in turns."""

    address: str
    turns: tuple[tuple[float, float], ...]

    @property
    def small(self) -> float:
        """Give the median at the demo's size."""
        return statistics.median(small for small, _ in self.turns)

    @property
    def large(self) -> float:
        """Give the median at 100 times the calls."""
        return statistics.median(large for _, large in self.turns)

    @property
    def ratio(self) -> float:
        """Give the median of what the larger takes of the smaller, turn by turn."""
        return statistics.median(large / small for small, large in self.turns)


def pages(rounds: int) -> None:
    """Print what every kind of page takes, asked for again and asked for when the rollup has just changed."""
    with tempfile.TemporaryDirectory() as folder:
        demo, hundredfold = Path(folder, "demo"), Path(folder, "hundredfold")
        with redirect_stdout(StringIO()):
            _furnish(demo)
            shutil.copytree(demo, hundredfold)
            small, large = _opened(demo), _opened(hundredfold)
            calls = multiply(large)
            readers = _reader(small), _reader(large)
            addresses = _reachable(readers[1])
            again = [_took(readers, address, rounds, lambda: None) for address in addresses]
            anew = [_took(readers, address, rounds, _forget) for address in addresses]
        print(f"{len(addresses)} addresses; {calls[0]} calls, and {calls[1]}")
        _say("asked for again", again)
        _say("when the rollup has just changed", anew)


def multiply(app: APIFlask) -> tuple[int, int]:
    """Make the rollups those of a centre of 100 times the calls; give the calls before and after."""
    store = app.extensions["scriptbench"].store
    with store.write() as session:
        turned = _turned(session)
        before = _calls(session)
        for rollup in _ROLLUPS:
            _multiply(session, table_of(rollup), turned)
        return before, _calls(session)


def _calls(session: Session) -> int:
    return int(session.scalar(select(func.sum(tables.RollupDay.calls))) or 0)


def _turned(session: Session) -> Mapping[tuple[int, str], tuple[str, int]]:
    """Give, for each test's arm, the key and the version of the arm that it changes places with."""
    arms = session.scalars(select(Arm).order_by(Arm.experiment_id, Arm.position))
    turned = {}
    for experiment, each in groupby(arms, key=lambda arm: arm.experiment_id):
        several = list(each)
        for arm, other in zip(several, several[1:] + several[:1], strict=True):
            turned[experiment, arm.key] = other.key, other.version_id or 0
    return turned


def _multiply(session: Session, table: Table, turned: Mapping[tuple[int, str], tuple[str, int]]) -> None:
    """Write a rollup anew: rows that the copies share the key of are added up."""
    keys = [column.name for column in table.primary_key]
    counts = [c.name for c in table.columns if c.name not in keys and isinstance(c.type, Integer)]
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for (copy, row) in product(range(COPIES), session.execute(select(table)).mappings().all()):
        new = dict(row) | {name: f"{row[name]}~{copy}" for name in _OF_WHOM if copy and row.get(name)}
        if copy % 2 and (other := turned.get((row.get("experiment_id", 0), row.get("arm", "")))):
            new["arm"] = other[0]
            if "script_version_id" in new:
                new["script_version_id"] = other[1]
        new |= {name: COPIES * row[name] for name in counts}
        key = tuple(new[name] for name in keys)
        if there := found.get(key):
            new |= {name: new[name] + there[name] for name in counts}
        found[key] = new
    session.execute(delete(table))
    session.execute(insert(table), list(found.values()))


def _furnish(folder: Path) -> None:
    app = _opened(folder)
    with app.app_context():
        furnish()
        with house().store.write() as session:
            roles = sorted(people.ROLES)
            people.add_person(
                session, _LOGIN, "Bench", _PASSWORD, roles, locale="en", actor=people.system("bench"), now=house().clock()
            )
        house().store.dispose()


def _opened(folder: Path) -> APIFlask:
    return create_app(Settings(environment="demo", instance=folder))


def _reader(app: APIFlask) -> FlaskClient:
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
    return Took(address, tuple((_ask(readers[0], address, before), _ask(readers[1], address, before)) for _ in range(rounds)))


def _ask(client: FlaskClient, address: str, before: Callable[[], None]) -> float:
    before()
    began = time.perf_counter()
    client.get(address)
    return 1000 * (time.perf_counter() - began)


_KEPT = [
    thing
    for name, module in sorted(sys.modules.items())
    if name.startswith(("experiments.check", "experiments.act", "experiments.plan", "stats"))
    for thing in vars(module).values()
    if hasattr(thing, "cache_clear")
]


def _forget() -> None:
    """Forget all that was worked out before, as after a run of the rollup."""
    for each in _KEPT:
        each.cache_clear()


def _say(what: str, took: Sequence[Took]) -> None:
    print(f"\n{what}: median ratio {statistics.median(page.ratio for page in took):.2f}; "
          f"slowest {max(page.small for page in took):.0f} ms, {max(page.large for page in took):.0f} ms of 100 times the calls")
    for page in sorted(took, key=lambda page: -page.ratio):
        print(f"{page.ratio:6.2f} {page.small:7.1f} {page.large:7.1f}  {page.address}")
