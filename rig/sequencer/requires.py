"""What a plan requires of its bench, and the bench has not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.bench.definition import BenchDefinition
    from rig.errors import Problem
    from rig.plan.load import LoadedPlan

__all__ = ["unmet"]


def unmet(loaded: LoadedPlan, bench: BenchDefinition) -> Iterator[Problem]:
    """Yield everything that a plan requires and the bench does not offer, each at its place in the plan."""
    requires = loaded.plan.requires
    for index, name in enumerate(requires.load):
        if name not in bench.loads:
            message = f"the bench {bench.id} has no load {name!r}; it has {', '.join(bench.loads)}"
            yield loaded.document.problem(("requires", "load", index), message)
    digitizer = requires.digitizer
    if digitizer is None:
        return
    for index, signal in enumerate(digitizer.channels):
        if _instrument(bench, signal) is None:
            message = f"the bench {bench.id} sees no {signal}"
            yield loaded.document.problem(("requires", "digitizer", "channels", index), message)
    offered = _resolution(bench)
    if digitizer.resolution is not None and (offered is None or offered < digitizer.resolution):
        has = "has none" if offered is None else f"has {offered} bits"
        message = f"{digitizer.resolution} bits are required; the digitizer of the bench {bench.id} {has}"
        yield loaded.document.problem(("requires", "digitizer", "resolution"), message)


def _instrument(bench: BenchDefinition, signal: str) -> str | None:
    entry = {"voltage": bench.voltage, "current": bench.current}[signal]
    return None if entry is None else entry.instrument


def _resolution(bench: BenchDefinition) -> int | None:
    """Bits of the channel that reads the current: it alone is read by the digitizer."""
    if bench.current is None or bench.current.instrument not in bench.calibrations:
        return None
    return bench.calibrations[bench.current.instrument].channels[bench.current.channel].bits
