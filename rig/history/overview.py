"""A run as it stands in a list of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.history.results import RunRow
    from rig.model.verdict import Verdict

__all__ = ["Overview"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A run, the ids of its plans, and how many of its cases, by their last attempts, have which verdict."""

    run: RunRow
    plans: tuple[str, ...]
    counts: Mapping[Verdict, int]
