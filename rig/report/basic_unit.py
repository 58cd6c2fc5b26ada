"""The basic unit, as section 2 of the FDA's guidance of 1999 lists it: what its maker states, and what nobody does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.report import wording
from rig.report.output_rows import NOT_MEASURED, Row, stated
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.evidence.record import DeviceEntry, RunRecord

__all__ = ["LABELS", "basic_unit"]

LABELS = {
    "submission": "510(k) number",
    "power_source": "Power source",
    "line_isolation": "Method of line isolation",
    "patient_leakage_normal": "Patient leakage current, normal condition (at most 100 µA)",
    "patient_leakage_single_fault": "Patient leakage current, single fault (at most 500 µA)",
    "output_modes": "Output modes",
    "channels": "Output channels",
    "channel_use": "Synchronous or alternating channels",
    "channel_isolation": "Method of channel isolation",
    "regulation": "Regulated current or regulated voltage",
    "software_control": "Software or firmware control",
    "overload_trip": "Automatic overload trip",
    "no_load_trip": "Automatic no-load trip",
    "automatic_shut_off": "Automatic shut-off",
    "patient_override": "Patient override control",
    "indicator_on_off": "Indicator: on or off",
    "indicator_low_battery": "Indicator: low battery",
    "indicator_level": "Indicator: voltage or current level",
    "timer_range": "Timer range",
    "standards": "Voluntary standards",
    "lead_connectors": "21 CFR 898",
    "weight": "Weight",
    "dimensions": "Dimensions",
    "housing": "Housing materials and construction",
}


def basic_unit(record: RunRecord) -> Iterator[Row]:
    """Yield who the device is, everything that is stated of it, and what was measured of its regulation."""
    who = record.device
    told = who.basic_unit if who else {}
    name = f"{who.manufacturer} {who.model}, serial {who.serial}" if who else ""
    yield Row(number="2", name="Device, manufacturer", value=name or "not recorded", missing=not name)
    yield _firmware(who)
    for key, label in LABELS.items():
        yield stated("2", label, told.get(key, ""))
    yield _regulation(record)


def _firmware(who: DeviceEntry | None) -> Row:
    """Return the firmware that the device itself reported, else what its file says."""
    name = "Software or firmware version"
    if who is None or who.reported is None or not who.reported.firmware:
        return stated("2", name, who.firmware if who else "")
    filed = f"; its file says {who.firmware}" if who.firmware not in {"", who.reported.firmware} else ""
    return Row(number="2", name=name, value=who.reported.firmware, note=f"reported by the device{filed}")


def _regulation(record: RunRecord) -> Row:
    name = "Largest change of the amplitude against that into 500\u202fΩ"
    for case in record.decisive:
        for entry in case.measurements:
            if entry.measurand == "load_regulation" and entry.value is not None:
                value = wording.result(entry.value, entry.expanded_uncertainty, entry.unit or Unit.ONE)
                return Row(number="2", name=name, value=value, note="over the loads of a series", where=case.id)
    reason = "no series of this run verifies the load regulation"
    return Row(number="2", name=name, value=NOT_MEASURED, missing=True, note=reason)
