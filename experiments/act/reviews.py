"""Every live standard has an owner and a day by which it is looked at again; what is noted of it is appended."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from experiments import audit, people
from experiments.act.live import LiveStandard, live_standard, live_standards
from experiments.calendar import SiteCalendar, as_date, days_before
from experiments.errors import Conflict, NotAllowed, invalid
from experiments.people import Actor
from experiments.plan.scenarios import Scenario
from experiments.store import KEY, Base, UtcDateTime

REVIEWERS = ("lead", "manager")
"""Who says that a standard stays as it is, and when it is looked at again."""
REVIEW_DAYS = 90
"""From a standard's coming into force to its first review, when nobody says another day."""
_MOST_DAYS = 400
_MOST_NOTE = 2000


class StandardReview(Base):
    """Somebody looked at a live standard, left it as it is, and said who looks again and by when."""

    __tablename__ = "standard_review"
    __table_args__ = (CheckConstraint("review_by > 20000000", name="review_by"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    scenario_id: Mapped[int] = mapped_column(ForeignKey("scenario.id"), index=True)
    script_version_id: Mapped[int] = mapped_column(ForeignKey("script_version.id"))
    owner: Mapped[str] = mapped_column(KEY)
    #: the site-local day, YYYYMMDD
    review_by: Mapped[int]
    note: Mapped[str]
    noted_by: Mapped[str] = mapped_column(KEY)
    noted_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class ReviewDue:
    """When a live standard is looked at again.

    Attributes:
        live: The standard.
        owner: Login of who sees to it.
        review_by: The last day, YYYYMMDD.
        reviews: What was noted of it since it came into force, the first first; the last one says when and who.
    """

    live: LiveStandard
    owner: str
    review_by: int
    reviews: tuple[StandardReview, ...]

    @property
    def noted(self) -> StandardReview | None:
        """Give the newest review; None where nobody has said anything since it came into force."""
        return self.reviews[-1] if self.reviews else None

    @property
    def cycle(self) -> int:
        """Give the number of its cycle: how often it was confirmed, and one."""
        return len(self.reviews) + 1

    def overdue(self, today: int) -> bool:
        """Say whether the day has passed."""
        return self.review_by < today


def review_standard(
    session: Session,
    scenario: Scenario,
    *,
    owner: str,
    review_by: int,
    note: str,
    actor: Actor,
    calendar: SiteCalendar,
    now: datetime,
) -> StandardReview:
    """Confirm the standard in force, and say who looks at it again and by when.

    Args:
        session: a writing session.
        scenario: whose standard.
        owner: login of a person.
        review_by: a day after today and within 400 days, YYYYMMDD.
        note: what was found; may be empty.
        actor: who confirms.
        calendar: the site's.
        now: when, UTC.

    Raises:
        NotAllowed: the actor is neither lead nor manager.
        Conflict: the scenario has no standard.
        Unknown: there is no such person.
        Invalid: the day or the note will not do.
    """
    if not actor.has(REVIEWERS):
        raise NotAllowed("This needs one of the roles %(roles)s.", roles=", ".join(REVIEWERS))
    live = live_standard(session, scenario)
    if live is None:
        raise Conflict("The scenario %(scenario)s has no standard script yet.", scenario=scenario.key)
    people.person_named(session, owner)
    _check(review_by, note, today=calendar.day(now))
    review = StandardReview(
        scenario_id=scenario.id,
        script_version_id=live.version_id,
        owner=owner,
        review_by=review_by,
        note=note.strip(),
        noted_by=actor.name,
        noted_at=now,
    )
    session.add(review)
    session.flush()
    audit.record(
        session, actor=actor.name, verb="review_standard", subject=f"scenario:{scenario.key}", now=now,
        version=live.version_id, owner=owner, review_by=review_by,
    )  # fmt: skip
    return review


def review_due(session: Session, live: LiveStandard, calendar: SiteCalendar) -> ReviewDue:
    """Say when a live standard is looked at again: as was last noted, else 90 days after it came into force."""
    noted = session.scalars(
        select(StandardReview)
        .where(StandardReview.scenario_id == live.scenario.id, StandardReview.script_version_id == live.version_id)
        .order_by(StandardReview.id)
    )
    return _due(live, noted, calendar)


def reviews_due(session: Session, calendar: SiteCalendar) -> list[ReviewDue]:
    """Give every live standard's next review, the earliest first."""
    known: dict[tuple[int, int], list[StandardReview]] = defaultdict(list)
    for each in session.scalars(select(StandardReview).order_by(StandardReview.id)):
        known[each.scenario_id, each.script_version_id].append(each)
    due = [_due(live, known[live.scenario.id, live.version_id], calendar) for live in live_standards(session)]
    return sorted(due, key=lambda each: (each.review_by, each.live.scenario.key))


def overdue(session: Session, calendar: SiteCalendar, today: int) -> list[ReviewDue]:
    """Give the live standards whose review is overdue on a site-local day (YYYYMMDD), the longest first."""
    return [due for due in reviews_due(session, calendar) if due.overdue(today)]


def _due(live: LiveStandard, noted: Iterable[StandardReview], calendar: SiteCalendar) -> ReviewDue:
    own = tuple(each for each in noted if each.noted_at >= live.since)  # earlier ones belong to an earlier time
    if own:
        return ReviewDue(live, own[-1].owner, own[-1].review_by, own)
    return ReviewDue(live, live.by, days_before(calendar.day(live.since), -REVIEW_DAYS), ())


def _check(review_by: int, note: str, *, today: int) -> None:
    try:
        ahead = (as_date(review_by) - as_date(today)).days
    except ValueError as error:
        raise invalid("review_by", "no_day", "%(day)s is no day.", day=review_by) from error
    if not 0 < ahead <= _MOST_DAYS:
        raise invalid("review_by", "out_of_bounds", "Choose a day after today, within %(days)s days.", days=_MOST_DAYS)
    if len(note) > _MOST_NOTE:
        raise invalid("note", "too_long", "The note is longer than %(most)s characters.", most=_MOST_NOTE)
