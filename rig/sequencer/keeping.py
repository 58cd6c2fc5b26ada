"""The captures of one attempt, kept before anything is made of them: long ones while they are still taken."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rig.acquisition.delivery import Memory
from rig.bench.paths import signal_path
from rig.errors import EvidenceError, RigError
from rig.evidence import mapping
from rig.evidence.long_capture import open_long_capture
from rig.evidence.naming import safe_name
from rig.evidence.record import WatchEntry
from rig.model.recording import signals_of
from rig.sequencer.examine import Corrected

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.acquisition.capture import Seen
    from rig.acquisition.delivery import Sink
    from rig.bench.definition import BenchDefinition
    from rig.evidence.about import SettingEntry
    from rig.evidence.record import CaptureEntry
    from rig.evidence.store import Bundle
    from rig.evidence.streaming import CaptureWriter
    from rig.model.load import Load
    from rig.model.picture import Picture
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus
    from rig.model.waveform import Purpose
    from rig.sequencer.live import LiveWatch

__all__ = ["HELD", "Keeping"]

HELD: Final = 20_000_000
"""Samples that are held in memory at most; a longer capture is written while it is taken."""

# So long the acquisition's own buffer can wait for the disk, s.
_PATIENCE = 5.0
_CURRENT = "current"


class Keeping:
    """Keeps captures as evidence; what is long stays open for reading until :meth:`close`."""

    def __init__(self, bundle: Bundle, definition: BenchDefinition) -> None:
        self._bundle, self._definition = bundle, definition
        self._stack = ExitStack()
        self._writer: CaptureWriter | None = None
        self._written = ""
        self.entries: list[CaptureEntry] = []

    def sink(self, capture_id: str, purpose: Purpose, samples: int, *, held: bool) -> Sink:
        """Return where the samples of the next capture go; ``held``: into memory, however many they are."""
        self._writer = None
        if held or samples <= HELD:
            return Memory(samples)
        self._writer, self._written = self._bundle.stream_capture(capture_id, purpose, patience=_PATIENCE), capture_id
        self._stack.enter_context(self._writer)
        return self._writer.signal(_CURRENT)

    def keep(self, seen: Seen, load: Load | None) -> Corrected:
        """Write the raw samples, and return them read as current and voltage at the load that was connected."""
        setups = seen.setups.items()
        paths = {name: signal_path(self._definition, name, setup, load) for name, setup in setups}
        found = {name: mapping.setting_entry(setup, paths[name]) for name, setup in setups}
        settings = {name: one for name, one in found.items() if one is not None}
        # A writer is left over where a delivery was interrupted: what is measured afterwards is another capture.
        if self._writer is None or self._written != seen.capture.id:
            entry = self._bundle.write_capture(seen.capture)
            corrected = Corrected.of(seen.capture, paths)
            self.entries.append(mapping.capture_entry(corrected.capture, entry, paths=paths, settings=settings))
            return corrected
        return self._keep_long(self._writer, seen, paths, settings)

    def _keep_long(
        self, writer: CaptureWriter, seen: Seen, paths: dict[str, SignalPath], settings: dict[str, SettingEntry]
    ) -> Corrected:
        self._writer, capture = None, seen.capture
        if seen.broken is None:
            for name, waveform in capture.waveforms.items():
                writer.append(name, waveform)
            kept = writer.finish(triggered=capture.triggered, notes=capture.notes)
        elif (rest := writer.abandon(str(seen.broken))) is None:
            raise seen.broken
        else:
            kept = rest
        long = self._stack.enter_context(open_long_capture(self._bundle.folder / kept.source.file))
        current = {name: one for name, one in long.recordings.items() if name == _CURRENT}
        read = replace(long, waveforms=capture.waveforms, recordings=current, happenings=capture.happenings)
        corrected = Corrected.of(read, paths)
        pieces = kept.pieces
        entry = mapping.capture_entry(corrected.capture, kept.source, paths=paths, pieces=pieces, settings=settings)
        self.entries.append(entry)
        return corrected

    def picture(self, take: Callable[[], Picture]) -> None:
        """Keep what the oscilloscope shows beside the last capture; where that cannot be had, say why."""
        last = self.entries[-1]
        try:
            picture = take()
            if not picture.format:
                raise EvidenceError(f"{picture.source} sent {len(picture.data)} bytes that are no picture")
        except RigError as error:  # the samples are there, and what is judged is judged by them
            self.entries[-1] = last.model_copy(update={"no_screenshot": str(error)})
            return
        kept = self._bundle.add_file(f"screenshots/{safe_name(last.id)}.{picture.format}", picture.data, origin=last.id)
        self.entries[-1] = last.model_copy(update={"screenshot": kept})

    def against(self, zero: str) -> None:
        """Put on record which zero capture the last one is measured against."""
        self.entries[-1] = self.entries[-1].model_copy(update={"zero": zero})

    def watched(self, watch: LiveWatch, stimulus: Stimulus, kept: Corrected) -> None:
        """Put on record what the live watch saw of a train that was ended or broke off, if that can be told.

        It cannot where it was not all kept: what waits for a disk that is full is lost after it was looked at.
        """
        current = signals_of(kept.capture).get(_CURRENT, ())
        if 0 < sum(count * samples for count, samples in watch.blocks) <= len(current):
            seen = WatchEntry(stimulus=mapping.stimulus_entry(stimulus), path=watch.path, blocks=watch.blocks)
            self.entries[-1] = self.entries[-1].model_copy(update={"watched": seen})

    def note(self, defects: tuple[str, ...]) -> None:
        """Put what is wrong with the last capture on record."""
        self.entries[-1] = self.entries[-1].model_copy(update={"defects": defects})

    def close(self) -> None:
        """Close what is open; a capture that was never finished keeps what had come by then."""
        self._stack.close()
