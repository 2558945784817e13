"""What is asked of a look's frozen content: whether its effects may be read, and which one effect is the answer."""

import math
from collections.abc import Mapping
from typing import Any

from experiments.check.looks import Look
from experiments.check.verdict import Conclusion

Reading = Mapping[str, Any]
"""One metric of one challenger, as `MetricReading` was frozen."""


def is_hidden(look: Look) -> bool:
    """Say whether no effect is shown: what cannot be trusted is not put before anyone's eyes, harm or no harm."""
    broken = any(finding["state"] == "broken" for finding in look.content["watch"]["findings"])
    return broken or look.conclusion == Conclusion.UNTRUSTWORTHY


def primaries(look: Look) -> list[Reading]:
    """Give the readings of the metric that decides, one a challenger."""
    return [reading for reading in look.content["readings"] if reading["role"] == "primary"]


def may_be_compared(look: Look) -> bool:
    """Say whether a look's effects may stand beside others': it could end the test, and its data can be trusted."""
    return not is_hidden(look) and could_end(look)


def could_end(look: Look) -> bool:
    """Say whether the test may end by a look: it is the last that was planned, or beyond a boundary."""
    return look.final or any(reading["stopped"] is not None for reading in primaries(look))


def decided(reading: Reading) -> Mapping[str, Any] | None:
    """Give the estimate and interval that know of the looks before; None where the test may not end by this look.

    With no look before the last one there is nothing to know of: what was compared is the answer, by its own method.
    """
    stopped: Mapping[str, Any] | None = reading.get("stopped")
    if stopped is None or stopped["estimate"] is None:
        return None
    found = reading["comparison"]
    alone = stopped["stage"] == 1 and reading["overrun"] is None and found["low"] is not None
    if not (alone and math.isclose(found["confidence"], stopped["confidence"])):
        return stopped
    return {**stopped, "estimate": found["difference"], "low": found["low"], "high": found["high"]}


def answer(reading: Reading) -> Mapping[str, Any]:
    """Give the one effect that is told of a reading: what was decided, else what was compared."""
    at_end = decided(reading)
    if at_end is None:
        found: Mapping[str, Any] = reading["comparison"]
        return found
    known = {name: at_end[name] for name in ("low", "high", "p_value", "confidence")}
    return {**reading["comparison"], **known, "difference": at_end["estimate"]}
