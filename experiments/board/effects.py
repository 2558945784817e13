"""What a move changes besides the card's place: sizes, rounds, traffic, the standard."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from experiments.act import letting_out, rollouts, standards
from experiments.act.rollouts import Next, Rollout
from experiments.act.steps import RolloutPlan
from experiments.board.cards import Card, Move, another_in_test
from experiments.board.dealing import deals_of
from experiments.board.gates import against_verdict, content_under_review
from experiments.board.sizes import Sizes
from experiments.calendar import SiteCalendar
from experiments.check import looks
from experiments.check.verdict import Conclusion
from experiments.errors import Conflict, invalid
from experiments.people import Actor
from experiments.plan import amending, designs, traffic
from experiments.plan.designs import Experiment
from experiments.plan.rules import Kind
from experiments.plan.scenarios import Standing
from experiments.plan.traffic import SliceState, Traffic
from experiments.wording import Message

_MOST_CALLS = 1_000_000_000  # thirty years of the largest centre; what the column holds is twice that


@dataclass(frozen=True, slots=True)
class Context:
    """One move under way: the card, what is asked, who asks, and when."""

    session: Session
    card: Card
    move: Move
    actor: Actor
    calendar: SiteCalendar
    now: datetime

    @property
    def experiment(self) -> Experiment:
        """Give the card's experiment."""
        return self.card.experiment

    @property
    def today(self) -> int:
        """Give the site-local day, YYYYMMDD."""
        return self.calendar.day(self.now)


Effect = Callable[[Context], None]


def submit_plan(context: Context) -> None:
    """Size the plan, register the deals of few units, and open a round for its approvals."""
    sized = Sizes(context.session, context.experiment).own
    if sized.total is None:
        raise Conflict("With so few units no number of calls would show this effect: choose a larger one.")
    if sized.total > _MOST_CALLS:
        raise Conflict("This needs %(calls)s calls: choose a larger effect.", calls=f"{sized.total:,}")
    context.experiment.planned_calls, context.experiment.planned_days = sized.total, sized.days
    deals = deals_of(context.session, context.experiment, today=context.today)
    designs.register_deals(context.session, context.experiment, deals, actor=context.actor, now=context.now)
    _new_round(context, context.experiment.content_hash)


def submit_results(context: Context) -> None:
    """Make the final look if it is missing, write the proposal down, and open a round."""
    experiment, session = context.experiment, context.session
    proposal = context.move.proposal
    if proposal is not None and proposal not in {arm.key for arm in experiment.arms}:
        raise invalid("proposal", "unknown", "There is no arm %(arm)s.", arm=proposal)
    if proposal is not None and proposal not in {arm.key for arm in experiment.dealt}:
        raise invalid("proposal", "dropped", "The arm %(arm)s was dropped while the test ran.", arm=proposal)
    made = looks.looks_of(session, experiment)
    if not made or not made[-1].final:
        made.append(
            looks.make_look(session, experiment, today=context.today, final=True, actor=context.actor, now=context.now)
        )
    if against_verdict(experiment, proposal, made[-1]) and not (context.move.reason or "").strip():
        raise invalid("reason", "against_the_verdict", "This is not what the verdict says: say why.")
    context.card.proposal = proposal
    _new_round(context, content_under_review(context.session, context.card))


def _new_round(context: Context, content_hash: str) -> None:
    card = context.card
    card.round += 1
    card.review_hash = content_hash
    card.submitted_by = context.actor.name
    context.session.flush()


def review_again(context: Context) -> None:
    """Open Act's round: the same content and submitter, approvals given afresh."""
    context.card.round += 1
    context.session.flush()


def start(context: Context) -> None:
    """Draw the deal of few units, write the arms' scripts, and give the test its slice."""
    experiment, session = context.experiment, context.session
    designs.draw_deal(experiment, now=context.now)
    arms = designs.write_arms(session, experiment, actor=context.actor, now=context.now)
    slice_ = designs.as_slice(experiment, arms)
    cause = Message("%(experiment)s starts.", {"experiment": experiment.key})
    _change_traffic(context, lambda now: now.with_experiment(slice_, experiment.coverage), cause)
    experiment.started_at = context.now
    if experiment.kind == Kind.SCENARIO and experiment.scenario.standing == Standing.CANDIDATE:
        standards.set_standing(
            session, experiment.scenario, Standing.IN_TEST, by=experiment.key, actor=context.actor, now=context.now
        )


def pause(context: Context) -> None:
    """Give everyone the standard for the moment."""
    cause = Message("%(experiment)s is paused.", {"experiment": context.experiment.key})
    _change_traffic(context, lambda t: t.with_state(context.experiment.key, SliceState.PAUSED), cause)


def resume(context: Context) -> None:
    """Let the split run again."""
    cause = Message("%(experiment)s goes on.", {"experiment": context.experiment.key})
    _change_traffic(context, lambda t: t.with_state(context.experiment.key, SliceState.RUNNING), cause)


def drop_arm(context: Context) -> None:
    """Serve the standard in one arm's place; nobody else changes the arm."""
    amending.drop_arm(
        context.session,
        context.experiment,
        context.move.arm,
        reason=context.move.reason or "",
        day=context.today,
        actor=context.actor,
        now=context.now,
    )


