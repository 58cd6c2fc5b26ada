"""From captures to outcomes: corrected, inspected, measured; what is not fit to judge is never measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rig.acquisition.correct import correct
from rig.acquisition.quality import Fault, inspect, inspect_recording
from rig.analysis.catalogue import CATALOGUE, Needs
from rig.analysis.idle import load_resistance, measure_idle
from rig.analysis.measure import measure
from rig.analysis.summary import WANT_OF_ZERO
from rig.errors import BenchError
from rig.evidence.record import OutputOffEntry
from rig.model.measurement import Measurement, NotMeasured, Window
from rig.model.recording import LongCapture, Recording, signals_of
from rig.model.verdict import Verdict
from rig.sequencer.agreement import Agreement, compare, compare_network
from rig.sequencer.choice import EITHER, from_oscilloscope
from rig.units import Unit, format_quantity, format_result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.acquisition.quality import Defect
    from rig.analysis.measure import Analysis
    from rig.model.load import Load
    from rig.model.measurement import Outcome
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus
    from rig.model.waveform import Capture, Waveform

__all__ = [
    "LOAD",
    "Corrected",
    "Findings",
    "examine",
    "inspected",
    "measure_load",
    "quiet",
    "refuse_current_through_nothing",
    "residual_current",
    "verify_load",
]

LOAD = "load_resistance"
_SIGNALS = ("voltage", "current")
_VOLTAGE = "peak_output_voltage"
# No device drives this part of its setting through an open circuit.
_THROUGH_NOTHING = 0.1
_NO_FIRST_PHASE = "the two instruments did not both show its first phase, with rest before it and above their noise"
_NO_RESISTOR = "a load with a capacitor has no one resistance; it is compared with its parts as the first phase flows"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corrected:
    """A capture read as current and voltage at the load, and the way each signal took."""

    capture: Capture
    paths: Mapping[str, SignalPath]

    @classmethod
    def of(cls, raw: Capture, paths: Mapping[str, SignalPath]) -> Corrected:
        """Correct every signal by its path; the samples stay as they were read, or where they are kept."""
        waveforms = {name: correct(waveform, paths[name]) for name, waveform in raw.waveforms.items()}
        corrected = replace(raw, waveforms=waveforms)
        if isinstance(corrected, LongCapture):
            recordings = {name: correct(recording, paths[name]) for name, recording in corrected.recordings.items()}
            corrected = replace(corrected, recordings=recordings)
        return cls(capture=corrected, paths=paths)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Findings:
    """What an examination gives: outcomes by measurand, what is wrong with the capture, and how instruments agree."""

    outcomes: Mapping[str, Outcome]
    defects: tuple[str, ...]
    agreements: tuple[Agreement, ...]
    clipped: frozenset[str]


def examine(
    signal: Corrected,
    zero: Corrected | None,
    *,
    stimulus: Stimulus,
    load: Load,
    electrode_area: float | None,
) -> Findings:
    """Measure everything that both instruments allow, and find what is wrong with the capture.

    Currents come from the digitizer, voltages from the oscilloscope; what either could give is measured in both, and
    taken from one of them. A signal with a defect that forbids judging gives no value at all: its measurands are not
    measured, for that reason.
    """
    resistance = None if load.is_open or load.reactive else load.resistance
    outcomes: dict[str, Outcome] = {}
    defects: list[str] = []
    unfit: dict[str, str] = {}
    analyses: dict[str, Analysis] = {}
    clipped: set[str] = set()
    for name, path in signal.paths.items():
        wanted = _wanted(name)
        one = signals_of(signal.capture).get(name)
        if one is None:
            unfit[name] = "; ".join(signal.capture.notes) or f"no {name} was captured"
            outcomes.update(_none(wanted, unfit[name]))
            continue
        found = inspected(one, stimulus)
        defects += [f"{name}: {defect.sentence}" for defect in found]
        clipped |= {name for defect in found if defect.fault is Fault.CLIPPED}
        forbidding = [defect.sentence for defect in found if defect.forbids]
        if forbidding:
            unfit[name] = "; ".join(forbidding)
            outcomes.update(_none(wanted, unfit[name]))
            continue
        analyses[name] = analysis = measure(
            one,
            path=path,
            zero=quiet(zero, name),
            expected=stimulus,
            load_resistance=resistance,
            electrode_area=electrode_area,
            capture=signal.capture.id,
            wanted=dict.fromkeys((*wanted, *EITHER)),
        )
        outcomes.update({measurand: analysis.outcomes[measurand] for measurand in wanted})
        if not analysis.baseline.is_zero_capture:
            absolute = tuple(measurand for measurand in wanted if CATALOGUE[measurand].absolute)
            outcomes.update(_none(absolute, WANT_OF_ZERO))
    outcomes[LOAD] = measure_load(analyses, signal.capture, unfit, load)
    agreements: tuple[Agreement, ...] = ()
    if len(analyses) == len(_SIGNALS):
        outcomes.update(from_oscilloscope(analyses["voltage"], analyses["current"], load))
        agreements = (
            compare_network(signals_of(signal.capture), signal.paths, analyses["current"], load)
            if load.reactive
            else compare(analyses["voltage"], analyses["current"], load)
        )
    return Findings(outcomes=outcomes, defects=tuple(defects), agreements=agreements, clipped=frozenset(clipped))


def inspected(signal: Waveform | Recording, stimulus: Stimulus | None) -> tuple[Defect, ...]:
    """Return everything that is wrong with a triggered signal."""
    if isinstance(signal, Recording):
        return inspect_recording(signal, triggered=True, expected=stimulus)
    return inspect(signal, triggered=True, expected=stimulus)


def _wanted(signal: str) -> tuple[str, ...]:
    """Return the measurands that are taken from a signal; what either could give, at first from the current."""
    own = Needs.VOLTAGE if signal == "voltage" else Needs.CURRENT
    also = {own} if signal == "voltage" else {own, Needs.EITHER}
    return tuple(name for name, entry in CATALOGUE.items() if entry.signal in also)


def _none(names: tuple[str, ...], reason: str) -> dict[str, Outcome]:
    return {name: NotMeasured(measurand=name, reason=reason) for name in names}


def quiet(zero: Corrected | None, name: str) -> Waveform | None:
    """Return a signal's zero; one that is itself unfit is as good as none."""
    waveform = zero.capture.waveforms.get(name) if zero is not None else None
    if waveform is None or any(defect.forbids for defect in inspect(waveform, triggered=True, expected=None)):
        return None
    return waveform


