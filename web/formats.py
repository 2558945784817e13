"""How numbers, and the difference between two texts, become words on a page.

Unknown is a dash, never a polite 0. A share that is not zero is never shown as "0.0%".
"""

import math
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from importlib.metadata import version
from typing import Literal

from flask import Flask

UNKNOWN = "—"
MINUS = "−"
# One Chinese character is a word for comparing; Latin letters and digits hold together.
WORD = re.compile(r"[A-Za-z0-9']+|\s+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that both versions share, or that only one of them has."""

    kind: Literal["same", "removed", "added"]
    text: str


def unknown(value: float | None) -> bool:
    """Say whether a number is missing (`None` or NaN)."""
    return value is None or math.isnan(value)


def percent(share: float | None, digits: int = 1) -> str:
    """Write a share in [0, 1] as a percentage, e.g. 0.4133 as "41.3%"."""
    if share is None or unknown(share):
        return UNKNOWN
    if share in (0, 1):
        return f"{share:.0%}"
    step = 10.0**-digits
    if 0 < share * 100 < step / 2:
        return f"<{step:.{digits}f}%"
    if 100 - step / 2 <= share * 100 < 100:
        return f">{100 - step:.{digits}f}%"
    return f"{share * 100:.{digits}f}%"


def signed(points: float | None, digits: int = 1) -> str:
    """Write a difference with its sign, e.g. 2.34 as "+2.3"; the unit is the caller's."""
    if points is None or unknown(points):
        return UNKNOWN
    rounded = round(points, digits)
    sign = "+" if rounded > 0 else MINUS if rounded < 0 else ""
    return f"{sign}{abs(rounded):.{digits}f}"


def whole(count: float | None) -> str:
    """Write a count with thousands separators, e.g. 12345 as "12,345"."""
    if count is None or unknown(count):
        return UNKNOWN
    return f"{count:,.0f}".replace("-", MINUS)


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """Split two texts into what they share and what differs, word by word (Chinese: character by character)."""
    old, new = WORD.findall(before), WORD.findall(after)
    found: list[Piece] = []
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Piece("same", "".join(old[old_from:old_to])))
            continue
        if old_to > old_from:
            found.append(Piece("removed", "".join(old[old_from:old_to])))
        if new_to > new_from:
            found.append(Piece("added", "".join(new[new_from:new_to])))
    return _without_crumbs(found)


def _without_crumbs(found: list[Piece]) -> tuple[Piece, ...]:
    """Fold one or two shared characters between two changes into the changes: confetti cannot be read."""
    runs: list[list[str]] = []
    for index, piece in enumerate(found):
        inside = 0 < index < len(found) - 1
        if piece.kind == "same" and not (inside and len(piece.text.strip()) <= 2):
            runs.append([piece.text])
            continue
        if not runs or len(runs[-1]) == 1:
            runs.append(["", ""])
        removed, added = runs[-1]
        runs[-1] = [
            removed + (piece.text if piece.kind != "added" else ""),
            added + (piece.text if piece.kind != "removed" else ""),
        ]
    return tuple(piece for run in runs for piece in _run(run))


def _run(run: list[str]) -> tuple[Piece, ...]:
    if len(run) == 1:
        return (Piece("same", run[0]),)
    removed, added = run
    both = (Piece("removed", removed), Piece("added", added))
    return tuple(piece for piece in both if piece.text)


def install(app: Flask) -> None:
    """Give templates these functions as filters, and the versions they show and link to."""
    filters = {"percent": percent, "signed": signed, "whole": whole, "pieces": pieces}
    app.jinja_env.filters.update(filters)
    app.jinja_env.globals.update(bokeh_version=version("bokeh"))
