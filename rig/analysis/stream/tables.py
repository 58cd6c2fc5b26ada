"""Phases and pulses in SI units, from what the compiled pass wrote down of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.analysis.outcome import ratio
from rig.analysis.segment import Pulses, Runs, group_pulses

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rig.analysis.stream.levels import Levels
    from rig.analysis.trace import Flags, Floats, Integers
    from rig.model.stimulus import Stimulus

__all__ = [
    "Anchors",
    "Columns",
    "PhaseTable",
    "PulseTable",
    "Scale",
    "anchors",
    "joined",
    "phase_table",
    "pulse_table",
    "pulses_of",
]

# A run of one sample is a phase if it is no small one.
_LONE_SAMPLE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What codes mean: ``value = gain · code + offset`` at ``start + interval · index``, and which code counts as zero.

    ``reference`` is the code that all sums are about; ``pedestal`` is how far the baseline lies above it, in codes.
    """

    gain: float
    offset: float
    interval: float
    start: float
    reference: int
    fraction: float
    pedestal: float

    def time(self, index: Floats | Integers) -> Floats:
        """Time of samples, s."""
        return np.asarray(self.start + self.interval * index, dtype=np.float64)

    def value(self, deviation: float) -> float:
        """Value of a deviation from the reference code, A or V."""
        return self.gain * (self.reference + deviation) + self.offset


class Columns:
    """Fields of many phases, each next to itself in memory; taken from the records when they are asked for."""

    def __init__(self, column: Callable[[str], NDArray[Any]], length: int) -> None:
        self._column = column
        self._length = length

    @classmethod
    def of(cls, records: NDArray[Any]) -> Columns:
        """Return the fields of records."""
        return cls(cache(lambda name: np.ascontiguousarray(records[name])), len(records))

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._column(name)

    def at(self, index: Integers | slice) -> Columns:
        """Return the fields of some of the phases."""
        length = len(range(self._length)[index]) if isinstance(index, slice) else len(index)
        return Columns(lambda name: np.asarray(self[name][index]), length)

    def then(self, other: Columns) -> Columns:
        """Return the fields of these phases and of the other ones after them."""
        if not len(other):
            return self
        return Columns(lambda name: np.concatenate((self[name], other[name])), len(self) + len(other))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anchors:
    """Instants up to which integrals are known exactly: sums up to a sample, and how far beyond it the instant lies."""

    index: Integers
    part: Floats
    total: Integers
    squares: Integers
    left: Integers
    right: Integers

    def at(self, which: Integers | slice) -> Anchors:
        """Return some of them."""
        return Anchors(**{name: getattr(self, name)[which] for name in _ANCHOR})

    def length_to(self, other: Anchors) -> Floats:
        """Samples from here to the other."""
        return np.asarray((other.index - self.index) + (other.part - self.part), dtype=np.float64)

    def integral_to(self, other: Anchors, pedestal: float) -> Floats:
        """Trapezoidal integral of (deviation − pedestal) from here to the other, in samples."""
        plain = (other.total - self.total) + (other._beyond() - self._beyond())
        return np.asarray(plain - pedestal * self.length_to(other), dtype=np.float64)

    def phases_to(self, other: Anchors, pedestal: float, rest: float) -> Floats:
        """Return the integral over phases from here to the other, samples at rest beside them left out.

        Parameters
        ----------
        rest : what a sample at rest deviates from the baseline
        """
        beside = 0.5 * ((self.part == 0.0).astype(np.float64) + (other.part == 0.0))
        return np.asarray(self.integral_to(other, pedestal) - beside * rest, dtype=np.float64)

    def square_to(self, other: Anchors, pedestal: float) -> Floats:
        """Trapezoidal integral of (deviation − pedestal)²."""
        plain = (other.squares - self.squares) + (other._square_beyond() - self._square_beyond())
        crossed = 2 * pedestal * self.integral_to(other, 0.0)
        return np.asarray(plain - crossed + pedestal**2 * self.length_to(other), dtype=np.float64)

    def _beyond(self) -> Floats:
        """Turn a sum up to and with a sample into the trapezoidal integral up to the instant after it."""
        step = self.right - self.left
        return np.asarray((self.part - 0.5) * self.left + 0.5 * self.part**2 * step, dtype=np.float64)

    def _square_beyond(self) -> Floats:
        left, right = np.square(self.left), np.square(self.right)
        return np.asarray((self.part - 0.5) * left + 0.5 * self.part**2 * (right - left), dtype=np.float64)


