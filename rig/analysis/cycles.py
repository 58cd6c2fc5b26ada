"""Alternating current in bursts: chains of evenly spaced, alternating phases are cycles of a carrier, not one pulse."""

from __future__ import annotations

import numpy as np

from rig.analysis.trace import Integers

__all__ = ["carrier_cycles"]

# So many phases in one chain are a carrier; a pulse has two, at most three.
_LEAST_PHASES = 6
# Centres of a carrier's phases are evenly spaced, to this part of their distance.
_EVEN = 0.2
_LEAST_SHARE = 0.5


def carrier_cycles(
    first: Integers, stop: Integers, sign: Integers, begins: Integers, ends: Integers
) -> tuple[Integers, Integers] | None:
    """Return the cycles as stretches of one or two phases, None where the record's pulses are no chains of cycles.

    Parameters
    ----------
    first, stop, sign : of the phases, in samples, shape (m,)
    begins, ends : first phase of every chain, and the one after its last; shape (k,)

    Notes
    -----
    Every chain begins with its own first phase; one that the record's beginning cuts, with the direction of the others.
    """
    lengths = ends - begins
    long = lengths >= _LEAST_PHASES
    if float(lengths[long].sum()) < _LEAST_SHARE * float(lengths.sum()) or not long.any():
        return None
    centre = 0.5 * (first + stop - 1)
    distance = np.diff(centre)
    inside = np.ones(len(distance), dtype=bool)
    inside[begins[1:] - 1] = False
    # Phases that the record cuts have no centre.
    inside[0] &= bool(first[0] > 0)
    usual = float(np.median(distance[inside]))
    if float(np.mean(np.abs(distance[inside] - usual) <= _EVEN * usual)) < _LEAST_SHARE + 0.5 * _LEAST_SHARE:
        return None
    whole = begins[(first[begins] > 0) & long]
    leading = int(np.sign(sign[whole].sum())) if len(whole) else 0
    starts: list[Integers] = []
    for begin, end in zip(begins, ends, strict=True):
        odd = first[begin] <= 2 * usual and leading != 0 and sign[begin] != leading
        pairs = np.arange(begin + 1 if odd else begin, end, 2, dtype=np.int64)
        starts.append(np.concatenate(([begin], pairs)).astype(np.int64) if odd else pairs)
    of_cycle = np.concatenate(starts)
    return of_cycle, np.append(of_cycle[1:], len(first)).astype(np.int64)
