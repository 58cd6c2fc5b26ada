"""Siglent SPD series (SPD3303X, SPD1168X, SPD1305X): one channel of a bench supply that feeds the device.

They are slow to take in what they are told, know no ``*CLS`` and, most of them, no over-voltage protection that can be
set from afar; the output's state is a bit of the system's status.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from typing_extensions import override

from rig.bench.drivers.dc_supply import DcSupply
from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.ratings import rating_of
from rig.bench.transport.visa import VisaSession
from rig.errors import CommunicationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.opening import Opening
    from rig.bench.ratings import Rating
    from rig.roles import Clock

__all__ = ["SiglentSpd", "opened"]

_ERROR_QUERY = "SYST:ERR?"
# ``0  No Error``, and of other firmware ``0,"No error"``.
_ERROR = re.compile(r'([+-]?\d+)(?:\s*,\s*|\s+|$)"?(.*?)"?')
_MOST_ERRORS = 40
_PAUSE = 0.05
_STATUS = re.compile(r"0[xX][0-9A-Fa-f]{1,8}")
_TRUE, _FALSE = {"ON", "1", "YES"}, {"OFF", "0", "NO"}


class SiglentSpd(DcSupply):
    """One of the channels CH1 and CH2; the third of an SPD3303X can only be set at its front.

    Parameters
    ----------
    name, address, backend : from the bench file
    output : the channel's number
    rating : what it gives at most
    timeout : how long to wait for an answer, s
    clock, pause : lets so much time pass after every line, s; what follows sooner than 20 ms is lost, or worse
    on_bit : the bit of ``SYST:STAT?`` that says that channel 1 is on; the next one is channel 2's
    protection : whether this model has an over-voltage protection with the commands ``OUTP:OVP``
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        output: int,
        clock: Clock,
        rating: Rating | None = None,
        backend: str = "@py",
        timeout: float = 5.0,
        pause: float = _PAUSE,
        on_bit: int = 4,
        protection: bool = False,
    ) -> None:
        dialogue = _Dialogue(
            VisaSession(name, address, backend=backend, timeout=timeout, pause=lambda: clock.sleep(pause))
        )
        words = _Words(dialogue, output, on_bit + output - 1, protected=protection)
        super().__init__(name, dialogue, words, rating=rating, clear="")


class _Dialogue(ScpiDialogue):
    """Errors are words after a number, without commas or quotes."""

    @override
    def errors(self, *, after: Sequence[str] = ()) -> tuple[str, ...]:
        errors: list[str] = []
        for _ in range(_MOST_ERRORS):
            reply = self.text(_ERROR_QUERY, after=after)
            match = _ERROR.fullmatch(reply)
            if match is None:
                self.close()
                raise CommunicationError(self.instrument, _ERROR_QUERY, f"answered {reply!r}")
            if int(match[1]) == 0:
                break
            errors.append(f"{match[1]} {match[2]}")
            after = ()
        return tuple(errors)


class _Words:
    """Commands that name their channel, so that what is selected at the front does not matter."""

    def __init__(self, dialogue: ScpiDialogue, output: int, on_bit: int, *, protected: bool) -> None:
        self._dialogue, self._channel, self._on_bit, self._protected = dialogue, f"CH{output}", on_bit, protected

    def apply(self, voltage: float, current_limit: float) -> Sequence[str]:
        return f"{self._channel}:VOLT {voltage:.6g}", f"{self._channel}:CURR {current_limit:.6g}"

    def applied(self) -> tuple[float, float]:
        return self._dialogue.number(f"{self._channel}:VOLT?"), self._dialogue.number(f"{self._channel}:CURR?")

    def protect(self, voltage: float) -> Sequence[str]:
        if not self._protected:
            return ()
        return f"OUTP:OVP:VAL {self._channel},{voltage:.6g}", f"OUTP:OVP {self._channel},ON"

    def protection(self) -> tuple[float, bool] | None:
        if not self._protected:
            return None
        return self._dialogue.number(f"OUTP:OVP:VAL? {self._channel}"), self._flag(f"OUTP:OVP? {self._channel}")

    def tripped(self) -> bool:
        return self._protected and self._flag(f"OUTP:OVP:QUES? {self._channel}")

    def switch(self, *, on: bool) -> Sequence[str]:
        return (f"OUTP {self._channel},{'ON' if on else 'OFF'}",)

    def is_on(self) -> bool:
        query = "SYST:STAT?"
        reply = self._dialogue.text(query)
        if not _STATUS.fullmatch(reply):
            self._dialogue.refuse(query, f"answered {reply!r} instead of a status such as 0x0014")
        return bool(int(reply, 16) >> self._on_bit & 1)

    def measure(self) -> tuple[float, float]:
        return self._dialogue.number(f"MEAS:VOLT? {self._channel}"), self._dialogue.number(
            f"MEAS:CURR? {self._channel}"
        )

    def _flag(self, query: str) -> bool:
        reply = self._dialogue.text(query).upper()
        if reply not in _TRUE | _FALSE:
            self._dialogue.refuse(query, f"answered {reply!r} instead of yes or no")
        return reply in _TRUE


def opened(at: Opening) -> SiglentSpd:
    """Open a session as a bench file says."""
    return SiglentSpd(
        at.name,
        at.address,
        output=at.entry.output or 0,
        clock=at.clock,
        rating=rating_of(at.entry),
        backend=at.entry.backend,
        timeout=at.patience(5.0),
        pause=at.option("pause", _PAUSE),
        on_bit=at.option("on_bit", 4),
        protection=at.option("protection", otherwise=False),
    )
