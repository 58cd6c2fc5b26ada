"""A run as ATML test results, IEEE 1636.1: who tested what with which station, and what came out.

The names are those of the edition of 2011, which test executives write and read. Of outcomes only Passed, Failed and
Aborted are used, which every edition knows; what the rig says beyond that is their qualifier.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from rig.evidence.record import FileEntry
from rig.report.exports.atml_data import document, identifier, item, said
from rig.report.exports.atml_results import write_results
from rig.report.xml_element import element, xml_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree import ElementTree as ET

    from rig.evidence.record import CalibrationEntry, InstrumentEntry, RunRecord
    from rig.report.exports.exported import ExportedRun

__all__ = ["write_atml"]

_SPACES = {
    "xmlns:trc": "urn:IEEE-1636.1:2011:01:TestResultsCollection",
    "xmlns:tr": "urn:IEEE-1636.1:2011:01:TestResults",
    "xmlns:c": "urn:IEEE-1671:2010:Common",
    "xmlns:rig": "urn:nmes-rig:atml:1",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
}


def write_atml(run: ExportedRun) -> str:
    """Return a run as one collection with one document of test results."""
    record = run.record
    collection = element(None, "trc:TestResultsCollection", _SPACES)
    root = element(
        collection, "trc:TestResults", {"uuid": identifier(run.record_sha256), "name": f"run {record.run_id}"}
    )
    operator = said(record.operator, "not stated")
    element(element(root, "tr:Personnel", {}), "tr:SystemOperator", {"ID": operator, "name": operator})
    references = element(root, "tr:References", {})
    for entry in _files(run):
        document(references, "tr:Reference", entry)
    write_results(root, run)
    if record.bench and record.bench.laboratory:
        element(root, "tr:Site", {"name": said(record.bench.laboratory.name)})
    _program(root, record)
    _station(root, record)
    if record.device:
        made, device = element(root, "tr:UUT", {}), record.device
        item(made, model=device.model, serial=device.serial, version=device.firmware, maker=device.manufacturer)
    told = element(element(root, "tr:Extension", {}), "rig:Provenance", {})
    for name, value in run.provenance():
        element(told, "rig:Entry", {"name": name}, value)
    return xml_text(collection)


def _files(run: ExportedRun) -> Iterator[FileEntry]:
    """Yield the files that the results rest on, each once."""
    record = run.record
    files = [FileEntry(origin="the record of the run", file="record.json", sha256=run.record_sha256)]
    if run.manifest_sha256:
        manifest = FileEntry(origin="the manifest of its evidence", file="manifest.json", sha256=run.manifest_sha256)
        files.append(manifest)
    files += [entry.source for entry in record.plans]
    files += [entry.source for entry in record.packs]
    files += [entry.source for entry in (record.bench, record.device) if entry is not None]
    for case in record.cases:
        for capture in case.captures:
            files += [capture.source, *capture.pieces]
    yield from {(entry.file, entry.sha256): entry for entry in files}.values()


def _program(root: ET.Element, record: RunRecord) -> None:
    software = record.software
    plans = "; ".join(f"{plan.id} revision {plan.revision}: {plan.title}" for plan in record.plans)
    made = element(root, "tr:TestProgram", {})
    commit = f"{software.commit}{' and changes' if software.modified else ''}"
    item(made, model="nmes-rig", serial=commit, version=software.version, about=plans)


def _station(root: ET.Element, record: RunRecord) -> None:
    """Add the bench, with its instruments and loads as components."""
    if record.bench is None:
        return
    bench = record.bench
    station = element(root, "tr:TestStation", {})
    kind = "a virtual bench" if bench.virtual else "a bench"
    item(station, model=bench.title, serial=bench.id, about=f"{kind}, described in {bench.source.origin}")
    components = element(station, "c:Components", {})
    for instrument in bench.instruments:
        _instrument(components, instrument)
    for load in bench.loads:
        value = (
            "open"
            if load.resistance is None
            else f"{load.resistance!r} ohm, standard uncertainty {load.uncertainty!r} ohm"
        )
        _component(components, "load", load.calibration, model=f"load {load.name}", serial=load.name, about=value)


def _instrument(components: ET.Element, entry: InstrumentEntry) -> None:
    who = entry.identity
    _component(
        components,
        entry.role,
        entry.calibration,
        model=who.model if who else entry.driver,
        serial=who.serial if who else "",
        version=who.firmware if who else "",
        maker=who.manufacturer if who else "",
        about=f"{entry.name}: {entry.role}, driver {entry.driver}",
    )


def _component(
    components: ET.Element,
    role: str,
    calibration: CalibrationEntry | None,
    *,
    model: str,
    serial: str,
    version: str = "",
    maker: str = "",
    about: str,
) -> None:
    """Add one piece of hardware; a calibration's due date and certificate have no place of their own in ATML."""
    made = element(element(components, "c:Component", {}), "c:Definition", {"xsi:type": "c:HardwareInstance"})
    definition = item(made, model=model, serial=serial, version=version, maker=maker, about=about)
    if calibration is None:
        return
    told = {
        "role": role,
        "certificate": calibration.certificate,
        "laboratory": calibration.laboratory,
        "performed": calibration.performed.isoformat(),
        "due": calibration.due.isoformat(),
        "expired": str(calibration.expired).lower(),
    }
    element(element(definition, "c:Extension", {}), "rig:Calibration", told)
    midnight = datetime.combine(calibration.performed, time(), UTC)
    element(made, "c:Calibration", {"time": midnight.isoformat()})
