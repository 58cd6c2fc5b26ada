"""What Tektronix oscilloscopes share, from the TBS1000 to the 6 Series: events, acquisition state, records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.drivers.scpi_oscilloscope import ARMING_TIME, Phase, Piece, ScpiOscilloscope, chunks
from rig.errors import CommunicationError, SamplesLost
from rig.model.setup import Coupling, Reduction
from rig.model.waveform import Waveform
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.model.setup import ScopeSetup

__all__ = ["COUPLINGS", "MODES", "SLOPES", "TektronixDialogue", "TektronixOscilloscope"]

SLOPES = {1: "RISe", -1: "FALL", 0: "EITher"}
MODES = {Reduction.NONE: "SAMple", Reduction.HIGH_RESOLUTION: "HIRes", Reduction.AVERAGE: "AVErage"}
COUPLINGS = {Coupling.DC: "DC", Coupling.AC: "AC"}

_EVENTS = re.compile(r'(?::?ALLEV\s+)?(\d+,"(?:[^"]|"")*"(?:,\d+,"(?:[^"]|"")*")*)')
_EVENT = re.compile(r'(\d+),"((?:[^"]|"")*)"')
# Nothing to report, more to come after *ESR?, power on, operation complete: no errors, and no warnings either.
_NO_ERRORS = {0, 1, 401, 402}
_MOST_STATUS = 255
_NUMBERS = ("BYT_Nr", "NR_Pt", "PT_Off", "XINcr", "XZEro", "YMUlt", "YOFf", "YZEro")
_WORDS = ("BN_Fmt", "BYT_Or", "PT_Fmt")
_PHASES = {
    "SAV": Phase.IDLE,
    "ARM": Phase.FILLING,
    "REA": Phase.READY,
    "TRI": Phase.READY,
    "AUT": Phase.READY,
}


class TektronixDialogue(ScpiDialogue):
    """Errors are events here: reading the status register brings those to light that ``ALLEV?`` then tells."""

    def errors(self, *, after: Sequence[str] = ()) -> tuple[str, ...]:
        """Read and empty the event queue, after the commands given; a warning counts as an error."""
        status = self._session.ask("*ESR?", after=after).strip()
        if not status.isdecimal() or int(status) > _MOST_STATUS:
            raise self._out_of_step("*ESR?", status)
        reply = self._session.ask("ALLEV?").strip()
        match = _EVENTS.fullmatch(reply)
        if match is None:
            raise self._out_of_step("ALLEV?", reply)
        events = [(int(code), text.replace('""', '"')) for code, text in _EVENT.findall(match[1])]
        return tuple(f"{code} {text}" for code, text in events if code not in _NO_ERRORS)

    def _out_of_step(self, query: str, reply: str) -> CommunicationError:
        self._session.close()
        return CommunicationError(self.instrument, query, f"answered {reply!r}")


class TektronixOscilloscope(ScpiOscilloscope):
    """Single sequences, watched by what the trigger waits for and whether acquiring goes on.

    A family says in ``preamble`` under which header it describes records, in ``most`` how many points of a record it
    is asked for at a time, and in ``top`` the highest code of signed samples of one and of two bytes.
    """

    preamble = "WFMOutpre"
    most = 1_000_000
    top = (127, 32767)

    def arm(self) -> None:
        """Start a single acquisition and return once the instrument is truly armed (or, without trigger, done).

        Raises
        ------
        InstrumentError
            if it does not arm
        NoTrigger
            if a forced acquisition does not complete
        """
        setup = self._configured()
        limit = setup.window + ARMING_TIME
        commands = ("*CLS", "ACQuire:STATE OFF", "ACQuire:STOPAfter SEQuence", "ACQuire:STATE ON")
        self._arm(*commands, phase=self._phase, limit=limit)
        if setup.trigger is None:
            self._force("TRIGger FORCe", limit)

    def done(self) -> bool:
        """Whether the armed acquisition is complete."""
        # The trigger's state is no sign of completion, says the programmer manual; whether it acquires is.
        return self._dialogue.integer("ACQuire:STATE?") == 0

    def halt(self) -> None:
        """Abandon an acquisition; may be called at any time."""
        self._dialogue.command("*CLS", "HEADer OFF", "ACQuire:STATE OFF")

    def _phase(self) -> Phase:
        reply = self._dialogue.text("TRIGger:STATE?")
        phase = _PHASES.get(reply[:3].upper())
        if phase is None:
            self._dialogue.refuse("TRIGger:STATE?", f"answered {reply!r}")
        return phase

    def _record(self, channel: int, segment: int, setup: ScopeSetup, width: int, *commands: str) -> Waveform:
        """Read a completed record as signed numbers, least significant byte first, in pieces."""
        if channel not in setup.channels:
            self._refuse(f"DATa:SOUrce CH{channel}", "the channel was not captured")
        if not 1 <= segment <= setup.segments:
            self._refuse(f"DATa:FRAMESTARt {segment}", f"there is no segment {segment}")
        if not self.done():
            self._refuse("CURVe?", "the acquisition is not complete")
        self._dialogue.command(
            f"DATa:SOUrce CH{channel}",
            "DATa:ENCdg SRIbinary",
            f"DATa:WIDth {width}",
            *commands,
            "DATa:STARt 1",
            f"DATa:STOP {setup.points}",
        )
        numbers = self._described(width)
        points = int(numbers["NR_Pt"])
        if points < 1:
            msg = f"{self.name}: channel {channel} has no record"
            raise SamplesLost(msg)
        pieces = (
            Piece(
                commands=(f"DATa:STARt {begin + 1}", f"DATa:STOP {begin + count}"),
                query="CURVe?",
                size=width * count,
            )
            for begin, count in chunks(points, self.most)
        )
        return self._gather(pieces, lambda data: self._waveform(channel, numbers, data))

    def _described(self, width: int) -> dict[str, float]:
        """Return the numbers of the preamble, once its words say that the samples come as they were asked for."""
        root = self.preamble
        words = [self._dialogue.text(f"{root}:{word}?").upper() for word in _WORDS]
        if words != ["RI", "LSB", "Y"]:
            self._dialogue.refuse(f"{root}?", f"describes samples as {words} instead of RI, LSB, Y")
        numbers = {name: self._dialogue.number(f"{root}:{name}?") for name in _NUMBERS}
        if numbers["BYT_Nr"] != width:
            self._dialogue.refuse(f"{root}:BYT_Nr?", f"answered {numbers['BYT_Nr']:g} instead of {width}")
        if not (numbers["XINcr"] > 0 and numbers["YMUlt"] > 0):
            self._dialogue.refuse(f"{root}?", f"states no sample interval or no volts per code: {numbers}")
        return numbers

    def _waveform(self, channel: int, numbers: dict[str, float], data: bytes) -> Waveform:
        width = int(numbers["BYT_Nr"])
        samples = np.frombuffer(data[: len(data) // width * width], dtype=f"<i{width}")
        gain = numbers["YMUlt"]
        return Waveform(
            samples=samples,
            interval=numbers["XINcr"],
            unit=Unit.VOLT,
            source=f"{self.name}:{channel}",
            gain=gain,
            offset=numbers["YZEro"] - numbers["YOFf"] * gain,
            start=numbers["XZEro"] - numbers["PT_Off"] * numbers["XINcr"],
            rails=(-(1 << (8 * width - 1)), self.top[width - 1]),
            history=("raw codes as read",),
        )
