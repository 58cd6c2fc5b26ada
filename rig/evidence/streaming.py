"""A capture written while it is taken: blocks of samples in, pieces of a fixed length on the disk, bounded memory."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from rig.errors import EvidenceError
from rig.evidence.naming import safe_name
from rig.evidence.piece import Piece
from rig.evidence.pieces import INDEX, CaptureIndex, PieceEntry, SignalEntry
from rig.evidence.record import FileEntry
from rig.evidence.writing import canonical_json
from rig.model.waveform import Capture

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from numpy.typing import NDArray

    from rig.model.waveform import Purpose, Waveform

__all__ = ["MOST_WAITING", "PIECE", "CaptureWriter", "KeptCapture", "SignalWriter"]

PIECE = 1 << 24
"""Samples of a piece, 17 s at 1 MS/s: what a crash loses at most, beside what was waiting to be packed."""

MOST_WAITING = 1 << 26
"""Bytes that may wait to be packed, 33 s of 16-bit codes at 1 MS/s; a disk that falls back further is too slow."""

_LATE = 0.5  # of a sample, between where a block should begin and where it says that it does


class _Files(Protocol):
    """Where the files go: a bundle."""

    def add_file(self, name: str, content: bytes, *, origin: str | None = None) -> FileEntry:
        """Write one file, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCapture:
    """What is on the disk of a capture: ``source`` is its index, ``pieces`` are the files that hold its samples.

    ``samples`` are the numbers of samples by signal; a capture that is not ``complete`` was cut off.
    """

    source: FileEntry
    pieces: tuple[FileEntry, ...]
    samples: dict[str, int]
    complete: bool


class _Signal:
    """One signal: what its samples mean, and its pieces so far."""

    def __init__(self, name: str, scale: Waveform) -> None:
        self.name, self.scale = name, scale
        self.given = 0  # samples, by who captures
        self.written = 0
        self.pieces: list[tuple[FileEntry, PieceEntry]] = []
        self.open: Piece | None = None


class SignalWriter:
    """One signal of a capture that is being written: a sink for the blocks of one channel."""

    def __init__(self, writer: CaptureWriter, signal: str) -> None:
        self._writer, self._signal = writer, signal

    def append(self, block: Waveform) -> None:
        """Take the next samples; raises as :meth:`CaptureWriter.append` does."""
        self._writer.append(self._signal, block)


