"""Recorded dialogues played back: each instrument listens again, and answers as it once did to the same bytes."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from rig.errors import UnreadableFile
from rig.model.dialogue import Exchange, Said, exchange_of
from rig.twin.streams import LOOPBACK, Stream, TcpPort

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Replay", "Replayed", "replay", "steps_of"]

_SHOWN, _BEFORE = 60, 20
# What comes so long after the rest of an answer, s, came by itself, and comes as late again.
_BY_ITSELF, _LONGEST = 0.1, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the rig said, and what came back; ``name`` is that of a remote call, ``refused`` why it was not done.

    ``later`` is what came by itself after that, each with the pause before it, s.
    """

    said: bytes
    heard: bytes = b""
    later: tuple[tuple[float, bytes], ...] = ()
    name: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)


class Replay(Protocol):
    """One instrument that is played back; ``address`` is where, as its driver is told."""

    address: str

    def complaint(self) -> str:
        """Say what was said that had not been said before, or what was left over; empty if all went as recorded."""

    def stop(self) -> None:
        """End every connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """All instruments that are played back."""

    instruments: Mapping[str, Replay]

    @property
    def addresses(self) -> Mapping[str, str]:
        """Where each is reached."""
        return {name: one.address for name, one in self.instruments.items()}

    def complaints(self) -> tuple[str, ...]:
        """Say of each instrument what did not go as recorded."""
        return tuple(f"{name}: {said}" for name, one in self.instruments.items() if (said := one.complaint()))


@contextmanager
def replay(dialogues: Mapping[str, Iterable[str]]) -> Iterator[Replayed]:
    """Let recorded instruments listen on loopback; ``dialogues`` holds each one's lines.

    Raises
    ------
    UnreadableFile
        if a dialogue cannot be read
    """
    with ExitStack() as stack:
        instruments: dict[str, Replay] = {}
        for name, lines in dialogues.items():
            exchanges = [exchange_of(line) for line in lines]
            instruments[name] = _player(name, exchanges)
            stack.callback(instruments[name].stop)
        yield Replayed(instruments=instruments)


def steps_of(exchanges: Sequence[Exchange]) -> tuple[Step, ...]:
    """Return what was said and what was answered to it, in order; what nobody waited for belongs to what follows."""
    steps: list[Step] = []
    step, answered, last = Step(said=b""), False, 0.0
    for one in exchanges:
        if one.said is Said.OUT:
            if answered:
                steps.append(step)
                step, answered = Step(said=b""), False
            step = replace(step, said=step.said + one.data)
        elif one.said is Said.IN:
            pause = one.seconds - last
            if (step.heard and pause > _BY_ITSELF) or step.later:
                step = replace(step, later=(*step.later, (min(pause, _LONGEST), one.data)))
            else:
                step = replace(step, heard=step.heard + one.data)
            answered = True
        last = one.seconds
    if step.said or step.heard:
        steps.append(step)
    return tuple(steps)


def _player(name: str, exchanges: Sequence[Exchange]) -> Replay:
    if any(one.said is Said.CALL for one in exchanges):
        from rig.twin.replay_calls import CallReplay  # noqa: PLC0415 - brings gRPC, which is slow to load

        return CallReplay(name, exchanges)
    opened = next((one.data.decode("ascii", "replace") for one in exchanges if one.said is Said.OPEN), "")
    if not opened:
        raise UnreadableFile(f"{name}: the dialogue does not begin with a session")
    return StreamReplay(name, steps_of(exchanges), visa="::" in opened)


class StreamReplay:
    """Bytes in, bytes out, over a socket: for what was spoken over VISA and over serial lines.

    A session that ends and begins again goes on where the last one was.
    """

    def __init__(self, name: str, steps: Sequence[Step], *, visa: bool) -> None:
        self._steps, self._at, self._wrong = steps, 0, ""
        self._lock, self._stopping = threading.Lock(), threading.Event()
        self._port = TcpPort(self._converse, name=f"{name} replay")
        port = self._port.port
        self.address = f"TCPIP::{LOOPBACK}::{port}::SOCKET" if visa else f"socket://{LOOPBACK}:{port}"

    def complaint(self) -> str:
        """Say what was said that had not been said before, or what was left over."""
        left = [step for step in self._steps[self._at :] if step.heard]
        if self._wrong or not left:
            return self._wrong
        return f"{len(left)} of {len(self._steps)} answers were not asked for, first that to {_shown(left[0].said)}"

    def stop(self) -> None:
        """End every connection."""
        self._stopping.set()
        self._port.stop()

    def _converse(self, stream: Stream) -> None:
        waiting = b""
        while data := stream.read():
            waiting += data
            with self._lock:
                waiting = self._answered(waiting, stream)
            if self._wrong:
                stream.drop()
                return

    def _answered(self, waiting: bytes, stream: Stream) -> bytes:
        """Answer what has been said in full, and return the rest."""
        while waiting:
            step = self._steps[self._at] if self._at < len(self._steps) else None
            if step is None or waiting[: len(step.said)] != step.said[: len(waiting)]:
                self._wrong = _difference(waiting, b"" if step is None else step.said)
                return b""
            if len(waiting) < len(step.said):
                return waiting
            waiting = waiting[len(step.said) :]
            self._at += 1
            stream.write(step.heard)
            for pause, unasked in step.later:
                self._stopping.wait(pause)
                stream.write(unasked)
        return waiting


def _difference(said: bytes, meant: bytes) -> str:
    """Say what was said and what should have been, from shortly before the first byte that differs."""
    if not meant:
        return f"{_shown(said)} was said where the recording has ended"
    first = next((k for k, (a, b) in enumerate(zip(said, meant, strict=False)) if a != b), min(len(said), len(meant)))
    begin = max(0, first - _BEFORE)
    return f"{_shown(said[begin:])} was said where {_shown(meant[begin:])} had been"


def _shown(data: bytes) -> str:
    return repr(data[:_SHOWN])[1:]
