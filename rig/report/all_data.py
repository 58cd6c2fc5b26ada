"""Every capture of a run, by what became of it: nothing that was taken is left out of a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.evidence.record import CaptureEntry, CaseRecord, RunRecord

__all__ = ["AllData", "Discarded", "all_data"]

_USES = {
    "zero": "zero capture: taken with every relay open, what is seen then is taken off",
    "scout": "scout: the least there is of a stimulus, by which ranges were chosen",
    "signal": "signal: measured and judged",
    "idle": "idle: after the stimulus, whether the output was off",
}
_DISCARDED = "signal, not judged: clipped, broken or of an earlier attempt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """A capture of a stimulus that was not measured, or not judged by: why, and what was judged in its place."""

    case: str
    key: str
    capture: str
    why: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllData:
    """How many captures there are of each use, how many of them with defects, and those that were not judged by."""

    counts: tuple[tuple[str, str, str], ...]
    discarded: tuple[Discarded, ...]


def all_data(record: RunRecord) -> AllData:
    """Return what became of every capture of a run."""
    discarded = tuple(_discarded(record))
    thrown = {one.capture for one in discarded}
    counts: dict[str, list[int]] = {}
    for case in record.cases:
        for capture in case.captures:
            use = _DISCARDED if capture.id in thrown else _USES.get(capture.purpose, capture.purpose)
            found = counts.setdefault(use, [0, 0])
            found[0] += 1
            found[1] += bool(capture.defects)
    order = [*_USES.values(), _DISCARDED]
    rows = sorted(counts.items(), key=lambda one: order.index(one[0]) if one[0] in order else len(order))
    return AllData(
        counts=tuple((use, str(number), str(defective)) for use, (number, defective) in rows), discarded=discarded
    )


def _discarded(record: RunRecord) -> Iterator[Discarded]:
    for index, case in enumerate(record.cases, 1):
        signals = [one for one in case.captures if one.purpose == "signal"]
        last = signals[-1].id if signals else ""
        for capture in signals:
            if capture.id != last or case.retried or case.error is not None:
                yield Discarded(
                    case=case.id if case.attempt == 1 else f"{case.id} (attempt {case.attempt})",
                    key=f"case-{index}",
                    capture=capture.id,
                    why=_why(case, capture),
                    outcome=_outcome(case, capture, last),
                )


def _why(case: CaseRecord, capture: CaptureEntry) -> str:
    told = [*capture.defects, *(() if capture.triggered else ("not triggered",))]
    if case.error is not None:
        told.append(f"{case.error.type} while {case.error.stage}")
    return "; ".join(told) or "not stated"


def _outcome(case: CaseRecord, capture: CaptureEntry, last: str) -> str:
    if capture.id != last:
        return f"the stimulus was delivered again; judged is {last}"
    return "the case was tried again" if case.retried else f"the case is {case.verdict.value.replace('_', ' ')}"
