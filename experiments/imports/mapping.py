"""The mapping language: what a file's columns mean. A TOML document, read into one frozen model.

Where a file lacks an id, an agent or a date, the mapping says how it is made; what is made is named `synthetic`.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import time
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from experiments.do.outcomes import OutcomeType
from experiments.errors import Invalid, problems_in
from experiments.plan.rules import Kind
from experiments.store import canonical
from experiments.wording import sentence

NAMED = ("call_id", "agent_id", "customer_id", "team", "region", "channel", "locale")
"""What conditions know by these names already; no attribute may be called the same."""

ColumnName = Annotated[str, Field(min_length=1)]
Key = Annotated[str, Field(min_length=1, max_length=64)]
Names = dict[str, str]


def _kind_of(value: object) -> str:
    made = "made" in value if isinstance(value, Mapping) else hasattr(value, "made")
    return "made" if made else "column"


def _as_list(value: object) -> object:
    return [value] if isinstance(value, Mapping) else value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Layout(_Part):
    """`[file]`: how the file is written. `utf-8-sig` reads UTF-8 with and without its mark."""

    format: Literal["csv", "xlsx", "parquet"] | None = None
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: Literal["utf-8-sig", "gb18030"] = "utf-8-sig"
    #: of a workbook; the first when it is not named
    sheet: str | None = None


class Column(_Part):
    """A column, and what its words mean here; without `values` they mean themselves."""

    column: ColumnName
    values: dict[str, str] | None = None


class MadeId(_Part):
    """The file has no id: it is made from the file's hash and the line number."""

    made: Literal["line"]


class MadeAgent(_Part):
    """The file names no agent: each line is given one of `count`, by hash under a fixed seed."""

    made: Literal["seeded"]
    count: int = Field(ge=1, le=10_000)
    seed: str = Field(min_length=1)


class GivenMoment(_Part):
    """When the call began, in a column; `format` as strptime takes it, site-local unless it carries a zone."""

    column: ColumnName
    format: str = Field(min_length=2)