def measure_load(analyses: Mapping[str, Analysis], capture: Capture, unfit: Mapping[str, str], load: Load) -> Outcome:
    """Measure the load while it is driven: voltage over current, both at the top of the phases."""
    if load.reactive:
        return NotMeasured(measurand=LOAD, reason=_NO_RESISTOR)
    tops = {name: analysis.outcomes["phase_top"] for name, analysis in analyses.items()}
    voltage, current = tops.get("voltage"), tops.get("current")
    if not isinstance(voltage, Measurement) or not isinstance(current, Measurement):
        without = [one.reason for one in (voltage, current) if isinstance(one, NotMeasured)]
        reason = "; ".join((*unfit.values(), *without)) or "it takes pulses in both current and voltage"
        return NotMeasured(measurand=LOAD, reason=reason)
    value, u = load_resistance(voltage, current)
    stretch = voltage.window
    return Measurement(
        measurand=LOAD,
        value=value,
        unit=Unit.OHM,
        minimum=value,
        maximum=value,
        standard_uncertainty=u,
        single_uncertainty=u,
        window=Window(start=stretch.start, stop=stretch.stop, description="the oscilloscope's record"),
        origin=(capture.id, "voltage and current", LOAD),
    )


def verify_load(findings: Findings, load: Load, stimulus: Stimulus, *, throughout: bool = True) -> str:
    """Say why the load could not be verified, or nothing where it was: the relay's word is no proof.

    ``throughout`` says that no event connects another load: then a current without a load excludes it.

    Raises
    ------
    BenchError
        if what was seen excludes the load: oscilloscope and digitizer exclude each other, there is a current without a
        load, or a voltage without a current. Then the load, a lead, a probe or a calibration is wrong.
    """
    wrong = [str(one) for one in findings.agreements if one.e_n > 1]
    if wrong:
        raise BenchError(
            "oscilloscope and digitizer disagree; check relays, leads, probe and calibrations: " + "; ".join(wrong)
        )
    if load.is_open:
        if throughout:
            refuse_current_through_nothing(findings, stimulus)
        return ""
    if findings.agreements:
        return ""
    _refuse_voltage_over_nothing(findings, load, stimulus)
    measured, voltage = findings.outcomes[LOAD], findings.outcomes[_VOLTAGE]
    reason = measured.reason if isinstance(measured, NotMeasured) else "the two instruments saw no pulse in common"
    if load.reactive:
        reason = voltage.reason if isinstance(voltage, NotMeasured) else _NO_FIRST_PHASE
    return f"the load was not verified to be {load.name}: {reason}"


