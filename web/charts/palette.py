"""The colours of charts, in light and in dark.

Charts are drawn in the light colours; their JSON carries the dark one for each, and the page swaps them by the
reader's preference. For that every light colour is unique. Arms are told apart by Okabe and Ito's colours (2008), safe
for colour-blind readers, and by a hatch; whatever is good or bad also by shape and word.
"""

from dataclasses import dataclass, fields

FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", sans-serif'


@dataclass(frozen=True, slots=True)
class Palette:
    """One colour a role; the same roles in light and dark."""

    surface: str
    ink: str
    soft: str
    grid: str
    zero: str
    whisker: str
    control: str
    control_edge: str
    second: str
    second_edge: str
    third: str
    third_edge: str
    fourth: str
    fourth_edge: str
    fifth: str
    fifth_edge: str
    good: str
    bad: str
    unclear: str
    candidate: str
    in_test: str
    suitable: str
    limited: str
    unsuitable: str
    node: str


LIGHT = Palette(
    surface="#ffffff", ink="#171c26", soft="#566070", grid="#e6e9ee", zero="#3d4656", whisker="#2b3340",
    control="#0072b2", control_edge="#005a8d", second="#e69f00", second_edge="#8f6200",
    third="#009e73", third_edge="#006b4e", fourth="#cc79a7", fourth_edge="#91446f",
    fifth="#d55e00", fifth_edge="#9c4500",
    good="#0f7d54", bad="#c0392b", unclear="#7a8494",
    candidate="#9aa9bd", in_test="#4a67d6", suitable="#1a8a5f", limited="#c98a1b", unsuitable="#b4564c", node="#c3cad5",
)  # fmt: skip
DARK = Palette(
    surface="#161a21", ink="#e9ecf1", soft="#a2abb9", grid="#2a303b", zero="#c3cad5", whisker="#f0f3f8",
    control="#3d9bd6", control_edge="#7cc4f0", second="#e0a526", second_edge="#ffd98a",
    third="#2fb58c", third_edge="#8ee5c8", fourth="#d68fb8", fourth_edge="#f6c8e0",
    fifth="#e8834a", fifth_edge="#ffb98f",
    good="#5cc896", bad="#ff8a7d", unclear="#8d97a6",
    candidate="#66758a", in_test="#7f97ff", suitable="#45b585", limited="#d9a441", unsuitable="#d67a70", node="#4a5464",
)  # fmt: skip


def swaps() -> dict[str, str]:
    """Give the dark colour for each light one."""
    return {getattr(LIGHT, field.name): getattr(DARK, field.name) for field in fields(Palette)}
