"""Whether a capture is fit to be judged: clipped, gapped, untriggered, dead or too coarse captures are not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rig.model.recording import Recording
    from rig.model.stimulus import Stimulus
    from rig.model.waveform import Waveform

__all__ = ["Defect", "Fault", "inspect", "inspect_recording"]

_LEAST_PER_PHASE = 10
_LEAST_SAMPLES = 8
# No instrument on this bench reads this much, in whatever unit.
_ABSURD = 1e12
# So many equal extreme samples in a row, where the noise at rest spans codes, are a rail and not a plateau.
_FLAT_RUN = 16
_QUANTUM_SAMPLE = 65536
# Samples of a recording that are looked at in one go.
_PART = 1 << 22


class Fault(StrEnum):
    """What can be wrong with a capture."""

    NO_DATA = "no data"
    NOT_A_NUMBER = "not a number"
    CLIPPED = "clipped"
    HOLE = "hole"
    NOT_TRIGGERED = "not triggered"
    CONSTANT = "constant"
    FEW_SAMPLES = "few samples per phase"
    SHORT = "shorter than one pulse"


# What is the same in all parts of a recording.
_OF_ALL = {Fault.NO_DATA, Fault.NOT_TRIGGERED, Fault.CONSTANT, Fault.FEW_SAMPLES, Fault.SHORT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One thing wrong with a capture, said in one sentence, and whether it forbids judging (INCONCLUSIVE)."""

    fault: Fault
    sentence: str
    forbids: bool = True


def inspect(waveform: Waveform, *, triggered: bool, expected: Stimulus | None) -> tuple[Defect, ...]:
    """Return what is wrong with a capture; nothing where it may be judged.

    Parameters
    ----------
    triggered : whether the instrument saw the event it waited for (true where it waited for none)
    expected : the stimulus the capture should show; None for a zero or idle capture, which may well be constant
    """
    samples = waveform.samples
    if len(samples) < _LEAST_SAMPLES:
        sentence = f"{waveform.source}: {len(samples)} samples are no capture"
        return (Defect(fault=Fault.NO_DATA, sentence=sentence),)
    defects = [_not_triggered(waveform, triggered=triggered), _hole(waveform)]
    not_numbers = _not_numbers(waveform)
    if not_numbers is not None:
        return tuple(defect for defect in (*defects, not_numbers) if defect is not None)
    # Holes are no samples: what they hold is neither clipped nor a peak.
    known = samples if waveform.hole is None else samples[samples != waveform.hole]
    if len(known):
        defects += [_clipped(waveform, known), _constant(waveform, known, expected), *_coarse(waveform, expected)]
    return tuple(defect for defect in defects if defect is not None)


def inspect_recording(recording: Recording, *, triggered: bool, expected: Stimulus | None) -> tuple[Defect, ...]:
    """Return what is wrong with a recording, part by part, as :func:`inspect` does for a waveform.

    Of a fault that several parts show, the first one's sentence stands, with the number of the others.
    """
    found: dict[Fault, list[Defect]] = {}
    parts = 0
    for part in recording.parts(_PART):
        parts += 1
        for defect in inspect(part, triggered=triggered, expected=expected):
            found.setdefault(defect.fault, []).append(defect)
    if len(found.get(Fault.CONSTANT, ())) < parts:
        found.pop(Fault.CONSTANT, None)  # a part that rests
    return tuple(
        defects[0]
        if len(defects) == 1 or fault in _OF_ALL
        else replace(defects[0], sentence=f"{defects[0].sentence}, and more in {len(defects) - 1} later parts")
        for fault, defects in found.items()
    )


def _not_triggered(waveform: Waveform, *, triggered: bool) -> Defect | None:
    if triggered:
        return None
    return Defect(fault=Fault.NOT_TRIGGERED, sentence=f"{waveform.source}: the event to be captured never came")


def _at(waveform: Waveform, index: int) -> str:
    return f"{waveform.start + index * waveform.interval:.6g} s"


