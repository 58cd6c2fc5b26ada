"""What a National Instruments card can do and says of itself, through nidaqmx."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nidaqmx.constants import TerminalConfiguration
from nidaqmx.system import Device, PhysicalChannel

from rig.errors import CommunicationError, InstrumentError, Refused

if TYPE_CHECKING:
    from rig.bench.transport.daqmx_link import DaqLink

__all__ = ["TERMINALS", "CardLimits", "DaqCard"]

TERMINALS = {
    "differential": TerminalConfiguration.DIFF,
    "rse": TerminalConfiguration.RSE,
    "nrse": TerminalConfiguration.NRSE,
    "pseudo-differential": TerminalConfiguration.PSEUDO_DIFF,
}
"""How an input may be wired: what a bench file says, and what DAQmx calls it."""


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
