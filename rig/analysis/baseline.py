"""Where zero is: in a zero capture, in the record's own quiet parts, or at the instrument's own zero."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.uncertainty import root_sum_square, rounding

if TYPE_CHECKING:
    from rig.analysis.segment import Pulses, Quiet
    from rig.analysis.shape import Phases
    from rig.analysis.trace import Course, Floats
    from rig.model.signal_path import SignalPath

__all__ = ["Baseline", "analogue_noise", "block_uncertainty", "find_baseline"]

_BLOCKS = 16
_LEAST_REST = 2
# A level at rest of so many times the specified offset is no offset.
_LARGE_OFFSET = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Where zero is: value, statistical uncertainty (A or V), origin, and whether that is a zero capture.

    ``rms`` is the noise about it, ``degrees_of_freedom`` are those of the statistical uncertainty. ``is_nominal`` says
    that it is the instrument's own zero, uncertain by its specified offset.
    """

    value: float
    standard_uncertainty: float
    source: str
    is_zero_capture: bool
    rms: float = 0.0
    degrees_of_freedom: float = math.inf
    is_nominal: bool = False


def analogue_noise(rms: float, path: SignalPath) -> float:
    """Return noise without what rounding adds; of samples that flip between two codes only the specification tells."""
    found = math.sqrt(max(rms**2 - path.resolution**2 / 12, 0.0))
    return min(found, path.noise) if path.noise > 0 else found


def block_uncertainty(values: Floats) -> float:
    """Standard uncertainty of a mean whose noise may wander: from block means, never below the white-noise value.

    >>> block_uncertainty(np.zeros(100))
    0.0
    """
    white = float(values.std()) / math.sqrt(len(values))
    if len(values) < 2 * _BLOCKS:
        return white
    blocks = values[: len(values) // _BLOCKS * _BLOCKS].reshape(_BLOCKS, -1).mean(axis=1)
    return _wandering(white, np.asarray(blocks, dtype=np.float64))


def _wandering(white: float, blocks: Floats) -> float:
    return max(white, float(blocks.std(ddof=1)) / math.sqrt(len(blocks)))


def _own_baseline(trace: Course, pulses: Pulses, phases: Phases, quiet: Quiet) -> tuple[float, float]:
    """Mean deviation of the record's quiet parts and its uncertainty: between pulses, once each has recovered."""
    if not len(pulses):
        levels = trace.levels()
        white = levels.standard_deviation / math.sqrt(len(trace))
        return levels.mean, white if len(trace) < 2 * _BLOCKS else _wandering(white, trace.blocks(_BLOCKS))
    begin, end = phases.begin[pulses.first], phases.end[pulses.stop - 1]
    recovery = np.minimum(end - begin, 0.5 * np.append(begin[1:] - end[:-1], len(trace) - 1 - end[-1]))
    left = np.concatenate(([0.0], end + recovery))
    right = np.append(begin, float(len(trace) - 1))
    rest = right - left > _LEAST_REST
    if not rest.any():
        return 0.0, quiet.noise
    area = trace.deviation_integral(left[rest], right[rest])
    length = (right - left)[rest]
    mean = float(area.sum() / (length.sum() * trace.interval))
    each = area / (length * trace.interval)
    spread = math.sqrt(float(np.average((each - mean) ** 2, weights=length)) / max(len(each) - 1, 1))
    return mean, max(spread, quiet.noise / math.sqrt(float(length.sum())))


def _without_zero_capture(value: float, u: float, path: SignalPath, *, rests: bool) -> Baseline:
    """The record's own level at rest, as long as an offset of the instrument explains it; else the instrument's zero.

    A current that flows all the time, or between pulses, would otherwise be taken for no current.
    """
    if path.offset > 0 and (not rests or abs(value) > _LARGE_OFFSET * path.offset):
        why = "more flows at rest than its offset explains" if rests else "the record shows no rest"
        return Baseline(
            value=0.0,
            standard_uncertainty=path.offset,
            source=f"the instrument's own zero, for {why}",
            is_zero_capture=False,
            is_nominal=True,
        )
    return Baseline(value=value, standard_uncertainty=u, source="the record's own quiet parts", is_zero_capture=False)


def find_baseline(
    trace: Course, pulses: Pulses, phases: Phases, quiet: Quiet, *, path: SignalPath, zero: Floats | None
) -> Baseline:
    """Return where zero is.

    Parameters
    ----------
    trace : of the record, about its quiet level
    zero : values of the zero capture, shape (n,), n ≥ 1, if there is one
    """
    if zero is None:
        mean, u = _own_baseline(trace, pulses, phases, quiet)
        rounded = rounding(path.resolution, analogue_noise(quiet.rms, path))
        u = root_sum_square(u, rounded)
        return _without_zero_capture(quiet.level + mean, u, path, rests=len(pulses) > 0)
    rms = float(zero.std())
    return Baseline(
        value=float(zero.mean()),
        standard_uncertainty=root_sum_square(
            block_uncertainty(zero), rounding(path.resolution, analogue_noise(rms, path))
        ),
        source="zero capture",
        is_zero_capture=True,
        rms=rms,
        degrees_of_freedom=min(len(zero), _BLOCKS) - 1,
    )
