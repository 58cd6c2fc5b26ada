"""The digital line as an interlock: which calls it makes, in which order, and what it does not believe."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.protobuf import message_factory
from nidaqmx._stubs import nidaqmx_pb2

from rig.bench.bench_file import InstrumentEntry
from rig.bench.interlocks import open_interlock
from rig.errors import CommunicationError, InstrumentError
from rig.roles import Interlock
from tests.bench.scripted_peer import ManualClock

IDENTITY = {"manufacturer": "National Instruments", "model": "PCIe-6509", "serial": "01E2D3C4"}
QUESTIONS = {
    "GetSystemInfoAttributeUInt32",
    "GetTaskAttributeString",
    "GetDeviceAttributeString",
    "GetDeviceAttributeUInt32",
    "GetReadAttributeString",
    "GetReadAttributeUInt32",
    "GetWriteAttributeUInt32",
    "GetChanAttributeInt32",
}
LOW, DIGITAL_OUTPUT, CLEAR_EXPIRATION = 10214, 10153, 1


class Card(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc has no types
    """Answers NI's service by a table, and keeps account of what was not a question."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.high = self.expired = self.stuck = False
        self.fails: dict[str, int] = {}
        methods = nidaqmx_pb2.DESCRIPTOR.services_by_name["NiDAQmx"].methods
        self._methods = {method.name: method for method in methods}

    def acts(self) -> list[str]:
        """The calls since the last time, without questions."""
        calls, self.calls = self.calls, []
        return [name for name, _ in calls if name not in QUESTIONS]

    def service(self, details: Any) -> Any:
        method = self._methods[details.method.rsplit("/", 1)[-1]]
        request_class = message_factory.GetMessageClass(method.input_type)
        response_class = message_factory.GetMessageClass(method.output_type)

        def answer(request: Any, context: Any) -> Any:
            self.calls.append((method.name, request))
            if method.name in self.fails:
                context.set_trailing_metadata((("ni-error", str(self.fails[method.name])),))
                context.abort(grpc.StatusCode.UNKNOWN, "the card says no")
            return response_class(**self._reply(method.name, request))

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=request_class.FromString,
            response_serializer=response_class.SerializeToString,
        )

    def _reply(self, name: str, request: Any) -> dict[str, Any]:
        if name == "WriteDigitalLines" and not self.stuck:
            self.high = bool(request.write_array[0])
        if name == "ControlWatchdogTask" and request.action_raw == CLEAR_EXPIRATION:
            self.expired = False
        if name == "GetSystemInfoAttributeUInt32":
            return {"value": {4722: 24, 6435: 5, 12066: 1}[request.attribute_raw or request.attribute]}
        replies: dict[str, dict[str, Any]] = {
            "CreateTask": {"task": {"name": "line"}, "new_session_initialized": True},
            "CreateWatchdogTimerTaskEx": {"task": {"name": "watchdog"}, "new_session_initialized": True},
            "GetTaskAttributeString": {"value": "task"},
            "GetReadAttributeString": {"value": "Dev2/port0/line3"},
            "GetDeviceAttributeString": {"value": "PCIe-6509"},
            "GetDeviceAttributeUInt32": {"value": 0x01E2D3C4},
            "GetReadAttributeUInt32": {"value": 1},
            "GetWriteAttributeUInt32": {"value": 1},
            "GetChanAttributeInt32": {"value_raw": DIGITAL_OUTPUT},
            "GetWatchdogAttributeBool": {"value": self.expired},
            "ReadDigitalLines": {
                "read_array": bytes([self.high]),
                "samps_per_chan_read": 1,
                "num_bytes_per_samp": 1,
            },
            "WriteDigitalLines": {"samps_per_chan_written": 1},
        }
        return replies.get(name, {})


@pytest.fixture
def card() -> Iterator[tuple[Card, str]]:
    handler = Card()
    running = grpc.server(ThreadPoolExecutor(2), handlers=(handler,))
    port = running.add_insecure_port("127.0.0.1:0")
    running.start()
    yield handler, f"grpc://127.0.0.1:{port}"
    running.stop(None).wait()


