"""Reading a capture file, whatever instrument wrote it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.acquisition.importers.found import UNTOLD, Channel, Found, Opened, Told
from rig.acquisition.importers.hdf5 import is_hdf5, read_hdf5
from rig.acquisition.importers.keysight import is_keysight_binary, read_keysight_binary
from rig.acquisition.importers.lecroy import is_lecroy, read_lecroy
from rig.acquisition.importers.numpy_file import is_numpy, read_numpy
from rig.acquisition.importers.rigol_wfm import is_rigol_wfm, refuse_rigol_wfm
from rig.acquisition.importers.rohde_schwarz import is_rohde_schwarz, properties_of, read_rohde_schwarz
from rig.acquisition.importers.siglent import is_siglent_binary, read_siglent_binary
from rig.acquisition.importers.tdms import is_tdms, read_tdms
from rig.acquisition.importers.tektronix_isf import is_isf, read_isf
from rig.acquisition.importers.tektronix_wfm import is_tektronix_wfm, read_tektronix_wfm
from rig.acquisition.importers.text import is_text, read_text
from rig.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rig.model.waveform import Waveform

__all__ = ["ImportedCapture", "read_capture_file"]

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Format:
    """How a kind of file is recognised by its first bytes, and read."""

    name: str
    recognise: Callable[[bytes], bool]
    read: Callable[[Opened, Told], Found]


# Asked from top to bottom: what has a magic of its own first, text last.
_FORMATS = (
    _Format(name="Keysight and Rigol .bin", recognise=is_keysight_binary, read=read_keysight_binary),
    _Format(name="Tektronix .wfm", recognise=is_tektronix_wfm, read=read_tektronix_wfm),
    _Format(name="Tektronix .isf", recognise=is_isf, read=read_isf),
    _Format(name="LeCroy .trc", recognise=is_lecroy, read=read_lecroy),
    _Format(name="NI .tdms", recognise=is_tdms, read=read_tdms),
    _Format(name="HDF5", recognise=is_hdf5, read=read_hdf5),
    _Format(name="NumPy .npy and .npz", recognise=is_numpy, read=read_numpy),
    _Format(name="Rohde & Schwarz .bin and .csv with .Wfm", recognise=is_rohde_schwarz, read=read_rohde_schwarz),
    _Format(name="Siglent .bin", recognise=is_siglent_binary, read=read_siglent_binary),
    _Format(name="Rigol .wfm (refused)", recognise=is_rigol_wfm, read=refuse_rigol_wfm),
    _Format(name="CSV", recognise=is_text, read=read_text),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImportedCapture:
    """What a file holds: its channels, of which instrument's kind it is, and the file's hash."""

    name: str
    kind: str
    sha256: str
    signals: tuple[Channel, ...]
    notes: tuple[str, ...] = ()
    told: Told = UNTOLD

    @property
    def channels(self) -> tuple[str, ...]:
        """The names that choose a channel."""
        return tuple(signal.name for signal in self.signals)

    def waveform(self, channel: str | None = None) -> Waveform:
        """Return the waveform of a channel; without a name, the only one.

        Raises
        ------
        UnreadableFile
            if the file has no such channel, several and none was named, or the channel cannot be used
        """
        if channel is None and len(self.signals) > 1:
            message = f"{self.name}: has several channels, {', '.join(self.channels)}; choose one with --channel"
            raise UnreadableFile(message)
        if channel is None:
            return self.told.check(self.signals[0].read())
        if channel not in self.channels:
            message = f"{self.name}: has no channel {channel!r}; it has {', '.join(self.channels)}"
            raise UnreadableFile(message)
        return self.told.check(self.signals[self.channels.index(channel)].read())


def read_capture_file(path: Path, told: Told = UNTOLD) -> ImportedCapture:
    """Read an oscilloscope's file; its kind is told from its content, not from its name.

    Raises
    ------
    UnreadableFile
        naming the file, the place in it, and what was not understood
    """
    file = Opened(properties_of(path))
    if not file.head:
        raise file.complain("the file is empty (0 bytes)")
    for known in _FORMATS:
        if known.recognise(file.head):
            found = known.read(file, told)
            break
    else:
        known_ones = ", ".join(one.name for one in _FORMATS if one.read is not refuse_rigol_wfm)
        raise file.complain(f"a binary file of no known kind; known are {known_ones}")
    sha256 = hashlib.sha256()
    for part in (file.path, *found.beside):
        with part.open("rb") as content:
            while block := content.read(_BLOCK):
                sha256.update(block)
    return ImportedCapture(
        name=file.name,
        kind=found.kind,
        sha256=sha256.hexdigest(),
        signals=found.channels,
        notes=found.notes,
        told=told,
    )
