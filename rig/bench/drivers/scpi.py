"""The part of SCPI that every instrument shares: the error queue, identification, and numbers in replies."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NoReturn

from rig.errors import CommunicationError, InstrumentError
from rig.model.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.transport.visa import VisaSession

__all__ = ["ScpiDialogue", "ScpiInstrument", "self_test"]

_ERROR_QUERY = ":SYSTem:ERRor?"
_ERROR = re.compile(r'([+-]?\d+)\s*,\s*"(.*)"')
_QUEUE_DEPTH = 40
_IDENTITY_FIELDS = 4
# A self-test takes its time, s; 0 is a pass, in whatever way a number is written.
_SELF_TEST = 120.0
_PASSED = re.compile(r"[+-]?0+(\.0*)?")


class ScpiDialogue:
    """Commands in blocks, each followed by the error queue; replies are checked before they are believed.

    A family that keeps its errors otherwise overrides :meth:`errors`; one that ends its blocks otherwise, ``ends``; and
    one that writes something before them, ``begins``, a regular expression.
    """

    begins = ""
    ends = b"\n"

    def __init__(self, session: VisaSession) -> None:
        self._session = session

    @property
    def instrument(self) -> str:
        """The name in the bench file."""
        return self._session.instrument

    def command(self, *commands: str) -> None:
        """Send commands and raise if the instrument reports an error."""
        errors = self.errors(after=commands)
        if errors:
            raise InstrumentError(self.instrument, "; ".join(commands), ", ".join(errors))

    def say(self, command: str) -> None:
        """Send a command and wait for no answer; what the instrument makes of it is for a later question to show."""
        self._session.say(command)

    def errors(self, *, after: Sequence[str] = ()) -> tuple[str, ...]:
        """Read and empty the error queue, after the commands given."""
        errors = []
        reply = self._session.ask(_ERROR_QUERY, after=after)
        for _ in range(_QUEUE_DEPTH):
            match = _ERROR.fullmatch(reply.strip())
            if match is None:
                # Not the error queue's answer: the dialogue is out of step, and nothing after this can be believed.
                self._session.close()
                raise CommunicationError(self.instrument, _ERROR_QUERY, f"answered {reply!r}")
            if int(match[1]) == 0:
                break
            errors.append(f"{match[1]} {match[2]}")
            reply = self._session.ask(_ERROR_QUERY)
        return tuple(errors)

    def check(self) -> None:
        """Raise if the instrument reports an error."""
        self.command()

    def text(self, query: str, *, after: Sequence[str] = (), timeout: float | None = None) -> str:
        """Return a reply as it stands."""
        return self._session.ask(query, after=after, timeout=timeout).strip()

    def number(self, query: str) -> float:
        """Return a reply that must be one finite number."""
        return self.numbers(query, 1)[0]

    def numbers(self, query: str, count: int) -> tuple[float, ...]:
        """Return a reply that must be that many finite numbers, separated by commas."""
        return self.read_numbers(query, self.text(query), count)

    def read_numbers(self, query: str, reply: str, count: int) -> tuple[float, ...]:
        """Read a reply, or what is left of it, that must be that many finite numbers, separated by commas."""
        try:
            values = tuple(float(field) for field in reply.split(","))
        except ValueError:
            self.refuse(query, f"answered {reply!r} instead of numbers")
        if len(values) != count or not all(math.isfinite(value) for value in values):
            self.refuse(query, f"answered {reply!r} instead of {count} numbers")
        return values

    def integer(self, query: str) -> int:
        """Return a reply that must be one whole number."""
        value = self.number(query)
        if not value.is_integer():
            self.refuse(query, f"answered {value!r} instead of a whole number")
        return int(value)

    def block(self, query: str, *, after: Sequence[str] = (), timeout: float | None = None) -> bytes:
        """Return the data of a definite-length block reply."""
        return self._session.ask_block(query, after=after, timeout=timeout, begins=self.begins, ends=self.ends)

    def picture(self, query: str, *, after: Sequence[str] = (), timeout: float | None = None) -> bytes:
        """Return the image file that comes as it is, in no block."""
        return self._session.ask_picture(query, after=after, timeout=timeout)

    def identify(self) -> Identity:
        """Return manufacturer, model, serial number and firmware from ``*IDN?``."""
        reply = self.text("*IDN?")
        fields = [field.strip() for field in reply.split(",", _IDENTITY_FIELDS - 1)]
        if len(fields) != _IDENTITY_FIELDS or not reply.isprintable():
            self.refuse("*IDN?", f"answered {reply!r} instead of manufacturer, model, serial number and firmware")
        return Identity(manufacturer=fields[0], model=fields[1], serial=fields[2], firmware=fields[3])

    def refuse(self, query: str, reply: str) -> NoReturn:
        """Raise because of a reply; what else is on its way is not to be believed either."""
        self._session.close()
        raise InstrumentError(self.instrument, query, reply)

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        self._session.close()


def self_test(dialogue: ScpiDialogue) -> str:
    """Run an instrument's own test; return what it complains of, empty if it passed."""
    reply = dialogue.text("*TST?", timeout=_SELF_TEST)
    return "" if _PASSED.fullmatch(reply) else f"*TST? answers {reply}"


class ScpiInstrument:
    """What every instrument with SCPI can be asked; ``name`` is the one in the bench file."""

    def __init__(self, name: str, dialogue: ScpiDialogue) -> None:
        self.name = name
        self._dialogue = dialogue

    def identify(self) -> Identity:
        """Ask the instrument who it is."""
        return self._dialogue.identify()

    def self_test(self) -> str:
        """Run the instrument's own test; return what it complains of, empty if it passed."""
        return self_test(self._dialogue)

    def errors(self) -> tuple[str, ...]:
        """Read and empty the error queue."""
        return self._dialogue.errors()

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        self._dialogue.close()
