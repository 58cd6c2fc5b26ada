"""The one pass over raw codes, compiled: sums of everything, and the shape of every phase.

All sums are of whole numbers, and what is decided about a sample depends on the samples alone: never on where a chunk
ends. Quiet stretches cost a few 16-bit operations a sample; only where a threshold is crossed are samples copied, and
measured once the signal is at rest again. All that is compiled stands in this one long file, with every constant, for
the cache of compiled code notices changes of its file, and not of those that it takes from (docs/decisions/0014).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numba
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]
    # A record of rig.analysis.stream.layout, and a number that is int64 or float64 once compiled.
    Fields = Any
    Whole = Any
    Real = Any

__all__ = [
    "EXTREMES_COARSE",
    "EXTREMES_FINE",
    "EXTREMES_PER_OCTAVE",
    "GUARD",
    "RUNS",
    "SPAN",
    "Rooms",
    "finish",
    "scan",
]

_F = TypeVar("_F", bound="Callable[..., Any]")

# Nothing in here makes an array: without counting who refers to each, in atomic steps, a phase takes a sixth less time.
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}


def compiled(function: _F) -> _F:
    """Compile on first use, for each type of code, and keep the result on disk; the lock is let go while it runs."""
    return cast("_F", numba.njit(**_OPTIONS)(function))


# So many samples below the threshold end a stretch of activity; more than the margin in which an edge's 10 % may lie.
GUARD = 16
# Runs in one stretch of activity before its finished phases are handed out.
RUNS = 4096
# Samples looked at in one go, at most.
SPAN = 1600
# Expected extremes of normal deviates: of every number below a bound, then so many to an octave, so many in all.
EXTREMES_FINE, EXTREMES_PER_OCTAVE, EXTREMES_COARSE = 256, 32, 32 * 24
# Squares of deviations up to this fit a 32-bit sum over a span; and half of what 16 bits hold.
_SMALL = 1100
_HALF = 1 << 15
# Samples copied in one go: of those after the end of the activity, as few as that.
_COPIED = 384
# Samples compared in one go.
_STEP = 64
# Deviations whose sum fits 32 bits, and what none of them reaches.
_MANY = 4096
_FURTHEST = 1 << 20
# As in the analysis of whole records (segment, shape).
_CHATTER = 3
_MARGIN = 8
_HYSTERESIS = 1.5
_TRIM = 0.05
_CLIMBED = 0.7
_EDGE = 4
_LEAST_PLATEAU = 8
_STEEP = 0.02
_STATE = 5.0
_FALLS_FROM = 0.93
# Squares of doubled places in plateaus of fewer samples fit 32 bits, and what they weigh 64.
_SHORT = 46_340
# As in the analysis of whole records (aftermath).
_LOBE_LENGTH = 0.1
_LOBE_PEAK = 0.5
_LOBE_GAP = 0.1
_FOLLOWS = 0.05
_LEAST_LENGTH = 32
_PARTS = 4
_STRAIGHT = 0.25
_NEAR_ENDS = 0.35
_LEAST_FALL = 0.3
_MOST_GIVEN = 1.2
# As in the analysis of whole records (crest).
_HIGHER = 0.03
_ABOVE_NOISE = 8.0
_EARLY = 0.33
_BESIDE = 0.3
_UPPERMOST = 0.2
_NARROW = 0.1


class _Around(NamedTuple):
    """Where the runs before and after end and begin, and first and last sample at 50 % of this one."""

    prior_stop: Whole
    following: Whole
    first_half: Whole
    last_half: Whole


class Rooms(NamedTuple):
    """Arrays that the pass works in.

    Attributes
    ----------
    ring : shape (strides of the longest window + 2, 2), sums at multiples of the stride
    windows : the sliding windows
    history : shape (h,), the newest deviations before this chunk, at its end
    kept : shape (longest,), deviations of the open stretch of activity
    runs, rows : room for runs of one stretch, and for phases
    counts, numbers : shapes (4, 64) and (512,), for histograms
    extremes : how far the largest of n normal deviates lies above their mean (:func:`extremes`)
    """

    ring: Array
    windows: Array
    history: Array
    kept: Array
    runs: Array
    rows: Array
    counts: Array
    numbers: Array
    extremes: Array


@compiled
def _sums(part: Array, reference: int) -> tuple[Whole, Whole, Whole, Whole]:
    """Sum and sum of squares of deviations, least and greatest deviation: exact whatever the codes are."""
    total = np.int64(0)
    squares = np.int64(0)
    low = high = part[0]
    for i in range(part.size):
        code = part[i]
        low = min(low, code)
        high = max(high, code)
        deviation = np.int64(code) - reference
        total += deviation
        squares += deviation * deviation
    return total, squares, np.int64(low) - reference, np.int64(high) - reference


@compiled
def _small_sums(part: Array, reference: int) -> tuple[Whole, Whole, Whole, Whole]:
    """Return the same from 16 bits, which is faster; beyond ``_SMALL`` the extremes alone are right.

    Deviations are multiplied as signed numbers and added as unsigned ones, half of 2¹⁶ too large: where both are made
    from one number, compilers miss the instruction that multiplies pairs and adds them at once.
    """
    zero, far_below = np.int16(reference), np.int16(reference - _HALF)
    total, squares = np.int32(0), np.int32(0)
    low = high = part[0]
    for i in range(part.size):
        code = part[i]
        low = min(low, code)
        high = max(high, code)
        deviation = np.int16(code - zero)
        squares = np.int32(squares + np.int32(np.int32(deviation) * np.int32(deviation)))
        total = np.int32(total + np.int32(np.uint16(np.int16(code - far_below))))
    return np.int64(total) - _HALF * part.size, np.int64(squares), np.int64(low) - reference, np.int64(high) - reference


@compiled
def _sums_of(part: Array, reference: int) -> tuple[Whole, Whole, Whole, Whole]:
    """Return the same in the faster way where it is right."""
    total, squares, low, high = _small_sums(part, reference)
    if low < -_SMALL or high > _SMALL:
        return _sums(part, reference)
    return total, squares, low, high


@compiled
def _count_rails(part: Array, setting: Fields, carry: Fields) -> None:
    reference, least, most = setting["reference"], setting["rail_low"], setting["rail_high"]
    at_low = at_high = np.int64(0)
    for i in range(part.size):
        deviation = np.int64(part[i]) - reference
        at_low += deviation <= least
        at_high += deviation >= most
    carry["at_low_rail"] += at_low
    carry["at_high_rail"] += at_high


@compiled
def _end_stride(carry: Fields, ring: Array, windows: Array) -> None:
    """Note the sums at a multiple of the stride and look at the windows that end there."""
    carry["in_stride"] = 0
    carry["strides"] += 1
    number = carry["strides"]
    ring[number % len(ring), 0] = carry["total"]
    ring[number % len(ring), 1] = carry["squares"]
    for k in range(len(windows)):
        window = windows[k]
        for which in range(2):
            strides = window["strides"] if which == 0 else window["spanning"]
            if number < strides:
                continue
            earlier = ring[(number - strides) % len(ring)]
            squares = float(carry["squares"] - earlier[1])
            total = float(carry["total"] - earlier[0])
            # ∑(d − p)² without the part that is the same in all windows of this length
            value = squares - 2.0 * window["pedestal"] * total
            if which == 1:
                window["bound"] = max(window["bound"], value)
            elif window["found"] == 0 or value > window["worst"]:
                window["found"] = 1
                window["worst"] = value
                window["begin"] = number - strides


@compiled
def scan(codes: Array, setting: Fields, carry: Fields, rooms: Rooms) -> Whole:
    """Take codes up to the end of the chunk, or until ``rows`` must be emptied first; return how many were taken.

    Parameters
    ----------
    codes : shape (n,), read-only, any integer type of at most 16 bits
    setting, carry : see :mod:`rig.analysis.stream.layout`
    """
    reference, above, below = setting["reference"], setting["above"], setting["below"]
    stride, span = setting["stride"], setting["span"]
    at = 0
    while at < codes.size and carry["rows"] + RUNS + SPAN < rooms.rows.size:
        until = min(codes.size, at + span, at + stride - carry["in_stride"])
        part = codes[at:until]
        total, squares, low, high = _sums_of(part, reference)
        if carry["open"] or low <= below or high >= above:
            _follow(codes, at, until, setting, carry, rooms)
        carry["total"] += total
        carry["squares"] += squares
        carry["low"] = min(carry["low"], low)
        carry["high"] = max(carry["high"], high)
        if low <= setting["rail_low"] or high >= setting["rail_high"]:
            _count_rails(part, setting, carry)
        carry["position"] += until - at
        carry["in_stride"] += until - at
        if carry["in_stride"] == stride:
            _end_stride(carry, rooms.ring, rooms.windows)
        at = until
    _remember(codes[:at], reference, carry, rooms.history)
    return at


@compiled
def _remember(codes: Array, reference: int, carry: Fields, history: Array) -> None:
    """Keep the newest samples for an edge that begins in them."""
    room, n = history.size, codes.size
    for k in range(room - n):
        history[k] = history[k + n]
    for k in range(max(0, n - room), n):
        history[room - n + k] = np.int64(codes[k]) - reference
    carry["known"] = min(room, carry["known"] + n)


@compiled
def _follow(codes: Array, at: int, until: int, setting: Fields, carry: Fields, rooms: Rooms) -> None:
    """Look closer at a span in which something happens; ``carry`` still stands at its begin."""
    reference, above, below = setting["reference"], setting["above"], setting["below"]
    i = at
    while i < until:
        if not carry["open"]:
            i = _quiet(codes[:until], i, reference, above, below)
            if i == until:
                return
            _open(codes, at, i, setting, carry, rooms)
        i = _gather(codes, i, until, setting, carry, rooms)
        if carry["since"] >= GUARD and carry["rested"]:
            _hand_out(setting, carry, rooms, complete=True)
            carry["open"] = 0
        elif carry["filled"] == rooms.kept.size or carry["found"] >= RUNS:
            _hand_out(setting, carry, rooms, complete=False)


@compiled
def _quiet(codes: Array, i: int, reference: int, above: int, below: int) -> Whole:
    """Return where the codes from ``i`` on leave rest."""
    n = codes.size
    least = np.int32(min(max(reference + below, -_FURTHEST), _FURTHEST))
    most = np.int32(min(max(reference + above, -_FURTHEST), _FURTHEST))
    while i + _STEP <= n:
        some = codes[i : i + _STEP]
        low = high = some[0]
        for k in range(_STEP):
            low = min(low, some[k])
            high = max(high, some[k])
        if low <= least or high >= most:
            return i + _first_beyond(some, least, most)
        i += _STEP
    return i + _first_beyond(codes[i:], least, most)


@compiled
def _first_beyond(some: Array, least: Whole, most: Whole) -> Whole:
    """Place of the first code at or beyond one of the two, or the number of codes; looked for in all at once."""
    first = np.int32(some.size)
    for k in range(some.size):
        beyond = (some[k] <= least) | (some[k] >= most)
        first = min(first, np.int32(k) if beyond else np.int32(_STEP))
    return np.int64(first)


@compiled
def _stay(part: Array, i: int, side: int, bound: int) -> Whole:
    """Return where the deviations from ``i`` on cease to be beyond the threshold: ``side · deviation ≥ bound``."""
    n = part.size
    factor, least = np.int32(side), np.int32(bound)
    while i + _STEP <= n:
        some = part[i : i + _STEP]
        nearest = np.int32(factor * some[0])
        for k in range(_STEP):
            nearest = min(nearest, np.int32(factor * some[k]))
        if nearest < least:
            return i + _first_within(some, factor, least)
        i += _STEP
    return i + _first_within(part[i:], factor, least)


@compiled
def _first_within(some: Array, factor: Whole, least: Whole) -> Whole:
    """Place of the first deviation that is not beyond the threshold, or the number of deviations."""
    first = np.int32(some.size)
    for k in range(some.size):
        first = min(first, np.int32(k) if np.int32(factor * some[k]) < least else np.int32(_STEP))
    return np.int64(first)


@compiled
def _gather(codes: Array, i: int, until: int, setting: Fields, carry: Fields, rooms: Rooms) -> Whole:
    """Copy samples and list runs until the stretch of activity ends, room ends, or the span ends; return where."""
    reference, above, below = setting["reference"], setting["above"], setting["below"]
    rest_low, rest_high = setting["rest_low"], setting["rest_high"]
    kept, runs = rooms.kept, rooms.runs
    until = min(until, i + kept.size - carry["filled"], i + _COPIED)
    shift = carry["filled"] - i
    zero = np.int32(reference)
    source, target = codes[i:until], kept[carry["filled"] : until + shift]
    for k in range(source.size):
        target[k] = np.int32(np.int32(source[k]) - zero)
    part = kept[: until + shift]
    found, side, since, rested = carry["found"], carry["side"], carry["since"], carry["rested"]
    j = carry["filled"]
    while j < part.size and not (rested and since >= GUARD) and found < RUNS:
        if side != 0:
            j = _stay(part, j, side, above if side > 0 else -below)
            runs[found - 1]["stop"] = j
            if j < part.size:
                side, since, rested = 0, 0, 0
            continue
        deviation = part[j]
        if below < deviation < above:
            since += 1
            if rest_low <= deviation <= rest_high:
                rested = 1
            j += 1
            continue
        side, since, rested = (1 if deviation >= above else -1), 0, 0
        if not found or runs[found - 1]["sign"] != side or j - runs[found - 1]["stop"] > _CHATTER:
            run = runs[found]
            run["first"], run["sign"] = j, side
            found += 1
        j += 1
        runs[found - 1]["stop"] = j
    carry["filled"], carry["found"], carry["side"], carry["since"], carry["rested"] = j, found, side, since, rested
    return j - shift


@compiled
def _before(codes: Array, i: int, reference: int, history: Array) -> Whole:
    """Deviation of a sample of this chunk, or, where ``i`` is negative, of the ones before it."""
    return np.int64(codes[i]) - reference if i >= 0 else np.int64(history[history.size + i])


@compiled
def _open(codes: Array, at: int, i: int, setting: Fields, carry: Fields, rooms: Rooms) -> None:
    """Begin a stretch of activity at the crossing ``i``: a little before the signal leaves rest."""
    reference, history, kept = setting["reference"], rooms.history, rooms.kept
    rising = np.int64(codes[i]) - reference >= setting["above"]
    position = carry["position"] + i - at
    # Not so far back that the last run is seen again.
    most = min(history.size - 1, i + carry["known"], position - carry["last_beyond"] - 1, kept.size // 4)
    back = 0
    while back < most:
        back += 1
        deviation = _before(codes, i - back, reference, history)
        if (rising and deviation <= setting["rest_high"]) or (not rising and deviation >= setting["rest_low"]):
            break
    back = min(back + _MARGIN, most)
    total, squares = carry["total"], carry["squares"]
    if i > at:
        passed, of_squares, _, _ = _sums_of(codes[at:i], reference)
        total, squares = total + passed, squares + of_squares
    for k in range(back):
        deviation = _before(codes, i - back + k, reference, history)
        kept[k] = deviation
        total -= deviation
        squares -= deviation * deviation
    carry["open"] = 1
    carry["filled"] = back
    carry["origin"] = position - back
    carry["total_before"], carry["squares_before"] = total, squares
    carry["found"], carry["side"], carry["since"], carry["rested"] = 0, 0, 0, 0
    carry["prior_sign"], carry["begin_known"], carry["continued"] = 0, 0, 0


@compiled
def finish(setting: Fields, carry: Fields, rooms: Rooms) -> None:
    """Hand out what is open at the end of the record."""
    if carry["open"]:
        _hand_out(setting, carry, rooms, complete=True)
        carry["open"] = 0


@compiled
def _hand_out(setting: Fields, carry: Fields, rooms: Rooms, complete: bool) -> None:
    """Measure the phases of the open stretch; where it is not complete, keep the last one, which may go on."""
    runs, found = rooms.runs, carry["found"]
    part = rooms.kept[: carry["filled"]]
    if found == 0:
        if not complete:  # the tail of a phase that was cut before
            carry["begin_known"], carry["continued"] = 0, 0
            _drop(part, part.size - 1, carry, rooms.kept)
        return
    carry["last_beyond"] = carry["origin"] + runs[found - 1]["stop"] - 1
    _judge(part, setting, carry, runs[:found], complete)
    if complete:
        count = _merge_real(runs, found)
        _limit(part, setting, carry, runs, count)
        _measure(part, setting, carry, rooms, count)
        return
    count = _merge_real(runs, found - 1)
    runs[count] = runs[found - 1]
    _limit(part, setting, carry, runs, count + 1)
    _cut(part, setting, carry, rooms, count)


@compiled
def _cut(part: Array, setting: Fields, carry: Fields, rooms: Rooms, count: int) -> None:
    """Hand out all but the last run and move that one to the front; where it fills half of the room, in parts."""
    runs = rooms.runs
    held = runs[count]
    prior_stop = runs[count - 1]["stop"] if count else 0
    keep = max(0, min(int(held["begin"]), max(held["first"] - _MARGIN, prior_stop)) - 1)
    full = part.size == rooms.kept.size
    if part.size - keep <= rooms.kept.size // 2 or (count > 0 and not full):
        carry["begin_known"], carry["begin"] = 1, held["begin"] - keep
        _measure(part, setting, carry, rooms, count)
        if count:
            last = runs[count - 1]
            carry["prior_stop"] = carry["origin"] + last["stop"]
            carry["prior_sign"] = last["sign"]
            carry["continued"] = 0
    elif full:
        keep = part.size - 1
        held["end"] = float(keep)
        _measure(part, setting, carry, rooms, count + 1)
        rooms.rows[carry["rows"] - 1]["unresolved"] = 1
        carry["begin_known"], carry["begin"], carry["prior_sign"], carry["continued"] = 1, 0.0, 0, held["sign"]
    else:
        keep = 0
    runs[0] = runs[count]
    runs[0]["first"] = max(runs[0]["first"] - keep, 0)
    runs[0]["stop"] -= keep
    carry["found"] = 1 if runs[0]["stop"] > 0 else 0
    _drop(part, keep, carry, rooms.kept)


@compiled
def _drop(part: Array, keep: int, carry: Fields, kept: Array) -> None:
    """Forget the samples of the open stretch before ``keep``."""
    total, squares = _powers(part[:keep])
    carry["total_before"] += total
    carry["squares_before"] += squares
    for k in range(part.size - keep):
        kept[k] = kept[keep + k]
    carry["origin"] += keep
    carry["filled"] = part.size - keep


@compiled
def _powers(part: Array) -> tuple[Whole, Whole]:
    """Sum and sum of squares."""
    total, squares = np.int64(0), np.int64(0)
    for k in range(part.size):
        deviation = np.int64(part[k])
        total += deviation
        squares += deviation * deviation
    return total, squares


@compiled
def _extreme(part: Array, sign: int) -> Whole:
    low = high = part[0]
    for k in range(part.size):
        low = min(low, part[k])
        high = max(high, part[k])
    return np.int64(high) if sign > 0 else np.int64(low)


@compiled
def _judge(part: Array, setting: Fields, carry: Fields, runs: Array, complete: bool) -> None:
    """Tell phases from tails that waver around the threshold, from ringing, and from a charge's passive recovery.

    What a run is compared with, is carried on: the run before it, and the phase whose ringing it could be.
    """
    origin, last = carry["origin"], runs.size - 1
    for k in range(runs.size):
        run = runs[k]
        run["peak"] = _extreme(part[run["first"] : run["stop"]], run["sign"])
        height = run["sign"] * (run["peak"] - setting["fraction"])
        length = run["stop"] - run["first"]
        gap = origin + run["first"] - carry["newest_stop"]
        known = carry["newest_sign"] != 0
        near = gap <= max(_CHATTER, int(_LOBE_GAP * carry["head_length"]))
        small = length < _LOBE_LENGTH * carry["head_length"] and height < _LOBE_PEAK * carry["head_height"]
        lobe = known and near and small
        recovers = (
            known
            and gap <= max(_CHATTER, int(_FOLLOWS * carry["newest_length"]))
            and carry["newest_sign"] == -run["sign"]
            and _recovers(part[run["first"] : run["stop"]], height, setting, carry, run["sign"])
        )
        goes_on = k == 0 and carry["continued"] == run["sign"] and run["first"] == 0
        some = length > 1 or height >= setting["lone"]
        reaches = height >= _HYSTERESIS * setting["threshold"]
        run["real"] = goes_on or (reaches and some and not lobe and not recovers)
        if complete or k < last:  # one that goes on is judged again
            if not lobe:
                carry["head_length"], carry["head_height"] = length, height
            carry["newest_stop"], carry["newest_sign"] = origin + run["stop"], run["sign"]
            carry["newest_length"], carry["newest_height"] = length, height


@compiled
def _recovers(phase: Array, height: float, setting: Fields, carry: Fields, sign: int) -> bool:
    """Whether a run is the exponential discharge of the opposite phase before it: its logarithm is a straight line."""
    length = phase.size
    if length < _LEAST_LENGTH:
        return False
    eighth = max(length // 8, 1)
    first = previous = given = 0.0
    least, most = np.inf, -np.inf
    for k in range(_PARTS):
        begin = int((0.25 * k + 0.0625) * length)
        total, _ = _powers(phase[begin : begin + eighth])
        mean = sign * (total / eighth - setting["fraction"])
        if mean <= 0.0:
            return False
        level = np.log(mean)
        given += mean / _PARTS
        if k == 0:
            first = level
        else:
            least, most = min(least, previous - level), max(most, previous - level)
        previous = level
    step = (first - previous) / (_PARTS - 1)
    straight = most - step <= _STRAIGHT * step and step - least <= _STRAIGHT * step
    ends = abs(previous - 0.5 * step - np.log(setting["threshold"])) <= _NEAR_ENDS
    begins = abs(first + 0.5 * step - np.log(height)) <= _NEAR_ENDS
    brought = carry["newest_height"] * carry["newest_length"]
    return straight and ends and begins and _PARTS * step >= _LEAST_FALL and given * length <= _MOST_GIVEN * brought


@compiled
def _merge_real(runs: Array, found: int) -> Whole:
    """Move the real runs to the front, and merge what lies side by side now; return their number."""
    count = 0
    for k in range(found):
        run = runs[k]
        if not run["real"]:
            continue
        if count and runs[count - 1]["sign"] == run["sign"] and run["first"] - runs[count - 1]["stop"] <= _CHATTER:
            last = runs[count - 1]
            last["stop"] = run["stop"]
            last["peak"] = max(last["peak"], run["peak"]) if run["sign"] > 0 else min(last["peak"], run["peak"])
        else:
            if count != k:
                runs[count] = runs[k]
            count += 1
    return count


@compiled
def _limit(part: Array, setting: Fields, carry: Fields, runs: Array, count: int) -> None:
    """Where each phase begins and ends: at the first sample at rest, or where it turns into the opposite phase."""
    rest_low, rest_high = setting["rest_low"], setting["rest_high"]
    for k in range(count):
        run = runs[k]
        up = run["sign"] > 0
        i = run["first"] - 1
        while i > 0 and (part[i] > rest_high if up else part[i] < rest_low):
            i -= 1
        run["begin"] = float(max(i, 0))
        i = run["stop"]
        while i < part.size - 1 and (part[i] > rest_high if up else part[i] < rest_low):
            i += 1
        run["end"] = float(min(i, part.size - 1))
    apart = True
    for k in range(count):
        run = runs[k]
        right, goes_on = run["end"], False
        if k + 1 < count:
            left = runs[k + 1]["begin"]  # a sample yet
            goes_on = right > left
            if goes_on:
                a, b = part[int(left)] - setting["fraction"], part[int(right)] - setting["fraction"]
                share = a / (a - b) if a * b < 0 else 0.5
                run["end"] = left + share * (right - left)
        if apart:
            run["begin"] += _passes(part, setting, run["sign"], int(run["begin"]), 1)
        else:
            run["begin"] = runs[k - 1]["end"]
        if not goes_on:
            run["end"] -= _passes(part, setting, run["sign"], int(right), -1)
        apart = not goes_on
    if count and carry["begin_known"]:
        runs[0]["begin"] = carry["begin"]


@compiled
def _passes(part: Array, setting: Fields, sign: int, at: int, step: int) -> Real:
    """How far towards its phase the level at rest is crossed, from a sample that lies beyond it; 0 from one at rest."""
    beyond = -sign * (part[at] - setting["fraction"])
    inside = sign * (part[min(max(at + step, 0), part.size - 1)] - setting["fraction"])
    rests = setting["rest_low"] <= part[at] <= setting["rest_high"]
    return 0.0 if rests or beyond <= 0.0 or inside <= 0.0 else beyond / (beyond + inside)


@compiled
def _measure(part: Array, setting: Fields, carry: Fields, rooms: Rooms, count: int) -> None:
    """Write a row for each of the first runs."""
    runs, rows = rooms.runs, rooms.rows
    total, squares, summed = carry["total_before"], carry["squares_before"], 0
    last = part.size - 1
    prior_stop = max(0, carry["prior_stop"] - carry["origin"]) if carry["prior_sign"] else 0
    for k in range(count):
        run = runs[k]
        row = rows[carry["rows"]]
        carry["rows"] += 1
        for which in range(2):
            place = run["begin"] if which == 0 else run["end"]
            index = min(max(int(place), 0), last)
            if summed <= index:
                some, of_squares = _powers(part[summed : index + 1])
                total, squares, summed = total + some, squares + of_squares, index + 1
            left, right = np.int64(part[index]), np.int64(part[min(index + 1, last)])
            if which == 0:
                row["begin_index"], row["begin_part"] = carry["origin"] + index, place - index
                row["begin_total"], row["begin_squares"] = total, squares
                row["begin_left"], row["begin_right"] = left, right
            else:
                row["end_index"], row["end_part"] = carry["origin"] + index, place - index
                row["end_total"], row["end_squares"] = total, squares
                row["end_left"], row["end_right"] = left, right
        row["first"], row["stop"] = carry["origin"] + run["first"], carry["origin"] + run["stop"]
        row["sign"] = run["sign"]
        row["unresolved"] = 1 if k == 0 and carry["continued"] == run["sign"] and run["first"] == 0 else 0
        row["peak"] = run["sign"] * (run["peak"] - setting["fraction"])
        following = runs[k + 1]["first"] if k + 1 < count else part.size
        _shape(part, setting, run, row, prior_stop, following, rooms)
        prior_stop = run["stop"]


@compiled
def _shape(
    part: Array, setting: Fields, run: Fields, row: Fields, prior_stop: int, following: int, rooms: Rooms
) -> None:
    """Top, crossings, edges and plateau of one run, as :mod:`rig.analysis.shape` finds them."""
    fraction, sign = setting["fraction"], run["sign"]
    begin, stop = run["first"], run["stop"]
    phase = part[begin:stop]
    top = _top(phase, setting, sign, row, rooms)
    climbed, first_half, last_half = _halves(part, fraction, sign, begin, stop, top)
    row["climb"] = climbed - first_half
    edge = max(setting["edge"], row["climb"])
    trim = min(max(int(_TRIM * (last_half - first_half)), _EDGE * edge + 1), (last_half - first_half) // 2)
    n = last_half - first_half + 1 - 2 * trim
    _plateau(part[first_half + trim : first_half + trim + n], fraction, sign, row)
    row["centre"] = 0.5 * (first_half + last_half) - begin
    slope, curve = (row["slope"], row["curve"]) if n >= _LEAST_PLATEAU else (0.0, 0.0)
    steepness = abs(slope) * n / max(_STEEP * row["middle"], _STATE * setting["noise"] * np.sqrt(12.0 / n))
    row["steepness"] = steepness
    first_plateau = first_half + trim
    rings = False
    if steepness > setting["steep"]:
        top = row["middle"] - curve * (float(n) * n - 1.0) / 12.0
        row["top_samples"] = n
        _, first_half, last_half = _halves(part, fraction, sign, begin, stop, top)
        row["crest"] = row["crest_curve"] = row["crest_reach"] = row["crest_place"] = np.nan
    else:
        rings = _crest(phase, setting, sign, row, top)
    row["near_peak"] = _near_peak(phase, setting, sign, row["peak"], n, rooms.extremes)
    if rings:
        settled = first_plateau + n // 2
        _plateau(part[settled : first_plateau + n], fraction, sign, row)
        row["centre"], row["curve"] = 0.5 * (settled + first_plateau + n - 1) - begin, 0.0 * row["curve"]
        top, row["top_samples"] = row["middle"], row["plateau"]
        slope, n = (row["slope"], row["plateau"]) if row["plateau"] >= _LEAST_PLATEAU else (0.0, row["plateau"])
        _, first_half, last_half = _halves(part, fraction, sign, begin, stop, top)
    _edges(part, setting, run, row, _Around(prior_stop, following, first_half, last_half), top, rings)
    if row["middle"] + 0.5 * slope * n < _FALLS_FROM * top:
        row["fall"] = np.nan


@compiled
def _edges(part: Array, setting: Fields, run: Fields, row: Fields, around: _Around, top: float, rings: bool) -> None:
    """Crossings and edges of one run."""
    fraction, sign = setting["fraction"], run["sign"]
    begin, stop = run["first"], run["stop"]
    first_half, last_half = around.first_half, around.last_half
    half, high, low = 0.5 * top, 0.9 * top, 0.1 * top
    first_high, last_high = begin, stop - 1
    while first_high < stop - 1 and sign * (part[first_high] - fraction) < high:
        first_high += 1
    while last_high > begin and sign * (part[last_high] - fraction) < high:
        last_high -= 1
    wide_first = max(min(max(begin - _MARGIN, around.prior_stop), begin - 1), 0)
    wide_stop = min(max(min(stop + _MARGIN, around.following), stop + 1), part.size)
    last_low = first_half - 1
    while last_low >= wide_first and sign * (part[last_low] - fraction) >= low:
        last_low -= 1
    last_low = last_low if last_low >= wide_first else -1
    next_low = last_half + 1
    while next_low < wide_stop and sign * (part[next_low] - fraction) >= low:
        next_low += 1
    next_low = next_low if next_low < wide_stop else part.size
    row["top"] = top
    early = _below(part, fraction, sign, half, first_half, first_high)
    late = _below(part, fraction, sign, half, last_high, last_half)
    row["start"] = _crossing(part, fraction, sign, half, first_half - 1) + early - begin
    row["end"] = _crossing(part, fraction, sign, half, last_half) - late - begin
    rise = _edge(part, fraction, sign, top, last_low, first_high - 1, rings)
    fall = _edge(part, fraction, sign, top, next_low - 1, last_high, rings)
    row["rise"], row["fall"] = rise[0], -fall[0]
    row["rise_bow"], row["fall_bow"] = rise[1], -fall[1]
    beyond = min(next_low + (next_low - last_high), min(stop + _MARGIN, part.size) - 1)
    row["past"] = -sign * (part[beyond] - fraction) / top
    row["start_error"] = _cubic(part, fraction, sign, half, first_half - 1)
    row["stop_error"] = _cubic(part, fraction, sign, half, last_half)


@compiled
def _halves(part: Array, fraction: float, sign: int, begin: int, stop: int, top: float) -> tuple[Whole, Whole, Whole]:
    """First sample at 70 % of the top, first and last one at 50 %."""
    first, last = begin, stop - 1
    while first < stop - 1 and sign * (part[first] - fraction) < 0.5 * top:
        first += 1
    while last > begin and sign * (part[last] - fraction) < 0.5 * top:
        last -= 1
    climbed = first
    while climbed < stop - 1 and sign * (part[climbed] - fraction) < _CLIMBED * top:
        climbed += 1
    return climbed, first, last


@compiled
def _crest(phase: Array, setting: Fields, sign: int, row: Fields, top: float) -> bool:
    """Fit a parabola to the extreme of a phase that rings; whether it does. See :mod:`rig.analysis.crest`."""
    row["crest"] = row["crest_curve"] = row["crest_reach"] = row["crest_place"] = np.nan
    over = row["peak"] - top
    if over <= max(_HIGHER * top, _ABOVE_NOISE * setting["noise"]):
        return False
    fraction, last = setting["fraction"], phase.size - 1
    at = 0
    for i in range(1, phase.size):
        if sign * phase[i] > sign * phase[at]:
            at = i
    most = int(_NARROW * 0.5 * phase.size)
    if at < 1 or at >= last or at > _EARLY * phase.size or most < 1:
        return False
    beside = top + _BESIDE * over
    if sign * (phase[at - 1] - fraction) < beside or sign * (phase[at + 1] - fraction) < beside:
        return False
    level = row["peak"] - _UPPERMOST * over
    h = 1
    while (
        h <= most
        and at > h
        and at + h < last
        and sign * (phase[at - h - 1] - fraction) >= level
        and sign * (phase[at + h + 1] - fraction) >= level
    ):
        h += 1
    if h > most:
        return False
    total, weighted, squared = 0.0, 0.0, 0.0
    for x in range(-h, h + 1):
        value = sign * (phase[at + x] - fraction)
        total, weighted, squared = total + value, weighted + x * value, squared + x * x * value
    n = 2 * h + 1
    second = h * (h + 1) * n / 3
    fourth = second * (3 * h * h + 3 * h - 1) / 5
    curve = (squared - second * total / n) / (fourth - second * second / n)
    place = -0.5 * weighted / second / curve if curve else 0.0
    if curve >= 0.0 or abs(place) > h:
        return False
    row["crest"] = total / n - curve * second / n + 0.5 * weighted / second * place
    row["crest_curve"], row["crest_reach"], row["crest_place"] = curve, h, place
    return True


@compiled
def _edge(part: Array, fraction: float, sign: int, top: float, low: int, high: int, rings: bool) -> tuple[Real, Real]:
    """Time from 10 % to 90 %, in samples, and how much the edge bends; of phases that ring by a cubic, else NaN."""
    time = _crossing(part, fraction, sign, 0.9 * top, high) - _crossing(part, fraction, sign, 0.1 * top, low)
    if not rings:
        return time, np.nan
    bent = _cubic(part, fraction, sign, 0.9 * top, high) - _cubic(part, fraction, sign, 0.1 * top, low)
    bow = _bow(part, fraction, sign, 0.9 * top, high) - _bow(part, fraction, sign, 0.1 * top, low)
    return time + bent, bow


@compiled
def _bow(part: Array, fraction: float, sign: int, level: float, before: int) -> Real:
    """Second over first derivative where the line from sample ``before`` crosses a level, per sample."""
    low = min(max(before, 1), part.size - 3)
    a, b = sign * (part[low - 1] - fraction), sign * (part[low] - fraction)
    c, d = sign * (part[low + 1] - fraction), sign * (part[low + 2] - fraction)
    if b == c:
        return 0.0
    t = min(max((level - b) / (c - b), 0.0), 1.0)
    return ((1 - t) * (a - 2 * b + c) + t * (b - 2 * c + d)) / (c - b)


@compiled
def _near_peak(phase: Array, setting: Fields, sign: int, peak: float, n: int, extremes: Array) -> Real:
    """Of how many samples the extreme one is the largest by noise alone."""
    fine = extremes.size - EXTREMES_COARSE
    if n < fine:
        expected = extremes[n]
    else:
        place = EXTREMES_PER_OCTAVE * np.log2(n / fine)
        at = min(int(place), EXTREMES_COARSE - 2)
        expected = extremes[fine + at] + (place - at) * (extremes[fine + at + 1] - extremes[fine + at])
    level = sign * (peak - 0.5 * setting["step"] - setting["analogue"] * expected) + setting["fraction"]
    if sign > 0:
        return 2.0 * _count(phase, int(np.ceil(level)), _FURTHEST)
    return 2.0 * _count(phase, -_FURTHEST, int(np.floor(level)))


@compiled
def _count(part: Array, least: int, greatest: int) -> Whole:
    """Number of deviations from ``least`` to ``greatest``."""
    low, high = np.int32(max(least, -_FURTHEST)), np.int32(min(greatest, _FURTHEST))
    count = np.int32(0)
    for i in range(part.size):
        count = np.int32(count + ((part[i] >= low) & (part[i] <= high)))
    return np.int64(count)


@compiled
def _cubic(part: Array, fraction: float, sign: int, level: float, before: int) -> Real:
    """How far a cubic through four samples crosses from where the straight line does, in samples."""
    if part.size < 4:  # noqa: PLR2004 - a cubic has four coefficients
        return 0.0
    low = min(max(before, 1), part.size - 3)
    a, b = sign * (part[low - 1] - fraction), sign * (part[low] - fraction)
    c, d = sign * (part[low + 1] - fraction), sign * (part[low + 2] - fraction)
    if b == c:
        return 0.0
    t = min(max((level - b) / (c - b), 0.0), 1.0)
    bow = (2 - t) * (a - 2 * b + c) + (1 + t) * (b - 2 * c + d)
    return t * (1 - t) / 6 * bow / (c - b)


@compiled
def _holds_most(phase: Array, scale: float, shift: float, bins: int) -> Whole:
    """Bin of ``scale · sample − shift`` that holds more than half of the samples, or −1."""
    middle = phase[phase.size // 2] * scale - shift
    if middle < 0.0:
        return -1
    least = min(int(middle), bins - 1)
    one = (least + shift) / scale
    other = (least + 1 + shift) / scale if least < bins - 1 else np.copysign(_FURTHEST, scale)
    if scale > 0.0:
        n = _count(phase, int(np.ceil(one)), int(np.ceil(other)) - 1)
    else:
        n = _count(phase, int(np.floor(other)) + 1, int(np.floor(one)))
    return least if 2 * n > phase.size else -1


@compiled
def _fullest_bin(phase: Array, scale: float, shift: float, bins: int, rooms: Rooms) -> Whole:
    """Bin of ``scale · sample − shift`` that holds most samples, its neighbours' counting half.

    Numbers first, for that is done many at a time; then counted in four histograms in turn, for one would wait for
    itself while sample after sample falls into the same bin.
    """
    counts, numbers = rooms.counts, rooms.numbers
    counts[:] = 0
    for at in range(0, phase.size, numbers.size):
        some = phase[at : at + numbers.size]
        for i in range(some.size):
            number = some[i] * scale - shift + 1.0
            number = max(0.0, number)
            numbers[i] = np.int32(min(bins, number))
        for i in range(some.size):
            counts[i & 3, numbers[i]] += 1
    best, most = 0, np.int64(-1)
    before, here = np.int64(0), counts[0, 1] + counts[1, 1] + counts[2, 1] + counts[3, 1]
    for k in range(bins):
        after = counts[0, k + 2] + counts[1, k + 2] + counts[2, k + 2] + counts[3, k + 2]
        smooth = 2 * here + before + after
        if smooth > most:
            best, most = k, smooth
        before, here = here, after
    return best


@compiled
def _top(phase: Array, setting: Fields, sign: int, row: Fields, rooms: Rooms) -> Real:
    """Mode of the upper half of the phase's histogram, refined to the mean of the samples around it."""
    fraction, peak = setting["fraction"], row["peak"]
    width = setting["width"] if setting["width"] > 0 else min(max(0.01, setting["noise"] / peak), 0.1)
    bins = int(np.ceil(0.5 / width))
    scale, shift = sign / (peak * width), (sign * fraction / peak + 0.5) / width
    best = _holds_most(phase, scale, shift, bins)
    if best < 0:
        best = _fullest_bin(phase, scale, shift, bins, rooms)
    top = (0.5 + (best + 0.5) * width) * peak
    samples = np.int64(1)
    reach = 1.5 * width * peak
    for _ in range(2):
        a, b = sign * (top - reach) + fraction, sign * (top + reach) + fraction
        n, total = _between(phase, int(np.ceil(min(a, b))), int(np.floor(max(a, b))))
        if n:
            top = sign * (total / n - fraction)
        samples = max(n, np.int64(1))
    row["top_samples"], row["bin_width"] = samples, width * peak
    return top


