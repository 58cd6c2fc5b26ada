"""A bench and a device as their files describe them, with every file that was read, checked against each other."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from rig.bench.bench_file import AUTO, BenchFile, InstrumentEntry
from rig.bench.calibration_file import CalibrationFile
from rig.bench.catalog import driver_names, driver_of, drivers_for
from rig.bench.described import what_is_wrong_with_picture
from rig.bench.device_file import DeviceFile
from rig.bench.dialogue.checks import what_does_not_fit
from rig.bench.dialogue.entries import DialogueFile
from rig.bench.file_parts import schema_of
from rig.bench.load_files import LoadBoxFile, ResistorFile
from rig.bench.loads import loads_of
from rig.bench.needs import what_the_driver_misses
from rig.bench.opening import TWIN
from rig.documents import nearest, read_document, validate
from rig.errors import DocumentInvalid, Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rig.bench.bench_file import CurrentSignal, VoltageSignal
    from rig.bench.calibration_file import ChannelCalibration
    from rig.bench.catalog import Driver
    from rig.documents import Document
    from rig.model.load import Load

__all__ = [
    "TWIN",
    "BenchDefinition",
    "DeviceDefinition",
    "SourceFile",
    "agree_on_protocol",
    "bench_json_schema",
    "calibration_json_schema",
    "device_json_schema",
    "load_bench",
    "load_device",
    "loadbox_json_schema",
    "resistor_json_schema",
]

ModelT = TypeVar("ModelT", bound=BaseModel)

if TYPE_CHECKING:
    Find = Callable[[Path, str], Path]

_SLACK = 1 + 1e-9
_LONGEST_WAITS = {"heartbeat": 1.0, "answer": 0.5}


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
        return tuple(2 * half * entry.probe for half in stated if 2 * half * entry.probe <= entry.full_scale * _SLACK)

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

    def input_of(self, multimeter: str) -> str:
        """Return under which name a multimeter's input stands in its calibration record."""
        return _input_of(self.instruments[multimeter])

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


def load_bench(path: Path, *, find: Find | None = None) -> BenchDefinition:
    """Read a bench file and all files it names, except the device's.

    ``find`` says where a file is that is named in another one; where it is not given, relative to that one.

    Raises
    ------
    DocumentInvalid
        with every mistake found, each at its place
    """
    reader, beside = _Reader(), find or _beside
    document, written = reader.read(path, BenchFile)
    bench = _with_drivers(written)
    problems = _bench_problems(document, bench)
    box_document, box = reader.named(document, ("loads", "box"), beside(path, bench.loads.box), LoadBoxFile)
    calibrations = {}
    for name, entry in bench.instruments.items():
        if entry.calibration is not None:
            at = ("instruments", name, "calibration")
            _, calibrations[name] = reader.named(document, at, beside(path, entry.calibration), CalibrationFile)
            problems += _calibration_problems(document, name, bench, calibrations[name])
    resistor = None
    if bench.signals.current is not None:
        at = ("signals", "current", "sense_resistor")
        _, resistor = reader.named(document, at, beside(path, bench.signals.current.sense_resistor), ResistorFile)
    photographs = tuple(beside(path, one.file) for one in bench.photographs)
    problems += [
        document.problem(("photographs", index, "file"), wrong)
        for index, photograph in enumerate(photographs if find is None else ())  # nothing is computed from a copy
        if (wrong := what_is_wrong_with_picture(photograph))
    ]
    loads, relays, mistaken = loads_of(box)
    problems += [box_document.problem(("positions", name), message, at_key=True) for name, message in mistaken]
    if problems:
        raise DocumentInvalid(problems)
    return BenchDefinition(
        file=bench,
        path=path,
        device_path=_beside(path, bench.device),
        calibrations=MappingProxyType(calibrations),
        sense_resistor=resistor,
        box=box,
        loads=MappingProxyType(loads),
        relays=MappingProxyType(relays),
        photographs=photographs,
        files=tuple(reader.files),
    )


