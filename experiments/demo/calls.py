"""A day's calls and what happens in them: pure, from the world, its seed and what each call was served.

Every call has a random stream of its own, seeded by the world, the day and the call's number: what happens in one
call does not depend on how many were dealt before it.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from experiments.calendar import SiteCalendar, as_date
from experiments.demo.world import Agent, Effect, Rate, World, odds_times
from experiments.do.serving import Call
from experiments.plan.catalogue import Catalogue

CUSTOMERS = ("self", "spouse", "relative")
"""The caller relations of policy customers, the only callers whose customer id the desktop knows."""

INVITED_TO = "wecom"
"""What the insurer's invitations lead to: the channel that is recommended."""

_MOST = 0.97  # chances are kept below one before skill multiplies their odds
_CONVERT_DAYS = 30
_STREAMS = ("day", "call", "desktop", "spoken", "ear")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened: when, counted from the answer to the call, and its number if it has one."""

    type: str
    after: timedelta
    value: int | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """What decides a call's course: may the agent invite, is the caller a policy customer, what the words do."""

    eligible: bool
    invite: bool
    effect: Effect


class Floor:
    """The centre's people and shares, made ready for drawing."""

    def __init__(self, world: World, catalogue: Catalogue) -> None:
        shares = {entry.key: entry.share or 0.0 for entry in catalogue.scenario}
        self.world = world
        self.rates = {rate.scenario: rate for rate in world.rate}
        self.agents = {agent.id: agent for agent in world.agent}
        self.daily = {
            r.scenario: shares[r.scenario] * r.assigned_share * world.switch_calls_per_day for r in world.rate
        }
        self._regions = {team.key: team.region for team in world.team}

    def calls_of(self, day: int, number: int, calendar: SiteCalendar) -> list[Call]:
        """Draw the calls of a day in the order they arrive.

        Args:
            day: the site-local day, YYYYMMDD.
            number: which day of the demo it is, from 0: the seed and the calls' names go by it.
            calendar: the site's.
        """
        world, luck = self.world, _luck(self.world, "day", number)
        weight = world.weekday_weights[as_date(day).weekday()]
        count = int(luck.poisson(sum(self.daily.values()) * weight))
        scenarios = _drawn(luck, self.daily, count)
        agents = _drawn(luck, {agent.id: agent.calls_share for agent in world.agent}, count)
        relations = _drawn(luck, world.relations, count)
        customers = luck.integers(world.customers, size=count)
        hours = luck.choice(len(world.hour_weights), size=count, p=_shares(world.hour_weights))
        seconds = np.sort((world.first_hour + hours + luck.random(count)) * 3600)
        midnight = calendar.start_of(day)
        return [
            Call(
                call_id=f"demo-{number:02d}-{i:05d}",
                scenario=scenarios[i],
                agent_id=agents[i],
                customer_id=f"customer-{customers[i]}" if relations[i] in CUSTOMERS else None,
                team=self.agents[agents[i]].team,
                region=self._regions[self.agents[agents[i]].team],
                channel="hotline",
                locale="zh-CN",
                attributes={"caller_relation": relations[i]},
                at=midnight + timedelta(seconds=round(float(seconds[i]))),
            )
            for i in range(count)
        ]

    def facts_of(self, call: Call, served: Served) -> list[Fact]:
        """Play a call and what follows from it, for a month."""
        luck = luck_of(self.world, "call", call.call_id)
        return list(_played(self.world, self.rates[call.scenario], self.agents[call.agent_id], served, luck))


def is_lost(world: World, call: Call, share: float) -> bool:
    """Say whether the broken desktop loses this call."""
    return bool(luck_of(world, "desktop", call.call_id).random() < share)


def luck_of(world: World, what: str, call_id: str, *more: int) -> np.random.Generator:
    """Give a call's own random stream for one purpose."""
    return _luck(world, what, *_place(call_id), *more)


def as_report(call: Call, fact: Fact) -> tuple[datetime, dict[str, Any]]:
    """Write a fact as a system reports it; its id is made from the call's, so that telling it twice changes nothing."""
    at = call.at + fact.after
    report: dict[str, Any] = {
        "id": f"{call.call_id}:{fact.type}",
        "call_id": call.call_id,
        "type": fact.type,
        "at": at,
    }
    report |= {} if fact.value is None else {"value": fact.value}
    report |= {"target_channel": INVITED_TO} if fact.type in ("invited", "accepted", "declined") else {}
    return at, report | ({} if fact.of is None else {"detail": {"of": fact.of}})


