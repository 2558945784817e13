"""Choosing is arithmetic: seed + unit → hash → bucket → arm, with no lookup and no random state.

The hash is GrowthBook's public one: FNV-1a 32 (http://www.isthe.com/chongo/tech/comp/fnv/) over UTF-16 code units,
taken twice, seed first (https://docs.growthbook.io/lib/build-your-own). Buckets, weights, coverage and ranges are
integers out of 10,000; a range is half-open, ``(left, right)`` holding ``left <= bucket < right``.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from fnv_hash_fast import fnv1a_32
from numpy.typing import NDArray

BUCKETS = 10_000
"""Buckets in a layer: one bucket is 0.01 % of the units."""

Range = tuple[int, int]
"""Half-open range of buckets, ``0 <= left <= right <= BUCKETS``."""

_OFFSET = 0x811C9DC5
_PRIME = np.uint32(0x01000193)


def fnv32a(text: str) -> int:
    """FNV-1a 32 of a text, read as JavaScript's ``charCodeAt`` reads it.

    Args:
        text: Any string; a character above U+FFFF counts as its two surrogates, a lone surrogate as itself.

    Returns:
        The hash, 0 … 2³² − 1.
    """
    # Nearly every unit is an ASCII id: each of its code units is one byte, and those are hashed in C.
    return fnv1a_32(text.encode()) if text.isascii() else _fold(_OFFSET, text)


def bucket(seed: str, value: str) -> int:
    """The bucket of a unit under a seed: GrowthBook's hash, version 2.

    Args:
        seed: The salt of the layer or the experiment.
        value: The raw value of the unit.

    Returns:
        An integer, 0 … 9999.
    """
    whole = seed + value
    first = fnv1a_32(whole.encode()) if whole.isascii() else _fold(_seeded(seed), value)
    return fnv1a_32(b"%d" % first) % BUCKETS


def buckets(seeds: Sequence[str], values: Sequence[str]) -> NDArray[np.int64]:
    """The bucket of every unit under every seed, as `bucket` gives it, many at a time.

    Args:
        seeds: Salts.
        values: Raw values of units.

    Returns:
        Integers 0 … 9999, a row for each seed, a column for each unit.
    """
    state = np.repeat(np.array([_seeded(seed) for seed in seeds], dtype=np.uint32)[:, None], len(values), axis=1)
    coded = [tuple(_code_units(value)) for value in values]
    lengths = np.array([len(units) for units in coded])
    for place in range(max(lengths, default=0)):
        live = np.flatnonzero(lengths > place)
        here = np.array([coded[unit][place] for unit in live], dtype=np.uint32)
        state[:, live] = (state[:, live] ^ here) * _PRIME
    return _hashed_as_text(state).astype(np.int64) % BUCKETS


def _hashed_as_text(numbers: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Hash each number as it is written in decimal, its first digit first."""
    hashed = np.full(numbers.shape, _OFFSET, dtype=np.uint32)
    for power in range(9, -1, -1):
        ten = np.uint32(10**power)
        written = (numbers >= ten) | (power == 0)
        digit = numbers // ten % np.uint32(10) + np.uint32(ord("0"))
        hashed = np.where(written, (hashed ^ digit) * _PRIME, hashed)
    return hashed


def hash_unit(seed: str, value: str, version: int) -> float | None:
    """GrowthBook's ``hash``: where a unit falls in [0, 1).

    Args:
        seed: The salt.
        value: The raw value of the unit.
        version: 2 (seed first, hashed twice, steps of 1/10,000) or 1 (legacy: value first, once, steps of 1/1,000).

    Returns:
        The position, or None for a version nobody has published.
    """
    if version == 2:
        return bucket(seed, value) / BUCKETS
    if version == 1:
        return fnv32a(value + seed) % 1000 / 1000
    return None


def arm_ranges(weights: Sequence[int], coverage: int = BUCKETS) -> tuple[Range, ...]:
    """The buckets of each arm.

    Every arm keeps its left edge and grows to the right, so raising coverage adds units and moves nobody.

    Args:
        weights: Share of each arm out of 10,000; they sum to 10,000.
        coverage: Share of the units taken at all, out of 10,000. An arm's width is rounded down to a whole bucket.

    Returns:
        One range for each weight, in order.

    Raises:
        ValueError: A weight or the coverage is not an integer 0 … 10,000, or the weights do not sum to 10,000.
    """
    for position, weight in enumerate(weights):
        _require_share(f"weights[{position}]", weight)
    _require_share("coverage", coverage)
    if sum(weights) != BUCKETS:
        raise ValueError(f"weights must sum to {BUCKETS}, got {sum(weights)} from {tuple(weights)}")
    return tuple(_grown(weights, coverage))


