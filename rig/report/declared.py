"""Whether cases ran a device at the highest settings declared of it: what they gave is else not its greatest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.errors import UnitError
from rig.report import wording
from rig.units import Unit, parse_quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rig.evidence.record import DeviceEntry, HighestEntry, StimulusEntry
    from rig.report.output_modes import Found, Mode, Placed

__all__ = ["AMPLITUDE", "PHASE", "SETTINGS", "Declared", "rating", "settings_in_words"]

SETTINGS = ("amplitude", "phase_duration", "rate")
PHASE = ("amplitude", "phase_duration")
"""The settings that a value of one phase depends on: not the rate."""
AMPLITUDE = ("amplitude",)

_RATED = {
    "amplitude": ("current", Unit.AMPERE),
    "phase_duration": ("phase duration", Unit.SECOND),
    "rate": ("rate", Unit.HERTZ),
}
_AS_DECLARED = 1.001  # within this factor two settings are the same


def rating(ratings: Mapping[str, str], name: str, unit: Unit) -> float:
    """Return a declared rating in SI units, 0 where none is declared that can be read."""
    try:
        return parse_quantity(ratings.get(name, ""), unit)
    except UnitError:
        return 0.0


def settings_in_words(settings: StimulusEntry | HighestEntry, names: Iterable[str] = SETTINGS) -> str:
    """Write settings: ``130 mA, 500 µs per phase, 100 Hz``."""
    return ", ".join(
        wording.quantity(getattr(settings, name), _RATED[name][1]) + " per phase" * (name == "phase_duration")
        for name in names
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What is declared of one mode's settings: the highest ones of the mode, or the ratings of the device alone."""

    mode: Mode
    highest: tuple[HighestEntry, ...]
    ratings: Mapping[str, str]

    @classmethod
    def of(cls, mode: Mode, device: DeviceEntry | None) -> Declared:
        """Return what a device's maker declares of a mode; where plans name none, of all modes of its shape."""
        called = mode.cases[0].case.mode if mode.cases else ""
        declared = device.modes if device else ()
        alike = (one for one in declared if one.shape == mode.shape and called in {one.mode, ""})
        highest = tuple(settings for one in alike for settings in one.highest)
        return cls(mode=mode, highest=highest, ratings=device.ratings if device else {})

    def most(self, name: str) -> str:
        """Write how far one setting is declared to go, empty where it is not."""
        rated, unit = _RATED[name]
        declared = max((getattr(one, name) for one in self.highest), default=0.0) or rating(self.ratings, rated, unit)
        return wording.quantity(declared, unit) if declared else ""

    def run_at(
        self, settings: HighestEntry, ohms: float, names: Iterable[str] = SETTINGS, *, measurand: str = ""
    ) -> Placed | None:
        """Return a case into a load that gives values, or one of a ``measurand``, and was set as high as that."""
        cases = (one for one in self.mode.with_load(ohms) if (one.gives(measurand) if measurand else not one.unusable))
        return next((one for one in cases if _reaches(one, settings, names)), None)

    def remark(self, ohms: float, names: Iterable[str] = SETTINGS) -> Callable[[Found], str]:
        """Return what says at which settings a value into a load was found, and whether higher ones are declared."""
        chosen = tuple(names)

        def remark(found: Found) -> str:
            stimulus = found.placed.case.stimulus
            at = f"at {settings_in_words(stimulus, chosen)}"
            if not self.highest:
                further = self._beyond_ratings(stimulus, chosen)
                return f"{at}; declared is a {further}" if further else ""
            name = found.entry.measurand  # what was run and gave no such value may have gone further
            missing = [one for one in self.highest if self.run_at(one, ohms, chosen, measurand=name) is None]
            if missing:
                lacking = " or ".join(dict.fromkeys(settings_in_words(one, chosen) for one in missing))
                return f"{at}; not the worst case, for no usable case has this value at {lacking}"
            if any(_reaches(found.placed, one, chosen) for one in self.highest):
                return f"{at}: the highest setting{'s' * (len(chosen) > 1)} declared of this mode"
            return f"{at}; the highest settings declared of this mode gave less"

        return remark

    def _beyond_ratings(self, stimulus: StimulusEntry, names: Iterable[str]) -> str:
        rated = {name: rating(self.ratings, *_RATED[name]) for name in names}
        return ", ".join(
            f"{_RATED[name][0]} up to {wording.quantity(most, _RATED[name][1])}"
            for name, most in rated.items()
            if most > _AS_DECLARED * getattr(stimulus, name)
        )


def _reaches(placed: Placed, settings: HighestEntry, names: Iterable[str]) -> bool:
    stimulus = placed.case.stimulus
    return all(getattr(stimulus, name) * _AS_DECLARED >= getattr(settings, name) for name in names)