def load_device(path: Path, *, find: Find | None = None) -> DeviceDefinition:
    """Read a device file; raises DocumentInvalid with every mistake found. For ``find`` see :func:`load_bench`."""
    reader = _Reader()
    document, device = reader.read(path, DeviceFile)
    problems = [document.problem(at, message) for at, message in _protocol_problems(device)]
    if problems:
        raise DocumentInvalid(problems)
    dialogue = None
    if device.dialogue is not None:
        named = (find or _beside)(path, device.dialogue)
        dialogue_document, dialogue = reader.named(document, ("dialogue",), named, DialogueFile)
        problems += [dialogue_document.problem(at, message) for at, message in what_does_not_fit(dialogue)]
    if problems:
        raise DocumentInvalid(problems)
    return DeviceDefinition(file=device, path=path, files=tuple(reader.files), dialogue=dialogue)


def agree_on_protocol(bench: BenchDefinition, device: DeviceDefinition) -> None:
    """Refuse a device whose protocol is another than the one that the bench's stimulator is driven by.

    Raises
    ------
    DocumentInvalid
        at the device file's ``protocol``
    """
    name = bench.named("stimulator")
    if name is not None and bench.instruments[name].driver != device.file.protocol:
        driver = bench.instruments[name].driver
        message = (
            f"the device speaks {device.file.protocol}, and on the bench {bench.id} {name!r} is driven by {driver}"
        )
        raise DocumentInvalid([read_document(device.path, defer=True).problem(("protocol",), message)])


def _beside(naming: Path, named: str) -> Path:
    """Resolve a path against the file that names it."""
    return Path(os.path.normpath(naming.parent / named))


class _Reader:
    """Reads files and keeps account of them."""

    def __init__(self) -> None:
        self.files: list[SourceFile] = []

    def read(self, path: Path, model: type[ModelT]) -> tuple[Document, ModelT]:
        """Read and validate one file."""
        document = read_document(path, defer=True)
        value = validate(document, model)
        if all(file.path != path for file in self.files):
            self.files.append(SourceFile(path=path, shown_as=document.shown_as, sha256=document.sha256))
        return document, value

    def named(self, naming: Document, at: tuple[str, ...], path: Path, model: type[ModelT]) -> tuple[Document, ModelT]:
        """Read a file that another file names; if it is not there, that is the naming file's mistake."""
        if not path.is_file():
            raise DocumentInvalid([naming.problem(at, f"there is no file {str(path)!r}")])
        return self.read(path, model)


def _protocol_problems(device: DeviceFile) -> Iterator[tuple[tuple[str, ...], str]]:
    try:
        driver = driver_of(device.protocol)
    except Refused as error:
        yield ("protocol",), str(error)
        return
    if driver is None or driver.role != "stimulator":
        known = [name for name in driver_names() if (one := driver_of(name)) is not None and one.role == "stimulator"]
        yield ("protocol",), f"{device.protocol!r} is no protocol of a stimulator; there are: {', '.join(known)}"
    elif driver.longest_serial is not None and len(device.identity.serial) > driver.longest_serial:
        message = f"the protocol reports {driver.longest_serial} characters at most; this can never match"
        yield ("identity", "serial"), message
    elif driver.dialogue and device.dialogue is None:
        yield (), f"a {driver.name} needs a 'dialogue', the file that describes how it is spoken to"
    elif device.dialogue is not None and not driver.dialogue:
        yield ("dialogue",), f"how to speak to a {driver.name} is known; remove this"


# Faults that not every instrument can have, and the roles that can.
_FAULTS_OF: dict[str, tuple[str, ...]] = {
    "stuck_closed": ("interlock", "load-switch"),
    "stuck_open": ("load-switch",),
    "wrong_relay": ("load-switch",),
    "mute": ("interlock", "load-switch"),
}


