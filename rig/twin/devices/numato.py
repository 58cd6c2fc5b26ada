"""A Numato USB relay module: lines of text that are echoed, answered and followed by a prompt.

A line ends with CR; echo and answer end with LF and CR, the prompt ``>`` with nothing. Relays are counted from 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from rig.twin.devices.serial_board import RELAYS, SerialBoard

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Numato"]

_END, _LINE, _PROMPT = b"\r", b"\n\r", b">"
_VERSION, _IDENTIFIER = "00000008", "00000000"


class Numato(SerialBoard):
    """Relays 0 to 7; of its identity it knows a number of its firmware and one that a user may have given it."""

    @override
    def length(self, pending: bytes) -> int:
        """Return how long the first line is; of one that has not ended, more than there is."""
        end = pending.find(_END)
        return end + 1 if end >= 0 else len(pending) + 1

    @override
    def carry_out(self, command: bytes) -> bytes:
        """Echo a line, do what it says and prompt; of an unknown one there is nothing but echo and prompt."""
        line = command.rstrip(_END).lstrip(b"\n")
        reply = self._reply(line.decode("latin-1").split())
        return line + _LINE + (reply.encode("latin-1") + _LINE if reply else b"") + _PROMPT

    def _reply(self, words: Sequence[str]) -> str:
        match words:
            case ["ver"]:
                return self._version()
            case ["id", "get"]:
                return _IDENTIFIER if self.config.identity is None else self.config.identity.serial.rjust(8, "0")
            case ["reset"]:
                self.drive(0)
            case ["relay", "readall"]:
                return f"{self.states:02x}"
            case ["relay", "writeall", states] if _is_hex(states):
                self.drive(int(states, 16) & (1 << RELAYS) - 1)
            case ["relay", what, number] if number.isdecimal() and int(number) < RELAYS:
                return self._one(what, 1 << int(number))
        return ""

    def _one(self, what: str, mask: int) -> str:
        match what:
            case "on":
                self.drive(self.states | mask)
            case "off":
                self.drive(self.states & ~mask)
            case "read":
                return "on" if self.states & mask else "off"
            case _:
                pass
        return ""

    def _version(self) -> str:
        firmware = _VERSION if self.config.identity is None else self.config.identity.firmware.rjust(8, "0")
        return f"{firmware[:-1]}?" if self.faults.strikes("wrong_identity") else firmware


def _is_hex(text: str) -> bool:
    return bool(text) and all(letter in "0123456789abcdef" for letter in text.lower())
