"""What ``rig analyze`` says of an imported record, as plain data."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.analysis.catalogue import CATALOGUE
from rig.analysis.display import two_state
from rig.analysis.measure import HELD_AT_ONCE, Analysis, Statistics, measure
from rig.analysis.progress import NOTHING_KEPT, Progress
from rig.errors import AnalysisError
from rig.model.measurement import Measurement, Outcome
from rig.model.recording import Recording
from rig.model.signal_path import SignalPath
from rig.model.verdict import Verdict
from rig.units import Unit

if TYPE_CHECKING:
    from rig.model.waveform import Waveform

__all__ = ["SCHEMA", "WANT_OF_ZERO", "assumed_path", "summarise"]

SCHEMA = "rig-analysis/1"
WANT_OF_ZERO = "for want of a zero capture, how much of this is the instrument's own offset cannot be told"

# What is allowed for an instrument of which nothing is known but its file: usual specifications, as half-widths.
_GAIN = 0.02
_OFFSET = 0.01
_DRIFT = 0.001
_RESISTOR = 0.01
_TIMEBASE = 25e-6
# Samples of a long record that are looked at in one go.
_PART = 1 << 22
# What a reader of the file multiplies with, whatever the distribution; the interval of 95 % stands beside it.
_K = 2.0
_REACH = "reach"


def _step(samples: np.ndarray[tuple[int, ...], np.dtype[Any]]) -> float:
    """Smallest difference between two distinct samples, in sample units."""
    distinct = np.unique(samples[:: max(1, len(samples) // 65536)]).astype(np.float64)
    steps = np.diff(distinct)
    return float(steps.min()) if len(steps) else 0.0


def assumed_path(
    voltage: Waveform | Recording, load_resistance: float, progress: Progress = NOTHING_KEPT
) -> SignalPath:
    """Return a signal path for a voltage across a known load, captured by an instrument of unknown calibration.

    Gain within 2 %, offset within 1 % and drift within 0.1 % of the record's range, resistor within 1 %, timebase
    within 25 ppm: usual specifications of an oscilloscope with a passive probe.
    """
    scale = 1 / load_resistance
    reach, step = _kept_reach_and_step(voltage, progress)
    third = math.sqrt(3)
    return SignalPath(
        signal="current",
        unit=Unit.AMPERE,
        scale=scale,
        gain=_GAIN / third,
        resistor=_RESISTOR / third,
        offset=_OFFSET * reach * scale / third,
        offset_drift=_DRIFT * reach * scale / third,
        noise=0.0,
        resolution=step * scale,
        timebase=_TIMEBASE / third,
        bandwidth=0.5 / _scale(voltage).interval,
    )


def _scale(voltage: Waveform | Recording) -> Waveform:
    return voltage.scale if isinstance(voltage, Recording) else voltage


def _kept_reach_and_step(voltage: Waveform | Recording, progress: Progress) -> tuple[float, float]:
    found = progress.recall(_REACH)
    if found is None:
        reach, step = _reach_and_step(voltage)
        found = {"reach": reach, "step": step}
        progress.keep(_REACH, found)
    return found["reach"], found["step"]


def _reach_and_step(voltage: Waveform | Recording) -> tuple[float, float]:
    """Largest magnitude of a record, and the smallest difference between two samples of its first part, V."""
    parts = voltage.parts(_PART) if isinstance(voltage, Recording) else (voltage,)
    reach, step = 0.0, None
    for part in parts:
        extremes = np.array([part.samples.min(), part.samples.max()], dtype=np.float64) if len(part) else np.zeros(0)
        reach = max(reach, float(np.abs(extremes * part.gain + part.offset).max(initial=0.0)))
        step = _step(part.samples) * abs(part.gain) if step is None else step
    return reach, step or 0.0


def _as_current(voltage: Waveform | Recording, path: SignalPath, load_resistance: float) -> Waveform | Recording:
    note = f"divided by {load_resistance:g} ohm"
    return voltage.rescaled(gain=path.scale, offset=path.offset_correction, unit=path.unit, note=note)


def summarise(
    voltage: Waveform | Recording,
    *,
    load_resistance: float,
    source: Mapping[str, object],
    zero: Waveform | Recording | None = None,
    path: SignalPath | None = None,
    defects: Collection[str] = (),
    pulses: bool = False,
    progress: Progress = NOTHING_KEPT,
) -> dict[str, Any]:
    """Measure an imported voltage record across a resistor and return the summary of schema ``rig-analysis/1``.

    Parameters
    ----------
    voltage : V across the load; of one longer than is held at once, no levels for display are given
    load_resistance : ohm
    source : what is known of the file (name, format, sha256); shown as it is, with the load added
    zero : V across the load with the output off, same instrument and range
    path : of the current; None for :func:`assumed_path`
    defects : sentences that forbid judging, from the quality gate
    pulses : whether to add one row per pulse
    progress : of a long record, as of :func:`rig.analysis.measure.measure`

    Raises
    ------
    AnalysisError
        if the load is not a resistor, or samples are missing or not numbers
    """
    if not (math.isfinite(load_resistance) and load_resistance > 0):
        message = f"a current cannot be told from the voltage across {load_resistance} ohm"
        raise AnalysisError(message)
    if _scale(voltage).unit is not Unit.VOLT or (zero is not None and _scale(zero).unit is not Unit.VOLT):
        message = "the record is not a voltage"
        raise AnalysisError(message)
    assumed = path is None
    path = assumed_path(voltage, load_resistance, progress) if path is None else path
    analysis = measure(
        _as_current(voltage, path, load_resistance),
        path=path,
        zero=None if zero is None else _as_current(zero, path, load_resistance),
        expected=None,
        load_resistance=load_resistance,
        electrode_area=None,
        capture=_scale(voltage).source,
        progress=progress,
    )
    summary: dict[str, Any] = {
        "schema": SCHEMA,
        "source": {
            **source,
            "load_resistance": load_resistance,
            "uncertainty_of_instrument": "assumed, not calibrated" if assumed else "calibrated",
        },
        "signal": _signal(voltage, analysis.statistics, path),
        "baseline": {
            "value": analysis.baseline.value,
            "unit": Unit.AMPERE.value,
            "uncertainty": 2 * analysis.baseline.standard_uncertainty,
            "from": analysis.baseline.source,
        },
        "defects": list(defects),
        "measurements": _measurements(analysis, defects),
        "pulses_found": {
            "whole": analysis.whole,
            "cut": analysis.cut,
        },
    }
    if pulses:
        summary["pulses"] = [
            asdict(row) | {"phases": [asdict(phase) for phase in row.phases]} for row in analysis.pulses
        ]
    return summary


def _signal(voltage: Waveform | Recording, current: Statistics, path: SignalPath) -> dict[str, Any]:
    if len(voltage) > HELD_AT_ONCE:
        return _signal_of(current, path)
    if isinstance(voltage, Recording):
        voltage = voltage.part(0, len(voltage))
    values = voltage.values()
    figures = {
        "unit": voltage.unit.value,
        "samples": len(values),
        "sample_rate": voltage.sample_rate,
        "duration": voltage.duration,
        "peak_to_peak": float(np.ptp(values)),
        "mean": float(values.mean()),
        "standard_deviation": float(values.std()),
        "minimum": float(values.min()),
        "maximum": float(values.max()),
    }
    return figures | {name: value for name, value in asdict(two_state(voltage)).items() if value is not None}


def _signal_of(current: Statistics, path: SignalPath) -> dict[str, Any]:
    """Return the voltage's figures from those of the current that it was taken for."""

    def volts(amperes: float) -> float:
        return (amperes - path.offset_correction) / path.scale

    return {
        "unit": Unit.VOLT.value,
        "samples": current.samples,
        "sample_rate": current.sample_rate,
        "duration": current.duration,
        "peak_to_peak": current.peak_to_peak / path.scale,
        "mean": volts(current.mean),
        "standard_deviation": current.standard_deviation / path.scale,
        "minimum": volts(current.minimum),
        "maximum": volts(current.maximum),
    }


def _measurements(analysis: Analysis, defects: Collection[str]) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for name, outcome in analysis.outcomes.items():
        entry = _entry(outcome)
        if defects:
            entry |= {"verdict": Verdict.INCONCLUSIVE.value, "reason": "; ".join(defects)}
        elif CATALOGUE[name].absolute and not analysis.baseline.is_zero_capture and isinstance(outcome, Measurement):
            entry |= {"verdict": Verdict.INCONCLUSIVE.value, "reason": WANT_OF_ZERO}
        entries[name] = entry
    return entries


def _entry(outcome: Outcome) -> dict[str, Any]:
    if not isinstance(outcome, Measurement):
        unit = CATALOGUE[outcome.measurand].unit.value
        return {"unit": unit, "n": 0, "reason": outcome.reason}
    return {
        "unit": outcome.unit.value,
        "n": outcome.n,
        "mean": outcome.value,
        "min": outcome.minimum,
        "max": outcome.maximum,
        "std": outcome.std,
        "uncertainty": _K * outcome.standard_uncertainty,
        "interval_95": outcome.expanded_uncertainty,
        "window": {
            "start": outcome.window.start,
            "stop": outcome.window.stop,
            "description": outcome.window.description,
        },
    }
