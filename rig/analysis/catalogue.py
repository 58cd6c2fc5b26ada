"""Every measurand: its definition, unit, level, the signal it needs, and its function. The only registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from rig.analysis import burst_timing, carrier, charge, energy, envelope, modulation, pulse, timing
from rig.analysis.record import Record
from rig.model.measurement import NotMeasured, Outcome
from rig.units import Unit

__all__ = ["CATALOGUE", "Level", "Measurand", "Needs"]


class Level(StrEnum):
    """What one value of a measurand speaks of."""

    PHASE = "phase"
    PULSE = "pulse"
    TRAIN = "train"
    RECORD = "record"


class Needs(StrEnum):
    """Which signal a measurand is taken from."""

    CURRENT = "current"
    VOLTAGE = "voltage"
    EITHER = "either"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurand:
    """One entry of the catalogue.

    Attributes
    ----------
    definition : one line, for reports
    unit : SI; of a measurand taken from either signal, the one of a current
    signed : whether the value keeps its direction, so that a limit binds it on both sides of zero
    absolute : whether it needs the true zero, so that without a zero capture nothing can be concluded from it
    form : whether it tells the form of an edge, which the first few pulses in finer steps of time show better than all
        pulses in coarser ones
    """

    name: str
    definition: str
    unit: Unit
    level: Level
    signal: Needs
    evaluate: Callable[[Record], Outcome]
    signed: bool = False
    absolute: bool = False
    form: bool = False


def _idle(_record: Record) -> Outcome:
    return NotMeasured(measurand="idle_current", reason="it is measured in a capture with the output off")


_A, _S, _C, _N, _1 = Unit.AMPERE, Unit.SECOND, Unit.COULOMB, Unit.COUNT, Unit.ONE
_CURRENT, _EITHER = Needs.CURRENT, Needs.EITHER
_PHASE, _PULSE, _TRAIN, _RECORD = Level.PHASE, Level.PULSE, Level.TRAIN, Level.RECORD

_ENTRIES: Final = (
    ("phase_duration", "50 % to 50 % crossing of a phase's two transitions", _S, _PHASE, _EITHER, pulse.phase_duration),
    ("phase_peak", "extreme value of a phase", _A, _PHASE, _EITHER, pulse.phase_peak),
    ("phase_top", "state level of a phase: mode of the histogram of its samples", _A, _PHASE, _EITHER, pulse.phase_top),
    ("phase_mean", "phase_charge / phase_duration", _A, _PHASE, _CURRENT, charge.phase_mean),
    ("phase_charge", "integral of the current over a phase, tail included", _C, _PHASE, _CURRENT, charge.phase_charge),
    ("phase_charge_positive", "phase_charge of positive phases", _C, _PHASE, _CURRENT, charge.phase_charge_positive),
    ("phase_charge_negative", "phase_charge of negative phases", _C, _PHASE, _CURRENT, charge.phase_charge_negative),
    ("rise_time", "10 % to 90 % of a phase's first transition", _S, _PHASE, _EITHER, pulse.rise_time),
    ("fall_time", "90 % to 10 % of a phase's last transition", _S, _PHASE, _EITHER, pulse.fall_time),
    ("droop", "(top at start − top at end) / top at start", _1, _PHASE, _EITHER, pulse.droop),
    ("overshoot", "(peak − top) / top", _1, _PHASE, _EITHER, pulse.overshoot),
    ("pulse_width", "begin of the first to end of the last phase, interphase interval included", _S, _PULSE, _EITHER,
     pulse.pulse_width),
    ("interphase_interval", "rest between two phases, 50 % to 50 %", _S, _PULSE, _EITHER, pulse.interphase_interval),
    ("net_charge", "integral of the current from a pulse's begin to the next pulse's", _C, _PULSE, _CURRENT,
     charge.net_charge),
    ("net_charge_active", "integral of the current over a pulse's phases alone", _C, _PULSE, _CURRENT,
     charge.net_charge_active),
    ("charge_imbalance", "net_charge / |charge of the first phase|", _1, _PULSE, _CURRENT, charge.charge_imbalance),
    ("pulse_energy", "R · integral of i² over a pulse", Unit.JOULE, _PULSE, _CURRENT, energy.pulse_energy),
    ("polarity", "direction of the leading phase, +1 or −1", _N, _PULSE, _EITHER, pulse.polarity),
    ("phase_count", "number of phases of a pulse", _N, _PULSE, _EITHER, pulse.phase_count),
    ("pulse_rate", "1 / mean period", Unit.HERTZ, _TRAIN, _EITHER, timing.pulse_rate),
    ("period_jitter", "standard deviation of the periods", _S, _TRAIN, _EITHER, timing.period_jitter),
    ("period_jitter_peak_to_peak", "longest minus shortest period", _S, _TRAIN, _EITHER,
     timing.period_jitter_peak_to_peak),
    ("missing_pulses", "pulses that should have come and did not", _N, _TRAIN, _EITHER, timing.missing_pulses),
    ("extra_pulses", "pulses that came and should not have", _N, _TRAIN, _EITHER, timing.extra_pulses),
    ("pulses_per_burst", "number of pulses in a burst", _N, _TRAIN, _EITHER, burst_timing.pulses_per_burst),
    ("burst_duration", "begin of a burst's first to end of its last pulse", _S, _TRAIN, _EITHER,
     burst_timing.burst_duration),
    ("burst_rate", "bursts per second", Unit.HERTZ, _TRAIN, _EITHER, burst_timing.burst_rate),
    ("duty_cycle", "bursts per second · burst duration", _1, _TRAIN, _EITHER, burst_timing.duty_cycle),
    ("on_time", "time during which pulses come", _S, _TRAIN, _EITHER, burst_timing.on_time),
    ("off_time", "rest between two stretches of pulses", _S, _TRAIN, _EITHER, burst_timing.off_time),
    ("ramp_up_time", "10 % to 90 % of the amplitude envelope at the begin of a train", _S, _TRAIN, _EITHER,
     envelope.ramp_up_time),
    ("ramp_down_time", "90 % to 10 % of the amplitude envelope at the end of a train", _S, _TRAIN, _EITHER,
     envelope.ramp_down_time),
    ("ramp_linearity", "largest deviation of a ramp's pulses from a straight line, of its top", _1, _TRAIN, _EITHER,
     envelope.ramp_linearity),
    ("amplitude_modulation", "(largest − smallest) / (largest + smallest) amplitude, ramps left out", _1, _TRAIN,
     _EITHER, modulation.amplitude_modulation),
    ("width_range", "longest minus shortest duration of the leading phases", _S, _TRAIN, _EITHER,
     modulation.width_range),
    ("carrier_frequency", "cycles per second of an alternating current while it flows", Unit.HERTZ, _TRAIN, _EITHER,
     carrier.carrier_frequency),
    ("beat_frequency", "how often per second an alternating current's amplitude comes and goes", Unit.HERTZ, _TRAIN,
     _EITHER, carrier.beat_frequency),
    ("rms_current", "root of mean i² over the record's whole periods", _A, _RECORD, _CURRENT, energy.rms_current),
    ("rms_1s", "root of mean i² over the worst sliding 1 s", _A, _RECORD, _CURRENT, energy.rms_1s),
    ("rms_5s", "root of mean i² over the worst sliding 5 s", _A, _RECORD, _CURRENT, energy.rms_5s),
    ("dc_component", "mean of i over the record's whole periods", _A, _RECORD, _CURRENT, energy.dc_component),
    ("ac_rms", "root of rms² − dc² over the record's whole periods", _A, _RECORD, _CURRENT, energy.ac_rms),
    ("average_current", "mean of |i| over the record's whole periods", _A, _RECORD, _CURRENT, energy.average_current),
    ("peak_output_voltage", "extreme of |v|", Unit.VOLT, _RECORD, Needs.VOLTAGE, energy.peak_output_voltage),
    ("max_phase_charge", "the largest phase_charge", _C, _RECORD, _CURRENT, charge.max_phase_charge),
    ("current_density_rms", "rms_current / area of the smallest electrode", Unit.AMPERE_PER_SQUARE_METRE, _RECORD,
     _CURRENT, energy.current_density_rms),
    ("power_density", "rms_1s² · R / area of the smallest electrode", Unit.WATT_PER_SQUARE_METRE, _RECORD, _CURRENT,
     energy.power_density),
    ("phase_charge_density", "max_phase_charge / area of the smallest electrode", Unit.COULOMB_PER_SQUARE_METRE,
     _RECORD, _CURRENT, charge.phase_charge_density),
    ("shannon_k", "log10(Q·D), Q in µC, D in µC/cm²; information only", Unit.NUMBER, _RECORD, _CURRENT,
     charge.shannon_k),
    ("idle_current", "largest |i| with the output off", _A, _RECORD, _CURRENT, _idle),
)  # fmt: skip

_ABSOLUTE: Final = frozenset({"net_charge", "net_charge_active", "charge_imbalance", "dc_component"})
_SIGNED: Final = _ABSOLUTE | {"phase_charge_positive", "phase_charge_negative", "polarity", "droop"}
_FORM: Final = frozenset({"rise_time", "fall_time", "overshoot"})

CATALOGUE: Final[Mapping[str, Measurand]] = MappingProxyType({
    name: Measurand(
        name=name,
        definition=definition,
        unit=unit,
        level=level,
        signal=signal,
        evaluate=evaluate,
        signed=name in _SIGNED,
        absolute=name in _ABSOLUTE,
        form=name in _FORM,
    )
    for name, definition, unit, level, signal, evaluate in _ENTRIES
})
