"""Buckets: the published hash, and what a layer promises to those who slice it."""

import struct
from bisect import bisect_right
from itertools import pairwise

import pytest
from growthbook.core import gbhash
from hypothesis import given, strategies as st
from scipy import stats

from experiments.plan.bucketing import (
    BUCKETS,
    Range,
    arm_ranges,
    bucket,
    buckets,
    edges,
    fnv32a,
    free_ranges,
    hash_unit,
    overlaps,
    pick,
    width,
)

PUBLISHED = [
    ("", "a", 1, 0.22),
    ("", "b", 1, 0.077),
    ("b", "a", 1, 0.946),
    ("ef", "d", 1, 0.652),
    ("asdf", "8952klfjas09ujk", 1, 0.549),
    ("", "123", 1, 0.011),
    ("", '___)((*":&', 1, 0.563),
    ("seed", "a", 2, 0.0505),
    ("seed", "b", 2, 0.2696),
    ("foo", "ab", 2, 0.2575),
    ("foo", "def", 2, 0.2019),
    ("89123klj", "8952klfjas09ujkasdf", 2, 0.124),
    ("90850943850283058242805", "123", 2, 0.7516),
    ("()**(%$##$%#$#", '___)((*":&', 2, 0.0128),
    ("abc", "def", 99, None),
]

# node -e '
#   const fnv = s => { let h = 0x811c9dc5; for (let i = 0; i < s.length; i++)
#     h = Math.imul(h ^ s.charCodeAt(i), 0x01000193) >>> 0; return h; };
#   for (const s of ["王小明", "𠮷野家", "😀👍🏽", "\ud83d", "é", "13800138000", "café-李"])
#     console.log(s, fnv(s), fnv(String(fnv("seed-话术" + s))) % 10000, fnv(String(fnv("seed" + s))) % 10000);'
JAVASCRIPT = [
    ("王小明", 282723011, 9566, 102),
    ("𠮷野家", 4249779706, 4050, 9018),  # the first character is a surrogate pair
    ("😀👍🏽", 1835256601, 5289, 5336),
    ("\ud83d", 931276136, 2634, 9009),  # half an emoji, as a careless cut leaves it
    ("é", 1812687940, 128, 8663),
    ("13800138000", 2774564939, 3987, 9228),
    ("café-李", 3867810999, 7246, 9705),
]

anything = st.text(st.characters(exclude_categories=()))
layer = st.lists(st.tuples(st.integers(0, BUCKETS), st.integers(0, BUCKETS)).map(lambda pair: (min(pair), max(pair))))


@st.composite
def some_weights(draw: st.DrawFn) -> tuple[int, ...]:
    cuts = sorted(draw(st.lists(st.integers(0, BUCKETS), max_size=5)))
    return tuple(right - left for left, right in pairwise([0, *cuts, BUCKETS]))


def fnv32a_as_defined(text: str) -> int:
    """Hash by the definition, a code unit after the other."""
    units = text.encode("utf-16-le", "surrogatepass")
    state = 0x811C9DC5
    for unit in struct.unpack(f"<{len(units) // 2}H", units):
        state = (state ^ unit) * 0x01000193 % 2**32
    return state


def buckets_in(ranges: tuple[Range, ...] | list[Range]) -> set[int]:
    return {held for left, right in ranges for held in range(left, right)}


@pytest.mark.parametrize(("seed", "value", "version", "expected"), PUBLISHED)
def test_the_published_cases_hold(seed: str, value: str, version: int, expected: float | None) -> None:
    assert hash_unit(seed, value, version) == expected


@pytest.mark.parametrize(("text", "plain", "chinese_seed", "ascii_seed"), JAVASCRIPT)
def test_names_and_emoji_hash_as_in_javascript(text: str, plain: int, chinese_seed: int, ascii_seed: int) -> None:
    assert (fnv32a(text), bucket("seed-话术", text), bucket("seed", text)) == (plain, chinese_seed, ascii_seed)


@given(anything, anything, st.sampled_from([1, 2, 3]))
def test_the_hash_agrees_with_growthbook_on_any_text(seed: str, value: str, version: int) -> None:
    assert hash_unit(seed, value, version) == gbhash(seed, value, version)


@given(anything | st.text(st.characters(max_codepoint=127)))
def test_the_hash_is_the_definition_for_every_text(text: str) -> None:
    assert fnv32a(text) == fnv32a_as_defined(text)


@given(st.lists(anything, max_size=3), st.lists(anything, max_size=3))
def test_many_buckets_at_once_are_those_drawn_one_by_one(seeds: list[str], units: list[str]) -> None:
    assert buckets(seeds, units).tolist() == [[bucket(seed, unit) for unit in units] for seed in seeds]


def test_a_pair_split_between_seed_and_value_is_the_same_two_units() -> None:
    assert bucket("\ud83d", "\ude00") == bucket("", "😀") == fnv32a(str(fnv32a("😀"))) % BUCKETS


