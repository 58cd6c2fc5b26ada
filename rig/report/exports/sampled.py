"""One signal of a capture on its way out: samples that are read in parts, and all that says what they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rig.evidence.naming import safe_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.evidence.record import CaptureEntry, CaseRecord
    from rig.model.recording import Recording
    from rig.report.exports.exported import ExportedRun

__all__ = ["PART", "Sampled"]

PART = 1 << 18
"""Samples that are held at once: a long capture is never in memory as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """One signal; its recording is in the quantity at the load that the record gives it."""

    run: ExportedRun
    case: CaseRecord
    capture: CaptureEntry
    signal: str
    recording: Recording

    @classmethod
    def of(
        cls, run: ExportedRun, case: CaseRecord, capture: CaptureEntry, signal: str, recording: Recording
    ) -> Sampled:
        """Return a signal as it was kept, read as the record reads it where the file has another unit."""
        entry = next((one for one in capture.waveforms if one.signal == signal), None)
        if entry is not None and entry.unit is not recording.scale.unit:
            scale = replace(recording.scale, gain=entry.gain, offset=entry.offset, unit=entry.unit)
            recording = replace(recording, scale=scale)
        return cls(run=run, case=case, capture=capture, signal=signal, recording=recording)

    @property
    def stem(self) -> str:
        """A file name without its end, the same for no two signals of a run."""
        return f"{safe_name(self.capture.id)}.{safe_name(self.signal)}"

    def told(self) -> Iterator[tuple[str, str]]:
        """Yield name and value of what says where the samples come from."""
        case, scale = self.case, self.recording.scale
        yield from self.run.provenance()
        if self.run.record.device:
            device = self.run.record.device
            yield "device", f"{device.manufacturer} {device.model} {device.serial}"
        yield "plan", case.plan
        yield "case", case.id
        yield "attempt", str(case.attempt)
        yield "verdict", case.verdict.value
        if case.started is not None:
            yield "case_started", case.started.isoformat()
        yield "load", case.load.name if case.load else "none"
        yield "capture", self.capture.id
        yield "purpose", self.capture.purpose
        yield "triggered", str(self.capture.triggered).lower()
        if self.capture.defects:
            yield "defects", "; ".join(self.capture.defects)
        yield "file", self.capture.source.file
        yield "file_sha256", self.capture.source.sha256
        yield "signal", self.signal
        yield "source", scale.source
