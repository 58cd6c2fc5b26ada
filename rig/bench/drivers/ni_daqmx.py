"""National Instruments data acquisition cards under NI-DAQmx, local or behind NI's gRPC device server."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rig.bench.transport.daqmx import DaqChannel, DaqSession
from rig.bench.transport.daqmx_card import TERMINALS
from rig.errors import InstrumentError, NoTrigger, Refused, SamplesLost
from rig.model.identity import Identity
from rig.model.setup import DigitizerSetup
from rig.model.waveform import Waveform
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from rig.bench.opening import Opening
    from rig.model.calibration_dates import CalibrationDates

__all__ = ["NiDaqmx", "opened"]

_LOWEST, _HIGHEST = -32768, 32767
# A curvature below this many codes over the whole range is lost in the rounding to a code.
_LINEAR = 0.05
_LINEAR_TERMS = 2
# A reference trigger wants at least so many samples on either side.
_FEWEST = 2


class NiDaqmx:
    """Finite acquisition of voltages, at once or when a trigger comes.

    Raw 16-bit codes are read where the card's own scaling is linear, so that a record keeps what the converter said
    and its rails are exact; where it is not, volts. Channels that share a converter begin at times of their own.

    Parameters
    ----------
    name, address, device : from the bench file; ``device`` is the card's name in the driver, for example ``Dev1``
    terminal : how the inputs are wired: differential, rse, nrse or pseudo-differential
    log : names a TDMS file, as the driver's computer sees it, for each acquisition that is read while it lasts

    Raises
    ------
    Refused
        if there is no such wiring
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        device: str,
        terminal: str = "differential",
        log: Callable[[], str] | None = None,
    ) -> None:
        self.name = name
        if terminal not in TERMINALS:
            raise Refused(f"{name}: an input cannot be wired as {terminal!r}, only as {', '.join(TERMINALS)}")
        self._session = DaqSession(name, address, device, terminal=terminal, log=log)
        self._channels: dict[str, DaqChannel] = {}
        self._samples = self._position = self._pretrigger = 0
        self._rate = 0.0

    def identify(self) -> Identity:
        """Ask the driver for product type and serial number; its own version stands for the firmware."""
        product, serial, version = self._session.describe()
        return Identity(
            manufacturer="National Instruments",
            model=product,
            serial=f"{serial:08X}",
            firmware=f"NI-DAQmx {version}",
        )

    def configure(self, setup: DigitizerSetup) -> DigitizerSetup:
        """Set everything for one acquisition; return it as the driver has set it."""
        self._check_trigger(setup)
        self._rate, self._channels, trigger = self._session.configure(setup)
        self._samples = setup.samples
        self._pretrigger = 0 if trigger is None else trigger.pretrigger
        if not (math.isfinite(self._rate) and self._rate > 0):
            raise InstrumentError(self.name, "configure", f"the sample rate was set to {self._rate!r}")
        ranges = {name: channel.high for name, channel in self._channels.items()}
        for name, wanted in setup.channels.items():
            if not ranges[name] >= wanted * (1 - 1e-9):
                raise InstrumentError(self.name, "configure", f"{name}: the range ±{wanted:g} V is ±{ranges[name]:g} V")
        channels = MappingProxyType(ranges)
        return DigitizerSetup(channels=channels, rate=self._rate, samples=setup.samples, trigger=trigger)

    def _check_trigger(self, setup: DigitizerSetup) -> None:
        trigger = setup.trigger
        if trigger is None:
            return
        refused = ""
        if trigger.slope not in {-1, 1}:
            refused = "it triggers on a rising or on a falling edge"
        elif trigger.level is not None and trigger.source not in setup.channels:
            refused = f"{trigger.source} is not sampled: a level is looked for among {', '.join(setup.channels)}"
        elif trigger.level is not None and not abs(trigger.level) <= setup.channels[trigger.source]:
            half = setup.channels[trigger.source]
            refused = f"{trigger.level:g} V is out of the range ±{half:g} V of {trigger.source}"
        elif trigger.pretrigger and not _FEWEST <= trigger.pretrigger <= setup.samples - _FEWEST:
            refused = f"of {setup.samples} samples, {_FEWEST} to {setup.samples - _FEWEST} can lie before the trigger"
        if refused:
            raise InstrumentError(self.name, "trigger", refused)

    def start(self) -> None:
        """Begin to sample, or to wait for the trigger."""
        self._position = 0
        self._session.start()

    def read(self, timeout: float) -> Mapping[str, Waveform]:
        """Wait for all samples; V at the input, per physical channel.

        Time 0 is the first sample of the first channel; with samples before a trigger, it is the first one after it.
        """
        return self.read_block(self._samples - self._position, timeout)

    def read_block(self, samples: int, timeout: float) -> Mapping[str, Waveform]:
        """Wait for the next samples of a running acquisition, on the same axis of time; with the last it ends."""
        linear = all(_is_linear(channel.scaling) for channel in self._channels.values())
        read = self._session.read_codes if linear else self._session.read_volts
        try:
            data: NDArray[Any] = read(len(self._channels), samples, timeout)
        except (SamplesLost, NoTrigger) as error:
            raise type(error)(str(error), partial=self._waveforms(error.partial, linear=linear)) from error
        waveforms = self._waveforms(data, linear=linear)
        self._position += samples
        if self._position >= self._samples:
            self._session.stop()
        return waveforms

    def self_test(self) -> str:
        """Have the card test itself; return what it complains of, empty if it passed."""
        return self._session.card.self_test()

    def errors(self) -> tuple[str, ...]:
        """Return nothing: DAQmx raises its errors where they happen, and keeps no queue of them."""
        return ()

    def calibration_dates(self) -> CalibrationDates | None:
        """Return when the card was calibrated, as it remembers; None where it does not."""
        return self._session.card.calibration_dates()

    def halt(self) -> None:
        """Abandon an acquisition; may be called at any time."""
        self._session.clear()

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        self._session.close()

    def _waveforms(self, data: Any, *, linear: bool) -> Mapping[str, Waveform]:  # noqa: ANN401 - codes or volts
        rows = zip(self._channels.items(), data, strict=True)
        return MappingProxyType({name: self._waveform(name, channel, row, linear) for (name, channel), row in rows})

    def _waveform(self, name: str, channel: DaqChannel, row: NDArray[np.generic], linear: bool) -> Waveform:
        offset, gain = channel.scaling[:_LINEAR_TERMS] if linear else (0.0, 1.0)
        return Waveform(
            samples=row,
            interval=1.0 / self._rate,
            start=(self._position - self._pretrigger) / self._rate + channel.delay,
            unit=Unit.VOLT,
            source=f"{self.name}:{name}",
            gain=gain,
            offset=offset,
            rails=(_LOWEST, _HIGHEST) if linear else _rails(channel),
            history=("raw codes as read",) if linear else ("volts as scaled by the driver",),
        )


