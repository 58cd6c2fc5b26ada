"""Stimulators that are spoken to in lines of text, as a file describes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Literal

from rig.bench.dialogue.checks import IDENTITY, READABLE, STATUS
from rig.bench.dialogue.entries import exact, shown
from rig.bench.dialogue.pattern import Pattern
from rig.bench.dialogue.setting import realise, values_of
from rig.bench.dialogue.template import NUMBERS, WORDS, Template, unit_of
from rig.bench.transport.serial_port import SerialLine
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.model.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rig.bench.dialogue.entries import DialogueFile
    from rig.bench.dialogue.setting import Values
    from rig.bench.opening import Opening
    from rig.model.stimulus import Stimulus

__all__ = ["TextStimulator", "opened"]

_PARITIES: Mapping[str, Literal["N", "E", "O"]] = {"none": "N", "even": "E", "odd": "O"}
_ENDS = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n"}
_LONGEST_LINE = 512
# Bounds the wait where bytes keep coming that are no answer.
_MOST_READS = 64
_LINES_SHOWN = 60


@dataclass(slots=True)
class _Told:
    """What the groups of replies hold: words as they came, numbers in SI."""

    words: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, Decimal] = field(default_factory=dict)

    def add(self, other: _Told) -> None:
        self.words.update(other.words)
        self.numbers.update(other.numbers)


class TextStimulator:
    """A stimulator whose dialogue is described in a file.

    Parameters
    ----------
    name, address : from the bench file
    dialogue : what is said and answered
    stated : who the device file says it is: holds for what the device itself does not report
    wait : lets that many seconds pass
    timeout : how long to wait for a reply, s; None leaves it to the dialogue

    Attributes
    ----------
    condition : the device's own word for its state, as it was told last
    """

    def __init__(
        self,
        name: str,
        address: str,
        dialogue: DialogueFile,
        *,
        stated: Identity,
        wait: Callable[[float], None],
        timeout: float | None = None,
    ) -> None:
        self.name = name
        self._address, self._dialogue, self._stated, self._wait = address, dialogue, stated, wait
        self._timeout = dialogue.line.timeout if timeout is None else timeout
        self._patterns = {name: tuple(map(Pattern, one.replies)) for name, one in dialogue.commands.items()}
        self._errors = tuple((Pattern(one.reply), one.says) for one in dialogue.errors)
        self._ignored = tuple(map(Pattern, dialogue.ignore))
        self._line: SerialLine | None = None
        self._came = b""
        self._late = False
        self._prepared: Values | None = None
        self._running = False
        self.condition = ""
        self._open()

    @property
    def keep_alive_interval(self) -> float | None:
        """Longest time between two messages while stimulating, s; None where the device needs none."""
        return None if self._dialogue.keep_alive is None else self._dialogue.keep_alive.interval

    def identify(self) -> Identity:
        """Ask the device who it is; what it does not tell is taken from the device file."""
        told = self._perform("identify")
        return replace(self._stated, **{name: value.strip() for name, value in told.words.items() if name in IDENTITY})

    def prepare(self, stimulus: Stimulus) -> Stimulus:
        """Set a stimulus, output still off; return it as the device says that it is set, or as it was sent.

        Raises
        ------
        Refused
            for what the device cannot be set to
        InstrumentError
            if it reports another setting than the one sent, by more than a step
        """
        self._prepared, self._running = None, False
        values = values_of(stimulus, self._dialogue.settings)
        self._prepared = values
        try:
            told = self._perform("prepare")
            self._must_be("off", told, "prepare")
            self._prepared = self._as_read_back(values, told)
        except BaseException:
            self._prepared = None
            raise
        return realise(stimulus, self._prepared)

    def start(self) -> None:
        """Begin to deliver the prepared stimulus."""
        if self._prepared is None:
            raise InstrumentError(self.name, "start", "no stimulus has been prepared")
        self._running = True
        told = self._perform("start")
        self._as_read_back(self._prepared, told)
        self._must_be("running", told, "start")

    def keep_alive(self) -> None:
        """Say the word that the device wants to hear; raises if it answers that it has stopped."""
        keep_alive = self._dialogue.keep_alive
        if keep_alive is None:
            return
        if self._prepared is None and Template(self._dialogue.commands[keep_alive.command].send).placeholders:
            return
        told = self._ask(keep_alive.command)
        ends_itself = self._dialogue.settings.train or self._dialogue.settings.pulses
        if self._running and not (ends_itself and self._dialogue.states.get(told.words.get(STATUS, "")) == "off"):
            self._must_be("running", told, keep_alive.command)

    def stop(self) -> None:
        """End stimulation; may be called at any time, any number of times."""
        self._prepared, self._running = None, False
        try:
            self._stop()
        except CommunicationError:
            # Worth a second attempt over a new connection; what is left after that is the relays.
            self._open()
            self._stop()

    def reset(self) -> None:
        """Have the device start anew."""
        self._prepared, self._running = None, False
        if self._dialogue.sequences.reset is None:
            raise Refused(f"{self.name}: the dialogue {self._dialogue.dialogue!r} has no sequence 'reset'")
        self._perform("reset")

    def disconnect(self) -> None:
        """Cut the line to the device, as a pulled cable would: it is told nothing."""
        self.close()

    def reconnect(self) -> None:
        """Open the line again; what the device does by then is not changed."""
        self._open()

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _open(self) -> None:
        self.close()
        says = self._dialogue.line
        self._came, self._late = b"", False
        self._line = SerialLine(
            self.name,
            self._address,
            baud=says.baud,
            parity=_PARITIES[says.parity],
            stop_bits=says.stop_bits,
            timeout=self._timeout,
        )

    def _stop(self) -> None:
        if self._late:
            # An answer is still on its way and would be taken for this one's: first say it, then ask it.
            for name in self._dialogue.sequences.stop:
                self._send(self._dialogue.commands[name].send, name)
        self._must_be("off", self._perform("stop"), "stop")

    def _perform(self, sequence: str) -> _Told:
        """Send the commands of a sequence in order; return what the groups of all replies hold."""
        told = _Told()
        for name in self._dialogue.sequences.named()[sequence]:
            told.add(self._ask(name))
        return told

    def _ask(self, name: str) -> _Told:
        """Send one command, see that it is answered as described, and return what the answer's groups hold."""
        command = self._dialogue.commands[name]
        sent = Template(command.send).render(self._prepared or {})
        self._settle(sent)
        self._send(sent, sent)
        if self._dialogue.line.echo and (echo := self._next_line(sent)) != sent:
            self._late = True
            raise InstrumentError(self.name, sent, f"was not repeated; {_short(echo)!r} came instead")
        told = _Told()
        for pattern in self._patterns[name]:
            for group, text in self._expect(pattern, sent).items():
                if group in READABLE:
                    told.numbers[group] = self._number(group, text, command.reads[group])
                else:
                    told.words[group] = text
        pause = command.pause + self._dialogue.line.gap
        if pause:
            self._wait(pause)
        return told

    def _send(self, text: str, command: str) -> None:
        if self._line is None:
            raise CommunicationError(self.name, command, "the connection is closed")
        self._line.write(text.encode("ascii") + _ENDS[self._dialogue.line.send_end], command=command)

    def _settle(self, command: str) -> None:
        """See to it that what comes next answers what is said next; an error that came unasked is raised."""
        if self._line is None:
            raise CommunicationError(self.name, command, "the connection is closed")
        if self._late:
            for _ in range(_MOST_READS):
                if not self._line.read(command=command):
                    break
            self._came, self._late = b"", False
            return
        self._came += self._line.pending(command=command)
        while (line := self._taken()) is not None:
            self._raise_error(line, "unasked")
        self._came = b""

    def _expect(self, pattern: Pattern, sent: str) -> Mapping[str, str]:
        """Return what the groups hold of the next line that is not to be ignored."""
        line = self._next_line(sent)
        self._raise_error(line, sent)
        told = pattern.match(line)
        if told is None:
            self._late = True
            raise InstrumentError(self.name, sent, f"answered {_short(line)!r}, not as {pattern.text!r}")
        return told

    def _next_line(self, sent: str) -> str:
        if self._line is None:
            raise CommunicationError(self.name, sent, "the connection is closed")
        for _ in range(_MOST_READS):
            while (line := self._taken()) is not None:
                if line and not any(pattern.match(line) is not None for pattern in self._ignored):
                    return line
            if len(self._came) > _LONGEST_LINE:
                self._late = True
                raise InstrumentError(self.name, sent, f"answered a line of more than {_LONGEST_LINE} characters")
            data = self._line.read(command=sent)
            if not data:
                break
            self._came += data
        begun = f"; {_short(self._came.decode('latin-1'))!r} came" if self._came else ""
        self._late = True
        raise CommunicationError(self.name, sent, f"no answer in time{begun}")

    def _taken(self) -> str | None:
        """Take a whole line of what has come; None while there is none."""
        line, end, rest = self._came.partition(_ENDS[self._dialogue.line.reply_end])
        if not end:
            return None
        self._came = rest
        return line.decode("latin-1").strip("\r\n")[:_LONGEST_LINE]

    def _raise_error(self, line: str, sent: str) -> None:
        for pattern, says in self._errors:
            told = pattern.match(line)
            if told is not None:
                for group, text in told.items():
                    says = says.replace(f"{{{group}}}", text)  # noqa: PLW2901 - the loop ends here
                raise InstrumentError(self.name, sent, f"{says} ({_short(line)!r})")

    def _must_be(self, wanted: str, told: _Told, what: str) -> None:
        """Hold the state that was told, if any was, against the one that is due."""
        word = told.words.get(STATUS)
        if word is None:
            return
        self.condition = word
        state = self._dialogue.states.get(word)
        if state is None:
            raise InstrumentError(self.name, what, f"reports the state {_short(word)!r}, which 'states' does not know")
        if state != wanted:
            raise InstrumentError(
                self.name, what, f"reports {_short(word)!r}, which means {state}; it should be {wanted}"
            )

    def _as_read_back(self, values: Values, told: _Told) -> Values:
        """Return the settings as the device says that they are."""
        found = dict(values)
        for name in WORDS:
            if told.words.get(name, values[name]) != values[name]:
                reported = _short(told.words[name])
                raise InstrumentError(self.name, name, f"reports {reported!r}, and was set to {values[name]!r}")
        for name, number in told.numbers.items():
            span, sent = self._dialogue.settings.span(name), Decimal(values[name])
            step = Decimal(0) if span is None or span.step is None else exact(span.step)
            if abs(number - sent) > step:
                reported, asked = (shown(one, NUMBERS[name]) for one in (number, sent))
                raise InstrumentError(self.name, name, f"reports {reported}, and was set to {asked}")
            found[name] = number
        if "period" in told.numbers:
            found["rate"] = 1 / told.numbers["period"]
        return found

    def _number(self, name: str, text: str, unit: str) -> Decimal:
        try:
            number = Decimal(text.strip()) * unit_of(name, unit)
        except InvalidOperation as error:
            raise InstrumentError(self.name, name, f"reports {_short(text)!r}, which is no number") from error
        if not number.is_finite():
            raise InstrumentError(self.name, name, f"reports {_short(text)!r}, which is no number")
        return number


def _short(text: str) -> str:
    return text if len(text) <= _LINES_SHOWN else f"{text[:_LINES_SHOWN]}…"


def opened(at: Opening) -> TextStimulator:
    """Open a session as a bench file says."""
    if at.device is None or at.dialogue is None:
        raise Refused(f"{at.name}: the device file names no 'dialogue'")
    stated = at.device.identity
    return TextStimulator(
        at.name,
        at.address,
        at.dialogue,
        stated=Identity(
            manufacturer=stated.manufacturer,
            model=stated.model,
            serial=stated.serial,
            firmware=stated.firmware or "",
        ),
        wait=at.clock.sleep,
        timeout=at.timeout,
    )
