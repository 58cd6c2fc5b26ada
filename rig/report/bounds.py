"""What a case demands of one pulse, as lines and bands of a figure: set level, accepted amplitude, accepted end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.report import wording
from rig.units import Unit

if TYPE_CHECKING:
    from rig.evidence.record import CaseRecord, JudgementEntry

__all__ = ["Bounds", "Phase", "read_bounds"]

# An amplitude limit of any of these is drawn as a level; all are magnitudes.
_LEVELS = ("phase_top", "phase_peak", "phase_mean")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Where a phase is expected: from, to (s after the pulse begins), and its sign."""

    start: float
    stop: float
    sign: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Levels in A, times in s after the pulse begins; None where nothing is demanded."""

    set_level: float
    lower: float | None
    upper: float | None
    phases: tuple[Phase, ...]
    end: tuple[float | None, float | None]
    duration: float | None
    duration_text: str


def read_bounds(case: CaseRecord) -> Bounds:
    """Return what the plan and the limit packs demand; of several limits the tightest counts."""
    stimulus = case.stimulus
    sign = -1 if stimulus.polarity == "negative" else 1
    width, rest = stimulus.phase_duration, stimulus.interphase
    phases = [Phase(start=0.0, stop=width, sign=sign)]
    if stimulus.shape != "monophasic":
        phases.append(Phase(start=width + rest, stop=2 * width + rest, sign=-sign))
    currents = [check for check in case.judgements if check.limit.unit is Unit.AMPERE]
    lower, upper = _tightest([check for check in currents if check.limit.measurand in _LEVELS])
    durations = [check for check in case.judgements if check.limit.measurand == "phase_duration"]
    measured = next((entry for entry in case.measurements if entry.measurand == "phase_duration"), None)
    value = measured.value if measured else None
    text = wording.result(value, measured.expanded_uncertainty, Unit.SECOND) if measured and value is not None else ""
    return Bounds(
        set_level=stimulus.amplitude,
        lower=lower,
        upper=upper,
        phases=tuple(phases),
        end=_tightest(durations),
        duration=value,
        duration_text=text,
    )


def _tightest(checks: list[JudgementEntry]) -> tuple[float | None, float | None]:
    lower = max((check.limit.lower for check in checks if check.limit.lower is not None), default=None)
    upper = min((check.limit.upper for check in checks if check.limit.upper is not None), default=None)
    return lower, upper
