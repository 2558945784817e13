"""Control on a scenario's page: charts of the standard's key rates, what was found in them, and the next review."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments import people
from experiments.act import reviews
from experiments.act.control import charts, signals
from experiments.act.control.charts import ControlChart
from experiments.act.control.rates import EVERYWHERE
from experiments.act.control.signals import ControlSignal
from experiments.act.live import LiveStandard, live_standard
from experiments.act.reviews import REVIEW_DAYS, REVIEWERS, ReviewDue, StandardReview
from experiments.board.after_signal import Proposal, propose_after
from experiments.calendar import days_before
from experiments.check.variables.survey import survey_variables
from experiments.errors import Conflict, Invalid, NotAllowed, Unknown
from experiments.imports import ledger
from experiments.people import Actor
from experiments.plan.scenarios import Scenario, scenario_named
from web.charts.data import DayChart, DayRow
from web.charts.kinds import packed
from web.charts.words import day_words
from web.formats import percent
from web.house import house
from web.language import named, say
from web.pages import words
from web.pages.figures import Figure, fetched
from web.pages.survey import Survey

_SIGNALS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class SignalView:
    """One signal."""

    id: int
    text: str
    worse: bool
    rule: str
    found: str


@dataclass(frozen=True, slots=True)
class EarlierReview:
    """A time that the standard was looked at and left as it is: the cycle that this ended, and what was noted."""

    cycle: int
    when: datetime
    at: str
    by: str
    until: str
    note: str


@dataclass(frozen=True, slots=True)
class ReviewView:
    """When the standard is looked at again, and what the visitor may say of it."""

    owner: str
    by: str
    overdue: bool
    noted: str
    note: str
    cycle: int
    earlier: list[EarlierReview]
    may: bool
    owners: list[tuple[str, str]]
    chosen: str
    next_day: str
    first_day: str


@dataclass(frozen=True, slots=True)
class ControlView:
    """Everything under the heading of control; `waiting` says why there is no chart."""

    region: str
    regions: list[str]
    figures: list[Figure]
    waiting: str
    promise: str
    signals: list[SignalView]
    review: ReviewView


def control_view(session: Session, scenario: Scenario, survey: Survey, region: str | None) -> ControlView | None:
    """See a scenario's standard under control; None where it has none.

    Args:
        session: to read with.
        scenario: which.
        survey: who visits, and what the board knows.
        region: one region's charts; None or '' for all regions together.
    """
    live = live_standard(session, scenario)
    if live is None:
        return None
    there, chosen, drawn = _charts(session, live, survey.today, region)
    arguments = {"region": chosen} if chosen else {}
    return ControlView(
        region=chosen,
        regions=there,
        figures=[_placed(_told(chart), scenario.key, arguments) for chart in drawn],
        waiting="" if drawn else _waiting(live, survey.today),
        promise=_(
            "Of all charts of a call type together, one false signal in %(years)s years is to be expected. What a "
            "signal finds is a question, not an effect: days are not dealt by lot.",
            years=f"{charts.DAYS_PER_FALSE_SIGNAL / 365:g}",
        ),
        signals=[_signal(found) for found in signals.signals_of(session, scenario)[:_SIGNALS_SHOWN]],
        review=_review(session, reviews.review_due(session, live, house().calendar), survey),
    )


def overdue_reviews(session: Session, visitor: Actor) -> list[tuple[str, str, str, str]]:
    """Give the standards whose review is overdue, the longest first, as (key, name, day, owner)."""
    survey = Survey(session, visitor)
    late = reviews.overdue(session, house().calendar, survey.today)
    return [
        (due.live.scenario.key, named(due.live.scenario.name), words.day(due.review_by), survey.name(due.owner))
        for due in late
    ]


def confirm(key: str, owner: str, review_by: str, note: str, visitor: Actor) -> tuple[str, str]:
    """Write a review of the standard down, and say what came of it: a kind of flash, and its sentence.

    Raises:
        Unknown: there is no such scenario.
    """
    day = review_by.replace("-", "")
    try:
        with house().store.write() as session:
            scenario = scenario_named(session, key)
            try:
                reviews.review_standard(
                    session,
                    scenario,
                    owner=owner,
                    review_by=int(day) if day.isdecimal() and day.isascii() and len(day) == 8 else 0,
                    note=note,
                    actor=visitor,
                    calendar=house().calendar,
                    now=house().clock(),
                )
            except Unknown as refusal:
                return "warning", say(words.in_words(refusal.message))
    except Invalid as refusal:
        return "warning", " ".join(say(words.in_words(problem.message)) for problem in refusal.problems)
    except (Conflict, NotAllowed) as refusal:
        return "warning", say(words.in_words(refusal.message))
    return "success", _("The standard is confirmed; the next review is due by %(day)s.", day=words.day(int(day)))


def proposal(session: Session, key: str, number: int) -> Proposal | None:
    """Give the plan that a signal proposes; None where the standard has no words that a test may vary.

    Raises:
        Unknown: there is no such scenario, or it has no such signal.
    """
    scenario = scenario_named(session, key)
    signal = signals.signal_numbered(session, scenario, number)
    survey = survey_variables(session, synthetic=ledger.made_up_experiments(session))
    return propose_after(session, scenario, signal, survey)


def _waiting(live: LiveStandard, today: int) -> str:
    first = live.first_day(house().calendar)
    until = days_before(first, -charts.FIRST_DAYS - 1)
    if today <= until:
        return _(
            "The standard has been in force since %(day)s. Its first four weeks say what is usual: the charts begin on "
            "%(until)s.",
            day=words.day(first),
            until=words.day(until),
        )
    return _("Too few calls heard this standard in its first weeks to say what is usual.")


def drawn_control(session: Session, scenario: Scenario, name: str, region: str | None) -> bytes | None:
    """Give what charts.js draws of one key rate, packed with gzip; None where there is no such chart now.

    Args:
        session: to read with.
        scenario: whose standard.
        name: of the chart.
        region: as of the page; one that the standard is not in is none.
    """
    live = live_standard(session, scenario)
    if live is None:
        return None
    _there, _chosen, drawn = _charts(session, live, house().calendar.day(house().clock()), region)
    return next((packed(_told(chart)[0]) for chart in drawn if _name(chart) == name), None)


def _charts(
    session: Session, live: LiveStandard, today: int, region: str | None
) -> tuple[list[str], str, Sequence[ControlChart]]:
    """Give the regions that there are, the one that is looked at, and its charts."""
    calendar = house().calendar
    there = charts.regions_of(session, live, calendar=calendar, today=today)
    chosen = region if region is not None and region in there else EVERYWHERE
    return there, chosen, charts.charts_of(session, live, calendar=calendar, today=today, region=chosen)


def _name(chart: ControlChart) -> str:
    return f"control-{chart.rate.spec.key}"


def _placed(told: tuple[DayChart, str], key: str, arguments: Mapping[str, Any]) -> Figure:
    chart, summary = told
    source = url_for("pages.scenario_picture", key=key, name=chart.file_name, **arguments)
    return fetched(chart.file_name, chart, summary, source)


def _told(chart: ControlChart) -> tuple[DayChart, str]:
    """Give the chart with its finding, and how to read it."""
    name, where = named(chart.rate.spec.name), chart.region or _("all regions")
    rows = tuple(_rows(chart))
    found = [row for row in rows if row.signal]
    title = _("%(metric)s, %(region)s: signals on %(count)s days", metric=name, region=where, count=len(found))
    if not found:
        title = _("%(metric)s, %(region)s: as usual", metric=name, region=where)
    past = chart.window.baseline
    summary = _(
        "Usual is %(rate)s, from %(first)s to %(last)s, by weekday; the limits allow for each day's number of calls "
        "and for days being %(spread)s times as unlike as chance alone would make them. Data as of %(until)s.",
        rate=percent(chart.baseline.rate, 2),
        first=words.day(past[0]),
        last=words.day(past[-1]),
        spread=f"{chart.baseline.spread:.1f}",
        until=words.day(chart.window.watched[-1]),
    )
    return DayChart(title, rows, _name(chart), day_words()), summary


def _rows(chart: ControlChart) -> Sequence[DayRow]:
    told = {alarm.found: _rule(str(alarm.rule), alarm.direction) for alarm in chart.chart.alarms}
    return [
        DayRow(
            words.day(day),
            words.short_day(day),
            counts.n,
            point.rate if counts.n else None,
            point.centre,
            point.low if counts.n else None,
            point.high if counts.n else None,
            smoothed.mean,
            told.get(place, ""),
        )
        for place, (day, counts, point, smoothed) in enumerate(
            zip(chart.window.watched, chart.counts, chart.chart.points, chart.chart.smoothed, strict=True)
        )
    ]


def _rule(rule: str, direction: str) -> str:
    return {
        ("nelson_1", "up"): _("Above the limits"),
        ("nelson_1", "down"): _("Below the limits"),
        ("nelson_2", "up"): _("Above the usual for too long"),
        ("nelson_2", "down"): _("Below the usual for too long"),
        ("cusum", "up"): _("Has risen (cumulative sum)"),
        ("cusum", "down"): _("Has fallen (cumulative sum)"),
    }.get((rule, direction), rule)


def _signal(signal: ControlSignal) -> SignalView:
    rule = _rule(signal.rule, signal.direction)
    return SignalView(signal.id, say(signal.words), signal.worse, rule, words.day(signal.found_day))


def _review(session: Session, due: ReviewDue, survey: Survey) -> ReviewView:
    logins = [person.login for person in people.everyone(session) if person.roles]
    own = survey.visitor.name
    noted = due.noted
    now = house().clock()
    return ReviewView(
        owner=survey.name(due.owner),
        by=words.day(due.review_by),
        overdue=due.overdue(survey.today),
        noted=(
            _("Confirmed by %(name)s, %(at)s.", name=survey.name(noted.noted_by), at=words.moment(noted.noted_at))
            if noted
            else _("Nobody has confirmed it yet since it came into force.")
        ),
        note=noted.note if noted else "",
        cycle=due.cycle,
        earlier=[_earlier(survey, cycle, each) for cycle, each in enumerate(due.reviews, 1)][::-1],
        may=survey.visitor.has(REVIEWERS),
        owners=[(login, survey.name(login)) for login in logins],
        chosen=due.owner if due.owner in logins else own,
        next_day=(now + timedelta(days=REVIEW_DAYS)).date().isoformat(),
        first_day=(now + timedelta(days=1)).date().isoformat(),
    )


def _earlier(survey: Survey, cycle: int, review: StandardReview) -> EarlierReview:
    at, by = words.moment(review.noted_at), survey.name(review.noted_by)
    return EarlierReview(cycle, review.noted_at, at, by, words.day(review.review_by), review.note)
