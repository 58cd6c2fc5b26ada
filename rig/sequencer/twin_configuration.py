"""What the virtual bench is told: the bench and device files, turned into the physics that they describe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rig.bench.opening import TWIN
from rig.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.bench.bench_file import InstrumentEntry
    from rig.bench.calibration_file import CalibrationFile, ChannelCalibration
    from rig.bench.definition import BenchDefinition, DeviceDefinition
    from rig.bench.device_file import FeedEntry
    from rig.bench.file_parts import IdentityEntry

__all__ = ["twin_configuration"]

_PROTOCOLS = {
    "keysight-infiniivision": "infiniivision",
    "tektronix-mso": "tektronix-mso",
    "tektronix-dpo": "tektronix-dpo",
    "rigol-ds1000z": "rigol-ds1000z",
    "rigol-dho": "rigol-dho",
    "siglent-sds1000xe": "siglent-sds1000xe",
    "siglent-sdshd": "siglent-sdshd",
    "rohde-schwarz-rtb": "rohde-schwarz-rtb",
    "rohde-schwarz-rto": "rohde-schwarz-rto",
    "ni-daqmx": "nidaqmx-grpc",
    "keysight-34970a": "34970a",
    "hasomed-sciencemode4": "sciencemode4",
    "hasomed-sciencemode4-low": "sciencemode4",
    "hasomed-sciencemode2": "sciencemode2",
    "sanworks-pulsepal2": "pulsepal2",
    "text-protocol": "text-device",
    "deadman-relay": "velleman-k8090",
    "devantech-usb-rly16": "usb-rly16",
    "ni-digital-line": "nidaqmx-grpc",
    "scpi-switch": "34970a",
    "velleman-k8090": "velleman-k8090",
    "devantech-usb-rly16-loads": "usb-rly16",
    "velleman-k8090-loads": "velleman-k8090",
    "keysight-34980a": "34970a",
    "lcus": "lcus",
    "numato": "numato",
    "keysight-e36300": "keysight-e36300",
    "rigol-dp800": "rigol-dp800",
    "rohde-schwarz-hmp": "rohde-schwarz-hmp",
    "siglent-spd": "siglent-spd",
    "keysight-34461a": "keysight-34461a",
    "keysight-34970a-meter": "34970a",
    "keysight-ac6800": "keysight-ac6800",
    "chroma-61600": "chroma-61600",
    "hasomed-motionstim8": "motionstim8",
    "analog-ttl": "nidaqmx-grpc",
    "front-panel": "front-panel",
}
_CLOCK = "clock"
_ACROSS = {"sense": "current_sense", "load": "voltage"}
_DEFAULT_FIRMWARE = "1.0"


def twin_configuration(
    definition: BenchDefinition,
    device: DeviceDefinition,
    *,
    real_time: bool = False,
    ports: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Return the configuration of the virtual bench, SI floats throughout.

    True values are drawn by the virtual bench from the very specifications that the rig calculates its uncertainties
    with: calibrations, loads and sense resistor; so the stated uncertainties can be held against known truth.
    """
    ports = dict(ports or {})
    twin, resistor = definition.file.twin, definition.sense_resistor
    if twin is None or resistor is None:
        raise Refused(f"{definition.id} is not a virtual bench with a current signal")
    names = (*definition.instruments, _CLOCK)
    unknown = [name for name in ports if name not in names]
    if unknown:
        raise Refused(f"--ports: no instrument {', '.join(unknown)}; there are {', '.join(names)}")
    instruments = {
        name: _instrument(name, definition, device, ports.get(name, 0))
        for name, entry in definition.instruments.items()
        if _is_simulated(name, entry)
    }
    return {
        "seed": twin.seed,
        "real_time": real_time,
        "device": _device(device),
        "loads": {
            name: {
                "resistance": position.resistance,
                "uncertainty": position.uncertainty,
                "relays": list(position.relays),
                "parallel_capacitance": position.parallel_capacitance,
                "series_resistance": position.series_resistance,
                "capacitance_uncertainty": position.capacitance_uncertainty or 0.0,
                "series_uncertainty": position.series_uncertainty or 0.0,
            }
            for name, position in definition.box.positions.items()
        },
        "sense": {"resistance": resistor.resistance, "uncertainty": resistor.uncertainty},
        "instruments": {**instruments, _CLOCK: {"protocol": "virtual-clock", "port": ports.get(_CLOCK, 0)}},
    }


def _device(device: DeviceDefinition) -> dict[str, Any]:
    file = device.file
    faults = [
        {
            key: value
            for key, value in (("kind", one.kind), ("value", one.si_value()), ("every", one.every))
            if value is not None
        }
        for one in file.faults
    ]
    return {
        "identity": _identity(file.identity),
        "compliance": file.ratings.voltage,
        "rise_time": file.twin.rise_time,
        "interphase_leak": file.twin.interphase_leak,
        "faults": faults,
        **({} if file.supply is None else {"supply": _feed(file.supply)}),
    }


