"""What an instrument may be asked, whoever made it.

Every method raises :class:`rig.errors.BenchError` or :class:`rig.errors.AcquisitionError`, never a vendor's error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rig.model.calibration_dates import CalibrationDates
    from rig.model.identity import Identity
    from rig.model.picture import Picture
    from rig.model.reading import DcReadings
    from rig.model.setup import DigitizerSetup, ScopeSetup
    from rig.model.stimulus import Stimulus
    from rig.model.waveform import Waveform

__all__ = [
    "Attendant",
    "CalibrationKeeping",
    "Clock",
    "Digitizer",
    "HandOperated",
    "Instrument",
    "Interlock",
    "LoadSwitch",
    "Multimeter",
    "Oscilloscope",
    "Paced",
    "SelfTesting",
    "Stimulator",
    "Supply",
]


@runtime_checkable
class Clock(Protocol):
    """Time, as the bench lives through it: real on a real bench, virtual on a virtual one."""

    def now(self) -> float:
        """Seconds on a clock that never jumps."""

    def sleep(self, seconds: float) -> None:
        """Let that much of the bench's time pass."""

    def utc(self) -> datetime:
        """The wall clock's date and time, UTC."""


@runtime_checkable
class Instrument(Protocol):
    """Anything with a name in the bench file."""

    @property
    def name(self) -> str:
        """The name in the bench file, for messages."""

    def identify(self) -> Identity:
        """Ask the instrument who it is."""

    def close(self) -> None:
        """End the session; may be called twice, never raises."""


@runtime_checkable
class SelfTesting(Protocol):
    """An instrument that can examine itself; not every one can."""

    def self_test(self) -> str:
        """Run the instrument's own test; return what it complains of, empty if it passed."""

    def errors(self) -> tuple[str, ...]:
        """Read and empty the error queue."""


@runtime_checkable
class CalibrationKeeping(Protocol):
    """An instrument that remembers when it was calibrated; not every one does."""

    def calibration_dates(self) -> CalibrationDates | None:
        """Return what it remembers; None where there is nothing to calibrate, or it was never done."""


@runtime_checkable
class Stimulator(Instrument, Protocol):
    """The device under test."""

    @property
    def keep_alive_interval(self) -> float | None:
        """Longest time between two messages while stimulating, s; None where the device needs none."""

    def prepare(self, stimulus: Stimulus) -> Stimulus:
        """Check and hold a stimulus, output still off; return it as the device will set it, rounded to its steps.

        Raises :class:`rig.errors.Refused` for what the device cannot be set to: nothing is truncated silently.
        """

    def start(self) -> None:
        """Begin to deliver the prepared stimulus."""

    def keep_alive(self) -> None:
        """Tell the device that somebody is still there; raises if it reports that it has stopped."""

    def stop(self) -> None:
        """End stimulation; may be called at any time, any number of times."""

    def reset(self) -> None:
        """Have the device start anew; raises :class:`rig.errors.Refused` where it knows no such command."""

    def disconnect(self) -> None:
        """Cut the line to the device, as a pulled cable would: it is told nothing."""

    def reconnect(self) -> None:
        """Open the line again; what the device does by then is not changed."""


@runtime_checkable
class HandOperated(Protocol):
    """A stimulator whose knobs and buttons a person turns and presses; not every one is."""

    @property
    def by_hand(self) -> bool:
        """Whether a person has to stop it, so that whatever else ends the current comes first."""

    def give_up(self) -> None:
        """Tell the person to stop the device, and wait for nothing; may be called at any time, never raises."""


@runtime_checkable
class Attendant(Protocol):
    """A person at the bench."""

    def tell(self, text: str) -> None:
        """Show a line at once."""

    def ask(self, text: str, timeout: float) -> str:
        """Show a line, and return what is typed behind it; what was typed before does not count.

        Raises
        ------
        TimeoutError
            if nobody has answered after so many seconds
        EOFError
            if nobody can answer any more
        """


@runtime_checkable
class Paced(Protocol):
    """A stimulator whose pulses are asked for one by one; not every one is."""

    @property
    def paced(self) -> bool:
        """Whether every sign of life is a pulse, so that it has to come after the keep-alive interval and no sooner."""


