"""The board's filters: what the address asks for, which cards pass, and what can be asked for."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

from flask import url_for
from flask_babel import gettext as _

from web.pages import words
from web.pages.tiles import Tile

KINDS = ("script", "scenario", "standard")


@dataclass(frozen=True, slots=True)
class Sieve:
    """What is asked for; empty asks for everything."""

    me: str = ""
    alarm: str = ""
    scenario: str = ""
    kind: str = ""
    owner: str = ""
    role: str = ""
    q: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "Sieve":
        """Read an address's query; what it does not know is left out."""
        return cls(**{name: asked.get(name, "").strip() for name in cls.__dataclass_fields__})

    @property
    def given(self) -> dict[str, str]:
        """Give what is asked for, as an address says it."""
        return {name: value for name, value in asdict(self).items() if value}

    def passes(self, tile: Tile) -> bool:
        """Say whether a card is one of those asked for."""
        return (
            (not self.me or tile.for_me)
            and (not self.alarm or tile.alarm)
            and self.scenario in ("", tile.scenario_key)
            and self.kind in ("", tile.kind)
            and self.owner in ("", tile.owner_login)
            and (not self.role or self.role in tile.roles)
            and all(word in tile.search for word in self.q.casefold().split())
        )


def address(sieve: Sieve) -> str:
    """Give the address of the board as this filter leaves it."""
    asked = urlencode(sieve.given)
    return f"{url_for('pages.board')}?{asked}" if asked else url_for("pages.board")


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter, with the number of cards on the whole board that have it."""

    value: str
    text: str
    count: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be asked for."""

    me: int
    alarm: int
    scenarios: list[Choice]
    kinds: list[Choice]
    owners: list[Choice]
    roles: list[Choice]


def choices(tiles: Sequence[Tile]) -> Choices:
    """Offer what the cards on the board have, the commonest first; a role has those cards that wait for it."""
    scenarios = {tile.scenario_key: tile.scenario for tile in tiles}
    owners = {tile.owner_login: tile.owner for tile in tiles}
    return Choices(
        me=sum(tile.for_me for tile in tiles),
        alarm=sum(tile.alarm for tile in tiles),
        scenarios=_counted((tile.scenario_key for tile in tiles), scenarios),
        kinds=_counted((tile.kind for tile in tiles), {kind: words.kind(kind) for kind in KINDS}),
        owners=_counted((tile.owner_login for tile in tiles), owners),
        roles=_roles(tiles),
    )


def _roles(tiles: Iterable[Tile]) -> list[Choice]:
    awaited = [role for tile in tiles for role in tile.roles]
    return _counted(awaited, {role: words.role(role) for role in set(awaited)})


def _counted(values: Iterable[str], names: Mapping[str, str]) -> list[Choice]:
    counts = Counter(values)
    found = [Choice(value, names[value], count) for value, count in counts.items()]
    return sorted(found, key=lambda choice: (-choice.count, choice.text))


def nothing(sieve: Sieve) -> tuple[str, str]:
    """Say why no card passed, and what to do: a headline and a sentence."""
    if sieve.given == {"me": sieve.me} and sieve.me:
        return _("Nothing waits for you"), _("Whatever needs you comes here, and at home. See what waits for others.")
    if sieve.given == {"alarm": sieve.alarm} and sieve.alarm:
        return _("No alarm"), _("No data are doubtful, nobody is harmed, and every standard does what it did.")
    return _("No card is like that"), _("Take one of the filters back, or clear them all.")