def refuse_current_through_nothing(findings: Findings, stimulus: Stimulus) -> None:
    """Raise BenchError if a current flowed although nothing should have been connected."""
    top = findings.outcomes["phase_top"]
    if isinstance(top, Measurement) and top.value > _THROUGH_NOTHING * stimulus.amplitude:
        raise BenchError(
            f"current flowed while nothing should have been connected; check relays and leads: {top.value:.3g} A"
        )


def _refuse_voltage_over_nothing(findings: Findings, load: Load, stimulus: Stimulus) -> None:
    """Raise BenchError if there was a voltage that would drive a current through the load, and no current at all."""
    unfit = any(one.startswith("current: ") for one in findings.defects)
    if isinstance(findings.outcomes["phase_top"], Measurement) or unfit:
        return
    peak = findings.outcomes[_VOLTAGE]
    enough = isinstance(peak, Measurement) and peak.value > _THROUGH_NOTHING * stimulus.amplitude * load.resistance
    if enough or "voltage" in findings.clipped:
        shown = f": {peak.value:.3g} V" if isinstance(peak, Measurement) else ""
        raise BenchError(
            f"there was a voltage and no current while {load.name} should have been connected; check relays and "
            f"leads{shown}"
        )


def residual_current(idle: Corrected, zero: Corrected | None) -> OutputOffEntry:
    """Say whether a capture with nothing asked of the device shows any current at all.

    Raises
    ------
    AnalysisError
        if the capture holds nothing that could show it
    """
    waveform = idle.capture.waveforms["current"]
    unfit = [defect.sentence for defect in inspect(waveform, triggered=True, expected=None) if defect.forbids]
    if unfit:
        return OutputOffEntry(verdict=Verdict.INCONCLUSIVE, reason=f"the output cannot be told to be off: {unfit[0]}")
    result = measure_idle(waveform, idle.paths["current"], quiet(zero, "current"), capture=idle.capture.id)
    shown = format_result(result.residual, result.expanded_uncertainty, Unit.AMPERE)
    bound = format_quantity(result.threshold, Unit.AMPERE, digits=3)
    still = f"{shown} still flows after the stimulation was stopped; noise alone explains at most {bound}"
    return OutputOffEntry(
        verdict=Verdict.PASS if result.off else Verdict.FAIL,
        residual=result.residual,
        expanded_uncertainty=result.expanded_uncertainty,
        threshold=result.threshold,
        reason=f"largest current after the stimulation {shown}" if result.off else still,
    )
