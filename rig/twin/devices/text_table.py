"""What a made-up device with a text protocol says and understands: its words, units, limits and complaints."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

__all__ = ["TextNumber", "TextTable", "TextWord"]

Line = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\x20-\x7e]+$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TextNumber(_Entry):
    """A number that is set with ``set`` and a blank, and told where ``ask`` is said, followed by ``suffix``.

    One count is ``unit`` (SI); ``decimals`` are understood and told. ``start`` is what it is after a reset; all three
    in counts.
    """

    set: Line
    ask: Line | None = None
    suffix: str = ""
    unit: PositiveFloat
    decimals: Annotated[int, Field(ge=0, le=6)] = 0
    least: float
    most: float
    start: float


class TextWord(_Entry):
    """One of several words, each with what it means; the first is what holds after a reset."""

    set: Line
    ask: Line | None = None
    words: Annotated[dict[str, str | int], Field(min_length=1)]


class TextTable(_Entry):
    """Everything about one such device; what is left out is as of the documented example.

    ``done`` answers whatever was carried out and has no answer of its own. ``alive`` has to be heard every
    ``keep_alive`` s while it runs, if that is given. In answers, ``{state}`` and the parts of the identity are put in.
    ``busy`` complains of settings while it runs, ``misfit`` of pulses that do not fit the rate.
    """

    receive_end: Literal["\r", "\n", "\r\n"] = "\r\n"
    send_end: Literal["\r", "\n", "\r\n"] = "\r\n"
    echo: bool = False
    greeting: str = "# ready"
    identify: Line = "*IDN?"
    identity: Line = "{manufacturer},{model},{serial},{firmware}"
    start: Line = "RUN"
    stop: Line = "HALT"
    reset: Line = "*RST"
    state: Line = "STATE?"
    state_answer: Line = "{state}"
    alive: Line | None = "PING"
    alive_answer: Line = "PONG {state}"
    keep_alive: PositiveFloat | None = 1.0
    idle: Line = "IDLE"
    running: Line = "RUNNING"
    done: Line = "OK"
    unknown: Line = "ERR 1 unknown command"
    range: Line = "ERR 2 out of range"
    busy: Line = "ERR 3 not while running"
    misfit: Line = "ERR 4 pulses do not fit the rate"
    amplitude: TextNumber = TextNumber(
        set="AMP", ask="AMP?", suffix=" mA", unit=1e-3, decimals=1, least=0, most=100, start=0
    )
    phase_duration: TextNumber = TextNumber(
        set="WIDTH", ask="WIDTH?", suffix=" us", unit=1e-6, least=10, most=1000, start=200
    )
    interphase: TextNumber | None = TextNumber(
        set="GAP", ask="GAP?", suffix=" us", unit=1e-6, least=0, most=1000, start=0
    )
    rate: TextNumber | None = TextNumber(
        set="RATE", ask="RATE?", suffix=" Hz", unit=1.0, decimals=1, least=1, most=500, start=20
    )
    period: TextNumber | None = None
    channel: TextWord | None = TextWord(set="CHAN", ask="CHAN?", words={"1": 1, "2": 2, "3": 3, "4": 4})
    shape: TextWord | None = TextWord(
        set="SHAPE", ask="SHAPE?", words={"BI": "biphasic_symmetric", "MONO": "monophasic"}
    )
    polarity: TextWord | None = TextWord(set="POL", ask="POL?", words={"POS": "positive", "NEG": "negative"})

    @model_validator(mode="after")
    def _one_pace(self) -> Self:
        if (self.rate is None) == (self.period is None):
            msg = "a device is set to a rate or to a period"
            raise ValueError(msg)
        return self

    @property
    def numbers(self) -> dict[str, TextNumber]:
        """Every number that can be set, by quantity."""
        names = ("amplitude", "phase_duration", "interphase", "rate", "period")
        return {name: number for name in names if (number := getattr(self, name)) is not None}

    @property
    def words(self) -> dict[str, TextWord]:
        """Every word that can be set, by quantity."""
        return {name: word for name in ("channel", "shape", "polarity") if (word := getattr(self, name)) is not None}
