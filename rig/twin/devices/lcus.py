"""An LCUS relay board behind a CH340: four bytes switch a relay, and nothing is ever answered.

The bytes are A0, the relay's number, 01 or 00, and the sum of these three modulo 256.
"""

from __future__ import annotations

from typing_extensions import override

from rig.twin.devices.serial_board import RELAYS, SerialBoard

__all__ = ["Lcus"]

_START, _LENGTH = 0xA0, 4
_OFF, _ON = 0, 1


class Lcus(SerialBoard):
    """Does what a whole, sound command says; whatever else arrives is ignored."""

    @override
    def length(self, pending: bytes) -> int:
        """Return a command's length; what does not begin one is skipped."""
        return _LENGTH if pending[0] == _START else 1

    @override
    def carry_out(self, command: bytes) -> bytes:
        """Do what a command says, without a word."""
        if len(command) == _LENGTH and sum(command[:-1]) & 0xFF == command[-1]:
            number, state = command[1], command[2]
            if 1 <= number <= RELAYS and state in {_OFF, _ON}:
                mask = 1 << (number - 1)
                self.drive(self.states | mask if state == _ON else self.states & ~mask)
        return b""
