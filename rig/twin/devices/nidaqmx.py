"""The virtual DAQ card: NI's gRPC DAQmx service on a loopback port, so that the vendor's own package drives it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING

import grpc

from rig.twin.devices import nidaqmx_attributes as attributes
from rig.twin.devices.driven_stimulator import DrivenStimulator
from rig.twin.devices.nidaqmx_card import CALIBRATED, Card
from rig.twin.devices.nidaqmx_reading import Reader
from rig.twin.devices.nidaqmx_service import Service
from rig.twin.devices.nidaqmx_tasks import Lines
from rig.twin.devices.nidaqmx_watchdog import Watchdog
from rig.twin.devices.nidaqmx_wire import CONNECTION_LOST, refusal, rpc_handler
from rig.twin.devices.series_contact import SeriesContact
from rig.twin.faults import FaultPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.twin.config import InstrumentConfig
    from rig.twin.devices.nidaqmx_wire import Answer, Reply
    from rig.twin.world import World

__all__ = ["NiDaqmx"]

_THREADS = 8
_PRODUCT, _SERIAL = "USB-6366", 0x01D5F3A7
# Of a card that is gone: what ends a task that was running, and what works all the same, in the driver alone.
_READING = frozenset({"ReadBinaryI16", "ReadAnalogF64"})
_RUNNING = frozenset({"ReadBinaryI16", "ReadAnalogF64", "WaitUntilTaskDone", "IsTaskDone", "StopTask"})
_OF_THE_DRIVER = frozenset({"ClearTask", "CreateTask", "GetErrorString", *attributes.SYSTEM})
_UNLIMITED = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


class NiDaqmx:
    """A USB-6366-like card: 8 differential inputs sampled at once at up to 2 MS/s, 16 bits, and 8 digital lines.

    It has 2 analogue outputs and 4 counters too. ``inputs`` of its configuration wires ``ai0`` … ``ai7``, and ``PFI0``
    … ``PFI15`` for triggers, to nodes; ``drives`` wires a stimulator without an interface of its own to the outputs.
    """

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self._config = config
        self._faults = FaultPlan(config.faults)
        self._reader = Reader(name=name, config=config, world=world, seed=seed, faults=self._faults)
        card = _card(config, wrong=self._faults.strikes("wrong_identity"))
        self._contact = None if config.contact is None else SeriesContact(world, self._faults)
        self._contact_line = f"{card.device}/{config.contact}"
        self._lines = Lines(states=dict.fromkeys(card.line_names(), False), told=self._tell)
        self._watchdog = Watchdog(self._lines, self._reader.lock, world.pace)
        self._service = Service(
            card,
            lines=self._lines,
            watchdog=self._watchdog,
            driven=None if config.drives is None else DrivenStimulator(world, config.drives),
            now=lambda: world.now,
            clock_error=self._reader.clock_error,
        )
        self._ended = threading.Event()
        self._server: grpc.Server | None = None
        self._threads: ThreadPoolExecutor | None = None

    @property
    def lines(self) -> dict[str, bool]:
        """The states of the digital lines, by full name."""
        return dict(self._lines.states)

    def start(self) -> tuple[str, ...]:
        """Serve; return ``grpc://127.0.0.1:PORT``."""
        answers = {name: self._one_at_a_time(answer) for name, answer in self._service.answers().items()}
        answers |= self._reader.answers(self._service)
        threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="nidaqmx")
        server = grpc.server(threads, options=_UNLIMITED)
        server.add_generic_rpc_handlers((rpc_handler({n: self._unless_broken(n, a) for n, a in answers.items()}),))
        port = server.add_insecure_port(f"127.0.0.1:{self._config.port}")
        server.start()
        self._server, self._threads = server, threads
        return (f"grpc://127.0.0.1:{port}",)

    def stop(self) -> None:
        """End every call and thread; may be called twice."""
        self._ended.set()
        if self._server is not None:
            self._server.stop(grace=None).wait()
            self._server = None
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None
        self._watchdog.close()

    def _one_at_a_time(self, answer: Answer) -> Answer:
        def answered(request: object) -> Reply:
            with self._reader.lock:
                return answer(request)

        return answered

    def _unless_broken(self, name: str, answer: Answer) -> Answer:
        def answered(request: object) -> Reply:
            if self._faults.strikes("mute"):
                self._ended.wait()
                return CONNECTION_LOST
            if self._faults.strikes("dropped_connection"):
                return CONNECTION_LOST
            self._pull(name)
            if self._faults.begun("unplugged") and name not in _OF_THE_DRIVER:
                return refusal(-88709 if name in _RUNNING else -201003)
            return answer(request)

        return answered

    def _pull(self, name: str) -> None:
        """Take the card away if it is time to, while it is read; without power its outputs are at rest."""
        if name in _READING and not self._faults.begun("unplugged") and self._faults.strikes("unplugged"):
            self._faults.begin("unplugged")
            with self._reader.lock:
                self._service.lose_power()

    def _tell(self, states: Mapping[str, bool]) -> None:
        if self._contact is not None:
            self._contact.set(closed=states.get(self._contact_line, False))


def _card(config: InstrumentConfig, *, wrong: bool) -> Card:
    """The card with the product name and serial number (hexadecimal, as on its label) of its configuration.

    Its option ``calibrated`` is the day that its own memory says it was calibrated, ``2026-03-02``.
    """
    identity = config.identity
    product = _PRODUCT if identity is None else identity.model
    serial = _SERIAL if identity is None else int(identity.serial, 16)
    day = config.options.get("calibrated")
    return Card(
        device=config.device or "Dev1",
        product=product,
        serial=serial ^ 1 if wrong else serial,
        calibrated=CALIBRATED if day is None else date.fromisoformat(str(day)),
    )