class CaptureWriter:
    """Takes blocks as they come; packs and writes them in a thread of its own.

    Use it as a context: what is left without :meth:`finish` is abandoned, and what has come by then is kept.

    Parameters
    ----------
    piece : samples of a file
    most_waiting : bytes that may wait to be packed
    patience : how long :meth:`append` waits for room where there is none, s; a bench whose time does not pass by itself
        gives blocks as fast as they are taken
    """

    def __init__(
        self,
        files: _Files,
        capture_id: str,
        purpose: Purpose,
        *,
        piece: int = PIECE,
        most_waiting: int = MOST_WAITING,
        patience: float = 0.0,
    ) -> None:
        if piece < 1 or most_waiting < 1:
            raise EvidenceError(f"{capture_id}: a piece of {piece} samples cannot be written")
        self.folder = f"captures/{safe_name(capture_id)}"
        self._files, self._piece, self._most, self._patience = files, piece, most_waiting, patience
        self._capture = Capture(id=capture_id, purpose=purpose, waveforms={})
        self._signals: dict[str, _Signal] = {}
        self._blocks: deque[tuple[_Signal, NDArray[Any]]] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._ending = False
        self._trouble: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name=f"writes {capture_id}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Bytes that wait to be packed."""
        return self._waiting

    def signal(self, name: str) -> SignalWriter:
        """Return what takes the blocks of one signal."""
        return SignalWriter(self, name)

    def append(self, signal: str, block: Waveform) -> None:
        """Take the next samples of a signal; they are copied.

        Raises
        ------
        EvidenceError
            if the block does not follow from the one before it, if an earlier one could not be written, or if too much
            waits to be written already
        """
        known = self._signals.get(signal)
        if known is None:
            known = self._signals[signal] = _Signal(signal, replace(block, samples=np.array(block.samples[:0])))
        self._refuse_what_does_not_follow(known, block)
        samples = np.array(block.samples)

        def has_room() -> bool:
            return self._waiting + samples.nbytes <= self._most

        with self._changed:
            if not has_room():
                self._changed.wait_for(lambda: has_room() or self._trouble is not None, self._patience)
            self._raise_trouble()
            if self._ending:
                raise EvidenceError(f"{self._capture.id}: the capture is closed; nothing can be added to it")
            if not has_room():
                raise EvidenceError(
                    f"{self._capture.id}: samples come faster than the evidence can be written: "
                    f"{self._waiting / 1e6:.3g} MB wait already"
                )
            self._blocks.append((known, samples))
            self._waiting += samples.nbytes
            known.given += len(samples)
            self._changed.notify_all()

    def finish(self, *, triggered: bool = True, notes: tuple[str, ...] = ()) -> KeptCapture:
        """Write what is left, then the capture's index; return what the record needs.

        Raises
        ------
        EvidenceError
            if something could not be written
        """
        self._end()
        with self._changed:
            self._raise_trouble()
        return self._write_index(triggered=triggered, complete=True, notes=notes)

    def abandon(self, reason: str) -> KeptCapture | None:
        """Write what has come, for a capture that went wrong; return it, None where not even that can be written."""
        self._end()
        trouble = self._trouble
        notes = (reason,) if trouble is None else (reason, f"not all that came was written: {trouble}")
        try:
            return self._write_index(triggered=True, complete=False, notes=notes)
        except EvidenceError:
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._ending:
            self.abandon("the capture was not finished" if error is None else f"the capture was cut off: {error}")

    # --- in the caller's thread

    def _refuse_what_does_not_follow(self, known: _Signal, block: Waveform) -> None:
        """Refuse a block that begins elsewhere than the one before it ended, or whose samples mean something else."""
        scale = known.scale
        ours = (scale.unit, scale.source, scale.gain, scale.offset, scale.rails, scale.hole, scale.samples.dtype)
        other = (block.unit, block.source, block.gain, block.offset, block.rails, block.hole, block.samples.dtype)
        if ours != other or abs(block.interval / scale.interval - 1) * max(known.given, 1) > _LATE:
            raise EvidenceError(f"{self._capture.id}: {known.name}: the samples mean something else than those before")
        expected = scale.start + known.given * scale.interval
        if abs(block.start - expected) > _LATE * scale.interval:
            raise EvidenceError(
                f"{self._capture.id}: {known.name}: a block begins at {block.start:.9g} s "
                f"and not where the one before it ended, at {expected:.9g} s"
            )

    def _raise_trouble(self) -> None:
        if self._trouble is not None:
            message = f"{self._capture.id}: the capture cannot be written: {self._trouble}"
            raise EvidenceError(message) from self._trouble

    def _end(self) -> None:
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join()

    def _write_index(self, *, triggered: bool, complete: bool, notes: tuple[str, ...]) -> KeptCapture:
        signals = sorted(self._signals.values(), key=lambda one: one.name)
        index = CaptureIndex(
            id=self._capture.id,
            purpose=self._capture.purpose.value,
            triggered=triggered,
            complete=complete,
            notes=notes,
            signals=tuple(
                SignalEntry(signal=one.name, pieces=tuple(piece for _, piece in one.pieces)) for one in signals
            ),
        )
        content = canonical_json(index.model_dump(mode="json"))
        return KeptCapture(
            source=self._files.add_file(f"{self.folder}/{INDEX}", content, origin=self._capture.id),
            pieces=tuple(file for one in signals for file, _ in one.pieces),
            samples={one.signal: one.samples for one in index.signals},
            complete=complete,
        )

    # --- in the thread that writes

    def _work(self) -> None:
        try:
            while (block := self._next()) is not None:
                self._take(*block)
            for signal in self._signals.values():
                self._close_piece(signal)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where samples come from
            with self._changed:
                self._trouble = error
                self._blocks.clear()
                self._waiting = 0
                self._changed.notify_all()

    def _next(self) -> tuple[_Signal, NDArray[Any]] | None:
        with self._changed:
            while not self._blocks:
                if self._ending:
                    return None
                self._changed.wait()
            return self._blocks.popleft()

    def _take(self, signal: _Signal, samples: NDArray[Any]) -> None:
        nbytes = samples.nbytes
        while len(samples):
            if signal.open is None:
                number = len(signal.pieces) + 1
                signal.open = Piece(self._capture, signal.name, signal.scale, number=number, first=signal.written)
            taken = samples[: self._piece - signal.open.samples]
            signal.open.add(taken)
            samples = samples[len(taken) :]
            if signal.open.samples == self._piece:
                self._close_piece(signal)
        with self._changed:
            self._waiting -= nbytes
            self._changed.notify_all()

    def _close_piece(self, signal: _Signal) -> None:
        piece, signal.open = signal.open, None
        if piece is None:
            return
        content = piece.content()
        origin = f"{self._capture.id}, {signal.name}, piece {piece.number}"
        file = self._files.add_file(f"{self.folder}/{piece.name}", content, origin=origin)
        signal.pieces.append((file, PieceEntry(file=piece.name, sha256=file.sha256, samples=piece.samples)))
        signal.written += piece.samples
