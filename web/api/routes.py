"""The API's views: read the body, ask one verb, write the answer. What they answer is described by `docs`."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, request
from sqlalchemy.orm import Session
from werkzeug.routing import BaseConverter

from experiments.act import reviews
from experiments.act.knowledge.notes import add_note
from experiments.board import cards, comments, confirming, moves, standard_cards, ticking
from experiments.board.cards import Move
from experiments.board.transitions import TRANSITIONS
from experiments.check.spoken import hearing
from experiments.check.variables.survey import survey_variables
from experiments.do import assignments, served
from experiments.do.recording import Receipt
from experiments.errors import invalid
from experiments.imports import ledger
from experiments.people import Actor
from experiments.plan.scenarios import scenario_named
from web.api import answers, knowledge, reports, standards, traffic
from web.api.bodies import expect_json
from web.api.examples import ASSIGNMENT, COMMENT, HEARD, MOVE, NOTE, OUTCOMES, PLAN, REVIEW, TICK
from web.api.schemas.calls import AssignmentAnswer, AssignmentRequest, OutcomeEnvelope, ReceiptAnswer
from web.api.schemas.gates import Comment, CommentBody, TickBody
from web.api.schemas.knowledge import EntryAnswer, KnowledgeAnswer, KnowledgeNote, KnowledgeQuery, NoteBody
from web.api.schemas.listening import HeardAnswer, HeardBody, ListeningAnswer
from web.api.schemas.plans import Card, Cards, ExperimentAnswer, MoveBody, PlanBody
from web.api.schemas.reports import ReportsAnswer, ReportsQuery
from web.api.schemas.results import ResultsAnswer
from web.api.schemas.standards import ProposalAnswer, ReviewBody, StandardAnswer, StandardsAnswer
from web.api.schemas.traffic import TrafficAnswer, TrafficQuery
from web.api.schemas.variables import VariablesAnswer, VariablesQuery
from web.api.variables import variables
from web.auth import actor
from web.house import House, house

VERBS = tuple(dict.fromkeys(verb for (_, _, verb), move in TRANSITIONS.items() if not move.by_job))
"""The moves that people ask for; the others are the schedule's."""


class KeyConverter(BaseConverter):
    """A key in an address; what no key can be is no address."""

    regex = r"[^/\x00-\x1f\x7f-\x9f]{1,64}"


api = APIBlueprint("api", __name__, url_prefix="/api/v1")
api.record(lambda state: state.app.url_map.converters.update(key=KeyConverter))
api.before_request(expect_json)


@api.post("/assignments")
@api.input(AssignmentRequest, arg_name="asked", example=ASSIGNMENT)
@api.output(AssignmentAnswer)
def assign(asked: AssignmentRequest) -> Response:
    """Ask which script to read in a call.

    The answer is kept before it is given. The first answer for a call in a scenario is its answer for ever,
    whatever a later body says.
    """
    return Response(assigned(house(), asked), mimetype="application/json")


def assigned(here: House, asked: AssignmentRequest) -> bytes:
    """Assign a call and write the answer: the verb behind this address, whichever way a request came in."""
    (answer,) = assignments.assign(here.floor, here.snapshot(), [asked.as_call(here.clock())])
    return answers.assignment(answer)


@api.post("/outcomes")
@api.input(OutcomeEnvelope, arg_name="batch", example=OUTCOMES)
@api.output(ReceiptAnswer)
def report(batch: OutcomeEnvelope) -> Response:
    """Report what happened in calls, in any order and however late.

    Ids are unique for each token: delivering a fact twice changes nothing, and the same id with another payload is
    rejected as `id_reused`. A fact without `scenario` belongs to the call's latest assignment at or before `at`; one
    whose call is not here yet is kept and attached later.
    """
    # What the short way kept already, and left to be told because a sentence of it needs the caller's language.
    receipt = request.environ.pop(RECEIPT, None) or reported(house(), actor(), batch)
    return Response(answers.receipt(receipt), mimetype="application/json")


RECEIPT = "scriptbench.receipt"


def reported(here: House, actor: Actor, batch: OutcomeEnvelope) -> Receipt:
    """Keep a batch: the verb behind this address, whichever way a request came in."""
    return served.tell(here.floor, here.snapshot(), here.teller(actor.name), batch.outcomes)


@api.get("/experiments")
@api.output(Cards)
def list_experiments() -> dict[str, Any]:
    """List every experiment, those that moved last first."""
    with house().store.read() as session:
        return {"experiments": [_told(session, card) for card in cards.every_card(session)]}


@api.post("/experiments")
@api.input(PlanBody, arg_name="plan", example=PLAN)
@api.output(Card, status_code=201)
def write_plan(plan: PlanBody) -> dict[str, Any]:
    """Write a plan down and put its card on the board, pinned to the standard in force.

    An arm is a value of the one variable, or a full map of `elements` that is compared with the control: one
    difference becomes the value, two or more are refused, each by name.
    """
    with house().store.write() as session:
        card = moves.draft(session, plan.as_plan(), actor=actor(), now=house().clock())
        return _told(session, card)


