"""All phases that a pass found, column by column, as whole records know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rig.analysis.segment import Runs
from rig.analysis.shape import Phases
from rig.analysis.stream.layout import PHASE
from rig.analysis.stream.tables import joined

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rig.analysis.trace import Integers

__all__ = ["Rows"]


class Rows:
    """Columns of phases; a batch at a time is added, and its last phase held back where it may go on."""

    def __init__(self) -> None:
        self._parts: dict[str, list[NDArray[Any]]] = {name: [] for name in PHASE.names or ()}
        self._columns: dict[str, NDArray[Any]] = {}
        self._held = np.empty(0, dtype=PHASE)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, phases: NDArray[Any], *, last: bool = False) -> None:
        """Add phases, in order; ``last`` says that there are no more."""
        phases = joined(np.concatenate((self._held, phases))) if len(self._held) else joined(phases)
        held = 1 if len(phases) and phases["unresolved"][-1] and not last else 0
        self._held = phases[len(phases) - held :]
        phases = phases[: len(phases) - held]
        for name, parts in self._parts.items():
            parts.append(np.ascontiguousarray(phases[name]))
        self._length += len(phases)
        self._columns.clear()

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._columns:
            parts = self._parts[name]
            whole = np.concatenate(parts) if parts else np.empty(0, dtype=PHASE[name])
            self._parts[name] = [whole]
            self._columns[name] = whole
        return self._columns[name]

    def forget(self, name: str) -> None:
        """Let a column go."""
        self._columns.pop(name, None)
        self._parts[name] = []

    def runs(self, *, gain: float, threshold: float, largest: float) -> Runs:
        """Return the phases as runs beyond the threshold; that and the ``largest`` deviation are in codes."""
        return Runs(
            first=self["first"],
            stop=self["stop"],
            sign=self._sign(gain),
            threshold=abs(gain) * threshold,
            largest=abs(gain) * largest,
        )

    def _sign(self, gain: float) -> Integers:
        return np.asarray(self["sign"] * (1 if gain > 0 else -1), dtype=np.int64)

    def phases(self, *, gain: float) -> Phases:
        """Return the phases in A or V, their places in samples from the begin of the recording."""
        size, first = abs(gain), self["first"]
        return Phases(
            sign=self._sign(gain),
            top=size * self["top"],
            top_samples=self["top_samples"].astype(np.float64),
            bin_width=size * self["bin_width"],
            peak=size * self["peak"],
            start=first + self["start"],
            stop=first + self["end"],
            begin=self["begin_index"] + self["begin_part"],
            end=self["end_index"] + self["end_part"],
            rise=self["rise"],
            fall=self["fall"],
            middle=size * self["middle"],
            slope=size * self["slope"],
            curve=size * self["curve"],
            centre=first + self["centre"],
            plateau=self["plateau"].astype(np.float64),
            start_error=self["start_error"],
            stop_error=self["stop_error"],
            near_peak=self["near_peak"],
            past=self["past"],
            rise_bow=self["rise_bow"],
            fall_bow=self["fall_bow"],
            crest=size * self["crest"],
            crest_curve=size * self["crest_curve"],
            crest_reach=self["crest_reach"],
            crest_place=self["crest_place"],
        )
