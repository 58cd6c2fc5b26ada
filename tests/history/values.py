"""Values of runs that never were, one a day: what trends and studies are tested with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy.engine import URL

from rig.evidence.record import CaseRecord, RunRecord
from rig.history.flatten import flatten
from rig.history.point import Point
from rig.history.store import History
from rig.units import Unit
from tests.report.conftest import case, run

__all__ = ["CASE", "START", "drifting", "kept", "point", "recorded", "series", "steady"]

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
CASE = "delivery[20mA-200us-500ohm]"


def point(number: int, value: float, *, every: float = 4.0, **fields: object) -> Point:
    of = Point(
        run_id=f"run-{number:03}",
        started=START + timedelta(days=every * number),
        bench="bench-2",
        device_serial="P24-000123",
        device_firmware="3.2.1",
        instrument="daq",
        instrument_serial="01D2A3B4",
        instrument_driver="ni-daqmx",
        instrument_calibration="C-2026-0002 2026-01-02",
        operator="M. Weber",
        plan="NMES-OUT-001",
        case=CASE,
        attempt=1,
        retried=False,
        load="500 ohm",
        measurand="phase_top",
        unit=Unit.AMPERE,
        value=value,
        expanded_uncertainty=2e-5,
        coverage_factor=2.0,
        n=50,
        std=None,
        lower=0.018,
        upper=0.022,
        verdict=None,
        engineering_only=False,
        virtual=False,
        complete=True,
    )
    return replace(of, **fields)  # type: ignore[arg-type] # told by name


def series(values: Iterable[float], **fields: object) -> list[Point]:
    return [replace(point(number, float(value)), **fields) for number, value in enumerate(values)]  # type: ignore[arg-type] # told by name


def steady(count: int = 40, *, seed: int = 41) -> np.ndarray:
    values: np.ndarray = np.random.Generator(np.random.PCG64(seed)).normal(0.02, 5e-5, count)
    return values


def drifting(count: int = 40, *, seed: int = 42, per_value: float = 1e-5) -> np.ndarray:
    values: np.ndarray = steady(count, seed=seed) + per_value * np.arange(count)
    return values


def kept(folder: Path, runs: list[RunRecord]) -> URL:
    url = URL.create("sqlite", database=str(folder / "history.sqlite"))
    with History(url) as history:
        for number, record in enumerate(runs):
            history.add(flatten(record, manifest_sha256=f"{number:064x}", bundle=record.run_id))
    return url


def recorded(serial: str, number: int, value: float, **fields: object) -> RunRecord:
    started = START + timedelta(days=7 * number)
    one: CaseRecord = case(1, 0.02, "500 ohm", gain=value / 0.02).model_copy(update={"started": started})
    record = run((one,), run_id=f"{serial}-{number:03}", started=started, verdict=one.verdict)
    device = record.device
    assert device is not None
    assert device.reported is not None
    return record.model_copy(
        update={"device": device.model_copy(update={"reported": device.reported.model_copy(update={"serial": serial})})}
        | fields
    )