_ANCHOR = ("index", "part", "total", "squares", "left", "right")


def anchors(phases: Columns, edge: str) -> Anchors:
    """Return where the phases begin or end (``edge`` is ``begin`` or ``end``)."""
    return Anchors(**{name: phases[f"{edge}_{name}"] for name in _ANCHOR})


_OF_SHAPE = (
    "top", "bin_width", "start", "end", "rise", "fall", "middle", "slope", "curve", "centre", "start_error",
    "stop_error", "past", "rise_bow", "fall_bow", "crest", "crest_curve", "crest_reach", "crest_place",
)  # fmt: skip


def joined(phases: NDArray[Any]) -> NDArray[Any]:
    """Join the parts of phases that were too long to keep: the first one's begin, the last one's end, no shape."""
    goes_on = phases["unresolved"].astype(bool)
    if not goes_on.any():
        return phases
    touches = phases["begin_index"][1:] == phases["end_index"][:-1]
    same = goes_on[:-1] & touches & (phases["sign"][1:] == phases["sign"][:-1])
    first = np.flatnonzero(np.concatenate(([True], ~same)))
    last = np.append(first[1:], len(phases)) - 1
    whole = phases[first].copy()
    whole["stop"] = phases["stop"][last]
    for name in _ANCHOR:
        whole[f"end_{name}"] = phases[f"end_{name}"][last]
    whole["peak"] = np.maximum.reduceat(phases["peak"], first)
    whole["unresolved"] = np.maximum.reduceat(phases["unresolved"], first)
    for name in _OF_SHAPE:
        whole[name][whole["unresolved"] != 0] = np.nan
    return whole


def pulses_of(
    phases: NDArray[Any], levels: Levels, *, samples: int, interval: float, expected: Stimulus | None
) -> tuple[NDArray[Any], Pulses]:
    """Leave out lone samples that are no phase, and put the others into pulses."""
    largest = float(phases["peak"].max()) if len(phases) else 0.0
    noise = (phases["stop"] - phases["first"] == 1) & (phases["peak"] < _LONE_SAMPLE * largest)
    phases = phases[~noise] if noise.any() else phases
    runs = Runs(
        first=phases["first"],
        stop=phases["stop"],
        sign=phases["sign"],
        threshold=levels.threshold,
        largest=largest,
    )
    return phases, group_pulses(runs, samples=samples, interval=interval, expected=expected)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PhaseTable:
    """Phases, arrays of shape (m,); NaN where the record's edge cuts a phase, or where it is not resolved.

    Attributes
    ----------
    pulse : number of its pulse
    sign : +1 or −1
    start, duration : 50 % crossing of its first transition, and from there to that of its last, s
    top, peak : state level and extreme about the baseline, magnitudes, A or V
    rise, fall : 10–90 %, s
    droop, overshoot : parts of the level at the start, and of the top
    charge : ∫ i dt from rest to rest, signed, A·s or V·s
    square : ∫ i² dt over the same, A²·s or V²·s
    resolved : whether its shape was measured (else it was longer than the room for it)
    """

    pulse: Integers
    sign: Integers
    start: Floats
    duration: Floats
    top: Floats
    peak: Floats
    rise: Floats
    fall: Floats
    droop: Floats
    overshoot: Floats
    charge: Floats
    square: Floats
    resolved: Flags

    def __len__(self) -> int:
        return len(self.sign)


