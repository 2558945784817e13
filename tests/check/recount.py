"""The rollup once more, slowly and in plain Python: every call on its own, from the rows of the facts as they stand.

Nothing here knows the rollup's statements; what each fact counts is written down a second time, from the words of
`counting.tables`, the catalogue's windows and the decisions in CONTRIBUTING.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from experiments.check.counting.tables import CHECKED, MEASURES
from experiments.do.journal import Assignment
from experiments.do.outcomes import MAX_VALUE, Outcome
from experiments.plan.scenarios import Metric, Scenario

Rows = dict[tuple[Any, ...], dict[str, int]]
"""Measures by key, in the order of a rollup's keys."""

PLAIN = (
    *("exposed", "resolved", "invited", "declined", "handed_over", "complaint"),
    *("connected", "appointed", "fulfilled", "spoken", "cancelled"),
)


class Recount:
    """All facts of a store, and what they add up to."""

    def __init__(self, session: Session) -> None:
        self.calls = sorted(session.scalars(select(Assignment)), key=lambda call: (call.at, call.id.hex))
        self.facts = list(session.scalars(select(Outcome)))
        self.inbound = {s.id for s in session.scalars(select(Scenario)) if s.direction == "inbound"}
        windows = {m.numerator: timedelta(days=m.window_days) for m in session.scalars(select(Metric))}
        self.joined, self.converted = windows["joined"], windows["converted"]
        self.told: dict[Any, list[Outcome]] = defaultdict(list)
        for fact in self.facts:
            if fact.assignment_id is not None:
                self.told[fact.assignment_id].append(fact)

    def by_call(self) -> Rows:
        """Sum by the keys of `RollupCall`."""
        return self._summed(
            (
                *(call.scenario_id, call.experiment_id or 0, call.day, call.agent_id, call.arm, call.reason),
                *(call.eligible, call.origin, call.script_version_id, call.team, call.region, call.channel),
            )
            for call in self.calls
        )

    def by_day(self) -> Rows:
        """Sum by the keys of `RollupDay`."""
        return self._summed(
            (
                *(call.scenario_id, call.experiment_id or 0, call.day, call.arm),
                *(call.eligible, call.origin, call.script_version_id),
            )
            for call in self.calls
        )

    def by_agent(self) -> Rows:
        """Sum by the keys of `RollupAgent`, of calls that were not counted before."""
        return {
            key: {**total, "eligible": sum(call.eligible for call in calls)}
            for key, calls in self._taken().items()
            for total in [sum((Counter(self.measures(call)) for call in calls), Counter[str]())]
        }

    def by_target(self) -> dict[tuple[Any, ...], tuple[int, int]]:
        """Count by the keys of `RollupTarget`: calls that it was recommended in, and those that accepted it."""
        found: dict[tuple[Any, ...], tuple[int, int]] = defaultdict(lambda: (0, 0))
        for key, calls in self._taken().items():
            for call in calls:
                named = {(f.target_channel, f.type) for f in self.told[call.id] if f.target_channel is not None}
                for target in {t for t, kind in named if kind in ("invited", "accepted")}:
                    recommended, succeeded = found[*key, target]
                    accepted = (target, "accepted") in named and self.measures(call)["accepted"]
                    found[*key, target] = recommended + 1, succeeded + accepted
        return dict(found)

    def _taken(self) -> dict[tuple[Any, ...], list[Assignment]]:
        taken: dict[tuple[Any, ...], list[Assignment]] = defaultdict(list)
        for call in self.calls:
            if call.origin != "replayed":
                key = call.scenario_id, call.day, call.agent_id, call.team, call.region, call.channel
                taken[key].append(call)
        return taken

    def by_unit(self) -> Rows:
        """Sum by the keys of `RollupUnit` and the unit's name."""
        return self._summed(self._unit(call) for call in self.calls)

    def by_source(self) -> dict[tuple[Any, ...], tuple[int, datetime, datetime]]:
        """Count by the keys of `RollupSource`: facts, the newest moment, the newest arrival."""
        found: dict[tuple[Any, ...], list[Outcome]] = defaultdict(list)
        for call in self.calls:
            for fact in self.told[call.id]:
                found[call.scenario_id, call.day, fact.source].append(fact)
        return {
            key: (len(facts), max(f.at for f in facts), max(f.received_at for f in facts))
            for key, facts in found.items()
        }

    def _unit(self, call: Assignment) -> tuple[Any, ...] | None:
        if call.experiment_id is None or not call.eligible or call.unit_kind == "call":
            return None
        names = {"agent": call.agent_id, "team": call.team, "agent_shift": call.agent_shift}
        name = names.get(call.unit_kind or "", "")
        return call.scenario_id, call.experiment_id, call.day, call.unit_hash, call.arm, name

    def _summed(self, keys: Iterable[tuple[Any, ...] | None]) -> Rows:
        sums: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
        for key, call in zip(keys, self.calls, strict=True):
            if key is not None:
                sums[key].update(self.measures(call))
        return {key: {name: total[name] for name in (*MEASURES, *CHECKED)} for key, total in sums.items()}

    def measures(self, call: Assignment) -> dict[str, int]:
        """Say what one call counts."""
        facts = self.told[call.id]
        kinds = {fact.type for fact in facts}
        corrected = any(f.type == "corrected" and f.taken_back == "accepted" for f in facts)
        gone = corrected or any(self._changed_mind(f, "accepted", call.at + self.joined) for f in facts)
        unsold = any(f.type == "corrected" and f.taken_back == "converted" for f in facts) or any(
            self._changed_mind(f, "converted", call.at + self.converted) for f in facts
        )
        sales = [f for f in facts if f.type == "converted" and f.at <= call.at + self.converted]
        early = any(f.type in ("declined", "hung_up") and f.value is not None and f.value <= 30 for f in facts)
        first = self._is_first(call)
        accepted, on_screen = "accepted" in kinds, bool(kinds & {"exposed", "displayed"})
        return {
            "calls": 1,
            **{kind: int(kind in kinds) for kind in PLAIN},
            "accepted": int(accepted and not corrected),
            "joined": int(accepted and not gone),
            "converted": int(bool(sales) and not unsold) if first is None else int(first and self._bought(call)),
            "past_30s": int("connected" in kinds and not early),
            "early_refusal": int(early),
            "deviation": int(call.scenario_id in self.inbound and self._too_early(facts)),
            **_number("handled_seconds", [f.value for f in facts if f.type == "handled"], max),
            **_number("satisfaction", [f.value for f in facts if f.type == "satisfaction"], max),
            **_number("value", [] if unsold else [f.value for f in sales], _held),
            "told": int(bool(facts)),
            "firsts": int(bool(first)),
            "on_screen": int(on_screen),
            "accepted_reports": int(accepted),
            "accepted_unborne": int(accepted and gone and not sales),
            "appointed_unborne": int("appointed" in kinds and "fulfilled" not in kinds),
            "spoken_unborne": int("spoken" in kinds and not on_screen),
        }

    def _changed_mind(self, fact: Outcome, of: str, until: datetime) -> bool:
        return fact.type == "cancelled" and fact.taken_back == of and fact.at <= until

    def _too_early(self, facts: Sequence[Outcome]) -> bool:
        invited = [f.at for f in facts if f.type == "invited"]
        resolved = [f.at for f in facts if f.type == "resolved"]
        return bool(invited) and (not resolved or min(invited) < min(resolved))

    def _is_first(self, call: Assignment) -> bool | None:
        """Say whether a call is its customer's first in a test by customer; None elsewhere."""
        if call.experiment_id is None or call.unit_kind != "customer":
            return None
        hers = [c for c in self.calls if (c.experiment_id, c.unit_hash) == (call.experiment_id, call.unit_hash)]
        return hers[0] is call

    def _bought(self, call: Assignment) -> bool:
        """Say whether a customer bought within the window from her first call, through whatever call or none."""
        hers = [f for f in self.facts if f.customer_hash == call.customer_hash and f.at >= call.at]
        until = call.at + self.converted
        sold = any(f.type == "converted" and f.at <= until for f in hers)
        back = any(
            f.taken_back == "converted" and (f.type == "corrected" or (f.type == "cancelled" and f.at <= until))
            for f in hers
        )
        return sold and not back


def _number(name: str, told: Sequence[int | None], joined: Any) -> dict[str, int]:
    known = [number for number in told if number is not None]
    if not known:
        return {f"{name}_n": 0, name: 0, f"{name}_squares": 0}
    number = joined(known)
    return {f"{name}_n": 1, name: number, f"{name}_squares": number * number}


def _held(values: Sequence[int]) -> int:
    return max(-MAX_VALUE, min(MAX_VALUE, sum(values)))
