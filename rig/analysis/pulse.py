"""Measurands of phases and pulses that need no integral: durations, tops, edges, droop, overshoot, order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.outcome import count, items, ratio
from rig.analysis.uncertainty import Budget
from rig.units import Unit

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.analysis.trace import Floats
    from rig.model.measurement import Outcome

__all__ = [
    "droop",
    "fall_time",
    "interphase_interval",
    "overshoot",
    "phase_count",
    "phase_duration",
    "phase_peak",
    "phase_top",
    "polarity",
    "pulse_width",
    "rise_time",
    "timing_budget",
    "top_budget",
]


def timing_budget(record: Record, *, edge_error: float | None = None) -> Budget:
    """Return the budget of a time between two crossings, s.

    Where pulses repeat in step with the samples, all have the same error of interpolation: it is not averaged.
    """
    edge = record.edge
    error = edge.crossing if edge_error is None else edge_error
    return Budget(
        relative={"timebase": record.path.timebase},
        systematic={"crossing interpolation": math.sqrt(2) * error},
        random={"noise": math.sqrt(2) * edge.jitter},
    )


def top_budget(record: Record) -> Budget:
    """Return the budget of a state level, A or V."""
    phases = record.phases
    samples = float(np.median(phases.top_samples)) if len(phases) else 1.0
    width = float(np.median(phases.bin_width)) if len(phases) else 0.0
    return Budget(
        relative=record.relative,
        systematic=record.offset(absolute=False)
        | {"quantisation": record.quantisation, "state level": width / math.sqrt(12 * max(samples, 1.0))},
        random={"noise": record.noise / math.sqrt(max(samples, 1.0))},
    )


def _extreme(record: Record) -> float:
    """Standard uncertainty of an extreme sample: noise lifts it by up to σ·√(2·ln n) over the plateau's n samples."""
    samples = float(np.median(record.phases.plateau)) if len(record.phases) else 1.0
    return record.noise * math.sqrt(2 * math.log(max(samples, 2.0))) / math.sqrt(3)


def phase_duration(record: Record) -> Outcome:
    """Time between the 50 % crossings of a phase's two transitions, s."""
    phases, whole = record.phases, record.whole_phases
    durations = (phases.stop - phases.start)[whole] * record.interval
    return items(record, "phase_duration", Unit.SECOND, durations, timing_budget(record))


def phase_top(record: Record) -> Outcome:
    """State level of a phase, magnitude, A (V): mode of the histogram of its own samples (IEEE Std 181-2011 §5.2.1)."""
    return items(record, "phase_top", record.signal.unit, record.true_top[record.whole_phases], top_budget(record))


def phase_peak(record: Record) -> Outcome:
    """Extreme value of a phase, magnitude, A (V)."""
    budget = Budget(
        relative=record.relative,
        systematic=record.offset(absolute=False) | {"quantisation": record.path.resolution / math.sqrt(12)},
        random={"noise of an extreme sample": _extreme(record)},
    )
    return items(record, "phase_peak", record.signal.unit, record.true_peak[record.whole_phases], budget)


def _edge_time(record: Record, name: str, samples: Floats) -> Outcome:
    budget = timing_budget(record, edge_error=record.edge.corner)
    return items(record, name, Unit.SECOND, samples[record.whole_phases] * record.interval, budget)


def rise_time(record: Record) -> Outcome:
    """10–90 % of base to top of a phase's first transition, s."""
    return _edge_time(record, "rise_time", record.phases.rise)


def fall_time(record: Record) -> Outcome:
    """90–10 % of a phase's last transition, s."""
    return _edge_time(record, "fall_time", record.phases.fall)


def droop(record: Record) -> Outcome:
    """(top at start − top at end) / top at start of a phase, from the least-squares line through its plateau."""
    phases = record.phases
    middle = phases.middle + phases.sign * record.trace.pedestal
    lost = -phases.slope * (phases.stop - phases.start)
    values = ratio(lost, middle + 0.5 * lost)
    n = float(np.median(phases.plateau)) if len(phases) else 1.0
    length = float(np.nanmedian(phases.stop - phases.start)) if record.nothing == "" else 1.0
    longer = max(length / max(n, 1.0), 1.0)
    budget = Budget(
        systematic={"quantisation": record.quantisation / record.edge.height},
        random={"noise": longer * math.sqrt(12 / max(n, 1.0)) * record.noise / record.edge.height},
    )
    return items(record, "droop", Unit.ONE, values[record.whole_phases], budget)


def overshoot(record: Record) -> Outcome:
    """(peak − top) / top of a phase; noise alone lifts it, which its uncertainty says."""
    values = ratio(record.true_peak - record.true_top, record.true_top)
    height = record.edge.height
    budget = Budget(
        systematic={"quantisation": record.path.resolution / math.sqrt(12) / height},
        random={"noise of an extreme sample": _extreme(record) / height},
    )
    return items(record, "overshoot", Unit.ONE, values[record.whole_phases], budget)


def pulse_width(record: Record) -> Outcome:
    """Begin of the first to end of the last phase, interphase interval included, s."""
    pulses, phases = record.pulses, record.phases
    widths = (phases.stop[pulses.stop - 1] - phases.start[pulses.first])[record.whole_pulses] * record.interval
    return items(record, "pulse_width", Unit.SECOND, widths, timing_budget(record), what="widths")


def interphase_interval(record: Record) -> Outcome:
    """Rest between two phases of a pulse, 50 % to 50 %, s."""
    phases = record.phases
    whole = record.whole_phases
    same = np.diff(record.pulses.of_phase[whole]) == 0
    rest = (phases.start[whole][1:] - phases.stop[whole][:-1])[same] * record.interval
    return items(record, "interphase_interval", Unit.SECOND, rest, timing_budget(record), what="interphase intervals")


def polarity(record: Record) -> Outcome:
    """Direction of a pulse's leading phase, +1 or −1."""
    signs = record.phases.sign[record.first_phase][record.whole_pulses].astype(np.float64)
    return count(record, "polarity", Unit.COUNT, signs, what="leading phases")


def phase_count(record: Record) -> Outcome:
    """Number of phases of a pulse."""
    numbers = (record.pulses.stop - record.pulses.first)[record.whole_pulses].astype(np.float64)
    return count(record, "phase_count", Unit.COUNT, numbers, what="phases")
