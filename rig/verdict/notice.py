"""What a limit pack wants stated without judging it: the measured value, and whether notice is to be given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.model.measurement import Measurement
from rig.units import format_quantity, format_result

if TYPE_CHECKING:
    from rig.model.limit import Limit
    from rig.model.measurement import Outcome
    from rig.verdict.packs import NotApplicable

__all__ = ["stated"]


def stated(entry: NotApplicable, outcome: Outcome | None) -> str:
    """Return what was measured for an entry; what was not is said to be not evaluated; empty where it asks for nothing.

    A notice is given where the largest item, with its uncertainty, is not surely within the value it is given from.
    """
    if not entry.asks:
        return ""
    if outcome is None:
        return f"not evaluated: {entry.asks} was not measured"
    if not isinstance(outcome, Measurement):
        return f"not evaluated: {entry.asks} was not measured: {outcome.reason}"
    found = f"{entry.asks} {format_result(outcome.value, outcome.expanded_uncertainty, outcome.unit)}"
    lowest, highest = (format_quantity(one, outcome.unit, digits=4) for one in (outcome.minimum, outcome.maximum))
    if lowest != highest:
        found += f" ({lowest} to {highest})"
    if entry.notice is not None:
        found += _notice(entry.notice, outcome, entry.then)
    return found


def _notice(limit: Limit, outcome: Measurement, then: str) -> str:
    consequence = f": {then}" if then else ""
    u = outcome.expanded_single
    lowest, highest = outcome.minimum, outcome.maximum
    if lowest - u in limit.interval and highest + u in limit.interval:
        return ", which gives no cause"
    if lowest in limit.interval and highest in limit.interval:
        return f", nearer to it than its uncertainty{consequence}"
    return f", beyond it{consequence}"
