"""The measurands in time: what a device's current did after what was done to it. The only registry of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rig.analysis.aftereffect import power_up_output, reconnect_surge, short_circuit_recovery
from rig.analysis.chronicle import Chronicle
from rig.analysis.prepare import Known, refuse
from rig.analysis.reaction import comms_loss_time, latency, reset_stop_time, stop_time
from rig.model.measurement import NotMeasured, Outcome
from rig.model.recording import Recording
from rig.units import Unit

if TYPE_CHECKING:
    from rig.model.happening import Happening
    from rig.model.waveform import Waveform

__all__ = ["IN_TIME", "InTime", "measure_in_time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InTime:
    """One measurand in time: its definition in one line, its unit, and its function."""

    definition: str
    unit: Unit
    evaluate: Callable[[Chronicle], Outcome]


IN_TIME: Final[Mapping[str, InTime]] = MappingProxyType({
    "latency": InTime(definition="command to start → begin of the first current", unit=Unit.SECOND, evaluate=latency),
    "stop_time": InTime(
        definition="command to stop → end of the last current; 0 where that was a pulse before",
        unit=Unit.SECOND,
        evaluate=stop_time,
    ),
    "comms_loss_time": InTime(
        definition="last message before the line was cut → end of the last current",
        unit=Unit.SECOND,
        evaluate=comms_loss_time,
    ),
    "reset_stop_time": InTime(definition="reset → end of the last current", unit=Unit.SECOND, evaluate=reset_stop_time),
    "reconnect_surge": InTime(
        definition="largest |i| once a load is connected to the open output",
        unit=Unit.AMPERE,
        evaluate=reconnect_surge,
    ),
    "power_up_output": InTime(
        definition="largest |i| from power-up or reset until the start, noise taken off",
        unit=Unit.AMPERE,
        evaluate=power_up_output,
    ),
    "short_circuit_recovery": InTime(
        definition="end of a short circuit → first pulse from which on all tops are within 10 % of those before",
        unit=Unit.SECOND,
        evaluate=short_circuit_recovery,
    ),
})


def measure_in_time(
    signal: Waveform | Recording,
    known: Known,
    *,
    load: str,
    happenings: Collection[Happening],
    wanted: Collection[str] | None = None,
) -> Mapping[str, Outcome]:
    """Measure what a current did after what was done; a signal of any length, in bounded memory.

    Parameters
    ----------
    signal : in A, corrected; of a voltage nothing is measured, for that reason
    load : the one that was connected at first, by canonical name
    happenings : what was done, on the signal's time axis
    wanted : names of :data:`IN_TIME`; None for all

    Raises
    ------
    AnalysisError
        if units do not fit, samples are missing or not numbers
    """
    names = tuple(IN_TIME) if wanted is None else tuple(wanted)
    recording = signal if isinstance(signal, Recording) else Recording.of(signal)
    refuse(recording.scale, known.path, "signal", samples=len(recording))
    if recording.scale.unit is not Unit.AMPERE:
        return {name: NotMeasured(measurand=name, reason="it is taken from a current signal") for name in names}
    if not happenings:
        reason = "what was done to the device meanwhile is not known"
        return {name: NotMeasured(measurand=name, reason=reason) for name in names}
    ordered = tuple(sorted(happenings, key=lambda one: (one.begun, one.ended)))
    chronicle = Chronicle(signal=recording, known=known, load=load, happenings=ordered)
    return {name: IN_TIME[name].evaluate(chronicle) for name in names}
