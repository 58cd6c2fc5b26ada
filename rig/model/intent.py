"""What somebody is about to put through the output, and what may be."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from rig.errors import Refused

__all__ = ["Intent"]

_SHOWN = {
    "current_peak": ("peak current", "A"),
    "current_rms": ("rms current", "A"),
    "charge_per_phase": ("charge per phase", "C"),
    "energy_per_pulse": ("energy per pulse", "J"),
    "voltage_peak": ("peak voltage", "V"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Bounds of what is to be delivered, SI; each None when unknown. The same nouns serve as ceilings.

    Attributes
    ----------
    current_peak : largest magnitude of the current, A
    current_rms : root mean square of the current over the train, A
    charge_per_phase : largest magnitude of a phase's charge, C
    energy_per_pulse : largest energy of one pulse, J
    voltage_peak : largest magnitude of the voltage at the load, V

    Raises
    ------
    Refused
        if a figure is negative or not finite: such a figure would pass every comparison that it should fail.
    """

    current_peak: float | None = None
    current_rms: float | None = None
    charge_per_phase: float | None = None
    energy_per_pulse: float | None = None
    voltage_peak: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise Refused(f"{_SHOWN[field.name][0]}: {value} is no magnitude")

    def objections(self, ceilings: Intent) -> tuple[str, ...]:
        """Return what stands against delivering this under these ceilings, a sentence each; empty if nothing does.

        What has a ceiling must be known: a ceiling that cannot be checked is none.
        """
        found = []
        for field in fields(self):
            name, unit = _SHOWN[field.name]
            value, ceiling = getattr(self, field.name), getattr(ceilings, field.name)
            if ceiling is None:
                continue
            if value is None:
                found.append(f"{name} is not known, and must not exceed {ceiling:g} {unit}")
            elif value > ceiling:
                found.append(f"{name} {value:g} {unit} exceeds the ceiling of {ceiling:g} {unit}")
        return tuple(found)
