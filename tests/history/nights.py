"""A history of nights, made from nothing: green, then two in which something fails, and one in which some is mended."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from rig.evidence.record import CaseRecord, RunRecord
from tests.history.bundles import sealed
from tests.report.conftest import START, bench, case, run

__all__ = ["NIGHTS", "night", "nights"]

NIGHTS = ("green", "first-failure", "second-failure", "tonight")


def night(number: int, cases: tuple[CaseRecord, ...], **more: object) -> RunRecord:
    start = START + timedelta(days=number)
    moved = tuple(
        one.model_copy(update={"started": start + timedelta(seconds=index)}) for index, one in enumerate(cases)
    )
    return run(moved, started=start, finished=start + timedelta(minutes=1), **more)


def nights(evidence: Path) -> tuple[Path, ...]:
    """Write the evidence of all nights: 50 mA fails from the second on, 20 mA in the third alone, 5 mA drifts up."""
    gains = ((1.0, 1.0, 1.0), (1.02, 1.0, 1.25), (1.04, 1.3, 1.25), (1.065, 1.0, 1.25))
    scope, *rest = bench().instruments
    assert scope.identity is not None
    newer = scope.model_copy(update={"identity": scope.identity.model_copy(update={"firmware": "7.50"})})
    return tuple(
        sealed(
            evidence,
            name,
            night(
                number,
                tuple(
                    case(index, amplitude, "500 ohm", gain=gain)
                    for index, (amplitude, gain) in enumerate(zip((0.005, 0.02, 0.05), gained, strict=True), 1)
                ),
                bench=bench() if number < 3 else bench().model_copy(update={"instruments": (newer, *rest)}),
            ),
        )
        for number, (name, gained) in enumerate(zip(NIGHTS, gains, strict=True))
    )
