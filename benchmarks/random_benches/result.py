"""What one random bench gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rig.model.measurement import Outcome

__all__ = ["Trial"]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One bench: the outcomes by measurand, and the true values of those that the shape defines."""

    outcomes: Mapping[str, Outcome]
    truth: Mapping[str, float]
