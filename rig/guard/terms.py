"""The nouns of the guard: a permission, a trip, how things stand, and who keeps what happened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rig.guard.make_safe import StepDone
    from rig.model.intent import Intent

__all__ = ["Kind", "Log", "Status", "Token", "Trip"]


class Kind(StrEnum):
    """What has caused a trip: something that the guard saw or its client told it, a person, the loss of the bench."""

    GUARD = "guard"
    OPERATOR = "operator"
    LEASE = "lease"


class Log(Protocol):
    """Whoever keeps what happened."""

    def write(self, event: str, **facts: object) -> None:
        """Keep one event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Permission to energise as intended until ``expires``, s on the clock of whoever holds it."""

    id: str
    expires: float
    intent: Intent


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Why and how the bench was made safe; ``safe`` if the contact reported to be open in the end."""

    reason: str
    steps: tuple[StepDone, ...]
    safe: bool
    seconds: float
    kind: Kind = Kind.GUARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How things stand; ``remaining`` of the token that is out, s, and ``tripped`` the reason, empty if not."""

    owner: str | None
    energised: bool
    remaining: float | None
    tripped: str
    safe: bool