@runtime_checkable
class Oscilloscope(Instrument, Protocol):
    """Single-shot capture of voltage over time."""

    def configure(self, setup: ScopeSetup) -> ScopeSetup:
        """Set everything for one capture; return it as the instrument has set it."""

    def arm(self) -> None:
        """Start a single acquisition and return once the instrument is truly armed (or, without trigger, done)."""

    def done(self) -> bool:
        """Whether the armed acquisition is complete."""

    def fetch(self, channel: int, segment: int = 1) -> Waveform:
        """Read the completed record, V at the probe tip, time 0 at the (first segment's) trigger."""

    def screenshot(self) -> Picture:
        """Read what the screen shows; not while an acquisition is armed."""

    def halt(self) -> None:
        """Abandon an acquisition; may be called at any time."""


@runtime_checkable
class Digitizer(Instrument, Protocol):
    """Finite acquisition of voltages at a fixed rate."""

    def configure(self, setup: DigitizerSetup) -> DigitizerSetup:
        """Set everything for one acquisition; return it as the instrument has set it."""

    def start(self) -> None:
        """Begin to sample, or to wait for the trigger."""

    def read(self, timeout: float) -> Mapping[str, Waveform]:
        """Wait for all samples; V at the input, per physical channel.

        Time 0 is the first sample of the first channel, or the trigger. Channels that are sampled one after the other
        each begin at their own time.
        """

    def read_block(self, samples: int, timeout: float) -> Mapping[str, Waveform]:
        """Wait for the next samples of a running acquisition, on the same axis of time; with the last it ends."""

    def halt(self) -> None:
        """Abandon an acquisition; may be called at any time."""


@runtime_checkable
class LoadSwitch(Instrument, Protocol):
    """Connects one load position, or none, to the stimulator's output."""

    def select(self, channels: tuple[int, ...]) -> None:
        """Open everything, then close exactly these relay channels, and see that they report so."""

    def open_all(self) -> None:
        """Open every relay; may be called at any time."""


@runtime_checkable
class Supply(Instrument, Protocol):
    """What feeds the device under test: a supply of direct current, or an AC source in place of the mains."""

    def set(self, voltage: float, current_limit: float, frequency: float = 0.0) -> None:
        """Set what the output gives or would give, V and A; returns when the instrument has confirmed it.

        With a ``frequency``, Hz, that is an alternating voltage, and both are effective values; 0 is direct current.
        Raises :class:`rig.errors.Refused` for what the instrument is known not to give.
        """

    def switch_on(self) -> None:
        """Connect the output; raises unless the instrument reports it on."""

    def switch_off(self) -> None:
        """Disconnect the output; may be called at any time, any number of times."""

    def measure(self) -> tuple[float, float]:
        """Measure what the output gives now, V and A."""


@runtime_checkable
class Multimeter(Instrument, Protocol):
    """A slow and accurate reading of a direct voltage, such as the mean over the sense resistor."""

    def measure_dc_voltage(
        self, *, full_scale: float | None, power_line_cycles: float = 10.0, count: int = 1
    ) -> DcReadings:
        """Take readings one after the other, each the mean over so many periods of the mains.

        ``full_scale`` is the range, ±V; None leaves it to the instrument, which says what it took. Raises
        :class:`rig.errors.Refused` for what it cannot be set to, :class:`rig.errors.InstrumentError` beyond the range.
        """

    def prepare_dc_voltage(self, *, full_scale: float, power_line_cycles: float) -> None:
        """Set everything for one reading, and have it confirmed; raises as :meth:`measure_dc_voltage` does."""

    def begin_reading(self) -> None:
        """Begin the prepared reading, and wait for nothing: neither for the reading nor for an answer."""

    def fetch_reading(self) -> DcReadings:
        """Wait for the reading that was begun; raises where none was, or where the input was beyond the range."""


@runtime_checkable
class Interlock(Instrument, Protocol):
    """A contact in series with the stimulator's output; while it is open, nothing reaches the load.

    A session that closed the contact tries to open it again in :meth:`close`.
    """

    @property
    def hold_time(self) -> float | None:
        """How long the contact stays closed without being refreshed, s; None where it holds until told otherwise."""

    def enable(self) -> None:
        """Close the contact, or refresh it; raises unless the interlock reports it closed and, where timed, running."""

    def disable(self) -> None:
        """Open the contact; may be called at any time, any number of times. Raises unless it is reported open."""

    def enabled(self) -> bool:
        """Whether the contact is closed, as the interlock itself reports: most report the command, not the contact."""