def _feed(entry: FeedEntry) -> dict[str, float]:
    return {"voltage": entry.voltage, "minimum": entry.minimum}


def _identity(entry: IdentityEntry) -> dict[str, str]:
    return {
        "manufacturer": entry.manufacturer,
        "model": entry.model,
        "serial": entry.serial,
        "firmware": entry.firmware or _DEFAULT_FIRMWARE,
    }


def _is_simulated(name: str, entry: InstrumentEntry) -> bool:
    """Whether there is a virtual one; what is not reached there need not be known."""
    if entry.driver in _PROTOCOLS:
        return True
    if entry.address == TWIN:
        raise Refused(f"{name}: the virtual bench cannot play a {entry.driver}; give it an address of its own")
    return False


def _instrument(name: str, definition: BenchDefinition, device: DeviceDefinition, port: int) -> dict[str, Any]:
    entry = definition.instruments[name]
    twin = definition.file.twin
    identity = device.file.identity if entry.role == "stimulator" else entry.identity
    faults = [
        {"kind": fault.kind, "after": fault.after or 0, "times": fault.times}
        for fault in (twin.faults if twin else ())
        if fault.instrument == name
    ]
    return {
        "protocol": _PROTOCOLS[entry.driver],
        "port": port,
        "identity": None if identity is None else _identity(identity),
        "device": entry.device,
        "options": dict(entry.options),
        "pty": entry.role == "stimulator",
        "contact": None if entry.role == "multimeter" else entry.line or _text(entry.channel),
        "faults": faults,
        **({"powers": entry.output or 1} if entry.role == "supply" else {}),
        **_drives(entry),
        **({"inputs": _metered(name, entry)} if entry.role == "multimeter" else _front_end(name, definition)),
    }


def _drives(entry: InstrumentEntry) -> dict[str, Any]:
    """Return what the device makes of a card's outputs, where they drive it."""
    said = entry.options
    if entry.driver != "analog-ttl" or not said.get("current_per_volt"):
        return {}
    names = ("demand", "trigger", "phase_duration", "interphase", "biphasic")
    return {"drives": {"gain": said["current_per_volt"], **{name: said[name] for name in names if said.get(name)}}}


def _text(channel: int | None) -> str | None:
    return None if channel is None else str(channel)


def _metered(name: str, entry: InstrumentEntry) -> dict[str, str]:
    """Return what a multimeter's input is connected to, as the bench file says."""
    across = entry.options.get("across", "sense")
    if across not in _ACROSS:
        raise Refused(f"{name}: a multimeter is connected across {' or '.join(_ACROSS)}, not {across!r}")
    return {str(entry.channel or 1): _ACROSS[str(across)]}


def _front_end(name: str, definition: BenchDefinition) -> dict[str, Any]:
    """Return what an instrument sees and how well, from its calibration record."""
    voltage, current = definition.voltage, definition.current
    record = definition.calibrations.get(name)
    if record is None:
        return {}
    if voltage is not None and voltage.instrument == name:
        channel = record.channels[str(voltage.channel)]
        return {
            "inputs": {str(voltage.channel): "voltage"},
            "input_resistance": voltage.input_resistance,
            **_accuracy(record, channel, attenuation=voltage.probe),
        }
    if current is not None and current.instrument == name:
        channel = record.channels[current.channel]
        return {"inputs": {current.channel: "current_sense"}, **_accuracy(record, channel, attenuation=1.0)}
    return {}


def _accuracy(record: CalibrationFile, channel: ChannelCalibration, *, attenuation: float) -> dict[str, Any]:
    beyond = 1 / _shown(channel)
    stated = [(half, channel.in_range(half)) for half in channel.half_ranges]
    return {
        **_errors(record, channel, attenuation=attenuation),
        "ranges": [
            {"full_scale": 2 * half * attenuation * beyond, **_errors(record, one, attenuation=attenuation)}
            for half, one in stated
            if one is not None
        ],
        "timebase_ppm": record.timebase * 1e6,
        "bits": channel.bits,
    }


def _shown(channel: ChannelCalibration) -> float:
    """Return what part of the converter's span its range is: the converter may reach beyond what is shown."""
    spans = float(2**channel.bits)
    return (channel.codes or spans) / spans


def _errors(record: CalibrationFile, channel: ChannelCalibration, *, attenuation: float) -> dict[str, Any]:
    for known in ("gain_error", "offset_error"):
        if getattr(channel, known):
            raise Refused(f"{record.calibration}: the virtual bench draws its errors itself; leave out the {known}")
    # A certificate states shares of the range, the virtual instrument takes shares of all that its converter spans.
    part = _shown(channel)
    return {
        "gain_error": channel.gain,
        "offset_error": channel.offset * attenuation,
        "offset_of_range": channel.offset_of_range * part,
        "offset_drift": channel.offset_drift * attenuation,
        "drift_of_range": channel.offset_drift_of_range * part,
        "noise": channel.noise * attenuation,
        "noise_of_range": channel.noise_of_range * part,
        "bandwidth": channel.bandwidth,
    }
