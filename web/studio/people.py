"""Who is let in: the audience as rows, and how many eligible calls a day it leaves."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.check import eligible
from experiments.check.eligible import SAMPLE, Eligible, How
from experiments.plan import traffic
from experiments.plan.audience.facts import facts_used
from web.pages import conditions, words
from web.studio.judging import Judged
from web.studio.typed import ROWS, Typed, TypedRow, typed_audience

_MORE = 2
"""Empty rows to fill in."""


@dataclass(frozen=True, slots=True)
class AudienceView:
    """The audience.

    Attributes:
        own: The scenario's own, in words.
        told: The one that was typed, in words.
        rows: As typed, or the scenario's own where none was; empty ones to fill in.
        facts: What a row may ask: (value, words).
        operators: How it may ask.
        hints: Values that facts are known to have.
        count: Eligible calls a day.
        how: How that is known.
    """

    own: list[str]
    told: list[str]
    rows: Sequence[TypedRow]
    facts: list[tuple[str, str]]
    operators: list[tuple[str, str]]
    hints: list[tuple[str, str]]
    count: str
    how: str


def audience_view(session: Session, judged: Judged, typed: Typed) -> AudienceView:
    """See who is let in."""
    own = traffic.in_force(session, judged.scenario).value.audience
    rows = [row for row in typed.audience.rows if row.fact or row.values] or list(typed_audience(own).rows)
    broken = any(problem.field == "audience" for problem in judged.problems)
    facts = dict.fromkeys([*sorted(facts_used(own)), "region", "channel", "team", *(row.fact for row in rows)])
    found = None if broken else eligible.eligible_calls(session, judged.scenario, judged.sketch.experiment.audience)
    known = eligible.regions_and_channels(session, judged.scenario)
    return AudienceView(
        own=conditions.audience(own),
        told=[] if broken else conditions.audience(judged.sketch.experiment.audience),
        rows=[*rows, *[TypedRow()] * _MORE][:ROWS],
        facts=[(fact, conditions.fact(fact)) for fact in facts if fact],
        operators=[
            ("$in", _("is one of")),
            ("$nin", _("is none of")),
            ("$gte", _("is at least")),
            ("$lte", _("is at most")),
        ],
        hints=[(conditions.fact(name), ", ".join(values)) for name, values in known.items() if values]
        + [(conditions.fact(row.fact), row.values) for row in typed_audience(own).rows],
        count=_count(found),
        how=_how(found),
    )


def _count(found: Eligible | None) -> str:
    if found is None:
        return "—"
    calls = f"{found.daily:,.0f}" if found.daily >= 10 else f"{found.daily:.1f}"
    return {
        How.COUNTED: _("%(calls)s calls a day", calls=calls),
        How.ESTIMATED: _("about %(calls)s calls a day", calls=calls),
        How.AT_MOST: _("at most %(calls)s calls a day", calls=calls),
        How.NO_CALLS: _("no calls yet"),
    }[found.how]


def _how(found: Eligible | None) -> str:
    if found is None:
        return _("Counted as soon as the condition can be read.")
    return {
        How.COUNTED: _("Counted, of %(all)s a day that the scenario's own audience lets in.", all=f"{found.of:,.0f}"),
        How.ESTIMATED: _("Estimated from the newest %(sample)s calls.", sample=f"{SAMPLE:,}"),
        How.AT_MOST: _(
            "Which calls have %(facts)s is kept with no call, so that the rest cannot be counted.",
            facts=words.listed(map(conditions.fact, found.unknown)),
        ),
        How.NO_CALLS: _("As soon as a desktop asks for this scenario's script, its calls are counted here."),
    }[found.how]
