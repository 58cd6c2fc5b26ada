"""The captures of one attempt, read back as current and voltage at the load, each by the way that is on record."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from rig.bench.paths import signal_path
from rig.errors import EvidenceError
from rig.evidence.kept_capture import open_kept
from rig.model.setup import DigitizerSetup, ScopeChannel, ScopeSetup
from rig.model.waveform import Purpose
from rig.sequencer.examine import Corrected

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from rig.bench.definition import BenchDefinition
    from rig.evidence.record import CaptureEntry, CaseRecord, RangeEntry
    from rig.model.signal_path import SignalPath

__all__ = ["KeptCaptures", "Untold"]


class Untold(EvidenceError):
    """A record that lacks what it takes to measure a case again: one that was cut off, or is older than that entry."""


class KeptCaptures:
    """The captures of one attempt. What is long is read part by part, until :meth:`close`.

    Parameters
    ----------
    load : name of the load that was connected at first
    only : ids of the captures that are meant, and ``ranges`` those in which they were read last; of the whole attempt
        where neither is said

    Raises
    ------
    EvidenceError
        from its methods, if a capture cannot be read; Untold if the record does not say how
    """

    def __init__(
        self,
        folder: Path,
        record: CaseRecord,
        definition: BenchDefinition,
        load: str,
        *,
        only: Collection[str] | None = None,
        ranges: tuple[RangeEntry, ...] | None = None,
    ) -> None:
        self._folder, self._record, self._definition, self._load = folder, record, definition, load
        self._only, self._ranges = only, record.ranges if ranges is None else ranges
        self._stack = ExitStack()

    def close(self) -> None:
        """Close the captures."""
        self._stack.close()

    def of(self, *purposes: Purpose) -> list[CaptureEntry]:
        """Return the entries of the captures of some purposes, in their order."""
        of = [entry for entry in self._record.captures if entry.purpose in purposes]
        return of if self._only is None else [entry for entry in of if entry.id in self._only]

    def corrected(self, entry: CaptureEntry) -> Corrected:
        """Read a capture as current and voltage at the load, the way that each signal took being the record's."""
        raw = self._stack.enter_context(open_kept(self._folder, entry))
        paths = {one.signal: one.path for one in entry.waveforms if one.path is not None}
        if entry.purpose == Purpose.SIGNAL and "voltage" not in paths:  # it was looked for and not seen
            paths["voltage"] = self.paths(self._load)["voltage"]
        if unknown := sorted({one.signal for one in entry.waveforms} - set(paths)):
            raise Untold(f"the record does not say what way its {unknown[0]} took")
        return Corrected.of(raw, paths)

    def zero_for(self, other: CaptureEntry) -> Corrected | None:
        """Return the last zero capture before another, if it was taken in the same range: it holds for no other."""
        before = [one for one in self._record.captures[: self._record.captures.index(other)] if one.purpose == "zero"]
        if not before or _resolution(before[-1]) != _resolution(other):
            return None
        return self.corrected(before[-1])

    def half_ranges(self) -> dict[str, float]:
        """Return in which ranges the run had its signals read last, ±V."""
        half = {one.signal: one.half_range for one in self._ranges}
        if not {"voltage", "current"} <= set(half):
            raise Untold("the record does not say in which ranges its signals were read")
        return half

    def paths(self, load: str) -> Mapping[str, SignalPath]:
        """Return the ways of both signals with a load connected, in the ranges that the run had chosen."""
        definition = self._definition
        voltage, current, half = definition.voltage, definition.current, self.half_ranges()
        if voltage is None or current is None:
            raise EvidenceError(f"{self._record.id}: the bench of the evidence has no such signals")
        channel = ScopeChannel(
            full_scale=2 * half["voltage"], probe=voltage.probe, bandwidth_limit=voltage.bandwidth_limit
        )
        scope = ScopeSetup(channels={voltage.channel: channel}, window=1.0, points=1)
        card = DigitizerSetup(channels={current.channel: half["current"]}, rate=current.rate, samples=1)
        connected = definition.loads[load]
        return {
            "current": signal_path(definition, "current", card, connected),
            "voltage": signal_path(definition, "voltage", scope, connected),
        }


def _resolution(entry: CaptureEntry) -> float | None:
    """Return the step of a capture's current, A: it tells the range."""
    return next((one.path.resolution for one in entry.waveforms if one.signal == "current" and one.path), None)
