"""A stimulator that has knobs and nothing else; whoever turns them does so over a small text port.

One line turns one knob: ``amplitude 20 mA``, ``width 300 us``, ``gap 100 us``, ``rate 50 Hz``, ``shape monophasic``,
``polarity negative``, ``channel 2``; ``timer 1 s`` lets every train end by itself after that, ``timer off`` does not.
``start`` and ``stop`` are its buttons, ``show`` its display. Answers: ``ok``, what is shown, or ``no: `` and why.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rig.errors import UnitError
from rig.twin.devices.plain_pulse import plain_pulse
from rig.twin.devices.serial_lines import SerialLines
from rig.twin.faults import FaultPlan
from rig.twin.stimulator import Train
from rig.units import Unit, format_quantity, parse_quantity

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.twin.config import InstrumentConfig
    from rig.twin.streams import Stream
    from rig.twin.world import World

__all__ = ["FrontPanel"]

# What each knob goes from and to, and where it stands at first.
_KNOBS: dict[str, tuple[Unit, float, float, float]] = {
    "amplitude": (Unit.AMPERE, 0.0, 0.1, 0.0),
    "width": (Unit.SECOND, 10e-6, 1e-3, 200e-6),
    "gap": (Unit.SECOND, 0.0, 1e-3, 0.0),
    "rate": (Unit.HERTZ, 0.5, 500.0, 20.0),
}
_SWITCHES: dict[str, tuple[str, ...]] = {
    "shape": ("biphasic", "monophasic"),
    "polarity": ("positive", "negative"),
    "channel": tuple(str(number) for number in range(1, 9)),
}
_TIMER, _OFF = "timer", "off"
_LONGEST_LINE = 200


class FrontPanel:
    """Knobs may be turned while it runs: the pulses follow."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self.name, self.config, self.seed = name, config, seed
        self._world, self._faults = world, FaultPlan(config.faults)
        self._lock = threading.Lock()
        self._knobs = {knob: start for knob, (_, _, _, start) in _KNOBS.items()}
        self._switches = {switch: places[0] for switch, places in _SWITCHES.items()}
        self._timer: float | None = None
        self._lit = False
        self._lines = SerialLines(name, config, self._converse)

    def start(self) -> tuple[str, ...]:
        """Open the port for whoever turns the knobs."""
        return self._lines.start()

    def stop(self) -> None:
        """Close the port."""
        self._lines.stop()

    def _converse(self, stream: Stream) -> None:
        pending = b""
        while data := stream.read():
            *lines, pending = (pending + data).split(b"\n")
            pending = pending[-_LONGEST_LINE:]
            for line in lines:
                answer = self.turn(line.decode("ascii", "replace").strip())
                stream.write(f"{answer}\n".encode("ascii", "replace"))

    def turn(self, line: str) -> str:
        """Turn a knob, push a button or read the display; return what is seen of it."""
        what, _, value = line.partition(" ")
        buttons: dict[str, Callable[[], str]] = {"show": self._shown, "start": self._begin, "stop": self._end}
        turned: dict[str, Callable[[str, str], str]] = {
            **dict.fromkeys(_KNOBS, self._turn),
            **dict.fromkeys(_SWITCHES, self._switch),
            _TIMER: self._set_timer,
        }
        with self._lock:
            if what in buttons:
                return buttons[what]()
            if what in turned:
                return turned[what](what, value)
        return f"no: there is no {what!r}"

    def _turn(self, knob: str, value: str) -> str:
        unit, least, most, _ = _KNOBS[knob]
        try:
            asked = parse_quantity(value, unit)
        except UnitError as error:
            return f"no: {error}"
        if not least <= asked <= most:
            return f"no: it goes from {format_quantity(least, unit)} to {format_quantity(most, unit)}"
        self._knobs[knob] = asked
        return self._follow()

    def _switch(self, switch: str, value: str) -> str:
        if value not in _SWITCHES[switch]:
            return f"no: it can be {', '.join(_SWITCHES[switch])}"
        self._switches[switch] = value
        return self._follow()

    def _set_timer(self, _: str, value: str) -> str:
        try:
            self._timer = None if value == _OFF else parse_quantity(value, Unit.SECOND)
        except UnitError as error:
            return f"no: {error}"
        return "ok"

    def _shown(self) -> str:
        numbers = [f"{knob} {format_quantity(value, _KNOBS[knob][0])}" for knob, value in self._knobs.items()]
        switches = [f"{switch} {value}" for switch, value in self._switches.items()]
        timer = _OFF if self._timer is None else format_quantity(self._timer, Unit.SECOND)
        lit = self._lit and self._world.stimulating
        return "; ".join([*numbers, *switches, f"{_TIMER} {timer}", "running" if lit else "stopped"])

    def _end(self) -> str:
        self._lit = False
        self._world.stop()
        return "ok"

    def _follow(self) -> str:
        """Let the pulses be as the knobs say from now on, if there are any."""
        return self._begin() if self._lit and self._world.stimulating else "ok"

    def _begin(self) -> str:
        points = plain_pulse(
            amplitude=self._knobs["amplitude"],
            phase_duration=self._knobs["width"],
            interphase=self._knobs["gap"],
            biphasic=self._switches["shape"] == "biphasic",
            negative=self._switches["polarity"] == "negative",
        )
        period = 1.0 / self._knobs["rate"]
        if sum(point.duration for point in points) >= period:
            return "no: the pulses do not fit the rate"
        self._lit = True
        wired = self._switches["channel"] == str(self._world.config.device.wired_channel)
        if points and wired and not self._faults.strikes("mute"):
            self._world.begin(Train(points=points, period=period))
            if self._timer is not None:
                self._world.end_at(self._world.now + self._timer)
        return "ok"
