"""Bundles handed to other programs: examined first, then written in the format that was asked for."""

from __future__ import annotations

import fnmatch
import hashlib
import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.errors import EvidenceError, Refused
from rig.evidence.layout import RECORD
from rig.evidence.long_capture import open_signals
from rig.evidence.manifest import MANIFEST
from rig.evidence.plain import inside, read_plain, shown
from rig.evidence.reading import read_record
from rig.evidence.sealed import refuse_in_evidence
from rig.evidence.verification import examine
from rig.report.exports.exported import ExportedRun
from rig.report.exports.sampled import Sampled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from rig.evidence.record import CaptureEntry, CaseRecord

__all__ = ["FORMATS", "Chosen", "Format", "export_bundles"]

_SHOWN = 5  # things that are named in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What of the bundles is wanted; empty patterns and names choose everything."""

    case: str = ""
    capture: str = ""
    signal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format: what it is for, how its file is called beside the bundle, and who writes it.

    ``suffix`` without a full stop is that of a folder. Only of some formats does a file hold ``many`` runs, and only
    those ``of_samples`` can be asked for a capture or a signal. ``write`` gets the bundles with what was read of them,
    what was chosen, and where to write.
    """

    about: str
    suffix: str
    write: Callable[[Sequence[Bundle], Chosen, Path], None]
    many: bool = False
    of_samples: bool = False

    @property
    def is_folder(self) -> bool:
        """Whether a folder is written."""
        return "." not in self.suffix


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle that was examined, and the run in it."""

    folder: Path
    run: ExportedRun


def export_bundles(folders: Sequence[Path], name: str, output: Path | None, chosen: Chosen) -> Path:
    """Write bundles in a format of :data:`FORMATS`; return the file or folder that was written.

    Raises
    ------
    EvidenceError
        if a bundle is not what was sealed, or its record cannot be read
    Refused
        if the format is not known, cannot hold what was asked, or nothing was chosen, or the target is not free
    """
    if name not in FORMATS:
        raise Refused(f"there is no format {name!r}; there are {', '.join(FORMATS)}")
    form = FORMATS[name]
    if (chosen.capture or chosen.signal) and not form.of_samples:
        raise Refused(f"{name} holds no samples: --capture and --signal choose nothing of it")
    if len(folders) > 1 and not form.many:
        raise Refused(f"{name} holds one run: export one bundle at a time")
    target = _target(folders, form, output)
    bundles = [_read(folder, chosen) for folder in folders]
    for run, said in Counter(one.run.record.run_id for one in bundles).items():
        if said > 1:
            raise Refused(f"{said} of these bundles say that they are run {shown(run)}: each run is exported once")
    try:
        with _written(target, form) as place:
            form.write(bundles, chosen, place)
    except OSError as error:
        raise EvidenceError(f"{target}: {error.strerror or error}") from None
    return target


def _target(folders: Sequence[Path], form: Format, output: Path | None) -> Path:
    """Return where to write; never into a bundle, which is sealed."""
    if output is None:
        if len(folders) > 1:
            raise Refused("with several bundles, --output says where to write")
        beside = folders[0].resolve()
        output = beside.with_name(f"{beside.name}.{form.suffix}")
    inside = [folder for folder in folders if output.resolve().is_relative_to(folder.resolve())]
    if inside:
        raise Refused(f"{output} lies in {inside[0]}, which is evidence and is not added to")
    refuse_in_evidence(output)
    if form.is_folder and output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise Refused(f"{output} is there already: a folder that is new or empty is asked for")
    if not form.is_folder and output.is_dir():
        raise Refused(f"{output} is a folder; a file is asked for")
    return output


