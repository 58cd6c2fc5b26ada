"""One case of a plan: everything the bench is asked to do once, and everything that is then verified."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rig.model.judgement import DecisionRule
    from rig.model.limit import Limit
    from rig.model.stimulus import Stimulus

__all__ = ["Case", "Ceiling", "Communication", "Event", "Ranging"]


class Ranging(StrEnum):
    """What the instruments' ranges are chosen for."""

    SCOUT = "scout"
    EXPECTED = "expected"


class Communication(StrEnum):
    """What happens to the line between the rig and the stimulator."""

    CUT = "cut"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens ``at`` s after the first pulse: another load, or a change of the communication."""

    at: float
    load: str | None = None
    communication: Communication | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """The plan's own hard limits, in A, C, A and s; None where the plan names none."""

    current_peak: float | None = None
    charge_per_phase: float | None = None
    rms_current: float | None = None
    exposure: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case, expanded and resolved against its set values.

    Attributes
    ----------
    id : unique in the plan, safe as part of a file name; with a sweep ``base[value-value]``
    plan : id of the plan
    load : canonical name, ``500 ohm``, ``1 kohm`` or ``open``
    checks : the plan's own limits; their ``source`` is ``file:line:column``
    apply_packs : whether every rule of ``packs`` that applies is verified as well
    packs : ids of limit packs
    zero : whether a zero capture is taken
    ranging : whether ranges are chosen for what a short scout has shown, or for what the settings let expect
    location : file, line and column of the case in the plan
    series : the cases that this one is judged from, in order; it then energises nothing itself, and its load and
        stimulus are those of the first and of the last of them
    """

    id: str
    plan: str
    title: str
    stimulus: Stimulus
    load: str
    checks: tuple[Limit, ...]
    apply_packs: bool
    packs: tuple[str, ...]
    traces: tuple[str, ...]
    zero: bool
    events: tuple[Event, ...]
    decision_rule: DecisionRule
    ceiling: Ceiling
    location: tuple[str, int, int]
    ranging: Ranging = Ranging.SCOUT
    series: tuple[Case, ...] = ()
