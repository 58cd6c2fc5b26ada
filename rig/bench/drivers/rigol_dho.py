"""Rigol DHO800, DHO900, DHO1000 and DHO4000 oscilloscopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.drivers.rigol import RigolOscilloscope
from rig.model.setup import Reduction

if TYPE_CHECKING:
    from rig.bench.opening import Opening

__all__ = ["RigolDho", "opened"]

_DEPTHS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000, 500_000_000)
_MOST = 2_000_000


class RigolDho(RigolOscilloscope):
    """Twelve bits, handed over in sixteen; how deep the memory is differs between models and is read back."""

    reductions: tuple[Reduction, ...] = (Reduction.AVERAGE,)
    averages = tuple(2**n for n in range(1, 17))
    width = 2
    # Left-justified: the highest of twelve bits; an instrument that says 65535 says no less.
    rails = (0, 0xFFF0)

    def _depth(self, points: int, channels: int) -> int:
        if points > _DEPTHS[-1]:
            self._refuse(f"{points} points", f"with {channels} channels no model keeps more than {_DEPTHS[-1]}")
        return next(depth for depth in _DEPTHS if depth >= points)


def opened(at: Opening) -> RigolDho:
    """Open a session as a bench file says."""
    return RigolDho(
        at.name,
        at.address,
        clock=at.clock,
        backend=at.entry.backend,
        timeout=at.patience(10.0),
        most=at.option("most_bytes", _MOST),
    )
