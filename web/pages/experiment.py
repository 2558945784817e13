"""The page of one experiment: what differs, what was seen, what is decided, and the moves open to the reader."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments.act.knowledge.entries import find_entry
from experiments.board import cards, moves
from experiments.board.cards import Card, Review, Stage
from experiments.board.confirming import may_be_confirmed
from experiments.board.sizes import Sizes
from experiments.check import history, looks
from experiments.check.examining.daily import of_plan
from experiments.check.freshness import Source, sources
from experiments.check.looks import Look
from experiments.check.metrics import MetricSpec, Totals
from experiments.check.results import Watch
from experiments.imports import ledger
from experiments.people import Actor
from experiments.plan.designs import Arm, Experiment, PlannedMetric
from experiments.plan.lineage import children_of
from experiments.plan.scenarios import metrics_of
from experiments.plan.scripts import Value
from web.formats import percent
from web.language import named, say
from web.pages import conditions, planned, rollout, verbs, words
from web.pages.amended import AMENDING, AmendedView, amended
from web.pages.figures import Figure
from web.pages.gate import ChairRow, ItemRow, chair_rows, item_rows
from web.pages.look.amounts import size
from web.pages.look.banner import Banner, banner
from web.pages.look.days import told_days
from web.pages.look.effects import told_effects
from web.pages.look.figures import Section, Told, place, section
from web.pages.look.guards import GuardRow, guards
from web.pages.look.health import FindingView, Health, findings, summed_up
from web.pages.look.looks import LookRow, look_rows
from web.pages.look.readings import MethodRow, ReadingRow, methods, readings
from web.pages.look.segments import for_whom
from web.pages.look.staying import told_staying
from web.pages.look.steps import why
from web.pages.look.sureness import Group, how_sure
from web.pages.moved import last_move
from web.pages.pictures.agents import told_agents
from web.pages.pictures.counts import counts_figure
from web.pages.pictures.funnel import told_funnel
from web.pages.pictures.ground import ground_of
from web.pages.pictures.maturing import told_maturing
from web.pages.pictures.path import told_path
from web.pages.planned import DesignRow
from web.pages.rollout import RolloutView
from web.pages.survey import CardView, Freshness, Survey, freshness
from web.pages.timeline import CommentView, Event, thread, timeline
from web.policy import DESIGNERS
from web.saying import arm_in_sentence

_LOOKS = {"approve": "primary", "submit": "primary", "start": "primary", "roll_out": "primary"}
_DANGERS = ("stop", "refuse", "abandon")
_ICONS = {
    "approve": "shield-check",
    "start": "player-play",
    "resume": "player-play",
    "pause": "player-pause",
    "drop_arm": "circle-x",
    "stop": "circle-x",
    "promote": "rocket",
    "roll_out": "rocket",
    "abandon": "archive",
    "submit": "check",
}


@dataclass(frozen=True, slots=True)
class MoveForm:
    """One move the reader may ask for now.

    `reason` is none, optional or required; `fuller` says that more is asked for, which only the card's page does.
    """

    verb: str
    text: str
    hint: str
    look: str
    icon: str
    reason: str
    fuller: bool


@dataclass(frozen=True, slots=True)
class ArmView:
    """One arm's value of the variable, in the reader's language; no text means that nothing is said."""

    key: str
    name: str
    text: str | None
    weight: str
    control: bool
    dropped: bool
    calls: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    """How far the data of one source reach."""

    name: str
    facts: int
    newest: str
    received: str


@dataclass(frozen=True, slots=True)
class Related:
    """Another experiment of the same line."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class ExperimentPage:
    """Everything on the page."""

    fresh: Freshness
    sources: list[SourceRow]
    card: CardView
    experiment: Experiment
    parent: Related | None
    children: list[Related]
    next_step: str
    moves: list[MoveForm]
    confirmable: bool
    proposals: list[tuple[str, str, bool]]
    proposal: str
    bar: str
    variable: str
    arms: list[ArmView]
    banner: Banner | None
    findings: list[FindingView]
    health: Health | None
    funnel: list[Figure]
    clustered: bool
    path: list[Figure]
    effects: list[Figure]
    readings: list[ReadingRow]
    methods: list[MethodRow]
    hidden: bool
    interim: bool
    why: Section | None
    for_whom: Section | None
    days: Section | None
    staying: list[Figure]
    agents: list[Figure]
    maturing: list[Figure]
    counts: Figure | None
    how_sure: list[Group]
    guards: list[GuardRow]
    facts: list[tuple[str, str]]
    designs: list[DesignRow]
    metrics: list[tuple[str, str, str, str]]
    audience: list[str]
    condition: str
    amended: AmendedView
    looks: list[LookRow]
    beginning: rollout.Beginning | None
    rollout: RolloutView | None
    chairs: list[ChairRow]
    checklist: list[ItemRow]
    comments: list[CommentView]
    history: list[Event]
    notes: list[str]
    learned: bool
    moved: int


