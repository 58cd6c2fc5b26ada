"""What a case will put into its load, worked out before anything is energised."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rig.model.load import Load
    from rig.model.stimulus import Stimulus

__all__ = ["Exposure", "estimate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Upper bounds for an ideal device that delivers exactly what is set; SI units."""

    current_peak: float
    charge_per_phase: float
    rms_current: float
    voltage_peak: float
    energy_per_pulse: float
    dissipation: float
    duration: float


def estimate(stimulus: Stimulus, load: Load, *, sense_resistance: float, compliance: float) -> Exposure:
    """Work out the exposure of a rectangular train into a resistive load.

    Parameters
    ----------
    sense_resistance : ohm, in series with the load
    compliance : largest voltage the device can drive, V; bounds everything that the load would ask for

    Notes
    -----
    I_rms = I·√(n·t·f) for n phases of duration t; P = I_rms²·R; both published formulas, see the FDA's 1999 list.
    """
    reachable = 0.0 if load.is_open else compliance / (load.nominal + sense_resistance)
    peak = min(stimulus.amplitude, reachable)
    on_share = min(1.0, stimulus.shape.phases * stimulus.phase_duration * stimulus.rate)
    resistance = 0.0 if load.is_open else load.nominal
    rms = peak * math.sqrt(on_share)
    return Exposure(
        current_peak=peak,
        charge_per_phase=peak * stimulus.phase_duration,
        rms_current=rms,
        voltage_peak=compliance if load.is_open else peak * load.nominal,
        energy_per_pulse=stimulus.shape.phases * stimulus.phase_duration * peak**2 * resistance,
        dissipation=rms**2 * resistance,
        duration=stimulus.train,
    )
