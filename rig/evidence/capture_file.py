"""One capture as one HDF5 file: raw samples and all that says what they mean; equal captures give equal bytes."""

from __future__ import annotations

import errno
import io
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from rig.errors import AnalysisError, EvidenceError
from rig.evidence.naming import safe_name
from rig.evidence.own_datasets import own_datasets
from rig.model.recording import Recording
from rig.model.waveform import Waveform
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from rig.model.waveform import Capture

__all__ = [
    "CAPTURE_FORMAT",
    "CHUNK",
    "capture_bytes",
    "capture_chunks",
    "describe_capture",
    "describe_signal",
    "open_recordings",
    "read_capture",
    "read_dataset",
    "read_notes",
    "read_text",
    "says_a_format",
]

CAPTURE_FORMAT = "rig-capture/1"
CHUNK = 1 << 17
"""Samples that are compressed together: enough to compress well, few enough to read a part."""

_SHORTEST = 1e-15  # s: with less between two samples, or more than its inverse, nothing is an axis of time
_WHOLE = 1 << 29  # bytes of samples that are read at once
_CACHE = 1 << 23  # bytes of unpacked chunks that are kept while a file is read in parts


def capture_bytes(capture: Capture) -> bytes:
    """Return the HDF5 file of a capture.

    One dataset per signal, named by it; integer codes are shuffled and compressed, float64 are kept as they are. Every
    text is stored with a fixed length and no time is stored, so that equal captures give equal files.
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver=("v110", "v110"), track_order=False) as file:
        describe_capture(file, capture)
        for signal, waveform in sorted(capture.waveforms.items()):
            _write(file, signal, waveform)
    return buffer.getvalue()


def describe_capture(file: h5py.File, capture: Capture) -> None:
    """Say in a file what capture its signals are of."""
    file.attrs["format"] = _text(CAPTURE_FORMAT)
    file.attrs["id"] = _text(capture.id)
    file.attrs["purpose"] = _text(capture.purpose.value)
    file.attrs["triggered"] = np.bool_(capture.triggered)
    _set_texts(file, "notes", capture.notes)


def _write(file: h5py.File, signal: str, waveform: Waveform) -> None:
    samples = np.ascontiguousarray(waveform.samples)
    packed: dict[str, Any] = {}
    if samples.size and samples.dtype.kind in "iu":
        packed = {"chunks": (min(CHUNK, samples.size),), "compression": "gzip", "compression_opts": 1, "shuffle": True}
    dataset = file.create_dataset(safe_name(signal), data=samples, track_times=False, **packed)
    describe_signal(dataset, signal, waveform)


def describe_signal(dataset: h5py.Dataset, signal: str, waveform: Waveform) -> None:
    """Say beside the samples of a signal what they mean."""
    attributes = dataset.attrs
    attributes["signal"] = _text(signal)
    attributes["unit"] = _text(waveform.unit.value)
    attributes["source"] = _text(waveform.source)
    for name in ("gain", "offset", "interval", "start"):
        attributes[name] = np.float64(getattr(waveform, name))
    if waveform.rails is not None:
        attributes["rails"] = np.array(waveform.rails, dtype=np.float64)
    if waveform.hole is not None:
        attributes["hole"] = np.int64(waveform.hole)
    _set_texts(dataset, "history", waveform.history)


def _text(text: str) -> NDArray[np.bytes_]:
    encoded = text.encode("utf-8", "backslashreplace")
    return np.array(encoded, dtype=h5py.string_dtype("utf-8", max(len(encoded), 1)))


def _set_texts(target: h5py.HLObject, name: str, texts: tuple[str, ...]) -> None:
    if texts:
        encoded = [text.encode("utf-8", "backslashreplace") for text in texts]
        longest = max(1, *map(len, encoded))
        target.attrs[name] = np.array(encoded, dtype=h5py.string_dtype("utf-8", longest))


def _opened(path: Path, **how: int) -> h5py.File:
    """Open an HDF5 file; a pipe or a device, which might never end, is none."""
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "there is no such file", path.name)
    return h5py.File(path, "r", **how)


def read_capture(path: Path) -> Mapping[str, Waveform]:
    """Read the waveforms of a capture's file, by signal, exactly as they were written.

    Raises
    ------
    EvidenceError
        if the file is missing, damaged, or not a capture of this format.
    """
    try:
        with _opened(path) as file:
            if read_text(file.attrs["format"]) == CAPTURE_FORMAT:
                signals = tuple(own_datasets(file))
                if sum(dataset.nbytes for dataset in signals) > _WHOLE:
                    raise EvidenceError(
                        f"{path.name} has more than the {_WHOLE} bytes of samples that are read at once"
                    )
                return {read_text(dataset.attrs["signal"]): read_dataset(dataset) for dataset in signals}
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, AnalysisError) as error:
        msg = f"{path.name} cannot be read as a capture: {error}"
        raise EvidenceError(msg) from error
    msg = f"{path.name} is not a capture of format {CAPTURE_FORMAT}"
    raise EvidenceError(msg)


def read_notes(path: Path) -> tuple[str, ...]:
    """Read what was wrong with a capture when it was taken; raises EvidenceError as :func:`read_capture` does."""
    try:
        with _opened(path) as file:
            return tuple(read_text(text) for text in file.attrs.get("notes", ()))
    except (OSError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        msg = f"{path.name} cannot be read as a capture: {error}"
        raise EvidenceError(msg) from error


def says_a_format(path: Path) -> bool:
    """Whether an HDF5 file says of what format it is, as captures of the rig do; true if it cannot be opened."""
    try:
        with _opened(path) as file:
            return "format" in file.attrs
    except (OSError, RuntimeError, ValueError):
        return True


@contextmanager
def open_recordings(path: Path) -> Iterator[Mapping[str, Recording]]:
    """Open a capture's file and give its signals, whose samples are read when they are asked for, until it is closed.

    Raises
    ------
    EvidenceError
        if the file is missing, damaged, or not a capture of this format; also while samples are read
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(_opened(path, rdcc_nbytes=_CACHE))
            if read_text(file.attrs["format"]) != CAPTURE_FORMAT:
                msg = f"{path.name} is not a capture of format {CAPTURE_FORMAT}"
                raise EvidenceError(msg)
            recordings = {
                read_text(dataset.attrs["signal"]): _recording(dataset, path) for dataset in own_datasets(file)
            }
        except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, AnalysisError) as error:
            msg = f"{path.name} cannot be read as a capture: {error}"
            raise EvidenceError(msg) from error
        yield recordings


