"""What an analysis has found so far, kept step by step by whoever asked for it, so that one cut off can go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, Protocol

from rig.analysis.analysed import Analysis, PhaseRow, PulseRow, Statistics
from rig.analysis.baseline import Baseline
from rig.model.measurement import Component, Distribution, Measurement, NotMeasured, Outcome, Window
from rig.units import Unit

__all__ = ["NOTHING_KEPT", "Progress", "analysis_of", "outcomes_of", "plain", "plain_outcomes"]


class Progress(Protocol):
    """Keeps what a step has found: texts, numbers, lists and mappings of them, as JSON knows them, and infinity.

    What is recalled was kept by the same code of the same recording with the same settings: who keeps it sees to that.
    """

    def recall(self, step: str) -> Mapping[str, Any] | None:
        """Return what a step has found; None where it has not been done."""

    def keep(self, step: str, found: Mapping[str, Any]) -> None:
        """Keep what a step has found."""


class _Nothing:
    def recall(self, step: str) -> Mapping[str, Any] | None:  # noqa: ARG002 - whatever the step is
        return None

    def keep(self, step: str, found: Mapping[str, Any]) -> None:
        """Forget it."""


NOTHING_KEPT: Progress = _Nothing()
"""For an analysis that begins anew whenever it is asked for."""


def plain(analysis: Analysis) -> dict[str, Any]:
    """Return an analysis as texts, numbers, lists and mappings."""
    return {
        "outcomes": plain_outcomes(analysis.outcomes),
        "pulses": [asdict(row) for row in analysis.pulses],
        "whole": analysis.whole,
        "cut": analysis.cut,
        "statistics": asdict(analysis.statistics),
        "baseline": asdict(analysis.baseline),
    }


def analysis_of(found: Mapping[str, Any]) -> Analysis:
    """Return the analysis again; not a bit of it has changed."""
    return Analysis(
        outcomes=MappingProxyType(outcomes_of(found["outcomes"])),
        pulses=tuple(
            PulseRow(**{**row, "phases": tuple(PhaseRow(**phase) for phase in row["phases"])})
            for row in found["pulses"]
        ),
        whole=found["whole"],
        cut=found["cut"],
        statistics=Statistics(**found["statistics"]),
        baseline=Baseline(**found["baseline"]),
    )


def plain_outcomes(outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """Return outcomes by name as texts, numbers, lists and mappings."""
    return {name: asdict(outcome) for name, outcome in outcomes.items()}


def outcomes_of(found: Mapping[str, Any]) -> dict[str, Outcome]:
    """Return the outcomes again."""
    return {name: _outcome(entry) for name, entry in found.items()}


def _outcome(entry: Mapping[str, Any]) -> Outcome:
    if "reason" in entry:
        return NotMeasured(**entry)
    return Measurement(**{
        **entry,
        "unit": Unit(entry["unit"]),
        "window": Window(**entry["window"]),
        "origin": tuple(entry["origin"]),
        "components": _components(entry["components"]),
        "single_components": _components(entry["single_components"]),
    })


def _components(entries: list[Mapping[str, Any]]) -> tuple[Component, ...]:
    return tuple(Component(**{**entry, "distribution": Distribution(entry["distribution"])}) for entry in entries)
