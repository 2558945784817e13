"""Agents as a caterpillar: each drawn towards the others by as much as the calls leave open."""

from collections.abc import Sequence

from flask_babel import gettext as _, ngettext

from experiments.check.frozen import primaries
from experiments.check.pictures.agents import LEAST_NAMED, AgentRate, AgentsReading, agents_of
from web.charts.control import heights
from web.charts.plane import ARMS, Axis, Dot, Dots, Layer, Line, PlaneChart
from web.charts.sheet import Cell, Column, Sheet
from web.formats import percent, whole
from web.language import named
from web.pages import words
from web.pages.look.figures import Told
from web.pages.pictures.ground import Ground

AGENTS = "agents"
"""The chart's name; its numbers name agents."""


def told_agents(ground: Ground) -> list[Told]:
    """Give the agents over the calls of a look by which the test may end; nothing before, as with every effect."""
    look = ground.readable
    found = agents_of(ground.session, ground.experiment, primaries(look)[0]["until"]) if look is not None else None
    if found is None or len(found.agents) < 2:
        return []
    metric = named(ground.specs[found.metric].name)
    names = {arm.key: words.arm(arm.key, control=arm.position == 0) for arm in ground.experiment.arms}
    chart = _chart(found, metric, names, f"{ground.experiment.key}-agents")
    return [Told(AGENTS, chart, _summary(found, metric))]


def finding(found: AgentsReading) -> str:
    """Say how many agents stand apart, as far as the calls can tell."""
    apart = sum(not agent.low <= found.means[agent.arm] <= agent.high for agent in found.agents)
    if not apart:
        return _("No agent clearly stands apart: what differs may be chance")
    return ngettext(
        "%(num)s of %(agents)s agents clearly stands apart from the average",
        "%(num)s of %(agents)s agents clearly stand apart from the average",
        apart,
        agents=len(found.agents),
    )


def _summary(found: AgentsReading, metric: str) -> str:
    text = _(
        "“%(metric)s” by agent, calls up to %(day)s. Each rate is drawn towards that of all, the more so the fewer the "
        "calls; the intervals hold the agent's own rate in %(confidence)s of cases. It is no ranking of people.",
        metric=metric,
        day=words.day(found.until),
        confidence=percent(found.confidence, 0),
    )
    if any(not agent.agent_id for agent in found.agents):
        text += " " + _("Agents with fewer than %(calls)s calls are not named.", calls=LEAST_NAMED)
    return text


def _chart(found: AgentsReading, metric: str, names: dict[str, str], file_name: str) -> PlaneChart:
    low, high = min(agent.low for agent in found.agents), max(agent.high for agent in found.agents)
    low, high = max(0.0, low - 0.03), min(1.0, high + 0.03)
    last = len(found.agents) - 1
    return PlaneChart(
        title=finding(found),
        across=Axis(0, last, (), _("Agents, from the lowest rate to the highest")),
        up=Axis(low, high, tuple((at, percent(at, 0)) for at in heights(low, high)), metric),
        layers=tuple(layer for arm in found.means for layer in _layers(found, arm, names)),
        sheet=_sheet(found, names),
        hover=(_("Agent"), _("Calls"), _("As counted"), _("Drawn together"), _("Interval")),
        file_name=file_name,
    )


def _layers(found: AgentsReading, arm: str, names: dict[str, str]) -> list[Layer]:
    marker, role = ARMS[list(names).index(arm)] if arm else ("circle", "in_test")
    own, last = [each for each in enumerate(found.agents) if each[1].arm == arm], len(found.agents) - 1
    mean = found.means[arm]
    told = names.get(arm, "")
    average = f"{told} · {_('Average agent')}" if told else _("Average agent")
    dots = tuple(Dot(place, agent.rate, agent.low, agent.high, _said(agent)) for place, agent in own)
    return [
        Line(average, ((0, mean), (last, mean)), "dashed", role if arm else "zero"),
        Dots(told or _("One agent"), dots, marker, role),
    ]


def _said(agent: AgentRate) -> tuple[str, ...]:
    interval = f"[{percent(agent.low)}, {percent(agent.high)}]"
    calls = whole(agent.counts.n)
    return (_name(agent), calls, percent(agent.counts.rate), percent(agent.rate), interval)


def _name(agent: AgentRate) -> str:
    return agent.agent_id or _("not named")


def _sheet(found: AgentsReading, names: dict[str, str]) -> Sheet:
    by_arm = any(found.means)
    columns = [
        Column(_("Agent")),
        *([Column(_("Arm"))] if by_arm else []),
        Column(_("Calls"), "count"),
        Column(_("As counted"), "share"),
        Column(_("Drawn together"), "share"),
        Column(_("Interval, from"), "share"),
        Column(_("Interval, to"), "share"),
    ]
    rows = [_row(agent, [names.get(agent.arm, "")] if by_arm else []) for agent in reversed(found.agents)]
    return Sheet(tuple(columns), tuple(rows), names=1 + by_arm)


def _row(agent: AgentRate, arm: Sequence[Cell]) -> tuple[Cell, ...]:
    return (_name(agent), *arm, agent.counts.n, agent.counts.rate, agent.rate, agent.low, agent.high)
