"""Health checks in the reader's words: today's, and those that only a look asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from experiments.check.health.findings import Finding
from experiments.check.looks import Look
from experiments.check.results import plain
from web.language import say
from web.pages import words


@dataclass(frozen=True, slots=True)
class FindingView:
    """One health check in the reader's words."""

    state: str
    title: str
    what: str
    detail: str
    fix: str


def findings(found: Sequence[Finding], look: Look | None = None) -> list[FindingView]:
    """See health checks in the reader's words, the worst first: today's, and those that only the last look asked."""
    today = [_finding(plain(each)) for each in found]
    asked = {each.check for each in found}
    frozen = look.content["watch"]["findings"] if look else []
    views = today + [_finding(each) for each in frozen if each["check"] not in asked]
    return sorted(views, key=lambda view: _WORST_FIRST.index(view.state))


_WORST_FIRST = ("broken", "warning", "waiting", "ok")


@dataclass(frozen=True, slots=True)
class Health:
    """How the data are in one line, and what the worst check saw where it found something."""

    state: str
    told: str
    seen: str


def summed_up(views: Sequence[FindingView]) -> Health | None:
    """Say how the data are, what is wrong first: one check that fails outweighs all that passed; None without checks.

    Args:
        views: the worst first.
    """
    if not views:
        return None
    worst = views[0]
    seen = words.headed(worst.title, worst.detail) if worst.state in ("broken", "warning") else ""
    return Health(worst.state, _told(views), seen)


def _told(views: Sequence[FindingView]) -> str:
    worst, checks = views[0].state, len(views)
    passed, number = (sum(view.state == state for view in views) for state in ("ok", worst))
    match worst:
        case "broken":
            return _("The data cannot be trusted: %(failed)s of %(checks)s checks failed", failed=number, checks=checks)
        case "warning":
            return _("Read with care: %(found)s of %(checks)s checks found something", found=number, checks=checks)
        case "waiting":
            return _(
                "Nothing found: %(passed)s of %(checks)s checks in order, %(waiting)s still without enough data",
                passed=passed,
                checks=checks,
                waiting=number,
            )
    return _("All %(checks)s checks in order", checks=checks)


def _finding(told: Mapping[str, Any]) -> FindingView:
    what, advice = told.get("what"), told["advice"]
    return FindingView(
        state=told["state"],
        title=words.check(told["check"]),
        what=say(what) if what else "",
        detail=say(told["evidence"]),
        fix=say(advice) if advice else "",
    )
