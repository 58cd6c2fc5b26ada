"""What virtual Rohde & Schwarz oscilloscopes share: channels, completion that can be waited for, formats of samples."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from rig.twin.devices.scope_acquisition import State
from rig.twin.devices.scope_panel import Channel, Knobs, VirtualScope, number_of, stepped
from rig.twin.devices.scope_screen import bmp, png
from rig.twin.scpi_syntax import Command, ScpiError, block

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from rig.twin.config import InstrumentConfig
    from rig.twin.devices.scope_inputs import Samples
    from rig.twin.devices.scope_shot import Record
    from rig.twin.scpi import Handler
    from rig.twin.world import World

__all__ = ["RohdeSchwarzScope", "Settings"]

NARROWEST, WIDEST = 1e-3, 10.0
SHORTEST, LONGEST = 1e-9, 500.0
_COUPLINGS = {"DCL": "DC", "ACL": "AC", "GND": "GND", "DC": "DC", "AC": "AC"}
_SLOPES = {"POS": 1, "NEG": -1, "EITH": 0}
_SHOWN_SLOPES = {1: "POS", -1: "NEG", 0: "EITH"}
_LIMITS = {"FULL": None, "B20": 20e6}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Knobs):
    """The knobs of both dialects: ``points`` a record may have, ``reference`` where time zero is shown."""

    points: int = 10_000
    reference: float = 0.5

    def middle(self, number: int) -> float:
        """What is in the middle of the screen, V."""
        one = self.channels[number]
        return one.offset - one.position * one.scale


class RohdeSchwarzScope(VirtualScope[Settings]):
    """Four channels; ``*OPC?`` after ``SINGle`` is answered when that is complete."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        super().__init__(name=name, config=config, world=world, seed=seed)
        self._format, self._least_first, self._language = "ASC", False, "PNG"
        self._halted: int | None = None

    @override
    def reset(self) -> None:
        super().reset()
        self._format, self._least_first, self._language = "ASC", False, "PNG"
        self._halted = None

    # --- what a dialect says ------------------------------------------------------------------------------------

    @abstractmethod
    def integers(self, samples: Samples, bits: int) -> npt.NDArray[np.int64]:
        """Return samples as integers of so many bits, as the dialect hands them over."""

    @abstractmethod
    def volts(self, record: Record[Settings], number: int, samples: Samples) -> npt.NDArray[np.float64]:
        """Return samples in V."""

    # --- commands -----------------------------------------------------------------------------------------------

    def _both(self) -> Mapping[str, Handler]:
        """The commands of both dialects."""
        root = ":CHANnel<n>"
        return {
            f"{root}:STATe": self._set_channel(lambda c, _: {"display": c.boolean()}),
            f"{root}:STATe?": self._get_channel(lambda one: str(int(one.display))),
            f"{root}:COUPling": self._set_channel(lambda c, _: {"coupling": _coupling(c)}),
            f"{root}:SCALe": self._set_channel(_scale),
            f"{root}:SCALe?": self._get_channel(lambda one: f"{one.scale:.4E}"),
            f"{root}:OFFSet": self._set_channel(lambda c, _: {"offset": c.number()}),
            f"{root}:OFFSet?": self._get_channel(lambda one: f"{one.offset:.4E}"),
            f"{root}:POSition": self._set_channel(lambda c, _: {"position": c.number()}),
            f"{root}:POSition?": self._get_channel(lambda one: f"{one.position:.4E}"),
            f"{root}:BANDwidth": self._set_channel(lambda c, _: {"bandwidth": _limit(c)}),
            f"{root}:BANDwidth?": self._get_channel(lambda one: "FULL" if one.bandwidth is None else "B20"),
            ":PROBe<n>:SETup:ATTenuation:MANual": self._set_probe,
            ":PROBe<n>:SETup:ATTenuation:MANual?": self._get_channel(lambda one: f"{one.probe:.4E}"),
            ":TIMebase:SCALe": self._set(lambda c: {"time_scale": stepped(c.number(), SHORTEST, LONGEST)}),
            ":TIMebase:SCALe?": self._get(lambda s: f"{s.time_scale:.4E}"),
            ":ACQuire:SRATe?": self._get(lambda s: f"{s.shot.sample_rate:.8E}"),
            ":RUN": lambda _: self._acquisition.run(),
            ":SINGle": lambda _: self._single(),
            ":RUNSingle": lambda _: self._single(),
            ":STOP": lambda _: self._halt(),
            "*TRG": lambda _: self._acquisition.force(),
            "*OPC?": lambda _: "1" if self._acquisition.wait() else None,
            ":FORMat[:DATA]": self._set_format,
            ":FORMat[:DATA]?": lambda _: self._format,
            ":FORMat:BORDer": self._set_order,
            ":FORMat:BORDer?": lambda _: "LSBF" if self._least_first else "MSBF",
            ":HCOPy[:DEVice]:LANGuage": self._set_language,
            ":HCOPy:FORMat": self._set_language,
            ":HCOPy:DATA?": lambda _: _block((png if self._language == "PNG" else bmp)(self._screen())),
            ":SYSTem:ERRor[:NEXT]?": lambda _: str(self._errors.popleft()) if self._errors else '0,"No error"',
            ":SYSTem:ERRor:ALL?": lambda _: self._all_errors(),
        }

    @override
    def wait_complete(self) -> None:
        self._acquisition.wait()

    def _all_errors(self) -> str:
        errors = [str(error) for error in self._errors]
        self._errors.clear()
        return ",".join(errors) or '0,"No error"'

    def _trigger_at(self, *roots: str) -> Mapping[str, Handler]:
        """The edge trigger's commands under every header by which a dialect knows it."""
        one = {
            "TYPE": _only("EDGE"),
            "TYPE?": lambda _: "EDGE",
            "SOURce": self._set(lambda c: {"source": _source(c, self.channels)}),
            "SOURce?": self._get(lambda s: f"CH{s.source}"),
            "EDGE:SLOPe": self._set(lambda c: {"slope": _SLOPES[c.choice("POSitive", "NEGative", "EITHer")]}),
            "EDGE:SLOPe?": self._get(lambda s: _SHOWN_SLOPES[s.slope]),
            "EDGE:COUPling": _only("DC"),
            "EDGE:COUPling?": lambda _: "DC",
            "LEVel<n>[:VALue]": self._set_level,
            "LEVel<n>[:VALue]?": self._get(lambda s: f"{s.level:.4E}"),
            "MODE": self._set(lambda c: {"sweep": c.choice("AUTO", "NORMal")}),
            "MODE?": self._get(lambda s: s.sweep),
            "FORCe": lambda _: self._acquisition.force(),
        }
        return {f"{root}:{header}": handler for root in roots for header, handler in one.items()}

    def _set_level(self, command: Command) -> None:
        # Every source keeps a level of its own; only that of the present one matters here.
        if command.suffixes[-1] == self.settings.source:
            self.settings = replace(self.settings, level=command.number())

    def _set_format(self, command: Command) -> None:
        kind = command.choice("ASCii", "REAL", "UINTeger", "INTeger", "UINT", "INT")
        width = f",{int(command.number(1))}" if len(command.arguments) > 1 else ""
        chosen = kind + (width or {"ASC": "", "REAL": ",32"}.get(kind, ",8"))
        if chosen not in {"ASC", "ASC,0", "REAL,32", "UINT,8", "UINT,16", "INT,8", "INT,16"}:
            raise ScpiError(-224, "Illegal parameter value")
        self._format = chosen.removesuffix(",0")

    def _set_order(self, command: Command) -> None:
        self._least_first = command.choice("LSBFirst", "MSBFirst") == "LSBF"

    def _set_language(self, command: Command) -> None:
        self._language = command.choice("PNG", "BMP")

    # --- acquiring ----------------------------------------------------------------------------------------------

    def _halt(self) -> None:
        self._stop()
        record = self._acquisition.record
        self._halted = None if record is None else record.number

    def _is_complete(self) -> bool:
        """Whether it stands still because an acquisition is complete, not because it was told to."""
        record = self._acquisition.record
        return record is not None and record.number != self._halted

    # --- reading out --------------------------------------------------------------------------------------------

    def _stopped(self) -> Record[Settings] | None:
        """Return the record of a memory that may be read now."""
        if self._acquisition.state() is not State.STOPPED:
            raise ScpiError(-221, "Settings conflict")
        return self._record()

    def _values(self, record: Record[Settings], number: int, samples: Samples) -> bytes:
        kind, _, bits = self._format.partition(",")
        order = "<" if self._least_first else ">"
        if kind in {"ASC", "REAL"}:
            volts = self.volts(record, number, samples)
            if kind == "ASC":
                return ",".join(f"{value:.6E}" for value in volts.tolist()).encode()
            return _block(volts.astype(f"{order}f4").tobytes())
        width = int(bits) // 8
        sign = "i" if kind == "INT" else "u"
        return _block(self.integers(samples, int(bits)).astype(f"{order}{sign}{width}").tobytes())

    def _head(self, record: Record[Settings], stride: int = 1) -> str:
        count = record.shot.depth // stride
        interval = stride / record.shot.sample_rate
        begin = -record.shot.before
        return f"{begin:.9E},{begin + (count - 1) * interval:.9E},{count},1"


def _block(data: bytes) -> bytes:
    return block(data, len(str(len(data))))


def _only(word: str) -> Handler:
    def handler(command: Command) -> None:
        command.choice(word)

    return handler


def _coupling(command: Command) -> str:
    return _COUPLINGS[command.choice("DCLimit", "ACLimit", "GND", "DC", "AC")]


def _limit(command: Command) -> float | None:
    return _LIMITS[command.choice("FULL", "B20")]


def _scale(command: Command, channel: Channel) -> dict[str, Any]:
    least, greatest = NARROWEST * channel.probe, WIDEST * channel.probe
    asked = command.number()
    if not least * (1 - 1e-9) <= asked <= greatest * (1 + 1e-9):
        raise ScpiError(-222, "Data out of range")
    return {"scale": asked}


def _source(command: Command, most: int) -> int:
    """Read ``CH1``, ``CHAN1`` or ``C1``: the series do not agree."""
    for prefix in ("CHANnel", "CH", "C"):
        try:
            return number_of(command.argument(), prefix, most)
        except ScpiError:
            continue
    raise ScpiError(-224, "Illegal parameter value")
