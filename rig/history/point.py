"""One value that was once measured, with where, when, of what and by what: what trends and studies are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from rig.model.verdict import Verdict
    from rig.units import Unit

__all__ = ["Point"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One measured value of one attempt at one case of one run; what was not measured is no point.

    Attributes
    ----------
    started : when the case began, UTC
    device_serial, device_firmware : as the device reported them, or as its file says; empty where there is none
    instrument, instrument_serial, instrument_driver : what the value was taken from, by its name on the bench; empty
        where it was taken from several, or is not known
    instrument_calibration : number of the certificate and day of the calibration that it then had, "C-17 2026-03-14";
        empty where it had none: a series is split where it changes
    operator : who was responsible for the run; empty where nobody was named
    case : the id of the case, unique within its ``plan``
    retried : whether another attempt followed, which then says what the case is worth
    load : the name of the load; empty where none was connected
    measurand : with ``during`` and the load of the stretch, where one is meant
    value, expanded_uncertainty : in ``unit``; U is that of ``value``, the mean of ``n``, None where it is not known
    std : of the single values that ``value`` is the mean of, None where there is one
    lower, upper : the tightest limits that were applied, None where there is none
    verdict : the worst of the checks of this value; None where nothing judged it
    engineering_only : whether the run may not be used as evidence, for whatever reason
    virtual : whether the bench was a virtual one
    complete : whether the run came to its end
    """

    run_id: str
    started: datetime
    bench: str
    device_serial: str
    device_firmware: str
    instrument: str
    instrument_serial: str
    instrument_driver: str
    instrument_calibration: str
    operator: str
    plan: str
    case: str
    attempt: int
    retried: bool
    load: str
    measurand: str
    unit: Unit
    value: float
    expanded_uncertainty: float | None
    coverage_factor: float
    n: int
    std: float | None
    lower: float | None
    upper: float | None
    verdict: Verdict | None
    engineering_only: bool
    virtual: bool
    complete: bool