def _read(folder: Path, chosen: Chosen) -> Bundle:
    found = examine(folder)
    if found.problems:
        more = len(found.problems) - _SHOWN
        told = "; ".join(found.problems[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        raise EvidenceError(f"{folder} is not exported: it is NOT INTACT: {told}")
    if found.incomplete and not (folder / RECORD).exists():
        raise EvidenceError(f"{folder} is not exported: {found.incomplete}; rig recover makes one of it")
    record = read_record(folder)
    # The brackets of an id are no pattern.
    like = chosen.case.replace("[", "[[]")
    cases = tuple(case for case in record.cases if not like or fnmatch.fnmatchcase(case.id, like))
    if chosen.case and not cases:
        raise Refused(f"{folder}: no case is {chosen.case!r}: there are {_some([case.id for case in record.cases])}")
    run = ExportedRun(
        record=record.model_copy(update={"cases": cases}),
        record_sha256=hashlib.sha256(read_plain(folder / RECORD)).hexdigest(),
        manifest_sha256="" if found.incomplete else hashlib.sha256(read_plain(folder / MANIFEST)).hexdigest(),
        signed_by=found.signed_by,
        incomplete=found.incomplete,
        of=len(record.cases),
    )
    return Bundle(folder=folder, run=run)


def _some(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(names))
    return ", ".join(distinct[:_SHOWN]) + (f" and {len(distinct) - _SHOWN} more" if len(distinct) > _SHOWN else "")


@contextmanager
def _written(target: Path, form: Format) -> Iterator[Path]:
    """Give where to write; what was not finished leaves nothing under the name that was asked for."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    if form.is_folder:
        partial.mkdir()
    try:
        yield partial
        if form.is_folder and target.is_dir():
            target.rmdir()  # it is empty; not every system gives its name away
        partial.replace(target)
    finally:
        if form.is_folder:
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)


def _runs(bundles: Sequence[Bundle]) -> list[ExportedRun]:
    return [bundle.run for bundle in bundles]


def _junit(bundles: Sequence[Bundle], _chosen: Chosen, path: Path) -> None:
    from rig.report.junit import write_junit  # noqa: PLC0415 - as below, only the format that is asked for

    (run,) = _runs(bundles)
    path.write_text(write_junit(run.record, tuple(run.provenance())), encoding="utf-8")


def _csv(bundles: Sequence[Bundle], _chosen: Chosen, path: Path) -> None:
    from rig.report.exports.table_files import write_csv  # noqa: PLC0415

    write_csv(_runs(bundles), path)


def _parquet(bundles: Sequence[Bundle], _chosen: Chosen, path: Path) -> None:
    from rig.report.exports.table_files import write_parquet  # noqa: PLC0415

    write_parquet(_runs(bundles), path)


@contextmanager
def _signals(bundle: Bundle, chosen: Chosen, case: CaseRecord, capture: CaptureEntry) -> Iterator[list[Sampled]]:
    """Open the signals that were chosen of a capture; their samples are read until they are closed."""
    with open_signals(inside(bundle.folder, capture.source.file)) as recordings:
        yield [
            Sampled.of(bundle.run, case, capture, signal, recording)
            for signal, recording in recordings.items()
            if chosen.signal in {"", signal}
        ]


def _captures(bundle: Bundle, chosen: Chosen) -> list[tuple[CaseRecord, CaptureEntry]]:
    """Return the captures that were chosen.

    Raises
    ------
    Refused
        if there is none, or none has the signal
    """
    every = [(case, capture) for case in bundle.run.record.cases for capture in case.captures]
    if not every:
        raise Refused(f"{bundle.folder}: no capture was kept of the cases that were chosen")
    named = [(case, capture) for case, capture in every if chosen.capture in {"", capture.id}]
    if not named:
        there = _some([capture.id for _, capture in every])
        raise Refused(f"{bundle.folder}: there is no capture {chosen.capture!r}: there are {there}")
    signals = [one.signal for _, capture in named for one in capture.waveforms]
    if chosen.signal and chosen.signal not in signals:
        raise Refused(f"{bundle.folder}: there is no signal {chosen.signal!r}: there are {_some(signals) or 'none'}")
    return named


def _each_signal(write: Callable[[Sampled, Path], None]) -> Callable[[Sequence[Bundle], Chosen, Path], None]:
    """Return what writes every signal into a file of its own."""

    def write_all(bundles: Sequence[Bundle], chosen: Chosen, folder: Path) -> None:
        (bundle,) = bundles
        for case, capture in _captures(bundle, chosen):
            with _signals(bundle, chosen, case, capture) as signals:
                for one in signals:
                    write(one, folder)

    return write_all


def _samples_csv(sampled: Sampled, folder: Path) -> None:
    from rig.report.exports.sample_files import write_samples_csv  # noqa: PLC0415

    write_samples_csv(sampled, folder)


def _npz(sampled: Sampled, folder: Path) -> None:
    from rig.report.exports.sample_files import write_npz  # noqa: PLC0415

    write_npz(sampled, folder)


def _tdms(bundles: Sequence[Bundle], chosen: Chosen, folder: Path) -> None:
    from rig.report.exports.sample_files import write_tdms  # noqa: PLC0415

    (bundle,) = bundles
    for case, capture in _captures(bundle, chosen):
        with _signals(bundle, chosen, case, capture) as signals:
            if signals:
                write_tdms(capture, signals, folder)


def _atml(bundles: Sequence[Bundle], _chosen: Chosen, path: Path) -> None:
    from rig.report.exports.atml import write_atml  # noqa: PLC0415

    (run,) = _runs(bundles)
    path.write_text(write_atml(run), encoding="utf-8")


def _allure(bundles: Sequence[Bundle], _chosen: Chosen, folder: Path) -> None:
    from rig.harness.allure_files import write_allure  # noqa: PLC0415

    (bundle,) = bundles
    write_allure(bundle.run, bundle.folder, folder)


FORMATS = {
    "junit": Format(about="JUnit XML, for servers that run tests", suffix="junit.xml", write=_junit),
    "allure": Format(about="results for an Allure report", suffix="allure-results", write=_allure),
    "atml": Format(about="ATML test results, IEEE 1636.1", suffix="atml.xml", write=_atml),
    "csv": Format(about="all measurements as one table", suffix="measurements.csv", write=_csv, many=True),
    "parquet": Format(about="the same with types and units", suffix="measurements.parquet", write=_parquet, many=True),
    "waveform-csv": Format(
        about="raw waveforms, a file a signal",
        suffix="waveforms-csv",
        write=_each_signal(_samples_csv),
        of_samples=True,
    ),
    "npz": Format(
        about="raw waveforms for NumPy, a file a signal",
        suffix="waveforms-npz",
        write=_each_signal(_npz),
        of_samples=True,
    ),
    "tdms": Format(about="raw waveforms for LabVIEW and DIAdem", suffix="waveforms-tdms", write=_tdms, of_samples=True),
}