def test_a_hundred_thousand_customers_spread_evenly() -> None:
    counts = [0] * 100
    for customer in range(100_000):
        counts[bucket("renewal-greeting", f"customer-{customer}") // 100] += 1
    assert stats.chisquare(counts).pvalue > 0.001


def test_two_seeds_are_independent() -> None:
    table = [[0] * 10 for _ in range(10)]
    for customer in range(100_000):
        table[bucket("greeting", f"c{customer}") // 1000][bucket("timing", f"c{customer}") // 1000] += 1
    assert stats.chi2_contingency(table).pvalue > 0.001


def test_half_coverage_leaves_room_to_the_right_of_each_arm() -> None:
    assert arm_ranges([4000, 6000], 5000) == ((0, 2000), (4000, 7000))


@given(some_weights())
def test_full_coverage_tiles_the_layer(weights: tuple[int, ...]) -> None:
    ranges = arm_ranges(weights)
    assert ranges[0][0] == 0
    assert ranges[-1][1] == BUCKETS
    assert all(before[1] == after[0] for before, after in pairwise(ranges))


@given(some_weights(), st.integers(0, BUCKETS), st.integers(0, BUCKETS), st.integers(0, BUCKETS - 1))
def test_raising_coverage_moves_nobody(weights: tuple[int, ...], one: int, other: int, drawn: int) -> None:
    before = pick(arm_ranges(weights, min(one, other)), drawn)
    assert before is None or before == pick(arm_ranges(weights, max(one, other)), drawn)


@pytest.mark.parametrize(("drawn", "arm"), [(0, 0), (1999, 0), (2000, None), (4000, 1), (6999, 1), (9999, None)])
def test_a_range_holds_its_left_edge_and_not_its_right(drawn: int, arm: int | None) -> None:
    assert pick(arm_ranges([4000, 6000], 5000), drawn) == arm


@pytest.mark.parametrize(
    ("weights", "coverage", "sentence"),
    [
        ([5000, 4000], BUCKETS, r"weights must sum to 10000, got 9000 from \(5000, 4000\)"),
        ([], BUCKETS, "weights must sum to 10000, got 0"),
        ([-1, 10_001], BUCKETS, r"weights\[0\] must be an integer from 0 to 10000, got -1"),
        ([0.5, 0.5], BUCKETS, r"weights\[0\] must be an integer from 0 to 10000, got 0.5"),
        ([BUCKETS], 10_001, "coverage must be an integer from 0 to 10000, got 10001"),
        ([BUCKETS], True, "coverage must be an integer from 0 to 10000, got True"),
    ],
)
def test_bad_weights_are_refused_by_name(weights: list[int], coverage: int, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        arm_ranges(weights, coverage)


def test_a_slice_takes_the_lowest_free_buckets() -> None:
    assert free_ranges([(3000, 4000), (0, 1000)], 2500) == ((1000, 3000), (4000, 4500))


def test_a_full_layer_says_how_much_is_free() -> None:
    with pytest.raises(ValueError, match="width must be at most the free 1500 of 10000 buckets, got 2000"):
        free_ranges([(0, 8000), (7000, 8500)], 2000)


@pytest.mark.parametrize("wanted", [0, -1, 10_001])
def test_a_slice_without_width_is_refused(wanted: int) -> None:
    with pytest.raises(ValueError, match=f"width must be an integer from 1 to 10000, got {wanted}"):
        free_ranges([], wanted)


@pytest.mark.parametrize("stranger", [(5, 4), (-1, 4), (0, 10_001)])
def test_a_range_outside_the_layer_is_refused(stranger: Range) -> None:
    with pytest.raises(ValueError, match="taken must hold ranges within 0 … 10000"):
        free_ranges([stranger], 1)


@given(layer, st.integers(1, BUCKETS))
def test_a_slice_is_new_exact_and_disjoint(taken: list[Range], wanted: int) -> None:
    room = BUCKETS - len(buckets_in(taken))
    if room < wanted:
        with pytest.raises(ValueError, match=f"the free {room} of"):
            free_ranges(taken, wanted)
    else:
        chosen = free_ranges(taken, wanted)
        assert width(chosen) == len(buckets_in(chosen)) == wanted
        assert not overlaps(chosen, taken)


@given(layer, layer)
def test_ranges_overlap_when_they_share_a_bucket(a: list[Range], b: list[Range]) -> None:
    assert overlaps(a, b) == overlaps(b, a) == bool(buckets_in(a) & buckets_in(b))


@given(st.lists(layer, max_size=4), st.integers(0, BUCKETS - 1))
def test_the_prepared_question_for_an_owner_is_answered_like_the_plain_one(
    owners: list[list[Range]], drawn: int
) -> None:
    changes, owning = edges(owners)
    plain = (index for index, ranges in enumerate(owners) if pick(ranges, drawn) is not None)
    assert owning[bisect_right(changes, drawn)] == next(plain, None)


def test_neighbouring_ranges_of_one_owner_are_no_change() -> None:
    assert edges([[(0, 10), (10, 20)], [(20, 30)]]) == ((0, 20, 30), (None, 0, 1, None))
