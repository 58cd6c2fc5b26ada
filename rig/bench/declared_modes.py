"""The output modes of a device as its maker declares them: each with the highest settings that it can be given."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from rig.model.stimulus import Shape
from rig.units import Unit
from rig.units.fields import Quantity

__all__ = ["DeclaredMode", "HighestSettings"]


class HighestSettings(BaseModel):
    """Settings that can be chosen together, and of which none can be raised without lowering another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amplitude: Annotated[float, Quantity(Unit.AMPERE, "positive")]
    phase_duration: Annotated[float, Quantity(Unit.SECOND, "positive")]
    rate: Annotated[float, Quantity(Unit.HERTZ, "positive")]


class DeclaredMode(BaseModel):
    """One output mode: its name as plans call it, its shape, and its ``highest`` settings.

    There are several where one excludes another: the highest amplitude with a short phase, the longest phase with less.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    shape: Shape
    highest: Annotated[tuple[HighestSettings, ...], Field(min_length=1, max_length=20)]