def _hole(waveform: Waveform) -> Defect | None:
    if waveform.hole is None:
        return None
    holes = np.flatnonzero(waveform.samples == waveform.hole)
    if not len(holes):
        return None
    sentence = f"{waveform.source}: {len(holes)} samples are missing, the first at {_at(waveform, int(holes[0]))}"
    return Defect(fault=Fault.HOLE, sentence=sentence)


def _not_numbers(waveform: Waveform) -> Defect | None:
    if waveform.samples.dtype.kind != "f":
        return None
    bad = np.flatnonzero(~(np.abs(waveform.samples) < _ABSURD))
    if not len(bad):
        return None
    sentence = f"{waveform.source}: {len(bad)} samples are not numbers, the first at {_at(waveform, int(bad[0]))}"
    return Defect(fault=Fault.NOT_A_NUMBER, sentence=sentence)


def _rails(waveform: Waveform) -> tuple[float, float] | None:
    """Return the known rails; of integer codes, at least the ends of their type."""
    if waveform.rails is not None:
        return waveform.rails
    if waveform.samples.dtype.kind in "iu":
        limits = np.iinfo(waveform.samples.dtype)
        return float(limits.min), float(limits.max)
    return None


def _clipped(waveform: Waveform, known: NDArray[Any]) -> Defect | None:
    rails = _rails(waveform)
    low, high = known.min(), known.max()
    if rails is not None and (low <= rails[0] or high >= rails[1]):
        beyond = np.flatnonzero((waveform.samples <= rails[0]) | (waveform.samples >= rails[1]))
        real = beyond if waveform.hole is None else beyond[waveform.samples[beyond] != waveform.hole]
        sentence = f"{waveform.source}: clipped in {len(real)} samples, the first at {_at(waveform, int(real[0]))}"
        return Defect(fault=Fault.CLIPPED, sentence=sentence)
    for extreme in (low, high):
        flat = _flat_top(known, float(extreme))
        if flat:
            sentence = (
                f"{waveform.source}: clipped, for {flat} samples in a row have the same extreme value "
                "while noise spans several values elsewhere"
            )
            return Defect(fault=Fault.CLIPPED, sentence=sentence)
    return None


def _flat_top(known: NDArray[Any], extreme: float) -> int:
    """Length of the longest run of samples at the extreme, 0 where it is none that noise would have broken up."""
    at = np.flatnonzero(known == extreme)
    if len(at) < _FLAT_RUN:
        return 0
    breaks = np.flatnonzero(np.diff(at) > 1)
    bounds = np.concatenate(([-1], breaks, [len(at) - 1]))
    longest = int(np.diff(bounds).max())
    if longest < _FLAT_RUN:
        return 0
    some = known[:: max(1, len(known) // _QUANTUM_SAMPLE)].astype(np.float64)
    distinct = np.unique(some)
    if len(distinct) < 4:  # noqa: PLR2004 - three levels without noise are a plain rectangular pulse
        return 0
    quantum = float(np.diff(distinct).min())
    rest = float(np.median(some))
    spread = 1.4826 * float(np.median(np.abs(some - rest)))
    return longest if rest != extreme and spread >= quantum else 0


def _constant(waveform: Waveform, known: NDArray[Any], expected: Stimulus | None) -> Defect | None:
    if known.min() != known.max():
        return None
    sentence = f"{waveform.source}: all samples have the same value, as of a channel that is dead or not connected"
    return Defect(fault=Fault.CONSTANT, sentence=sentence, forbids=expected is not None)


def _coarse(waveform: Waveform, expected: Stimulus | None) -> list[Defect | None]:
    if expected is None:
        return []
    found: list[Defect | None] = []
    per_phase = expected.phase_duration / waveform.interval
    if per_phase < _LEAST_PER_PHASE:
        sentence = (
            f"{waveform.source}: {per_phase:.1f} samples per phase of {expected.phase_duration:.4g} s are fewer than "
            f"{_LEAST_PER_PHASE}"
        )
        found.append(Defect(fault=Fault.FEW_SAMPLES, sentence=sentence))
    if waveform.duration < expected.pulse_width:
        sentence = f"{waveform.source}: the record of {waveform.duration:.4g} s is shorter than one pulse"
        found.append(Defect(fault=Fault.SHORT, sentence=sentence))
    return found
