"""What the API tells of a scenario's traffic."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from experiments.plan.revisions import told_revisions
from experiments.plan.scenarios import scenario_named
from experiments.plan.traffic_changes import Change
from web.language import say


def revisions(session: Session, key: str, most: int) -> dict[str, Any]:
    """Tell a scenario's last revisions, and what each changed.

    Raises:
        Unknown: there is no such scenario.
    """
    told = told_revisions(session, scenario_named(session, key), most=most)
    return {
        "scenario": key,
        "revisions": [
            {
                "number": each.revision.number,
                "at": each.revision.made_at,
                "by": each.revision.made_by,
                "cause": say(each.revision.cause),
                "changes": changed(each.changes),
            }
            for each in told
        ],
    }


def changed(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Tell changes in the caller's language."""
    return [
        {
            "what": say(change.what),
            "texts": [asdict(text) for text in change.texts],
            "audience": None
            if change.audience is None
            else dict(zip(("before", "after"), change.audience, strict=True)),
        }
        for change in changes
    ]
