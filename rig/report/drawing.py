"""The figure of each case as a report shows it: the drawing, what it shows in words, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rig.errors import RigError
from rig.report.figure import ON_SCREEN, describe, draw
from rig.report.fine import Budget
from rig.report.trace import read_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Executor

    from rig.evidence.record import CaptureEntry, CaseRecord, RunRecord
    from rig.model.recording import Recording
    from rig.model.waveform import Waveform
    from rig.report.figure import Lettering

    ReadCapture = Callable[[CaptureEntry], Mapping[str, Waveform | Recording]]

__all__ = ["Drawing", "ReadCapture", "drawings"]

_AT_ONCE = 8  # cases sent to another process together


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """An SVG element and its caption; without a figure the caption says why, and is empty without a capture.

    ``alt`` is what it shows in words, where the caption does not say it.
    """

    svg: str = ""
    caption: str = ""
    alt: str = ""


def drawings(
    record: RunRecord,
    captures: ReadCapture | None,
    lettering: Lettering = ON_SCREEN,
    *,
    closer: bool = False,
    pool: Executor | None = None,
) -> Iterator[Drawing]:
    """Return the drawing of each case, one at a time: a long run's samples never lie in memory together.

    With ``closer`` a figure also holds what a reader sees who looks closer at it. A ``pool`` of processes begins to
    draw at once; ``captures`` must be one that can be sent to them.
    """
    drawn = partial(
        _drawing, captures=captures, lettering=lettering, budget=Budget.of(len(record.cases)) if closer else None
    )
    return map(drawn, record.cases) if pool is None else pool.map(drawn, record.cases, chunksize=_AT_ONCE)


def _drawing(case: CaseRecord, captures: ReadCapture | None, lettering: Lettering, budget: Budget | None) -> Drawing:
    # Of several the last one: an earlier one clipped, and is not what was measured.
    last_first = tuple(reversed(case.captures))
    signal = next((capture for capture in last_first if capture.purpose == "signal"), None)
    if signal is None or captures is None:
        return Drawing()
    zero = next((capture for capture in last_first if capture.purpose == "zero"), None)
    try:
        trace = read_trace(case, captures(signal), captures(zero) if zero else None, budget)
    except (RigError, OSError) as error:
        return Drawing(caption=f"No figure: {signal.source.file}: {error}")
    if trace is None:
        return Drawing(caption=f"No figure: {signal.source.file} holds no samples that can be drawn.")
    return Drawing(svg=draw(case, trace, lettering), caption=f"{describe(case, trace)} Capture {signal.id}.")
