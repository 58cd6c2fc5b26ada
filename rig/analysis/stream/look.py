"""A first look at a recording: where it rests and how large it is; and what a pass shows better than the look did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.oscillation import find_oscillation
from rig.analysis.plateau import plateau_trim, steep_from
from rig.analysis.segment import LONE_SAMPLE, Quiet, quiet_level, run_threshold, shows_pulses
from rig.analysis.shape import bin_width_of
from rig.analysis.stream.levels import Levels

if TYPE_CHECKING:
    from rig.analysis.oscillation import Oscillation
    from rig.analysis.stream.rows import Rows
    from rig.model.recording import Recording

__all__ = ["Look", "first_look", "is_better", "shown_by"]

# Rest is looked for in so many stretches of so many samples, spread evenly; phases in one stretch about the largest.
_STRETCHES, _STRETCH = 16, 1 << 16
_CLOSER, _LEAD = 1 << 18, 1 << 12
# Nothing exceeds this many codes.
_NEVER = float(1 << 30)
# A pass is repeated where threshold or bins were off by this part, or plateaus are shorter by that.
_OFF, _SHORTER = 0.02, 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """What was seen, in codes: rest, an alternating current if there is one, and levels for a pass.

    ``closer`` are the bounds of the stretch about the ``largest`` deviation; ``oscillation`` speaks of that alone.
    """

    quiet: Quiet
    oscillation: Oscillation | None
    levels: Levels
    largest: float
    closer: tuple[int, int]


def first_look(
    recording: Recording, *, zero: float | None, nothing: float, floor: float, noise: float, step: float
) -> Look:
    """Look at some stretches of a recording.

    Parameters
    ----------
    zero : mean code of the zero capture, if there is one
    nothing : code that means zero, as far as known
    floor : least noise to assume
    noise : most that one sample's may be before it is rounded, rms: as the instrument is specified
    step : one code, as the instrument resolves
    """
    length = len(recording)
    wide = min(_STRETCH, length)
    begins = np.unique(np.linspace(0, length - wide, _STRETCHES).astype(np.int64))
    stretches = [np.asarray(recording.codes(int(one), int(one) + wide), dtype=np.float64) for one in begins]
    quiet = quiet_level(np.concatenate(stretches), zero=zero, floor=floor)
    highest = [float(np.abs(one - quiet.level).max()) for one in stretches]
    best = int(np.argmax(highest))
    at = int(begins[best]) + int(np.abs(stretches[best] - quiet.level).argmax())
    first = max(min(at - _LEAD, length - _CLOSER), 0)
    closer = (first, min(first + _CLOSER, length))
    values = np.asarray(recording.codes(*closer), dtype=np.float64)
    oscillation = find_oscillation(values, quiet, zero=nothing, floor=floor)
    quiet = quiet if oscillation is None else oscillation.quiet
    largest = max(float(np.abs(one - quiet.level).max()) for one in (*stretches, values))
    levels = Levels(
        quiet=quiet.level,
        noise=quiet.noise,
        threshold=_NEVER,
        baseline=quiet.level if zero is None else zero,
        analogue=min(max(quiet.rms**2 - step**2 / 12, 0.0) ** 0.5, noise),
        step=step,
    )
    levels = _sized(levels, largest, quiet)
    return Look(quiet=quiet, oscillation=oscillation, levels=levels, largest=largest, closer=closer)


def _sized(levels: Levels, largest: float, quiet: Quiet) -> Levels:
    threshold = run_threshold(largest, quiet) if shows_pulses(largest, quiet) else _NEVER
    return replace(levels, threshold=threshold, lone=LONE_SAMPLE * largest)


def shown_by(rows: Rows, levels: Levels, quiet: Quiet, *, largest: float) -> Levels:
    """Return the levels that a pass's phases and its largest deviation (codes) ask for."""
    levels = _sized(levels, largest, quiet)
    if not len(rows):
        return levels
    return replace(
        levels,
        width=bin_width_of(float(np.median(rows["peak"])), quiet.noise),
        edge=int(rows["climb"].max()),
        steep=steep_from(rows["steepness"]),
    )


def is_better(shown: Levels, used: Levels, rows: Rows) -> bool:
    """Whether a pass with the levels that were shown would tell more than that with those that were used."""
    if abs(shown.threshold - used.threshold) > _OFF * used.threshold or shown.steep != used.steep:
        return True
    if not len(rows):
        return False
    if abs(shown.width - used.width) > _OFF * shown.width:
        return True
    lengths = rows["end"] - rows["start"]
    lengths = lengths[np.isfinite(lengths)]
    length = np.array([int(np.median(lengths))]) if len(lengths) else np.zeros(1, dtype=np.int64)
    plateaus = [float((length + 1 - 2 * plateau_trim(length, levels.edge))[0]) for levels in (used, shown)]
    return bool(plateaus[1] < (1 - _SHORTER) * plateaus[0])
