"""What may stand in a bench, load box, resistor, calibration or device file."""

from __future__ import annotations

import math
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rig.bench.basic_unit import BasicUnit
from rig.bench.described import LaboratoryPart, PhotographPart, SamplePart
from rig.units import Unit, parse_quantity
from rig.units.fields import (
    Area,
    Capacitance,
    Current,
    Duration,
    Frequency,
    Power,
    Quantity,
    Ratio,
    Resistance,
    Voltage,
)

__all__ = [
    "AUTO",
    "FAULTS",
    "BenchFile",
    "CalibrationFile",
    "ChannelCalibration",
    "ClockEntry",
    "CurrentSignal",
    "DeviceFile",
    "Fault",
    "FeedEntry",
    "GuardEntry",
    "IdentityEntry",
    "InstrumentEntry",
    "InstrumentFault",
    "LoadBoxFile",
    "Position",
    "RangeCalibration",
    "Ratings",
    "ResistorFile",
    "TwinEntry",
    "VoltageSignal",
]

# Names become parts of paths, of XML and of HTML: nothing in them may need escaping anywhere.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
IdentityText = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:#()+,-]{0,63}$")]
# What instruments report of themselves; ampersands and slashes are escaped wherever such a text is shown.
ReportedText = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:#()+,/&-]{0,63}$")]
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
FilePath = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]
Address = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
LineName = Annotated[str, Field(pattern=r"^port[0-9]{1,2}/line[0-9]{1,2}$")]
HalfWidth = Annotated[float, Quantity(Unit.ONE, "not negative")]
VoltageHalfWidth = Annotated[float, Quantity(Unit.VOLT, "not negative")]
PositiveVoltage = Annotated[float, Quantity(Unit.VOLT, "positive")]
PositiveCurrent = Annotated[float, Quantity(Unit.AMPERE, "positive")]
PositiveCharge = Annotated[float, Quantity(Unit.COULOMB, "positive")]
PositiveTime = Annotated[float, Quantity(Unit.SECOND, "positive")]
Uncertainty = Annotated[float, Quantity(Unit.OHM, "not negative")]
CapacitanceUncertainty = Annotated[float, Quantity(Unit.FARAD, "not negative")]
Rise = Annotated[float, Quantity(Unit.KELVIN, "not negative")]

_OF_NETWORKS = ("capacitance_uncertainty", "series_resistance", "series_uncertainty")

# Ranges of one input lie a factor apart; what an instrument says of one is rounded to some digits.
_SAME_RANGE = 0.01

Role = Literal["oscilloscope", "digitizer", "load-switch", "stimulator", "interlock", "supply", "multimeter"]


AUTO = "auto"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IdentityEntry(_Entry):
    """Who an instrument must say it is; without ``firmware``, any is accepted."""

    manufacturer: ReportedText
    model: ReportedText
    serial: ReportedText
    firmware: ReportedText | None = None


class InstrumentFault(_Entry):
    """Something an instrument of the virtual bench does wrong, from its operation number ``after`` on, ``times`` often.

    Without ``times``, for ever.
    """

    instrument: Name
    kind: Literal[
        "timeout",
        "truncated_block",
        "stale_waveform",
        "no_trigger",
        "clipped",
        "samples_lost",
        "dropped_connection",
        "wrong_identity",
        "stuck_closed",
        "stuck_open",
        "wrong_relay",
        "mute",
        "unplugged",
    ]
    after: int | None = Field(default=None, ge=0)
    times: int | None = Field(default=None, ge=1)


class TwinEntry(_Entry):
    """Present only on a virtual bench: the seed of its chance, and the faults of its instruments."""

    seed: int = Field(ge=0, lt=2**63)
    faults: tuple[InstrumentFault, ...] = ()


class ClockEntry(_Entry):
    """The virtual bench's clock."""

    driver: Literal["virtual-clock"]
    address: Address


class InstrumentEntry(_Entry):
    """One instrument: what it is for, how to speak to it, and who it must be.

    Without ``driver`` it is the one that recognises who the instrument must be.

    Of an interlock, ``channel`` or ``line`` is the output that closes it and ``hold_time`` how long it stays closed
    without being refreshed. Of a multimeter, ``channel`` is its input.
    Of a supply, ``output`` is the number of the one that feeds the device. ``options`` say
    what is different about this very instrument; which there are, depends on the driver.
    """

    role: Role
    driver: Name = AUTO
    address: Address
    device: Name | None = None
    channel: int | None = Field(default=None, ge=1, le=999)
    line: LineName | None = None
    hold_time: PositiveTime | None = None
    output: int | None = Field(default=None, ge=1, le=4)
    backend: Annotated[str, Field(pattern=r"^@[a-z]+$")] = "@py"
    identity: IdentityEntry | None = None
    calibration: FilePath | None = None
    options: dict[Name, bool | int | float | str] = Field(default_factory=dict)


class GuardEntry(_Entry):
    """How long the guard waits: ``heartbeat`` for a sign of life of the run, ``answer`` for the interlock's."""

    heartbeat: PositiveTime = 0.5
    answer: PositiveTime = 0.2


