"""The page of one entry: the question, the words, what was measured and decided, and what speaks for it or against."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from experiments import people
from experiments.act.knowledge.entries import KnowledgeEntry, entry_named
from experiments.act.knowledge.evidence import Linked, linked_evidence
from experiments.act.knowledge.notes import NOTERS, add_note, notes_on
from experiments.check.metrics import MetricSpec
from experiments.errors import Invalid, NotAllowed
from experiments.imports import ledger
from experiments.people import Actor
from web.house import house
from web.language import named, say
from web.pages import verbs, words
from web.pages.knowledge import told
from web.pages.knowledge.told import Amount
from web.pages.look import amounts, naming
from web.pages.look.guards import GuardRow, guards
from web.pages.look.segments import difference_in_words
from web.pages.survey import called
from web.saying import arm_name


@dataclass(frozen=True, slots=True)
class ArmTold:
    """One arm; no text means that nothing was said."""

    name: str
    text: str | None
    calls: str


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One challenger's effect on the primary metric."""

    arm: str
    control: str
    rate: str
    effect: Amount
    p: str


@dataclass(frozen=True, slots=True)
class SegmentRows:
    """The effect by what the plan declared, and whether it differs."""

    title: str
    rows: list[tuple[str, str, Amount]]


@dataclass(frozen=True, slots=True)
class LinkedRow:
    """Another entry of the same variable, or a note of somebody; `speaks` is for, against or neither."""

    speaks: str
    key: str
    title: str
    scenario: str
    effect: Amount
    verdict: tuple[str, str, str]
    ended: str


