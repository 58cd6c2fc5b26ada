"""What a capture with events shows: the whole of it, what each load's stretch shows, and what happened in time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.catalogue import CATALOGUE, Needs
from rig.analysis.in_time import IN_TIME, measure_in_time
from rig.analysis.prepare import Known
from rig.analysis.stretches import cut, load_stretches
from rig.errors import BenchError
from rig.model.happening import Action
from rig.model.measurement import NotMeasured
from rig.model.waveform import Waveform
from rig.sequencer.examine import LOAD, Corrected, Findings, examine, inspected, quiet
from rig.sequencer.stretch_load import unverified_load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rig.analysis.stretches import Stretch
    from rig.model.happening import Happening
    from rig.model.limit import Limit
    from rig.model.load import Load
    from rig.model.measurement import Outcome
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus
    from rig.plan.case import Case

__all__ = ["Happened", "examine_events", "is_held"]

# The oscilloscope's time counts from its trigger: that far from there its stretches may begin too soon, s.
_SLACK = 0.005
# A stretch of fewer pulses than this is one of switching, not one that a check can mean.
_FEW_PERIODS = 2.0
_LEAVES_BE = frozenset({Action.START, Action.MESSAGE, Action.LOAD, Action.READING})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Happened:
    """Findings of the whole, and by load and measurand the outcomes of every stretch while that load was connected.

    ``doubt`` is why a load that an event connected is not known to have been there; empty if it is.
    """

    findings: Findings
    during: Mapping[tuple[str, str], Sequence[Outcome]]
    doubt: str = ""


def is_held(case: Case, limits: Iterable[Limit]) -> bool:
    """Whether a case's current must be held in memory as a whole: something happens in it, or is asked in time."""
    return bool(case.events) or any(limit.measurand in IN_TIME for limit in limits)


def examine_events(
    signal: Corrected,
    zero: Corrected | None,
    *,
    stimulus: Stimulus,
    load: Load,
    loads: Mapping[str, Load],
    paths: Callable[[str], Mapping[str, SignalPath]],
    electrode_area: float | None,
) -> Happened:
    """Measure a capture during which something happened.

    Where the load changed, the whole is measured from each signal alone, for a voltage then stands for no current; and
    whether each load was what it should be is seen in its own stretches.

    Parameters
    ----------
    load : the one connected at first
    loads : of the bench, by name
    paths : the way of both signals with a load of that name connected

    Raises
    ------
    BenchError
        if what was seen excludes that a load was connected when it should have been, or none was for long enough
    """
    asked = partial(examine, stimulus=stimulus, electrode_area=electrode_area)
    during: dict[tuple[str, str], list[Outcome]] = {}
    doubt = ""
    if any(one.action is Action.LOAD for one in signal.capture.happenings):
        stretches = list(_stretches(signal, load, stimulus))
        if not stretches:
            raise BenchError(f"{signal.capture.id}: no load was connected for as long as {_FEW_PERIODS:g} periods")
        trigger = None if load.is_open else _first_current(signal.capture.waveforms["current"], stimulus)
        parts = {one: _cut(signal, one, paths, trigger) for one in stretches}
        found = {one: asked(part, zero, load=loads[one.load]) for one, part in parts.items()}
        delivered = _delivered_until(signal.capture.happenings)
        for one, findings in found.items():
            voltage = parts[one].capture.waveforms.get("voltage")
            if min(one.end, delivered) - one.begin >= _FEW_PERIODS * stimulus.period:
                doubt = doubt or unverified_load(findings, loads[one.load], stimulus, voltage)
            for name, outcome in findings.outcomes.items():
                during.setdefault((one.load, name), []).append(outcome)
        whole = _whole(signal, found[stretches[0]], lambda one: asked(one, zero, load=load))
    else:
        whole = asked(signal, zero, load=load)
    told = Known(
        path=signal.paths["current"],
        zero=quiet(zero, "current"),
        expected=stimulus,
        load_resistance=None,
        electrode_area=electrode_area,
        capture=signal.capture.id,
    )
    in_time = _in_time(signal, told, load, whole)
    return Happened(findings=replace(whole, outcomes={**whole.outcomes, **in_time}), during=during, doubt=doubt)


