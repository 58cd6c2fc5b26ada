"""The virtual oscilloscope: an InfiniiVision's SCPI dialect on a raw socket."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rig.twin.devices.infiniivision_panel import Panel
from rig.twin.devices.infiniivision_record import encode, preamble, words
from rig.twin.devices.infiniivision_settings import Settings
from rig.twin.devices.infiniivision_text import channel_number, flag
from rig.twin.devices.scope_acquisition import Acquisition, State
from rig.twin.devices.scope_inputs import Inputs
from rig.twin.devices.scope_screen import bmp, png, screen
from rig.twin.scpi import ScpiDevice
from rig.twin.scpi_syntax import Command, ScpiError, block

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rig.twin.config import InstrumentConfig
    from rig.twin.world import World

    Handler = Callable[[Command], str | bytes | None]

__all__ = ["Infiniivision"]

_OPERATION_COMPLETE = 1
# Bits of the operation status condition register.
_RUN, _WAIT_TRIGGER = 8, 32


class Infiniivision(ScpiDevice):
    """A four-channel oscilloscope of 8 bits; ``inputs`` of its configuration wires ``"1"`` … ``"4"`` to nodes."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self._panel = Panel(config)
        super().__init__(name=name, config=config, world=world, seed=seed)
        self._inputs = Inputs(name=name, config=config, world=world, seed=seed)
        self._acquisition = Acquisition[Settings](world=world, config=config, faults=self.faults)
        self._digitizing = self._tell_when_complete = False

    @property
    def arming_latency(self) -> float:
        """From ``:SINGle`` to the begin of acquiring, s; the old state is reported meanwhile."""
        return self._acquisition.latency

    @arming_latency.setter
    def arming_latency(self, seconds: float) -> None:
        self._acquisition.latency = seconds

    def reset(self) -> None:
        """Return to the factory's settings, acquiring again and again."""
        self._panel.reset()
        latency = self._acquisition.latency
        self._acquisition = Acquisition[Settings](world=self.world, config=self.config, faults=self.faults)
        self._acquisition.latency = latency
        self._digitizing = self._tell_when_complete = False

    def wait_complete(self) -> None:
        """Wait for a ``:DIGitize``; a ``:SINGle`` is nothing that ``*WAI`` would wait for."""
        if self._digitizing:
            self._digitizing = not self._acquisition.wait()

    # --- the commands ---------------------------------------------------------------------------------------------

    def commands(self) -> Mapping[str, Handler]:
        """The dialect: header → what it does; ``:DIGitize`` holds up everything that follows it."""
        free = {":STOP": self._stop, ":RUN": self._run, ":TRIGger:FORCe": self._force}
        table = {**self._panel.commands(), **self._acquisition_commands(), **self._waveform_commands()}
        return {**{header: self._after_digitizing(handler) for header, handler in table.items()}, **free}

    def _acquisition_commands(self) -> Mapping[str, Handler]:
        return {
            ":SINGle": self._single,
            ":DIGitize": self._digitize,
            ":AER?": lambda _: self._read_event("armed_event"),
            ":TER?": lambda _: self._read_event("trigger_event"),
            ":OPERegister:CONDition?": lambda _: self._condition(),
            ":OVLRegister?": lambda _: "+0",
            "*CLS": lambda _: self._clear_all(),
            "*ESR?": lambda _: self._event_status_now(),
            "*OPC": lambda _: self._complete_later(),
            "*OPC?": lambda _: None if self._acquisition.pending and self._digitizing else "1",
        }

    def _waveform_commands(self) -> Mapping[str, Handler]:
        return {
            ":WAVeform?": lambda _: self._describe_waveform(),
            ":WAVeform:POINts?": lambda _: f"{preamble(self._shown(), self._panel.readout).points:+d}",
            ":WAVeform:PREamble?": lambda _: str(preamble(self._shown(), self._panel.readout)),
            ":WAVeform:COUNt?": lambda _: f"{preamble(self._shown(), self._panel.readout).count:+d}",
            ":WAVeform:SEGMented:COUNt?": lambda _: f"{self._segments():+d}",
            ":WAVeform:SEGMented:TTAG?": lambda _: self._time_tag(),
            ":WAVeform:DATA?": lambda _: self._data(),
            ":DISPlay:DATA?": self._picture,
        }

    # --- acquiring ------------------------------------------------------------------------------------------------

    def _after_digitizing(self, handler: Handler) -> Handler:
        def handled(command: Command) -> str | bytes | None:
            self.wait_complete()
            reply = handler(command)
            self._notice_completion()
            return reply

        return handled

    def _single(self, _: Command) -> None:
        self._panel.settings = replace(self._panel.settings, sweep="NORM")
        self._acquisition.single(self._panel.settings)

    def _digitize(self, command: Command) -> None:
        for source in command.arguments:
            number = channel_number(source)
            shown = replace(self._panel.settings.channels[number], display=True)
            self._panel.settings = self._panel.settings.with_channel(number, shown)
        self._acquisition.single(self._panel.settings)
        self._digitizing = True

    def _run(self, _: Command) -> None:
        self._digitizing = False
        self._acquisition.run()

    def _stop(self, _: Command) -> None:
        self._digitizing = False
        self._acquisition.stop(self._panel.settings)
        self._notice_completion()

    def _force(self, _: Command) -> None:
        self._acquisition.force()

    def _condition(self) -> str:
        self._acquisition.poll()
        state = self._acquisition.state()
        running, waiting = state is not State.STOPPED, state is State.WAITING
        return f"{_RUN * running | _WAIT_TRIGGER * waiting:+d}"

    def _read_event(self, event: str) -> str:
        self._acquisition.poll()
        happened = bool(getattr(self._acquisition, event))
        setattr(self._acquisition, event, False)
        return flag(happened)

    def _clear_all(self) -> None:
        self._clear()
        self._acquisition.clear_events()

    def _event_status_now(self) -> str:
        self._acquisition.poll()
        self._notice_completion()
        return self._read_event_status()

    def _complete_later(self) -> None:
        self._tell_when_complete = True

    def _notice_completion(self) -> None:
        if self._tell_when_complete and not self._acquisition.pending:
            self._tell_when_complete = False
            self._event_status |= _OPERATION_COMPLETE

    # --- reading out ----------------------------------------------------------------------------------------------

    def _describe_waveform(self) -> str:
        readout = self._panel.readout
        order = "MSBF" if readout.most_significant_first else "LSBF"
        return (
            f":WAV:UNS {readout.unsigned:d};VIEW MAIN;BYT {order};FORM {readout.format};"
            f"POIN {preamble(self._shown(), readout).points:+d};SOUR CHAN{readout.source};SOUR:SUBS NONE"
        )

    def _shown(self) -> Settings:
        """The settings that the present record was made with, or those that the next one would be."""
        self._acquisition.update()
        self._acquisition.refresh(self._panel.settings)
        record = self._acquisition.record
        return self._panel.settings if record is None else record.settings

    def _segments(self) -> int:
        record = self._acquisition.record
        return 0 if record is None or not record.settings.segmented else record.segments

    def _time_tag(self) -> str:
        """Return how long after the first segment's trigger that of the chosen one came, s."""
        record, index = self._acquisition.record, self._panel.readout.segment
        if record is None or not index <= self._segments():
            raise ScpiError(-230, "Data corrupt or stale")
        return f"{(record.triggers[index - 1] - record.trigger) / self._inputs.timebase:+.12E}"

    def _picture(self, command: Command) -> bytes:
        kind = command.choice("PNG", "BMP") if command.arguments else "BMP"
        record, traces = self._acquisition.record, []
        for number, channel in self._panel.settings.channels.items():
            if record is not None and channel.display:
                samples = self._inputs.samples(record, number, stride=max(1, record.shot.depth // 1000))
                traces.append((number, samples.codes / 2.0 ** (samples.bits - 1)))
        pixels = screen(traces)
        return block(png(pixels) if kind == "PNG" else bmp(pixels))

    def _data(self) -> bytes:
        settings, record = self._shown(), self._acquisition.record
        if record is None:
            self.fail(ScpiError(-230, "Data corrupt or stale"))
            return block(b"")
        readout = self._panel.readout
        if readout.segment > record.segments:
            self.fail(ScpiError(-222, "Data out of range"))
            return block(b"")
        samples = self._inputs.samples(
            record, readout.source, segment=readout.segment, stride=readout.stride(settings.depth)
        )
        data = words(
            samples.codes,
            samples.bits,
            clipped_low=samples.clipped_low,
            clipped_high=samples.clipped_high,
            holes=samples.holes,
        )
        return block(encode(data, readout, settings))
