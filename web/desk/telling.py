"""What agents tell by the desk: each fact judged by itself, and kept as one of the desk's under the agent's name."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from experiments.do import served
from experiments.do.outcomes import MAX_VALUE, Key, Moment, OutsideId
from experiments.errors import invalid, problems_in
from experiments.people import Actor
from experiments.wording import Message
from web.api.schemas.fields import MAX_ATTRIBUTES, Attribute
from web.house import House
from web.language import say

SOURCE = "/desk"
"""Who tells, as facts are kept: one source however many agents there are; no token and no person is called so."""
MOST = 100
"""Facts that a desk sends at a time."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: OutsideId
    call_id: OutsideId
    scenario: Key
    at: Moment


class Happened(_Row):
    """Something that happened in a call; `value` is seconds."""

    type: Literal[
        "displayed",
        "resolved",
        "exposed",
        "invited",
        "accepted",
        "declined",
        "handed_over",
        "complaint",
        "handled",
        "connected",
        "hung_up",
        "appointed",
        "spoken",
    ]
    value: Annotated[int | None, Field(ge=0, le=MAX_VALUE, strict=True)] = None

    def as_told(self, agent: str) -> dict[str, Any]:
        """Give the row as it is told by `OutcomeReport`."""
        return self.model_dump(mode="json", exclude_none=True) | {"detail": {"by": agent}}


class StoodIn(_Row):
    """The standard was said, from the desk's own copy of a traffic revision, because the server did not answer.

    It is told as every desktop tells what it served by itself: nothing was split. The server deals the call all the
    same and keeps the difference as a finding, since a fair draw counts as it fell.
    """

    type: Literal["served"]
    revision: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
    locale: Literal["zh-CN", "en"]
    team: OutsideId | None = None
    region: OutsideId | None = None
    channel: OutsideId | None = None
    attributes: Annotated[dict[Key, Attribute], Field(max_length=MAX_ATTRIBUTES)] = Field(default={})

    def as_told(self, agent: str) -> dict[str, Any]:
        """Give the row as it is told by `ServedReport`."""
        told = self.model_dump(mode="json", exclude_none=True)
        return told | {
            "traffic_revision": told.pop("revision"),
            "agent_id": agent,
            "experiment": None,
            "arm": None,
            "detail": {"by": agent},
        }


_ROWS: TypeAdapter[Happened | StoodIn] = TypeAdapter(Annotated[Happened | StoodIn, Field(discriminator="type")])


def tell(here: House, agent: Actor, body: Any) -> dict[str, Any]:
    """Keep what a desk tells; say which facts are kept, now or earlier, and why others never will be.

    Args:
        here: the house.
        agent: who tells.
        body: `{"facts": [...]}`, plain JSON.

    Raises:
        Invalid: there is no list of facts in it, or too long a one.
        Unavailable: not everything can be kept at the moment; all of it is to be sent again.
    """
    rows, refused = [], []
    for raw in _facts(body):
        try:
            rows.append(_ROWS.validate_python(raw).as_told(agent.name))
        except ValidationError as error:
            refused.append({"id": _id(raw), "why": _why(error)})
    if not rows:
        return {"kept": [], "refused": refused}
    receipt = served.tell(here.floor, here.snapshot(), here.teller(SOURCE), rows)
    refused += [{"id": row.id, "why": say(row.message)} for row in receipt.rejected]
    never = {each["id"] for each in refused}
    return {"kept": [row["id"] for row in rows if row["id"] not in never], "refused": refused}


def _facts(body: Any) -> list[Any]:
    facts = body.get("facts") if isinstance(body, Mapping) else None
    if not isinstance(facts, list) or not 1 <= len(facts) <= MOST:
        raise invalid("facts", "list", "Give a list of 1 to %(most)s facts.", most=MOST)
    return facts


def _id(raw: Any) -> str | None:
    given = raw.get("id") if isinstance(raw, Mapping) else None
    return given if isinstance(given, str) else None


def _why(error: ValidationError) -> str:
    first = problems_in(error)[0]
    name = first.field.removeprefix(f"{first.field.partition('.')[0]}.") if "." in first.field else first.field
    return say(Message("%(field)s: %(why)s", {"field": name, "why": first.message}))
