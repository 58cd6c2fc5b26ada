"""What may become of a damaged file: a waveform, or one sentence of the rig's own that names the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from rig.acquisition.importers import Told, read_capture_file
from rig.errors import UnreadableFile

UNTOLD = Told()
FLIPS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=4)


def flipped(content: bytes, flips: list[tuple[float, int]], most: int) -> bytes:
    """Return the content with bits turned at places among its first ``most`` bytes."""
    result = bytearray(content)
    for place, bits in flips:
        result[int(place * min(most, len(result)))] ^= bits
    return bytes(result)


def answer(path: Path, told: Told = UNTOLD) -> str:
    """Read all channels of a file; return the sentence it ends in, or an empty one."""
    try:
        read = read_capture_file(path, told)
        for channel in read.channels:
            waveform = read.waveform(channel)
            with np.errstate(all="ignore"):  # a flipped float may be a NaN that complains, or overflow
                assert len(waveform.values()) >= 2
    except UnreadableFile as error:
        sentence = str(error)
    else:
        return ""
    assert sentence.startswith((path.name, f"{path.stem}.Wfm{path.suffix}")), sentence
    assert "\n" not in sentence
    return sentence


def cut_at_every_length(path: Path, content: bytes, step: int = 1) -> None:
    """Every shorter file is refused: no sample may be lost unnoticed."""
    for length in range(0, len(content), step):
        path.write_bytes(content[:length])
        assert answer(path), f"{length} of {len(content)} bytes were read as a whole file"
