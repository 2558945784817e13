"""The catalogue's tables: kinds of call, the parts of a script, what is counted, and in which order.

Names are `{locale: text}`. Element and metric keys are a catalogue's own; scenario keys are the whole product's.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments.errors import Unknown
from experiments.store import KEY, Base, CanonicalJson


class Standing(StrEnum):
    """What is decided about inviting in a scenario."""

    #: nobody has looked yet
    CANDIDATE = "candidate"
    #: a scenario card is running
    IN_TEST = "in_test"
    #: inviting pays, and harms nobody
    SUITABLE = "suitable"
    #: inviting pays for a narrower audience
    LIMITED = "limited"
    #: service only
    UNSUITABLE = "unsuitable"


class Element(Base):
    """A named part of scripts. Locked ones (disclosures) can be changed by no experiment."""

    __tablename__ = "element"
    __table_args__ = (
        UniqueConstraint("catalogue", "key"),
        CheckConstraint("kind IN ('text', 'position')", name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    catalogue: Mapped[str] = mapped_column(KEY)
    key: Mapped[str] = mapped_column(KEY)
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(KEY)
    locked: Mapped[bool]
    #: spoken only when this other element is spoken too: no benefit is praised when nobody asks
    needs: Mapped[str | None] = mapped_column(KEY)
    #: comes after the request is resolved, so that exposure is reached at "resolved"
    after_request: Mapped[bool]
    name: Mapped[Any] = mapped_column(CanonicalJson)


class Metric(Base):
    """A proportion, mean or ratio over facts about calls; `note` says its denominator in words."""

    __tablename__ = "metric"
    __table_args__ = (
        UniqueConstraint("catalogue", "key"),
        CheckConstraint("kind IN ('proportion', 'mean', 'ratio')", name="kind"),
        CheckConstraint("better IN ('higher', 'lower')", name="better"),
        CheckConstraint("window_days >= 0", name="window"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    catalogue: Mapped[str] = mapped_column(KEY)
    key: Mapped[str] = mapped_column(KEY)
    kind: Mapped[str] = mapped_column(KEY)
    numerator: Mapped[str] = mapped_column(KEY)
    denominator: Mapped[str] = mapped_column(KEY)
    better: Mapped[str] = mapped_column(KEY)
    #: a call counts only when so many days have passed since it
    window_days: Mapped[int]
    name: Mapped[Any] = mapped_column(CanonicalJson)
    note: Mapped[Any] = mapped_column(CanonicalJson)


class MetricSet(Base):
    """The ordered steps of a funnel, and the metrics that plans in its scenarios start from."""

    __tablename__ = "metric_set"
    __table_args__ = (UniqueConstraint("catalogue", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    catalogue: Mapped[str] = mapped_column(KEY)
    key: Mapped[str] = mapped_column(KEY)
    direction: Mapped[str] = mapped_column(KEY)
    name: Mapped[Any] = mapped_column(CanonicalJson)
    steps: Mapped[Any] = mapped_column(CanonicalJson)
    primary_metric: Mapped[str] = mapped_column(KEY)
    guardrails: Mapped[Any] = mapped_column(CanonicalJson)
    secondary: Mapped[Any] = mapped_column(CanonicalJson)


class Scenario(Base):
    """A kind of call, a node of the tree; only leaves have a metric set and carry traffic."""

    __tablename__ = "scenario"
    __table_args__ = (
        CheckConstraint("direction IN ('inbound', 'outbound')", name="direction"),
        CheckConstraint("share IS NULL OR (share >= 0 AND share <= 1)", name="share"),
        CheckConstraint(
            "standing IN ('candidate', 'in_test', 'suitable', 'limited', 'unsuitable')",
            name="standing",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    catalogue: Mapped[str] = mapped_column(KEY)
    key: Mapped[str] = mapped_column(KEY, unique=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("scenario.id"))
    position: Mapped[int]
    direction: Mapped[str] = mapped_column(KEY)
    name: Mapped[Any] = mapped_column(CanonicalJson)
    #: share of all calls of the centre, in [0, 1]
    share: Mapped[float | None] = mapped_column(Numeric(6, 5, asdecimal=False))
    standing: Mapped[str] = mapped_column(KEY)
    #: None on the nodes above the leaves
    metric_set: Mapped[str | None] = mapped_column(KEY)
    #: who is invited at all here, in the condition language of `audience`
    audience: Mapped[Any] = mapped_column(CanonicalJson)
    marketing_types: Mapped[Any] = mapped_column(CanonicalJson)


@dataclass(frozen=True, slots=True)
class Part:
    """What composing and serving need to know of an element."""

    key: str
    position: int
    kind: str
    locked: bool
    needs: str | None
    after_request: bool


def scenario_named(session: Session, key: str) -> Scenario:
    """Find a scenario.

    Raises:
        Unknown: there is none with this key.
    """
    scenario = session.scalar(select(Scenario).where(Scenario.key == key))
    if scenario is None:
        raise Unknown("There is no scenario %(scenario)s.", scenario=key)
    return scenario


def every_scenario(session: Session) -> list[Scenario]:
    """Give every scenario, a catalogue after the other, parents before their children."""
    return list(session.scalars(select(Scenario).order_by(Scenario.catalogue, Scenario.position)))


def inbound_leaves(session: Session) -> list[Scenario]:
    """Give every kind of call that customers make: shares of marketing are shares of these."""
    return [s for s in every_scenario(session) if s.metric_set is not None and s.direction == "inbound"]


def element_names(session: Session, catalogue: str) -> dict[str, dict[str, str]]:
    """Give what a catalogue calls its elements, by key: `{locale: name}`, in the order they are spoken."""
    rows = session.execute(
        select(Element.key, Element.name).where(Element.catalogue == catalogue).order_by(Element.position)
    )
    return dict(list(rows))


def parts_of(session: Session, catalogue: str) -> dict[str, Part]:
    """Give a catalogue's elements by key, in the order they are spoken."""
    rows = session.scalars(select(Element).where(Element.catalogue == catalogue).order_by(Element.position))
    return {element.key: _part(element) for element in rows}


def parts_by_catalogue(session: Session) -> dict[str, dict[str, Part]]:
    """Give every catalogue's elements by key, in the order they are spoken."""
    found: dict[str, dict[str, Part]] = {}
    for element in session.scalars(select(Element).order_by(Element.position)):
        found.setdefault(element.catalogue, {})[element.key] = _part(element)
    return found


def _part(e: Element) -> Part:
    return Part(e.key, e.position, e.kind, e.locked, e.needs, e.after_request)


def metrics_of(session: Session, catalogue: str) -> dict[str, Metric]:
    """Give a catalogue's metrics by key."""
    return {m.key: m for m in session.scalars(select(Metric).where(Metric.catalogue == catalogue))}


def metric_set_of(session: Session, scenario: Scenario) -> MetricSet:
    """Give a leaf scenario's metric set.

    Raises:
        Unknown: the scenario is not a leaf.
    """
    found = session.scalar(
        select(MetricSet).where(MetricSet.catalogue == scenario.catalogue, MetricSet.key == scenario.metric_set)
    )
    if found is None:
        raise Unknown("The scenario %(scenario)s sums others and carries no calls itself.", scenario=scenario.key)
    return found
