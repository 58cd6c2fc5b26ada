"""What a device is declared to reach beyond what it was set to: a value of less is not yet the device's greatest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.errors import UnitError
from rig.report import wording
from rig.units import Unit, parse_quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rig.report.output_modes import Found

__all__ = ["below_declared", "rating"]

_SETTINGS = (
    ("current", Unit.AMPERE, "amplitude"),
    ("phase duration", Unit.SECOND, "phase_duration"),
    ("rate", Unit.HERTZ, "rate"),
)
_AS_DECLARED = 1.001  # above this part of the setting more is declared


def rating(ratings: Mapping[str, str], name: str, unit: Unit) -> float:
    """Return a declared rating in SI units, 0 where none is declared that can be read."""
    try:
        return parse_quantity(ratings.get(name, ""), unit)
    except UnitError:
        return 0.0


def below_declared(ratings: Mapping[str, str], *, of_phase: bool = False) -> Callable[[Found], str]:
    """Return what says at which setting a value was found, and which settings are declared to go further.

    A value of one phase (``of_phase``) does not depend on the rate.
    """
    settings = _SETTINGS[:-1] if of_phase else _SETTINGS

    def remark(found: Found) -> str:
        stimulus = found.placed.case.stimulus
        further = [
            f"{name} up to {wording.quantity(declared, unit)}"
            for name, unit, field in settings
            if (declared := rating(ratings, name, unit)) > _AS_DECLARED * getattr(stimulus, field)
        ]
        if not further:
            return ""
        at = ", ".join(
            wording.quantity(getattr(stimulus, field), unit) + " per phase" * (field == "phase_duration")
            for _, unit, field in settings
        )
        return f"at {at}; declared is a {', '.join(further)}"

    return remark