def _played(world: World, rate: Rate, agent: Agent, served: Served, luck: np.random.Generator) -> Iterator[Fact]:
    slower = served.effect.handled_seconds if served.eligible else 1.0
    seconds = max(30.0, luck.normal(rate.handled_mean * slower, rate.handled_sd))
    resolved, handed_over, rates_it, complains = luck.random(4) < (
        rate.resolved,
        rate.handed_over,
        world.rating.answered,
        rate.complaint * served.effect.complaint if served.eligible else 0.0,
    )
    service = 0.7 * seconds
    if resolved:
        yield Fact("resolved", _seconds(service))
        if served.eligible:
            yield Fact("exposed", _seconds(service))
    talked = 0.0
    if served.eligible:
        invitation = [*_invited(world, rate, agent, served, bool(resolved), service, luck)]
        talked = sum(fact.value or 0 for fact in invitation if fact.type in ("accepted", "declined"))
        yield from invitation
        yield from _sold(world, rate, {fact.type for fact in invitation}, luck)
    if handed_over:
        yield Fact("handed_over", _seconds(seconds + talked))
    yield Fact("handled", _seconds(seconds + talked), round(seconds + talked))
    if rates_it:
        points = min(5, max(1, round(luck.normal(world.rating.mean, world.rating.sd))))
        yield Fact("satisfaction", _seconds(seconds + talked + 45), points)
    if complains:
        yield Fact("complaint", timedelta(days=luck.exponential(1.0), seconds=seconds + talked))


def _invited(
    world: World, rate: Rate, agent: Agent, served: Served, resolved: bool, service: float, luck: np.random.Generator
) -> Iterator[Fact]:
    """Play the invitation. Early ones come before the request is resolved, and whether it ever will be."""
    early, asks, says_yes, leaves = luck.random(4)
    chance = odds_times(min(rate.invited * served.effect.invited, _MOST), agent.asking)
    if early < rate.deviation:
        moment = 0.4 * service
    elif resolved:
        moment, chance = service + 8, chance / rate.resolved
    else:
        return
    if not served.invite or asks >= chance:
        return
    answered = max(4, round(luck.normal(world.invite_seconds.mean, world.invite_seconds.sd)))
    yield Fact("invited", _seconds(moment))
    if says_yes >= odds_times(min(rate.accepted * served.effect.accepted, _MOST), agent.success):
        yield Fact("declined", _seconds(moment + answered), answered)
        return
    yield Fact("accepted", _seconds(moment + answered), answered)
    if leaves >= rate.stays:
        days = luck.exponential(world.cancel_days_mean)
        yield Fact("cancelled", timedelta(days=days, seconds=moment + answered), of="accepted")


def _sold(world: World, rate: Rate, happened: set[str], luck: np.random.Generator) -> Iterator[Fact]:
    joined = "accepted" in happened and "cancelled" not in happened
    if luck.random() >= (rate.converted if joined else rate.converted_otherwise):
        return
    # exponential, cut at the window: its inverse on the part of the unit interval that lies below the cut
    below = 1 - math.exp(-_CONVERT_DAYS / world.convert_days_mean)
    days = -world.convert_days_mean * math.log(1 - luck.random() * below)
    fen = max(10_000, round(luck.gamma(4.0, rate.value_mean / 4.0)))
    yield Fact("converted", timedelta(hours=1, days=days * 0.99), fen)


def _luck(world: World, what: str, *place: int) -> np.random.Generator:
    return np.random.default_rng((world.seed, _STREAMS.index(what) + 1, *place))


def _place(call_id: str) -> tuple[int, int]:
    """Read which day and which call of it this is."""
    _, day, number = call_id.split("-")
    return int(day), int(number)


def _drawn(luck: np.random.Generator, weights: Mapping[str, float], count: int) -> list[str]:
    names = list(weights)
    return [names[i] for i in luck.choice(len(names), size=count, p=_shares(list(weights.values())))]


def _shares(weights: list[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(weights, dtype=np.float64) / math.fsum(weights)


def _seconds(seconds: float) -> timedelta:
    return timedelta(seconds=round(seconds))
