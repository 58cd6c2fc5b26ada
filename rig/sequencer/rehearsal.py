"""A rehearsal: what an ideal device would make these instruments show, measured by the code that judges real ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from rig.acquisition.correct import correct
from rig.analysis.catalogue import CATALOGUE, Needs
from rig.analysis.measure import measure
from rig.errors import RigError
from rig.model.measurement import NotMeasured
from rig.model.waveform import Capture, Purpose, Waveform
from rig.sequencer.choice import EITHER, from_oscilloscope
from rig.sequencer.examine import measure_load
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from rig.analysis.measure import Analysis
    from rig.model.load import Load
    from rig.model.measurement import Outcome
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus
    from rig.sequencer.exposure import Exposure
    from rig.sequencer.settings import Views

__all__ = ["ideal_train", "rehearse"]

# Transitions of a real output stage are no faster; slower ones are measured better.
_RAMP = 3e-6
_SEED = 20130531
_LOAD = "load_resistance"
_FEW_PERIODS = 6
# These speak of so many seconds, and can only be rehearsed in full length.
_WINDOWS = {"rms_1s": 1.05, "power_density": 1.05, "rms_5s": 5.05}


def rehearse(
    wanted: Collection[str],
    stimulus: Stimulus,
    load: Load,
    exposure: Exposure,
    views: Views,
    paths: Mapping[str, SignalPath],
    *,
    zero: bool,
    electrode_area: float | None,
) -> dict[str, Outcome]:
    """Measure an ideal device, as these instruments would see it, and return the outcomes with their uncertainties.

    Only as many periods are made as the wanted measurands need: uncertainty of a single item does not depend on how
    many there are. The noise is drawn with a fixed seed, so that a plan is accepted or refused every time alike.
    """
    outcomes: dict[str, Outcome] = {}
    analyses: dict[str, Analysis] = {}
    level = {"current": 0.0 if load.is_open else exposure.reached, "voltage": exposure.voltage_peak}
    train = _train(wanted, stimulus)
    for name, path in paths.items():
        names = [one for one in wanted if one in CATALOGUE and CATALOGUE[one].signal in _takes(name)]
        shared = [one for one in wanted if one in EITHER and _may_give(name, one, stimulus, views)]
        if not names and not shared and _LOAD not in wanted:
            continue
        generator = np.random.default_rng(_SEED)
        try:
            signal = _seen(name, level[name], stimulus, train, views, path, generator)
            quiet = _silence(views, path, generator) if zero and name == "current" else None
            analyses[name] = measure(
                signal,
                path=path,
                zero=quiet,
                expected=stimulus,
                load_resistance=None if load.is_open or load.reactive else load.resistance,
                electrode_area=electrode_area,
                capture="rehearsal",
                wanted=dict.fromkeys((*names, *shared, "phase_top")),
            )
            outcomes.update({one: analyses[name].outcomes[one] for one in names})
        except RigError as error:
            outcomes.update({one: NotMeasured(measurand=one, reason=str(error)) for one in names})
    if len(analyses) == len(level):
        better = from_oscilloscope(analyses["voltage"], analyses["current"], load)
        outcomes.update({one: better[one] for one in wanted if one in better})
    if _LOAD in wanted:
        capture = Capture(id="rehearsal", purpose=Purpose.SIGNAL, waveforms={})
        outcomes[_LOAD] = measure_load(analyses, capture, {}, load)
    return outcomes


def _takes(signal: str) -> set[Needs]:
    return {Needs.VOLTAGE} if signal == "voltage" else {Needs.CURRENT, Needs.EITHER}


def _may_give(signal: str, measurand: str, stimulus: Stimulus, views: Views) -> bool:
    """Whether an instrument may be asked for what either gives: the oscilloscope, if it shows all, or for form."""
    return signal != "voltage" or CATALOGUE[measurand].form or stimulus.train <= views.signal.scope.window


def _train(wanted: Collection[str], stimulus: Stimulus) -> float:
    longest = max((_WINDOWS[name] for name in wanted if name in _WINDOWS), default=0.0)
    return min(stimulus.train, max(_FEW_PERIODS * stimulus.period, longest))


def _seen(
    name: str,
    level: float,
    stimulus: Stimulus,
    train: float,
    views: Views,
    path: SignalPath,
    generator: np.random.Generator,
) -> Waveform:
    """Return one record of the ideal train."""
    if name == "voltage":
        setup = views.signal.scope
        samples, interval, start = setup.points, setup.window / setup.points, -setup.pretrigger * setup.window
        first = 0.0
    else:
        rate, lead = views.signal.digitizer.rate, views.signal.lead
        samples, interval, start = math.ceil((train + lead + views.signal.tail) * rate), 1 / rate, 0.0
        first = lead + interval * generator.random()
    times = np.asarray(start + interval * np.arange(samples), dtype=np.float64)
    values = ideal_train(times, stimulus, level, first=first, train=train)
    return _read(values, interval, start, path, generator)


def _silence(views: Views, path: SignalPath, generator: np.random.Generator) -> Waveform:
    """Return the zero capture of the current, as long as it will be."""
    setup = views.quiet.digitizer
    return _read(np.zeros(setup.samples), 1 / setup.rate, 0.0, path, generator)


def _read(
    values: NDArray[np.float64], interval: float, start: float, path: SignalPath, generator: np.random.Generator
) -> Waveform:
    """Return values as they are read: without errors, but with the instrument's noise and codes."""
    # In place from here on: a second of samples is eight megabytes at every step.
    read = generator.standard_normal(len(values))
    read *= path.noise
    read += values
    if path.resolution:
        read /= path.resolution
        np.rint(read, out=read)
        read *= path.resolution
    read -= path.offset_correction
    read /= path.scale
    return correct(Waveform(samples=read, interval=interval, start=start, unit=Unit.VOLT, source="rehearsal"), path)


def ideal_train(
    times: NDArray[np.float64], stimulus: Stimulus, level: float, *, first: float, train: float
) -> NDArray[np.float64]:
    """Return a rectangular train with short straight transitions; the first pulse begins at ``first``, s."""
    pulses = max(1, math.floor(train * stimulus.rate + 1e-9))
    begins = first + stimulus.period * np.arange(pulses)
    edges, levels = [], []
    sign = stimulus.polarity.sign
    for phase in range(stimulus.shape.phases):
        offset = phase * (stimulus.phase_duration + stimulus.interphase)
        ramp = min(_RAMP, stimulus.phase_duration / 4)
        edges += [offset - ramp / 2, offset + ramp / 2, offset + stimulus.phase_duration - ramp / 2]
        edges += [offset + stimulus.phase_duration + ramp / 2]
        levels += [0.0, sign * level, sign * level, 0.0]
        sign = -sign
    corners = (begins[:, None] + np.asarray(edges)[None, :]).ravel()
    # Touching phases share a corner: the order is kept, and between equal times the later level holds.
    corners = np.maximum.accumulate(corners)
    return np.asarray(np.interp(times, corners, np.tile(levels, pulses), left=0.0, right=0.0), dtype=np.float64)