def opened(address: str, **more: Any) -> Interlock:
    named = {"device": "Dev2", "line": "port0/line3", "identity": IDENTITY, **more}
    entry = InstrumentEntry.model_validate({
        "role": "interlock",
        "driver": "ni-digital-line",
        "address": "twin",
        **named,
    })
    return open_interlock("interlock", entry, address, clock=ManualClock(), answer=60.0)


MAKE_LINE = ["CreateTask", "CreateDOChan"]
WRITE = ["WriteDigitalLines", "ReadDigitalLines"]
ARM = ["CreateWatchdogTimerTaskEx", "CfgWatchdogDOExpirStates", "StartTask"]
ASK = ["GetWatchdogAttributeBool"]


@pytest.mark.supports("ni-digital-line", "driver", "transcript")
def test_a_plain_line_is_set_and_read_back(card: tuple[Card, str]) -> None:
    handler, address = card
    line = opened(address)
    assert line.hold_time is None
    assert handler.acts() == []
    line.disable()
    assert handler.acts() == [*MAKE_LINE, *WRITE]
    line.enable()
    assert dict(handler.calls)["WriteDigitalLines"].write_array == b"\x01"
    assert handler.acts() == WRITE
    assert line.enabled()
    assert handler.acts() == ["ReadDigitalLines"]
    line.close()
    assert handler.acts() == [*WRITE, "ClearTask"]
    line.close()
    assert handler.acts() == []
    assert not handler.high


def test_with_a_hold_time_the_watchdog_is_started_before_the_line_goes_high(card: tuple[Card, str]) -> None:
    handler, address = card
    line = opened(address, hold_time="250 ms")
    assert line.hold_time == 0.25
    line.disable()
    assert handler.acts() == [*MAKE_LINE, *WRITE]
    line.enable()
    requests = dict(handler.calls)
    assert requests["CreateWatchdogTimerTaskEx"].timeout == 0.25
    assert requests["CfgWatchdogDOExpirStates"].channel_names == "Dev2/port0/line3"
    assert list(requests["CfgWatchdogDOExpirStates"].expir_state_array) == [LOW]
    assert handler.acts() == ["ClearTask", *ARM, *MAKE_LINE, *WRITE]
    line.enable()
    assert requests["CreateWatchdogTimerTaskEx"].device_name == "Dev2"
    assert handler.acts() == [*ASK, "ControlWatchdogTask", *WRITE]
    line.disable()
    assert handler.acts() == [*ASK, *WRITE]
    line.close()
    assert handler.acts() == ["ClearTask", "ClearTask"]


def test_an_expired_watchdog_is_begun_again_when_the_contact_is_closed_again(card: tuple[Card, str]) -> None:
    handler, address = card
    line = opened(address, hold_time="250 ms")
    line.enable()
    handler.high, handler.expired = False, True
    handler.acts()
    assert not line.enabled()
    line.disable()
    assert handler.acts() == ["ReadDigitalLines", *ASK, "ReadDigitalLines"]  # low already, and not to be written
    line.enable()
    assert handler.acts() == [*ASK, "ControlWatchdogTask", "StopTask", "StartTask", *WRITE]
    assert line.enabled()
    line.close()


def test_a_line_that_does_not_follow_is_an_error(card: tuple[Card, str]) -> None:
    handler, address = card
    handler.stuck = True
    line = opened(address)
    with pytest.raises(InstrumentError, match=r"set the line high.*read back low"):
        line.enable()
    handler.high = True
    with pytest.raises(InstrumentError, match=r"set the line low.*read back high"):
        line.disable()
    line.close()


@pytest.mark.parametrize("call", ["CreateWatchdogTimerTaskEx", "CfgWatchdogDOExpirStates", "StartTask"])
def test_without_its_watchdog_the_line_never_goes_high(card: tuple[Card, str], call: str) -> None:
    handler, address = card
    handler.fails[call] = -200662
    line = opened(address, hold_time="250 ms")
    with pytest.raises(InstrumentError, match="-200662"):
        line.enable()
    assert not handler.high
    assert "WriteDigitalLines" not in handler.acts()
    line.close()


def test_a_server_that_is_gone_is_a_communication_error() -> None:
    with pytest.raises(CommunicationError, match="not an address of a DAQ device"):
        opened("COM3")
