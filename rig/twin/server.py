"""The virtual bench as a whole: one world, and every configured instrument listening on loopback."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.errors import BenchError
from rig.twin.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rig.twin.config import InstrumentConfig, TwinConfig
    from rig.twin.instrument import VirtualInstrument

    Maker = Callable[..., VirtualInstrument]

__all__ = ["Listening", "VirtualBench", "serve"]


def _infiniivision() -> Maker:
    from rig.twin.devices.infiniivision import Infiniivision  # noqa: PLC0415 - loaded only when configured

    return Infiniivision


def _nidaqmx() -> Maker:
    from rig.twin.devices.nidaqmx import NiDaqmx  # noqa: PLC0415 - brings gRPC, which is slow to load

    return NiDaqmx


def _switch_34970a() -> Maker:
    from rig.twin.devices.switch_34970a import Switch34970A  # noqa: PLC0415 - loaded only when configured

    return Switch34970A


def _sciencemode() -> Maker:
    from rig.twin.devices.sciencemode import ScienceMode  # noqa: PLC0415 - loaded only when configured

    return ScienceMode


def _virtual_clock() -> Maker:
    from rig.twin.devices.virtual_clock import VirtualClock  # noqa: PLC0415 - loaded only when configured

    return VirtualClock


def _velleman_k8090() -> Maker:
    from rig.twin.devices.velleman_k8090 import VellemanK8090  # noqa: PLC0415 - loaded only when configured

    return VellemanK8090


def _usb_rly16() -> Maker:
    from rig.twin.devices.usb_rly16 import UsbRly16  # noqa: PLC0415 - loaded only when configured

    return UsbRly16


def _keysight_e36300() -> Maker:
    from rig.twin.devices.keysight_e36300 import KeysightE36300  # noqa: PLC0415 - loaded only when configured

    return KeysightE36300


def _rigol_dp800() -> Maker:
    from rig.twin.devices.rigol_dp800 import RigolDp800  # noqa: PLC0415 - loaded only when configured

    return RigolDp800


_PROTOCOLS: Mapping[str, Callable[[], Maker]] = {
    "infiniivision": _infiniivision,
    "nidaqmx-grpc": _nidaqmx,
    "34970a": _switch_34970a,
    "sciencemode4": _sciencemode,
    "virtual-clock": _virtual_clock,
    "velleman-k8090": _velleman_k8090,
    "usb-rly16": _usb_rly16,
    "keysight-e36300": _keysight_e36300,
    "rigol-dp800": _rigol_dp800,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """One line of what the bench offers."""

    name: str
    protocol: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} {self.protocol} {self.address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualBench:
    """A running virtual bench."""

    world: World
    instruments: Mapping[str, VirtualInstrument]
    listening: tuple[Listening, ...]


@contextmanager
def serve(config: TwinConfig) -> Iterator[VirtualBench]:
    """Run the virtual bench; on leaving, every port, terminal and thread is gone.

    Raises
    ------
    BenchError : unknown protocol, or a port cannot be had
    """
    with ExitStack() as stack:
        world = World(config)
        instruments: dict[str, VirtualInstrument] = {}
        listening: list[Listening] = []
        for name, section in config.instruments.items():
            instrument = _made(name, section, world, config.seed)
            stack.callback(instrument.stop)
            try:
                addresses = instrument.start()
            except OSError as error:
                msg = f"virtual instrument {name}: cannot listen on port {section.port}: {error.strerror or error}"
                raise BenchError(msg) from error
            instruments[name] = instrument
            listening += [Listening(name=name, protocol=section.protocol, address=address) for address in addresses]
        # Entered last, so that it goes first: whoever waits for the world's time is let go before ports close.
        stack.callback(world.close)
        yield VirtualBench(world=world, instruments=instruments, listening=tuple(listening))


def _made(name: str, section: InstrumentConfig, world: World, seed: int) -> VirtualInstrument:
    load = _PROTOCOLS.get(section.protocol)
    if load is None:
        msg = f"virtual instrument {name}: unknown protocol {section.protocol!r}; known: {', '.join(_PROTOCOLS)}"
        raise BenchError(msg)
    return load()(name=name, config=section, world=world, seed=seed)
