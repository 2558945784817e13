"""Who is served what in a scenario: its traffic revisions, and what each changed."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from web.api.schemas.fields import Answer, Body, Names


class TrafficQuery(Body):
    """What is asked of a scenario's revisions."""

    most: Annotated[int, Field(ge=1, le=100)] = Field(default=20, description="How many at most, the newest first.")


class TextChanged(Answer):
    """An element that says something else; null is not said at all."""

    element: str
    before: Names | None
    after: Names | None


class AudienceChanged(Answer):
    """The conditions of before and after."""

    before: dict[str, Any]
    after: dict[str, Any]


class ChangeAnswer(Answer):
    """One thing that a revision changed: the sentence, the words that differ, and who is let in, where that changed."""

    what: str
    texts: list[TextChanged]
    audience: AudienceChanged | None


class RevisionAnswer(Answer):
    """One revision of a scenario's traffic, and what it changed of the one before."""

    number: int
    at: datetime
    by: str
    cause: str
    changes: list[ChangeAnswer]


class TrafficAnswer(Answer):
    """A scenario's last revisions, the newest first; a scenario that sums others has none."""

    scenario: str
    revisions: list[RevisionAnswer]
