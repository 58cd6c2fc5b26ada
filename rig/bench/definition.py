"""A bench and a device as their files describe them, with every file that was read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rig.bench.bench_file import BenchFile, InstrumentEntry
from rig.bench.calibration_file import SLACK, CalibrationFile
from rig.bench.device_file import DeviceFile
from rig.bench.dialogue.entries import DialogueFile
from rig.bench.load_files import LoadBoxFile, ResistorFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.bench.bench_file import CurrentSignal, VoltageSignal
    from rig.model.load import Load

__all__ = ["BenchDefinition", "DeviceDefinition", "SourceFile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file that was read: its path, its name in messages, and the hash of its bytes."""

    path: Path
    shown_as: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchDefinition:
    """A bench as described; nothing has been opened.

    Attributes
    ----------
    file : the bench file's content
    path : where it was read from
    device_path : the device file that it names
    calibrations : by instrument; instruments without a record are absent
    sense_resistor : of the current signal, if there is one
    box : the load box
    loads : the box's positions and ``open``, by canonical name
    photographs : where each of the bench file's is
    files : every file read, the bench file first
    """

    file: BenchFile
    path: Path
    device_path: Path
    calibrations: Mapping[str, CalibrationFile]
    sense_resistor: ResistorFile | None
    box: LoadBoxFile
    loads: Mapping[str, Load]
    relays: Mapping[str, tuple[int, ...]]
    photographs: tuple[Path, ...] = ()
    files: tuple[SourceFile, ...]

    @property
    def id(self) -> str:
        """The bench's name."""
        return self.file.bench

    @property
    def title(self) -> str:
        """What the bench is, in words."""
        return self.file.title

    @property
    def virtual(self) -> bool:
        """Whether instruments and device are simulated."""
        return self.file.twin is not None

    @property
    def instruments(self) -> Mapping[str, InstrumentEntry]:
        """The instruments by name."""
        return self.file.instruments

    @property
    def voltage(self) -> VoltageSignal | None:
        """How the voltage over the load is seen."""
        return self.file.signals.voltage

    @property
    def current(self) -> CurrentSignal | None:
        """How the current through the load is seen."""
        return self.file.signals.current

    @property
    def full_scales(self) -> tuple[float, ...]:
        """Ranges that the voltage may be read in, V peak to peak at the probe's tip, ascending.

        Empty where the calibration holds for every range up to the signal's ``full_scale``.
        """
        entry = self.voltage
        if entry is None:
            return ()
        stated = self.calibrations[entry.instrument].channels[str(entry.channel)].half_ranges
        return tuple(2 * half * entry.probe for half in stated if 2 * half * entry.probe <= entry.full_scale * SLACK)

    @property
    def half_ranges(self) -> tuple[float, ...]:
        """Ranges that the current may be read in, ±V at the card's input, ascending; at least one."""
        entry = self.current
        if entry is None:
            return ()
        if entry.half_range is not None:
            return (entry.half_range,)
        return self.calibrations[entry.instrument].channels[entry.channel].half_ranges

    @property
    def interlock(self) -> tuple[str, InstrumentEntry] | None:
        """Name and entry of the contact in series with the output; None where the bench has none."""
        name = self.named("interlock")
        return None if name is None else (name, self.instruments[name])

    @property
    def supply(self) -> tuple[str, InstrumentEntry] | None:
        """Name and entry of what feeds the device; None where it runs on batteries."""
        name = self.named("supply")
        return None if name is None else (name, self.instruments[name])

    def named(self, role: str) -> str | None:
        """Return the name of the instrument that has a role."""
        return next((name for name, entry in self.instruments.items() if entry.role == role), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDefinition:
    """A device under test as described."""

    file: DeviceFile
    path: Path
    files: tuple[SourceFile, ...]
    dialogue: DialogueFile | None = None

    @property
    def id(self) -> str:
        """The device file's own name."""
        return self.file.device
