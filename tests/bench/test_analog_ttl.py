"""Stimulators without an interface: what the card is told, call by call, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import grpc
import pytest

from rig.bench.stimulators.analog_ttl import AnalogTtl, Panel
from rig.bench.transport.daqmx_output import DaqOutput
from rig.errors import CommunicationError, InstrumentError, Refused
from rig.model.identity import Identity
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.roles import Stimulator
from tests.bench.test_daqmx import Server

DRIVER = "analog-ttl"
STATED = Identity(manufacturer="Digitimer", model="DS5", serial="D-1", firmware="")
STIMULUS = Stimulus(
    channel=1,
    shape=Shape.MONOPHASIC,
    amplitude=0.02,
    phase_duration=300e-6,
    interphase=0.0,
    rate=50.0,
    train=1.0,
)
GATED = Panel(current_per_volt=0.01)
TRIGGERED = Panel(current_per_volt=0.1, greatest_demand=5.0, phase_duration=200e-6, interphase=100e-6, biphasic=True)
BIPHASIC = replace(STIMULUS, shape=Shape.BIPHASIC_SYMMETRIC, phase_duration=200e-6, interphase=100e-6)


class Outputs(Server):
    """A card whose counter rounds to 100 ns, and says so."""

    def __init__(self) -> None:
        super().__init__()
        self.done = True
        self.written = 1

    def _GetTaskAttributeString(self, request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        made = [name for name, _ in self.calls if name.startswith("Create") and name != "CreateTask"]
        channel = "Dev1/ctr0" if made and made[-1] == "CreateCOPulseChanTime" else "Dev1/ao0"
        response.value = "task" if (request.attribute_raw or request.attribute) == 4726 else channel

    def _GetChanAttributeInt32(self, _request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        response.value_raw = response.value = 10102  # an analogue output

    def _GetWriteAttributeUInt32(self, _request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        response.value = 1

    def _WriteAnalogF64(self, _request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        response.samps_per_chan_written = self.written

    def _GetChanAttributeDouble(self, request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        (made,) = [one for name, one in self.calls if name == "CreateCOPulseChanTime"][-1:]
        high = 6330  # of a pulse's times, this is how long it is high
        value = made.high_time if (request.attribute_raw or request.attribute) == high else made.low_time
        response.value = round(value / 1e-7) * 1e-7

    def _IsTaskDone(self, _request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        response.is_task_done = self.done

    @property
    def said(self) -> list[str]:
        """What was changed at the outputs, in order."""
        told = []
        for name, request in self.calls:
            match name:
                case "WriteAnalogF64":
                    told.append(f"{request.write_array[0]:g} V")
                case "CreateCOPulseChanTime":
                    told.append(f"pulses {request.low_time * 1e6:g}/{request.high_time * 1e6:g} us")
                case "StartTask" | "StopTask" | "ClearTask":
                    told.append(name)
                case _:
                    pass
        return told


@pytest.fixture
def card() -> Iterator[tuple[Outputs, str]]:
    handler = Outputs()
    running = grpc.server(ThreadPoolExecutor(2), handlers=(handler,))
    port = running.add_insecure_port("127.0.0.1:0")
    running.start()
    yield handler, f"grpc://127.0.0.1:{port}"
    running.stop(None).wait()


@contextmanager
def made(address: str, panel: Panel) -> Iterator[AnalogTtl]:
    def connect() -> DaqOutput:
        return DaqOutput("stimulator", address, "Dev1", demand="ao0", trigger="ctr0", span=panel.greatest_demand)

    driver = AnalogTtl("stimulator", connect, panel=panel, stated=STATED)
    yield driver
    driver.close()
    driver.close()


@pytest.fixture
def device(card: tuple[Outputs, str]) -> Iterator[AnalogTtl]:
    with made(card[1], GATED) as driver:
        yield driver


@pytest.mark.supports(DRIVER, "driver")
@pytest.mark.supports(DRIVER, "transcript")
def test_a_whole_train(card: tuple[Outputs, str], device: AnalogTtl) -> None:
    assert isinstance(device, Stimulator)
    assert device.keep_alive_interval is None
    device.stop()
    assert device.prepare(STIMULUS) == STIMULUS
    device.start()
    device.keep_alive()
    device.stop()
    device.stop()
    assert card[0].said == [
        *["0 V", "0 V"],
        "pulses 19700/300 us",
        *["2 V", "StartTask"],
        *["StopTask", "ClearTask", "0 V"],
        "0 V",
    ]


def test_who_it_is_and_which_card_drives_it(device: AnalogTtl) -> None:
    assert device.identify() == replace(STATED, firmware="driven by USB-6366 01E2D3C4")


def test_a_pulse_that_the_panel_sets_needs_a_short_trigger_alone(card: tuple[Outputs, str]) -> None:
    with made(card[1], TRIGGERED) as device:
        assert device.prepare(replace(BIPHASIC, polarity=Polarity.NEGATIVE)).phase_duration == 200e-6
        device.start()
    assert card[0].said[1:4] == ["pulses 19950/50 us", "-0.2 V", "StartTask"]


def test_what_the_counter_rounds_is_returned_as_set(device: AnalogTtl) -> None:
    realised = device.prepare(replace(STIMULUS, phase_duration=300.04e-6, rate=60.0))
    assert realised.phase_duration == pytest.approx(300e-6, rel=1e-9)
    assert realised.rate == pytest.approx(1 / 16.6666e-3, rel=1e-9)


@pytest.mark.parametrize(
    ("panel", "stimulus", "says"),
    [
        (GATED, replace(STIMULUS, channel=2), "channels 1 to 1, not 2"),
        (GATED, replace(STIMULUS, amplitude=0.1001), "100.1 mA is more than the 100 mA that the demand input can say"),
        (GATED, replace(STIMULUS, amplitude=-0.01), "is not negative"),
        (GATED, BIPHASIC, "gives monophasic pulses"),
        (GATED, replace(STIMULUS, rate=4000.0), "pulses of 300 us do not fit 4 kHz"),
        (TRIGGERED, STIMULUS, "gives biphasic pulses"),
        (TRIGGERED, replace(BIPHASIC, phase_duration=300e-6), "is set on the stimulator's panel, to 200 us"),
        (TRIGGERED, replace(BIPHASIC, interphase=0.0), "the interphase interval is set on"),
    ],
)
def test_what_cannot_be_said_is_refused_before_anything_is_put_out(
    card: tuple[Outputs, str], panel: Panel, stimulus: Stimulus, says: str
) -> None:
    with made(card[1], panel) as device:
        with pytest.raises(Refused) as caught:
            device.prepare(stimulus)
        with pytest.raises(InstrumentError, match="no stimulus has been prepared"):
            device.start()
    assert says in str(caught.value)
    assert card[0].said == []


def test_pulses_that_go_on_are_an_error_and_the_demand_is_taken_back_all_the_same(
    card: tuple[Outputs, str], device: AnalogTtl
) -> None:
    device.prepare(STIMULUS)
    device.start()
    card[0].done = False
    with pytest.raises(InstrumentError, match="end pulses at Dev1/ctr0': the driver says that they go on"):
        device.stop()
    assert card[0].said[-1] == "0 V"


def test_a_demand_that_is_not_written_is_an_error(card: tuple[Outputs, str], device: AnalogTtl) -> None:
    card[0].written = 0
    with pytest.raises(InstrumentError, match="0 values were written instead of one"):
        device.stop()


def test_pulled_cables_and_what_cannot_be_asked(card: tuple[Outputs, str], device: AnalogTtl) -> None:
    device.prepare(STIMULUS)
    device.start()
    device.disconnect()
    assert card[0].said[-4:-1] == ["StopTask", "ClearTask", "0 V"]
    with pytest.raises(CommunicationError, match="the connection is closed"):
        device.identify()
    device.reconnect()
    device.stop()
    assert card[0].said[-1] == "0 V"
    with pytest.raises(Refused, match="cannot be reset"):
        device.reset()
