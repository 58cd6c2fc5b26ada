"""The harness's end of the guard: asks for permission, shows that it is alive, and learns at once when it trips."""

from __future__ import annotations

import itertools
import select
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rig.errors import BenchError, InterlockTripped, RigError
from rig.guard.messages import LONGEST_LINE, Garbled, Lines, encode, raise_failure
from rig.guard.terms import Kind, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rig.model.intent import Intent

__all__ = ["GuardClient", "ask_status", "ask_stop"]

Address = tuple[str, int]

_BEATS_PER_PATIENCE = 5
_ANSWER = 5.0


class GuardClient:
    """A connection to the guard, with a thread that beats and listens.

    The beating says that this process is alive. That its work goes on is what the token's end stands for.

    Parameters
    ----------
    owner : on whose behalf, for the guard's journal
    on_loss : called once, from the thread that notices, if the guard is gone without having been told to go
    now : seconds on a clock that never jumps
    silence : a guard that answers no beat for so long is as good as gone, s; its longest step towards safety takes less

    Raises
    ------
    InterlockTripped
        if the bench is latched.
    Refused
        if the guard does not want this client.
    BenchError
        if there is no guard.
    """

    def __init__(
        self,
        address: Address,
        secret: str,
        *,
        owner: str = "",
        on_loss: Callable[[str], object] | None = None,
        now: Callable[[], float] = time.monotonic,
        silence: float = 3.0,
    ) -> None:
        self._now, self._on_loss, self._silence = now, on_loss, silence
        self._tripped: str | None = None
        self._tripped_by = Kind.GUARD
        self._token: Token | None = None
        self._seconds = 0.0
        self._ids, self._sending, self._answered = itertools.count(1), threading.Lock(), threading.Condition()
        self._replies: dict[int, Mapping[str, Any]] = {}
        self._closing, self._lost = False, False
        self.last_trip: Mapping[str, Any] | None = None
        self._sock = _connect(address)
        self._interval = _ANSWER  # nothing to show before the guard has said how often
        self._thread = threading.Thread(target=self._run, name="guard client", daemon=True)
        self._thread.start()
        try:
            welcome = self._ask("begin", secret=secret, owner=owner)
        except BaseException:
            self._hang_up()
            raise
        self._interval = float(welcome["patience"]) / _BEATS_PER_PATIENCE

    @property
    def tripped(self) -> str | None:
        """Why nothing may be energised any more; None while it may."""
        return self._tripped

    @property
    def tripped_by(self) -> Kind:
        """What has caused it; to be asked once something has."""
        return self._tripped_by

    def check(self) -> None:
        """Raise InterlockTripped if the guard has tripped or is gone."""
        if self._tripped:
            raise InterlockTripped(self._tripped)

    def permit(self, intent: Intent, seconds: float) -> Token:
        """Have the contact closed for so long at most; the token replaces the one before.

        Raises
        ------
        Refused
            if a ceiling stands against what is intended.
        InterlockTripped
            if the guard has tripped, trips on this, or is gone.
        """
        self.check()
        begun = self._now()
        reply = self._ask("permit", intent=asdict(intent), seconds=seconds)
        self._token, self._seconds = Token(id=str(reply["token"]), expires=begun + seconds, intent=intent), seconds
        return self._token

    def renew(self) -> None:
        """Have the token that is held last as long again, from now, if there is one; raises as :meth:`permit`."""
        if self._token is not None:
            self.permit(self._token.intent, self._seconds)

    def release(self) -> None:
        """Give the token back, if there is one: the contact is opened, and seen to be open."""
        token, self._token = self._token, None
        self.check()
        if token is not None:
            self._ask("release", token=token.id)

    @contextmanager
    def energised(self, intent: Intent, seconds: float) -> Iterator[None]:
        """Hold a token; it is given back on leaving, however that is left."""
        self.permit(intent, seconds)
        try:
            yield
        except BaseException:
            with suppress(RigError):  # what went wrong first is what is told
                self.release()
            raise
        self.release()

    def trip(self, reason: str) -> None:
        """Have the bench made safe and latched; never raises."""
        with suppress(RigError):
            self._ask("stop", reason=reason)
        with self._answered:
            self._tripped = self._tripped or reason

    def close(self) -> None:
        """Say goodbye; the guard opens the contact. May be called twice, never raises."""
        if not self._closing:
            with suppress(RigError):
                self._closing = True
                self._ask("end")
        self._hang_up()

    def _ask(self, do: str, **more: Any) -> Mapping[str, Any]:  # noqa: ANN401 - whatever JSON knows
        """Ask for something and wait for the answer; a guard that does not answer is gone."""
        number = next(self._ids)
        try:
            self._send({"do": do, "id": number, **more})
        except (OSError, ValueError) as error:
            self._lose(f"the guard is gone: {error}")
        with self._answered:
            answered = self._answered.wait_for(lambda: number in self._replies or self._lost, _ANSWER)
            reply = self._replies.pop(number, None)
        if reply is None:
            why = self._tripped if answered and self._tripped else f"the guard did not answer within {_ANSWER:g} s"
            self._lose(why)
            raise InterlockTripped(why)
        raise_failure(reply)
        return reply

    def _send(self, message: Mapping[str, Any]) -> None:
        with self._sending:
            self._sock.sendall(encode(message))

    def _run(self) -> None:
        lines, beaten = Lines(), self._now()
        unanswered: float | None = None
        try:
            while True:
                if self._now() - beaten >= self._interval:
                    beaten = self._now()
                    self._send({"do": "beat"})
                    unanswered = beaten if unanswered is None else unanswered
                # Looked for before it is missed: it is this process that may have been held up.
                if not select.select([self._sock], [], [], min(0.05, self._interval))[0]:
                    if unanswered is not None and self._now() - unanswered > self._silence:
                        raise TimeoutError(f"it has said nothing for {self._now() - unanswered:.1f} s")
                    continue
                received = self._sock.recv(LONGEST_LINE)
                if not received:
                    raise ConnectionError("it has closed the connection")
                unanswered = None
                lines.feed(received)
                while (message := lines.take()) is not None:
                    self._hear(message)
        except (OSError, ValueError, Garbled) as error:  # a closed socket is a ValueError to select
            self._lose(f"the guard is gone: {error}")

    def _hear(self, message: Mapping[str, Any]) -> None:
        with self._answered:
            if message.get("trip") is not None:
                self.last_trip = message["trip"]
            if isinstance(message.get("re"), int):
                self._replies[message["re"]] = message
            elif "tripped" in message and not self._tripped:
                self._tripped, self._tripped_by = str(message["tripped"]), Kind(message["kind"])
            self._answered.notify_all()

    def _lose(self, why: str) -> None:
        """Note once that the guard is gone, and have somebody else make safe."""
        with self._answered:
            first, self._lost = not self._lost, True
            if not self._closing:
                self._tripped = self._tripped or why
            self._answered.notify_all()
        if first and not self._closing and self._on_loss is not None:
            with suppress(RigError):  # whatever is unsafe then, nobody is left to be told in this thread
                self._on_loss(why)

    def _hang_up(self) -> None:
        self._closing = True
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        if threading.current_thread() is not self._thread:
            self._thread.join(1.0)
        self._sock.close()


