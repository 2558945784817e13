"""The rollups' tables: whole numbers that add up, by day and by whatever pages, looks and health ask for."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean
from sqlalchemy.orm import Mapped, mapped_column

from experiments.store import KEY, OUTSIDE_ID, Base, UtcDateTime

COUNTED = (
    "exposed",
    "resolved",
    "invited",
    "accepted",
    "joined",
    "declined",
    "handed_over",
    "converted",
    "cancelled",
    "complaint",
    "connected",
    "past_30s",
    "early_refusal",
    "appointed",
    "fulfilled",
    "spoken",
    "deviation",
)
"""Facts that a call either has or has not."""

SUMMED = ("handled_seconds", "satisfaction", "value")
"""Facts with a number: how many calls have one, its sum, and the sum of its squares, in whole units."""

MEASURES = ("calls", *COUNTED, *(f"{name}{suffix}" for name in SUMMED for suffix in ("_n", "", "_squares")))
"""What metrics, funnels and pages are made of."""

CHECKED = (
    "told",
    "firsts",
    "on_screen",
    "accepted_reports",
    "accepted_unborne",
    "appointed_unborne",
    "spoken_unborne",
)
"""What health alone asks for."""

REPORTED = ("calls", "eligible", "invited", "accepted", "joined", "converted", "complaint")
"""What reports say of whoever took calls."""


class Measures:
    """The columns that rollups share; every one is a whole number that adds up."""

    calls: Mapped[int]
    exposed: Mapped[int]
    resolved: Mapped[int]
    invited: Mapped[int]
    accepted: Mapped[int]
    #: accepted, and not taken back
    joined: Mapped[int]
    declined: Mapped[int]
    handed_over: Mapped[int]
    #: within the window, and not taken back
    converted: Mapped[int]
    cancelled: Mapped[int]
    complaint: Mapped[int]
    connected: Mapped[int]
    past_30s: Mapped[int]
    early_refusal: Mapped[int]
    appointed: Mapped[int]
    fulfilled: Mapped[int]
    spoken: Mapped[int]
    #: invited before the request was resolved (inbound)
    deviation: Mapped[int]
    handled_seconds_n: Mapped[int]
    handled_seconds: Mapped[int] = mapped_column(BigInteger)
    handled_seconds_squares: Mapped[int] = mapped_column(BigInteger)
    satisfaction_n: Mapped[int]
    satisfaction: Mapped[int] = mapped_column(BigInteger)
    satisfaction_squares: Mapped[int] = mapped_column(BigInteger)
    value_n: Mapped[int]
    value: Mapped[int] = mapped_column(BigInteger)
    value_squares: Mapped[int] = mapped_column(BigInteger)
    #: anything at all was told of the call
    told: Mapped[int]
    #: the call is its customer's first in a test by customer
    firsts: Mapped[int]
    #: the script, or the varied element, stood on the agent's screen
    on_screen: Mapped[int]
    #: accepted, whether or not it was taken back since
    accepted_reports: Mapped[int]
    #: reported, and no record bears it out (see `health.reports`)
    accepted_unborne: Mapped[int]
    appointed_unborne: Mapped[int]
    spoken_unborne: Mapped[int]


# On SQLite a rollup is kept in the order of its key, rows and all: a day is written and read in one piece.
_IN_ORDER = {"sqlite_with_rowid": False}


class RollupCall(Measures, Base):
    """Calls by day and by everything pages group on; 0 or '' stands for none, since keys are never NULL."""

    __tablename__ = "rollup_call"
    __table_args__ = _IN_ORDER

    scenario_id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(OUTSIDE_ID, primary_key=True)
    arm: Mapped[str] = mapped_column(KEY, primary_key=True)
    reason: Mapped[str] = mapped_column(KEY, primary_key=True)
    eligible: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    origin: Mapped[str] = mapped_column(KEY, primary_key=True)
    script_version_id: Mapped[int] = mapped_column(primary_key=True)
    team: Mapped[str] = mapped_column(OUTSIDE_ID, primary_key=True)
    region: Mapped[str] = mapped_column(OUTSIDE_ID, primary_key=True)
    channel: Mapped[str] = mapped_column(OUTSIDE_ID, primary_key=True)


class RollupUnit(Measures, Base):
    """Calls by day and randomisation unit, for experiments whose unit is not the call."""

    __tablename__ = "rollup_unit"
    __table_args__ = _IN_ORDER

    scenario_id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    unit_hash: Mapped[str] = mapped_column(KEY, primary_key=True)
    arm: Mapped[str] = mapped_column(KEY, primary_key=True)
    #: the raw name of an agent, team or shift, which the randomisation test deals again; '' for customers
    unit: Mapped[str] = mapped_column(OUTSIDE_ID)


class RollupDay(Measures, Base):
    """A day's calls by little else: what lists, funnels and looks' calendars ask, in a few rows."""

    __tablename__ = "rollup_day"
    __table_args__ = _IN_ORDER

    scenario_id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    arm: Mapped[str] = mapped_column(KEY, primary_key=True)
    eligible: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    origin: Mapped[str] = mapped_column(KEY, primary_key=True)
    script_version_id: Mapped[int] = mapped_column(primary_key=True)


class RollupAgent(Base):
    """A day's calls by who took them and where: what reports ask. Replayed calls were counted when they came."""

    __tablename__ = "rollup_agent"
    __table_args__ = _IN_ORDER

    scenario_id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(OUTSIDE_ID, primary_key=True)
    team: Mapped[str] = mapped_column(OUTSIDE_ID, primary_key=True)
    region: Mapped[str] = mapped_column(OUTSIDE_ID, primary_key=True)
    channel: Mapped[str] = mapped_column(OUTSIDE_ID, primary_key=True)
    calls: Mapped[int]
    #: calls that were let in to be invited
    eligible: Mapped[int]
    invited: Mapped[int]
    accepted: Mapped[int]
    joined: Mapped[int]
    converted: Mapped[int]
    complaint: Mapped[int]


class RollupTarget(Base):
    """A day's calls by the channel that was recommended in them, as their invitations and acceptances name it."""

    __tablename__ = "rollup_target"
    __table_args__ = _IN_ORDER

    scenario_id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(OUTSIDE_ID, primary_key=True)
    team: Mapped[str] = mapped_column(OUTSIDE_ID, primary_key=True)
    region: Mapped[str] = mapped_column(OUTSIDE_ID, primary_key=True)
    channel: Mapped[str] = mapped_column(OUTSIDE_ID, primary_key=True)
    target: Mapped[str] = mapped_column(KEY, primary_key=True)
    #: calls in which an invitation or an acceptance names it
    recommended: Mapped[int]
    #: of these, calls in which it was accepted, and that was no mistake of the centre's
    succeeded: Mapped[int]


class RollupSource(Base):
    """Who told of a day's calls: how many facts, and how new the newest is, by its own moment and by its arrival."""

    __tablename__ = "rollup_source"
    __table_args__ = _IN_ORDER

    scenario_id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(KEY, primary_key=True)
    facts: Mapped[int]
    newest_at: Mapped[datetime] = mapped_column(UtcDateTime)
    newest_received_at: Mapped[datetime] = mapped_column(UtcDateTime)
