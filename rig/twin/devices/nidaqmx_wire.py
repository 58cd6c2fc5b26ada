"""NI's gRPC DAQmx service on the wire: methods by name, errors as trailing metadata, samples at memory speed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc
import numpy as np
from google.protobuf import message_factory
from nidaqmx._stubs import nidaqmx_pb2 as pb  # noqa: PLC2701 - the vendor publishes its protocol nowhere else in Python

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "CONNECTION_LOST",
    "Answer",
    "Refusal",
    "Reply",
    "read_f64_reply",
    "read_i16_reply",
    "refusal",
    "rpc_handler",
]

_SERVICE = pb.DESCRIPTOR.services_by_name["NiDAQmx"]
_VARINT_LONGEST = 10
_SEVEN_BITS = 0x7F


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a method answers instead of a reply: a DAQmx status, and how far a read or write had come."""

    code: int
    message: str
    samples_read: int | None = None
    samples_written: int | None = None
    connection_lost: bool = False

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """The trailing metadata in which NI's server hides its errors."""
        facts = (
            ("ni-error", None if self.connection_lost else self.code),
            ("ni-samps-per-chan-read", self.samples_read),
            ("ni-samps-per-chan-written", self.samples_written),
        )
        return tuple((key, str(value)) for key, value in facts if value is not None)


_MESSAGES = {
    -88709: "The specified operation cannot be performed because a task has been aborted or a device has been removed.",
    -201304: "The file path is invalid, or the file cannot be created there.",
    -201003: "Device cannot be accessed. It may no longer be present in the system, or have no power.",
    -50103: "The specified resource is reserved. The operation could not be completed as specified.",
    -200077: "Requested value is not a supported value for this property. The property value may be invalid because it "
    "conflicts with another property.",
    -200081: "Sample Rate, Number of Channels, and Convert Clock rate cannot go together: all channels share a "
    "converter.",
    -200088: "Task specified is invalid or does not exist.",
    -200089: "Task name conflicts with an existing task name.",
    -200170: "Physical channel specified does not exist on this device.",
    -200220: "Device identifier is invalid.",
    -200229: "Buffer is too small to fit read data.",
    -200278: "Specified read operation would have exceeded the number of samples that the task is going to acquire.",
    -200279: "The application is not able to keep up with the hardware acquisition: samples have been overwritten.",
    -200284: "Some or all of the samples requested have not yet been acquired.",
    -200361: "Onboard device memory overflow. Because of system and/or bus-bandwidth limitations, the driver could not "
    "read data from the device fast enough to keep up with the device throughput.",
    -200452: "Specified property is not supported in this context.",
    -200462: "Generation cannot be started, because the output buffer is empty.",
    -200478: "Specified operation cannot be performed when there are no channels in the task.",
    -200489: "Specified channel cannot be added to the task, because a channel with the same name is already in it.",
    -200524: "Write cannot be performed, because the number of channels in the data does not match the task.",
    -200560: "Wait Until Done did not indicate that the task was done within the specified timeout.",
    -200561: "Attempted writing analog data that is too large or too small.",
    -200587: "Specified digital lines are either reserved or not present on the device.",
    -200635: "Specified action is not supported, because the task is not a watchdog timer task.",
    -200644: "Watchdog timer cannot be reset, because it has expired.",
    -200662: "Watchdog timer is not supported on this device.",
    -200678: "Write cannot be performed, because the watchdog timer of the device has expired.",
}


def refusal(code: int, *, samples_read: int | None = None) -> Refusal:
    """The refusal with that DAQmx status and its sentence."""
    return Refusal(code=code, message=f"{_MESSAGES[code]}\n\nStatus Code: {code}", samples_read=samples_read)


Reply: TypeAlias = Mapping[str, object] | bytes | Refusal | None
"""The fields of a reply message (none: all of them 0), its serialized bytes, or a refusal."""

Answer: TypeAlias = Callable[[Any], Reply]
"""Takes the request message, whose class protobuf makes at run time."""

CONNECTION_LOST = Refusal(code=0, message="Socket closed", connection_lost=True)


def rpc_handler(answers: Mapping[str, Answer]) -> grpc.GenericRpcHandler:
    """Serve these methods of NI's service; every other of its 451 is answered with UNIMPLEMENTED."""
    return grpc.method_handlers_generic_handler(
        _SERVICE.full_name, {name: _method(name, answer) for name, answer in answers.items()}
    )


def _method(name: str, answer: Answer) -> grpc.RpcMethodHandler:
    method = _SERVICE.methods_by_name[name]
    request, response = (message_factory.GetMessageClass(kind) for kind in (method.input_type, method.output_type))

    def behaviour(message: object, context: grpc.ServicerContext) -> Reply:
        reply = answer(message)
        if isinstance(reply, Refusal):
            context.set_trailing_metadata(reply.metadata())
            context.abort(
                grpc.StatusCode.UNAVAILABLE if reply.connection_lost else grpc.StatusCode.UNKNOWN, reply.message
            )
        return reply

    def serialized(reply: bytes | Mapping[str, object] | None) -> bytes:
        return reply if isinstance(reply, bytes) else bytes(response(**(reply or {})).SerializeToString())

    return grpc.unary_unary_rpc_method_handler(
        behaviour, request_deserializer=request.FromString, response_serializer=serialized
    )


def read_f64_reply(samples: npt.NDArray[np.float64], samples_per_channel: int, *, status: int = 0) -> bytes:
    """A serialized ``ReadAnalogF64Response``: status (field 1), packed doubles (2) and the count per channel (3)."""
    return _read_reply(samples.astype("<f8", copy=False).tobytes(), samples_per_channel, status)


def read_i16_reply(codes: npt.NDArray[np.int16], samples_per_channel: int, *, status: int = 0) -> bytes:
    """A serialized ``ReadBinaryI16Response``: status (1), codes as packed int32 varints (2) and the count (3)."""
    return _read_reply(_packed_varints(codes), samples_per_channel, status)


def _read_reply(packed: bytes, samples_per_channel: int, status: int) -> bytes:
    told = b"\x08" + _varint(status % (1 << 64)) if status else b""
    return b"".join((told, b"\x12", _varint(len(packed)), packed, b"\x18", _varint(samples_per_channel)))


def _varint(number: int) -> bytes:
    octets = bytearray()
    while number > _SEVEN_BITS:
        octets.append((number & _SEVEN_BITS) | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)


def _packed_varints(codes: npt.NDArray[np.int16]) -> bytes:
    octets, used = _varint_table()
    index = codes.ravel().view(np.uint16)
    # Whole rows are taken three times as fast as they are indexed.
    return bytes(octets.take(index, axis=0)[used.take(index, axis=0)].tobytes())


@cache
def _varint_table() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """The varint of every 16-bit code and which of its octets count.

    One to three octets, but ten for a negative code, as protobuf sign-extends an int32 to 64 bits. Looking codes up is
    what makes a million of them cost milliseconds.
    """
    codes = np.arange(1 << 16, dtype=np.uint16).view(np.int16)
    bits = codes.astype(np.int64).view(np.uint64)
    lengths = np.where(codes < 0, _VARINT_LONGEST, np.searchsorted((1 << 7, 1 << 14), codes, "right") + 1)
    place = np.arange(_VARINT_LONGEST)
    octets = ((bits[:, None] >> (7 * place).astype(np.uint64)) & np.uint64(_SEVEN_BITS)).astype(np.uint8)
    octets[place < lengths[:, None] - 1] |= 0x80
    return octets, place < lengths[:, None]