def experiment_page(session: Session, key: str, visitor: Actor) -> ExperimentPage:
    """See one experiment in full.

    Raises:
        Unknown: there is none with this key.
    """
    card, survey = cards.card_of(session, key), Survey(session, visitor)
    experiment = card.experiment
    made = looks.looks_of(session, experiment)
    catalogue = metrics_of(session, experiment.scenario.catalogue)
    watch = survey.watch(experiment) if experiment.started_at else None
    last = made[-1] if made else None
    ground = ground_of(session, experiment, made, today=survey.today, watch=watch)
    sizes = Sizes(session, experiment)
    arms = [_arm(survey, experiment, arm, ground.totals) for arm in experiment.arms]
    steps, specs, shown = dict(ground.steps), ground.specs, ground.shown
    found = findings(watch.findings if watch else of_plan(experiment), last)
    return ExperimentPage(
        fresh=freshness(session),
        sources=[_source(survey, each) for each in sources(session, experiment)],
        card=survey.card(card),
        experiment=experiment,
        parent=_related(experiment.parent) if experiment.parent else None,
        children=[_related(child) for child in children_of(session, experiment)],
        next_step=_next_step(card),
        moves=move_forms(survey, card),
        confirmable=may_be_confirmed(card, last) and visitor.has(DESIGNERS),
        proposals=_proposals(card, last),
        proposal=_proposal(card),
        bar=_bar(survey, card),
        variable=survey.element(experiment.scenario.catalogue, experiment.variable),
        arms=arms,
        banner=banner(experiment, last, watch, survey.calls(experiment), specs, steps),
        findings=found,
        health=summed_up(found),
        funnel=_placed(key, told_funnel(ground)),
        clustered=experiment.unit != "call",
        path=_placed(key, told_path(ground)),
        effects=_placed(key, told_effects(experiment, shown, specs)) if shown else [],
        readings=readings(experiment, shown, specs, {m.key: m.note for m in catalogue.values()}) if shown else [],
        methods=methods(experiment, shown, specs) if shown else [],
        hidden=last is not None and shown is None,
        interim=last is not None and not last.final,
        why=why(experiment, shown, steps) if shown else None,
        for_whom=for_whom(experiment, shown, specs) if shown else None,
        days=_days(experiment, shown) if shown else None,
        staying=_placed(key, told_staying(experiment, shown)) if shown else [],
        agents=_placed(key, told_agents(ground)),
        maturing=_placed(key, told_maturing(ground)),
        counts=counts_figure(ground),
        how_sure=how_sure(experiment, last, specs, effects=shown is not None) if last else [],
        guards=guards(_guards(experiment, last, watch), specs),
        facts=planned.facts(session, experiment, sizes),
        designs=planned.designs(experiment, sizes),
        metrics=[_metric(m, specs[m.metric]) for m in experiment.metrics],
        audience=conditions.audience(experiment.audience),
        condition=json.dumps(experiment.audience, ensure_ascii=False, indent=2),
        amended=amended(session, survey, experiment),
        looks=look_rows(experiment, made, survey.name),
        beginning=rollout.beginning(session, card),
        rollout=rollout.view(session, experiment, specs, survey.today),
        chairs=chair_rows(survey, card),
        checklist=item_rows(session, survey, card),
        comments=thread(session, survey, card),
        history=timeline(session, survey, card, specs),
        notes=_notes(session, experiment),
        learned=find_entry(session, experiment) is not None,
        moved=last_move(session, card),
    )


def _placed(key: str, told: list[Told]) -> list[Figure]:
    return [place(each, key) for each in told]


def _days(experiment: Experiment, look: Look) -> Section | None:
    told = told_days(experiment, look)
    return section(experiment.key, told[:1], told[1:], [])


def _related(experiment: Experiment) -> Related:
    return Related(experiment.key, named(experiment.title))


def arm_text(value: Value, element: Any) -> str | None:
    """Say an arm's value in the reader's language; None is nothing said."""
    if value is None:
        return None
    return words.position(element(value["after"])) if "after" in value else named(value)


def _arm(survey: Survey, experiment: Experiment, arm: Arm, calls: Mapping[str, Totals]) -> ArmView:
    catalogue = experiment.scenario.catalogue
    return ArmView(
        key=arm.key,
        name=words.arm(arm.key, control=arm.position == 0),
        text=arm_text(arm.value, lambda key: survey.element(catalogue, key)),
        weight=percent(arm.weight / 10_000, 0),
        control=arm.position == 0,
        dropped=arm not in experiment.dealt,
        calls=calls[arm.key]["calls"] if calls else 0,
    )


