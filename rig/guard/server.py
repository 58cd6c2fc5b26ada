"""A supervisor on a loopback port: one client energises, anybody on this machine may ask how things stand, or stop."""

from __future__ import annotations

import hmac
import selectors
import socket
import threading
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rig.errors import Refused, RigError
from rig.guard.make_safe import said
from rig.guard.messages import LONGEST_LINE, Garbled, Lines, encode, failure, read_intent, read_seconds, show_status
from rig.guard.terms import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rig.guard.supervisor import Supervisor
    from rig.guard.terms import Trip

__all__ = ["GuardServer"]

_TICK = 0.005
_VISITORS = 8
_READS = 4
_ASK_LEASE = 0.1
# For so long a contact that did not open is told again after the client has gone, s.
_PERSISTENCE = 10.0
_BY_OPERATOR = "stopped by the operator"
_LEASE_LOST = "the lease was lost"


class _Connection:
    """One client: what it sent and we have not read, what we said and it has not taken."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.lines, self._unsent = sock, Lines(), b""
        self.gone = ""

    def read(self) -> None:
        """Take what has arrived; never waits, and looks behind it whether the other end is still there."""
        with suppress(BlockingIOError, InterruptedError):
            for _ in range(_READS):
                try:
                    received = self.sock.recv(LONGEST_LINE)
                except (BlockingIOError, InterruptedError):
                    raise
                except OSError as error:
                    self.gone = said(error)
                    return
                self.lines.feed(received)
                if not received:
                    self.gone = "it was closed"
                    return
        if len(self.lines) > _READS * LONGEST_LINE:
            self.gone = "it asks faster than it can be answered"

    def say(self, message: Mapping[str, Any]) -> None:
        """Say something; who does not listen is left, and never waited for."""
        self._unsent += encode(message)
        self.push()
        if len(self._unsent) > LONGEST_LINE:
            self.gone = "it does not read"

    def push(self) -> None:
        """Send what can be sent."""
        try:
            while self._unsent and not self.gone:
                self._unsent = self._unsent[self.sock.send(self._unsent) :]
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.gone = said(error)


class GuardServer:
    """Serves one supervisor from one thread, which never waits for a client.

    Parameters
    ----------
    secret : what the one client that may energise says first
    now : the supervisor's clock
    lost : asked now and then, from a thread of its own, whether the bench is still ours; empty if it is
    arrival : for so long a client is waited for, s
    """

    def __init__(
        self,
        supervisor: Supervisor,
        *,
        secret: str,
        now: Callable[[], float],
        lost: Callable[[], str] | None = None,
        arrival: float = 30.0,
    ) -> None:
        if not secret:
            raise Refused("a guard without a secret would obey anybody")
        self._supervisor, self._secret, self._now, self._lost, self._arrival = supervisor, secret, now, lost, arrival
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0)
        self.address: tuple[str, int] = self._listener.getsockname()
        self._selector = selectors.DefaultSelector()
        self._connections: dict[socket.socket, _Connection] = {}
        self._client: _Connection | None = None
        self._arrived = self._over = False
        self._served = threading.Event()
        self._demand: tuple[str, Kind] | None = None
        self._told: Trip | None = None

    def stop(self, reason: str, kind: Kind = Kind.GUARD) -> None:
        """Have the contact opened and the serving ended, and the bench latched if a token is out.

        May be called from any thread, and from a signal's handler.
        """
        self._demand = self._demand or (reason or "stopped", kind)  # no lock: a signal's handler may wait for none

    def serve(self) -> None:
        """Serve until the client has gone, none has come, or :meth:`stop`; the contact is open afterwards, or tripped.

        What goes wrong in here trips as well, and is raised afterwards.
        """
        watching = threading.Thread(target=self._watch_lease, name="lease", daemon=True)
        watching.start()
        try:
            self._selector.register(self._listener, selectors.EVENT_READ)
            self._serve_client()
        except BaseException as error:
            self._supervisor.trip(f"the guard failed: {said(error)}")
            raise
        finally:
            self._served.set()
            self._supervisor.end()
            self._tell_trip()
            self._persist()
            self.close()
            watching.join(2 * _ASK_LEASE)

    def close(self) -> None:
        """Leave no port and no connection; may be called twice."""
        for connection in list(self._connections.values()):
            self._leave(connection)
        self._listener.close()
        self._selector.close()

    def _serve_client(self) -> None:
        begun = self._now()
        while not self._over:
            self._turn()
            if self._demand is not None:
                self._give_up(*self._demand)
                self._over = True
            if not self._arrived and self._now() - begun > self._arrival:
                self._over = True

    def _give_up(self, reason: str, kind: Kind) -> None:
        if self._supervisor.status().energised:
            self._supervisor.trip(reason, kind)
        elif self._client is not None:
            self._client.say({"tripped": reason, "kind": kind})

    def _turn(self) -> None:
        """Read once from everybody, do at most one thing that each asked for, and look after the contact."""
        waiting = any(connection.lines for connection in self._connections.values())
        for key, _ in self._selector.select(0 if waiting else _TICK):
            if key.fileobj is self._listener:
                self._accept()
            elif (connection := self._connections.get(key.data)) is not None:
                connection.read()
        self._supervisor.tick()
        for connection in list(self._connections.values()):
            connection.push()
            # What a client asked for that has gone since is not done any more: least of all a permit.
            if not (connection.gone and connection is self._client):
                self._answer(connection)
            if connection.gone:
                self._part(connection)
        self._tell_trip()

    def _accept(self) -> None:
        with suppress(OSError):
            connection = _Connection(self._listener.accept()[0])
            visitors = [known for known in self._connections.values() if known is not self._client]
            if len(visitors) >= _VISITORS:
                self._leave(visitors[0])
            self._connections[connection.sock] = connection
            self._selector.register(connection.sock, selectors.EVENT_READ, connection.sock)

    def _answer(self, connection: _Connection) -> None:
        try:
            message = connection.lines.take()
        except Garbled as error:
            connection.gone = str(error)
            return
        if message is None:
            return
        try:
            reply = self._do(connection, message)
        except RigError as error:
            reply = failure(error)
        self._tell_trip()
        connection.say({"re": message.get("id"), **reply})

    def _do(self, connection: _Connection, message: Mapping[str, Any]) -> dict[str, Any]:
        supervisor = self._supervisor
        match message.get("do"):
            case "status":
                return {"status": show_status(supervisor.status())}
            case "stop":
                return {"trip": asdict(supervisor.trip(*self._why(connection, message)))}
            case "begin":
                return self._begin(connection, message)
            case _:
                return self._do_for_client(connection, message)

    def _do_for_client(self, connection: _Connection, message: Mapping[str, Any]) -> dict[str, Any]:
        supervisor = self._supervisor
        if connection is not self._client:
            raise Refused("only the client that knows the secret may ask for that")
        match message.get("do"):
            case "beat":
                supervisor.heartbeat()
                return {"alive": True}
            case "permit":
                return self._permit(message)
            case "release":
                supervisor.release(str(message.get("token")))
            case "end":
                supervisor.end()
                self._over = True
            case other:
                raise Refused(f"the guard knows no {other!r}")
        return {"safe": supervisor.safe}

    def _why(self, connection: _Connection, message: Mapping[str, Any]) -> tuple[str, Kind]:
        """Return why somebody wants the bench safe: the client knows what happened, anybody else is a person."""
        reason = str(message.get("reason") or "")
        if connection is self._client:
            return reason or "the client asked for it", Kind.GUARD
        return f"{_BY_OPERATOR}: {reason}" if reason else _BY_OPERATOR, Kind.OPERATOR

    def _begin(self, connection: _Connection, message: Mapping[str, Any]) -> dict[str, Any]:
        if not hmac.compare_digest(_octets(message.get("secret")), _octets(self._secret)):
            raise Refused("that is not the secret")
        if self._arrived:
            raise Refused("this guard has a client already")
        self._arrived, self._client = True, connection
        self._supervisor.begin(str(message.get("owner")))
        return {"patience": self._supervisor.patience}

    def _permit(self, message: Mapping[str, Any]) -> dict[str, Any]:
        intent, seconds = read_intent(message.get("intent")), read_seconds(message.get("seconds"))
        token = self._supervisor.permit(intent, seconds)
        return {"token": token.id}

    def _part(self, connection: _Connection) -> None:
        """Part from somebody who has gone; from the client only after making safe, if it left a token."""
        if connection is self._client:
            if self._supervisor.status().energised:
                self._supervisor.trip(f"the connection to the client was lost: {connection.gone}")
            self._over = True
        self._leave(connection)

    def _leave(self, connection: _Connection) -> None:
        self._connections.pop(connection.sock, None)
        if connection is self._client:
            self._client = None
        with suppress(KeyError, ValueError):
            self._selector.unregister(connection.sock)
        connection.sock.close()

    def _tell_trip(self) -> None:
        """Tell the client of every trip as soon as it has happened."""
        trip = self._supervisor.last_trip
        if self._client is not None and trip is not None and trip is not self._told:
            self._told = trip
            first = {"tripped": self._supervisor.tripped, "kind": self._supervisor.kind}
            self._client.say({**first, "trip": asdict(trip)})

    def _persist(self) -> None:
        """Go on telling a contact that did not open, for a while, before nobody is left to do it."""
        begun, waiting = self._now(), threading.Event()
        while not self._supervisor.safe and self._now() - begun < _PERSISTENCE:
            waiting.wait(_TICK)
            self._supervisor.tick()

    def _watch_lease(self) -> None:
        """Ask for the lease, from a thread of its own: a disk may take its time, the contact may not."""
        while self._lost is not None and not self._served.wait(_ASK_LEASE):
            try:
                reason = self._lost()
            except Exception as error:  # noqa: BLE001 - a lease that cannot be asked for is none
                reason = said(error)
            if reason:
                self.stop(f"{_LEASE_LOST}: {reason}", Kind.LEASE)


def _octets(secret: object) -> bytes:
    return str(secret).encode(errors="backslashreplace")
