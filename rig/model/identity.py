"""Who an instrument or a device says it is, and until when its calibration holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

__all__ = ["Calibration", "Identity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Manufacturer, model, serial number and firmware, as the instrument itself reports them."""

    manufacturer: str
    model: str
    serial: str
    firmware: str

    def __str__(self) -> str:
        return f"{self.manufacturer} {self.model} (serial {self.serial}, firmware {self.firmware})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A calibration certificate: its number, its day, and the day after which it no longer holds."""

    certificate: str
    laboratory: str
    performed: date
    due: date

    def expired(self, today: date) -> bool:
        """Whether the calibration no longer holds on that day."""
        return today > self.due
