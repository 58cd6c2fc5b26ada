"""How an instrument is to be set for one capture; what it could not do exactly comes back as set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DigitizerSetup", "ScopeChannel", "ScopeSetup", "Trigger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeChannel:
    """``full_scale`` is the whole vertical range at the probe tip, V (peak to peak); ``probe`` its attenuation."""

    full_scale: float
    probe: float = 10.0
    offset: float = 0.0
    bandwidth_limit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Edge trigger: ``level`` in V at the probe tip; ``slope`` is +1 rising, −1 falling, 0 either."""

    channel: int
    level: float
    slope: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeSetup:
    """One single-shot capture: ``window`` s long, of which the part ``pretrigger`` (0 to 1) lies before the trigger.

    Without a trigger the capture is forced (zero capture).
    """

    channels: Mapping[int, ScopeChannel]
    window: float
    points: int
    pretrigger: float = 0.1
    trigger: Trigger | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitizerSetup:
    """One finite acquisition: per physical channel its half range (±V), ``rate`` in samples per second and channel."""

    channels: Mapping[str, float]
    rate: float
    samples: int
