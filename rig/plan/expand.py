"""Sweeps multiplied out: ordered combinations, each with a label that becomes part of the case's id."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.plan.schema import FOREVER, STIMULUS_KEYS, StimulusPart, Sweep, SweepKeys
from rig.units import Unit, format_quantity

__all__ = ["Combination", "axes_of", "combinations", "count", "merged_stimulus", "missing_keys", "stimulus_of"]

_UNITS = {
    "amplitude": Unit.AMPERE,
    "phase_duration": Unit.SECOND,
    "interphase": Unit.SECOND,
    "rate": Unit.HERTZ,
    "train": Unit.SECOND,
}
_REQUIRED = ("shape", "amplitude", "phase_duration", "rate", "train")
_PRESET: Mapping[str, Any] = {"channel": 1, "interphase": 0.0, "polarity": Polarity.POSITIVE}

Axis = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """One combination of swept values; the label is empty where nothing is swept."""

    label: str
    values: Mapping[str, Any]


def axes_of(sweep: Sweep, written: Mapping[str, Any]) -> list[Axis]:
    """Return the sweep's axes in the order in which the file gives its keys; zipped keys make one axis."""
    axes: list[Axis] = []
    for key in written:
        if key == "zip" and sweep.zip is not None:
            columns = [_column(sweep.zip, zipped) for zipped in written[key]]
            axes.append([_joined(row) for row in zip(*columns, strict=True)])
        elif key != "zip":
            axes.append(_column(sweep, key))
    return axes


def _joined(cells: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {key: value for cell in cells for key, value in cell.items()}


def _column(keys: SweepKeys, key: str) -> Axis:
    return [{key: value} for value in keys.axis(key)]


def count(axes: Sequence[Axis]) -> int:
    """Return how many combinations there are, without making them."""
    return math.prod(len(axis) for axis in axes)


def combinations(axes: Sequence[Axis]) -> Iterator[Combination]:
    """Yield every combination, the last axis varying fastest; without axes, the one empty combination."""
    for cells in itertools.product(*axes):
        values = _joined(cells)
        yield Combination(label="-".join(_label(key, value) for key, value in values.items()), values=values)


def _label(key: str, value: Any) -> str:  # noqa: ANN401 - whatever a sweep holds
    """Write a value so that it may be part of a file name: ``20mA``, ``1kohm``, ``ch2``, ``monophasic``."""
    if key == "channel":
        return f"ch{value}"
    if isinstance(value, StrEnum):
        return value.value
    text = value if isinstance(value, str) else format_quantity(value, _UNITS[key])
    return text.replace(" ", "")


def merged_stimulus(*parts: StimulusPart, swept: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of the stimulus: presets, then each part, then the swept values, the later one winning."""
    merged = dict(_PRESET)
    for part in parts:
        merged.update({key: getattr(part, key) for key in part.model_fields_set})
    merged.update({key: value for key, value in swept.items() if key in STIMULUS_KEYS})
    return merged


def missing_keys(merged: Mapping[str, Any]) -> list[str]:
    """Return the stimulus keys that nothing gave."""
    return [key for key in _REQUIRED if key not in merged]


def stimulus_of(merged: Mapping[str, Any], exposure: float | None) -> Stimulus:
    """Return the stimulus; ``train: forever`` lasts at most as long as the plan's ceiling on exposure, s."""
    train = exposure if merged["train"] == FOREVER else merged["train"]
    interphase = 0.0 if merged["shape"] is Shape.MONOPHASIC else merged["interphase"]
    return Stimulus(**{**merged, "train": train, "interphase": interphase})
