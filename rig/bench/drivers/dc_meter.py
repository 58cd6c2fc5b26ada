"""Multimeters with SCPI: a direct voltage, in a range that is read back, integrated over periods of the mains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rig.bench.drivers.scpi import ScpiInstrument
from rig.errors import InstrumentError, Refused
from rig.model.reading import DcReadings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.drivers.scpi import ScpiDialogue

__all__ = ["DcMeter", "Words"]

# An input beyond the range reads ±9.9E+37.
_OVERLOAD = 9e37
_SAME = 1e-3
# Of the longest period of the mains, s; zeroing takes each reading's time once more.
_PERIOD, _ZEROED, _READY = 1 / 45, 2.0, 10.0
_MOST_READINGS = 10_000
# From a command to the begin of its reading, s: the way there, a relay, and what the instrument lets the input settle.
_LATENCY = 0.02


class Words(Protocol):
    """What one family says."""

    @property
    def ranges(self) -> tuple[float, ...]:
        """The ranges, ±V, ascending."""

    @property
    def cycles(self) -> tuple[float, ...]:
        """The integration times, periods of the mains, ascending."""

    @property
    def at_once(self) -> bool:
        """Whether one trigger makes several readings."""

    def configure(self, full_scale: float | None, cycles: float, _count: int, /) -> Sequence[str]:
        """Set range (None: by itself), integration time and readings per trigger; the rest is preset by that."""

    def range(self) -> str:
        """Ask for the range."""

    def integration(self) -> str:
        """Ask for the integration time."""


class DcMeter(ScpiInstrument):
    """A multimeter that measures direct voltage; what it cannot be set to is refused with what it can."""

    def __init__(self, name: str, dialogue: ScpiDialogue, words: Words, *, mains: float = 50.0) -> None:
        super().__init__(name, dialogue)
        self._words, self._mains = words, mains
        self._prepared: tuple[float, float] | None = None
        self._begun = False

    def measure_dc_voltage(
        self, *, full_scale: float | None, power_line_cycles: float = 10.0, count: int = 1
    ) -> DcReadings:
        """Take readings one after the other, and return them with the range that they are of."""
        words = self._words
        self._configure(full_scale, power_line_cycles, count)
        each = count if words.at_once else 1
        values: tuple[float, ...] = ()
        while len(values) < count:
            values += self._values("READ?", each, power_line_cycles)
        return self._readings(values, self._dialogue.number(words.range()), power_line_cycles)

    def prepare_dc_voltage(self, *, full_scale: float, power_line_cycles: float) -> None:
        """Set everything for one reading, and have it confirmed."""
        self._configure(full_scale, power_line_cycles, 1)
        self._prepared = full_scale, power_line_cycles

    def begin_reading(self) -> None:
        """Begin the prepared reading, and wait for nothing."""
        if self._prepared is None:
            raise InstrumentError(self.name, "INIT", "no reading was prepared")
        self._begun = True
        self._dialogue.say("INIT")

    def fetch_reading(self) -> DcReadings:
        """Wait for the reading that was begun; what was read before that is gone since then."""
        if self._prepared is None or not self._begun:
            raise InstrumentError(self.name, "FETC?", "no reading was begun")
        full_scale, cycles = self._prepared
        self._begun = False
        values = self._values("FETC?", 1, cycles)
        self._dialogue.check()
        return self._readings(values, full_scale, cycles)

    def _configure(self, full_scale: float | None, cycles: float, count: int) -> None:
        words = self._words
        self._prepared, self._begun = None, False
        self._refuse_unknown(full_scale, cycles, count)
        self._dialogue.command("*CLS", *words.configure(full_scale, cycles, count))
        if full_scale is not None:
            self._must_be(words.range(), full_scale)
        self._must_be(words.integration(), cycles)

    def _values(self, query: str, count: int, cycles: float) -> tuple[float, ...]:
        taken = count * cycles * _PERIOD * _ZEROED + _READY
        values = self._dialogue.read_numbers(query, self._dialogue.text(query, timeout=taken), count)
        if any(abs(value) >= _OVERLOAD for value in values):
            raise InstrumentError(self.name, query, "the input is beyond the range")
        return values

    def _readings(self, values: tuple[float, ...], full_scale: float, cycles: float) -> DcReadings:
        return DcReadings(
            values=values, full_scale=full_scale, power_line_cycles=cycles, mains=self._mains, latency=_LATENCY
        )

    def _refuse_unknown(self, full_scale: float | None, cycles: float, count: int) -> None:
        words = self._words
        if full_scale is not None and full_scale not in words.ranges:
            raise Refused(f"{self.name}: there is no range of {full_scale:g} V; there are {_listed(words.ranges)} V")
        if cycles not in words.cycles:
            known = _listed(words.cycles)
            raise Refused(f"{self.name}: it integrates over {known} periods of the mains, not over {cycles:g}")
        if not 1 <= count <= _MOST_READINGS:
            raise Refused(f"{self.name}: 1 to {_MOST_READINGS} readings at once, not {count}")

    def _must_be(self, query: str, wanted: float) -> None:
        stands = self._dialogue.number(query)
        if abs(stands - wanted) > _SAME * wanted:
            raise InstrumentError(self.name, query, f"it is set to {stands:g} instead of {wanted:g}")


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
