"""The virtual bench as a whole: one world, and every configured instrument listening on loopback."""

from __future__ import annotations

import pkgutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.errors import BenchError
from rig.twin.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rig.twin.config import InstrumentConfig, TwinConfig
    from rig.twin.instrument import VirtualInstrument

__all__ = ["Listening", "VirtualBench", "serve"]


# Loaded only when configured: some bring libraries that are slow to load.
_PROTOCOLS: Mapping[str, str] = {
    "infiniivision": "rig.twin.devices.infiniivision:Infiniivision",
    "nidaqmx-grpc": "rig.twin.devices.nidaqmx:NiDaqmx",
    "34970a": "rig.twin.devices.switch_34970a:Switch34970A",
    "sciencemode4": "rig.twin.devices.sciencemode:ScienceMode",
    "virtual-clock": "rig.twin.devices.virtual_clock:VirtualClock",
    "velleman-k8090": "rig.twin.devices.velleman_k8090:VellemanK8090",
    "usb-rly16": "rig.twin.devices.usb_rly16:UsbRly16",
    "keysight-34461a": "rig.twin.devices.keysight_34461a:Keysight34461A",
    "lcus": "rig.twin.devices.lcus:Lcus",
    "numato": "rig.twin.devices.numato:Numato",
    "keysight-e36300": "rig.twin.devices.keysight_e36300:KeysightE36300",
    "rigol-dp800": "rig.twin.devices.rigol_dp800:RigolDp800",
    "sciencemode2": "rig.twin.devices.sciencemode2:ScienceMode2",
    "pulsepal2": "rig.twin.devices.pulsepal2:PulsePal2",
    "motionstim8": "rig.twin.devices.motionstim8:MotionStim8",
    "text-device": "rig.twin.devices.text_device:TextDevice",
    "front-panel": "rig.twin.devices.front_panel:FrontPanel",
    "tektronix-mso": "rig.twin.devices.tektronix_mso:TektronixMso",
    "tektronix-dpo": "rig.twin.devices.tektronix_dpo:TektronixDpo",
    "rigol-ds1000z": "rig.twin.devices.rigol_scope:RigolDs1000z",
    "rigol-dho": "rig.twin.devices.rigol_scope:RigolDho",
    "siglent-sds1000xe": "rig.twin.devices.siglent_sds1000xe:SiglentSds1000xe",
    "siglent-sdshd": "rig.twin.devices.siglent_sdshd:SiglentSdsHd",
    "rohde-schwarz-rtb": "rig.twin.devices.rohde_schwarz_rtb:RohdeSchwarzRtb",
    "rohde-schwarz-rto": "rig.twin.devices.rohde_schwarz_rto:RohdeSchwarzRto",
    "rohde-schwarz-hmp": "rig.twin.devices.rohde_schwarz_hmp:RohdeSchwarzHmp",
    "siglent-spd": "rig.twin.devices.siglent_spd:SiglentSpd",
    "keysight-ac6800": "rig.twin.devices.keysight_ac6800:KeysightAc6800",
    "chroma-61600": "rig.twin.devices.chroma_61600:Chroma61600",
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
    maker = _PROTOCOLS.get(section.protocol)
    if maker is None:
        msg = f"virtual instrument {name}: unknown protocol {section.protocol!r}; known: {', '.join(_PROTOCOLS)}"
        raise BenchError(msg)
    instrument: VirtualInstrument = pkgutil.resolve_name(maker)(name=name, config=section, world=world, seed=seed)
    return instrument
