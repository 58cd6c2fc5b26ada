"""What a device of ScienceMode's low level measures of its own pulse."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rig.twin.world import World

__all__ = ["HighVoltage", "Measures", "measured", "read_init"]

_SAMPLES = 128
_CURRENT_UNIT, _VOLTAGE_UNIT = 1e-5, 1e-2
_SLACK = 1e-9


class Measures(IntEnum):
    """What is measured while a pulse is given."""

    NOTHING = 0
    CURRENT = 1
    VOLTAGE = 2
    HIGH_VOLTAGE = 3


class HighVoltage(IntEnum):
    """Whether pulses can be given at all."""

    STANDARD = 0
    OFF = 1


def read_init(data: bytes) -> tuple[HighVoltage, Measures] | None:
    """Return what "init" of the low level asks for, bits 1 to 3 and 4 to 6; None when it is not well formed."""
    if len(data) != 1:
        return None
    source, measures = data[0] >> 1 & 0x07, data[0] >> 4 & 0x07
    if source not in set(HighVoltage) or measures not in set(Measures):
        return None
    return HighVoltage(source), Measures(measures)


def measured(world: World, what: Measures, start: float, stop: float) -> bytes:
    """Return what is added to the acknowledgement of a pulse: time between samples in us, then 128 magnitudes.

    Hundredths of a milliampere or of a volt; what is negative is measured as positive.
    """
    if what is Measures.NOTHING:
        return b""
    interval = max(math.ceil((stop - start) * 1e6 / _SAMPLES - _SLACK), 1)
    if what is Measures.HIGH_VOLTAGE:
        samples = np.full(_SAMPLES, world.config.device.compliance)
    else:
        node = "current" if what is Measures.CURRENT else "output_voltage"
        end = start + _SAMPLES * interval * 1e-6
        samples = world.signal(node, start, end).sample_uniform(start, interval * 1e-6, _SAMPLES)
    unit = _CURRENT_UNIT if what is Measures.CURRENT else _VOLTAGE_UNIT
    codes = np.minimum(np.rint(np.abs(samples) / unit), 0xFFFF).astype(">u2")
    return interval.to_bytes(2, "big") + bytes(codes.tobytes())
