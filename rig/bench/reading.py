"""Bench and device files read with all the files that they name, or refused with every mistake at its place."""

from __future__ import annotations

import os
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from rig.bench.bench_checks import bench_problems, with_drivers
from rig.bench.bench_file import BenchFile
from rig.bench.calibration_checks import calibration_problems
from rig.bench.calibration_file import CalibrationFile
from rig.bench.catalog import driver_names, driver_of
from rig.bench.definition import BenchDefinition, DeviceDefinition, SourceFile
from rig.bench.described import what_is_wrong_with_picture
from rig.bench.device_file import DeviceFile
from rig.bench.dialogue.checks import what_does_not_fit
from rig.bench.dialogue.entries import DialogueFile
from rig.bench.load_files import LoadBoxFile, ResistorFile
from rig.bench.loads import loads_of
from rig.documents import read_document, validate
from rig.errors import DocumentInvalid, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rig.documents import Document

    Find = Callable[[Path, str], Path]

__all__ = ["agree_on_protocol", "load_bench", "load_device"]

ModelT = TypeVar("ModelT", bound=BaseModel)


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
    bench = with_drivers(written)
    problems = bench_problems(document, bench)
    box_document, box = reader.named(document, ("loads", "box"), beside(path, bench.loads.box), LoadBoxFile)
    calibrations = {}
    for name, entry in bench.instruments.items():
        if entry.calibration is not None:
            at = ("instruments", name, "calibration")
            _, calibrations[name] = reader.named(document, at, beside(path, entry.calibration), CalibrationFile)
            problems += calibration_problems(document, name, bench, calibrations[name])
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
