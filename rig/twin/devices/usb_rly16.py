"""A Devantech USB-RLY16 relay board: eight relays behind single bytes, and one command of two."""

from __future__ import annotations

from typing_extensions import override

from rig.twin.devices.serial_board import RELAYS, SerialBoard

__all__ = ["UsbRly16"]

_MODULE, _FIRMWARE = 9, 1
_ALL = (1 << RELAYS) - 1
_SET = 0x5C
_ALL_ON, _ALL_OFF = 0x64, 0x6E
_SUPPLY_TENTHS = 121


class UsbRly16(SerialBoard):
    """Answers three questions; whatever else it is told, it does without a word."""

    @override
    def length(self, pending: bytes) -> int:
        """Return 2 for the command that is followed by the states of all relays, else 1."""
        return 2 if pending[0] == _SET else 1

    @override
    def carry_out(self, command: bytes) -> bytes:
        """Do what a command says; an unknown one is ignored."""
        code = command[0]
        match code:
            case 0x5A:
                return self._version()
            case 0x5B:
                return bytes([self.states])
            case _ if code == _SET:
                self.drive(command[1])
            case 0x5D:
                return bytes([_SUPPLY_TENTHS])
            case _ if _ALL_ON <= code <= _ALL_ON + RELAYS:
                self.drive(self.states | _relays(code - _ALL_ON))
            case _ if _ALL_OFF <= code <= _ALL_OFF + RELAYS:
                self.drive(self.states & ~_relays(code - _ALL_OFF))
        return b""

    def _version(self) -> bytes:
        identity = self.config.identity
        firmware = _FIRMWARE if identity is None else int(identity.firmware.partition(".")[0])
        return bytes([_MODULE ^ 1 if self.faults.strikes("wrong_identity") else _MODULE, firmware])


def _relays(number: int) -> int:
    """Return the mask of one relay, counted from 1; 0 stands for all."""
    return 1 << (number - 1) if number else _ALL
