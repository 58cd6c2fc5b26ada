"""What a plan may verify: every measurand's name, unit and sign, and where its set value comes from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from rig.model.stimulus import Shape, Stimulus
from rig.plan.events import Occurrence
from rig.units import Unit

__all__ = ["MEASURANDS", "Measurand"]

SetValue = Callable[[Stimulus, float], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurand:
    """A quantity that a plan can put a limit on.

    Attributes
    ----------
    unit : SI
    signed : its value may have either sign, so that ``at_most: X`` means −X to +X
    set_value : from the stimulus and the load (ohm) to the set value in ``unit``, None where there is none
    needs_zero : an absolute offset would be mistaken for it, so that a zero capture is needed
    in_time : it tells how long something took, or what flowed after it: of the case as a whole
    needs_event : what must happen in the case for it to mean anything
    """

    unit: Unit
    signed: bool = False
    set_value: SetValue | None = None
    needs_zero: bool = False
    in_time: bool = False
    needs_event: Occurrence | None = None


def _amplitude(stimulus: Stimulus, _load: float) -> float:
    return stimulus.amplitude


def _phase_duration(stimulus: Stimulus, _load: float) -> float:
    return stimulus.phase_duration


def _phase_charge(stimulus: Stimulus, _load: float) -> float:
    return stimulus.amplitude * stimulus.phase_duration


def _charge_of_sign(sign: int) -> SetValue:
    def charge(stimulus: Stimulus, _load: float) -> float | None:
        if stimulus.shape is Shape.MONOPHASIC and stimulus.polarity.sign != sign:
            return None
        return sign * stimulus.amplitude * stimulus.phase_duration

    return charge


def _pulse_width(stimulus: Stimulus, _load: float) -> float:
    return stimulus.pulse_width


def _interphase(stimulus: Stimulus, _load: float) -> float | None:
    return None if stimulus.shape is Shape.MONOPHASIC else stimulus.interphase


def _rate(stimulus: Stimulus, _load: float) -> float:
    return stimulus.rate


def _train(stimulus: Stimulus, _load: float) -> float:
    return stimulus.train


def _polarity(stimulus: Stimulus, _load: float) -> float:
    return stimulus.polarity.sign


def _phases(stimulus: Stimulus, _load: float) -> float:
    return stimulus.shape.phases


def _duty(stimulus: Stimulus) -> float:
    return stimulus.shape.phases * stimulus.phase_duration * stimulus.rate


def _rms(stimulus: Stimulus, _load: float) -> float:
    return stimulus.amplitude * math.sqrt(_duty(stimulus))


def _average(stimulus: Stimulus, _load: float) -> float:
    return stimulus.amplitude * _duty(stimulus)


def _is_resistor(load: float) -> bool:
    """Whether a load sets the voltage: neither an open nor a short circuit does."""
    return 0.0 < load < math.inf


def _energy(stimulus: Stimulus, load: float) -> float | None:
    per_ohm = stimulus.amplitude**2 * stimulus.shape.phases * stimulus.phase_duration
    return load * per_ohm if _is_resistor(load) else None


def _peak_voltage(stimulus: Stimulus, load: float) -> float | None:
    return load * stimulus.amplitude if _is_resistor(load) else None


def _load(_stimulus: Stimulus, load: float) -> float | None:
    return load if _is_resistor(load) else None


MEASURANDS: Final[Mapping[str, Measurand]] = MappingProxyType({
    # per phase
    "phase_duration": Measurand(unit=Unit.SECOND, set_value=_phase_duration),
    "phase_peak": Measurand(unit=Unit.AMPERE, set_value=_amplitude),
    "phase_top": Measurand(unit=Unit.AMPERE, set_value=_amplitude),
    "phase_mean": Measurand(unit=Unit.AMPERE, set_value=_amplitude),
    "phase_charge": Measurand(unit=Unit.COULOMB, set_value=_phase_charge),
    "phase_charge_positive": Measurand(unit=Unit.COULOMB, signed=True, set_value=_charge_of_sign(+1)),
    "phase_charge_negative": Measurand(unit=Unit.COULOMB, signed=True, set_value=_charge_of_sign(-1)),
    "rise_time": Measurand(unit=Unit.SECOND),
    "fall_time": Measurand(unit=Unit.SECOND),
    "droop": Measurand(unit=Unit.ONE, signed=True),  # a phase may also rise
    "overshoot": Measurand(unit=Unit.ONE),
    # per pulse
    "pulse_width": Measurand(unit=Unit.SECOND, set_value=_pulse_width),
    "interphase_interval": Measurand(unit=Unit.SECOND, set_value=_interphase),
    "net_charge": Measurand(unit=Unit.COULOMB, signed=True, needs_zero=True),
    "net_charge_active": Measurand(unit=Unit.COULOMB, signed=True, needs_zero=True),
    "charge_imbalance": Measurand(unit=Unit.ONE, signed=True, needs_zero=True),
    "pulse_energy": Measurand(unit=Unit.JOULE, set_value=_energy),
    "polarity": Measurand(unit=Unit.COUNT, signed=True, set_value=_polarity),
    "phase_count": Measurand(unit=Unit.COUNT, set_value=_phases),
    # per train
    "pulse_rate": Measurand(unit=Unit.HERTZ, set_value=_rate),
    "period_jitter": Measurand(unit=Unit.SECOND),
    "period_jitter_peak_to_peak": Measurand(unit=Unit.SECOND),
    "missing_pulses": Measurand(unit=Unit.COUNT),
    "extra_pulses": Measurand(unit=Unit.COUNT),
    "on_time": Measurand(unit=Unit.SECOND, set_value=_train),
    "off_time": Measurand(unit=Unit.SECOND),
    "pulses_per_burst": Measurand(unit=Unit.COUNT),
    "burst_duration": Measurand(unit=Unit.SECOND),
    "burst_rate": Measurand(unit=Unit.HERTZ),
    "duty_cycle": Measurand(unit=Unit.ONE),
    "ramp_up_time": Measurand(unit=Unit.SECOND),
    "ramp_down_time": Measurand(unit=Unit.SECOND),
    "ramp_linearity": Measurand(unit=Unit.ONE),
    "amplitude_modulation": Measurand(unit=Unit.ONE),
    "width_range": Measurand(unit=Unit.SECOND),
    "carrier_frequency": Measurand(unit=Unit.HERTZ),
    "beat_frequency": Measurand(unit=Unit.HERTZ),
    # per record
    "rms_current": Measurand(unit=Unit.AMPERE, set_value=_rms),
    "rms_1s": Measurand(unit=Unit.AMPERE, set_value=_rms),
    "rms_5s": Measurand(unit=Unit.AMPERE, set_value=_rms),
    "dc_component": Measurand(unit=Unit.AMPERE, signed=True, needs_zero=True),
    "ac_rms": Measurand(unit=Unit.AMPERE),
    "average_current": Measurand(unit=Unit.AMPERE, set_value=_average),
    "peak_output_voltage": Measurand(unit=Unit.VOLT, set_value=_peak_voltage),
    "max_phase_charge": Measurand(unit=Unit.COULOMB, set_value=_phase_charge),
    "current_density_rms": Measurand(unit=Unit.AMPERE_PER_SQUARE_METRE),
    "power_density": Measurand(unit=Unit.WATT_PER_SQUARE_METRE),
    "phase_charge_density": Measurand(unit=Unit.COULOMB_PER_SQUARE_METRE),
    "shannon_k": Measurand(unit=Unit.NUMBER),
    "idle_current": Measurand(unit=Unit.AMPERE),
    "load_resistance": Measurand(unit=Unit.OHM, set_value=_load),
    # in time
    "latency": Measurand(unit=Unit.SECOND, in_time=True),
    "stop_time": Measurand(unit=Unit.SECOND, in_time=True),
    "comms_loss_time": Measurand(unit=Unit.SECOND, in_time=True, needs_event=Occurrence.CUT),
    "reset_stop_time": Measurand(unit=Unit.SECOND, in_time=True, needs_event=Occurrence.RESET),
    "reconnect_surge": Measurand(
        unit=Unit.AMPERE, set_value=_amplitude, in_time=True, needs_event=Occurrence.RECONNECTION
    ),
    "power_up_output": Measurand(unit=Unit.AMPERE, in_time=True, needs_event=Occurrence.POWER_UP),
    "short_circuit_recovery": Measurand(unit=Unit.SECOND, in_time=True, needs_event=Occurrence.SHORT_CIRCUIT),
})
