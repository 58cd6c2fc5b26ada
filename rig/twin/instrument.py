"""What every virtual instrument is to the server that runs it."""

from __future__ import annotations

from typing import Protocol

__all__ = ["VirtualInstrument"]


class VirtualInstrument(Protocol):
    """Something with a wire protocol; constructed with ``(name, config, world, seed)``, all keyword only."""

    def start(self) -> tuple[str, ...]:
        """Begin to listen (loopback, ephemeral port unless configured); return the addresses, as clients write them."""

    def stop(self) -> None:
        """End every connection and thread; may be called twice."""