@api.get("/experiments/<key:key>")
@api.output(ExperimentAnswer)
def read_experiment(key: str) -> dict[str, Any]:
    """Read an experiment: its card, its registered plan, and every decision on it."""
    with house().store.read() as session:
        return answers.experiment(session, key, actor(), gates=house().gates, now=house().clock())


@api.put("/experiments/<key:key>")
@api.input(PlanBody, arg_name="plan", example=PLAN)
@api.output(Card)
def revise_plan(key: str, plan: PlanBody) -> dict[str, Any]:
    """Replace the plan of a card that is still a draft, pinned to the standard in force now."""
    if plan.key != key:
        raise invalid("key", "not_this_one", "The plan names another experiment than the address.")
    with house().store.write() as session:
        card = moves.revise(session, key, plan.as_plan(), actor=actor(), now=house().clock())
        return _told(session, card)


@api.get("/experiments/<key:key>/confirmation")
@api.output(PlanBody)
def read_confirmation(key: str) -> dict[str, Any]:
    """Propose a larger test of the same variable on fresh data, as the body that a new plan is sent with.

    Its parent is the experiment, whose final look must have been made; its arms are pinned to the standard in force
    now. It is to show what was found less the winner's curse, and the salt is made afresh: earlier units are dealt
    again.
    """
    with house().store.read() as session:
        return answers.plan(confirming.confirmation_of(session, key).plan)


@api.get("/experiments/<key:key>/results")
@api.output(ResultsAnswer)
def read_results(key: str) -> dict[str, Any]:
    """Read the newest look, null before the first, and what may be watched at any time.

    The effect on the primary metric is in looks only; between them counts, health and guardrails are shown.
    """
    now = house().clock()
    with house().store.read() as session:
        return answers.results(session, key, today=house().calendar.day(now), now=now)


@api.get("/experiments/<key:key>/listening")
@api.output(ListeningAnswer)
def read_listening(key: str) -> dict[str, Any]:
    """List the calls of the random sample that the caller has still to hear, without arms and outcomes.

    Of each agent and arm a few calls are drawn by lot. The caller is a person of the role quality.
    """
    with house().store.read() as session:
        return answers.listening(session, key, actor())


@api.post("/experiments/<key:key>/listening")
@api.input(HeardBody, arg_name="body", example=HEARD)
@api.output(HeardAnswer, status_code=201)
def hear(key: str, body: HeardBody) -> dict[str, Any]:
    """Write down which arm's words were heard in a call of the sample, whatever was served.

    One listener hears a call once, and at most two hear it: their agreement tells how well calls are heard.
    """
    with house().store.write() as session:
        row = hearing.hear(session, key, body.call_id, body.heard, actor=actor(), now=house().clock())
        return answers.heard(body.call_id, row)


@api.get("/scenarios/<key:key>/traffic")
@api.input(TrafficQuery, location="query", arg_name="asked")
@api.output(TrafficAnswer)
def read_traffic(key: str, asked: TrafficQuery) -> dict[str, Any]:
    """Read who is served what in a scenario: its last traffic revisions, with what each changed of the one before.

    Words come by element in both languages, old and new; sentences in the caller's language.
    """
    with house().store.read() as session:
        return traffic.revisions(session, key, asked.most)


@api.get("/variables")
@api.input(VariablesQuery, location="query", arg_name="asked")
@api.output(VariablesAnswer)
def list_variables(asked: VariablesQuery) -> dict[str, Any]:
    """Read what all finished tests say of every variable, and the next test worth running.

    Only script cards with trustworthy data count; the others are named in `omitted`. `?method=dersimonian-laird` asks
    for another estimate of how much true effects differ than REML's.
    """
    with house().store.read() as session:
        return variables(session, asked.method)


@api.get("/reports")
@api.input(ReportsQuery, arg_name="asked", location="query")
@api.output(ReportsAnswer)
def read_reports(asked: ReportsQuery) -> dict[str, Any]:
    """Read how often something was recommended, and with what success, by agent, team, place or kind of call."""
    with house().store.read() as session:
        return reports.told(session, asked, house().calendar.day(house().clock()), actor())


@api.get("/knowledge")
@api.input(KnowledgeQuery, location="query", arg_name="asked")
@api.output(KnowledgeAnswer)
def find_knowledge(asked: KnowledgeQuery) -> dict[str, Any]:
    """Find what finished cycles left behind, by words in Chinese or English and by filters.

    A `%`, a `_` or any other sign in the query only separates words; a query of nothing but signs finds nothing.
    """
    with house().store.read() as session:
        return knowledge.found(session, asked)


