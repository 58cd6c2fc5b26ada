"""What was measured, in figures: number, mean, standard deviation, least and greatest of every measurand of a test."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.report import wording
from rig.units import Unit

if TYPE_CHECKING:
    from rig.evidence.record import CaseRecord, MeasurementEntry, RunRecord, StimulusEntry

__all__ = ["Quantity", "quantities"]

# These are set: over cases that differ in their settings only the deviation from what was set can be summarised.
_SET = {
    "phase_top": "amplitude",
    "phase_peak": "amplitude",
    "phase_mean": "amplitude",
    "phase_duration": "phase_duration",
    "interphase_interval": "interphase",
    "pulse_rate": "rate",
}
_CHOSEN = ("amplitude", "phase_duration", "interphase", "rate", "train", "shape", "polarity", "channel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One measurand of one test: over how many cases and single items, and what came of them, ready to be shown."""

    test: str
    measurand: str
    of: str
    cases: str
    items: str
    mean: str
    std: str
    minimum: str
    maximum: str


def quantities(record: RunRecord) -> tuple[Quantity, ...]:
    """Return a row per measurand that was judged, in the order of the record; cases that were retried are left out."""
    found: dict[tuple[str, str, Unit], list[tuple[CaseRecord, MeasurementEntry]]] = {}
    for case in record.decisive:
        judged = {judgement.limit.called for judgement in case.judgements}
        for entry in case.measurements:
            if entry.called in judged and entry.value is not None and entry.unit is not None:
                found.setdefault((case.id.partition("[")[0], entry.called, entry.unit), []).append((case, entry))
    return tuple(_row(*key, entries) for key, entries in found.items())


def _row(test: str, measurand: str, unit: Unit, entries: list[tuple[CaseRecord, MeasurementEntry]]) -> Quantity:
    key = _SET.get(measurand)
    settings = {_setting(case.stimulus, key) for case, _ in entries} if key else set()
    relative = len(settings) > 1 and all(settings)
    means, lows, highs = [], [], []
    for case, entry in entries:
        value = entry.value or 0.0
        least = value if entry.minimum is None else entry.minimum
        most = value if entry.maximum is None else entry.maximum
        if relative:
            expected = _setting(case.stimulus, key)
            value, least, most = (abs(one) / expected - 1.0 for one in (value, least, most))
            least, most = min(least, most), max(least, most)
        means.append(value)
        lows.append(least)
        highs.append(most)
    shown = Unit.ONE if relative else unit
    std = statistics.stdev(means) if len(means) > 1 else None
    return Quantity(
        test=test,
        measurand=wording.words(wording.prose(measurand)),
        of="deviation from the set value" if relative else _of([case for case, _ in entries], unit, key),
        cases=str(len(entries)),
        items=str(sum(entry.n for _, entry in entries)),
        mean=_shown(statistics.fmean(means), shown),
        std=wording.MISSING if std is None else _shown(std, shown),
        minimum=_shown(min(lows), shown),
        maximum=_shown(max(highs), shown),
    )


def _of(cases: list[CaseRecord], unit: Unit, key: str | None) -> str:
    """Say over what values are summarised: those of cases that were not set alike have a spread that is no scatter.

    Counts and ratios are compared over settings, and what is set itself (``key``) does not depend on other settings.
    """
    if unit in {Unit.ONE, Unit.COUNT}:
        return "value"
    chosen = () if key else _CHOSEN
    differing = [wording.words(name) for name in chosen if len({getattr(case.stimulus, name) for case in cases}) > 1]
    if key in {None, "amplitude"} and len({case.load.name for case in cases if case.load}) > 1:
        differing.append("load")
    return f"value, over cases that differ in {', '.join(differing)}" if differing else "value"


def _setting(stimulus: StimulusEntry, key: str | None) -> float:
    return float(getattr(stimulus, key)) if key else 0.0


def _shown(value: float, unit: Unit) -> str:
    return wording.quantity(value, unit, digits=4)
