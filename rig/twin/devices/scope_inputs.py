"""What the converters of a virtual oscilloscope make of the world."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.twin.devices.trigger import Edge
from rig.twin.frontend import Digitized, FrontEnd
from rig.twin.signal import Piecewise

if TYPE_CHECKING:
    import numpy.typing as npt

    from rig.twin.config import InstrumentConfig
    from rig.twin.devices.scope_shot import Record, SettingsT, Shot
    from rig.twin.world import World

__all__ = ["Inputs", "Samples", "physical_probe", "trigger_edge"]

# The corner of AC coupling, and its time constant, s.
AC_CORNER = 10.0
AC_TAU = 1.0 / (2.0 * math.pi * AC_CORNER)

# A pole has forgotten what lies further back than this many of its time constants.
_MEMORY = 40.0
# A long record is converted in pieces of so many samples, always the same ones, however it is read out.
_PIECE = 1 << 20
_FINEST = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Samples:
    """Samples of one input in two's complement codes of so many ``bits``, 0 at the offset.

    Attributes
    ----------
    codes : shape (n,), int32; −2^(bits−1) … 2^(bits−1) − 1
    clipped_low, clipped_high : shape (n,), bool: below or above what the converter can say
    holes : shape (n,), bool: never acquired, because the acquisition was stopped before
    """

    codes: npt.NDArray[np.int32]
    bits: int
    clipped_low: npt.NDArray[np.bool_]
    clipped_high: npt.NDArray[np.bool_]
    holes: npt.NDArray[np.bool_]

    def justified(self, bits: int) -> npt.NDArray[np.int32]:
        """Return the codes as those of a converter of so many bits (more or fewer), rounded."""
        shift = bits - self.bits
        if shift >= 0:
            return self.codes << shift
        rounded = (self.codes + (1 << (-shift - 1))) >> -shift
        return np.clip(rounded, None, 2 ** (bits - 1) - 1, out=rounded)


def physical_probe(config: InstrumentConfig, number: int) -> float:
    """The attenuation of the probe that is really there: 10:1 where high voltage is looked at, else a plain cable."""
    return 10.0 if config.inputs.get(str(number)) in {"voltage", "output_voltage"} else 1.0


def trigger_edge(config: InstrumentConfig, shot: Shot) -> Edge | None:
    """What the trigger waits for in the world; None when nothing is connected to its source."""
    node, one = config.inputs.get(str(shot.source)), shot.inputs.get(shot.source)
    if node is None or one is None or one.coupling == "GND":
        return None
    gain = one.probe / physical_probe(config, shot.source) * (-1.0 if one.invert else 1.0)
    slope = shot.slope if gain > 0 else -shot.slope
    return Edge(node=node, level=shot.level / gain, slope=slope, ac_tau=AC_TAU if one.coupling == "AC" else None)


class Inputs:
    """The inputs, numbered from 1, with their true errors."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int, channels: int = 4) -> None:
        self._config, self._world = config, world
        self._ends = {
            number: FrontEnd(config, seed=seed, instrument=name, channel=str(number))
            for number in range(1, channels + 1)
        }

    @property
    def timebase(self) -> float:
        """The true duration of what the instrument takes for a second, s; all inputs have one clock."""
        return next(iter(self._ends.values())).timebase

    def samples(
        self,
        record: Record[SettingsT],
        channel: int,
        *,
        segment: int = 1,
        first: int = 0,
        count: int | None = None,
        stride: int = 1,
    ) -> Samples:
        """Return ``count`` samples of a segment (from 1), from number ``first`` (from 0) on; every how many-th.

        ``first`` and ``count`` count what is left by ``stride``. What lies beyond the record is not delivered. Reading
        again, or in other portions, gives the same samples.
        """
        depth = record.shot.depth // stride
        last = depth if count is None else min(depth, first + count)
        pieces = [
            _part(self._piece(record, channel, segment, begin, min(_PIECE, depth - begin), stride), begin, first, last)
            for begin in range(first // _PIECE * _PIECE, max(last, 1), _PIECE)
        ]
        return pieces[0] if len(pieces) == 1 else _joined(pieces)

    def _piece(self, record: Record[SettingsT], channel: int, segment: int, first: int, n: int, stride: int) -> Samples:
        shot, end = record.shot, self._ends[channel]
        interval = stride / shot.sample_rate
        taken = []
        for number, trigger in record.segment(segment):
            begin = trigger - shot.before * end.timebase
            start = begin + first * interval * end.timebase
            digitized = end.digitize(
                self._signal(shot, channel, end.span(start, interval, n)),
                start=start,
                interval=interval,
                n=n,
                full_scale=shot.inputs[channel].full_scale,
                offset=shot.inputs[channel].offset,
                bits=shot.bits,
                acquisition=number,
                part=first,
            )
            holes = np.arange(first, first + n) * interval > record.until - begin
            taken.append(_sampled(digitized, shot.bits, holes, clipped=record.clipped))
        return taken[0] if len(taken) == 1 else _averaged(taken, shot.averages)

    def _signal(self, shot: Shot, channel: int, span: tuple[float, float]) -> Piecewise:
        node, one = self._config.inputs.get(str(channel)), shot.inputs[channel]
        limit_tau = 0.0 if one.bandwidth is None else 1.0 / (2.0 * math.pi * one.bandwidth)
        begin = span[0] - _MEMORY * (limit_tau + (AC_TAU if one.coupling == "AC" else 0.0))
        if node is None or one.coupling == "GND":
            return Piecewise.level(0.0, begin, span[1])
        gain = one.probe / physical_probe(self._config, channel) * (-1.0 if one.invert else 1.0)
        signal = self._world.signal(node, begin, span[1]) * gain
        if one.coupling == "AC":
            signal += -signal.low_passed(AC_TAU)
        return signal.low_passed(limit_tau) if limit_tau else signal


def _sampled(digitized: Digitized, bits: int, holes: npt.NDArray[np.bool_], *, clipped: bool) -> Samples:
    low, high = digitized.clipped_low, digitized.clipped_high
    if clipped:
        reach = np.abs(digitized.codes)
        rail = reach >= max(1, int(reach.max(initial=0)) // 2)
        low, high = low | (rail & (digitized.codes < 0)), high | (rail & (digitized.codes >= 0))
    return Samples(codes=digitized.codes, bits=bits, clipped_low=low, clipped_high=high, holes=holes)


def _averaged(taken: list[Samples], averages: int) -> Samples:
    """Return the mean; each doubling of the number of records gains a bit. Clipped once is clipped."""
    bits = min(_FINEST, taken[0].bits + int(math.log2(averages)))
    total = np.zeros(len(taken[0].codes), dtype=np.float64)
    low, high, holes = taken[0].clipped_low.copy(), taken[0].clipped_high.copy(), taken[0].holes.copy()
    for one in taken:
        total += one.codes
        low |= one.clipped_low
        high |= one.clipped_high
        holes |= one.holes
    codes = np.rint(total * (2.0 ** (bits - taken[0].bits) / len(taken))).astype(np.int32)
    return Samples(codes=codes, bits=bits, clipped_low=low, clipped_high=high, holes=holes)


def _part(piece: Samples, begin: int, first: int, last: int) -> Samples:
    """Cut out of a piece that begins at number ``begin`` what lies in [first, last)."""
    if first <= begin and last >= begin + len(piece.codes):
        return piece
    wanted = slice(max(first - begin, 0), max(last - begin, 0))
    return Samples(
        codes=piece.codes[wanted],
        bits=piece.bits,
        clipped_low=piece.clipped_low[wanted],
        clipped_high=piece.clipped_high[wanted],
        holes=piece.holes[wanted],
    )


def _joined(pieces: list[Samples]) -> Samples:
    return Samples(
        codes=np.concatenate([one.codes for one in pieces]),
        bits=pieces[0].bits,
        clipped_low=np.concatenate([one.clipped_low for one in pieces]),
        clipped_high=np.concatenate([one.clipped_high for one in pieces]),
        holes=np.concatenate([one.holes for one in pieces]),
    )
