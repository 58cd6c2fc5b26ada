"""The front of the analysis: from one signal to every measurand that is wanted."""

from __future__ import annotations

import difflib
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from rig.analysis.analysed import HELD_AT_ONCE, Analysis, PhaseRow, PulseRow, Statistics, analyse
from rig.analysis.catalogue import CATALOGUE
from rig.analysis.in_time import IN_TIME, measure_in_time
from rig.analysis.prepare import Known, prepare
from rig.analysis.progress import NOTHING_KEPT, Progress
from rig.errors import AnalysisError
from rig.model.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Collection

    from rig.model.happening import Happening
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus
    from rig.model.waveform import Waveform

__all__ = ["HELD_AT_ONCE", "Analysis", "PhaseRow", "PulseRow", "Statistics", "analyse", "measure"]

# Samples of a stored zero capture that are read: more say no more of its mean, for the offset's drift remains.
_MOST_OF_ZERO = 4_000_000


def measure(
    signal: Waveform | Recording,
    *,
    path: SignalPath,
    zero: Waveform | Recording | None,
    expected: Stimulus | None,
    load_resistance: float | None,
    electrode_area: float | None,
    capture: str,
    wanted: Collection[str] | None = None,
    load: str = "",
    happenings: Collection[Happening] = (),
    progress: Progress = NOTHING_KEPT,
) -> Analysis:
    """Measure one signal; one of more codes than :data:`HELD_AT_ONCE` in streaming passes, in bounded memory.

    Parameters
    ----------
    signal : in A or V at the load, corrected
    path : how it reached the samples, with its standard uncertainties
    zero : the same signal with the output off, or None
    expected : what the device was set to, or None
    load_resistance : ohm, or None (also for an open circuit)
    electrode_area : of the smallest electrode, m², or None
    capture : identity of the capture, for the results' origin
    wanted : names of the catalogue, and of the measurands in time; None for all, in time where ``happenings`` are given
    load : the load connected at first, by canonical name; for measurands in time
    happenings : what was done while the signal was captured, on its time axis
    progress : keeps what is found in a long recording, step by step; recalls what is of this one and these settings

    Returns
    -------
    Analysis
        with an outcome for every wanted name: a measurement, or the reason why there is none

    Raises
    ------
    AnalysisError
        if a name is not in the catalogues, units do not fit, or samples are missing or not numbers
    """
    names = (*CATALOGUE, *(IN_TIME if happenings else ())) if wanted is None else tuple(wanted)
    _refuse_unknown(names)
    known = Known(
        path=path,
        zero=None if zero is None else _of_zero(zero),
        expected=expected,
        load_resistance=load_resistance,
        electrode_area=electrode_area,
        capture=capture,
    )
    analysis = _measured(signal, known, tuple(name for name in names if name in CATALOGUE), progress)
    in_time = tuple(name for name in names if name in IN_TIME)
    if not in_time:
        return analysis
    found = measure_in_time(signal, known, load=load, happenings=happenings, wanted=in_time)
    return replace(analysis, outcomes=MappingProxyType({**analysis.outcomes, **found}))


def _measured(signal: Waveform | Recording, known: Known, names: Collection[str], progress: Progress) -> Analysis:
    recording = _long(signal)
    if recording is None:
        return analyse(prepare(_held(signal), known), names)
    from rig.analysis.stream.measured import measure_recording  # noqa: PLC0415 - it loads a compiler

    return measure_recording(recording, known, names, progress)


def _long(signal: Waveform | Recording) -> Recording | None:
    """Return a signal that is too long to be held at once, where its codes can be streamed."""
    if len(signal) <= HELD_AT_ONCE:
        return None
    if isinstance(signal, Recording):
        return signal
    recording = Recording.of(signal)
    return recording if recording.is_coded else None


def _held(signal: Waveform | Recording) -> Waveform:
    return signal.part(0, len(signal)) if isinstance(signal, Recording) else signal


def _of_zero(signal: Waveform | Recording) -> Waveform:
    """Return a signal with its samples; of a zero capture longer than needed, the first part."""
    return signal.part(0, _MOST_OF_ZERO) if isinstance(signal, Recording) else signal


def _refuse_unknown(names: Collection[str]) -> None:
    for name in names:
        if name not in CATALOGUE and name not in IN_TIME:
            near = difflib.get_close_matches(name, (*CATALOGUE, *IN_TIME), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            message = f"{name!r} is not a measurand of the catalogue{hint}"
            raise AnalysisError(message)
