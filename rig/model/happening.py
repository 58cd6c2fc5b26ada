"""What was done to the device or around it while it was being captured, and when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Action", "Happening"]


class Action(StrEnum):
    """What was done."""

    START = "start"
    STOP = "stop"
    MESSAGE = "message"
    LOAD = "load"
    CUT = "communication cut"
    RESTORED = "communication restored"
    SUPPLY = "supply"
    RESET = "reset"
    READING = "multimeter's reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One action, on the time axis of the capture that it took place in.

    Attributes
    ----------
    action : what was done; MESSAGE is any other word to the device, such as a sign of life; READING is no word
        to it: a multimeter begins to read
    begun, ended : s; it took effect at some moment between these
    detail : the load, or the supply's voltage ("24 V", "off"), that holds from then on
    """

    action: Action
    begun: float
    ended: float
    detail: str = ""
