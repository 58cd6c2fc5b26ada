"""A made-up stimulator that is spoken to in lines of text, as its table says, on TCP and on a pseudo-terminal."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from rig.twin.devices.plain_pulse import plain_pulse
from rig.twin.devices.serial_lines import SerialLines
from rig.twin.devices.text_table import TextTable
from rig.twin.faults import FaultPlan
from rig.twin.stimulator import Train

if TYPE_CHECKING:
    from rig.twin.config import InstrumentConfig
    from rig.twin.devices.text_table import TextNumber, TextWord
    from rig.twin.streams import Stream
    from rig.twin.world import World

__all__ = ["TextDevice"]

_LONGEST_LINE = 200


class TextDevice:
    """Its configuration's ``table`` is a :class:`rig.twin.devices.text_table.TextTable`."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self.name, self.config, self.seed = name, config, seed
        self._world, self._faults = world, FaultPlan(config.faults)
        self._table = TextTable.model_validate(config.table)
        self._lock = threading.Lock()
        self._boots = world.boots
        self._settle_all()
        self._lines = SerialLines(name, config, self._converse)

    def _settle_all(self) -> None:
        """Begin anew: everything as after a reset, nothing running."""
        self._numbers = {name: number.start for name, number in self._table.numbers.items()}
        self._words = {name: next(iter(word.words)) for name, word in self._table.words.items()}
        self._running, self._alive_until = False, math.inf

    def start(self) -> tuple[str, ...]:
        """Open the lines; return pyserial's names of them."""
        return self._lines.start()

    def stop(self) -> None:
        """Close the lines."""
        self._lines.stop()

    # --- the line ---------------------------------------------------------------------------------------------------

    def _converse(self, stream: Stream) -> None:
        table, pending = self._table, b""
        if table.greeting:
            self._say(stream, table.greeting)
        while data := stream.read():
            if not self._world.awake:
                pending = b""
                continue
            *lines, pending = (pending + data).split(table.receive_end.encode("ascii"))
            pending = pending[-_LONGEST_LINE:]
            for line in lines:
                text = line.decode("ascii", "replace")
                if table.echo:
                    self._say(stream, text)
                answer = self.answer(text)
                if self._faults.strikes("dropped_connection"):
                    stream.drop()
                    return
                if not self._faults.strikes("timeout"):
                    self._say(stream, answer)

    def _say(self, stream: Stream, text: str) -> None:
        stream.write((text + self._table.send_end).encode("ascii", "replace"))

    def answer(self, line: str) -> str:
        """Carry out one line and return what is said to it."""
        table = self._table
        with self._lock:
            self._take_note()
            if line == table.identify:
                return self._identity()
            if line == table.state:
                return table.state_answer.format(state=self._state)
            if table.alive is not None and line == table.alive:
                self._keep_alive()
                return table.alive_answer.format(state=self._state)
            acts = {table.start: self._begin, table.stop: self._end, table.reset: self._reset}
            act = acts.get(line)
            return self._set_or_tell(line) if act is None else act()

    def _take_note(self) -> None:
        """Notice what has happened while nobody spoke: power came back, or nobody kept it alive."""
        if self._boots != self._world.boots:
            self._boots = self._world.boots
            self._settle_all()
        if self._running and self._world.now >= self._alive_until:
            self._running = False

    @property
    def _state(self) -> str:
        return self._table.running if self._running else self._table.idle

    def _identity(self) -> str:
        identity = self.config.identity or self._world.config.device.identity
        parts = identity.model_dump()
        if self._faults.strikes("wrong_identity"):
            parts["serial"] = "0"
        return self._table.identity.format(**parts)

    # --- settings ---------------------------------------------------------------------------------------------------

    def _set_or_tell(self, line: str) -> str:
        for name, number in self._table.numbers.items():
            if line == number.ask:
                return f"{self._numbers[name]:.{number.decimals}f}{number.suffix}"
            if line.startswith(f"{number.set} "):
                return self._set_number(name, number, line.removeprefix(f"{number.set} "))
        for name, word in self._table.words.items():
            if line == word.ask:
                return self._words[name]
            if line.startswith(f"{word.set} "):
                return self._set_word(name, word, line.removeprefix(f"{word.set} "))
        return self._table.unknown

    def _set_number(self, name: str, number: TextNumber, text: str) -> str:
        whole, _, part = text.partition(".")
        if not (whole.isascii() and whole.isdigit()) or (part and not (part.isascii() and part.isdigit())):
            return self._table.unknown
        value = round(float(text), number.decimals)
        if not number.least <= value <= number.most:
            return self._table.range
        if self._running:
            return self._table.busy
        self._numbers[name] = value
        return self._table.done

    def _set_word(self, name: str, word: TextWord, text: str) -> str:
        if text not in word.words:
            return self._table.range
        if self._running:
            return self._table.busy
        self._words[name] = text
        return self._table.done

    def _si(self, name: str) -> float:
        number = self._table.numbers.get(name)
        return 0.0 if number is None else self._numbers[name] * number.unit

    def _meaning(self, name: str, otherwise: str | int) -> str | int:
        word = self._table.words.get(name)
        return otherwise if word is None else word.words[self._words[name]]

    # --- pulses -----------------------------------------------------------------------------------------------------

    def _begin(self) -> str:
        if self._running:
            return self._table.busy
        points = plain_pulse(
            amplitude=self._si("amplitude"),
            phase_duration=self._si("phase_duration"),
            interphase=self._si("interphase"),
            biphasic=self._meaning("shape", "biphasic_symmetric") == "biphasic_symmetric",
            negative=self._meaning("polarity", "positive") == "negative",
        )
        period = self._si("period") if self._table.rate is None else 1.0 / self._si("rate")
        if sum(point.duration for point in points) >= period:
            return self._table.misfit
        self._running = True
        if points and self._meaning("channel", 1) == self._world.config.device.wired_channel:
            self._world.begin(Train(points=points, period=period))
        self._keep_alive()
        return self._table.done

    def _end(self) -> str:
        self._running = False
        self._world.stop()
        return self._table.done

    def _reset(self) -> str:
        self._settle_all()
        self._world.reset()
        return self._table.done

    def _keep_alive(self) -> None:
        if self._running and self._table.keep_alive is not None:
            self._alive_until = self._world.keep_alive(self._table.keep_alive)
