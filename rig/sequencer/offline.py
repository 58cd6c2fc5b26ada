"""``rig analyze``: an oscilloscope's file or a capture of a run, measured by the same code that judges a run."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rig.acquisition.importers.capture_file import read_capture_file
from rig.acquisition.importers.found import UNTOLD, Told
from rig.acquisition.quality import Defect, Fault, inspect, inspect_recording
from rig.analysis.measure import HELD_AT_ONCE
from rig.analysis.progress import NOTHING_KEPT
from rig.analysis.summary import summarise
from rig.errors import AcquisitionError, EvidenceError, Refused, UnitError
from rig.evidence.capture_file import CAPTURE_FORMAT, says_a_format
from rig.evidence.long_capture import altered_pieces, is_long, open_signals
from rig.evidence.pieces import INDEX, folder_of, read_index
from rig.model.recording import Recording
from rig.sequencer.resumable import KeptSteps
from rig.units import Unit, format_quantity, format_result, parse_quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from rig.analysis.progress import Progress
    from rig.model.waveform import Waveform

__all__ = ["analyze_file", "show_analysis", "show_json"]

_NO_SIGNAL = {Fault.NO_DATA, Fault.NOT_A_NUMBER}
_INSPECTION = "inspection"
_HDF5 = b"\x89HDF\r\n\x1a\n"


def analyze_file(
    file: Path,
    *,
    load: str,
    zero: Path | None,
    pulses: bool,
    signal: str | None = None,
    interval: str | None = None,
    unit: str | None = None,
    steps: Path | None = None,
    say: Callable[[str], object] = lambda _: None,
) -> dict[str, Any]:
    """Import a file and measure it; see :func:`rig.analysis.summary.summarise` for what comes back.

    A capture of an evidence folder (HDF5, or a folder of pieces) is read part by part, so that it may be of any length.

    Parameters
    ----------
    signal : which signal of a capture of the rig's own, or which channel of an oscilloscope's; None for the only one,
        of a capture its voltage
    interval, unit : time between samples and unit of a file that does not say them
    steps : folder in which what has been found of a long capture is kept until the analysis has ended
    say : told where an analysis that was cut off goes on

    Raises
    ------
    RigError
        if the load is no resistance, or a file cannot be read or holds no signal.
    """
    try:
        resistance = parse_quantity(load, Unit.OHM)
    except UnitError as error:
        raise Refused(f"--load: {error}") from None
    if not resistance > 0:
        raise Refused(f"--load: {load!r} is no load; expected a resistance above zero, for example 500 ohm")
    told = _told(interval, unit)
    with ExitStack() as stack:
        voltage, source = _opened(file, signal, told, stack)
        quiet, zero_source = (None, None) if zero is None else _opened(zero, signal, told, stack)
        shown = None if zero_source is None else {name: zero_source[name] for name in ("file", "sha256")}
        kept = None
        if steps is not None and len(voltage) > HELD_AT_ONCE:
            kept = KeptSteps(steps, {"source": source, "zero": zero_source, "load": resistance})
            if kept.known:
                say(f"going on with an analysis that was cut off: {kept.known} steps are known")
        progress = NOTHING_KEPT if kept is None else kept
        found = _inspected(voltage, progress)
        for defect in found:
            if defect.fault in _NO_SIGNAL:
                raise AcquisitionError(f"{file.name}: {defect.sentence}")
        summary = summarise(
            voltage,
            load_resistance=resistance,
            source={**source, "zero": shown},
            zero=quiet,
            defects=[defect.sentence for defect in found if defect.forbids],
            pulses=pulses,
            progress=progress,
        )
    if kept is not None:
        kept.forget()
    return summary


def _inspected(signal: Waveform | Recording, progress: Progress) -> tuple[Defect, ...]:
    if not isinstance(signal, Recording):
        return inspect(signal, triggered=True, expected=None)
    step = progress.recall(_INSPECTION)
    if step is None:
        found = inspect_recording(signal, triggered=True, expected=None)
        step = {"defects": [asdict(defect) for defect in found]}
        progress.keep(_INSPECTION, step)
    return tuple(Defect(**{**entry, "fault": Fault(entry["fault"])}) for entry in step["defects"])


def _told(interval: str | None, unit: str | None) -> Told:
    """Read what a person says of a file."""
    try:
        seconds = None if interval is None else parse_quantity(interval, Unit.SECOND)
    except UnitError as error:
        raise Refused(f"--interval: {error}") from None
    if seconds is not None and not seconds > 0:
        raise Refused(f"--interval: {interval!r} is no time between samples; expected one above zero, for example 1 us")
    if unit not in {None, Unit.VOLT.value, Unit.AMPERE.value}:
        raise Refused(f"--unit: expected V or A, not {unit!r}")
    return Told(interval=seconds, unit=None if unit is None else Unit(unit))


def _opened(
    file: Path, signal: str | None, told: Told, stack: ExitStack
) -> tuple[Waveform | Recording, dict[str, Any]]:
    """Open a file, for as long as the stack is; return one signal of it and what is known of the file."""
    if not is_long(file) and not _is_capture(file):
        capture = read_capture_file(file, told)
        known = _known(capture.name, capture.kind, capture.sha256, list(capture.notes))
        return capture.waveform(signal), known
    if told != UNTOLD:
        raise Refused(f"{file.name}: a capture of the rig's own says interval and unit itself")
    folder = folder_of(file)
    known = _known_file(file) if folder is None else _known_folder(folder)
    recordings = stack.enter_context(open_signals(file))
    name = signal or next((one for one in ("voltage", *recordings) if one in recordings), "")
    if name not in recordings:
        raise Refused(f"{file.name}: has no signal {name!r}; it has {', '.join(recordings)}")
    return recordings[name], {**known, "notes": [*known["notes"], f"signal {name}"]}


def _known_file(file: Path) -> dict[str, Any]:
    with file.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    return _known(file.name, CAPTURE_FORMAT, sha256, [])


def _known_folder(folder: Path) -> dict[str, Any]:
    """Return what is known of a capture in pieces, known by its index, which names the pieces by their hashes."""
    altered = altered_pieces(folder)
    if altered:
        raise EvidenceError(f"{folder.name}: not what was captured: {'; '.join(altered)}")
    index = read_index(folder)
    notes = [*index.notes, *(() if index.complete else ("the capture was cut off",))]
    sha256 = hashlib.sha256((folder / INDEX).read_bytes()).hexdigest()
    return _known(folder.name, index.format, sha256, notes)


def _known(file: str, kind: str, sha256: str, notes: list[str]) -> dict[str, Any]:
    return {"file": file, "format": kind, "sha256": sha256, "notes": notes}


def _is_capture(file: Path) -> bool:
    """Whether a file is a capture of the rig's own, or HDF5 that cannot be opened at all."""
    try:
        with file.open("rb") as content:
            if content.read(len(_HDF5)) != _HDF5:
                return False
    except OSError:
        return False  # the importers say what is wrong
    return says_a_format(file)


