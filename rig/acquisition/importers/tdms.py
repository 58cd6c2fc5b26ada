"""National Instruments' TDMS files, through ``nptdms``: LabVIEW's, and what NI-DAQmx logs."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.acquisition.importers.arrays import Words, waveform_of
from rig.acquisition.importers.found import Channel, Found, Opened, Told, distinct
from rig.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from rig.model.waveform import Waveform

__all__ = ["is_tdms", "read_tdms"]

_MAGIC = b"TDSm"
_UNITS = ("unit_string", "NI_UnitDescription")
_SCALES = "NI_Number_Of_Scales"
_MOST_SCALES = 100


def is_tdms(head: bytes) -> bool:
    """Whether a file begins as TDMS does."""
    return head.startswith(_MAGIC)


def read_tdms(file: Opened, told: Told) -> Found:
    """Return the channels with data, each by the name of its group and its own.

    Raises
    ------
    UnreadableFile
        if the reader is not installed, the file is cut or damaged, or holds no data
    """
    reader = _reader(file)
    try:
        with file.path.open("rb") as stream, reader.open(stream) as content:
            cut = content.file_status.incomplete_final_segment
            names = [
                (group.name, channel.name) for group in content.groups() for channel in group.channels() if len(channel)
            ]
    except Exception as error:  # noqa: BLE001 - what a damaged file makes of the reader is not listed
        raise _unread(file, error) from None
    if cut:
        raise file.complain("truncated: the last segment of the file is not complete")
    if not names:
        raise file.complain("holds no channel with data")
    channels = [
        Channel(name=f"{group}/{channel}", read=partial(_waveform, file, group, channel, told))
        for group, channel in names
    ]
    return Found(kind="NI TDMS", channels=distinct(channels))


def _reader(file: Opened) -> Any:  # noqa: ANN401 - an optional package without types
    try:
        from nptdms import TdmsFile  # noqa: PLC0415 - optional
        from nptdms.log import log_manager  # noqa: PLC0415
    except ImportError:
        message = "a TDMS file is read with the package npTDMS: pip install 'nmes-rig[files]'"
        raise file.complain(message) from None
    log_manager.set_level(logging.CRITICAL)  # what is wrong with a file is said once, by the rig
    return TdmsFile


def _waveform(file: Opened, group: str, channel: str, told: Told) -> Waveform:
    def complain(what: str) -> UnreadableFile:
        return file.complain(f"{group}/{channel}: {what}")

    try:
        with file.path.open("rb") as stream, _reader(file).open(stream) as content:
            stored = content[group][channel]
            # A channel without scales of its own has those of its group, or of the file.
            for owner in (stored, content[group], content):
                _refuse_absurd_scales(owner.properties, complain)
            properties = dict(stored.properties)
            samples, gain, offset = _samples(stored, properties, file)
    except UnreadableFile:
        raise
    except Exception as error:  # noqa: BLE001 - the same
        raise _unread(file, error) from None
    axis = str(properties.get("wf_xunit_string", "s")) or "s"
    if axis != "s":
        raise complain(f"points are {axis[:20]!r} apart, not seconds")
    unit = next((str(properties[name]) for name in _UNITS if properties.get(name)), "")
    entries: dict[str, object] = {"unit": unit} if unit else {}
    for name in ("wf_increment", "wf_start_offset"):
        if name in properties:
            entries[name] = properties[name]
    if gain is not None:
        entries |= {"gain": gain, "offset": offset}
    words = Words(entries=entries, complain=complain)
    return waveform_of(samples, words, told, source=f"{file.name}:{group}/{channel}", kind="NI TDMS")


def _samples(
    stored: Any,  # noqa: ANN401 - an optional package without types
    properties: Mapping[str, Any],
    file: Opened,
) -> tuple[NDArray[Any], float | None, float]:
    """Return raw codes with gain and offset where the scale is one straight line, and scaled values elsewhere."""
    size = file.path.stat().st_size
    if len(stored) > size:
        raise file.complain(f"truncated: {len(stored)} samples are promised in a file of {size} bytes")
    line = _line(properties)
    if line is not None:
        raw = stored.read_data(scaled=False)
        if isinstance(raw, np.ndarray) and raw.dtype.kind in "iu":
            return raw, *line
    return np.asarray(stored.read_data(scaled=True)), None, 0.0


def _refuse_absurd_scales(properties: Mapping[str, Any], complain: Callable[[str], UnreadableFile]) -> None:
    """Refuse a number of scales that would keep the reader busy for hours."""
    scales = properties.get(_SCALES, 0)
    if not isinstance(scales, int | np.integer) or not 0 <= scales <= _MOST_SCALES:
        raise complain(f"{str(scales)[:20]!r} scales make no sense")


def _line(properties: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return slope and intercept of a channel with one linear scale."""
    if properties.get(_SCALES) != 1 or properties.get("NI_Scale[0]_Scale_Type") != "Linear":
        return None
    try:
        slope = float(properties["NI_Scale[0]_Linear_Slope"])
        return slope, float(properties["NI_Scale[0]_Linear_Y_Intercept"])
    except (KeyError, TypeError, ValueError):
        return None


def _unread(file: Opened, error: Exception) -> UnreadableFile:
    reason = (str(error).partition("\n")[0] or type(error).__name__)[:200]
    return file.complain(f"cannot be read as TDMS: {reason}")