def ask_status(address: Address) -> Mapping[str, Any]:
    """Ask a guard how things stand; raises BenchError if there is none."""
    status: Mapping[str, Any] = _ask_once(address, {"do": "status", "id": 1})["status"]
    return status


def ask_stop(address: Address, reason: str) -> Mapping[str, Any]:
    """Have a guard make safe and latch; return how that went. Raises BenchError if there is no guard to do it."""
    trip: Mapping[str, Any] = _ask_once(address, {"do": "stop", "id": 1, "reason": reason})["trip"]
    return trip


def _ask_once(address: Address, message: Mapping[str, Any]) -> Mapping[str, Any]:
    lines = Lines()
    try:
        with _connect(address) as sock:
            sock.sendall(encode(message))
            while (reply := lines.take()) is None:
                received = sock.recv(LONGEST_LINE)
                if not received:
                    raise BenchError("the guard has closed the connection")
                lines.feed(received)
    except (OSError, Garbled) as error:
        raise BenchError(f"the guard at {address[0]}:{address[1]} does not answer: {error}") from error
    raise_failure(reply)
    return reply


def _connect(address: Address) -> socket.socket:
    try:
        sock = socket.create_connection(address, timeout=_ANSWER)
    except OSError as error:
        raise BenchError(f"there is no guard at {address[0]}:{address[1]}: {error}") from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
