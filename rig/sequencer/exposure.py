"""What a case will put into its load, worked out before anything is energised."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from rig.model.intent import Intent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rig.model.load import Load
    from rig.model.stimulus import Stimulus

__all__ = ["AT_REST", "Exposure", "estimate", "worst"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Upper bounds for an ideal device that delivers exactly what is set; SI.

    ``reached`` is the current that flows; ``sense_voltage`` and ``sense_dissipation`` are what the sense resistor sees
    of it.
    """

    current_peak: float
    reached: float
    charge_per_phase: float
    rms_current: float
    voltage_peak: float
    energy_per_pulse: float
    dissipation: float
    sense_voltage: float
    sense_dissipation: float
    duration: float
    phase_duration: float
    rate: float

    @property
    def intent(self) -> Intent:
        """What the guard is asked to permit."""
        return Intent(
            current_peak=self.current_peak,
            current_rms=self.rms_current,
            charge_per_phase=self.charge_per_phase,
            energy_per_pulse=self.energy_per_pulse,
            voltage_peak=self.voltage_peak,
        )


AT_REST = Intent(current_peak=0.0, current_rms=0.0, charge_per_phase=0.0, energy_per_pulse=0.0, voltage_peak=0.0)
"""What is intended where the contact is closed and nothing asked of the device."""


def worst(exposures: Iterable[Exposure]) -> Exposure:
    """Return the largest of every figure: of one stimulus into several loads, one after the other."""
    found = list(exposures)
    return Exposure(**{field.name: max(getattr(one, field.name) for one in found) for field in fields(Exposure)})


def estimate(stimulus: Stimulus, load: Load, *, sense_resistance: float, compliance: float) -> Exposure:
    """Work out the exposure of a rectangular train into a resistive load.

    Parameters
    ----------
    sense_resistance : ohm, in series with the load
    compliance : largest voltage the device can drive, V; bounds everything that the load would ask for

    Notes
    -----
    Current, charge and rms are those that are set, whatever the load lets through: a ceiling must not rest on the
    device's compliance. Voltage, energy and dissipation are those that the compliance lets the load see.
    I_rms = I·√(n·t·f) for n phases of duration t; P = I_rms²·R.
    """
    resistance = 0.0 if load.is_open else load.nominal
    reached = 0.0 if load.is_open else min(stimulus.amplitude, compliance / (resistance + sense_resistance))
    phases = stimulus.shape.phases
    on_share = min(1.0, phases * stimulus.phase_duration * stimulus.rate)
    return Exposure(
        current_peak=stimulus.amplitude,
        reached=reached,
        charge_per_phase=stimulus.amplitude * stimulus.phase_duration,
        rms_current=stimulus.amplitude * math.sqrt(on_share),
        voltage_peak=compliance if load.is_open else reached * resistance,
        energy_per_pulse=phases * stimulus.phase_duration * reached**2 * resistance,
        dissipation=reached**2 * on_share * resistance,
        sense_voltage=reached * sense_resistance,
        sense_dissipation=reached**2 * on_share * sense_resistance,
        duration=stimulus.train,
        phase_duration=stimulus.phase_duration,
        rate=stimulus.rate,
    )
