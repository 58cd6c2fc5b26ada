"""Numato USB relay modules: the switch of a load box that is spoken to in lines of text.

The module repeats every character that it gets, answers on a line of its own, and ends with a prompt. What it reports
is what it was commanded.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

from rig.bench.drivers.relay_loads import RelayLoads
from rig.bench.transport.serial_port import SerialLine
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.model.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.opening import Opening

__all__ = ["NumatoLoads", "opened"]

_BAUD = 19200
_PROMPT = b">"
# A module numbers its relays from 0 on, and goes on with letters, which are no hexadecimal digits.
_INDICES = string.digits + string.ascii_uppercase[:22]
_STATES = ("on", "off")
_LONGEST = 200
_WORD = re.compile(r"[\x21-\x7e]{1,40}")


class _Module:
    """The module's dialogue; whatever is not the echo, one line of answer and the prompt breaks it off."""

    def __init__(self, name: str, address: str, *, relays: int, timeout: float) -> None:
        if not 1 <= relays <= len(_INDICES):
            raise Refused(f"{name}: such a module has 1 to {len(_INDICES)} relays, not {relays}")
        self._name, self.relays = name, relays
        self._line = SerialLine(name, address, baud=_BAUD, timeout=timeout)

    def identify(self) -> Identity:
        """Ask for firmware and identification number, which the user can set."""
        self._begin()
        firmware, serial = self._value("ver"), self._value("id get")
        return Identity(manufacturer="Numato", model=f"{self.relays} channel relay", serial=serial, firmware=firmware)

    def switch(self, relays: Sequence[int], *, closed: bool) -> None:
        """Close or open some relays and leave the others as they are."""
        self._begin()
        for relay in relays:
            command = f"relay {'on' if closed else 'off'} {_INDICES[relay - 1]}"
            answer = self._ask(command)
            if answer:
                raise InstrumentError(self._name, command, f"answered {answer!r} instead of nothing")

    def closed(self, among: Sequence[int]) -> frozenset[int]:
        """Return those of some relays that are reported as on."""
        return frozenset(relay for relay in among if self._is_on(f"relay read {_INDICES[relay - 1]}"))

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        self._line.close()

    def _begin(self) -> None:
        """Have the module forget a line begun by somebody else, and wait for its prompt."""
        self._line.discard()
        self._line.write(b"\r", command="")
        self._reply("the prompt")

    def _is_on(self, query: str) -> bool:
        answer = self._ask(query)
        if answer not in _STATES:
            raise InstrumentError(self._name, query, f"answered {answer!r} instead of on or off")
        return answer == "on"

    def _value(self, query: str) -> str:
        answer = self._ask(query)
        if not _WORD.fullmatch(answer):
            raise InstrumentError(self._name, query, f"answered {answer!r} instead of one word")
        return answer

    def _ask(self, command: str) -> str:
        """Send a line and return what stands between its echo and the prompt."""
        self._line.write(f"{command}\r".encode("ascii"), command=command)
        reply = self._reply(command)
        echo, _, answer = reply.replace("\r", "\n").strip("\n").partition("\n")
        if echo.strip() != command:
            raise CommunicationError(self._name, command, f"repeated {echo!r}; no Numato module, or out of step")
        return answer.strip()

    def _reply(self, command: str) -> str:
        reply = b""
        while not reply.endswith(_PROMPT):
            more = self._line.read(command=command)
            if not more:
                raise CommunicationError(self._name, command, f"no prompt in time; it said {reply!r}")
            reply += more
            if len(reply) > _LONGEST:
                raise CommunicationError(self._name, command, f"no prompt in {len(reply)} bytes")
        return reply.removesuffix(_PROMPT).decode("ascii", "replace")


class NumatoLoads(RelayLoads):
    """The relays of a module as the switch of a load box; position number 1 is the module's relay 0."""


def opened(at: Opening) -> NumatoLoads:
    """Open a session as a bench file says; the option ``relays`` is how many the module has."""
    module = _Module(at.name, at.address, relays=at.option("relays", 8), timeout=at.patience(1.0))
    return NumatoLoads(at.name, module, relays=at.relays, clock=at.clock)
