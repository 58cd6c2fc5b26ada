"""What may stand in a file that describes a text dialogue."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from rig.bench.dialogue.pattern import LONGEST_PATTERN, Pattern
from rig.bench.dialogue.template import Template
from rig.model.stimulus import Polarity, Shape
from rig.units import Unit, format_quantity
from rig.units.fields import Duration, Quantity

__all__ = ["Command", "DialogueFile", "Line", "Span", "State"]


def _is_pattern(text: str) -> str:
    Pattern(text)
    return text


def _is_template(text: str) -> str:
    Template(text)
    return text


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Word = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[\x20-\x7e]+$")]
Says = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
PatternText = Annotated[str, Field(min_length=1, max_length=LONGEST_PATTERN), AfterValidator(_is_pattern)]
TemplateText = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_is_template)]
UnitText = Annotated[str, Field(max_length=40)]
Wait = Annotated[float, Quantity(Unit.SECOND, "positive")]
Sequence = Annotated[tuple[Name, ...], Field(min_length=1, max_length=40)]
State = Literal["running", "off", "fault"]
End = Literal["cr", "lf", "crlf"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Line(_Entry):
    """The line: how fast, what ends what is sent and what is answered, and how long an answer may take.

    ``echo``: the device repeats what it is sent before it answers. ``gap`` is left after every command.
    """

    baud: int = Field(default=115200, ge=300, le=4_000_000)
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1
    send_end: End = "crlf"
    reply_end: End = "lf"
    timeout: Wait = 1.0
    echo: bool = False
    gap: Duration = 0.0


class Span(_Entry):
    """A number's least and greatest value, and the steps from the least one on; no step where there is one value."""

    least: Any
    most: Any
    step: Any = None

    @model_validator(mode="after")
    def _steps_lead_from_least_to_most(self) -> Span:
        if self.most < self.least:
            msg = "'most' is less than 'least'"
            raise ValueError(msg)
        if self.step is None and self.most != self.least:
            msg = "a 'step' is missing: in which steps can it be set from 'least' to 'most'?"
            raise ValueError(msg)
        if self.step is not None and (exact(self.most) - exact(self.least)) % exact(self.step):
            msg = "no number of steps leads from 'least' to 'most'"
            raise ValueError(msg)
        return self


class CurrentSpan(Span):
    """Of a current."""

    least: Annotated[float, Quantity(Unit.AMPERE, "not negative")]
    most: Annotated[float, Quantity(Unit.AMPERE, "not negative")]
    step: Annotated[float, Quantity(Unit.AMPERE, "positive")] | None = None


class TimeSpan(Span):
    """Of a time."""

    least: Annotated[float, Quantity(Unit.SECOND, "not negative")]
    most: Annotated[float, Quantity(Unit.SECOND, "not negative")]
    step: Annotated[float, Quantity(Unit.SECOND, "positive")] | None = None


class RateSpan(Span):
    """Of a rate."""

    least: Annotated[float, Quantity(Unit.HERTZ, "positive")]
    most: Annotated[float, Quantity(Unit.HERTZ, "positive")]
    step: Annotated[float, Quantity(Unit.HERTZ, "positive")] | None = None


class CountSpan(Span):
    """Of a number of things."""

    least: int = Field(ge=1)
    most: int = Field(ge=1)
    step: int | None = Field(default=1, ge=1)


class Settings(_Entry):
    """What the device can be set to, and what it calls it.

    The rig's words are on the left, the device's on the right. Either ``rate`` or ``period`` says how often a pulse
    comes. Without ``interphase`` there is none between two phases. With ``train`` or ``pulses`` the device ends a
    train by itself; otherwise it is told to stop.
    """

    channel: dict[Annotated[str, Field(pattern=r"^[1-9][0-9]?$")], Word] = Field(min_length=1)
    shape: dict[Shape, Word] = Field(min_length=1)
    polarity: dict[Polarity, Word] = Field(min_length=1)
    amplitude: CurrentSpan
    phase_duration: TimeSpan
    interphase: TimeSpan | None = None
    rate: RateSpan | None = None
    period: TimeSpan | None = None
    train: TimeSpan | None = None
    pulses: CountSpan | None = None

    @model_validator(mode="after")
    def _one_says_how_often(self) -> Settings:
        if (self.rate is None) is (self.period is None):
            msg = "either 'rate' or 'period' says how often a pulse comes"
            raise ValueError(msg)
        if self.train is not None and self.pulses is not None:
            msg = "either 'train' or 'pulses' says when a train ends by itself, not both"
            raise ValueError(msg)
        if self.period is not None and not self.period.least:
            msg = "a period is more than nothing"
            raise ValueError(msg)
        return self

    def span(self, name: str) -> Span | None:
        """Return between what a number can be set; None of one that cannot."""
        found = getattr(self, name, None)
        return found if isinstance(found, Span) else None


class Command(_Entry):
    """One line that is sent, and what is answered: a line of its own for every pattern; nothing without one.

    ``reads`` says in which unit a number is that a group of the reply gives.
    """

    send: TemplateText
    reply: PatternText | Annotated[tuple[PatternText, ...], Field(min_length=1, max_length=8)] | None = None
    reads: dict[Name, UnitText] = Field(default_factory=dict)
    pause: Duration = 0.0

    @property
    def replies(self) -> tuple[str, ...]:
        """The pattern of every line of the answer."""
        if self.reply is None:
            return ()
        return (self.reply,) if isinstance(self.reply, str) else self.reply


class ErrorReply(_Entry):
    """A reply, to whatever, that means trouble; ``says`` may name the pattern's groups in braces."""

    reply: PatternText
    says: Says


class KeepAlive(_Entry):
    """What the device wants to hear while it stimulates, and how much time may lie between two, at most."""

    command: Name
    interval: Wait


class Sequences(_Entry):
    """Which commands are sent one after the other, for everything that the rig asks of a stimulator."""

    identify: Sequence
    prepare: Sequence
    start: Sequence
    stop: Sequence
    reset: Sequence | None = None

    def named(self) -> dict[str, tuple[str, ...]]:
        """Return every sequence there is, by name."""
        return {name: tuple(value) for name, value in self if value is not None}


class DialogueFile(_Entry):
    """How a device is spoken to, line by line.

    ``states`` say what the words mean that a group ``status`` may hold; ``ignore`` are lines that the device sends
    unasked and that mean nothing.
    """

    dialogue: Name
    title: Title
    line: Line = Line()
    settings: Settings
    commands: dict[Name, Command] = Field(min_length=1, max_length=100)
    sequences: Sequences
    keep_alive: KeepAlive | None = None
    states: dict[Word, State] = Field(default_factory=dict)
    errors: tuple[ErrorReply, ...] = Field(default=(), max_length=50)
    ignore: tuple[PatternText, ...] = Field(default=(), max_length=20)


def exact(value: float) -> Decimal:
    """Return a number as it was written, not as it is stored."""
    return Decimal(repr(value))


def shown(value: Decimal, unit: Unit) -> str:
    """Write a number in its unit, for messages."""
    return format_quantity(float(value), unit)
