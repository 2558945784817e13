"""What the API tells of who recommended how often."""

from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from experiments.check import history, reports
from experiments.people import Actor
from experiments.plan.scenarios import inbound_leaves
from web.api.schemas.reports import ReportsQuery
from web.reports.asked import asked_in, form_of, iso


def told(session: Session, query: ReportsQuery, today: int, actor: Actor) -> dict[str, Any]:
    """Tell the rows of the reports' two tables.

    Raises:
        Invalid: a day is none, or the days make no span.
        NotAllowed: agents are asked for one by one, and the token is of nobody who may see them.
    """
    given: dict[str, str] = {"by": query.by, "per": query.per}
    given |= {"since": iso(query.since)} if query.since else {}
    given |= {"until": iso(query.until)} if query.until else {}
    asked = asked_in(form_of(given, today), actor)
    scenarios = inbound_leaves(session)
    calls = reports.taken(session, scenarios, asked)
    targets = reports.recommended(session, scenarios, asked)
    keys = {str(s.id): s.key for s in scenarios} if asked.by == "scenario" else {}
    if asked.by == "agent":
        targets = reports.known_apart(targets, calls)
    return {
        "since": asked.since,
        "until": asked.until,
        "as_of": history.last_day(session),
        "calls": [{**asdict(row), "label": keys.get(row.label, row.label)} for row in calls],
        "channels": [{**asdict(row), "label": keys.get(row.label, row.label)} for row in targets],
    }
