"""Hasomed P24, I24 and RehaMove3 stimulators: the low level of ScienceMode 3/4, in which the host asks for every pulse.

The device has no clock for pulses here: they come when this computer asks for them, early or late by what its
scheduling and the line make of it. So only slow trains are accepted, and a train ends by itself when nobody asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.stimulators.sciencemode4 import points, realise_pulse
from rig.bench.stimulators.sciencemode4_dialogue import RESULTS, Dialogue
from rig.errors import InstrumentError, Refused
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from rig.bench.opening import Opening
    from rig.model.identity import Identity
    from rig.model.stimulus import Stimulus

__all__ = ["ScienceMode4Low", "channel_config", "opened"]

_LL_INIT, _LL_CHANNEL_CONFIG, _LL_STOP = 0, 2, 4
_NAMES = {_LL_INIT: "LL_INIT", _LL_CHANNEL_CONFIG: "LL_CHANNEL_CONFIG", _LL_STOP: "LL_STOP"}
# Standard high voltage, no measurement.
_INIT = b"\0"
_EXECUTE = 0x80
_CHANNELS_PER_CONNECTOR = 4
# A pulse that the load did not let through as asked: said of it, and measured by the bench.
_OF_THE_LOAD = frozenset({10, 16, 28})
_GREATEST_RATE = 10.0


class ScienceMode4Low:
    """A stimulator that gives one pulse for every message: with the start, and with each word that follows.

    Parameters
    ----------
    name, address : from the bench file
    model : as in the device file; the protocol does not tell the members of the family apart
    greatest_rate : up to which pulses can be paced from here, Hz
    timeout : how long to wait for a reply, s
    """

    paced = True

    def __init__(
        self,
        name: str,
        address: str,
        *,
        model: str = "P24",
        greatest_rate: float = _GREATEST_RATE,
        timeout: float = 1.0,
    ) -> None:
        self.name = name
        self._model = model
        self._greatest_rate = greatest_rate
        self._dialogue = Dialogue(name, address, names=_NAMES, timeout=timeout)
        self._prepared: Stimulus | None = None
        self._running: Stimulus | None = None
        self.condition = ""

    @property
    def keep_alive_interval(self) -> float | None:
        """The period of the prepared train: every word is a pulse; None while none is prepared."""
        return None if self._prepared is None else self._prepared.period

    def identify(self) -> Identity:
        """Ask for the device's serial number and firmware version."""
        return self._dialogue.identify(self._model)

    def prepare(self, stimulus: Stimulus) -> Stimulus:
        """Check and hold a stimulus, output still off; return it as the device will set it, rounded to its steps."""
        self._prepared = None
        pulse, width = realise_pulse(stimulus)
        single = stimulus.train * stimulus.rate <= 1
        if stimulus.rate > self._greatest_rate and not single:
            shown, most = (format_quantity(rate, Unit.HERTZ) for rate in (stimulus.rate, self._greatest_rate))
            raise Refused(f"a rate of {shown} cannot be paced from here: pulse by pulse, {most} is the highest")
        if width * 1e-6 >= stimulus.period:
            shown = format_quantity(stimulus.rate, Unit.HERTZ)
            raise Refused(f"pulses of {width} us do not fit {shown}")
        self._prepared = pulse
        return pulse

    def start(self) -> None:
        """Initialise the low level and ask for the first pulse."""
        if self._prepared is None:
            raise InstrumentError(self.name, _NAMES[_LL_INIT], "no stimulus has been prepared")
        self._dialogue.ask(_LL_INIT, _INIT)
        self._running = self._prepared
        self._pulse(self._running)

    def keep_alive(self) -> None:
        """Ask for the next pulse of a running train.

        An electrode error, a pulse that timed out or too low a current is kept in ``condition``: that is the load's.

        Raises
        ------
        InstrumentError
            if the device does not give the pulse
        """
        if self._running is not None:
            self._pulse(self._running)

    def stop(self) -> None:
        """End stimulation; may be called at any time, any number of times."""
        self._prepared = self._running = None
        self._dialogue.stop(_LL_STOP)

    def reset(self) -> None:
        """Have the device start anew."""
        self._prepared = self._running = None
        self._dialogue.reset()

    def disconnect(self) -> None:
        """Cut the line to the device, as a pulled cable would: it is told nothing."""
        self.close()

    def reconnect(self) -> None:
        """Open the line again; what the device does by then is not changed."""
        self._dialogue.reopen()

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        self._dialogue.close()

    def _pulse(self, stimulus: Stimulus) -> None:
        name, data = _NAMES[_LL_CHANNEL_CONFIG], channel_config(stimulus)
        reply = self._dialogue.acknowledgement(_LL_CHANNEL_CONFIG, data)
        result = reply[0]
        if result and result not in _OF_THE_LOAD:
            self._running = None
            raise InstrumentError(self.name, name, f"result {result}: {RESULTS.get(result, 'error')}")
        place = _place(stimulus.channel)
        if len(reply) > 1 and reply[1] != place[1] << 4 | place[0]:
            self._running = None
            raise InstrumentError(self.name, name, f"acknowledged for another channel: {reply.hex(' ')}")
        self.condition = RESULTS[result] if result else ""


def channel_config(stimulus: Stimulus) -> bytes:
    """Return the data of LL_CHANNEL_CONFIG that gives one pulse of a realised stimulus at once.

    >>> from rig.model.stimulus import Shape, Stimulus
    >>> one = Stimulus(channel=1, shape=Shape.BIPHASIC_SYMMETRIC, amplitude=0.02, phase_duration=200e-6,
    ...                interphase=100e-6, rate=1.0, train=1.0)
    >>> channel_config(one).hex(" ")
    '82 0c 85 50 00 06 44 b0 00 0c 84 10 00'
    """
    pulse = points(stimulus)
    channel, connector = _place(stimulus.channel)
    return bytes((_EXECUTE | channel << 5 | connector << 4 | len(pulse) - 1,)) + b"".join(pulse)


def _place(channel: int) -> tuple[int, int]:
    """Return which channel of which connector it is, each from 0: channels 5 to 8 are on the second."""
    connector, place = divmod(channel - 1, _CHANNELS_PER_CONNECTOR)
    return place, connector


def opened(at: Opening) -> ScienceMode4Low:
    """Open a session as a bench file says."""
    return ScienceMode4Low(
        at.name,
        at.address,
        model=at.device.identity.model if at.device else "P24",
        greatest_rate=at.option("greatest_rate", _GREATEST_RATE),
        timeout=at.patience(1.0),
    )