def _is_linear(scaling: tuple[float, ...]) -> bool:
    """Whether gain and offset alone say what a code means, to a small part of one code."""
    if len(scaling) < _LINEAR_TERMS or not scaling[1] > 0:
        return False
    curvature = sum(abs(term) * 32768.0**power for power, term in enumerate(scaling) if power >= _LINEAR_TERMS)
    return curvature <= _LINEAR * scaling[1]


def _rails(channel: DaqChannel) -> tuple[float, float]:
    """Return the volts of the outermost codes, half a code inside; the range's limits where the scaling is unknown."""
    if len(channel.scaling) < _LINEAR_TERMS:
        return channel.low, channel.high
    low, high = (sum(term * code**power for power, term in enumerate(channel.scaling)) for code in (_LOWEST, _HIGHEST))
    half = (high - low) / (_HIGHEST - _LOWEST) / 2
    return low + half, high - half


def opened(at: Opening) -> NiDaqmx:
    """Open a session as a bench file says."""
    folder, terminal = at.option("tdms_folder", ""), at.option("terminal", "differential")

    def named() -> str:
        return f"{folder.rstrip('/')}/{at.name}-{at.clock.utc():%Y%m%dT%H%M%S%fZ}.tdms"

    log = named if folder else None
    return NiDaqmx(at.name, at.address, device=at.entry.device or "", terminal=terminal, log=log)
