"""What the drivers of all oscilloscopes share: waiting, what is configured, and records that were seen before."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from rig.bench.drivers.scpi import ScpiInstrument
from rig.errors import InstrumentError, StaleWaveform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rig.bench.drivers.scpi import ScpiDialogue
    from rig.model.setup import ScopeSetup
    from rig.model.waveform import Waveform
    from rig.roles import Clock

__all__ = ["ARMING_TIME", "ScpiOscilloscope", "chunks"]

# From the command until an instrument is armed, beyond filling what lies before the trigger, s.
ARMING_TIME = 5.0
_SHORTEST_POLL, _LONGEST_POLL = 0.002, 0.1
# Shorter or flat records can repeat by chance.
_COMPARABLE = 1000


class ScpiOscilloscope(ScpiInstrument):
    """Counts acquisitions and knows what is configured; a family's driver says in which words.

    Parameters
    ----------
    name : from the bench file
    dialogue : with the instrument
    clock : the bench's clock, with which every wait is made
    """

    def __init__(self, name: str, dialogue: ScpiDialogue, *, clock: Clock) -> None:
        super().__init__(name, dialogue)
        self._clock = clock
        self._setup: ScopeSetup | None = None
        self._inputs = range(0)
        self._capture = 0
        self._last: dict[tuple[int, int], tuple[int, bytes]] = {}

    def _configured(self) -> ScopeSetup:
        if self._setup is None:
            raise InstrumentError(self.name, "arm", "no capture has been configured")
        return self._setup

    def _refuse_absent(self, setup: ScopeSetup) -> None:
        """Raise if a channel is asked for that the instrument, once identified, does not have."""
        if not self._inputs:
            self.identify()
        absent = sorted(set(setup.channels) - set(self._inputs))
        if absent:
            raise InstrumentError(self.name, f"channel {absent[0]}", f"it has {len(self._inputs)} channels")

    def _wait(self, ready: Callable[[], bool], limit: float) -> bool:
        """Ask again and again, ever more slowly, for ``limit`` s at most; whether it became ready."""
        waited, pause = 0.0, _SHORTEST_POLL
        while not ready():
            if waited >= limit:
                return False
            self._clock.sleep(pause)
            waited += pause
            pause = min(2 * pause, _LONGEST_POLL)
        return True

    def _refuse_stale(self, channel: int, waveform: Waveform, segment: int = 1) -> None:
        """Raise StaleWaveform if this is to the last bit the record of an earlier acquisition.

        Noise makes two true acquisitions differ; the same bits again are the old record.
        """
        digest = hashlib.sha256(waveform.samples.tobytes()).digest()
        capture, before = self._last.get((channel, segment), (self._capture, b""))
        self._last[channel, segment] = (self._capture, digest)
        varied = len(waveform) >= _COMPARABLE and int(np.ptp(waveform.samples)) > 0
        if varied and digest == before and capture != self._capture:
            msg = f"{self.name}: channel {channel} delivered the record of an earlier acquisition again"
            raise StaleWaveform(msg)


def chunks(total: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield begin and length of the pieces that a long record is read in.

    >>> list(chunks(7, 3))
    [(0, 3), (3, 3), (6, 1)]
    """
    for begin in range(0, total, most):
        yield begin, min(most, total - begin)
