"""Output modes that a plan does not run at their highest settings, told before a run: its table is no worst case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rig.bench.declared_modes import DeclaredMode, HighestSettings
    from rig.bench.device_file import DeviceFile
    from rig.plan.case import Case

__all__ = ["short_of_highest"]

_LOADS = ("500 ohm", "2 kohm", "10 kohm")
_SAME = 1.001  # within this factor two settings are the same


def short_of_highest(cases: Sequence[Case], device: DeviceFile) -> Iterator[str]:
    """Yield the named modes of a plan that it does not run at the highest settings which the device file declares."""
    declared = {(one.mode, one.shape): one for one in device.modes}
    modes = dict.fromkeys((case.mode, case.stimulus.shape) for case in cases if case.mode and not case.series)
    for mode, shape in modes if declared else ():
        name = f"mode {mode!r} ({shape.value.replace('_', ' ')})"
        found = declared.get((mode, shape))
        if found is None:
            known = ", ".join(repr(one.mode) for one in device.modes)
            yield f"the device file declares no highest settings of {name}; it declares those of {known}"
        else:
            alike = [case for case in cases if (case.mode, case.stimulus.shape) == (mode, shape)]
            yield from _lacking(name, found, alike)


def _lacking(name: str, declared: DeclaredMode, cases: Sequence[Case]) -> Iterator[str]:
    for highest in declared.highest:
        run = {case.load for case in cases if not case.series and not case.events and _reaches(case, highest)}
        if lacking := [load for load in _LOADS if load not in run]:
            settings = (
                format_quantity(highest.amplitude, Unit.AMPERE),
                f"{format_quantity(highest.phase_duration, Unit.SECOND)} per phase",
                format_quantity(highest.rate, Unit.HERTZ),
            )
            yield f"{name} is not run at its highest settings, {', '.join(settings)}, into {', '.join(lacking)}"


def _reaches(case: Case, highest: HighestSettings) -> bool:
    stimulus = case.stimulus
    pairs = (
        (stimulus.amplitude, highest.amplitude),
        (stimulus.phase_duration, highest.phase_duration),
        (stimulus.rate, highest.rate),
    )
    return all(chosen * _SAME >= most for chosen, most in pairs)
