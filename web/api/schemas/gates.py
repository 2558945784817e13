"""Gates: the approvals they need, their checklists, and what people say beside a card."""

from datetime import datetime
from typing import Literal

from pydantic import Field, StrictInt

from experiments.do.outcomes import Key
from web.api.schemas.fields import Answer, Body, Words


class TickBody(Body):
    """Which item of the checklist is vouched for."""

    item: Key = Field(description="The key of an item that is ticked by hand.")


class CommentBody(Body):
    """What is said beside a card."""

    text: Words = Field(min_length=1, description="1 to 4000 characters.")
    reply_to: StrictInt | None = Field(
        default=None, ge=1, le=2**31 - 1, description="The comment of the same card that it answers."
    )


class Chair(Answer):
    """One approval that the gate needs; it counts while its state is `given`."""

    role: str | None = Field(
        description="Null for the second approver whom a decision against the verdict needs: any of the gate's roles."
    )
    named: list[str] = Field(description="The logins that alone may give it; empty for anybody of the role.")
    state: Literal["awaited", "given", "expired"]
    person: str | None
    at: datetime | None
    expires_at: datetime | None


class ChecklistItem(Answer):
    """One item: seen by the machine, or ticked by hand by a person who is named."""

    key: str
    words: str
    done: bool
    by_hand: bool
    by: str | None
    at: datetime | None


class Comment(Answer):
    """What somebody said beside a card."""

    id: int
    author: str
    at: datetime
    text: str
    reply_to: int | None
