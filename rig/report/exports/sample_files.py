"""Raw waveforms as files: CSV for any program, NumPy archives, TDMS for LabVIEW and DIAdem."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.errors import Refused
from rig.evidence.naming import safe_name
from rig.report.exports.sampled import PART
from rig.report.tables import cell, unformulated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from rig.evidence.record import CaptureEntry
    from rig.model.waveform import Waveform
    from rig.report.exports.sampled import Sampled

__all__ = ["write_npz", "write_samples_csv", "write_tdms"]

_MOST_BYTES = 1 << 28  # of samples in one NumPy archive, which is read as a whole
_RAW_DATA = 0xFFFFFFFF  # what a scale of TDMS is applied to


def write_samples_csv(sampled: Sampled, folder: Path) -> None:
    """Write one signal as CSV: lines of comment that say what it is, then time (s) and value, which read back exactly.

    Held in memory is one part of :data:`PART` samples.
    """
    unit = sampled.recording.scale.unit.value
    with (folder / f"{sampled.stem}.csv").open("w", encoding="utf-8", newline="") as file:
        for name, value in sampled.told():
            file.write(f"# {name}: {unformulated(value)}\r\n")
        csv.writer(file, lineterminator="\r\n").writerow(["time_s", cell(f"{sampled.signal}_{unit}")])
        for times, part in _parts(sampled):
            pairs = zip(times.tolist(), part.values().tolist(), strict=True)
            file.writelines(f"{time!r},{value!r}\r\n" for time, value in pairs)


def _parts(sampled: Sampled) -> Iterator[tuple[np.ndarray[Any, np.dtype[np.float64]], Waveform]]:
    """Yield the parts with their times, which are those of the whole: a part's own would round otherwise."""
    scale, done = sampled.recording.scale, 0
    for part in sampled.recording.parts(PART):
        index = np.arange(done, done + len(part))
        yield np.asarray(scale.start + scale.interval * index, dtype=np.float64), part
        done += len(part)


def write_npz(sampled: Sampled, folder: Path) -> None:
    """Write one signal as a NumPy archive: raw samples under the signal's name, and what they mean beside them.

    ``samples * gain + offset`` is in ``unit``, the first at ``start``, ``interval`` s apart; ``provenance`` is JSON.

    Raises
    ------
    Refused
        if the samples are too many for a file that is read as a whole
    """
    recording, scale = sampled.recording, sampled.recording.scale
    size = len(recording) * scale.samples.dtype.itemsize
    if size > _MOST_BYTES:
        raise Refused(
            f"{sampled.capture.id}: {sampled.signal} has {size} bytes of samples, and a NumPy archive is read as a "
            f"whole: tdms and waveform-csv are written and read in parts"
        )
    arrays: dict[str, Any] = {
        sampled.signal: recording.read(0, len(recording)),
        "gain": np.float64(scale.gain),
        "offset": np.float64(scale.offset),
        "interval": np.float64(scale.interval),
        "start": np.float64(scale.start),
        "unit": np.array(scale.unit.value),
        "provenance": np.array(json.dumps(dict(sampled.told()), ensure_ascii=False)),
    }
    if scale.rails is not None:
        arrays["rails"] = np.array([scale.rails])  # of two dimensions: it is no signal
    np.savez_compressed(folder / f"{sampled.stem}.npz", allow_pickle=False, **arrays)


def write_tdms(capture: CaptureEntry, signals: Iterable[Sampled], folder: Path) -> None:
    """Write the signals of a capture as the channels of a TDMS file, integer codes raw with their linear scale.

    Its time axis is ``wf_start_offset + i · wf_increment``, s from the trigger; ``wf_start_time`` is when the case
    began, in UTC. Held in memory is one part of :data:`PART` samples.

    Raises
    ------
    Refused
        if the extra ``files`` is not installed
    """
    try:
        from nptdms import ChannelObject, GroupObject, RootObject, TdmsWriter  # noqa: PLC0415 - optional
    except ImportError:
        raise Refused("TDMS is written with the package npTDMS: pip install 'nmes-rig[files]'") from None
    channels = list(signals)
    told = dict(channels[0].told())
    about = {name: value for name, value in told.items() if name not in {"signal", "source"}}
    with TdmsWriter(folder / f"{safe_name(capture.id)}.tdms") as file:
        group = capture.id
        file.write_segment([RootObject({"name": group, **about}), GroupObject(group, about)])
        for one in channels:
            properties: Mapping[str, Any] = _properties(one)
            for part in one.recording.parts(PART):
                samples = part.samples if _coded(part) else part.values()
                file.write_segment([ChannelObject(group, one.signal, np.array(samples), dict(properties))])
                properties = {}


def _coded(waveform: Waveform) -> bool:
    return waveform.samples.dtype.kind in "iu"


def _properties(sampled: Sampled) -> Mapping[str, Any]:
    scale = sampled.recording.scale
    properties: dict[str, Any] = {
        "unit_string": scale.unit.value,
        "NI_UnitDescription": scale.unit.value,
        "wf_increment": scale.interval,
        "wf_start_offset": scale.start,
        "wf_samples": len(sampled.recording),
        "wf_xname": "Time",
        "wf_xunit_string": "s",
        "source": scale.source,
    }
    if sampled.case.started is not None:
        properties["wf_start_time"] = _utc(sampled.case.started)
    if _coded(scale):
        properties |= {
            "NI_Scaling_Status": "unscaled",
            "NI_Number_Of_Scales": np.uint32(1),
            "NI_Scale[0]_Scale_Type": "Linear",
            "NI_Scale[0]_Linear_Slope": scale.gain,
            "NI_Scale[0]_Linear_Y_Intercept": scale.offset,
            "NI_Scale[0]_Linear_Input_Source": np.uint32(_RAW_DATA),
        }
    return properties


def _utc(moment: datetime) -> np.datetime64:
    """Return a moment as TDMS keeps it: in UTC, and without saying so."""
    return np.datetime64(round(moment.timestamp() * 1e6), "us")
