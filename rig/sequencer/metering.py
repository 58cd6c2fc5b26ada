"""The multimeter reads the mean current while a train is delivered, and the digitizer's samples must agree with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from rig.acquisition.delivery import Step
from rig.analysis.baseline import block_uncertainty
from rig.analysis.coverage import coverage_factor
from rig.analysis.metered import budget_of_meter, budget_of_samples, mean_of_stretch, resistor_terms
from rig.analysis.uncertainty import combined, root_sum_square, rounding
from rig.bench.paths import meter_path
from rig.errors import BenchError
from rig.evidence.record import MeterComparisonEntry, MeteredEntry
from rig.model.happening import Action
from rig.model.measurement import Measurement, NotMeasured, Window
from rig.model.recording import signals_of
from rig.sequencer.agreement import u_of_difference
from rig.sequencer.examine import quiet
from rig.units import Unit, format_quantity, format_result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.acquisition.capture import Train
    from rig.bench.build import Bench
    from rig.bench.definition import BenchDefinition
    from rig.model.happening import Happening
    from rig.model.measurement import Component, Outcome
    from rig.model.reading import DcReadings
    from rig.model.signal_path import SignalPath
    from rig.roles import Multimeter
    from rig.sequencer.examine import Corrected

__all__ = ["METERED", "Metered", "Metering", "compare_metered", "metering", "range_of_meter", "refuse_disagreement"]

METERED = "metered_current"

# The longest integration first: whole periods of the mains, which every multimeter of the bench knows.
_CYCLES = (100.0, 10.0, 1.0)
# Of the slowest mains there may be, s; and what is left before and after a reading: the device begins, and stops.
_PERIOD, _BEFORE, _AFTER = 1 / 45, 0.05, 0.05
_SLACK = 1 - 1e-9
_ACROSS_SENSE = "sense"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """A reading, when it began at the earliest and at the latest (s on the capture's axis), and its way."""

    instrument: str
    readings: DcReadings
    earliest: float
    latest: float
    path: SignalPath

    @property
    def current(self) -> float:
        """The mean current, A."""
        return self.readings.mean * self.path.scale + self.path.offset_correction

    @property
    def stop(self) -> float:
        """When it ended at the latest, s on the capture's axis."""
        return self.latest + self.readings.aperture * len(self.readings.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metering:
    """A multimeter across the sense resistor that is to read once while a train is delivered.

    ``unable`` says why it cannot in this case; empty where it can.
    """

    instrument: str
    meter: Multimeter | None = None
    path: SignalPath | None = None
    full_scale: float = 0.0
    cycles: float = 0.0
    unable: str = ""

    def joined(self, train: Train) -> Train:
        """Set the multimeter, and return the train with the moment at which it begins to read."""
        if self.meter is None:
            return train
        self.meter.prepare_dc_voltage(full_scale=self.full_scale, power_line_cycles=self.cycles)
        step = Step(at=_BEFORE, action=Action.READING, do=self.meter.begin_reading)
        return replace(train, events=(*train.events, step))

    def fetch(self, happenings: Sequence[Happening]) -> Metered | NotMeasured:
        """Fetch the reading once the train is over; one that may reach beyond the train is none of its current."""
        if self.meter is None or self.path is None:
            return NotMeasured(measurand=METERED, reason=self.unable)
        moments = {one.action: one for one in happenings}
        start, stop, begun = (moments.get(one) for one in (Action.START, Action.STOP, Action.READING))
        if start is None or stop is None or begun is None:
            return NotMeasured(measurand=METERED, reason="the train ended before the multimeter began to read")
        readings = self.meter.fetch_reading()
        found = Metered(
            instrument=self.instrument,
            readings=readings,
            earliest=begun.begun,
            latest=begun.ended + readings.latency,
            path=self.path,
        )
        if found.earliest < start.ended or found.stop > stop.begun:
            return NotMeasured(measurand=METERED, reason="the multimeter's reading does not lie within the train")
        return found


def metering(bench: Bench, *, half_range: float, train: float, eventful: bool) -> Metering | None:
    """Return how the bench's multimeter reads along; None where there is none across the sense resistor.

    Parameters
    ----------
    half_range : of the digitizer, ±V: what may stand across the sense resistor
    train : how long the stimulus is delivered, s
    eventful : whether anything happens to the device meanwhile
    """
    definition = bench.definition
    name = definition.named("multimeter")
    if name is None or definition.instruments[name].options.get("across", _ACROSS_SENSE) != _ACROSS_SENSE:
        return None
    full_scale = range_of_meter(definition, name, half_range)
    cycles = next((one for one in _CYCLES if _BEFORE + one * _PERIOD + _AFTER <= train), None)
    unable = ""
    if eventful:
        unable = "what happens within the train leaves it no one mean current"
    elif name not in definition.calibrations:
        unable = f"{name} has no calibration record"
    elif full_scale is None:
        unable = f"{name} is calibrated in no range that holds {format_quantity(half_range, Unit.VOLT)}"
    elif cycles is None:
        unable = f"a train of {format_quantity(train, Unit.SECOND)} is too short for a reading of {name}"
    if unable or full_scale is None or cycles is None or bench.multimeter is None:
        return Metering(instrument=name, unable=unable or f"{name} is not open")
    path = meter_path(definition, name, full_scale)
    return Metering(instrument=name, meter=bench.multimeter, path=path, full_scale=full_scale, cycles=cycles)


def range_of_meter(definition: BenchDefinition, name: str, half_range: float) -> float | None:
    """Return the narrowest calibrated range of a multimeter that holds ``half_range``, ±V; None if there is none."""
    record = definition.calibrations.get(name)
    if record is None:
        return None
    known = record.channels[definition.instruments[name].input].half_ranges
    return next((one for one in known if one >= half_range * _SLACK), None)


def compare_metered(
    found: Metered, signal: Corrected, zero: Corrected | None, *, fit: bool
) -> tuple[Outcome, MeteredEntry]:
    """Return the mean current that the multimeter read, and its reading held against the digitizer's samples.

    The samples are compared as they were read, which shows an offset beyond what is stated of the digitizer, and with
    their zero taken off, which is what measurands are made of. ``fit`` says whether the samples may be judged at all.
    """
    own = budget_of_meter(found.current, found.path, readings=len(found.readings.values))
    entry = MeteredEntry(
        instrument=found.instrument,
        capture=signal.capture.id,
        readings=found.readings.values,
        full_scale=found.readings.full_scale,
        power_line_cycles=found.readings.power_line_cycles,
        aperture=found.readings.aperture,
        earliest=found.earliest,
        latest=found.latest,
        comparisons=_comparisons(found, own, signal, zero) if fit else (),
    )
    return _measurement(found, own, signal.capture.id), entry


def _measurement(found: Metered, own: tuple[Component, ...], capture: str) -> Measurement:
    budget = (*own, *resistor_terms(found.current, found.path))
    cycles = found.readings.power_line_cycles
    return Measurement(
        measurand=METERED,
        value=found.current,
        unit=Unit.AMPERE,
        minimum=found.current,
        maximum=found.current,
        standard_uncertainty=combined(budget),
        single_uncertainty=combined(budget),
        components=budget,
        coverage_factor=coverage_factor(budget),
        window=Window(
            start=found.earliest,
            stop=found.stop,
            description=f"a reading over {cycles:g} period{'' if cycles == 1 else 's'} of the mains",
        ),
        origin=(capture, found.instrument, METERED),
    )


def _comparisons(
    found: Metered, own: tuple[Component, ...], signal: Corrected, zero: Corrected | None
) -> tuple[MeterComparisonEntry, ...]:
    path = signal.paths["current"]
    seen = mean_of_stretch(
        signals_of(signal.capture)["current"],
        path,
        earliest=found.earliest,
        latest=found.latest,
        length=found.readings.aperture,
    )
    compared = [_comparison("as read", found, own, seen.value, budget_of_samples(seen, path, zero=None))]
    rest = quiet(zero, "current")
    if rest is not None:
        values = rest.values()
        u = root_sum_square(block_uncertainty(values), rounding(path.resolution, path.noise))
        net = replace(seen, value=seen.value - float(values.mean()))
        budget = budget_of_samples(net, path, zero=u)
        compared.append(_comparison("zero taken off", found, own, net.value, budget))
    return tuple(compared)


def _comparison(
    which: Literal["as read", "zero taken off"],
    found: Metered,
    own: tuple[Component, ...],
    value: float,
    budget: tuple[Component, ...],
) -> MeterComparisonEntry:
    uncertainty, difference = u_of_difference((*own, *budget)), abs(value - found.current)
    return MeterComparisonEntry(
        digitizer=which,
        digitizer_mean=value,
        digitizer_uncertainty=coverage_factor(budget) * combined(budget),
        multimeter_mean=found.current,
        multimeter_uncertainty=coverage_factor(own) * combined(own),
        uncertainty=uncertainty,
        e_n=difference / uncertainty if uncertainty > 0 else None,
    )


def refuse_disagreement(metered: MeteredEntry) -> None:
    """Raise BenchError where digitizer and multimeter exclude each other: then one of them, or its lead, is wrong."""
    wrong = [one for one in metered.comparisons if one.e_n is None or one.e_n > 1]
    if wrong:
        raise BenchError(
            "digitizer and multimeter disagree about the mean current; check offsets, leads and calibrations: "
            + "; ".join(map(_told, wrong))
        )


def _told(one: MeterComparisonEntry) -> str:
    sampled = format_result(one.digitizer_mean, one.digitizer_uncertainty, Unit.AMPERE)
    metered = format_result(one.multimeter_mean, one.multimeter_uncertainty, Unit.AMPERE)
    e_n = "" if one.e_n is None else f", E_n = {one.e_n:.2g}"
    return f"digitizer, {one.digitizer}, {sampled}, multimeter {metered}{e_n}"
