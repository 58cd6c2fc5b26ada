"""What may stand in the file of a device under test."""

from __future__ import annotations

from itertools import product
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from rig.bench.basic_unit import BasicUnit
from rig.bench.declared_modes import DeclaredMode
from rig.bench.described import SamplePart
from rig.bench.file_parts import Entry, FilePath, IdentityEntry, Name, PositiveTime, PositiveVoltage, Title, schema_of
from rig.units import Unit, format_quantity, parse_quantity
from rig.units.fields import Area, Current, Duration, Frequency, Quantity

__all__ = ["FAULTS", "DeviceFile", "Electrodes", "Fault", "FeedEntry", "Ratings", "Twin", "device_json_schema"]

PositiveCurrent = Annotated[float, Quantity(Unit.AMPERE, "positive")]
PositiveCharge = Annotated[float, Quantity(Unit.COULOMB, "positive")]


class Ratings(Entry):
    """The largest settings and outputs that the device's documents state."""

    current: PositiveCurrent
    voltage: PositiveVoltage
    charge_per_phase: PositiveCharge
    phase_duration: PositiveTime
    rate: Frequency
    rms_current: PositiveCurrent | None = None
    pulse_energy: Annotated[float, Quantity(Unit.JOULE, "positive")] | None = None


class Electrodes(Entry):
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


class Fault(Entry):
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


class FeedEntry(Entry):
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


class Twin(Entry):
    """How the device of the virtual bench is made, beyond its ratings."""

    rise_time: Duration = 3e-6
    interphase_leak: Current = 0.0


class DeviceFile(Entry):
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
    modes: tuple[DeclaredMode, ...] = ()
    twin: Twin = Twin()
    faults: tuple[Fault, ...] = ()

    @model_validator(mode="after")
    def _modes_within_the_ratings(self) -> DeviceFile:
        rated = self.ratings
        bounds = (
            ("amplitude", rated.current, Unit.AMPERE),
            ("phase_duration", rated.phase_duration, Unit.SECOND),
            ("rate", rated.rate, Unit.HERTZ),
        )
        for one in self.modes:
            for (name, bound, unit), settings in product(bounds, one.highest):
                if (declared := getattr(settings, name)) > bound:
                    shown, most = format_quantity(declared, unit), format_quantity(bound, unit)
                    msg = f"mode {one.mode!r} goes to {shown} of {name}, beyond what 'ratings' declare, {most}"
                    raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _modes_once_each(self) -> DeviceFile:
        names = [(one.mode, one.shape) for one in self.modes]
        twice = next((one for one in names if names.count(one) > 1), None)
        if twice is not None:
            msg = f"mode {twice[0]!r} of shape {twice[1].value} is declared more than once"
            raise ValueError(msg)
        return self


def device_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a device file."""
    return schema_of(DeviceFile, "Device under test")
