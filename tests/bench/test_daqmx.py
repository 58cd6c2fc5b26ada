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
from rig.errors import CommunicationError, InstrumentError, NoTrigger, Refused, SamplesLost
from rig.model.setup import DigitizerSetup, DigitizerTrigger
from rig.roles import CalibrationKeeping, Digitizer, SelfTesting

pytestmark = [pytest.mark.supports("ni-daqmx", "driver"), pytest.mark.supports("ni-daqmx", "transcript")]

SETUP = DigitizerSetup(channels={"ai0": 2.0, "ai1": 10.0}, rate=1e6, samples=5)
SCALING = {"Dev1/ai0": [1e-4, 6.1e-5, 0.0, 0.0], "Dev1/ai1": [0.0, 3.05e-4, 0.0, 0.0]}
CODES = [-32768, -1, 0, 1, 32767, 10, 20, 30, 40, 50]


class Server(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc has no types
    """Answers NI's service from methods of this class; what has none is answered with an empty success."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.scaling = SCALING
        self.simultaneous, self.fastest, self.wirings, self.conversions = True, 2e6, 4, 71_428.5
        self.calibrates = False
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

    def _GetSystemInfoAttributeString(self, request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        assert (request.attribute_raw or request.attribute) == 6459
        response.value = "Dev2, Dev3"

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

    def _GetTimingAttributeDouble(self, request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        response.value = self.conversions if (request.attribute_raw or request.attribute) == 6216 else 999_999.5

    def _GetDeviceAttributeBool(self, request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        assert (request.attribute_raw or request.attribute) == 10639
        response.value = self.simultaneous

    def _GetDeviceAttributeDouble(self, request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        assert (request.attribute_raw or request.attribute) in {10636, 10637}
        response.value = self.fastest

    def _GetPhysicalChanAttributeInt32(self, request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        assert (request.attribute_raw or request.attribute) == 9026
        response.value_raw = self.wirings

    def _DeviceSupportsCal(self, _request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        response.cal_supported = self.calibrates

    def _GetTrigAttributeDouble(self, _request: Any, response: Any, _context: Any) -> None:  # noqa: N802
        response.value = 0.4999

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
        response.read_array.extend([1, 2, 3, 4, 5, 6, 0, 0, 0, 0])  # moved together, as DAQmx does
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


def test_a_call_that_was_refused_hands_over_nothing_whatever_it_says(server: tuple[Server, str], card: NiDaqmx) -> None:
    def refused(_kind: str, _request: Any, _response: Any, context: Any) -> None:
        context.set_trailing_metadata((("ni-error", "-200284"), ("ni-samps-per-chan-read", "3")))
        context.abort(grpc.StatusCode.UNKNOWN, "not yet")

    server[0].read = refused
    card.configure(SETUP)
    card.start()
    with pytest.raises(SamplesLost, match="0 of 5") as caught:
        card.read(0.1)
    partial: Any = caught.value.partial
    assert len(partial["ai0"]) == 0


@pytest.mark.parametrize(
    ("terminal", "offered", "sent"),
    [("rse", 7, 10083), ("nrse", 7, 10078), ("differential", 4, 10106), ("pseudo-differential", 12, 12529)],
)
def test_inputs_are_wired_as_the_bench_says(server: tuple[Server, str], terminal: str, offered: int, sent: int) -> None:
    server[0].wirings = offered
    driver = NiDaqmx("daq", server[1], device="Dev1", terminal=terminal)
    try:
        driver.configure(SETUP)
    finally:
        driver.close()
    made = [request for name, request in server[0].calls if name == "CreateAIVoltageChan"]
    assert {request.terminal_config_raw or request.terminal_config for request in made} == {sent}


def test_what_an_input_cannot_be_is_refused_with_what_it_can(server: tuple[Server, str]) -> None:
    driver = NiDaqmx("daq", server[1], device="Dev1", terminal="nrse")
    server[0].wirings = 5
    try:
        with pytest.raises(Refused, match=r"ai0 cannot be 'nrse'; it can be differential, rse$"):
            driver.configure(SETUP)
    finally:
        driver.close()
    with pytest.raises(Refused, match="cannot be wired as 'balanced', only as differential, rse"):
        NiDaqmx("daq", server[1], device="Dev1", terminal="balanced")


def test_channels_that_share_a_converter_begin_one_after_the_other(server: tuple[Server, str], card: NiDaqmx) -> None:
    server[0].simultaneous = False
    _acquire(card)
    card.configure(SETUP)
    waveforms = _read(card)
    assert waveforms["ai0"].start == 0.0
    assert waveforms["ai1"].start == pytest.approx(1 / 71_428.5, abs=0.0)


def test_a_rate_that_channels_share_is_refused_with_its_limit(server: tuple[Server, str], card: NiDaqmx) -> None:
    server[0].simultaneous, server[0].fastest = False, 250e3
    with pytest.raises(InstrumentError, match="2 channels at most 125000 times per second each: they share"):
        card.configure(replace(SETUP, rate=125_001.0))
    card.configure(replace(SETUP, rate=125e3))
    card.configure(replace(SETUP, rate=250e3, channels={"ai0": 2.0}))
    server[0].calls.clear()
    with pytest.raises(InstrumentError, match=r"1 channel at most 250000 times per second each$"):
        card.configure(replace(SETUP, rate=251e3, channels={"ai0": 2.0}))
    assert "CfgSampClkTiming" not in [name for name, _ in server[0].calls]


TRIGGERS = {
    "a terminal starts": (
        DigitizerTrigger(source="PFI0", slope=-1),
        "CfgDigEdgeStartTrig",
        {"trigger_source": "/Dev1/PFI0", "trigger_edge_raw": 10171},
    ),
    "a level starts": (
        DigitizerTrigger(source="ai1", level=0.5),
        "CfgAnlgEdgeStartTrig",
        {"trigger_source": "Dev1/ai1", "trigger_slope_raw": 10280, "trigger_level": 0.5},
    ),
    "a terminal is referred to": (
        DigitizerTrigger(source="PFI0", pretrigger=2),
        "CfgDigEdgeRefTrig",
        {"trigger_source": "/Dev1/PFI0", "trigger_edge_raw": 10280, "pretrigger_samples": 2},
    ),
    "a level is referred to": (
        DigitizerTrigger(source="ai0", level=-0.5, slope=-1, pretrigger=3),
        "CfgAnlgEdgeRefTrig",
        {"trigger_source": "Dev1/ai0", "trigger_slope_raw": 10171, "trigger_level": -0.5, "pretrigger_samples": 3},
    ),
}


@pytest.mark.parametrize("what", TRIGGERS)
def test_a_trigger_is_time_zero(server: tuple[Server, str], card: NiDaqmx, what: str) -> None:
    trigger, call, fields = TRIGGERS[what]
    as_set = card.configure(replace(SETUP, trigger=trigger))
    assert as_set.trigger is not None
    assert as_set.trigger.level == (None if trigger.level is None else 0.4999)
    waveform = _read(card)["ai0"]
    assert waveform.start == pytest.approx(-trigger.pretrigger / 999_999.5)
    (request,) = [request for name, request in server[0].calls if name == call]
    assert {name: getattr(request, name) for name in fields} == fields
    again = card.configure(replace(SETUP, trigger=trigger))
    assert again == as_set
    assert [name for name, _ in server[0].calls].count(call) == 1
    assert card.configure(SETUP).trigger is None


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        (DigitizerTrigger(source="PFI0", slope=0), "rising or on a falling edge"),
        (DigitizerTrigger(source="ai5", level=0.1), "ai5 is not sampled: a level is looked for among ai0, ai1"),
        (DigitizerTrigger(source="ai0", level=2.5), "2.5 V is out of the range ±2 V of ai0"),
        (DigitizerTrigger(source="PFI0", pretrigger=4), "of 5 samples, 2 to 3 can lie before the trigger"),
        (DigitizerTrigger(source="PFI0", pretrigger=1), "of 5 samples, 2 to 3 can lie before the trigger"),
    ],
)
def test_triggers_that_mean_nothing_are_refused_before_a_task_is_made(
    server: tuple[Server, str], card: NiDaqmx, trigger: DigitizerTrigger, words: str
) -> None:
    with pytest.raises(InstrumentError, match=words):
        card.configure(replace(SETUP, trigger=trigger))
    assert "CreateTask" not in [name for name, _ in server[0].calls]


def test_a_trigger_that_does_not_come_is_named(server: tuple[Server, str], card: NiDaqmx) -> None:
    def nothing(_kind: str, _request: Any, response: Any, _context: Any) -> None:
        response.status = -200284

    server[0].read = nothing
    card.configure(replace(SETUP, trigger=DigitizerTrigger(source="PFI0")))
    card.start()
    with pytest.raises(NoTrigger, match="daq: PFI0 did not trigger") as caught:
        card.read(0.1)
    partial: Any = caught.value.partial
    assert list(partial) == ["ai0", "ai1"]


def test_a_card_that_another_task_holds_says_so(server: tuple[Server, str], card: NiDaqmx) -> None:
    server[0].fails = {"StartTask": -50103}
    with pytest.raises(InstrumentError, match=r"DAQmx -50103: .*\(another task or program holds the card\)"):
        _acquire(card)


def test_a_wrong_name_is_told_with_the_right_ones(server: tuple[Server, str], card: NiDaqmx) -> None:
    server[0].fails = {"GetDeviceAttributeString": -200220}
    with pytest.raises(InstrumentError, match=r"DAQmx -200220: .*\(cards there: Dev2, Dev3\)"):
        card.identify()


def test_a_self_test_that_fails_is_told_and_one_that_cannot_be_made_is_raised(
    server: tuple[Server, str], card: NiDaqmx
) -> None:
    assert isinstance(card, SelfTesting)
    assert (card.self_test(), card.errors()) == ("", ())
    server[0].fails = {"SelfTestDevice": -200020}
    assert card.self_test() == "DAQmx -200020: the card says no"
    server[0].fails = {"SelfTestDevice": -201003}
    with pytest.raises(CommunicationError, match="unplugged, or has no power"):
        card.self_test()


def test_a_card_that_was_never_calibrated_has_no_dates(server: tuple[Server, str], card: NiDaqmx) -> None:
    assert isinstance(card, CalibrationKeeping)
    assert card.calibration_dates() is None
    server[0].calibrates = True  # and answers with a year 0
    assert card.calibration_dates() is None


def _read(card: NiDaqmx) -> Any:
    card.start()
    return card.read(0.1)


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
