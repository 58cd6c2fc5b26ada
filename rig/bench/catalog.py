"""Every driver that a bench file may name: its role, what it needs there, and where it is made.

A driver is loaded when it is opened, so that no bench waits for the libraries of instruments it does not have.
Packages of others add theirs under the entry point group ``nmes_rig.drivers``, each a :class:`Driver`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Literal

from rig.bench.ratings import RATING_OPTIONS
from rig.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.bench.bench_file import Role

__all__ = ["GROUP", "Driver", "driver_names", "driver_of", "drivers_for"]

GROUP = "nmes_rig.drivers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """What a bench file may say of one kind of instrument.

    Attributes
    ----------
    name : as the bench file says
    role : what such an instrument is for
    factory : ``package.module:function``; it takes a :class:`rig.bench.opening.Opening` and returns the instrument
    needs, may : the keys of an instrument's entry that it must have, and those it may have
    channels : the least and the greatest number that ``channel`` may be
    options : what ``options`` may hold, with the type of each; for what differs between instruments of one family
    must : the options without which nothing can be set
    recognises : pattern of ``manufacturer,model`` as the instrument says, or of ``usb:VVVV:PPPP`` of its serial port;
        empty where nothing tells it
    feeds : of a supply: direct current, or as an AC source does in place of the mains
    longest_serial : how many characters of a serial number the protocol can report; None where that is not bounded
    dialogue : whether a file beside the device's describes how it is spoken to
    """

    name: str
    role: Role
    factory: str
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    channels: tuple[int, int] = (1, 8)
    options: Mapping[str, type] = field(default_factory=dict)
    must: tuple[str, ...] = ()
    recognises: str = ""
    feeds: Literal["dc", "ac"] = "dc"
    longest_serial: int | None = None
    dialogue: bool = False


_OURS = (
    Driver(
        name="keysight-infiniivision",
        role="oscilloscope",
        factory="rig.bench.drivers.keysight_infiniivision:opened",
        options={"samples": str},
        recognises=r"(KEYSIGHT|AGILENT) TECHNOLOGIES,((DSO|MSO)-?X|EDUX)",
    ),
    Driver(
        name="tektronix-mso",
        role="oscilloscope",
        factory="rig.bench.drivers.tektronix_mso:opened",
        recognises=r"TEKTRONIX,(MSO|LPD)[4-6]\d[B ]?",
        options={"picture": str},
    ),
    Driver(
        name="tektronix-dpo",
        role="oscilloscope",
        factory="rig.bench.drivers.tektronix_dpo:opened",
        recognises=r"TEKTRONIX,((MSO|DPO)[234]\d{3}|TBS|TDS|MDO)",
        options={"hardcopy": str},
    ),
    Driver(
        name="rigol-ds1000z",
        role="oscilloscope",
        factory="rig.bench.drivers.rigol_ds1000z:opened",
        recognises=r"RIGOL TECHNOLOGIES,(DS|MSO)1\d{3}Z",
        options={"most_bytes": int},
    ),
    Driver(
        name="rigol-dho",
        role="oscilloscope",
        factory="rig.bench.drivers.rigol_dho:opened",
        recognises=r"RIGOL TECHNOLOGIES,DHO",
        options={"most_bytes": int},
    ),
    Driver(
        name="siglent-sds1000xe",
        role="oscilloscope",
        factory="rig.bench.drivers.siglent_sds1000xe:opened",
        recognises=r"SIGLENT TECHNOLOGIES,SDS(1\d{3}(X\+?|X-C|X-E|CM.*|DL.*|CN.*|CF.*)|2\d{3}X)$",
        options={"most_samples": int, "level_at_input": bool},
    ),
    Driver(
        name="siglent-sdshd",
        role="oscilloscope",
        factory="rig.bench.drivers.siglent_sdshd:opened",
        recognises=r"SIGLENT TECHNOLOGIES,SDS(\d{3,4}X ?(HD|PLUS)|5\d{3}X|6\d{3}|7\d{3})",
        options={"most_samples": int, "enhanced_bits": float, "codes_per_division": float, "screenshot": str},
    ),
    Driver(
        name="rohde-schwarz-rtb",
        role="oscilloscope",
        factory="rig.bench.drivers.rohde_schwarz_rtb:opened",
        recognises="ROHDE ?& ?SCHWARZ,RT[ABM]",
        options={"time_divisions": int, "screenshot": str, "most_points": int},
    ),
    Driver(
        name="rohde-schwarz-rto",
        role="oscilloscope",
        factory="rig.bench.drivers.rohde_schwarz_rto:opened",
        recognises="ROHDE ?& ?SCHWARZ,(RT[OP]|MXO)",
        options={"most_samples": int, "divisions": int, "levels": int, "screenshot": str},
    ),
    Driver(
        name="ni-daqmx",
        role="digitizer",
        factory="rig.bench.drivers.ni_daqmx:opened",
        recognises="National Instruments,",
        needs=("device",),
        options={"terminal": str, "tdms_folder": str},
    ),
    Driver(
        name="keysight-34970a",
        role="load-switch",
        factory="rig.bench.drivers.keysight_34970a:opened",
        recognises=r"(HEWLETT-PACKARD|AGILENT TECHNOLOGIES|KEYSIGHT TECHNOLOGIES),(3497[02]A|DAQ97[03]A)",
    ),
    Driver(
        name="devantech-usb-rly16-loads",
        role="load-switch",
        factory="rig.bench.drivers.devantech_usb_rly16:opened_loads",
        recognises=r"usb:04D8:FFEE",
    ),
    Driver(
        name="velleman-k8090-loads",
        role="load-switch",
        factory="rig.bench.drivers.velleman_k8090:opened_loads",
        recognises=r"usb:10CF:8090",
    ),
    Driver(
        name="keysight-34980a",
        role="load-switch",
        factory="rig.bench.drivers.keysight_34970a:opened_34980a",
        recognises="(AGILENT|KEYSIGHT) TECHNOLOGIES,34980A",
    ),
    Driver(
        name="lcus",
        role="load-switch",
        factory="rig.bench.drivers.lcus:opened",
        options={"relays": int},
    ),
    Driver(
        name="numato",
        role="load-switch",
        factory="rig.bench.drivers.numato:opened",
        recognises=r"usb:2A19:",
        options={"relays": int},
    ),
    Driver(
        name="hasomed-sciencemode4",
        role="stimulator",
        factory="rig.bench.stimulators.sciencemode4:opened",
        recognises="usb:0483:5740",
        longest_serial=10,
    ),
    Driver(
        name="hasomed-sciencemode4-low",
        role="stimulator",
        factory="rig.bench.stimulators.sciencemode4_low:opened",
        options={"greatest_rate": float},
        longest_serial=10,
    ),
    Driver(
        name="hasomed-sciencemode2",
        role="stimulator",
        factory="rig.bench.stimulators.sciencemode2:opened",
        options={"current_step": float, "greatest_current": float, "interphase": float, "execution": int},
    ),
    Driver(
        name="sanworks-pulsepal2",
        role="stimulator",
        factory="rig.bench.stimulators.sanworks_pulsepal2:opened",
        options={"current_per_volt": float, "shortest": float},
        must=("current_per_volt",),
    ),
    Driver(
        name="text-protocol",
        role="stimulator",
        factory="rig.bench.stimulators.text_protocol:opened",
        dialogue=True,
    ),
    Driver(
        name="deadman-relay",
        role="interlock",
        factory="rig.bench.drivers.deadman_relay:opened",
        needs=("channel", "hold_time"),
    ),
    Driver(
        name="devantech-usb-rly16",
        role="interlock",
        factory="rig.bench.drivers.devantech_usb_rly16:opened",
        recognises=r"usb:04D8:FFEE",
        needs=("channel",),
    ),
    Driver(
        name="ni-digital-line",
        role="interlock",
        factory="rig.bench.drivers.ni_digital_line:opened",
        needs=("device", "line"),
        may=("hold_time",),
    ),
    Driver(
        name="scpi-switch",
        role="interlock",
        factory="rig.bench.drivers.scpi_switch:opened",
        needs=("channel",),
        channels=(101, 340),
    ),
    Driver(
        name="velleman-k8090",
        role="interlock",
        factory="rig.bench.drivers.velleman_k8090:opened",
        recognises=r"usb:10CF:8090",
        needs=("channel",),
    ),
    Driver(
        name="keysight-e36300",
        role="supply",
        factory="rig.bench.drivers.keysight_e36300:opened",
        recognises="KEYSIGHT TECHNOLOGIES,E3631[1-3]A",
        needs=("output",),
        options=RATING_OPTIONS,
    ),
    Driver(
        name="rigol-dp800",
        role="supply",
        factory="rig.bench.drivers.rigol_dp800:opened",
        recognises="RIGOL TECHNOLOGIES,DP8",
        needs=("output",),
        options=RATING_OPTIONS,
    ),
    Driver(
        name="rohde-schwarz-hmp",
        role="supply",
        factory="rig.bench.drivers.rohde_schwarz_hmp:opened",
        recognises="ROHDE ?& ?SCHWARZ,HM[PC]",
        needs=("output",),
        options={**RATING_OPTIONS, "protection_switch": bool},
    ),
    Driver(
        name="siglent-spd",
        role="supply",
        factory="rig.bench.drivers.siglent_spd:opened",
        recognises="SIGLENT TECHNOLOGIES,SPD",
        needs=("output",),
        options={**RATING_OPTIONS, "pause": float, "on_bit": int, "protection": bool},
    ),
    Driver(
        name="keysight-34461a",
        role="multimeter",
        factory="rig.bench.drivers.keysight_34461a:opened",
        options={"across": str, "mains": float},
    ),
    Driver(
        name="keysight-34970a-meter",
        role="multimeter",
        factory="rig.bench.drivers.keysight_34970a_meter:opened",
        needs=("channel",),
        channels=(101, 340),
        options={"across": str, "mains": float},
    ),
    Driver(
        name="keysight-ac6800",
        role="supply",
        factory="rig.bench.drivers.keysight_ac6800:opened",
        recognises="KEYSIGHT TECHNOLOGIES,AC68",
        options={
            **RATING_OPTIONS,
            "low_range": float,
            "high_range": float,
            "range_command": str,
            "current_command": str,
            "trip_bits": int,
        },
        feeds="ac",
    ),
    Driver(
        name="chroma-61600",
        role="supply",
        factory="rig.bench.drivers.chroma_61600:opened",
        recognises=r"CHROMA( ATE)?( INC\.?)?[ ,]+61[56]0",
        options={**RATING_OPTIONS, "voltage_command": str, "trip_bits": int, "remote": bool},
        feeds="ac",
    ),
    Driver(
        name="hasomed-motionstim8",
        role="stimulator",
        factory="rig.bench.stimulators.motionstim8:opened",
        options={
            "greatest_current": float,
            "shortest": float,
            "longest": float,
            "interphase": float,
            "least_period": float,
            "stop_bits": int,
        },
    ),
    Driver(
        name="analog-ttl",
        role="stimulator",
        factory="rig.bench.stimulators.analog_ttl:opened",
        needs=("device",),
        options={
            "current_per_volt": float,
            "greatest_demand": float,
            "demand": str,
            "trigger": str,
            "phase_duration": float,
            "interphase": float,
            "biphasic": bool,
        },
        must=("current_per_volt",),
    ),
    Driver(
        name="front-panel",
        role="stimulator",
        factory="rig.bench.stimulators.front_panel:opened",
        options={"patience": float, "stop_patience": float},
    ),
)
_BY_NAME = {driver.name: driver for driver in _OURS}


def driver_of(name: str) -> Driver | None:
    """Return the driver of that name, the rig's own or another package's; None where there is none.

    Raises
    ------
    Refused
        if a package offers it and cannot be loaded, or gives something else than a driver of that name
    """
    ours = _BY_NAME.get(name)
    if ours is not None:
        return ours
    for point in entry_points(group=GROUP, name=name):
        try:
            driver = point.load()
        except Exception as error:
            raise Refused(f"the driver {name!r} of {point.value} cannot be loaded: {error}") from error
        if not isinstance(driver, Driver) or driver.name != name:
            raise Refused(f"{point.value} is not the driver {name!r}")
        return driver
    return None


def drivers_for(who: str) -> tuple[Driver, ...]:
    """Return the drivers that recognise an instrument by what it says of itself, or by its port."""
    known = [driver for name in driver_names() if (driver := driver_of(name)) is not None and driver.recognises]
    return tuple(driver for driver in known if re.match(driver.recognises, who, re.IGNORECASE))


def driver_names() -> tuple[str, ...]:
    """Return the names of all drivers, the rig's own first."""
    return (*_BY_NAME, *sorted(point.name for point in entry_points(group=GROUP) if point.name not in _BY_NAME))
