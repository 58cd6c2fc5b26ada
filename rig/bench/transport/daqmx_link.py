"""The way to NI-DAQmx, through nidaqmx: the driver on this computer, or NI's gRPC device server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import grpc
import nidaqmx
from nidaqmx.errors import DaqError, Error
from nidaqmx.system import Device, System

from rig.bench.transport.tap import listening, tell
from rig.errors import CommunicationError, InstrumentError
from rig.model.dialogue import Said

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DaqLink", "came_with_data"]

ResultT = TypeVar("ResultT")

_GRPC = "grpc://"
# Codes that say "the card, or the way to it, is gone".
_LOST = frozenset({-88705, -88708, -88709, -88710, -88717, -50401, -50405, -200474, -200324, -201003, -201401})
_UNKNOWN_NAME = -200220
# What to look for, where DAQmx' own words do not say it to somebody who sees the bench for the first time.
_HINTS = {
    -50103: "another task or program holds the card",
    -200022: "another task or program holds the card",
    -88709: "the card was unplugged, reset or lost its power",
    -88710: "the card was unplugged, reset or lost its power",
    -201003: "the card is unplugged, or has no power",
}


class DaqLink:
    """One way to the driver; over gRPC no call lasts longer than it may.

    Parameters
    ----------
    instrument : its name in the bench file, for messages
    address : ``local`` for the driver on this machine, ``grpc://host:port`` for a device server
    connect_timeout, call_timeout : how long to wait for a server, and for the answer to one call, s

    Attributes
    ----------
    options : for nidaqmx; None for the driver on this machine
    """

    def __init__(self, instrument: str, address: str, *, connect_timeout: float, call_timeout: float) -> None:
        self.instrument = instrument
        self.options: Any = None
        self._channel: Any = None
        self._deadline = _Deadline(instrument, call_timeout)
        self._call_timeout = call_timeout
        if address.startswith(_GRPC):
            self._channel = _connect(instrument, address, connect_timeout)
            bounded = grpc.intercept_channel(self._channel, self._deadline)
            self.options = nidaqmx.GrpcSessionOptions(bounded, "")
        elif address != "local":
            reason = f"{address!r} is not an address of a DAQ device; write 'local' or 'grpc://host:port'"
            raise CommunicationError(instrument, "", reason)

    def describe(self, device: str) -> tuple[str, int, str]:
        """Return product type, serial number and driver version."""

        def ask() -> tuple[str, int, str]:
            system = System.remote(self.options) if self.options else System.local()
            found = Device(device, grpc_options=self.options)
            version = ".".join(str(part) for part in system.driver_version)
            return str(found.product_type), int(found.serial_num), version

        try:
            return self.call(f"identify {device}", ask)
        except InstrumentError as error:
            if not (isinstance(error.__cause__, DaqError) and error.__cause__.error_code == _UNKNOWN_NAME):
                raise
            there = ", ".join(self.call("list the cards", self._names)) or "none"
            raise InstrumentError(self.instrument, error.command, f"{error.reply} (cards there: {there})") from error

    def _names(self) -> list[str]:
        system = System.remote(self.options) if self.options else System.local()
        return [str(device.name) for device in system.devices]

    def call(self, what: str, function: Callable[[], ResultT], *, timeout: float | None = None) -> ResultT:
        """Call into nidaqmx with its errors translated; ``timeout`` (s) replaces the time that one call may take."""
        self._deadline.seconds = self._call_timeout if timeout is None else timeout
        try:
            return function()
        except DaqError as error:
            kind = CommunicationError if error.error_code in _LOST else InstrumentError
            hint = _HINTS.get(error.error_code)
            said = f"DAQmx {error.error_code}: {_first_line(error)}{f' ({hint})' if hint else ''}"
            raise kind(self.instrument, what, said) from error
        except Error as error:  # the server or the driver itself, rather than the device
            raise CommunicationError(self.instrument, what, _first_line(error)) from error
        except (
            OSError,
            ValueError,
            RuntimeError,
        ) as error:  # ValueError: a closed channel; the others: a broken driver
            raise CommunicationError(self.instrument, what, f"{type(error).__name__}: {_first_line(error)}") from error
        finally:
            self._deadline.seconds = self._call_timeout

    def close(self) -> None:
        """End the connection; may be called twice, never raises."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()


class _Deadline(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc] # grpc has no types
    """Bounds every call to a gRPC server: nidaqmx itself would wait for ever."""

    def __init__(self, instrument: str, seconds: float) -> None:
        self.instrument, self.seconds = instrument, seconds

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:  # noqa: ANN401
        """Forward the call with a time limit, and tell of it."""
        answer = continuation(details._replace(timeout=self.seconds), request)
        if listening():
            self._tell(details.method, request, answer)
        return answer

    def _tell(self, method: str, request: Any, answer: Any) -> None:  # noqa: ANN401 - grpc has no types
        tell(self.instrument, Said.CALL, request.SerializeToString(), name=method)
        if answer.code() is grpc.StatusCode.OK:
            tell(self.instrument, Said.IN, answer.result().SerializeToString())
        else:
            why = [("code", answer.code().name), ("details", answer.details() or ""), *_readable(answer)]
            tell(self.instrument, Said.REFUSED, details=why)


def _connect(instrument: str, address: str, timeout: float) -> Any:  # noqa: ANN401 - grpc has no types
    """Return a gRPC channel that is connected."""
    # A record is larger than gRPC's 4 MB; it has its own bound in the samples that were asked for.
    options = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
    channel = grpc.insecure_channel(address.removeprefix(_GRPC), options=options)
    try:
        grpc.channel_ready_future(channel).result(timeout=timeout)
    except grpc.FutureTimeoutError as error:
        channel.close()
        raise CommunicationError(instrument, "", f"cannot be reached at {address}: no answer in time") from error
    return channel


def came_with_data(error: DaqError) -> bool:
    """Whether a reading that ended in an error handed over what it had: a remote call that was refused did not."""
    return not isinstance(error.__context__, grpc.RpcError)


def _readable(answer: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - grpc has no types
    """Return what a refused call says beside its status, as far as it is text."""
    return [(key, value) for key, value in answer.trailing_metadata() or () if isinstance(value, str)]


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
