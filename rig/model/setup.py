"""How an instrument is to be set for one capture; what it could not do exactly comes back as set."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Coupling", "DigitizerSetup", "DigitizerTrigger", "Reduction", "ScopeChannel", "ScopeSetup", "Trigger"]


class Coupling(StrEnum):
    """How an input is coupled."""

    DC = "DC"
    AC = "AC"


class Reduction(StrEnum):
    """What a kept sample is: one conversion, the mean of neighbouring ones, or the mean over several records."""

    NONE = "normal"
    HIGH_RESOLUTION = "high resolution"
    AVERAGE = "average"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeChannel:
    """``full_scale`` is the whole vertical range at the probe tip, V (peak to peak); ``probe`` its attenuation."""

    full_scale: float
    probe: float = 10.0
    offset: float = 0.0
    bandwidth_limit: bool = False
    coupling: Coupling = Coupling.DC


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Edge trigger: ``level`` in V at the probe tip; ``slope`` is +1 rising, −1 falling, 0 either."""

    channel: int
    level: float
    slope: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeSetup:
    """One single-shot capture: ``window`` s long, of which the part ``pretrigger`` (0 to 1) lies before the trigger.

    Without a trigger the capture is forced (zero capture). ``points`` is what is kept of each channel and segment.
    ``averages`` is how many records :attr:`Reduction.AVERAGE` takes the mean of; ``segments`` how many records, each
    with a trigger of its own, one acquisition fills.
    """

    channels: Mapping[int, ScopeChannel]
    window: float
    points: int
    pretrigger: float = 0.1
    trigger: Trigger | None = None
    reduction: Reduction = Reduction.NONE
    averages: int = 1
    segments: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitizerTrigger:
    """An edge that a digitizer waits for: of a channel passing ``level``, V, or of a digital terminal, without one.

    ``source`` is a channel (``ai0``) or a terminal (``PFI0``), ``slope`` +1 rising, −1 falling. With ``pretrigger``
    samples, so many of what is kept lie before the edge.
    """

    source: str
    slope: int = 1
    level: float | None = None
    pretrigger: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitizerSetup:
    """One finite acquisition: per physical channel its half range (±V), ``rate`` in samples per second and channel.

    Without a trigger it begins at once.
    """

    channels: Mapping[str, float]
    rate: float
    samples: int
    trigger: DigitizerTrigger | None = None
