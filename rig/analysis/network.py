"""The voltage that a current makes over a resistor with R and C behind it: what is expected, and what was seen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.uncertainty import rounding
from rig.model.measurement import Component, Distribution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rig.model.load import Network
    from rig.model.signal_path import SignalPath
    from rig.model.waveform import Waveform

    Floats = NDArray[np.float64]

__all__ = ["CheckPulse", "Point", "network_points", "network_response"]

# The least that a check pulse must have: samples at rest before it, and in each window of its first phase.
_LEAST_AT_REST, _LEAST_IN_WINDOW = 3, 2
# Each window is at least this part of the phase wide.
_WINDOW = 0.02
# A network that settles faster than so many samples of the current looks like a resistor.
_LEAST_PER_TAU = 4.0
_NUDGE = 1e-3
# What fades by more than e to this power within one block would leave the range of floating point numbers.
_DEEPEST = 500.0
# Below so many times its noise, no crossing of a level is one of the signal.
_ABOVE_NOISE = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPulse:
    """The first phase that ever flowed into a network, as the current shows it; times on its axis, s.

    ``start`` and ``duration`` hold between its 50 % points, ``rise`` is the time of its slower edge from 10 % to 90 %,
    ``sign`` its direction. Before it the network was at rest.
    """

    start: float
    duration: float
    rise: float
    sign: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The voltage at one time after the phase began: seen, and expected of the current; V, each with its budget."""

    after: float
    shows: str
    seen: float
    seen_budget: tuple[Component, ...]
    expected: float
    expected_budget: tuple[Component, ...]


def network_response(current: Floats, interval: float, network: Network) -> Floats:
    """Return the voltage over a network that is at rest before the first sample.

    Parameters
    ----------
    current : A, shape (n,), at equal intervals
    interval : s
    network : series resistance, then resistance and capacitance in parallel

    Returns
    -------
    V, shape (n,)

    Notes
    -----
    C·v' = i − v/R, solved exactly for a current that goes straight from sample to sample.

    Examples
    --------
    >>> import numpy as np
    >>> from rig.model.load import Network
    >>> network = Network(series=200.0, parallel=800.0, capacitance=1e-7)
    >>> step = np.r_[0.0, np.full(800, 10e-3)]
    >>> volts = network_response(step, 1e-6, network)
    >>> [round(float(volts[k]), 2) for k in (1, 81, 800)]
    [2.05, 7.08, 10.0]
    """
    x = interval / network.tau
    decay = math.exp(-x)
    # ∫ e^(−(T−t)/τ) of a straight line, by its value at the begin and at the end.
    at_end = 1.0 - (1.0 - decay) / x
    at_begin = (1.0 - decay) - at_end
    pushes = network.parallel * (at_begin * current[:-1] + at_end * current[1:])
    across = np.zeros(len(current))
    block = max(1, int(_DEEPEST / x))
    for begin in range(0, len(pushes), block):
        push = pushes[begin : begin + block]
        fading = np.exp(-x * np.arange(1, len(push) + 1))
        across[begin + 1 : begin + 1 + len(push)] = fading * (across[begin] + np.cumsum(push / fading))
    return np.asarray(network.series * current + across, dtype=np.float64)


def network_points(
    voltage: Waveform,
    current: Waveform,
    pulse: CheckPulse,
    network: Network,
    *,
    voltage_path: SignalPath,
    current_path: SignalPath,
) -> tuple[Point, ...]:
    """Compare what was seen over a network with what its current must make of it, in three places of the first phase.

    At its begin the series resistance alone shows, after one time constant (or in its middle) the capacitance, at its
    end the total. The device may droop or ring: it is the current that was measured which drives the network.

    Parameters
    ----------
    voltage : V, corrected, with the pulse and rest before it; its time axis need not be that of the current
    current : A, corrected

    Returns
    -------
    Three points; none where the records do not show that phase and rest before it, or too coarsely
    """
    seen, amps = _at_rest_before(voltage, pulse, None), _at_rest_before(current, pulse, pulse.start)
    if seen is None or amps is None or network.tau < _LEAST_PER_TAU * current.interval:
        return ()
    margin = pulse.rise + 2 * (current.interval + voltage.interval)
    width = max(_LEAST_IN_WINDOW * max(current.interval, voltage.interval), _WINDOW * pulse.duration)
    last = pulse.duration - margin - width
    middle = min(max(network.tau, margin + width), 0.5 * pulse.duration)
    if not margin + width <= middle <= last - width:
        return ()
    driven = _Driven(times=amps[0], drive=amps[1])
    volts = driven.volts(network)
    least, at_end = (float(np.interp(pulse.start + one, amps[0], volts)) for one in (margin, last))
    level = max(0.5 * least, _ABOVE_NOISE * voltage_path.noise)
    rises, expected = _crossing(*seen, level), _crossing(amps[0], volts, level)
    if level > 0.5 * at_end or expected is None:
        return ()
    comparison = _Comparison(
        # Where nothing rises there is nothing to align: the windows then show that there is no voltage.
        seen=(seen[0] - (seen[0][0] if rises is None else rises), seen[1]),
        driven=driven,
        network=network,
        level=level,
        voltage_path=voltage_path,
        current_path=current_path,
        doubt=_doubt(
            voltage, current, (voltage_path, current_path), pulse.rise * voltage_path.noise / max(level, least)
        ),
    )
    places = ((margin, "series resistance"), (middle, "capacitance"), (last, "total resistance"))
    found = [comparison.point(pulse.start + after - expected, after, width, shows) for after, shows in places]
    return tuple(one for one in found if one is not None) if all(found) else ()