@api.get("/knowledge/<key:key>")
@api.output(EntryAnswer)
def read_knowledge(key: str) -> dict[str, Any]:
    """Read what one experiment left behind when its card ended, and what speaks for it and against it."""
    with house().store.read() as session:
        return knowledge.entry(session, key)


@api.post("/knowledge/<key:key>/notes")
@api.input(NoteBody, arg_name="body", example=NOTE)
@api.output(KnowledgeNote, status_code=201)
def note_knowledge(key: str, body: NoteBody) -> dict[str, Any]:
    """Add evidence for an entry or against it: what is added cannot be changed or taken away.

    The caller is a person of one of the roles lead, quality and manager.
    """
    with house().store.write() as session:
        row = add_note(session, key, body.speaks, body.text, url=body.url, actor=actor(), now=house().clock())
        return knowledge.note(row)


@api.get("/standards")
@api.output(StandardsAnswer)
def list_standards() -> dict[str, Any]:
    """List every live standard with its owner, its next review, its cycle and what was found in its rates."""
    with house().store.read() as session:
        found = standard_cards.standard_cards(session, calendar=house().calendar, now=house().clock())
        return {"standards": [standards.standard(session, card, actor()) for card in found]}


@api.post("/standards/<key:scenario>/review")
@api.input(ReviewBody, arg_name="body", example=REVIEW)
@api.output(StandardAnswer)
def review_standard(scenario: str, body: ReviewBody) -> dict[str, Any]:
    """Confirm the standard in force as it is, which begins its next cycle: who looks at it again, and by when.

    Only tokens that name a person do so, and the person is a lead or a manager.
    """
    here, now = house(), house().clock()
    with here.store.write() as session:
        found = scenario_named(session, scenario)
        reviews.review_standard(
            session,
            found,
            owner=body.owner,
            review_by=body.review_by,
            note=body.note,
            actor=actor(),
            calendar=here.calendar,
            now=now,
        )
        card = standard_cards.standard_card(session, found, calendar=here.calendar, now=now)
        return standards.standard(session, card, actor())


@api.get("/standards/<key:scenario>/plan")
@api.output(ProposalAnswer)
def propose_plan(scenario: str) -> dict[str, Any]:
    """Read the next plan that the newest signal of a standard calls for, to be completed and written.

    It is refused where nothing was found since somebody last looked, and where a test on its way answers it already.
    """
    here = house()
    with here.store.read() as session:
        survey = survey_variables(session, synthetic=ledger.made_up_experiments(session))
        found = scenario_named(session, scenario)
        told = standard_cards.next_plan(session, found, survey, calendar=here.calendar, now=here.clock())
        return standards.proposal(told)


@api.post(f"/experiments/<key:key>/<any({', '.join(VERBS)}):verb>")
@api.input(MoveBody, arg_name="body", example=MOVE)
@api.output(Card)
def move(key: str, verb: str, body: MoveBody) -> dict[str, Any]:
    """Move a card: submit, approve, refuse, start, pause, resume, stop, roll_out, skip, promote or abandon it.

    `drop_arm` and `widen` change a test that runs, or is paused, so that nobody in it changes the arm.
    `roll_out` lets the approved winner go out in steps, `promote` makes it the standard at once.
    Only tokens that name a person move cards, and the person needs the role that the move asks for. Nobody approves
    what they wrote.
    """
    plan = body.rollout.plan() if body.rollout is not None else None
    with house().store.write() as session:
        card = _moved(session, key, Move(verb, body.reason, body.proposal, plan, body.arm, body.coverage, body.also))
        return _told(session, card)


@api.post("/experiments/<key:key>/checklist")
@api.input(TickBody, arg_name="body", example=TICK)
@api.output(Card)
def tick(key: str, body: TickBody) -> dict[str, Any]:
    """Vouch for an item of the gate's checklist that no machine can see: by name, for the content as it stands.

    Who wrote what is under review may not, and an item that is open holds up the gate's last approval.
    """
    with house().store.write() as session:
        now, gates = house().clock(), house().gates
        return _told(session, ticking.tick(session, key, body.item, actor=actor(), now=now, gates=gates))


@api.post("/experiments/<key:key>/comments")
@api.input(CommentBody, arg_name="body", example=COMMENT)
@api.output(Comment, status_code=201)
def comment(key: str, body: CommentBody) -> dict[str, Any]:
    """Say something beside a card, by itself or in answer to another comment of the same card."""
    with house().store.write() as session:
        said = comments.comment(session, key, body.text, reply_to=body.reply_to, actor=actor(), now=house().clock())
        return answers.comment(said)


def _told(session: Session, card: cards.Card) -> dict[str, Any]:
    return answers.card(session, card, actor(), gates=house().gates, now=house().clock())


def _moved(session: Session, key: str, asked: Move) -> cards.Card:
    here = house()
    return moves.move(session, key, asked, actor=actor(), calendar=here.calendar, now=here.clock(), gates=here.gates)
