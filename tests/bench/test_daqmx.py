"""The DAQ driver through real nidaqmx against a small scripted gRPC server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf import message_factory
from nidaqmx._stubs import nidaqmx_pb2

from rig.bench.drivers.ni_daqmx import NiDaqmx
from rig.errors import CommunicationError, InstrumentError, SamplesLost
from rig.model.setup import DigitizerSetup
from rig.roles import Digitizer

SETUP = DigitizerSetup(channels={"ai0": 2.0, "ai1": 10.0}, rate=1e6, samples=5)
SCALING = {"Dev1/ai0": [1e-4, 6.1e-5, 0.0, 0.0], "Dev1/ai1": [0.0, 3.05e-4, 0.0, 0.0]}
CODES = [-32768, -1, 0, 1, 32767, 10, 20, 30, 40, 50]


class Server(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc has no types
    """Answers NI's service from methods of this class; what has none is answered with an empty success."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.scaling = SCALING
        self.read: Callable[[str, Any, Any, Any], None] | None = None
        self.fails: dict[str, int] = {}
        methods = nidaqmx_pb2.DESCRIPTOR.services_by_name["NiDAQmx"].methods
        self._methods = {method.name: method for method in methods}

    def service(self, details: Any) -> Any:
        name = details.method.rsplit("/", 1)[-1]
        method = self._methods[name]
        request_class = message_factory.GetMessageClass(method.input_type)
        response_class = message_factory.GetMessageClass(method.output_type)

        def answer(request: Any, context: Any) -> Any:
            response = response_class()
            self.calls.append((name, request))
            if name in self.fails:
                context.set_trailing_metadata((("ni-error", str(self.fails[name])),))
                context.abort(grpc.StatusCode.UNKNOWN, "the card says no")
            getattr(self, f"_{name}", lambda *_: None)(request, response, context)
            return response

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=request_class.FromString,
            response_serializer=response_class.SerializeToString,
        )

    def _GetSystemInfoAttributeUInt32(self, request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        response.value = {4722: 24, 6435: 5, 12066: 1}[request.attribute_raw or request.attribute]

    def _CreateTask(self, _request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        response.task.name = "task"

    def _GetTaskAttributeString(self, request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        attribute = request.attribute_raw or request.attribute
        response.value = "task" if attribute == 4726 else "Dev1/ai0, Dev1/ai1"

    def _GetDeviceAttributeString(self, _request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        response.value = "USB-6366"

    def _GetDeviceAttributeUInt32(self, _request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        response.value = 0x01E2D3C4

    def _GetChanAttributeDouble(self, request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        limit = {"Dev1/ai0": 2.0, "Dev1/ai1": 10.0}[request.channel]
        response.value = limit if (request.attribute_raw or request.attribute) == 6165 else -limit

    def _GetChanAttributeDoubleArray(self, request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        response.value.extend(self.scaling[request.channel])

    def _GetTimingAttributeDouble(self, _request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        response.value = 999_999.5

    def _GetReadAttributeUInt32(self, _request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        response.value = 2

    def _ReadBinaryI16(self, request: Any, response: Any, context: Any) -> None:  # noqa: N802
        if self.read is not None:
            self.read("I16", request, response, context)
            return
        response.read_array.extend(CODES)
        response.samps_per_chan_read = 5

    def _ReadAnalogF64(self, _request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        response.read_array.extend([code * 1e-4 for code in CODES])
        response.samps_per_chan_read = 5


@pytest.fixture
def server() -> Iterator[tuple[Server, str]]:
    handler = Server()
    running = grpc.server(ThreadPoolExecutor(2), handlers=(handler,))
    port = running.add_insecure_port("127.0.0.1:0")
    running.start()
    yield handler, f"grpc://127.0.0.1:{port}"
    running.stop(None).wait()


@pytest.fixture
def card(server: tuple[Server, str]) -> Iterator[NiDaqmx]:
    driver = NiDaqmx("daq", server[1], device="Dev1")
    yield driver
    driver.close()
    driver.close()


def test_identity(card: NiDaqmx) -> None:
    identity = card.identify()
    assert isinstance(card, Digitizer)
    assert (identity.manufacturer, identity.model) == ("National Instruments", "USB-6366")
    assert (identity.serial, identity.firmware) == ("01E2D3C4", "NI-DAQmx 24.5.1")


def test_raw_codes_where_the_scaling_is_linear(server: tuple[Server, str], card: NiDaqmx) -> None:
    as_set = card.configure(SETUP)
    assert as_set.rate == 999_999.5
    assert as_set.channels == {"ai0": 2.0, "ai1": 10.0}
    card.start()
    waveforms = card.read(1.0)
    first, second = waveforms["ai0"], waveforms["ai1"]
    assert first.samples.dtype == np.int16
    assert first.samples.tolist() == CODES[:5]
    assert second.samples.tolist() == CODES[5:]
    assert first.values()[3] == pytest.approx(6.1e-5 + 1e-4)
    assert first.rails is not None
    assert list(first.rails) == [-32768, 32767]
    assert first.interval == pytest.approx(1 / 999_999.5)
    assert first.source == "daq:ai0"
    names = [name for name, _ in server[0].calls]
    made = [request for name, request in server[0].calls if name == "CreateAIVoltageChan"]
    assert [(request.physical_channel, request.min_val, request.max_val) for request in made] == [
        ("Dev1/ai0", -2.0, 2.0),
        ("Dev1/ai1", -10.0, 10.0),
    ]
    assert {request.terminal_config_raw or request.terminal_config for request in made} == {10106}
    order = [name for name in names if name in {"CfgSampClkTiming", "StartTask", "ReadBinaryI16", "StopTask"}]
    assert order == ["CfgSampClkTiming", "StartTask", "ReadBinaryI16", "StopTask"]


def test_volts_where_the_scaling_is_curved(server: tuple[Server, str], card: NiDaqmx) -> None:
    server[0].scaling = {**SCALING, "Dev1/ai1": [0.0, 3.05e-4, 1e-12, 0.0]}
    card.configure(SETUP)
    card.start()
    waveform = card.read(1.0)["ai0"]
    assert waveform.samples.dtype == np.float64
    assert waveform.values()[3] == pytest.approx(1e-4)
    assert waveform.rails is not None
    assert waveform.rails[1] == pytest.approx(32767 * 6.1e-5 + 1e-4, abs=6.1e-5)


def test_samples_that_do_not_come_in_time_keep_those_that_did(server: tuple[Server, str], card: NiDaqmx) -> None:
    def late(_kind: str, _request: Any, response: Any, _context: Any) -> None:
        response.read_array.extend([1, 2, 3, 0, 0, 4, 5, 6, 0, 0])
        response.samps_per_chan_read = 3
        response.status = -200284

    server[0].read = late
    card.configure(SETUP)
    card.start()
    with pytest.raises(SamplesLost, match=r"daq: 3 of 5 samples per channel came \(DAQmx -200284\)") as caught:
        card.read(0.1)
    partial: Any = caught.value.partial
    assert partial["ai0"].samples.tolist() == [1, 2, 3]
    assert partial["ai1"].samples.tolist() == [4, 5, 6]


def test_fewer_samples_without_an_error_are_lost_too(server: tuple[Server, str], card: NiDaqmx) -> None:
    def short(_kind: str, _request: Any, response: Any, _context: Any) -> None:
        response.samps_per_chan_read = 0

    server[0].read = short
    card.configure(SETUP)
    card.start()
    with pytest.raises(SamplesLost, match="0 of 5"):
        card.read(0.1)


@pytest.mark.parametrize(
    ("call", "code", "kind"),
    [
        ("CreateAIVoltageChan", -200170, InstrumentError),
        ("StartTask", -50103, InstrumentError),
        ("StartTask", -88709, CommunicationError),
        ("ReadBinaryI16", -200088, InstrumentError),
    ],
)
def test_errors_carry_their_code(
    server: tuple[Server, str], card: NiDaqmx, call: str, code: int, kind: type[InstrumentError]
) -> None:
    server[0].fails = {call: code}
    with pytest.raises(InstrumentError, match=f"daq: .*DAQmx {code}: the card says no") as caught:
        _acquire(card)
    assert type(caught.value) is kind


def _acquire(card: NiDaqmx) -> None:
    card.configure(SETUP)
    card.start()
    card.read(0.1)


def test_the_same_channels_share_a_task(server: tuple[Server, str], card: NiDaqmx) -> None:
    _acquire(card)
    server[0].calls.clear()
    as_set = card.configure(SETUP)
    assert (as_set.rate, as_set.channels) == (999_999.5, {"ai0": 2.0, "ai1": 10.0})
    assert [name for name, _ in server[0].calls if not name.startswith("Get")] == ["CfgSampClkTiming"]
    card.start()
    assert card.read(0.1)["ai1"].samples.tolist() == CODES[5:]


@pytest.mark.parametrize("call", ["CfgSampClkTiming", "StartTask", "ReadBinaryI16", "StopTask"])
def test_no_task_is_used_again_after_an_error(server: tuple[Server, str], card: NiDaqmx, call: str) -> None:
    server[0].fails = {call: -50103}
    with pytest.raises(InstrumentError, match="the card says no"):
        _acquire(card)
    server[0].fails = {}
    server[0].calls.clear()
    _acquire(card)
    names = [name for name, _ in server[0].calls]
    assert [name for name in names if name in {"ClearTask", "CreateTask"}] == ["ClearTask", "CreateTask"]


def test_other_channels_or_ranges_take_another_task_beside_the_first(server: tuple[Server, str], card: NiDaqmx) -> None:
    def kept_and_given_up() -> list[str]:
        return [name for name, _ in server[0].calls if name in {"ClearTask", "CreateTask"}]

    _acquire(card)
    server[0].calls.clear()
    card.configure(replace(SETUP, channels={"ai0": 2.0}))
    assert kept_and_given_up() == ["CreateTask"]
    _acquire(card)
    card.configure(replace(SETUP, channels={"ai0": 2.0}))
    assert kept_and_given_up() == ["CreateTask"]
    card.halt()
    assert kept_and_given_up() == ["CreateTask", "ClearTask", "ClearTask"]


def test_halting_gives_up_the_task(server: tuple[Server, str], card: NiDaqmx) -> None:
    card.halt()
    card.configure(SETUP)
    card.halt()
    card.halt()
    assert [name for name, _ in server[0].calls].count("ClearTask") == 1
    with pytest.raises(InstrumentError, match="no acquisition has been configured"):
        card.start()


def test_unreachable_server_is_one_clear_error_soon() -> None:
    with pytest.raises(CommunicationError, match=r"^daq: cannot be reached at grpc://127\.0\.0\.1:1"):
        NiDaqmx("daq", "grpc://127.0.0.1:1", device="Dev1")


def test_without_the_vendor_driver_local_is_one_clear_error() -> None:
    try:
        driver = NiDaqmx("daq", "local", device="Dev1")
        driver.identify()
    except CommunicationError as error:
        assert str(error).startswith("daq: ")  # noqa: PT017 - where the driver is installed, Dev1 may be absent instead
    except InstrumentError as error:
        assert "DAQmx" in str(error)  # noqa: PT017 - as above


def test_other_addresses_are_refused() -> None:
    with pytest.raises(CommunicationError, match="write 'local' or 'grpc://host:port'"):
        NiDaqmx("daq", "TCPIP::127.0.0.1::1::SOCKET", device="Dev1")
