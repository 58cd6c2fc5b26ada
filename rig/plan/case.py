"""One case of a plan: everything the bench is asked to do once, and everything that is then verified."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from rig.model.judgement import DecisionRule
    from rig.model.limit import Limit
    from rig.model.stimulus import Stimulus

__all__ = ["Case", "Ceiling", "Communication", "DeviceAction", "Event", "Power", "Ranging", "SupplyLevel"]


class Ranging(StrEnum):
    """What the instruments' ranges are chosen for."""

    SCOUT = "scout"
    EXPECTED = "expected"


class Communication(StrEnum):
    """What happens to the line between the rig and the stimulator."""

    CUT = "cut"
    RESTORED = "restored"


class Power(StrEnum):
    """What happens to the device's supply as a whole."""

    ON = "on"
    OFF = "off"


class DeviceAction(StrEnum):
    """What the device itself is told to do."""

    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyLevel:
    """Another voltage of the device's supply: V, or (``of_nominal``) a share of the bench's own."""

    value: float
    of_nominal: bool = False

    def volts(self, nominal: float) -> float:
        """Return the voltage where the bench's own is ``nominal``, V; to twelve digits, as a person means 110 %."""
        return float(f"{self.value * nominal:.12g}") if self.of_nominal else self.value

    def __str__(self) -> str:
        if self.of_nominal:
            return f"{format_quantity(self.value, Unit.ONE)} of nominal"
        return format_quantity(self.value, Unit.VOLT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens ``at`` s after the start; exactly one of the others says what.

    Attributes
    ----------
    load : canonical name of the load that is connected instead
    supply : another voltage, off, or on again at the voltage that it had
    place : line and column of what happens, in the plan; (0, 0) where it was not read from one
    """

    at: float
    load: str | None = None
    communication: Communication | None = None
    supply: SupplyLevel | Power | None = None
    device: DeviceAction | None = None
    place: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """The plan's own hard limits, in A, C, A, A and s; None where the plan names none."""

    current_peak: float | None = None
    charge_per_phase: float | None = None
    rms_current: float | None = None
    dc_current: float | None = None
    exposure: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case, expanded and resolved against its set values.

    Attributes
    ----------
    id : unique in the plan, safe as part of a file name; with a sweep ``base[value-value]``
    plan : id of the plan
    load : canonical name, ``500 ohm``, ``1 kohm``, ``open`` or ``short``
    checks : the plan's own limits; their ``source`` is ``file:line:column``
    apply_packs : whether every rule of ``packs`` that applies is verified as well
    packs : ids of limit packs
    zero : whether a zero capture is taken
    ranging : whether ranges are chosen for what a short scout has shown, or for what the settings let expect
    location : file, line and column of the case in the plan
    attempts : how often it is tried at most, if the dialogue with an instrument breaks
    endless : whether the train goes on until an event ends it; its stimulus' train is then the longest it may take
    series : the cases that this one is judged from, in order; it then energises nothing itself, and its load and
        stimulus are those of the first and of the last of them
    mode : the output mode that is tested, as its maker calls it; empty where the plan does not say
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
    endless: bool = False
    attempts: int = 1
    series: tuple[Case, ...] = ()
    mode: str = ""

    @property
    def needs_supply(self) -> bool:
        """Whether the bench must feed the device from a supply that it can change."""
        return any(event.supply is not None for event in self.events)