def _delivered_until(happenings: Iterable[Happening]) -> float:
    """Return until when nothing but the loads was touched, s: after that a device may well deliver nothing."""
    touched = (one.begun for one in happenings if one.action not in _LEAVES_BE)
    return min(touched, default=math.inf)


def _in_time(signal: Corrected, known: Known, load: Load, whole: Findings) -> Mapping[str, Outcome]:
    """Measure what happened in time, of a current that is fit for it."""
    current, happenings = signal.capture.waveforms["current"], signal.capture.happenings
    unfit = [defect.sentence for defect in inspected(current, known.expected) if defect.forbids]
    if unfit or "current" in whole.clipped:
        reason = "; ".join(unfit) or "the current clipped"
        return {name: NotMeasured(measurand=name, reason=reason) for name in IN_TIME}
    return measure_in_time(current, known, load=load.name, happenings=happenings)


def _stretches(signal: Corrected, load: Load, stimulus: Stimulus) -> Iterator[Stretch]:
    current = signal.capture.waveforms["current"]
    end = current.start + len(current) * current.interval
    for one in load_stretches(load.name, signal.capture.happenings, begin=current.start, end=end):
        if one.end - one.begin >= _FEW_PERIODS * stimulus.period:
            yield one


def _cut(
    signal: Corrected, stretch: Stretch, paths: Callable[[str], Mapping[str, SignalPath]], trigger: float | None
) -> Corrected:
    """Return a stretch of both signals, read as they are with the load of that stretch.

    Where it is not known when the oscilloscope was triggered, ``trigger`` in s, no voltage belongs to any stretch.
    """
    capture = signal.capture
    waveforms = {"current": cut(capture.waveforms["current"], stretch.begin, stretch.end)}
    voltage = capture.waveforms.get("voltage")
    if voltage is not None and trigger is not None:
        part = cut(voltage, stretch.begin - trigger + _SLACK, stretch.end - trigger - _SLACK)
        if len(part):
            waveforms["voltage"] = part
    own = paths(stretch.load)
    return Corrected(capture=replace(capture, waveforms=waveforms), paths={name: own[name] for name in signal.paths})


def _first_current(current: Waveform, stimulus: Stimulus) -> float:
    """Return when the first pulse begins, which is what the oscilloscope was triggered by, s on the capture's axis.

    It need not reach half of the largest: what follows an event may be larger by far.
    """
    values = np.abs(current.values() - float(np.median(current.samples)) * current.gain - current.offset)
    return float(
        current.start + int((values > min(float(values.max()), stimulus.amplitude) / 2).argmax()) * current.interval
    )


def _whole(signal: Corrected, first: Findings, examined: Callable[[Corrected], Findings]) -> Findings:
    """Measure each signal of the whole capture alone; the load was seen in the first stretch."""
    findings = {name: examined(_alone(signal, name)) for name in ("current", "voltage")}
    outcomes = {
        measurand: findings["voltage" if entry.signal is Needs.VOLTAGE else "current"].outcomes[measurand]
        for measurand, entry in CATALOGUE.items()
    }
    return Findings(
        outcomes={**outcomes, LOAD: first.outcomes[LOAD]},
        defects=tuple(defect for one in findings.values() for defect in one.defects),
        agreements=first.agreements,
        clipped=findings["current"].clipped | first.clipped,
    )


def _alone(signal: Corrected, name: str) -> Corrected:
    """Return one signal of a capture without the other."""
    held = {key: one for key, one in signal.capture.waveforms.items() if key == name}
    return Corrected(capture=replace(signal.capture, waveforms=held), paths={name: signal.paths[name]})
