"""Recorded remote calls played back: a gRPC server that gives to each call the answer it had."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc

from rig.model.dialogue import Exchange, Said
from rig.twin.streams import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CallReplay"]

_STATUS = ("code", "details")


class CallReplay(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc has no types
    """Answers calls in the order in which they were recorded; ``address`` is where it listens."""

    def __init__(self, name: str, exchanges: Sequence[Exchange]) -> None:
        self._name, self._wrong, self._at = name, "", 0
        relevant = [one for one in exchanges if one.said in {Said.CALL, Said.IN, Said.REFUSED}]
        self._steps = tuple(zip(relevant[::2], relevant[1::2], strict=False))
        self._lock = threading.Lock()
        # One worker: the order of calls is what is compared.
        self._server = grpc.server(ThreadPoolExecutor(1), (self,), options=[("grpc.max_send_message_length", -1)])
        self.address = f"grpc://{LOOPBACK}:{self._server.add_insecure_port(f'{LOOPBACK}:0')}"
        self._server.start()

    def service(self, details: Any) -> Any:  # noqa: ANN401 - grpc has no types
        """Return what answers one call, whatever its name."""
        method = details.method
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self._answer(method, request, context))

    def complaint(self) -> str:
        """Say what was called that had not been called before, or what was left over."""
        left = self._steps[self._at :]
        if self._wrong or not left:
            return self._wrong
        return f"{len(left)} of {len(self._steps)} calls were not made, first {left[0][0].name}"

    def stop(self) -> None:
        """End every connection."""
        self._server.stop(None).wait()

    def _answer(self, method: str, request: bytes, context: Any) -> bytes:  # noqa: ANN401 - grpc has no types
        with self._lock:
            step = None if self._wrong or self._at >= len(self._steps) else self._steps[self._at]
            if step is None or (step[0].name, step[0].data) != (method, request):
                meant = "nothing more" if step is None else step[0].name
                self._wrong = self._wrong or f"{method} was called where {meant} had been, or with other arguments"
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, self._wrong)
                return b""
            self._at += 1
        answer = step[1]
        if answer.said is Said.REFUSED:
            told = dict(answer.details)
            context.set_trailing_metadata([pair for pair in answer.details if pair[0] not in _STATUS])
            context.abort(grpc.StatusCode[told["code"]], told["details"])
        return answer.data
