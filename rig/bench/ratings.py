"""How much the outputs of supplies give at most, so that what they cannot give is refused before anything is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.bench.bench_file import InstrumentEntry

__all__ = ["RATING_OPTIONS", "Rating", "rating_of"]

RATING_OPTIONS: Mapping[str, type] = {"highest_voltage": float, "highest_current": float}
"""What a bench file's ``options`` may say of a supply, in V and A: of an output that is not known, or is less."""

_SLACK = 1 + 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """The most that an output can be set to, V and A; None where that is not known."""

    voltage: float | None = None
    current: float | None = None

    def gives(self, voltage: float, current: float) -> bool:
        """Whether the output can be set to that, V and A."""
        enough = self.voltage is None or voltage <= self.voltage * _SLACK
        return enough and (self.current is None or current <= self.current * _SLACK)

    def __str__(self) -> str:
        """Say what it gives at most: ``32 V and 10 A at most``."""
        known = [f"{value:g} {unit}" for value, unit in ((self.voltage, "V"), (self.current, "A")) if value is not None]
        return f"{' and '.join(known)} at most"


# By driver and the beginning of the model's name: volts and amperes of outputs 1, 2, ... as data sheets state them.
# What current an AC source gives depends on its range, and is left to the instrument.
_KNOWN: Mapping[str, Mapping[str, tuple[tuple[float, float | None], ...]]] = {
    "keysight-e36300": {
        "E36311A": ((6.0, 5.0), (25.0, 1.0), (25.0, 1.0)),
        "E36312A": ((6.0, 5.0), (25.0, 1.0), (25.0, 1.0)),
        "E36313A": ((6.0, 10.0), (25.0, 2.0), (25.0, 2.0)),
    },
    "rigol-dp800": {
        "DP832": ((30.0, 3.0), (30.0, 3.0), (5.0, 3.0)),
    },
    "rohde-schwarz-hmp": {
        "HMP2020": ((32.05, 10.0), (32.05, 5.0)),
        "HMP2030": ((32.05, 5.0),) * 3,
        "HMP4030": ((32.05, 10.0),) * 3,
        "HMP4040": ((32.05, 10.0),) * 4,
    },
    "siglent-spd": {
        "SPD1168X": ((16.0, 8.0),),
        "SPD1305X": ((30.0, 5.0),),
        "SPD3303": ((32.0, 3.2),) * 2,
    },
    "keysight-ac6800": {"AC68": ((310.0, None),)},
    "chroma-61600": {"615": ((300.0, None),), "616": ((300.0, None),)},
}


def rating_of(entry: InstrumentEntry) -> Rating | None:
    """Return what the output that feeds the device gives at most: as the bench file says, else as its model is known.

    None where neither says anything.
    """
    voltage, current = _known(entry)
    said = entry.options.get("highest_voltage"), entry.options.get("highest_current")
    voltage, current = (
        known if one is None else float(one) for one, known in zip(said, (voltage, current), strict=True)
    )
    return None if voltage is None and current is None else Rating(voltage=voltage, current=current)


def _known(entry: InstrumentEntry) -> tuple[float | None, float | None]:
    model = "" if entry.identity is None else entry.identity.model
    outputs = next((known for name, known in _KNOWN.get(entry.driver, {}).items() if model.startswith(name)), ())
    place = (entry.output or 1) - 1
    return outputs[place] if place < len(outputs) else (None, None)
