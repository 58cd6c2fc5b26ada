"""What may stand in a bench file: the instruments on a table, who sees what, and the loads."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from rig.bench.described import LaboratoryPart, PhotographPart
from rig.bench.file_parts import Entry, FilePath, IdentityEntry, Name, PositiveTime, PositiveVoltage, Title, schema_of
from rig.units.fields import Frequency, Resistance

__all__ = [
    "AUTO",
    "BenchFile",
    "ClockEntry",
    "CurrentSignal",
    "GuardEntry",
    "InstrumentEntry",
    "InstrumentFault",
    "Loads",
    "Role",
    "Signals",
    "TwinEntry",
    "VoltageSignal",
    "bench_json_schema",
]

Address = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
LineName = Annotated[str, Field(pattern=r"^port[0-9]{1,2}/line[0-9]{1,2}$")]

Role = Literal["oscilloscope", "digitizer", "load-switch", "stimulator", "interlock", "supply", "multimeter"]
AUTO = "auto"


class InstrumentFault(Entry):
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


class TwinEntry(Entry):
    """Present only on a virtual bench: the seed of its chance, and the faults of its instruments."""

    seed: int = Field(ge=0, lt=2**63)
    faults: tuple[InstrumentFault, ...] = ()


class ClockEntry(Entry):
    """The virtual bench's clock."""

    driver: Literal["virtual-clock"]
    address: Address


class InstrumentEntry(Entry):
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

    @property
    def input(self) -> str:
        """Under which name a multimeter's input stands in its calibration record."""
        return str(self.channel or 1)


class GuardEntry(Entry):
    """How long the guard waits: ``heartbeat`` for a sign of life of the run, ``answer`` for the interlock's."""

    heartbeat: PositiveTime = 0.5
    answer: PositiveTime = 0.2


class VoltageSignal(Entry):
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


class CurrentSignal(Entry):
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


class Signals(Entry):
    """Which instrument sees what."""

    voltage: VoltageSignal | None = None
    current: CurrentSignal | None = None


class Loads(Entry):
    """The load box."""

    box: FilePath


class BenchFile(Entry):
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


def bench_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a bench file."""
    return schema_of(BenchFile, "Bench")