def pick(ranges: Sequence[Range], bucket: int) -> int | None:
    """The index of the first range that holds the bucket, or None: the unit is outside."""
    for index, (left, right) in enumerate(ranges):
        if left <= bucket < right:
            return index
    return None


def edges(owners: Sequence[Iterable[Range]]) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
    """Prepare the question which owner holds a bucket: then it is ``owning[bisect_right(edges, bucket)]``.

    Args:
        owners: The ranges of each owner; where several hold a bucket, the first of them owns it.

    Returns:
        The buckets at which the owner changes, and the index of the owner below the first of them and from each of them
        on, or None.
    """
    held = [tuple(ranges) for ranges in owners]
    changes: list[int] = []
    owning: list[int | None] = [None]
    for edge in sorted({edge for ranges in held for pair in ranges for edge in pair}):
        owner = next((index for index, ranges in enumerate(held) if pick(ranges, edge) is not None), None)
        if owner != owning[-1]:
            changes.append(edge)
            owning.append(owner)
    return tuple(changes), tuple(owning)


def free_ranges(taken: Iterable[Range], width: int) -> tuple[Range, ...]:
    """Room for a new slice: the lowest free buckets of the layer.

    Args:
        taken: The ranges in use, in any order; they may touch and overlap.
        width: How many buckets are wanted, 1 … 10,000.

    Returns:
        Disjoint ranges, lowest first, holding exactly ``width`` buckets, none of them taken.

    Raises:
        ValueError: The width is out of bounds, a range is not one, or the layer has fewer free buckets.
    """
    _require_share("width", width, least=1)
    chosen: list[Range] = []
    missing = width
    for left, right in _gaps(taken):
        part = min(missing, right - left)
        chosen.append((left, left + part))
        missing -= part
        if not missing:
            return tuple(chosen)
    raise ValueError(f"width must be at most the free {width - missing} of {BUCKETS} buckets, got {width}")


def joined(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The same buckets in as few ranges as hold them, lowest first."""
    whole: list[Range] = []
    for left, right in sorted(ranges):
        if whole and left <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], right))
        else:
            whole.append((left, right))
    return tuple(whole)


def width(ranges: Iterable[Range]) -> int:
    """How many buckets the (disjoint) ranges hold together."""
    return sum(right - left for left, right in ranges)


def overlaps(a: Iterable[Range], b: Iterable[Range]) -> bool:
    """Whether some bucket lies in a range of ``a`` and in a range of ``b``."""
    others = tuple(b)
    return any(max(left, start) < min(right, end) for left, right in a for start, end in others)


def _fold(state: int, text: str) -> int:
    for unit in _code_units(text):
        state = (state ^ unit) * 0x01000193 & 0xFFFFFFFF
    return state


def _code_units(text: str) -> Iterable[int]:
    units = text.encode("utf-16-le", "surrogatepass")
    return struct.unpack(f"<{len(units) // 2}H", units)


@lru_cache(maxsize=4096)
def _seeded(seed: str) -> int:
    # FNV reads from left to right and the seed comes first, so its part of the work is the same for every unit.
    return _fold(_OFFSET, seed)


def _grown(weights: Sequence[int], coverage: int) -> Iterator[Range]:
    left = 0
    for weight in weights:
        yield left, left + weight * coverage // BUCKETS
        left += weight


def _gaps(taken: Iterable[Range]) -> Iterator[Range]:
    edge = 0
    for left, right in sorted(taken):
        if not 0 <= left <= right <= BUCKETS:
            raise ValueError(f"taken must hold ranges within 0 … {BUCKETS}, got {(left, right)}")
        if left > edge:
            yield edge, left
        edge = max(edge, right)
    if edge < BUCKETS:
        yield edge, BUCKETS


def _require_share(name: str, value: object, least: int = 0) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= BUCKETS:
        raise ValueError(f"{name} must be an integer from {least} to {BUCKETS}, got {value!r}")