@compiled
def _between(part: Array, least: int, greatest: int) -> tuple[Whole, Whole]:
    """Number and sum of the deviations from ``least`` to ``greatest``; 32 bits hold the sum of so many."""
    count, total = np.int64(0), np.int64(0)
    low, high = np.int32(least), np.int32(greatest)
    for at in range(0, part.size, _MANY):
        some = part[at : at + _MANY]
        n, of_some = np.int32(0), np.int32(0)
        for i in range(some.size):
            near = (some[i] >= low) & (some[i] <= high)
            n = np.int32(n + near)
            of_some = np.int32(of_some + (some[i] if near else np.int32(0)))
        count += n
        total += of_some
    return count, total


@compiled
def _crossing(part: Array, fraction: float, sign: int, level: float, before: int) -> Real:
    """Where the straight line from sample ``before`` to the next one crosses a level; NaN outside of the stretch."""
    if before < 0 or before >= part.size - 1:
        return np.nan
    left, right = sign * (part[before] - fraction), sign * (part[before + 1] - fraction)
    if left == right:
        return before + min(max(level - left, 0.0), 1.0)
    return before + min(max((level - left) / (right - left), 0.0), 1.0)


@compiled
def _below(part: Array, fraction: float, sign: int, level: float, first: int, last: int) -> Real:
    """How long the straight lines from sample ``first`` to sample ``last`` run below a level, in samples."""
    time = 0.0
    for i in range(first, last):
        one, other = sign * (part[i] - fraction) - level, sign * (part[i + 1] - fraction) - level
        low, high = min(one, other), max(one, other)
        if high < 0.0:
            time += 1.0
        elif low < 0.0:
            time -= low / (high - low)
    return time