def _source(survey: Survey, told: Source) -> SourceRow:
    newest, received = words.moment(told.newest_at), words.moment(told.newest_received_at)
    return SourceRow(_source_name(survey, told.source), told.facts, newest, received)


def _source_name(survey: Survey, source: str) -> str:
    """Name who told: a token as elsewhere, a file by the first letters of its hash."""
    kind, _colon, rest = source.partition(":")
    if kind == "import":
        return _("File %(name)s", name=rest) if rest else _("Files")
    return survey.name(source)


def _next_step(card: Card) -> str:
    """Say what carries the card on, or how its life has ended."""
    if card.review == Review.STANDARD and card.proposal == card.experiment.arms[0].key:
        return _("Decided: the standard stays as it was.")
    if card.review == Review.STANDARD and card.proposal is not None:
        return _("%(arm)s is the standard now: there is nothing left to do here.", arm=arm_in_sentence(card.proposal))
    if card.review == Review.ABANDONED:
        return _("Closed without a change: the standard stays as it was.")
    return words.next_step(card)


def move_forms(survey: Survey, card: Card) -> list[MoveForm]:
    """Offer the moves that would not be refused; the one that carries the card on stands first."""
    barred = card.review == Review.IN_REVIEW and survey.bar(card) is not None
    offered = [
        _form(card, verb, needs_reason)
        for verb, needs_reason in moves.open_moves(survey.session, card, survey.visitor, survey.gates)
        if not (verb == "approve" and barred)
    ]
    return sorted(offered, key=lambda form: form.verb != words.forward(card))


def _form(card: Card, verb: str, needs_reason: bool) -> MoveForm:
    proposing = verb == "submit" and card.stage == Stage.CHECK
    return MoveForm(
        verb=verb,
        text=verbs.move(verb, card.stage),
        hint=verbs.consequence(verb, card.stage),
        look="danger" if verb in _DANGERS else _LOOKS.get(verb, ""),
        icon=_ICONS.get(verb, ""),
        reason="required" if needs_reason else "optional" if proposing or verb == "approve" else "none",
        fuller=proposing or verb in (*AMENDING, "roll_out"),
    )


def _bar(survey: Survey, card: Card) -> str:
    """Say why a reader whose role the gate asks for finds no approve button."""
    if card.review != Review.IN_REVIEW or not survey.visitor.has(survey.gates.roles(card.stage)):
        return ""
    barred = survey.bar(card)
    return say(words.in_words(barred, survey.name)) if barred else ""


def _proposals(card: Card, last: Look | None) -> list[tuple[str, str, bool]]:
    """Give what Act may be asked for: (arm, words, whether the verdict says so)."""
    if (card.stage, card.review) != (Stage.CHECK, Review.OPEN):
        return []
    advised = last.challenger if last else None
    arms = [(arm.key, _proposed(arm.key), arm.key == advised) for arm in card.experiment.dealt[1:]]
    return [*arms, ("", _("Keep the standard"), advised is None)]


def _proposal(card: Card) -> str:
    if card.stage not in (Stage.CHECK, Stage.ACT) or card.review not in (Review.IN_REVIEW, Review.APPROVED):
        return ""
    return _proposed(card.proposal) if card.proposal else _("Keep the standard")


def _proposed(arm: str) -> str:
    return _("Make %(arm)s the standard", arm=arm_in_sentence(arm))


def _guards(experiment: Experiment, last: Look | None, watch: Watch | None) -> Iterable[Any]:
    """Give guardrails as they are now; once the test has ended, as the verdict read them."""
    if experiment.ended_at is not None and last is not None:
        frozen: Iterable[Any] = last.content["watch"]["guards"]
        return frozen
    return watch.guards if watch else ()


def _metric(planned: PlannedMetric, spec: MetricSpec) -> tuple[str, str, str, str]:
    """Give a planned metric: its role, name, margin, and what that asks of it."""
    margin = size(planned.margin, spec) if planned.margin else ""
    duty = ""
    if planned.role == "guardrail":
        duty = _("Watched: alarms, need not be cleared") if planned.watch else _("Must be cleared")
    window = _("counted after %(days)s", days=words.days(spec.window_days)) if spec.window_days else ""
    return words.metric_role(planned.role), named(spec.name), margin, words.listed(t for t in (duty, window) if t)


def _notes(session: Session, experiment: Experiment) -> list[str]:
    """Say what the calls behind a test are, where they are not what was heard here, and what of them is made up."""
    origins = [words.origin(origin) for origin in sorted(history.origins(session, experiment))]
    made_up = words.synthetic(ledger.synthetic_fields(session, experiment=experiment.key))
    return [note for note in (*origins, made_up) if note]
