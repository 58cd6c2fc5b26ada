"""How a physical quantity reaches a sample, and what that way adds of its own."""

from __future__ import annotations

from dataclasses import dataclass

from rig.units import Unit

__all__ = ["SignalPath"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalPath:
    """From the quantity (current or voltage at the load) to the instrument's reading, as last calibrated.

    All uncertainties are **standard** uncertainties. Those of ``gain``, ``resistor_temperature``, ``loading``,
    ``offset``, ``offset_drift``, ``timebase`` and ``load_heating`` come from half-widths, divided by √3: their errors
    are distributed rectangularly. Those of ``resistor`` and ``load`` come from certificates: normally.

    Attributes
    ----------
    signal : ``voltage`` or ``current``
    unit : V or A, of the quantity
    scale : quantity per volt read (1 for a voltage channel, 1/R for a sense resistor), after gain correction
    offset_correction : quantity to be added to every value, from the calibration
    gain : relative uncertainty of the instrument's gain
    resistor : relative uncertainty of the resistor that turns current into voltage, from its calibration
    resistor_temperature : relative, from the temperature of that resistor
    loading : relative uncertainty left by the front end loading the output
    offset : uncertainty of the absolute offset, in ``unit``, where no zero capture was taken
    offset_drift : uncertainty of the offset's change between zero capture and signal, in ``unit``
    noise : rms noise of one sample, in ``unit``
    resolution : one code, in ``unit``
    timebase : relative uncertainty of the sample interval
    bandwidth : −3 dB frequency, Hz
    load : relative uncertainty of the load's resistance, from its calibration
    load_heating : relative change of the load's resistance per watt that heats it, 1/W
    """

    signal: str
    unit: Unit
    scale: float
    offset_correction: float = 0.0
    gain: float
    resistor: float = 0.0
    resistor_temperature: float = 0.0
    loading: float = 0.0
    offset: float
    offset_drift: float
    noise: float
    resolution: float
    timebase: float
    bandwidth: float
    load: float = 0.0
    load_heating: float = 0.0
