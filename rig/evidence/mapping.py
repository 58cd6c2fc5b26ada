"""The model's nouns as entries of the record; infinity, which JSON does not know, becomes None."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING

from rig.evidence.about import SettingEntry
from rig.evidence.record import (
    CalibrationEntry,
    CaptureEntry,
    FileEntry,
    HappeningEntry,
    IdentityEntry,
    JudgementEntry,
    LimitEntry,
    LoadEntry,
    MeasurementEntry,
    StimulusEntry,
    WaveformEntry,
)
from rig.model.judgement import Judgement
from rig.model.limit import Interval, Limit
from rig.model.measurement import NotMeasured
from rig.model.recording import Recording, signals_of
from rig.model.setup import Coupling, ScopeSetup
from rig.model.stimulus import Polarity, Shape, Stimulus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from rig.model.identity import Calibration, Identity
    from rig.model.load import Load
    from rig.model.measurement import Outcome
    from rig.model.setup import DigitizerSetup
    from rig.model.signal_path import SignalPath
    from rig.model.waveform import Capture, Waveform

__all__ = [
    "calibration_entry",
    "capture_entry",
    "identity_entry",
    "judgement_entry",
    "judgement_of",
    "limit_entry",
    "limit_of",
    "load_entry",
    "measurement_entry",
    "setting_entry",
    "stimulus_entry",
    "stimulus_of",
]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def identity_entry(identity: Identity) -> IdentityEntry:
    """Record who an instrument said it is."""
    return IdentityEntry(
        manufacturer=identity.manufacturer, model=identity.model, serial=identity.serial, firmware=identity.firmware
    )


def calibration_entry(calibration: Calibration, today: date) -> CalibrationEntry:
    """Record a calibration as it stands on that day."""
    return CalibrationEntry(
        certificate=calibration.certificate,
        laboratory=calibration.laboratory,
        performed=calibration.performed,
        due=calibration.due,
        expired=calibration.expired(today),
    )


def load_entry(load: Load, calibration: CalibrationEntry | None = None) -> LoadEntry:
    """Record a load position; an open circuit has neither resistance nor uncertainty."""
    return LoadEntry(
        name=load.name,
        nominal=_finite(load.nominal),
        resistance=_finite(load.resistance),
        uncertainty=0.0 if load.is_open else load.uncertainty,
        power_rating=_finite(load.power_rating),
        calibration=calibration,
    )


def stimulus_entry(stimulus: Stimulus) -> StimulusEntry:
    """Record a stimulus."""
    return StimulusEntry(
        channel=stimulus.channel,
        shape=stimulus.shape.value,
        amplitude=stimulus.amplitude,
        phase_duration=stimulus.phase_duration,
        interphase=stimulus.interphase,
        rate=stimulus.rate,
        train=stimulus.train,
        polarity=stimulus.polarity.value,
    )


def stimulus_of(entry: StimulusEntry) -> Stimulus:
    """Return a stimulus that is on record."""
    told = entry.model_dump()
    return Stimulus(**{**told, "shape": Shape(told["shape"]), "polarity": Polarity(told["polarity"])})


def capture_entry(
    capture: Capture,
    source: FileEntry,
    defects: tuple[str, ...] = (),
    paths: Mapping[str, SignalPath] | None = None,
    pieces: tuple[FileEntry, ...] = (),
    settings: Mapping[str, SettingEntry] | None = None,
) -> CaptureEntry:
    """Record a capture, as corrected, whose raw samples are kept in ``source``; or in ``pieces``, which it lists."""
    waveforms = tuple(
        WaveformEntry(
            signal=signal,
            source=waveform.source,
            samples=length,
            sample_rate=waveform.sample_rate,
            unit=waveform.unit,
            gain=waveform.gain,
            offset=waveform.offset,
            start=waveform.start,
            path=(paths or {}).get(signal),
            setting=(settings or {}).get(signal),
        )
        for signal, (waveform, length) in sorted(_scales(capture).items())
    )
    return CaptureEntry(
        id=capture.id,
        purpose=capture.purpose.value,
        source=source,
        pieces=pieces,
        triggered=capture.triggered,
        waveforms=waveforms,
        defects=defects,
        happenings=tuple(HappeningEntry(**asdict(one)) for one in capture.happenings),
    )


def setting_entry(setup: ScopeSetup | DigitizerSetup, path: SignalPath) -> SettingEntry | None:
    """Record how the one input that reads a signal was set; None where several did."""
    if len(setup.channels) != 1:
        return None
    if not isinstance(setup, ScopeSetup):
        (half_range,) = setup.channels.values()
        return SettingEntry(full_scale=2 * half_range, coupling=Coupling.DC, bandwidth=path.bandwidth)
    (channel,) = setup.channels.values()
    return SettingEntry(
        full_scale=channel.full_scale,
        probe=channel.probe,
        offset=channel.offset,
        coupling=channel.coupling,
        bandwidth=path.bandwidth,
        bandwidth_limited=channel.bandwidth_limit,
        reduction=setup.reduction.value,
    )


def _scales(capture: Capture) -> dict[str, tuple[Waveform, int]]:
    """Return what the samples of each signal mean, and how many there are."""
    return {
        name: (signal.scale if isinstance(signal, Recording) else signal, len(signal))
        for name, signal in signals_of(capture).items()
    }


def measurement_entry(outcome: Outcome, *, during: str = "") -> MeasurementEntry:
    """Record a measurement, or why there is none; ``during`` is the load of the stretch that it is of."""
    if isinstance(outcome, NotMeasured):
        return MeasurementEntry(measurand=outcome.measurand, during=during, reason=outcome.reason)
    return MeasurementEntry(
        measurand=outcome.measurand,
        during=during,
        unit=outcome.unit,
        value=outcome.value,
        n=outcome.n,
        minimum=outcome.minimum,
        maximum=outcome.maximum,
        std=outcome.std,
        expanded_uncertainty=outcome.expanded_uncertainty,
        expanded_single=outcome.expanded_single,
        coverage_factor=outcome.coverage_factor,
        components=outcome.components,
        window=(outcome.window.start, outcome.window.stop, outcome.window.description),
        origin=outcome.origin,
    )


def limit_entry(limit: Limit) -> LimitEntry:
    """Record a limit; a side without a bound is None."""
    interval = limit.interval
    return LimitEntry(
        measurand=limit.measurand,
        during=limit.during,
        lower=_finite(interval.lower),
        upper=_finite(interval.upper),
        lower_closed=interval.lower_closed,
        upper_closed=interval.upper_closed,
        unit=limit.unit,
        text=limit.text,
        source=limit.source,
        clause=limit.clause,
        edition=limit.edition,
        confidence=limit.confidence,
        statistic=limit.statistic,
        waiver=limit.waiver,
        traces=limit.traces,
    )


def judgement_entry(judgement: Judgement) -> JudgementEntry:
    """Record a judgement with its limit."""
    return JudgementEntry(
        limit=limit_entry(judgement.limit),
        rule=judgement.rule,
        verdict=judgement.verdict,
        reason=judgement.reason,
        value=judgement.value,
        expanded_uncertainty=judgement.expanded_uncertainty,
        margin=_finite(judgement.margin),
        probability_conforming=judgement.probability_conforming,
        capture=judgement.capture,
    )


def limit_of(entry: LimitEntry) -> Limit:
    """Return a limit that is on record."""
    return Limit(
        measurand=entry.measurand,
        interval=Interval(
            lower=-math.inf if entry.lower is None else entry.lower,
            upper=math.inf if entry.upper is None else entry.upper,
            lower_closed=entry.lower_closed,
            upper_closed=entry.upper_closed,
        ),
        **{
            name: getattr(entry, name)
            for name in (
                *("unit", "text", "source", "clause", "edition", "confidence", "statistic"),
                *("waiver", "during", "traces"),
            )
        },
    )


def judgement_of(entry: JudgementEntry) -> Judgement:
    """Return a judgement that is on record."""
    return Judgement(
        limit=limit_of(entry.limit),
        rule=entry.rule,
        verdict=entry.verdict,
        reason=entry.reason,
        value=entry.value,
        expanded_uncertainty=entry.expanded_uncertainty,
        margin=entry.margin,
        probability_conforming=entry.probability_conforming,
        capture=entry.capture,
    )