def _bench_problems(document: Document, bench: BenchFile) -> list[Problem]:
    def problem(*loc: str, say: str) -> Problem:
        return document.problem(loc, say)

    problems = []
    roles: dict[str, str] = {}
    for name, entry in bench.instruments.items():
        at = ("instruments", name)
        problems += [problem(*at, *key, say=say) for key, say in _driver_problems(entry)]
        if entry.role in roles:
            problems.append(problem(*at, "role", say=f"{roles[entry.role]!r} is the {entry.role} already"))
        roles.setdefault(entry.role, name)
        if entry.identity is None and entry.role != "stimulator":
            problems.append(problem(*at, say="'identity' is missing: who must the instrument be?"))
        if entry.address == TWIN and bench.twin is None:
            problems.append(problem(*at, "address", say="'twin' is an address of a virtual bench only"))
    problems += _twin_problems(problem, bench)
    problems += _guard_problems(problem, bench, roles)
    problems += _signal_problems(problem, bench)
    problems += [
        problem("instruments", say=f"no instrument has the role {role}")
        for role in ("load-switch", "stimulator")
        if role not in roles
    ]
    return problems


def _with_drivers(bench: BenchFile) -> BenchFile:
    """Name the driver of every instrument that is recognised by who it must be."""
    found = {
        name: entry.model_copy(update={"driver": known[0].name})
        for name, entry in bench.instruments.items()
        if entry.driver == AUTO and len(known := _recognising(entry)) == 1
    }
    return bench.model_copy(update={"instruments": {**bench.instruments, **found}}) if found else bench


def _recognising(entry: InstrumentEntry) -> list[Driver]:
    who = entry.identity
    known = () if who is None else drivers_for(f"{who.manufacturer},{who.model}")
    return [driver for driver in known if driver.role == entry.role]


def _driver_problems(entry: InstrumentEntry) -> Iterator[tuple[tuple[str, ...], str]]:
    """Tell what is wrong about the driver, or about what is said to it, each with the key to blame."""
    if entry.driver == AUTO:
        names = ", ".join(driver.name for driver in _recognising(entry))
        say = f"name one of: {names}" if names else f"no driver for a {entry.role} recognises it by its 'identity'"
        yield (), f"'driver' is missing: {say}"
        return
    try:
        driver = driver_of(entry.driver)
    except Refused as error:
        yield ("driver",), str(error)
        return
    if driver is None:
        yield ("driver",), f"there is no driver {entry.driver!r}{nearest(entry.driver, driver_names())}"
        return
    if entry.role != driver.role:
        yield ("driver",), f"a {entry.driver} is a {driver.role}, not a {entry.role}"
    yield from what_the_driver_misses(driver, entry)


def _twin_problems(problem: Callable[..., Problem], bench: BenchFile) -> list[Problem]:
    problems = []
    if bench.twin is not None and bench.clock is None:
        problems.append(problem("twin", say="a virtual bench needs a 'clock'"))
    if bench.twin is None and bench.clock is not None:
        problems.append(problem("clock", say="a real bench goes by the computer's own clock; remove this"))
    for fault in bench.twin.faults if bench.twin else ():
        able = _FAULTS_OF.get(fault.kind)
        if fault.instrument not in bench.instruments:
            names = ", ".join(bench.instruments)
            problems.append(problem("twin", "faults", say=f"no instrument {fault.instrument!r}; there are: {names}"))
        elif able is not None and bench.instruments[fault.instrument].role not in able:
            say = f"{fault.kind} is a fault of {_one_of(able)}; {fault.instrument!r} is not one"
            problems.append(problem("twin", "faults", say=say))
    return problems


def _one_of(roles: Iterable[str]) -> str:
    return " or ".join(f"{'an' if role[0] in 'aeio' else 'a'} {role}" for role in roles)


def _guard_problems(problem: Callable[..., Problem], bench: BenchFile, roles: Mapping[str, str]) -> list[Problem]:
    """Hold the guard's patience against the bench: only where nobody is hurt may a slow machine be waited for."""
    problems = []
    if "interlock" not in roles and bench.guard.model_fields_set:
        problems.append(problem("guard", say="only a bench with an interlock has a guard"))
    for key, longest in _LONGEST_WAITS.items() if bench.twin is None else ():
        if getattr(bench.guard, key) > longest:
            say = f"on a real bench {longest:g} s at most: for so long current may flow that nobody watches"
            problems.append(problem("guard", key, say=say))
    return problems


