"""From a calibration record to the way of one signal: what it adds, as standard uncertainties.

Half-widths of the record are bounds of a rectangular distribution, whose standard deviation is half-width / √3
(JCGM 100:2008, 4.3.7).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rig.errors import Refused
from rig.model.setup import DigitizerSetup, ScopeSetup
from rig.model.signal_path import SignalPath
from rig.units import Unit

if TYPE_CHECKING:
    from rig.bench.calibration_file import ChannelCalibration
    from rig.bench.definition import BenchDefinition
    from rig.model.load import Load

# What instruments call their bandwidth limit is 20 MHz, or 25: the lower one claims less, Hz.
_LIMITED = 20e6

__all__ = ["current_path", "meter_path", "signal_path", "voltage_path"]


def signal_path(
    definition: BenchDefinition, signal: str, setup: ScopeSetup | DigitizerSetup, load: Load | None
) -> SignalPath:
    """Return the way of ``voltage`` or ``current`` for an instrument as it was set.

    Raises
    ------
    Refused
        if the bench does not have the signal, the setup is not of its instrument, or its range is not calibrated
    """
    if signal == "voltage" and definition.voltage is not None and isinstance(setup, ScopeSetup):
        return voltage_path(definition, setup, load)
    if signal == "current" and definition.current is not None and isinstance(setup, DigitizerSetup):
        return current_path(definition, setup, load)
    msg = f"the bench {definition.id!r} has no {signal!r} with such a setup"
    raise Refused(msg)


def voltage_path(definition: BenchDefinition, setup: ScopeSetup, load: Load | None) -> SignalPath:
    """Return the way of the voltage over the load: probe and oscilloscope; readings are V at the probe's tip."""
    entry = definition.voltage
    channel = setup.channels.get(entry.channel) if entry else None
    if entry is None or channel is None:
        msg = f"the bench {definition.id!r} reads no voltage on these channels"
        raise Refused(msg)
    record = definition.calibrations[entry.instrument]
    loading = 0.0
    if load is not None and not load.is_open:
        # A current source drives the load in parallel with the probe, which lowers the voltage by about this much.
        loading = load.resistance / (load.resistance + entry.input_resistance)
    stated = _stated(entry.instrument, record.channels[str(entry.channel)], channel.full_scale / 2 / channel.probe)
    if channel.bandwidth_limit:
        stated = stated.model_copy(update={"bandwidth": min(stated.bandwidth, _LIMITED)})
    return _path(
        "voltage",
        Unit.VOLT,
        stated,
        full_range=channel.full_scale,
        attenuation=channel.probe,
        per_volt=1.0,
        timebase=record.timebase,
        loading=loading / math.sqrt(3),
    )


def current_path(definition: BenchDefinition, setup: DigitizerSetup, load: Load | None = None) -> SignalPath:
    """Return the way of the current: sense resistor and DAQ card; readings are V at the card's input.

    The load matters where power and energy are told from the current.
    """
    entry, resistor = definition.current, definition.sense_resistor
    half_range = setup.channels.get(entry.channel) if entry else None
    if entry is None or resistor is None or half_range is None:
        msg = f"the bench {definition.id!r} reads no current on these channels"
        raise Refused(msg)
    record = definition.calibrations[entry.instrument]
    return _path(
        "current",
        Unit.AMPERE,
        _stated(entry.instrument, record.channels[entry.channel], half_range),
        full_range=2 * half_range,
        attenuation=1.0,
        per_volt=1.0 / resistor.resistance,
        timebase=record.timebase,
        resistor=resistor.uncertainty / resistor.resistance,
        resistor_temperature=abs(resistor.temperature_coefficient) * resistor.temperature_range / math.sqrt(3),
        load=load,
    )


def meter_path(definition: BenchDefinition, instrument: str, half_range: float) -> SignalPath:
    """Return the way of the current that a multimeter reads across the sense resistor, in a calibrated range, ±V."""
    resistor, record = definition.sense_resistor, definition.calibrations[instrument]
    if resistor is None:
        msg = f"the bench {definition.id!r} has no sense resistor"
        raise Refused(msg)
    channel = record.channels[definition.instruments[instrument].input]
    return _path(
        "current",
        Unit.AMPERE,
        _stated(instrument, channel, half_range),
        full_range=2 * half_range,
        attenuation=1.0,
        per_volt=1.0 / resistor.resistance,
        timebase=record.timebase,
        resistor=resistor.uncertainty / resistor.resistance,
        resistor_temperature=abs(resistor.temperature_coefficient) * resistor.temperature_range / math.sqrt(3),
    )


def _stated(instrument: str, channel: ChannelCalibration, half_range: float) -> ChannelCalibration:
    """Return what is stated for a range, ±V at the connector; what is not calibrated measures nothing."""
    stated = channel.in_range(half_range)
    if stated is None:
        msg = f"{instrument}: the range ±{half_range:g} V is not calibrated"
        raise Refused(msg)
    return stated


def _path(
    signal: str,
    unit: Unit,
    channel: ChannelCalibration,
    *,
    full_range: float,
    attenuation: float,
    per_volt: float,
    timebase: float,
    resistor: float = 0.0,
    resistor_temperature: float = 0.0,
    loading: float = 0.0,
    load: Load | None = None,
) -> SignalPath:
    """Collect the terms; ``full_range`` is peak to peak where readings are taken, before ``per_volt``."""
    load = None if load is None or load.is_open else load
    scale = per_volt / (1.0 + channel.gain_error)

    def rectangular(absolute: float, of_range: float) -> float:
        return (absolute * attenuation + of_range * full_range) * per_volt / math.sqrt(3)

    return SignalPath(
        signal=signal,
        unit=unit,
        scale=scale,
        offset_correction=-channel.offset_error * attenuation * scale,
        gain=channel.gain / math.sqrt(3),
        resistor=resistor,
        resistor_temperature=resistor_temperature,
        loading=loading,
        offset=rectangular(channel.offset, channel.offset_of_range),
        offset_drift=rectangular(channel.offset_drift, channel.offset_drift_of_range),
        noise=math.hypot(channel.noise * attenuation, channel.noise_of_range * full_range) * per_volt,
        resolution=full_range / (channel.codes or 2**channel.bits) * per_volt,
        timebase=timebase / math.sqrt(3),
        bandwidth=channel.bandwidth,
        load=load.uncertainty / load.resistance if load else 0.0,
        load_heating=_heating(load) if load else 0.0,
    )


def _heating(load: Load) -> float:
    """Return how far a watt may change a load, relative: its temperature coefficient is a bound, of unknown sign."""
    return abs(load.temperature_coefficient) * load.thermal_resistance / math.sqrt(3)
