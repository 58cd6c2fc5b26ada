"""The fields that the FDA asks for per output mode, each as rows: section 3 of 1999, and what was asked for later.

Numbers are those of section 3 of the guidance for powered muscle stimulators (9 June 1999); what comes after them is
from 21 CFR 882.5891(b)(3) and from appendix A of the guidance on implanted BCI devices (2021).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.report import wording
from rig.report.declared import AMPLITUDE, PHASE, Declared, rating
from rig.report.output_modes import ANY_LOAD, OPEN, worst
from rig.report.output_rows import NOT_MEASURED, Row, measured, ranged, stated
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rig.evidence.record import DeviceEntry
    from rig.report.output_modes import Found, Mode, Placed

__all__ = ["LOADS", "STANDARD_LOAD", "later_fields", "section_three"]

STANDARD_LOAD = 500.0
LOADS = (STANDARD_LOAD, 2000.0, 10_000.0)
_CFR, _BCI = "882.5891", "BCI A"
_REACHED = 0.95  # below this part of what is set an output has not reached its setting
_AT_LIMIT = 0.9  # from this part of the rated voltage on, it is the voltage that ends it


def section_three(mode: Mode, device: DeviceEntry | None) -> Iterator[Row]:
    """Yield the rows of fields 1 to 16."""
    told = device.basic_unit if device else {}
    declared = Declared.of(mode, device)
    yield Row(number="1", name="Waveform", value=_waveform(mode), note="traces below")
    yield from _shape(mode)
    for ohms in LOADS:
        remark = declared.remark(ohms, AMPLITUDE)
        yield measured(mode, "3", "Maximum output voltage", "peak_output_voltage", ohms, relative=True, remark=remark)
    for ohms in LOADS:
        remark = _current(declared, ohms)
        yield measured(mode, "4", "Maximum output current", "phase_peak", ohms, relative=True, remark=remark)
    yield from ranged(mode, "5", "Pulse width", "pulse_width")
    yield from ranged(mode, "6", "Frequency", "pulse_rate", declared=declared.most("rate"))
    yield measured(mode, "7", "Beat frequency, of interferential modes", "beat_frequency", ANY_LOAD)
    yield from _phases(mode, declared)
    yield measured(mode, "9", "Net charge per pulse", "net_charge", STANDARD_LOAD)
    yield _balanced(mode, "9", "Net charge per pulse", told, at="how it is brought to zero")
    reached, phase = declared.remark(STANDARD_LOAD), declared.remark(STANDARD_LOAD, PHASE)
    yield measured(mode, "10", "Maximum phase charge", "max_phase_charge", STANDARD_LOAD, remark=phase)
    yield measured(mode, "11", "Maximum current density, rms", "current_density_rms", STANDARD_LOAD, remark=reached)
    yield measured(mode, "12", "Maximum power density", "power_density", STANDARD_LOAD, remark=_recommended(reached))
    bursts = (
        ("a", "pulses per burst", "pulses_per_burst"),
        ("b", "bursts per second", "burst_rate"),
        ("c", "burst duration", "burst_duration"),
        ("d", "duty cycle, b × c", "duty_cycle"),
    )
    for letter, at, name in bursts:
        yield measured(mode, f"13 {letter}", "Burst", name, ANY_LOAD, at=at)
    yield measured(mode, "14", "ON time", "on_time", ANY_LOAD)
    yield measured(mode, "15", "OFF time", "off_time", ANY_LOAD)
    yield stated("16", "Additional features", told.get("additional_features", ""))


def later_fields(mode: Mode, device: DeviceEntry | None) -> Iterator[Row]:
    """Yield the rows of what the regulation of 21 CFR and the guidance of 2021 ask for besides."""
    told = device.basic_unit if device else {}
    declared = Declared.of(mode, device)
    reached, phase = declared.remark(STANDARD_LOAD), declared.remark(STANDARD_LOAD, PHASE)
    yield measured(mode, _CFR, "Maximum average current", "average_current", STANDARD_LOAD, remark=reached)
    yield stated(_CFR, "Type of impedance monitoring", told.get("impedance_monitoring", ""))
    yield measured(
        mode, _BCI, "Compliance voltage", "peak_output_voltage", OPEN, remark=declared.remark(OPEN, AMPLITUDE)
    )
    yield stated(_BCI, "Compliance voltage", wording.prose(told.get("compliance_voltage", "")), at="as stated")
    yield _balanced(mode, _BCI, "Method of balancing charge", told)
    yield measured(mode, _BCI, "Charge left by balancing", "charge_imbalance", STANDARD_LOAD)
    yield stated(_BCI, "Balancing is always completed", told.get("balancing_completed", ""))
    yield measured(mode, _BCI, "Leakage current", "idle_current", STANDARD_LOAD)
    yield measured(
        mode, _BCI, "Net direct current at the highest pulse rate", "dc_component", STANDARD_LOAD, of=_fastest(mode)
    )
    name = "phase_charge_density"
    yield measured(mode, _BCI, "Maximum charge density per phase", name, STANDARD_LOAD, remark=phase)
    reason = "the rig measures the energy of a pulse and the power over 1 s, not the power of a phase"
    for name in ("Maximum phase power", "Maximum phase power density"):
        yield Row(number=_BCI, name=name, value=NOT_MEASURED, missing=True, note=reason)
    yield stated(_BCI, "Delivery mode", told.get("delivery_mode", ""))
    yield stated(_BCI, "Current path", told.get("current_path", ""))


def _waveform(mode: Mode) -> str:
    return f"{wording.words(mode.shape)} pulses"


def _shape(mode: Mode) -> Iterator[Row]:
    yield Row(number="2", name="Shape", at="as set", value="rectangular phases", note="what the stimulus asks for")
    for at, name in (("rise time", "rise_time"), ("droop", "droop"), ("overshoot", "overshoot")):
        yield measured(
            mode, "2", "Shape", name, STANDARD_LOAD, at=f"{at} into {wording.quantity(STANDARD_LOAD, Unit.OHM)}"
        )


def _current(declared: Declared, ohms: float) -> Callable[[Found], str]:
    """Return what says at which setting a current was found, and why it is not what was set."""
    at_setting, limited = declared.remark(ohms, AMPLITUDE), _limited(declared.ratings)

    def remark(found: Found) -> str:
        at = at_setting(found) or f"set to {wording.quantity(found.placed.case.stimulus.amplitude, Unit.AMPERE)}"
        why = limited(found)
        return f"{at}; {why}" if why else at_setting(found)

    return remark


def _recommended(reached: Callable[[Found], str]) -> Callable[[Found], str]:
    """Return what says beside a power density what the guidance recommends."""
    recommended = "the guidance recommends less than 0.25\u202fW/cm²"
    return lambda found: "; ".join(filter(None, (reached(found), recommended)))


def _limited(ratings: Mapping[str, str]) -> Callable[[Found], str]:
    """Return what says that an output does not reach its setting, and where its voltage is why."""

    def remark(found: Found) -> str:
        stimulus, load = found.placed.case.stimulus, found.placed.case.load
        if found.value + (found.uncertainty or 0.0) >= _REACHED * stimulus.amplitude:
            return ""
        told = "this load does not get what is set"
        rated = rating(ratings, "voltage", Unit.VOLT)
        seen = [
            one for one in found.placed.case.measurements if one.measurand == "peak_output_voltage" and not one.during
        ]
        if load is not None and rated and seen and (seen[0].value or 0.0) >= _AT_LIMIT * rated:
            told += f": the output is at its voltage, rated {wording.quantity(rated, Unit.VOLT)}"
        return told

    return remark


def _phases(mode: Mode, declared: Declared) -> Iterator[Row]:
    """Yield whether the phases of a pulse are alike, and how long they are."""
    if mode.shape == "monophasic":
        yield Row(number="8", name="Multiphasic waveform", value="not applicable", note="a pulse is one phase")
        return
    alike = "yes, as set" if mode.shape.endswith("_symmetric") else "no, as set"
    yield Row(number="8", name="Multiphasic waveform", at="symmetrical phases", value=alike, note=_imbalance(mode))
    for at, name in (("positive phase", "phase_charge_positive"), ("negative phase", "phase_charge_negative")):
        yield measured(mode, "8", "Multiphasic waveform", name, STANDARD_LOAD, at=f"charge of the {at}")
    yield from ranged(mode, "8", "Phase duration", "phase_duration", declared=declared.most("phase_duration"))


def _imbalance(mode: Mode) -> str:
    """Say by how much the charges of two phases that were set alike were measured to differ."""
    found = worst(mode, "charge_imbalance", STANDARD_LOAD)
    if isinstance(found, str):
        return "charges below"
    return f"charges below; they differ by {wording.result(found.value, found.uncertainty, found.unit)}"


def _balanced(mode: Mode, number: str, name: str, told: Mapping[str, str], *, at: str = "") -> Row:
    """Return how a mode is balanced; what is stated of a device's pulses does not hold for those of one phase."""
    if mode.shape == "monophasic":
        return Row(number=number, name=name, at=at, value="not applicable", note="a pulse is one phase")
    return stated(number, name, told.get("charge_balance", ""), at=at)


def _fastest(mode: Mode) -> Callable[[Placed], bool]:
    rates = [one.case.stimulus.rate for one in mode.with_load(STANDARD_LOAD) if not one.unusable]
    highest = max(rates, default=0.0)
    return lambda one: one.case.stimulus.rate >= highest