@dataclass(frozen=True, slots=True)
class NoteRow:
    """What somebody added."""

    speaks: str
    text: str
    url: str | None
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Everything on the page."""

    key: str
    title: str
    kind: str
    scenario: tuple[str, str]
    variable: tuple[str, str]
    metric: tuple[str, str]
    hypothesis: str
    verdict: tuple[str, str, str]
    decision: str
    against: bool
    finding: Amount
    hidden: bool
    interim: bool
    arms: list[ArmTold]
    effects: list[EffectRow]
    guards: list[GuardRow]
    segments: list[SegmentRows]
    reasons: list[str]
    said: list[tuple[str, str, str, str]]
    facts: list[tuple[str, str]]
    approvers: list[tuple[str, str, str, str]]
    notes_on_data: list[str]
    evidence: list[LinkedRow]
    reach: float
    notes: list[NoteRow]
    may_note: bool


def entry_page(session: Session, key: str, visitor: Actor) -> EntryPage:
    """See what one cycle left behind.

    Raises:
        Unknown: there is no such experiment, or it has left no entry yet.
    """
    entry = entry_named(session, key)
    content, look = entry.content, entry.content["look"]
    names = {person.login: person.name for person in people.everyone(session)}
    made_up, fields = ledger.made_up_experiments(session), ledger.synthetic_fields(session, experiment=key)
    evidence = [_linked(each) for each in linked_evidence(session, entry, synthetic=made_up)]
    finding, hidden = told.effect_of(content), look is not None and look["hidden"]
    spec = told.spec_in(content)
    return EntryPage(
        key=key,
        title=named(content["title"]),
        kind=content["kind"],
        scenario=(content["scenario"]["key"], named(content["scenario"]["name"])),
        variable=(entry.variable, named(content["variable"]["name"]) or entry.variable),
        metric=(named(content["metric"]["name"]), named(content["metric"]["note"])),
        hypothesis=named(content["hypothesis"]),
        verdict=told.verdict_badge(entry.verdict),
        decision=told.decided(entry),
        against=content["decision"]["against"],
        finding=finding,
        hidden=hidden,
        interim=look is not None and not hidden and not content["counts"],
        arms=[_arm(arm, control=position == 0) for position, arm in enumerate(content["arms"])],
        effects=[_effect(each, spec) for each in look["effects"]] if look and not hidden else [],
        guards=guards(look["guards"], told.specs_in(content)) if look else [],
        segments=[_segments(each, spec, content["alpha"]) for each in look["segments"]] if look and not hidden else [],
        reasons=[say(reason) for reason in look["reasons"]] if look and not hidden else [],
        said=[_reason(each, names) for each in content["said"]],
        facts=_facts(entry, names),
        approvers=[_approver(each, names) for each in content["approvers"]],
        notes_on_data=[text for text in (*map(words.origin, content["origins"]), words.synthetic(fields)) if text],
        evidence=evidence,
        reach=told.reach_of([finding, *(row.effect for row in evidence)]),
        notes=[
            NoteRow(n.speaks, n.text, n.url, called(n.author, names), words.moment(n.at))
            for n in notes_on(session, entry)
        ],
        may_note=visitor.has(NOTERS),
    )


def note(key: str, speaks: str, text: str, url: str, visitor: Actor) -> tuple[str, str]:
    """Add evidence to an entry, and say what came of it: a kind of flash, and its sentence.

    Raises:
        Unknown: there is no such experiment, or it has left no entry yet.
    """
    try:
        with house().store.write() as session:
            add_note(session, key, speaks, text, url=url, actor=visitor, now=house().clock())
    except Invalid as refusal:
        return "warning", " ".join(say(problem.message) for problem in refusal.problems)
    except NotAllowed as refusal:
        return "warning", say(words.in_words(refusal.message))
    return "success", _("Your note is there.")


def _arm(arm: Mapping[str, Any], *, control: bool) -> ArmTold:
    calls = "" if arm["calls"] is None else words.calls(arm["calls"])
    return ArmTold(words.arm(arm["key"], control=control), told.arm_text(arm), calls)


def _effect(found: Mapping[str, Any], spec: MetricSpec) -> EffectRow:
    return EffectRow(
        arm=words.arm(found["arm"], control=False),
        control=amounts.rate(found["control"], spec),
        rate=amounts.rate(found["rate"], spec),
        effect=told.amount(found, spec),
        p=amounts.p_value(found["p_value"]) if found["at_end"] else "",
    )


def _segments(found: Mapping[str, Any], spec: MetricSpec, alpha: float) -> SegmentRows:
    title = difference_in_words(found["moderator"], found["p_value"], alpha)
    rows = [
        (naming.level(found["moderator"], each["level"]), words.calls(each["calls"]), told.amount(each, spec))
        for each in found["levels"]
    ]
    return SegmentRows(words.headed(arm_name(found["arm"]), title), rows)


def _reason(said: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, str, str, str]:
    """Give who, did what, when, and why."""
    at = words.moment(datetime.fromisoformat(said["at"]))
    return called(said["by"], names), verbs.done(said["verb"], said["stage"]), at, said["reason"]


def _approver(found: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, str, str, str]:
    """Give the gate, the role, who, and when."""
    at = words.moment(datetime.fromisoformat(found["at"]))
    return words.stage(found["stage"]), words.role(found["role"]), called(found["by"], names), at


def _facts(entry: KnowledgeEntry, names: Mapping[str, str]) -> list[tuple[str, str]]:
    content = entry.content
    dates = {name: datetime.fromisoformat(at) if at else None for name, at in content["dates"].items()}
    authors = words.listed(called(login, names) for login in content["people"]["authors"])
    known = [
        (_("Written by"), authors),
        (_("Dealt by"), words.unit(content["unit"])),
        (_("Started"), words.moment(dates["started"]) if dates["started"] else ""),
        (_("Stopped"), words.moment(dates["stopped"]) if dates["stopped"] else ""),
        (_("Data as of"), words.day(content["look"]["as_of"]) if content["look"] else ""),
        (_("Decided on"), words.moment(entry.ended_at)),
        (_("Carried out by"), called(content["decision"]["by"], names)),
    ]
    return [(name, text) for name, text in known if text]


def _linked(linked: Linked) -> LinkedRow:
    content = linked.entry.content
    return LinkedRow(
        speaks=linked.speaks,
        key=linked.entry.experiment.key,
        title=named(content["title"]),
        scenario=named(content["scenario"]["name"]),
        effect=told.effect_of(content),
        verdict=told.verdict_badge(linked.entry.verdict),
        ended=words.day(linked.entry.ended_day),
    )
