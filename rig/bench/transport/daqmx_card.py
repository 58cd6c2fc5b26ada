"""What a National Instruments card can do and says of itself, through nidaqmx."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nidaqmx.constants import TerminalConfiguration
from nidaqmx.system import Device, PhysicalChannel

from rig.errors import CommunicationError, InstrumentError, Refused
from rig.model.calibration_dates import CalibrationDates

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from rig.bench.transport.daqmx_link import DaqLink

__all__ = ["TERMINALS", "CardLimits", "DaqCard"]

TERMINALS = {
    "differential": TerminalConfiguration.DIFF,
    "rse": TerminalConfiguration.RSE,
    "nrse": TerminalConfiguration.NRSE,
    "pseudo-differential": TerminalConfiguration.PSEUDO_DIFF,
}
"""How an input may be wired: what a bench file says, and what DAQmx calls it."""

_MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLimits:
    """How fast a card samples: ``single`` is for one channel, samples per second.

    ``several`` is for several channels: for each of them where they are sampled at once, else for all together.
    """

    simultaneous: bool
    single: float
    several: float

    def fastest(self, channels: int) -> float:
        """Return the highest rate of each of so many channels, samples per second.

        >>> CardLimits(simultaneous=False, single=250e3, several=250e3).fastest(2)
        125000.0
        """
        if channels == 1:
            return self.single
        return min(self.single, self.several if self.simultaneous else self.several / channels)


class DaqCard:
    """One card, asked about itself."""

    def __init__(self, link: DaqLink, device: str) -> None:
        self._link, self._device = link, device
        self._limits: CardLimits | None = None

    def limits(self) -> CardLimits:
        """Return how fast it samples; asked once."""
        if self._limits is None:
            self._limits = self._link.call(f"ask what {self._device} can do", self._ask)
        return self._limits

    def _ask(self) -> CardLimits:
        card = self._card()
        return CardLimits(
            simultaneous=bool(card.ai_simultaneous_sampling_supported),
            single=float(card.ai_max_single_chan_rate),
            several=float(card.ai_max_multi_chan_rate),
        )

    def _card(self) -> Device:
        return Device(self._device, grpc_options=self._link.options)

    def check_terminal(self, channel: str, terminal: str) -> None:
        """See that an input can be wired so.

        Raises
        ------
        Refused
            with what the input can be wired as
        """
        place = f"{self._device}/{channel}"

        def ask() -> list[TerminalConfiguration]:
            return list(PhysicalChannel(place, grpc_options=self._link.options).ai_term_cfgs)

        offered = self._link.call(f"ask how {place} can be wired", ask)
        if TERMINALS[terminal] not in offered:
            known = ", ".join(name for name, value in TERMINALS.items() if value in offered) or "nothing that is known"
            raise Refused(f"{self._link.instrument}: {channel} cannot be {terminal!r}; it can be {known}")

    def calibration_dates(self) -> CalibrationDates | None:
        """Return when the card was calibrated; None where it cannot be, or never was."""
        return self._link.call("ask when it was calibrated", self._dates)

    def _dates(self) -> CalibrationDates | None:
        card = self._card()
        if not card.device_supports_cal:
            return None
        last = _day(lambda: card.ext_cal_last_date_and_time)
        if last is None:
            return None
        by_itself = _day(lambda: card.self_cal_last_date_and_time) if card.self_cal_supported else None
        months = int(card.ext_cal_recommended_interval)
        return CalibrationDates(
            last=last.isoformat(),
            due=_months_after(last, months).isoformat() if months else "",
            by_itself="" if by_itself is None else by_itself.isoformat(),
        )

    def self_test(self) -> str:
        """Have the card test itself; return what it complains of, empty if it passed."""
        try:
            self._link.call(
                "self-test", lambda: Device(self._device, grpc_options=self._link.options).self_test_device()
            )
        except CommunicationError:
            raise
        except InstrumentError as error:
            return error.reply
        return ""


def _day(ask: Callable[[], datetime]) -> date | None:
    """Return the day of a moment; None for the zeros of one that never was, which nidaqmx cannot make a date of."""
    try:
        return ask().date()
    except ValueError:
        return None


def _months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or the last one of a month that is shorter.

    >>> from datetime import date
    >>> _months_after(date(2026, 8, 31), 6)
    datetime.date(2027, 2, 28)
    """
    years, month = divmod(day.month - 1 + months, _MONTHS)
    year, month = day.year + years, month + 1
    return day.replace(year=year, month=month, day=min(day.day, monthrange(year, month)[1]))
