"""Reading a capture file, whatever instrument wrote it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.acquisition.importers.siglent import is_siglent_binary, read_siglent_binary
from rig.acquisition.importers.text import read_text
from rig.errors import UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

    from rig.model.waveform import Waveform

__all__ = ["ImportedCapture", "read_capture_file"]

_START = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImportedCapture:
    """What a file holds: one waveform per channel, of which instrument's kind it is, and the file's hash."""

    name: str
    kind: str
    sha256: str
    waveforms: tuple[Waveform, ...]
    channels: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def waveform(self, channel: str | None = None) -> Waveform:
        """Return the waveform of a channel; without a name, the only or first one.

        Raises
        ------
        UnreadableFile
            if the file has no such channel
        """
        if channel is None:
            return self.waveforms[0]
        if channel not in self.channels:
            message = f"{self.name}: has no channel {channel!r}; it has {', '.join(self.channels)}"
            raise UnreadableFile(message)
        return self.waveforms[self.channels.index(channel)]


def read_capture_file(path: Path) -> ImportedCapture:
    """Read an oscilloscope's file; its kind is told from its content, not from its name.

    Raises
    ------
    UnreadableFile
        naming the file, the place in it, and what was not understood
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"{path.name}: cannot be read: {error.strerror or error}"
        raise UnreadableFile(message) from error
    if not content:
        message = f"{path.name}: the file is empty (0 bytes)"
        raise UnreadableFile(message)
    if is_siglent_binary(content):
        kind, waveforms, notes = read_siglent_binary(content, path.name)
    elif b"\0" in content[:_START]:
        message = f"{path.name}: a binary file of no known kind (Siglent binary v4 and CSV are read)"
        raise UnreadableFile(message)
    else:
        kind, waveforms, notes = read_text(content, path.name)
    return ImportedCapture(
        name=path.name,
        kind=kind,
        sha256=hashlib.sha256(content).hexdigest(),
        waveforms=waveforms,
        channels=tuple(waveform.source.rpartition(":")[2] for waveform in waveforms),
        notes=notes,
    )