def _signal_problems(problem: Callable[..., Problem], bench: BenchFile) -> list[Problem]:
    problems = []
    for signal, role in (("voltage", "oscilloscope"), ("current", "digitizer")):
        entry = getattr(bench.signals, signal)
        if entry is None:
            continue
        at = ("signals", signal, "instrument")
        instrument = bench.instruments.get(entry.instrument)
        if instrument is None:
            names = ", ".join(bench.instruments)
            problems.append(problem(*at, say=f"no instrument {entry.instrument!r}; there are: {names}"))
        elif instrument.role != role:
            problems.append(problem(*at, say=f"{signal} is read by the {role}; {entry.instrument!r} is not one"))
        elif instrument.calibration is None:
            say = f"{entry.instrument!r} measures, so it needs a 'calibration'"
            problems.append(problem("instruments", entry.instrument, say=say))
    if bench.signals.voltage is None and bench.signals.current is None:
        problems.append(problem("signals", say="a bench needs at least one of 'voltage' and 'current'"))
    return problems


def _calibration_problems(document: Document, name: str, bench: BenchFile, record: CalibrationFile) -> list[Problem]:
    problems = []
    at = ("instruments", name, "calibration")
    identity = bench.instruments[name].identity
    if identity is not None and (identity.model, identity.serial) != (
        record.instrument.model,
        record.instrument.serial,
    ):
        whose = f"{record.instrument.model}, serial {record.instrument.serial}"
        problems.append(document.problem(at, f"this is the calibration of another instrument: {whose}"))
    for signal in (bench.signals.voltage, bench.signals.current):
        if signal is not None and signal.instrument == name and str(signal.channel) not in record.channels:
            channels = ", ".join(record.channels)
            problems.append(
                document.problem(at, f"the record does not cover channel {signal.channel!r}, only {channels}")
            )
    entry = bench.instruments[name]
    if entry.role == "multimeter":
        channel = record.channels.get(_input_of(entry))
        if channel is None:
            channels = ", ".join(record.channels)
            say = f"the record does not cover channel {_input_of(entry)!r}, only {channels}"
            problems.append(document.problem(at, say))
        elif not channel.ranges:
            problems.append(document.problem(at, "the record names no ranges of the multimeter to choose from"))
    return problems or _range_problems(document, name, bench, record)


def _input_of(entry: InstrumentEntry) -> str:
    return str(entry.channel or 1)


def _range_problems(document: Document, name: str, bench: BenchFile, record: CalibrationFile) -> list[Problem]:
    """Hold the ranges that a bench names against those that are calibrated."""
    current, voltage = bench.signals.current, bench.signals.voltage
    if current is not None and current.instrument == name:
        channel = record.channels[current.channel]
        if current.half_range is None and not channel.ranges:
            message = "'half_range' is missing: the calibration record names no ranges to choose from"
            return [document.problem(("signals", "current"), message)]
        if current.half_range is not None and channel.in_range(current.half_range) is None:
            message = f"this range is not calibrated; {_calibrated(channel)}"
            return [document.problem(("signals", "current", "half_range"), message)]
    if voltage is not None and voltage.instrument == name:
        channel = record.channels[str(voltage.channel)]
        if channel.ranges and 2 * channel.half_ranges[0] * voltage.probe > voltage.full_scale * _SLACK:
            message = f"no calibrated range is as narrow as this; {_calibrated(channel)} at the connector"
            return [document.problem(("signals", "voltage", "full_scale"), message)]
    return []


def _calibrated(channel: ChannelCalibration) -> str:
    return "calibrated are " + ", ".join(f"±{half:g} V" for half in channel.half_ranges)


def bench_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a bench file."""
    return schema_of(BenchFile, "Bench")


def device_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a device file."""
    return schema_of(DeviceFile, "Device under test")


def calibration_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a calibration record."""
    return schema_of(CalibrationFile, "Calibration record")


def loadbox_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a load box."""
    return schema_of(LoadBoxFile, "Load box")


def resistor_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a sense resistor."""
    return schema_of(ResistorFile, "Sense resistor")
