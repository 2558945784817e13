"""The chart of sizes: days against the smallest effect, for each way to randomise.

Its address tells what it shows, since a plan that is being written is kept nowhere: another effect is another address,
which the page asks for when the chart is near.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from experiments.errors import Invalid, invalid
from experiments.plan.rules import UNITS
from experiments.plan.sizing import WINDOW
from web.charts.kinds import packed
from web.charts.sizes import SizeChart, SizeCurve, SizeWords
from web.pages import words
from web.studio.typed import percentage

_MOST_EFFECTS = 20


@dataclass(frozen=True, slots=True)
class Curves:
    """What the chart shows.

    Attributes:
        scenario: the key of the plan's scenario.
        effects: shares, rising.
        days: by unit, one an effect; None where no number of days would do.
        chosen: place of the plan's own effect.
        plan: the plan's own unit.
    """

    scenario: str
    effects: tuple[float, ...]
    days: Mapping[str, tuple[int | None, ...]]
    chosen: int
    plan: str

    def chart(self, title: str) -> SizeChart:
        """See them as a chart, in the reader's words."""
        return SizeChart(
            title=title,
            effects=tuple(map(percentage, self.effects)),
            curves=tuple(SizeCurve(words.unit(unit), days) for unit, days in self.days.items()),
            chosen=self.chosen,
            plan=list(self.days).index(self.plan) if self.plan in self.days else None,
            window=WINDOW,
            file_name=f"sizes-{self.scenario}",
            words=SizeWords(
                effect=_("Smallest effect worth having, points"),
                days=_("Days"),
                window=words.days(WINDOW),
                plan=_("This plan"),
            ),
        )

    @property
    def source(self) -> str:
        """Give the address of what is drawn."""
        days = {unit: ",".join("" if each is None else str(each) for each in own) for unit, own in self.days.items()}
        effects = ",".join(f"{effect:.10g}" for effect in self.effects)
        told: dict[str, Any] = {"scenario": self.scenario, "effects": effects, "chosen": self.chosen, "plan": self.plan}
        return url_for("studio.sizes", **told | days)


def drawn_curves(told: MultiDict[str, str]) -> bytes:
    """Give what charts.js draws of the curves that an address tells, packed with gzip.

    Raises:
        Invalid: it tells none.
    """
    try:
        effects = tuple(float(each) for each in told.get("effects", "").split(","))
        days = {unit: _days(text) for unit, text in told.items() if unit in UNITS}
        chosen = int(told.get("chosen", ""))
    except ValueError as wrong:
        raise _no_curves() from wrong
    fits = 0 < len(effects) <= _MOST_EFFECTS and all(len(own) == len(effects) for own in days.values())
    if not (days and fits and 0 <= chosen < len(effects) and all(0 < effect <= 1 for effect in effects)):
        raise _no_curves()
    return packed(Curves(told.get("scenario", "")[:64], effects, days, chosen, told.get("plan", "")).chart(""))


def _days(text: str) -> tuple[int | None, ...]:
    own: Sequence[int | None] = [int(each) if each else None for each in text.split(",")]
    if any(each is not None and not 0 < each < 1_000_000 for each in own):
        raise ValueError(text)
    return tuple(own)


def _no_curves() -> Invalid:
    return invalid("effects", "no_curves", "This address tells no curves: open the plan again.")
