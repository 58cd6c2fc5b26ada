"""Devices without an interface: what a person is told and asked, what is made of the answers, and virtual hands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from rig.bench.bench_file import InstrumentEntry
from rig.bench.device_file import DeviceFile
from rig.bench.opening import Opening
from rig.bench.stimulators.front_panel import FrontPanel, opened
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.model.identity import Identity
from rig.model.stimulus import Shape, Stimulus
from rig.roles import Attendant, HandOperated, Stimulator
from tests.bench.scripted_peer import ManualClock, Peer, transcript

DRIVER = "front-panel"
STIMULUS = Stimulus(
    channel=2,
    shape=Shape.BIPHASIC_SYMMETRIC,
    amplitude=0.02,
    phase_duration=300e-6,
    interphase=100e-6,
    rate=50.0,
    train=1.0,
)
DEVICE = DeviceFile.model_validate({
    "device": "knobs",
    "title": "A device with knobs",
    "identity": {"manufacturer": "Example", "model": "K-4", "serial": "0007"},
    "protocol": DRIVER,
    "device_class": "therapy",
    "channels": 4,
    "ratings": {
        "current": "100 mA",
        "voltage": "100 V",
        "charge_per_phase": "50 uC",
        "phase_duration": "500 us",
        "rate": "100 Hz",
    },
    "electrodes": {"smallest_area": "25 cm2"},
})


@dataclass
class Scripted:
    """A person who knows a script: what is asked, and what to answer; what is told needs no answer."""

    script: list[tuple[str, str | BaseException]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def tell(self, text: str) -> None:
        self.told.append(text)

    def ask(self, text: str, timeout: float) -> str:
        asked, answer = self.script.pop(0)
        assert asked in text, f"{text!r} was asked, and {asked!r} expected"
        self.waited.append(timeout)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def panel(person: Scripted | None, address: str = "operator", **options: float) -> FrontPanel:
    entry = InstrumentEntry.model_validate({
        "role": "stimulator",
        "driver": DRIVER,
        "address": address,
        "options": options,
    })
    return opened(
        Opening(name="stimulator", entry=entry, address=address, clock=ManualClock(), device=DEVICE, attendant=person)
    )


SET = [
    ("set the channel to 2, then type yes", "yes"),
    ("set the shape to biphasic, then type yes", "biphasic"),
    ("set the polarity to positive, then type yes", "Y"),
    ("set the phase duration to 300 us, then type what the panel shows", "300 us"),
    ("set the interphase interval to 100 us, then", "0.1 ms"),
    ("set the rate to 50 Hz, then", "50 Hz"),
    ("set the amplitude to 20 mA, then", "20.1 mA"),
]
READY = ("interphase interval 100 us, rate 50 Hz, amplitude 20 mA; is all of it set and the output off?", "yes")


@pytest.mark.supports(DRIVER, "driver")
@pytest.mark.supports(DRIVER, "transcript")
def test_a_whole_train() -> None:
    person = Scripted([*SET, READY, ("STOP the output NOW, then type off", "off")])
    device = panel(person)
    assert isinstance(person, Attendant)
    assert isinstance(device, Stimulator)
    assert isinstance(device, HandOperated)
    assert device.by_hand
    assert device.keep_alive_interval is None
    assert device.prepare(STIMULUS) == replace(STIMULUS, amplitude=0.0201)
    assert person.told == []
    device.start()
    assert person.told == ["stimulator: START the output NOW"]
    device.keep_alive()
    device.stop()
    device.stop()
    assert person.script == []
    assert set(person.waited) == {300.0, 60.0}


def test_what_the_panel_shows_already_is_not_asked_for_again() -> None:
    again = ("set the amplitude to 25 mA, then", "25 mA")
    device = panel(Scripted([*SET, READY, again, ("amplitude 25 mA; is all of it set", "yes")]))
    device.prepare(STIMULUS)
    assert device.prepare(replace(STIMULUS, amplitude=0.025)).amplitude == 0.025


def test_the_serial_number_is_read_from_the_plate() -> None:
    device = panel(Scripted([("serial number on the device's plate", " 0008 ")]))
    assert device.identify() == Identity(manufacturer="Example", model="K-4", serial="0008", firmware="")


def test_something_else_is_asked_for_again_three_times_at_most() -> None:
    amplitude = "set the amplitude to 20 mA"
    person = Scripted([*SET[:-1], (amplitude, "20"), (amplitude, "2 mA"), (amplitude, "19.9 mA"), READY])
    assert panel(person).prepare(STIMULUS).amplitude == 0.0199
    assert person.told == ["stimulator: that is not 20 mA"] * 2
    device = panel(Scripted([*SET[:-1], *[(amplitude, "25 mA")] * 3]))
    with pytest.raises(InstrumentError, match="'25 mA' was typed, and 20 mA was asked for"):
        device.prepare(STIMULUS)
    with pytest.raises(InstrumentError, match="no stimulus has been prepared"):
        device.start()


def test_nothing_is_started_that_was_not_confirmed() -> None:
    device = panel(Scripted([*SET, (READY[0], "no")]))
    with pytest.raises(InstrumentError, match="it was not confirmed: 'no' was typed"):
        device.prepare(STIMULUS)
    with pytest.raises(InstrumentError, match="no stimulus has been prepared"):
        device.start()


@pytest.mark.parametrize(
    ("answer", "says"),
    [(TimeoutError(), "nobody has answered within 5 s"), (EOFError(), "the terminal was closed")],
)
def test_nobody_who_answers_is_an_error(answer: BaseException, says: str) -> None:
    person = Scripted([("set the channel", answer)])
    with pytest.raises(InstrumentError, match=says):
        panel(person, patience=5.0).prepare(STIMULUS)
    assert person.waited == [5.0]


def test_an_output_that_is_not_said_to_be_off_is_asked_for_again() -> None:
    stop = "STOP the output NOW"
    device = panel(Scripted([*SET, READY, (stop, TimeoutError()), (stop, "what?"), (stop, "off")]))
    device.prepare(STIMULUS)
    device.start()
    with pytest.raises(InstrumentError, match="nobody has answered"):
        device.stop()
    with pytest.raises(InstrumentError, match="not confirmed"):
        device.stop()
    device.stop()


def test_giving_up_asks_nobody() -> None:
    person = Scripted([*SET, READY])
    device = panel(person)
    device.prepare(STIMULUS)
    device.start()
    device.give_up()
    device.stop()
    assert person.told[-1] == "stimulator: stop the output, if it is on"


def test_without_a_person_there_is_nothing_to_be_opened() -> None:
    with pytest.raises(Refused, match="set by hand, and there is no terminal"):
        panel(None)


@pytest.mark.parametrize(
    ("change", "says"), [({"channel": 5}, "channels 1 to 4"), ({"amplitude": -0.01}, "not negative")]
)
def test_what_no_panel_has_is_refused_before_anybody_is_asked(change: dict[str, float], says: str) -> None:
    with pytest.raises(Refused, match=says):
        panel(Scripted()).prepare(replace(STIMULUS, **change))  # type: ignore[arg-type] # numbers of all sorts
    with pytest.raises(Refused, match="cannot be reset"):
        panel(Scripted()).reset()


def line(sent: str, answered: str) -> tuple[bytes, bytes]:
    return f"{sent}\n".encode(), f"{answered}\n".encode()


SHOWN = "amplitude 20 mA; width 300 us; gap 100 us; rate 50 Hz; shape biphasic; polarity positive; channel 2; timer off"
TURNED = [
    step
    for knob in (
        "channel 2",
        "shape biphasic",
        "polarity positive",
        "width 300 us",
        "gap 100 us",
        "rate 50 Hz",
        "amplitude 20 mA",
    )
    for step in (line(knob, "ok"), line("show", f"{SHOWN}; stopped"))
]


@contextmanager
def virtual(peer: Peer) -> Iterator[FrontPanel]:
    device = panel(None, peer.url)
    yield device
    device.close()
    device.close()


def test_virtual_hands_turn_knobs_over_a_line() -> None:
    steps = [*TURNED, line("show", f"{SHOWN}; stopped"), line("start", "ok"), line("stop", "ok")]
    with transcript(*steps, line("show", f"{SHOWN}; stopped")) as peer, virtual(peer) as device:
        assert not device.by_hand
        assert device.prepare(STIMULUS) == STIMULUS
        device.start()
        device.stop()


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([line("channel 2", "no: it has 1")], "answered 'no: it has 1'"),
        ([line("channel 2", "ok"), line("show", "amplitude 1 mA; stopped")], "the display shows no channel"),
        ([*TURNED, line("show", f"{SHOWN}; running")], "the output is not off"),
    ],
)
def test_a_virtual_panel_that_does_something_else(steps: list[tuple[bytes, bytes]], says: str) -> None:
    with (
        transcript(*steps) as peer,
        virtual(peer) as device,
        pytest.raises(InstrumentError, match=says),
    ):
        device.prepare(STIMULUS)


def test_nobody_at_the_panel() -> None:
    with transcript(line("show", f"{SHOWN}; stopped")) as peer, virtual(peer) as device:
        device.disconnect()
        with pytest.raises(CommunicationError, match="nobody is at the panel"):
            device.identify()
        device.reconnect()
        assert device.identify().serial == "0007"
