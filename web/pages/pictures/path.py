"""The sequential plan: where each look decides, and the path of each challenger so far."""

import math
from collections.abc import Sequence

from flask_babel import gettext as _

from experiments.check.pictures.path import Path, PathPoint, PlannedLook, path_of
from experiments.plan.designs import Experiment
from web.charts.effect import point_ticks
from web.charts.plane import ARMS, Axis, Dot, Dots, Layer, Line, PlaneChart
from web.charts.sheet import Cell, Column, Sheet
from web.formats import UNKNOWN, percent, signed
from web.pages import words
from web.pages.look.figures import Told
from web.pages.pictures.ground import Ground
from web.saying import arm_in_sentence, arm_name

_FARTHEST = 8.0
"""Standard errors beyond which a path is drawn at the edge: the table says how far it went."""


def told_path(ground: Ground) -> list[Told]:
    """Give the plan of looks and the path so far; nothing before the start, and of data that cannot be trusted."""
    experiment = ground.experiment
    if experiment.started_at is None:
        return []
    path = path_of(ground.session, experiment, ground.made)
    stopped_before_the_first = not path.looks
    if stopped_before_the_first or not ground.is_sound:
        return []
    return [Told("path", _chart(experiment, path, finding(path)), _summary(path))]


def finding(path: Path) -> str:
    """Say whether a boundary was crossed, and what that means for the test."""
    made = [look for look in path.looks if look.made]
    last = made[-1].number if made else 0
    first = {point.challenger: point.number for point in reversed(path.points) if point.crossed}
    if first:
        arm, number = min(first.items(), key=lambda each: each[1])
        return _(
            "%(arm)s crossed the boundary at look %(number)s: by the plan the test may end",
            arm=arm_in_sentence(arm),
            number=number,
        )
    if not made and len(path.looks) == 1:
        return _("One look only, when all planned calls are in: no effect is read before")
    if not made:
        return _("No look made yet of the %(looks)s planned: no effect is read before", looks=len(path.looks))
    if last == len(path.looks):
        return _("No boundary was crossed at any of the %(looks)s looks", looks=last)
    return _(
        "Look %(number)s of %(looks)s is within the boundaries: nothing is decided, the test goes on",
        number=last,
        looks=len(path.looks),
    )


def _summary(path: Path) -> str:
    text = _(
        "How many standard errors each challenger was from the control at each planned look. Beyond the dashed lines a "
        "look decides; between looks no effect is read, since looking often finds winners that are none."
    )
    silent = [str(look.number) for look in path.looks if look.z is None]
    if silent:
        text += " " + _("Of so few units look %(looks)s decides nothing.", looks=words.listed(silent))
    return text


def _chart(experiment: Experiment, path: Path, title: str) -> PlaneChart:
    bounds = [look.z for look in path.looks if look.z is not None]
    reach = 1.15 * max(2.5, *bounds, *(min(abs(point.z), _FARTHEST) for point in path.points))
    shares = (0.0, *(look.fraction for look in path.looks))
    return PlaneChart(
        title=title,
        across=Axis(0.0, 1.0, tuple((share, percent(share, 0)) for share in shares), _("Of the planned calls")),
        up=Axis(-reach, reach, tuple((at, signed(at, 0)) for at in point_ticks(-reach, reach)), _("Standard errors")),
        layers=(*_bounds(path.looks), Line("", ((0.0, 0.0), (1.0, 0.0)), "solid", "zero"), *_paths(experiment, path)),
        sheet=_sheet(path),
        hover=(_("Challenger"), _("Look"), _("Standard errors"), _("Decides at")),
        file_name=f"{experiment.key}-path",
    )


def _bounds(looks: Sequence[PlannedLook]) -> list[Layer]:
    name, layers = _("Boundary"), list[Layer]()
    for sign in (1, -1):
        ends = [(look, sign * look.z) for look in looks if look.z is not None]
        dots = tuple(
            Dot(look.fraction, z, told=(name, str(look.number), signed(z, 2), _decides(look))) for look, z in ends
        )
        line = tuple((dot.x, dot.y) for dot in dots)
        layers += [Line(name, line, "dashed", "bad"), Dots(name, dots, "square", "bad", 7)]
    return layers


def _paths(experiment: Experiment, path: Path) -> list[Layer]:
    decides, layers = {look.number: look for look in path.looks}, list[Layer]()
    for arm, (marker, role) in zip(experiment.arms[1:], ARMS[1:], strict=False):
        own = [point for point in path.points if point.challenger == arm.key]
        if own:
            dots = tuple(_dot(point, decides[point.number]) for point in own)
            line = ((0.0, 0.0), *((dot.x, dot.y) for dot in dots))
            name = arm_name(arm.key)
            layers += [Line(name, line, "solid", role), Dots(name, dots, marker, role, 11)]
    return layers


def _dot(point: PathPoint, look: PlannedLook) -> Dot:
    told = (arm_name(point.challenger), str(point.number), signed(point.z, 2), _decides(look))
    return Dot(point.fraction, math.copysign(min(abs(point.z), _FARTHEST), point.z), told=told)


def _decides(look: PlannedLook) -> str:
    return UNKNOWN if look.nominal_alpha is None else f"p ≤ {look.nominal_alpha:.4f}"


def _sheet(path: Path) -> Sheet:
    columns = (
        Column(_("Look"), "count"),
        Column(_("Of the planned calls"), "share", 0),
        Column(_("Boundary, standard errors"), "number", 2),
        Column(_("Decides at p"), "number", 4),
        Column(_("Challenger")),
        Column(_("Standard errors"), "signed", 2),
        Column(_("Reading")),
    )
    rows = [_row(look, path, point) for look in path.looks for point in _at(look, path)]
    return Sheet(columns, tuple(rows))


def _at(look: PlannedLook, path: Path) -> Sequence[PathPoint | None]:
    return [point for point in path.points if point.number == look.number] or [None]


def _row(look: PlannedLook, path: Path, point: PathPoint | None) -> tuple[Cell, ...]:
    planned = (look.number, look.fraction, look.z, look.nominal_alpha)
    if point is not None:
        said = _("beyond the boundary") if point.crossed else _("within the boundary")
        return (*planned, arm_name(point.challenger), point.z, said)
    said = _("hidden") if look.number in path.hidden else _("made") if look.made else _("to come")
    return (*planned, None, None, said)
