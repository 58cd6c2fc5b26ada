"""Digital lines as remote calls write and read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.twin.devices.nidaqmx_wire import Refusal, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from nidaqmx._stubs import nidaqmx_pb2 as pb

    from rig.twin.devices.nidaqmx_tasks import DigitalTask, Lines, Task
    from rig.twin.devices.nidaqmx_wire import Reply

__all__ = ["LineCalls"]


class LineCalls:
    """What is done to the lines of a task; ``start`` starts it where a call asks for that."""

    def __init__(self, lines: Lines, *, start: Callable[[Task], Refusal | None]) -> None:
        self._lines, self._start = lines, start

    def read(self, task: DigitalTask, request: pb.ReadDigitalLinesRequest) -> Reply:
        """Return what the lines are, which for outputs is what they were set to."""
        width = max(len(channel.lines) for channel in task.channels)
        rows = [[self._lines.states[line] for line in channel.lines] for channel in task.channels]
        samples = max(1, request.num_samps_per_chan)
        data = b"".join(bytes(row).ljust(width, b"\0") * samples for row in rows)
        return {"read_array": data, "samps_per_chan_read": samples, "num_bytes_per_samp": width}

    def write_lines(self, task: DigitalTask, request: pb.WriteDigitalLinesRequest) -> Reply:
        """Set lines, one by one."""
        if len(request.write_array) != len(task.lines) * request.num_samps_per_chan:
            return refusal(-200524)
        by_channel = not (request.data_layout or request.data_layout_raw)
        last = range(request.num_samps_per_chan - 1, len(request.write_array), request.num_samps_per_chan)
        states = [request.write_array[k] for k in last] if by_channel else request.write_array[-len(task.lines) :]
        return self._write(task, request, dict(zip(task.lines, map(bool, states), strict=True)))

    def write_words(self, task: DigitalTask, request: pb.WriteDigitalU32Request) -> Reply:
        """Set the lines of each channel from the bits of a word."""
        count, samples = len(task.channels), request.num_samps_per_chan
        if len(request.write_array) != count * samples:
            return refusal(-200524)
        by_channel = not (request.data_layout or request.data_layout_raw)
        words = request.write_array[samples - 1 :: samples] if by_channel else request.write_array[-count:]
        return self._write(task, request, _bits(task, words))

    def write_scalar(self, task: DigitalTask, request: pb.WriteDigitalScalarU32Request) -> Reply:
        """Set the lines of the only channel from the bits of a word."""
        if len(task.channels) != 1:
            return refusal(-200524)
        reply = self._write(task, request, _bits(task, [request.value]))
        return None if isinstance(reply, dict) else reply

    def _write(self, task: DigitalTask, request: pb.WriteDigitalU32Request, states: Mapping[str, bool]) -> Reply:
        if self._lines.locked:
            return refusal(-200678)
        if not task.running and request.auto_start:
            refused = self._start(task)
            if refused is not None:
                return refused
        self._lines.set(states)
        return {"samps_per_chan_written": getattr(request, "num_samps_per_chan", 1)}


def _bits(task: DigitalTask, words: Iterable[int]) -> dict[str, bool]:
    return {
        line: bool(word >> place & 1)
        for channel, word in zip(task.channels, words, strict=True)
        for place, line in enumerate(channel.lines)
    }
