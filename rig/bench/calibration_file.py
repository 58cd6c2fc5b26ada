"""What may stand in an instrument's calibration record."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import Field, model_validator

from rig.bench.file_parts import Certificate, Entry, IdentityEntry, Name, PositiveVoltage, schema_of
from rig.units import Unit
from rig.units.fields import Frequency, Quantity, Ratio, Voltage

__all__ = ["SLACK", "CalibrationFile", "ChannelCalibration", "RangeCalibration", "calibration_json_schema"]

HalfWidth = Annotated[float, Quantity(Unit.ONE, "not negative")]
VoltageHalfWidth = Annotated[float, Quantity(Unit.VOLT, "not negative")]

SLACK = 1 + 1e-9
"""What lies beyond the end of a range by rounding alone is within it."""

# Ranges of one input lie a factor apart; what an instrument says of one is rounded to some digits.
_SAME_RANGE = 0.01


class RangeCalibration(Entry):
    """One calibrated range, ± ``half_range`` at the input connector; what is left out is as stated for the channel."""

    half_range: PositiveVoltage
    gain_error: Ratio | None = None
    gain: HalfWidth | None = None
    offset_error: Voltage | None = None
    offset: VoltageHalfWidth | None = None
    offset_of_range: HalfWidth | None = None
    offset_drift: VoltageHalfWidth | None = None
    offset_drift_of_range: HalfWidth | None = None
    noise: VoltageHalfWidth | None = None
    noise_of_range: HalfWidth | None = None
    bandwidth: Frequency | None = None


class ChannelCalibration(Entry):
    """What is known of one channel, at the instrument's input.

    Half-widths are bounds of a rectangular distribution; voltages are at the input connector, before which a probe
    attenuates. ``gain_error`` and ``offset_error`` are known errors and are corrected:
    reading = true · (1 + gain_error) + offset_error.
    What is stated ``of_range`` is a share of the full vertical range (peak to peak). ``codes`` is how many codes that
    range holds, where they are fewer than 2 to the power of ``bits``.

    With ``ranges`` the channel is calibrated in these alone. Without, what is stated holds for every range.
    """

    gain_error: Ratio = 0.0
    gain: HalfWidth
    offset_error: Voltage = 0.0
    offset: VoltageHalfWidth
    offset_of_range: HalfWidth = 0.0
    offset_drift: VoltageHalfWidth
    offset_drift_of_range: HalfWidth = 0.0
    noise: VoltageHalfWidth
    noise_of_range: HalfWidth = 0.0
    bits: int = Field(ge=6, le=24)
    codes: int | None = Field(default=None, ge=2, le=2**24)
    bandwidth: Frequency
    ranges: tuple[RangeCalibration, ...] = ()

    @model_validator(mode="after")
    def _ranges_differ(self) -> ChannelCalibration:
        widths = [one.half_range for one in self.ranges]
        twice = [width for k, width in enumerate(widths) if any(_same(width, other) for other in widths[:k])]
        if twice:
            msg = f"the range ±{twice[0]:g} V is given twice"
            raise ValueError(msg)
        return self

    @property
    def half_ranges(self) -> tuple[float, ...]:
        """The calibrated ranges, ±V at the connector, ascending; empty where what is stated holds for every range."""
        return tuple(sorted(one.half_range for one in self.ranges))

    def in_range(self, half_range: float) -> ChannelCalibration | None:
        """Return what is stated for one range, ±V at the connector; None where that range is not calibrated."""
        if not self.ranges:
            return self
        stated = next((one for one in self.ranges if _same(one.half_range, half_range)), None)
        if stated is None:
            return None
        own = stated.model_dump(exclude={"half_range"}, exclude_none=True)
        return self.model_copy(update={**own, "ranges": ()})


def _same(one: float, other: float) -> bool:
    """Whether two widths are one range: an instrument may answer with a rounded figure."""
    return math.isclose(one, other, rel_tol=_SAME_RANGE)


class CalibrationFile(Entry):
    """An instrument's calibration record."""

    calibration: Name
    instrument: IdentityEntry
    certificate: Certificate
    timebase: HalfWidth
    channels: dict[Name, ChannelCalibration] = Field(min_length=1)


def calibration_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a calibration record."""
    return schema_of(CalibrationFile, "Calibration record")