def _doubt(voltage: Waveform, current: Waveform, paths: tuple[SignalPath, SignalPath], noise: float) -> float:
    """Bound by how much later or earlier one signal may seem than the other, s."""
    sampling = 0.5 * (voltage.interval + current.interval)
    return sampling + sum(1 / (2 * math.pi * path.bandwidth) for path in paths) + noise


def _at_rest_before(signal: Waveform, pulse: CheckPulse, start: float | None) -> tuple[Floats, Floats] | None:
    """Return times and values in the direction of the pulse, without the level at rest; None where there is no rest.

    Where the start is not known, rest is what comes before half of the first phase's extreme.
    """
    times, values = signal.times(), pulse.sign * signal.values()
    if start is None:
        beyond = values - float(np.median(values[: max(_LEAST_AT_REST, len(values) // 50)]))
        over = np.flatnonzero(beyond > 0.5 * float(beyond.max()))
        start = float(times[over[0]]) - pulse.duration if len(over) else -math.inf
    quiet = times < start - 2 * pulse.rise - 2 * signal.interval
    if np.count_nonzero(quiet) < _LEAST_AT_REST:
        return None
    return times, values - float(values[quiet].mean())


def _crossing(times: Floats, values: Floats, level: float) -> float | None:
    over = np.flatnonzero(values > level)
    if not len(over) or over[0] == 0:
        return None
    k = int(over[0])
    part = (level - values[k - 1]) / (values[k] - values[k - 1])
    return float(times[k - 1] + part * (times[k] - times[k - 1]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Driven:
    """The current that drives a network, and when."""

    times: Floats
    drive: Floats

    def volts(self, network: Network) -> Floats:
        """Return the voltage that it makes."""
        return network_response(self.drive, float(self.times[1] - self.times[0]), network)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Comparison:
    """Seen and expected, both against the time at which they cross a level on their way up, s.

    ``doubt`` bounds by how much they may still be shifted against each other.
    """

    seen: tuple[Floats, Floats]
    driven: _Driven
    network: Network
    level: float
    voltage_path: SignalPath
    current_path: SignalPath
    doubt: float

    def point(self, begin: float, after: float, width: float, shows: str) -> Point | None:
        """Compare the means over a window that begins so long after the level was crossed."""
        times, values = self.seen
        inside = (times >= begin) & (times <= begin + width)
        n = int(np.count_nonzero(inside))
        if n < _LEAST_IN_WINDOW:
            return None
        at, seen = times[inside], float(values[inside].mean())
        return Point(
            after=after + width / 2,
            shows=shows,
            seen=seen,
            seen_budget=tuple(_kept(self._of_voltage(seen, n))),
            expected=self._made(self.network, at),
            expected_budget=tuple(_kept(self._of_current(at))),
        )

    def _made(self, network: Network, at: Floats, later: float = 0.0) -> float:
        """Return the mean voltage that a network would show at such times after it crosses the level."""
        volts = self.driven.volts(network)
        crossing = _crossing(self.driven.times, volts, self.level) or 0.0
        return float(np.interp(at + crossing + later, self.driven.times, volts).mean())

    def _of_voltage(self, volts: float, n: int) -> Iterator[Component]:
        path = self.voltage_path
        yield _bounded("gain", abs(volts) * path.gain)
        yield _bounded("loading", abs(volts) * path.loading)
        yield _bounded("offset drift", path.offset_drift)
        yield _bounded("quantisation", math.sqrt(2) * rounding(path.resolution, path.noise))
        yield Component(name="noise", standard_uncertainty=path.noise / math.sqrt(n))

    def _of_current(self, at: Floats) -> Iterator[Component]:
        path, network = self.current_path, self.network
        volts = self._made(network, at)
        ohms = network.series + network.parallel
        yield _bounded("gain", abs(volts) * path.gain)
        yield _bounded("resistor temperature", abs(volts) * path.resistor_temperature)
        yield Component(name="resistor calibration", standard_uncertainty=abs(volts) * path.resistor)
        yield _bounded("offset drift", path.offset_drift * ohms)
        yield _bounded("quantisation", math.sqrt(2) * rounding(path.resolution, path.noise) * ohms)
        yield Component(
            name="noise of the current", standard_uncertainty=path.noise * ohms / math.sqrt(_LEAST_IN_WINDOW)
        )
        for name in ("series", "parallel", "capacitance"):
            value, u = getattr(network, name), getattr(network, f"{name}_uncertainty")
            if value:
                change = self._made(replace(network, **{name: value * (1 + _NUDGE)}), at) - volts
                yield Component(
                    name=f"load calibration: {name}", standard_uncertainty=abs(change) / (_NUDGE * value) * u
                )
        swing = abs(self._made(network, at, self.doubt) - self._made(network, at, -self.doubt)) / 2
        yield _bounded("alignment", swing / math.sqrt(3))


def _bounded(name: str, standard: float) -> Component:
    return Component(name=name, standard_uncertainty=standard, distribution=Distribution.RECTANGULAR)


def _kept(components: Iterator[Component]) -> Iterator[Component]:
    return (one for one in components if one.standard_uncertainty > 0)
