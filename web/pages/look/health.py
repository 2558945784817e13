"""Health checks in the reader's words: today's, and those that only a look asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


def _finding(told: Mapping[str, Any]) -> FindingView:
    what, advice = told.get("what"), told["advice"]
    return FindingView(
        state=told["state"],
        title=words.check(told["check"]),
        what=say(what) if what else "",
        detail=say(told["evidence"]),
        fix=say(advice) if advice else "",
    )
