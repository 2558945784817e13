"""A card's review pack: the plan, the words, what was seen and what was said, for those who decide on it."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.check import looks
from experiments.people import Actor
from experiments.plan import scripts
from experiments.plan.designs import Arm, Experiment
from web.house import house
from web.language import locale, named
from web.pages import words
from web.pages.experiment import ExperimentPage, arm_text, experiment_page
from web.pages.scenarios import Spoken, spoken_lines
from web.pages.survey import Survey
from web.pages.timeline import CommentView
from web.reports.tables import Column, Table, pairs
from web.saying import ENDONYMS, LOCALES


@dataclass(frozen=True, slots=True)
class ArmTexts:
    """What the arms say in one language, the control first: (name, text), no text being nothing said."""

    language: str
    tag: str
    arms: list[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything on the page: the card's own page, and what only the pack has."""

    page: ExperimentPage
    printed: str
    texts: list[ArmTexts]
    script: list[Spoken]
    script_name: str
    seal: str


def pack_page(session: Session, key: str, visitor: Actor) -> Pack:
    """See one card as its reviewers do.

    Raises:
        Unknown: there is none with this key.
    """
    page, survey = experiment_page(session, key, visitor), Survey(session, visitor)
    experiment = page.experiment
    lines = scripts.lines_of(experiment.control.lines)
    made = looks.looks_of(session, experiment)
    return Pack(
        page=page,
        printed=words.moment(house().clock()),
        texts=_texts(survey, experiment),
        script=spoken_lines(survey, experiment.scenario.catalogue, lines, locale(), experiment.variable),
        script_name=f"{experiment.control.script.key} v{experiment.control.number}",
        seal=made[-1].content_hash if made else "",
    )


def _texts(survey: Survey, experiment: Experiment) -> list[ArmTexts]:
    mine_first = sorted(LOCALES, key=lambda language: language != locale())
    if any("after" in (arm.value or {}) for arm in experiment.arms):
        mine_first = mine_first[:1]  # positions are named in the reader's language
    return [
        ArmTexts(
            ENDONYMS[language],
            language,
            [
                (words.arm(arm.key, control=arm.position == 0), _text(survey, experiment, arm, language))
                for arm in experiment.arms
            ],
        )
        for language in mine_first
    ]


def _text(survey: Survey, experiment: Experiment, arm: Arm, language: str) -> str | None:
    if arm.value is None or "after" in arm.value:
        return arm_text(arm.value, lambda key: survey.element(experiment.scenario.catalogue, key))
    return str(arm.value.get(language, ""))


def pack_tables(pack: Pack) -> list[Table]:
    """Give the pack as tables; those with nothing in them are left out."""
    page = pack.page
    tables = [
        pairs("plan", _("Plan"), (_("What"), _("As registered")), list(_plan(pack))),
        Table(
            "texts",
            _("Texts"),
            [Column(_("Language")), Column(_("Arm")), Column(_("Text"))],
            [[each.language, name, text or ""] for each in pack.texts for name, text in each.arms],
        ),
        Table(
            "metrics",
            _("Metrics"),
            [Column(_("Metric")), Column(_("Role")), Column(_("Margin")), Column(_("Duty"))],
            [[name, role, margin, duty] for role, name, margin, duty in page.metrics],
        ),
        _arms(page),
        *_seen(page),
        *_said(page),
    ]
    return [table for table in tables if table.rows]


def _plan(pack: Pack) -> Iterable[tuple[str, str]]:
    page = pack.page
    yield _("Key"), page.card.key
    yield _("Title"), page.card.title
    yield _("Scenario"), page.card.scenario
    yield _("Variable"), page.variable
    yield _("Owner"), page.card.owner
    yield _("State"), f"{words.stage(page.card.stage)} · {words.review(page.card.review)}"
    yield _("Hypothesis"), named(page.experiment.hypothesis)
    yield _("Audience"), words.listed(page.audience)
    yield from page.facts
    if page.banner:
        yield _("Verdict"), page.banner.headline
    yield _("Data as of"), page.fresh.as_of
    if pack.seal:
        yield _("Seal of the last look (SHA-256)"), pack.seal


def _arms(page: ExperimentPage) -> Table:
    return Table(
        "arms",
        _("Calls by arm"),
        [Column(_("Arm")), Column(_("Planned share")), Column(_("Eligible assigned calls"), "count")],
        [[arm.name, arm.weight, arm.calls] for arm in page.arms],
    )


def _seen(page: ExperimentPage) -> Iterable[Table]:
    read = [] if page.hidden else page.readings
    yield Table(
        "readings",
        _("Effects"),
        [
            *(Column(name) for name in (_("Metric"), _("Role"), _("Challenger"), _("Control"))),
            *(Column(name) for name in (_("Challenger's value"), _("Difference"), _("Interval"))),
            *(Column(name) for name in (_("Relative"), _("Evidence"), _("Calls up to"))),
        ],
        [
            [
                *(row.metric, row.role, row.challenger, row.control_value, row.challenger_value),
                *(row.difference, row.interval, row.relative, row.evidence, row.until),
            ]
            for row in read
        ],
    )
    yield Table(
        "guards",
        _("Guardrails"),
        [Column(name) for name in (_("Metric"), _("Challenger"), _("Margin"), _("Interval"), _("What is known"))],
        [[row.metric, row.challenger, row.margin, row.interval, row.known] for row in page.guards],
    )
    yield Table(
        "looks",
        _("Looks"),
        [Column(n) for n in (_("No."), _("Of the plan"), _("Decides at"), _("Made"), _("By"), _("Verdict"))],
        [[str(row.number), row.share, row.decides_at, row.made, row.by, row.conclusion] for row in page.looks],
    )
    yield Table(
        "health",
        _("Health"),
        [Column(name) for name in (_("State"), _("Check"), _("What"), _("What to do:"))],
        [[row.state, row.title, row.what, row.fix] for row in page.findings],
    )


def _said(page: ExperimentPage) -> Iterable[Table]:
    when = Column(_("When")), Column(_("Who"))
    yield Table(
        "history",
        _("Decisions"),
        [*when, Column(_("What")), Column(_("State")), Column(_("Reason"))],
        [
            [event.at, event.by, event.text, event.state, event.said]
            for event in page.history
            if event.kind != "comment"
        ],
    )
    yield Table(
        "comments",
        _("Comments"),
        [*when, Column(_("Text"))],
        [[said.at, said.by, said.text] for said in _in_order(page.comments)],
    )


def _in_order(thread: Iterable[CommentView]) -> Iterable[CommentView]:
    for said in thread:
        yield said
        yield from _in_order(said.answers)
