"""Whether a calibration record is that of an instrument on a bench, and covers what is read with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.calibration_file import SLACK

if TYPE_CHECKING:
    from rig.bench.bench_file import BenchFile
    from rig.bench.calibration_file import CalibrationFile, ChannelCalibration
    from rig.documents import Document
    from rig.errors import Problem

__all__ = ["calibration_problems"]


def calibration_problems(document: Document, name: str, bench: BenchFile, record: CalibrationFile) -> list[Problem]:
    """Tell what is wrong about a calibration record that a bench file names, each at its place there."""
    problems = []
    at = ("instruments", name, "calibration")
    identity = bench.instruments[name].identity
    if identity is not None and (identity.model, identity.serial) != (
        record.instrument.model,
        record.instrument.serial,
    ):
        whose = f"{record.instrument.model}, serial {record.instrument.serial}"
        problems.append(document.problem(at, f"this is the calibration of another instrument: {whose}"))
    for signal in (bench.signals.voltage, bench.signals.current):
        if signal is not None and signal.instrument == name and str(signal.channel) not in record.channels:
            channels = ", ".join(record.channels)
            problems.append(
                document.problem(at, f"the record does not cover channel {signal.channel!r}, only {channels}")
            )
    entry = bench.instruments[name]
    if entry.role == "multimeter":
        channel = record.channels.get(entry.input)
        if channel is None:
            channels = ", ".join(record.channels)
            say = f"the record does not cover channel {entry.input!r}, only {channels}"
            problems.append(document.problem(at, say))
        elif not channel.ranges:
            problems.append(document.problem(at, "the record names no ranges of the multimeter to choose from"))
    return problems or _range_problems(document, name, bench, record)


def _range_problems(document: Document, name: str, bench: BenchFile, record: CalibrationFile) -> list[Problem]:
    """Hold the ranges that a bench names against those that are calibrated."""
    current, voltage = bench.signals.current, bench.signals.voltage
    if current is not None and current.instrument == name:
        channel = record.channels[current.channel]
        if current.half_range is None and not channel.ranges:
            message = "'half_range' is missing: the calibration record names no ranges to choose from"
            return [document.problem(("signals", "current"), message)]
        if current.half_range is not None and channel.in_range(current.half_range) is None:
            message = f"this range is not calibrated; {_calibrated(channel)}"
            return [document.problem(("signals", "current", "half_range"), message)]
    if voltage is not None and voltage.instrument == name:
        channel = record.channels[str(voltage.channel)]
        if channel.ranges and 2 * channel.half_ranges[0] * voltage.probe > voltage.full_scale * SLACK:
            message = f"no calibrated range is as narrow as this; {_calibrated(channel)} at the connector"
            return [document.problem(("signals", "voltage", "full_scale"), message)]
    return []


def _calibrated(channel: ChannelCalibration) -> str:
    return "calibrated are " + ", ".join(f"±{half:g} V" for half in channel.half_ranges)