def show_json(summary: Mapping[str, Any]) -> str:
    """Return the summary as JSON, SI units; NaN would be refused."""
    return json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False)


def show_analysis(summary: Mapping[str, Any]) -> str:
    """Return the summary as lines for a person."""
    return "\n".join(_lines(summary))


def _lines(summary: Mapping[str, Any]) -> Iterator[str]:
    source, signal = summary["source"], summary["signal"]
    unit = Unit(signal["unit"])
    yield f"{source['file']}  ({source['format']}, SHA-256 {source['sha256'][:16]}…)"
    yield f"  {signal['samples']} samples at {format_quantity(signal['sample_rate'], Unit.HERTZ, digits=6)}"
    for name in ("peak_to_peak", "mean", "standard_deviation"):
        yield f"  {name:<28} {format_quantity(signal[name], unit, digits=7)}"
    found = summary["pulses_found"]
    yield f"  {found['whole']} whole pulses, {found['cut']} cut by the record's edge"
    for defect in summary["defects"]:
        yield f"  defect: {defect}"
    for name, entry in summary["measurements"].items():
        yield from _measurement(name, entry)
    for row in summary.get("pulses", ()):
        yield _pulse(row)


def _measurement(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    if entry["n"] == 0:
        yield f"  {name:<28} not measured: {entry['reason']}"
        return
    unit = Unit(entry["unit"])
    value = format_result(entry["mean"], entry["uncertainty"], unit)
    spread = ""
    if entry["n"] > 1:
        low, high = (format_quantity(entry[side], unit, digits=4) for side in ("min", "max"))
        spread = f"  {low} to {high}, n = {entry['n']}"
    verdict = f"  {entry['verdict']}: {entry['reason']}" if "verdict" in entry else ""
    yield f"  {name:<28} {value}{spread}{verdict}"


def _pulse(row: Mapping[str, Any]) -> str:
    durations = ", ".join(
        "cut" if phase["duration"] is None else format_quantity(phase["duration"], Unit.SECOND, digits=4)
        for phase in row["phases"]
    )
    net = "unknown" if row["net_charge"] is None else format_quantity(row["net_charge"], Unit.COULOMB, digits=4)
    return f"  pulse at {format_quantity(row['start'], Unit.SECOND, digits=7)}: phases {durations}; net charge {net}"