class VoltageSignal(_Entry):
    """Voltage over the load, at the tip of a probe.

    ``full_scale`` is the widest range that may be set, peak to peak. ``absolute_maximum`` is what probe and input may
    be exposed to at most, either sign. ``input_resistance`` is that of probe and oscilloscope together, as the output
    sees it. With ``screenshot`` the picture on its screen is kept beside every capture of a stimulus.
    """

    instrument: Name
    channel: int = Field(ge=1, le=8)
    probe: float = Field(gt=0, le=10000)
    full_scale: PositiveVoltage
    absolute_maximum: PositiveVoltage | None = None
    bandwidth_limit: bool = False
    screenshot: bool = False
    input_resistance: Resistance = 10e6


class CurrentSignal(_Entry):
    """Current through a sense resistor, as the voltage across it; ``rate`` is in samples per second and channel.

    Without ``half_range`` the range is chosen among those that are calibrated. ``absolute_maximum`` is the largest
    voltage that the card's input may be exposed to, either sign.
    """

    instrument: Name
    channel: Name
    half_range: PositiveVoltage | None = None
    absolute_maximum: PositiveVoltage | None = None
    rate: Frequency
    sense_resistor: FilePath


class Signals(_Entry):
    """Which instrument sees what."""

    voltage: VoltageSignal | None = None
    current: CurrentSignal | None = None


class Loads(_Entry):
    """The load box."""

    box: FilePath


class BenchFile(_Entry):
    """A bench: what is on the table."""

    bench: Name
    title: Title
    laboratory: LaboratoryPart | None = None
    photographs: tuple[PhotographPart, ...] = ()
    twin: TwinEntry | None = None
    device: FilePath
    clock: ClockEntry | None = None
    guard: GuardEntry = GuardEntry()
    instruments: dict[Name, InstrumentEntry] = Field(min_length=1)
    signals: Signals
    loads: Loads


class Certificate(_Entry):
    """A calibration certificate."""

    certificate: IdentityText
    laboratory: Title
    performed: date
    due: date

    @model_validator(mode="after")
    def _due_after_performed(self) -> Certificate:
        if self.due <= self.performed:
            msg = f"the calibration is due on {self.due}, not after it was performed on {self.performed}"
            raise ValueError(msg)
        return self


class RangeCalibration(_Entry):
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


class ChannelCalibration(_Entry):
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


class CalibrationFile(_Entry):
    """An instrument's calibration record."""

    calibration: Name
    instrument: IdentityEntry
    certificate: Certificate
    timebase: HalfWidth
    channels: dict[Name, ChannelCalibration] = Field(min_length=1)


class ResistorFile(_Entry):
    """A sense resistor: calibrated value with its standard uncertainty; ``temperature_coefficient`` is per kelvin."""

    resistor: Name
    title: Title
    certificate: Certificate
    resistance: Resistance
    uncertainty: Uncertainty
    temperature_coefficient: Annotated[float, Quantity(Unit.ONE)] = 0.0
    temperature_range: Rise = 5.0
    power_rating: Power


class Position(_Entry):
    """One position of a load box.

    ``resistance`` is the calibrated value with its standard ``uncertainty``; ``temperature_coefficient`` is per
    kelvin, ``temperature_rise`` at the rated power. With ``parallel_capacitance`` the load is the ``series_resistance``
    followed by resistance and capacitance in parallel, each with its standard uncertainty; its name, ``1 kohm RC``,
    states what both resistances are together.
    """

    relays: tuple[Annotated[int, Field(ge=1, le=9999)], ...] = Field(min_length=1)
    resistance: Resistance
    uncertainty: Uncertainty
    temperature_coefficient: Ratio = 0.0
    temperature_rise: Rise = 0.0
    power_rating: Power
    parallel_capacitance: Capacitance | None = None
    capacitance_uncertainty: CapacitanceUncertainty | None = None
    series_resistance: Resistance | None = None
    series_uncertainty: Uncertainty | None = None

    @model_validator(mode="after")
    def _network_is_whole(self) -> Position:
        if self.parallel_capacitance is None:
            left = [key for key in _OF_NETWORKS if getattr(self, key) is not None]
            if left:
                msg = f"'{left[0]}' belongs to a load with a 'parallel_capacitance'"
                raise ValueError(msg)
        elif self.capacitance_uncertainty is None or (self.series_resistance is None) != (
            self.series_uncertainty is None
        ):
            msg = "'capacitance_uncertainty' and 'series_uncertainty' say how well such a load is known"
            raise ValueError(msg)
        return self


class LoadBoxFile(_Entry):
    """A box of load resistors; the position ``open`` needs no entry."""

    loadbox: Name
    title: Title
    certificate: Certificate
    positions: dict[str, Position] = Field(min_length=1)


class Ratings(_Entry):
    """The largest settings and outputs that the device's documents state."""

    current: PositiveCurrent
    voltage: PositiveVoltage
    charge_per_phase: PositiveCharge
    phase_duration: PositiveTime
    rate: Frequency
    rms_current: PositiveCurrent | None = None
    pulse_energy: Annotated[float, Quantity(Unit.JOULE, "positive")] | None = None


