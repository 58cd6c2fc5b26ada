"""Rigol MSO1000Z and DS1000Z oscilloscopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.drivers.rigol import RigolOscilloscope
from rig.model.setup import Reduction

if TYPE_CHECKING:
    from rig.bench.opening import Opening

__all__ = ["RigolDs1000Z", "opened"]

_DEPTHS = (12_000, 120_000, 1_200_000, 12_000_000, 24_000_000)
_MOST = 250_000


class RigolDs1000Z(RigolOscilloscope):
    """Eight bits; twelve divisions of time; a memory that the channels share."""

    across = 12
    reductions: tuple[Reduction, ...] = (Reduction.HIGH_RESOLUTION, Reduction.AVERAGE)
    averages = tuple(2**n for n in range(1, 11))
    # Colour, not inverted.
    picture = ":DISPlay:DATA? ON,OFF,PNG"

    def _depth(self, points: int, channels: int) -> int:
        share = channels if channels <= 2 else 4  # noqa: PLR2004 - one, two, or any more of them
        if points > _DEPTHS[-1] // share:
            self._refuse(f"{points} points", f"it keeps {_DEPTHS[-1] // share} at most of {channels} channels")
        return next(depth // share for depth in _DEPTHS if depth // share >= points)


def opened(at: Opening) -> RigolDs1000Z:
    """Open a session as a bench file says."""
    return RigolDs1000Z(
        at.name,
        at.address,
        clock=at.clock,
        backend=at.entry.backend,
        timeout=at.patience(10.0),
        most=at.option("most_bytes", _MOST),
    )