class MadeMoment(_Part):
    """The file gives month and weekday, and its rows are in order: the date and the time of day are made from that.

    Each change of weekday is the next such day of the month; when the month has none left, its last such day. The
    year steps when the month runs back. Calls of one day follow each other in the order of their lines, every
    `every_seconds` within the site's hours, and begin again at `opens` when the day is full.
    """

    made: Literal["row_order"]
    month: ColumnName
    weekday: ColumnName
    first_year: int = Field(ge=1990, le=2100)
    opens: time = time(9, 0)
    closes: time = time(18, 0)
    every_seconds: int = Field(default=45, ge=1, le=3600)

    @model_validator(mode="after")
    def _opens_first(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError(sentence("The site opens before it closes."))
        return self


CallId = Annotated[
    Annotated[Column, Tag("column")] | Annotated[MadeId, Tag("made")],
    Discriminator(_kind_of),
]
AgentId = Annotated[
    Annotated[Column, Tag("column")] | Annotated[MadeAgent, Tag("made")],
    Discriminator(_kind_of),
]
CallMoment = Annotated[
    Annotated[GivenMoment, Tag("column")] | Annotated[MadeMoment, Tag("made")],
    Discriminator(_kind_of),
]


class CallEntry(_Part):
    """`[call]`: which call it was, whose, and when."""

    id: CallId
    scenario: Key | Column
    agent: AgentId
    at: CallMoment
    customer: Column | None = None
    team: Column | None = None
    region: Column | None = None
    channel: Column | None = None


class AttributeEntry(_Part):
    """`[[attribute]]`: what conditions may read of the call; an empty cell is no attribute."""

    column: ColumnName
    name: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    type: Literal["text", "number"] = "text"

    @property
    def key(self) -> str:
        """Give the attribute's name: the column's, unless it is called otherwise."""
        return self.name or self.column


class Condition(_Part):
    """A test of one cell: its words are these, or its number lies here."""

    column: ColumnName
    equals: str | None = None
    one_of: list[str] | None = Field(default=None, alias="in")
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _tests_something(self) -> Self:
        words = (self.equals is not None) + (self.one_of is not None)
        numbers = self.at_least is not None or self.at_most is not None
        if words + numbers != 1:
            raise ValueError(sentence("Give one of equals, in, or at_least and at_most."))
        return self


class OutcomeEntry(_Part):
    """`[[outcome]]`: a fact that a row tells, when all its conditions hold."""

    type: OutcomeType
    when: Annotated[list[Condition], BeforeValidator(_as_list)] = []
    #: the column of its whole number: seconds, fen, points
    value: ColumnName | None = None
    #: after the call began: a number, or the column that has it
    seconds_after: Annotated[int, Strict()] | ColumnName = 0


class ArmEntry(_Part):
    """`[[experiment.arms]]`: an arm is a value of the variable. The first is the control, whose value is pinned."""

    key: Key
    weight: int
    text: Names | None = None
    after: str | None = None
    absent: bool = False

    @model_validator(mode="after")
    def _is_one_value(self) -> Self:
        if (self.text is not None) + (self.after is not None) + self.absent > 1:
            raise ValueError(sentence("An arm is one value: text, after, or absent."))
        return self


class PlannedEntry(_Part):
    """`[[experiment.metrics]]`: see `rules.MetricPlan`."""

    metric: Key
    role: Literal["primary", "guardrail", "secondary"]
    margin: float | None = None
    watch: bool = False


class ExperimentEntry(_Part):
    """`[experiment]`: a test whose arms were assigned elsewhere. `arm` is the column that says which."""

    key: Key
    kind: Kind = Kind.SCRIPT
    title: Names
    hypothesis: Names
    variable: Key
    unit: Literal["call", "customer", "agent", "team"] = "call"
    arm: Column
    arms: list[ArmEntry]
    metrics: list[PlannedEntry]
    effect: float
    alpha: float = 0.05
    power: float = 0.8


class CallMapping(_Part):
    """What a file means: one row is one call, with its facts."""

    call: CallEntry
    file: Layout = Layout()
    #: in which the script would have been read out
    locale: Literal["zh-CN", "en"] = "zh-CN"
    attribute: list[AttributeEntry] = []
    outcome: list[OutcomeEntry] = []
    experiment: ExperimentEntry | None = None

    @model_validator(mode="after")
    def _attributes_have_names_of_their_own(self) -> Self:
        names = [attribute.key for attribute in self.attribute]
        if taken := sorted({n for n in names if n in NAMED or names.count(n) > 1}):
            raise PydanticCustomError(
                "attribute_names", "An attribute needs a name of its own: {names}.", {"names": ", ".join(taken)}
            )
        return self

    @model_validator(mode="after")
    def _experiment_fits(self) -> Self:
        test = self.experiment
        if test is None:
            return self
        if self.scenario is None:
            raise ValueError(sentence("An experiment is of one scenario: name it in call.scenario."))
        if test.unit in ("customer", "team") and getattr(self.call, test.unit) is None:
            raise ValueError(sentence("Say in call.customer or call.team which column has the unit."))
        if test.unit == "agent" and isinstance(self.call.agent, MadeAgent):
            raise ValueError(sentence("The unit is the agent: one that is made up was not randomised."))
        unknown = sorted(set((test.arm.values or {}).values()) - {arm.key for arm in test.arms})
        if unknown:
            raise PydanticCustomError("unknown_arm", "The experiment has no arm {arms}.", {"arms": ", ".join(unknown)})
        return self

    @property
    def synthetic(self) -> list[str]:
        """Name the fields that the file lacks and that are made up."""
        made = {"call_id": self.call.id, "agent_id": self.call.agent, "at": self.call.at}
        return [name for name, entry in made.items() if isinstance(entry, MadeId | MadeAgent | MadeMoment)]

    @property
    def digest(self) -> str:
        """Hash the mapping's meaning, whatever its file looks like."""
        return hashlib.sha256(canonical(self.model_dump(mode="json")).encode()).hexdigest()

    @property
    def scenario(self) -> str | None:
        """Give the one scenario of all calls; None when a column says it."""
        return self.call.scenario if isinstance(self.call.scenario, str) else None

    def columns(self) -> list[str]:
        """Give every column the mapping reads, each once."""
        return list(dict.fromkeys(_columns(self)))


def read_mapping(document: Mapping[str, Any]) -> CallMapping:
    """Read a mapping's document.

    Raises:
        Invalid: a field is missing, unknown or of another type; each is named.
    """
    try:
        return CallMapping.model_validate(document)
    except ValidationError as error:
        raise Invalid(*problems_in(error)) from error


def _columns(mapping: CallMapping) -> Iterator[str]:
    call, test = mapping.call, mapping.experiment
    given = (call.id, call.scenario, call.agent, call.at, call.customer, call.team, call.region, call.channel)
    yield from (part.column for part in given if isinstance(part, Column | GivenMoment))
    if isinstance(call.at, MadeMoment):
        yield from (call.at.month, call.at.weekday)
    yield from (attribute.column for attribute in mapping.attribute)
    for rule in mapping.outcome:
        yield from (condition.column for condition in rule.when)
        yield from (name for name in (rule.value, rule.seconds_after) if isinstance(name, str))
    if test is not None:
        yield test.arm.column