def widen(context: Context) -> None:
    """Let more calls in; nobody who takes part changes the arm."""
    amending.widen(
        context.session,
        context.experiment,
        coverage=context.move.coverage,
        also=context.move.also,
        reason=context.move.reason or "",
        day=context.today,
        actor=context.actor,
        now=context.now,
    )


def stop(context: Context) -> None:
    """Give everyone the standard until the card is closed."""
    cause = Message("%(experiment)s was stopped.", {"experiment": context.experiment.key})
    _change_traffic(context, lambda t: t.with_state(context.experiment.key, SliceState.STOPPED), cause)
    context.experiment.ended_at = context.now


def end(context: Context) -> None:
    """Give the buckets back: the final look has been made."""
    made = looks.looks_of(context.session, context.experiment)
    if not made or not made[-1].final:
        raise Conflict("The final look has not been made.")
    cause = Message("%(experiment)s has ended as planned.", {"experiment": context.experiment.key})
    _change_traffic(context, lambda t: t.without(context.experiment.key), cause)
    context.experiment.ended_at = context.now


def promote(context: Context) -> None:
    """Make the proposed arm the standard."""
    if context.card.proposal is None:
        raise Conflict("The approved proposal is to keep the standard.")
    session, experiment, who, now = context.session, context.experiment, context.actor, context.now
    letting_out.make_room(session, experiment, actor=who, now=now)
    standards.promote(session, experiment, context.card.proposal, actor=who, now=now)


def roll_out(context: Context) -> None:
    """Let the proposed arm go out; one on its way goes on, with the next step if that was asked."""
    if context.card.proposal is None:
        raise Conflict("The approved proposal is to keep the standard.")
    session, who, now = context.session, context.actor, context.now
    going = rollouts.going_of(context.session, context.experiment)
    if going is None:
        plan = context.move.rollout or RolloutPlan()
        letting_out.schedule(
            session, context.experiment, context.card.proposal, plan, today=context.today, actor=who, now=now
        )
    elif going.next_step == Next.ASKED:
        going.next_step = Next.GRANTED


def advance(context: Context) -> None:
    """Take the next step: this one has had its time."""
    letting_out.advance(context.session, _required(context), today=context.today, actor=context.actor, now=context.now)


def finish(context: Context) -> None:
    """Make what everyone says by now the standard; the holdback goes on."""
    letting_out.put_in_force(
        context.session, _required(context), today=context.today, actor=context.actor, now=context.now
    )


def ask_to_go_on(context: Context) -> None:
    """Open a round in which the gate says whether a rollout that was held goes on; who asks approves nothing."""
    if context.actor.person_id is not None:
        context.card.submitted_by = context.actor.name
    review_again(context)


def ask_for_next(context: Context) -> None:
    """Open a round in which the gate says whether the next step may come."""
    going = _required(context)
    letting_out.require_further_step(going)
    going.next_step = Next.ASKED
    ask_to_go_on(context)


def take_back(context: Context) -> None:
    """Serve everyone the standard again, by one revision."""
    why = context.move.reason or ""
    letting_out.take_back(context.session, _required(context), why=why, actor=context.actor, now=context.now)


def take_back_if_going(context: Context) -> None:
    """Serve everyone the standard again where the winner is on its way."""
    if rollouts.going_of(context.session, context.experiment) is not None:
        take_back(context)


def leave(context: Context) -> None:
    """Close a card at Act: what is on its way is taken back."""
    take_back_if_going(context)
    close(context)


def _required(context: Context) -> Rollout:
    found = rollouts.going_of(context.session, context.experiment)
    if found is None:
        raise Conflict("The rollout of %(experiment)s is not on its way.", experiment=context.experiment.key)
    return found


def close(context: Context) -> None:
    """Give the buckets back, if the test ever had any."""
    experiment = context.experiment
    if experiment.started_at is None:
        return
    current = traffic.in_force(context.session, experiment.scenario).value
    if any(s.key == experiment.key for s in current.slices):
        cause = Message("%(experiment)s is closed.", {"experiment": experiment.key})
        _change_traffic(context, lambda t: t.without(experiment.key), cause)
    in_test = experiment.kind == Kind.SCENARIO and experiment.scenario.standing == Standing.IN_TEST
    if in_test and not another_in_test(context.session, context.card):
        standards.set_standing(
            context.session,
            experiment.scenario,
            Standing.CANDIDATE,
            by=experiment.key,
            actor=context.actor,
            now=context.now,
        )


def give_up(context: Context) -> None:
    """Close a card whose results nobody submitted; not one with a winner, which one person alone may not turn down."""
    made = looks.looks_of(context.session, context.experiment)
    if made and made[-1].conclusion == Conclusion.WINNER:
        raise Conflict("The verdict names a winner: to keep the standard all the same, submit that with your reason.")
    close(context)


def _change_traffic(context: Context, change: Callable[[Traffic], Traffic], cause: Message) -> None:
    scenario = context.experiment.scenario
    current = traffic.in_force(context.session, scenario)
    traffic.append(
        context.session,
        scenario,
        change(current.value),
        based_on=current.number,
        cause=cause,
        actor=context.actor,
        now=context.now,
    )