def phase_table(phases: Columns, pulses: Pulses, scale: Scale) -> PhaseTable:
    """Read phases in SI units, about the baseline."""
    size = abs(scale.gain)
    sign = phases["sign"]
    raised = sign * (scale.fraction - scale.pedestal)
    top, peak = phases["top"] + raised, phases["peak"] + raised
    begin, end = anchors(phases, "begin"), anchors(phases, "end")
    lost = -phases["slope"] * (phases["end"] - phases["start"])
    steady = phases["middle"] + raised + 0.5 * lost
    return PhaseTable(
        pulse=pulses.of_phase if len(pulses) else np.empty(0, dtype=np.int64),
        sign=sign * (1 if scale.gain > 0 else -1),
        start=scale.time(phases["first"] + phases["start"]),
        duration=scale.interval * (phases["end"] - phases["start"]),
        top=size * top,
        peak=size * peak,
        rise=scale.interval * phases["rise"],
        fall=scale.interval * phases["fall"],
        droop=ratio(lost, steady),
        overshoot=ratio(peak - top, top),
        charge=scale.gain * scale.interval * begin.phases_to(end, scale.pedestal, scale.fraction - scale.pedestal),
        square=scale.gain**2 * scale.interval * begin.square_to(end, scale.pedestal),
        resolved=phases["unresolved"] == 0,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PulseTable:
    """Pulses, arrays of shape (m,); NaN where unknown.

    Attributes
    ----------
    start : 50 % crossing of the leading edge, s
    width : from there to that of the last edge, interphase interval included, s
    phases : number of them
    whole : whether no edge of the record cuts it
    polarity : of the leading phase
    interphase : between the first two phases, 50 % to 50 %, s; NaN with one phase
    net_charge : ∫ i dt to the begin of the next pulse, recovery counted, A·s or V·s; NaN for the last pulse
    net_charge_active : over the phases alone
    square : ∫ i² dt from leaving rest to the return to it, A²·s or V²·s; times R (or over R) it is the energy
    gap : rest between the end of this pulse and the begin of the next, s; NaN for the last pulse
    period : start to start of the next, s; NaN for the last pulse
    """

    start: Floats
    width: Floats
    phases: Integers
    whole: Flags
    polarity: Integers
    interphase: Floats
    net_charge: Floats
    net_charge_active: Floats
    square: Floats
    gap: Floats
    period: Floats

    def __len__(self) -> int:
        return len(self.start)


_NOTHING, _NONE = np.empty(0), np.empty(0, dtype=np.int64)
_NO_PULSE = PulseTable(
    start=_NOTHING,
    width=_NOTHING,
    phases=_NONE,
    whole=np.empty(0, dtype=bool),
    polarity=_NONE,
    interphase=_NOTHING,
    net_charge=_NOTHING,
    net_charge_active=_NOTHING,
    square=_NOTHING,
    gap=_NOTHING,
    period=_NOTHING,
)


def pulse_table(phases: Columns, pulses: Pulses, scale: Scale, after: Columns) -> PulseTable:
    """Read pulses in SI units; ``after`` holds the first phase of the pulse after the last one, if it is known."""
    if not len(pulses):
        return _NO_PULSE
    first, last = phases.at(pulses.first), phases.at(pulses.stop - 1)
    following = first.at(slice(1, None)).then(after)
    known = len(following)
    begin, end, next_begin = anchors(first, "begin"), anchors(last, "end"), anchors(following, "begin")
    unit = scale.gain * scale.interval
    rest_level = scale.fraction - scale.pedestal
    within = anchors(phases, "begin").phases_to(anchors(phases, "end"), scale.pedestal, rest_level)
    second = np.minimum(pulses.first + 1, len(phases) - 1)
    rest = (phases["first"][second] - first["first"]) + phases["start"][second] - first["end"]
    period = (following["first"] - first["first"][:known]) + (following["start"] - first["start"][:known])
    return PulseTable(
        start=scale.time(first["first"] + first["start"]),
        width=scale.interval * ((last["first"] - first["first"]) + (last["end"] - first["start"])),
        phases=pulses.stop - pulses.first,
        whole=pulses.whole,
        polarity=first["sign"] * (1 if scale.gain > 0 else -1),
        interphase=np.where(pulses.stop - pulses.first > 1, scale.interval * rest, np.nan),
        net_charge=_to_length(unit * begin.at(slice(known)).integral_to(next_begin, scale.pedestal), len(pulses)),
        net_charge_active=unit * np.add.reduceat(within, pulses.first),
        square=scale.gain**2 * scale.interval * begin.square_to(end, scale.pedestal),
        gap=_to_length(scale.interval * end.at(slice(known)).length_to(next_begin), len(pulses)),
        period=_to_length(scale.interval * period, len(pulses)),
    )


def _to_length(values: Floats, length: int) -> Floats:
    return np.concatenate((values, np.full(length - len(values), np.nan)))
