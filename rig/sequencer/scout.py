"""What a scout has shown: the peaks that ranges must hold, and whether the case may go on at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.acquisition.quality import Fault, inspect
from rig.analysis.measure import measure
from rig.errors import BenchError
from rig.model.judgement import DecisionRule
from rig.model.limit import Interval, Limit
from rig.model.verdict import Verdict
from rig.units import Unit, format_quantity
from rig.verdict.judge import judge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.bench.bench_file import CurrentSignal, VoltageSignal
    from rig.model.judgement import Judgement
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus
    from rig.model.waveform import Waveform
    from rig.sequencer.examine import Corrected
    from rig.sequencer.ranges import Ranges
    from rig.sequencer.resolve import ResolvedCase

__all__ = ["Scouted", "read_scout"]

# Less than this part of what is expected was no pulse: then the scout has shown nothing, and ranges stay as expected.
_SEEN = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Scouted:
    """Peaks of either sign at the load, V and A; why the case must stop here, if so; and what was judged of it."""

    voltage: float
    current: float
    stop: str = ""
    judgements: tuple[Judgement, ...] = ()


def read_scout(scout: Corrected, stimulus: Stimulus, resolved: ResolvedCase) -> Scouted:
    """Read the peaks off a scout, and hold them against everything that must not be exceeded.

    A record that shows no peak, for whatever reason, leaves what was expected. ``stimulus`` is the scout's own.

    Raises
    ------
    BenchError
        if a front end was exposed to more than its absolute maximum
    """
    ranges, exposure = resolved.ranges, resolved.exposure
    current, clipped = _peak(scout, "current")
    if clipped:
        return Scouted(voltage=exposure.voltage_peak, current=exposure.reached, stop=_beyond_all_ranges(ranges))
    voltage, _ = _peak(scout, "voltage")
    if current is not None and current < _SEEN * exposure.reached:
        current = None
    if voltage is None and current is not None and not resolved.load.is_open:
        voltage = current * resolved.load.resistance
    _check_front_ends(ranges, voltage, current)
    judgements = tuple(_exceeded(scout, stimulus, resolved)) if current is not None else ()
    return Scouted(
        voltage=exposure.voltage_peak if voltage is None or voltage < _SEEN * exposure.voltage_peak else voltage,
        current=exposure.reached if current is None else current,
        stop=f"the case was stopped after its scout: {judgements[0].reason}" if judgements else "",
        judgements=judgements,
    )


def _peak(scout: Corrected, signal: str) -> tuple[float | None, bool]:
    """Return the largest magnitude of a signal, None where its record is unfit; and whether it clipped."""
    waveform = scout.capture.waveforms.get(signal)
    if waveform is None:
        return None, False
    unfit = [defect for defect in inspect(waveform, triggered=True, expected=None) if defect.forbids]
    if unfit:
        return None, any(defect.fault is Fault.CLIPPED for defect in unfit)
    return _magnitude(waveform, scout.paths[signal]), False


def _magnitude(waveform: Waveform, path: SignalPath) -> float:
    """Return the largest magnitude, without the level at rest where that may be the wide range's own offset."""
    values = waveform.values()
    rest = float(np.median(values))
    bound = np.sqrt(3.0) * (path.offset + path.offset_drift)
    return float(np.abs(values - (rest if abs(rest) <= bound else 0.0)).max())


def _beyond_all_ranges(ranges: Ranges) -> str:
    widest = format_quantity(ranges.widest_current, Unit.AMPERE, digits=3)
    return f"the scout clipped in the widest calibrated range of {ranges.current.instrument}, ±{widest}"


def _check_front_ends(ranges: Ranges, voltage: float | None, current: float | None) -> None:
    across = None if current is None else current * ranges.sense
    entries: tuple[VoltageSignal | CurrentSignal, ...] = (ranges.voltage, ranges.current)
    for entry, peak in zip(entries, (voltage, across), strict=True):
        instrument, bound = entry.instrument, entry.absolute_maximum
        if peak is not None and bound is not None and peak > bound:
            shown = " is above ".join(format_quantity(one, Unit.VOLT, digits=4) for one in (peak, bound))
            raise BenchError(f"{instrument}: the scout's peak of {shown}, the absolute maximum of its input")


def _exceeded(scout: Corrected, stimulus: Stimulus, resolved: ResolvedCase) -> Iterator[Judgement]:
    """Yield a FAIL for every ceiling of the plan that the scout exceeds by more than its uncertainty."""
    ceiling = resolved.case.ceiling
    bounds = (
        ("phase_peak", ceiling.current_peak, Unit.AMPERE),
        ("phase_charge", ceiling.charge_per_phase, Unit.COULOMB),
    )
    wanted = [name for name, bound, _ in bounds if bound is not None]
    if not wanted:
        return
    analysis = measure(
        scout.capture.waveforms["current"],
        path=scout.paths["current"],
        zero=None,
        expected=stimulus,
        load_resistance=None,
        electrode_area=None,
        capture=scout.capture.id,
        wanted=wanted,
    )
    for name, bound, unit in bounds:
        if bound is None:
            continue
        limit = Limit(
            measurand=name,
            interval=Interval(upper=bound),
            unit=unit,
            text=f"at most {format_quantity(bound, unit)}: the plan's ceiling",
            source=":".join(map(str, resolved.case.location)),
        )
        judgement = judge(analysis.outcomes[name], limit, DecisionRule.GUARDED)
        if judgement.verdict is Verdict.FAIL:
            yield judgement