class Electrodes(_Entry):
    """The electrodes that the device is used with."""

    smallest_area: Area


# Each fault's value and its unit, a count where there is none; a ratio of 100 % of ``amplitude_gain`` and of
# ``reconnect_surge`` is a healthy device, elsewhere 0 % is.
FAULTS: dict[str, Unit] = {
    "amplitude_gain": Unit.ONE,
    "second_phase_imbalance": Unit.ONE,
    "dc_leak": Unit.AMPERE,
    "pulse_width_error": Unit.ONE,
    "rate_error": Unit.ONE,
    "missing_pulse": Unit.COUNT,
    "extra_pulse": Unit.ONE,
    "polarity_flip": Unit.COUNT,
    "stuck_on": Unit.COUNT,
    "droop": Unit.ONE,
    "coarse_steps": Unit.AMPERE,
    "ignores_stop": Unit.COUNT,
    "slow_stop": Unit.SECOND,
    "late_start": Unit.SECOND,
    "no_timeout": Unit.COUNT,
    "slow_timeout": Unit.SECOND,
    "reconnect_surge": Unit.ONE,
    "power_up_pulse": Unit.AMPERE,
    "reset_pulse": Unit.AMPERE,
    "supply_sensitive": Unit.ONE,
    "short_circuit_latch": Unit.COUNT,
}


# A fault whose size is left out would be simulated as something else than its name says.
_PLAIN_FAULTS = frozenset(kind for kind, unit in FAULTS.items() if unit is Unit.COUNT)
_MEASURED_FAULTS = FAULTS.keys() - _PLAIN_FAULTS - {"extra_pulse"}


class Fault(_Entry):
    """Something a device of the virtual bench does wrong, always or at every so many pulses."""

    kind: Literal[
        "amplitude_gain",
        "second_phase_imbalance",
        "dc_leak",
        "pulse_width_error",
        "rate_error",
        "missing_pulse",
        "extra_pulse",
        "polarity_flip",
        "stuck_on",
        "droop",
        "coarse_steps",
        "ignores_stop",
        "slow_stop",
        "late_start",
        "no_timeout",
        "slow_timeout",
        "reconnect_surge",
        "power_up_pulse",
        "reset_pulse",
        "supply_sensitive",
        "short_circuit_latch",
    ]
    value: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    every: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _value_has_its_unit(self) -> Fault:
        if self.value is None and self.kind in _MEASURED_FAULTS:
            msg = f"how much? {self.kind} needs a 'value'"
            raise ValueError(msg)
        if self.value is not None and self.kind in _PLAIN_FAULTS:
            msg = f"{self.kind} is there or not: it has no 'value'"
            raise ValueError(msg)
        self.si_value()
        return self

    def si_value(self) -> float | None:
        """Return the value in SI units."""
        return None if self.value is None else parse_quantity(self.value, FAULTS[self.kind])


class FeedEntry(_Entry):
    """What feeds a device that has no battery of its own: direct current, or the mains (``ac``) with its frequency.

    ``minimum`` is the lowest voltage at which it is said to work; ``current`` is what it may take at most, to which
    its supply is limited. Of the mains these are effective values.
    """

    kind: Literal["dc", "ac"] = "dc"
    voltage: PositiveVoltage
    frequency: Frequency | None = None
    minimum: PositiveVoltage
    current: PositiveCurrent

    @model_validator(mode="after")
    def _minimum_below_voltage(self) -> FeedEntry:
        if self.minimum > self.voltage:
            msg = f"the device needs {self.minimum:g} V at least, and is fed with {self.voltage:g} V"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _frequency_of_the_mains(self) -> FeedEntry:
        if self.kind == "ac" and not self.frequency:
            msg = "at which frequency? 'kind: ac' needs a 'frequency'"
            raise ValueError(msg)
        if self.kind == "dc" and self.frequency is not None:
            msg = "direct current has no frequency; of the mains write 'kind: ac'"
            raise ValueError(msg)
        return self

    @property
    def hertz(self) -> float:
        """The frequency, Hz; 0 for direct current."""
        return self.frequency or 0.0


class Twin(_Entry):
    """How the device of the virtual bench is made, beyond its ratings."""

    rise_time: Duration = 3e-6
    interphase_leak: Current = 0.0


class DeviceFile(_Entry):
    """A device under test; ``dialogue`` is the file that describes how it is spoken to, where its driver needs one."""

    device: Name
    title: Title
    identity: IdentityEntry
    sample: SamplePart | None = None
    protocol: Name
    dialogue: FilePath | None = None
    device_class: Literal["therapy", "diagnosis", "fes"]
    channels: int = Field(ge=1, le=64)
    ratings: Ratings
    electrodes: Electrodes
    supply: FeedEntry | None = None
    basic_unit: BasicUnit = BasicUnit()
    twin: Twin = Twin()
    faults: tuple[Fault, ...] = ()


def schema_of(model: type[BaseModel], title: str) -> dict[str, Any]:
    """Return the JSON schema of a file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(), "title": title}
