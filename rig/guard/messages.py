"""How guard and client speak: one JSON object a line, over a loopback connection."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from rig.errors import InterlockTripped, Refused, RigError
from rig.model.intent import Intent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.guard.terms import Status

__all__ = [
    "LONGEST_LINE",
    "Garbled",
    "Lines",
    "encode",
    "failure",
    "raise_failure",
    "read_intent",
    "read_seconds",
    "show_status",
]

LONGEST_LINE = 65536
_AGES = 1e9
_FAILURES: Mapping[str, type[RigError]] = {"refused": Refused, "tripped": InterlockTripped}


class Garbled(ValueError):
    """What was received is no message."""


class Lines:
    """Bytes as they arrive, messages as they are whole."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, received: bytes) -> None:
        """Take what has arrived."""
        self._waiting += received

    def __bool__(self) -> bool:
        return b"\n" in self._waiting or len(self._waiting) > LONGEST_LINE

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self) -> dict[str, Any] | None:
        """Return the next whole message, None if there is none yet; raises Garbled."""
        end = self._waiting.find(b"\n")
        if max(end, 0 if end >= 0 else len(self._waiting)) > LONGEST_LINE:
            raise Garbled("a message without an end")
        if end < 0:
            return None
        line = bytes(self._waiting[:end])
        del self._waiting[: end + 1]
        try:
            message = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise Garbled(f"not a message: {line[:80]!r}") from error
        if not isinstance(message, dict):
            raise Garbled(f"not a message: {line[:80]!r}")
        return message


def encode(message: Mapping[str, Any]) -> bytes:
    """Return a message as a line."""
    return json.dumps(message).encode() + b"\n"


def read_intent(content: object) -> Intent:
    """Read an intent; raises Refused for one that is not understood, as a figure may be lost otherwise."""
    known = {field.name for field in fields(Intent)}
    if not isinstance(content, dict) or not content.keys() <= known:
        raise Refused(f"not an intent: {content}")
    if not all(value is None or type(value) in {int, float} for value in content.values()):
        raise Refused(f"not an intent: {content}")
    return Intent(**content)


def read_seconds(content: object) -> float:
    """Read a duration, s; raises Refused for what is no number."""
    if isinstance(content, bool) or not isinstance(content, int | float) or abs(content) > _AGES:
        raise Refused(f"not a time: {str(content)[:80]}")
    return float(content)


def show_status(status: Status) -> dict[str, Any]:
    """Return a status as part of a message."""
    return asdict(status)


def failure(error: Exception) -> dict[str, str]:
    """Return what went wrong as part of a reply."""
    kind = next((kind for kind, known in _FAILURES.items() if isinstance(error, known)), "error")
    return {kind: str(error)}


def raise_failure(reply: Mapping[str, Any]) -> None:
    """Raise what a reply says went wrong."""
    for kind, known in _FAILURES.items():
        if kind in reply:
            raise known(str(reply[kind]))
    if "error" in reply:
        raise InterlockTripped(f"the guard did not understand: {reply['error']}")
