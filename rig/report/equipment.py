"""The item tested and the equipment it was tested with, as rows of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.report import wording
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rig.evidence.record import CalibrationEntry, RunRecord

__all__ = ["bench", "device", "instruments", "loads"]


def device(record: RunRecord) -> Iterable[tuple[str, str, str]]:
    """Yield what the device file says beside what the device itself said."""
    if record.device is None:
        return
    for name in ("manufacturer", "model", "serial", "firmware"):
        reported = getattr(record.device.reported, name) if record.device.reported else wording.MISSING
        yield name, getattr(record.device, name), reported


def bench(record: RunRecord) -> Iterable[tuple[str, str]]:
    """Yield what bench it was, and whether it was a real one."""
    if record.bench is None:
        yield "Bench", "was not built"
        return
    yield "Bench", f"{record.bench.id}: {record.bench.title}"
    yield "Kind", "virtual: every instrument and the device were simulated" if record.bench.virtual else "physical"


def _calibration(entry: CalibrationEntry | None) -> tuple[str, str, str, str]:
    if entry is None:
        return ("not recorded", wording.MISSING, wording.MISSING, wording.MISSING)
    due = f"{entry.due} EXPIRED" if entry.expired else str(entry.due)
    return (entry.certificate, entry.laboratory, str(entry.performed), due)


def instruments(record: RunRecord) -> Iterable[tuple[str, ...]]:
    """Yield name, role, model, serial, firmware, driver, address; certificate, laboratory, performed, due."""
    for entry in record.bench.instruments if record.bench else ():
        who = entry.identity
        identity = (f"{who.manufacturer} {who.model}", who.serial, who.firmware) if who else (wording.MISSING,) * 3
        yield (entry.name, entry.role, *identity, entry.driver, entry.address, *_calibration(entry.calibration))


def loads(record: RunRecord) -> Iterable[tuple[str, ...]]:
    """Yield name, measured value with U, power rating; certificate, laboratory, performed, due."""
    for entry in record.bench.loads if record.bench else ():
        measured = "open circuit"
        if entry.resistance is not None:
            measured = wording.result(entry.resistance, 2 * entry.uncertainty, Unit.OHM)
        power = wording.quantity(entry.power_rating, Unit.WATT)
        yield (wording.prose(entry.name), measured, power, *_calibration(entry.calibration))