@compiled
def _plateau(part: Array, fraction: float, sign: int, row: Fields) -> None:
    """Mean and least-squares parabola; doubled places keep the sums whole numbers."""
    n = part.size
    row["plateau"] = n
    row["slope"] = row["curve"] = np.nan
    if n >= _SHORT:
        _long_plateau(part, fraction, sign, row)
        return
    total, weighted, squared = np.int64(0), np.int64(0), np.int64(0)
    # What is the same at both ends of the middle is added, and what is opposite subtracted, before it is multiplied. A
    # place without a sign is one that need not be looked at for being negative, which lets many be read at a time.
    half = n // 2
    for i in range(half):
        place = np.int32(n - 1 - 2 * i)
        left, right = part[i], part[np.uint64(n - 1 - i)]
        both = np.int32(left + right)
        total += np.int64(both)
        weighted += np.int64(place) * np.int64(np.int32(right - left))
        squared += np.int64(np.int32(place * place)) * np.int64(both)
    if n % 2:
        total += np.int64(part[half])
    row["middle"] = sign * (total / n - fraction)
    if n >= _LEAST_PLATEAU:
        size = float(n) * n
        row["slope"] = sign * 0.5 * weighted / ((size - 1.0) * n / 12.0)
        bow = 0.25 * squared - (size - 1.0) / 12.0 * total
        row["curve"] = sign * bow / (n * (size - 1.0) * (size - 4.0) / 180.0)


@compiled
def _long_plateau(part: Array, fraction: float, sign: int, row: Fields) -> None:
    """Do the same where whole numbers would come round."""
    n = part.size
    total, _ = _powers(part)
    mean, size = total / n, float(n) * n
    weighted, bow = 0.0, 0.0
    for i in range(n):
        place = i - 0.5 * (n - 1)
        weighted += place * (part[i] - mean)
        bow += (place * place - (size - 1.0) / 12.0) * (part[i] - mean)
    row["middle"] = sign * (mean - fraction)
    row["slope"] = sign * weighted / ((size - 1.0) * n / 12.0)
    row["curve"] = sign * bow / (n * (size - 1.0) * (size - 4.0) / 180.0)
