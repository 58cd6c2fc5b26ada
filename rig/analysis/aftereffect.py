"""What a device does after an event: its surge into a reconnected load, its output at power-up, its recovery."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from rig.analysis.coverage import PROBABILITY
from rig.analysis.flow import first_flow, largest_flow
from rig.analysis.idle import measure_idle
from rig.analysis.prepare import prepare
from rig.analysis.uncertainty import Budget, expected_extreme, relative_of, spread_of_extreme
from rig.model.happening import Action
from rig.model.load import OPEN, SHORT
from rig.model.measurement import Measurement, NotMeasured, Outcome, Window
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.analysis.chronicle import Chronicle
    from rig.analysis.record import Record
    from rig.analysis.trace import Flags, Floats
    from rig.model.happening import Happening
    from rig.model.recording import Recording

__all__ = ["power_up_output", "reconnect_surge", "short_circuit_recovery"]

_OFF = "off"
# After these a pulse need not come any more.
_ENDS = frozenset({Action.LOAD, Action.STOP, Action.CUT, Action.RESET, Action.SUPPLY})
# Samples that are held at once.
_BLOCK = 4_000_000
_LEAST_SAMPLES = 8
# How well the expected extreme of noise is known, of itself.
_EXTREME_DOUBT = 0.1
# A surge that falls faster than by this factor from sample to sample is taken to fall by it.
_STEEPEST = 3.0
# A phase has recovered once its top is this near to what it was, of that.
_RECOVERED = 0.1


def _switched(chronicle: Chronicle) -> Iterator[tuple[str, Happening, float]]:
    """Yield every change of the load: the one before, the change, and when the next one begins."""
    before = chronicle.load
    for one in chronicle.happenings:
        if one.action is Action.LOAD:
            yield before, one, chronicle.until(one, {Action.LOAD})
            before = one.detail


def reconnect_surge(chronicle: Chronicle) -> Outcome:
    """Largest |current| once a load is connected to an open output, A."""
    name, found, opened = "reconnect_surge", [], None
    for before, change, until in _switched(chronicle):
        part = chronicle.part(change.begun, until)
        if before == OPEN and change.detail != OPEN and len(part) >= _LEAST_SAMPLES:
            if first_flow(chronicle.signal, chronicle.rest) is None:
                return NotMeasured(measurand=name, reason="no current flowed at all")
            if opened is not None and not _flows(chronicle, opened.begun):
                return NotMeasured(measurand=name, reason="no current flowed any more when the load was disconnected")
            window = Window(start=change.begun, stop=until, description=f"from the connection of {change.detail} on")
            found.append(_largest(chronicle, name, part, window))
            if chronicle.until(change, _ENDS) - change.ended < chronicle.silence:
                least = max(found[-1].value - found[-1].expanded_uncertainty, 0.0)
                reason = "it ended before another pulse could come that meets the load"
                return NotMeasured(measurand=name, reason=reason, at_least=least)
        opened = change
    if not found:
        return NotMeasured(measurand=name, reason="no load was connected to an open output")
    return max(found, key=lambda one: one.value)


def _largest(chronicle: Chronicle, name: str, part: Recording, window: Window) -> Measurement:
    """Return the largest |current| of a stretch, A.

    Notes
    -----
    What noise adds to the largest of the samples that compete for it is taken off. A surge that decays from an edge
    between two samples was larger at its edge: by up to as much, in proportion, as the largest sample's higher
    neighbour falls short of it beyond noise; half of that is put on.
    """
    rest, path = chronicle.rest, chronicle.known.path
    extreme = largest_flow(part, rest)
    if extreme.size <= rest.threshold:
        return _noise_alone(chronicle, name, part, window)
    lifted = expected_extreme(extreme.near) * rest.analogue_noise
    drop = max(extreme.drop - lifted, 0.0)
    missed = drop * min(extreme.size / max(extreme.size - drop, 1e-30), _STEEPEST)
    value = extreme.size - lifted + 0.5 * missed
    budget = Budget(
        relative=relative_of(path),
        systematic={
            "offset": rest.offset,
            "quantisation": path.resolution / math.sqrt(12),
            "noise of an extreme sample": math.hypot(
                _EXTREME_DOUBT * lifted, spread_of_extreme(extreme.near) * rest.analogue_noise
            ),
            "crest of a surge": 0.5 * missed / math.sqrt(3),
        },
    )
    shown = f"{window.description}; extreme at {format_quantity(float(extreme.time), Unit.SECOND, digits=6)}"
    return chronicle.outcome(name, Unit.AMPERE, value, budget, replace(window, description=shown))


def _noise_alone(chronicle: Chronicle, name: str, part: Recording, window: Window) -> Measurement:
    """Return what may flow in a stretch that shows nothing but noise, looked at in blocks."""
    known = chronicle.known
    blocks = [measure_idle(one, known.path, known.zero, capture=known.capture).outcome for one in part.parts(_BLOCK)]
    largest = max(blocks, key=lambda one: one.value)
    return replace(largest, measurand=name, window=window, origin=(*largest.origin[:-1], name))


def power_up_output(chronicle: Chronicle) -> Outcome:
    """Largest |current| from power-up or reset until the device is told to start, A, without what noise explains.

    Notes
    -----
    Nothing flows before power is there, so from the moment it is switched on everything counts. A reset may find the
    device delivering: then what flows counts from the moment it is confirmed.
    """
    name, found = "power_up_output", []
    for change in _power_ups(chronicle):
        until = chronicle.until(change, {Action.START, Action.LOAD})
        begin = change.begun
        if change.action is Action.RESET and _flows(chronicle, change.begun):
            begin = change.ended
        if chronicle.load_at(change.begun) == OPEN:
            return NotMeasured(measurand=name, reason="nothing was connected when the device came up")
        part = chronicle.part(begin, until)
        if len(part) < _LEAST_SAMPLES:
            return NotMeasured(measurand=name, reason="the device was told to start before anything could be seen")
        window = Window(start=begin, stop=until, description="from power-up or reset until start")
        found.append(_largest(chronicle, name, part, window))
    if not found:
        return NotMeasured(measurand=name, reason="the device was neither switched on nor reset")
    return max(found, key=lambda one: one.value)


def _power_ups(chronicle: Chronicle) -> Iterator[Happening]:
    off = False
    for one in chronicle.happenings:
        if one.action is Action.RESET or (one.action is Action.SUPPLY and off and one.detail != _OFF):
            yield one
        off = one.detail == _OFF if one.action is Action.SUPPLY else off


def _flows(chronicle: Chronicle, moment: float) -> bool:
    flow = chronicle.last_flow(moment)
    return flow is not None and moment - flow.time <= chronicle.silence


def short_circuit_recovery(chronicle: Chronicle) -> Outcome:
    """End of a short circuit → first pulse from which on all come, with tops within 10 % of those before it, s."""
    name = "short_circuit_recovery"
    for (before, shorted, _), (_, restored, _) in itertools.pairwise(_switched(chronicle)):
        if shorted.detail == SHORT and not {before, restored.detail} & {OPEN, SHORT}:
            return _recovery(chronicle, name, shorted, restored)
    return NotMeasured(measurand=name, reason="no resistor was shorted and connected again")


def _recovery(chronicle: Chronicle, name: str, shorted: Happening, restored: Happening) -> Outcome:
    earlier = chronicle.last_before(shorted, {Action.LOAD})
    since = chronicle.begin if earlier is None else max(earlier.ended, chronicle.begin)
    until = chronicle.until(restored, frozenset(Action) - {Action.MESSAGE})
    before = _record(chronicle, chronicle.part(since, shorted.begun), last=True)
    after = _record(chronicle, chronicle.part(restored.begun, until))
    if before is None or not len(before.whole_phases):
        return NotMeasured(measurand=name, reason="no pulse came before the short circuit")
    usual = _usual_tops(before)
    pulses = None if after is None else _Pulses.of(after, usual, until=until, silence=chronicle.silence)
    found = None if pulses is None else pulses.recovered(_RECOVERED)
    if after is None or pulses is None or found is None:
        seen = until - restored.ended
        least = ((until if pulses is None else pulses.waited) - restored.ended) * (
            1 - 2 * chronicle.known.path.timebase
        )
        shown = format_quantity(seen, Unit.SECOND, digits=3)
        reason = f"the pulses had not recovered {shown} after the short circuit, when the record of it ended"
        return NotMeasured(measurand=name, reason=reason, at_least=max(least, 0.0))
    # With tops near the border, noise decides which pulse is the first that counts.
    doubt = max(_top_doubt(before), _top_doubt(after)) / min(usual.values())
    early, late = (pulses.recovered(_RECOVERED + one) for one in (doubt, -doubt))
    spread = (until if late is None else late) - (found if early is None else early)
    middle = 0.5 * (restored.begun + restored.ended)
    window = Window(start=middle, stop=max(found, middle), description=f"connection of {restored.detail} to recovery")
    budget = chronicle.time_budget(restored, found, spread / PROBABILITY)  # one pulse or the other: U reaches both
    return chronicle.outcome(name, Unit.SECOND, max(found - middle, 0.0), budget, window)


def _record(chronicle: Chronicle, part: Recording, *, last: bool = False) -> Record | None:
    """Return a stretch, segmented; of a long one its first or its last part; None where there is too little of it."""
    begin = max(len(part) - _BLOCK, 0) if last else 0
    waveform = part.part(begin, min(begin + _BLOCK, len(part)))
    return prepare(waveform, chronicle.known) if len(waveform) >= _LEAST_SAMPLES else None


def _usual_tops(record: Record) -> dict[int, float]:
    """Return the mean top of the phases of either direction, A."""
    phases = record.whole_phases
    signs, tops = record.phases.sign[phases], record.true_top[phases]
    return {int(sign): float(tops[signs == sign].mean()) for sign in np.unique(signs)}


def _top_doubt(record: Record) -> float:
    """Return U of one top against another one of the same path, A."""
    plateau = float(np.median(record.phases.plateau)) if len(record.phases) else 1.0
    return 2 * math.sqrt(2) * math.hypot(record.quantisation, record.noise / math.sqrt(max(plateau, 1.0)))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pulses:
    """The whole pulses after a short circuit.

    Attributes
    ----------
    starts : when each begins, s
    off : by how much the worst of its phases is off its usual top, of that
    followed : whether another one follows it in time
    waited : until when at least there was no recovery, should there be none, s
    """

    starts: Floats
    off: Floats
    followed: Flags
    waited: float

    @classmethod
    def of(cls, record: Record, usual: dict[int, float], *, until: float, silence: float) -> Self:
        tops = np.array([usual.get(int(sign), math.nan) for sign in record.phases.sign])
        off = np.nan_to_num(np.abs(record.true_top - tops) / tops, nan=math.inf)
        whole, pulses = record.whole_pulses, record.pulses
        starts = record.trace.times(record.pulse_begin[whole])
        followed = np.diff(starts, append=until) <= silence
        waited = float(starts[-1]) if len(starts) and followed[-1] else until
        worst = np.array([off[pulses.first[one] : pulses.stop[one]].max() for one in whole], dtype=np.float64)
        return cls(starts=starts, off=worst, followed=np.asarray(followed, dtype=np.bool_), waited=waited)

    def recovered(self, band: float) -> float | None:
        """Return when the first pulse begins from which on all come, and are within a band of their usual tops."""
        bad = np.flatnonzero(~(self.followed & (self.off <= band)))
        first = int(bad[-1]) + 1 if len(bad) else 0
        return float(self.starts[first]) if first < len(self.starts) else None