def _recording(dataset: h5py.Dataset, path: Path) -> Recording:
    def read(begin: int, stop: int) -> NDArray[Any]:
        try:
            samples: NDArray[Any] = dataset[begin:stop]
        except (OSError, ValueError, RuntimeError) as error:
            msg = f"{path.name} cannot be read as a capture: {error}"
            raise EvidenceError(msg) from error
        return samples

    return Recording(scale=read_dataset(dataset, 0, 0), length=len(dataset), read=read)


def capture_chunks(path: Path, signal: str, *, most: int = 1 << 20) -> Iterator[Waveform]:
    """Read one signal of a capture's file in parts of at most so many samples, in order, one of them in memory.

    Each part is a waveform of its own, with its own start; the parts' samples one after the other are the signal's.

    Raises
    ------
    EvidenceError
        if the file is missing, damaged, or not a capture of this format, or does not hold the signal
    """
    try:
        with _opened(path) as file:
            if read_text(file.attrs["format"]) == CAPTURE_FORMAT and (dataset := _named(file, signal)) is not None:
                for begin in range(0, len(dataset), most):
                    yield read_dataset(dataset, begin, begin + most)
                return
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, AnalysisError) as error:
        msg = f"{path.name} cannot be read as a capture: {error}"
        raise EvidenceError(msg) from error
    msg = f"{path.name} is not a capture of format {CAPTURE_FORMAT} that holds the signal {signal!r}"
    raise EvidenceError(msg)


def _named(file: h5py.File, signal: str) -> h5py.Dataset | None:
    return next((dataset for dataset in own_datasets(file) if read_text(dataset.attrs["signal"]) == signal), None)


def read_dataset(dataset: h5py.Dataset, begin: int = 0, stop: int | None = None) -> Waveform:
    """Read samples of one signal with what they mean; whoever opened the file sees to what can be wrong with it."""
    attributes = dataset.attrs
    rails, hole = attributes.get("rails"), attributes.get("hole")
    interval, start = float(attributes["interval"]), float(attributes["start"])
    if not (_SHORTEST <= interval <= 1 / _SHORTEST and abs(start) <= 1 / _SHORTEST):
        message = f"its samples lie {interval!r} s apart, from {start!r} s on"
        raise ValueError(message)
    return Waveform(
        samples=dataset[begin:stop],
        interval=interval,
        unit=Unit(read_text(attributes["unit"])),
        source=read_text(attributes["source"]),
        gain=float(attributes["gain"]),
        offset=float(attributes["offset"]),
        start=start + begin * interval,
        rails=None if rails is None else (float(rails[0]), float(rails[1])),
        hole=None if hole is None else int(hole),
        history=tuple(read_text(text) for text in attributes.get("history", ())),
    )


def read_text(stored: np.bytes_) -> str:
    """Return a text as it was stored."""
    return bytes(stored).decode("utf-8")
