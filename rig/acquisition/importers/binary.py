"""The bytes of one binary file, and how to complain about them."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rig.acquisition.importers.found import within_reach
from rig.errors import UnreadableFile

__all__ = ["LEAST_SAMPLES", "Binary", "native"]

LEAST_SAMPLES = 2


class Binary:
    """The content of a binary file, read at places that are checked; ``order`` is ``<`` or ``>``."""

    def __init__(self, content: bytes, name: str, order: str = "<") -> None:
        self.content, self.name, self.order = content, name, order

    def complain(self, what: str) -> UnreadableFile:
        """Return the error that names the file."""
        return UnreadableFile(f"{self.name}: {what}")

    def refuse(self, place: int, what: str) -> UnreadableFile:
        """Return the error that names file and place."""
        return UnreadableFile(f"{self.name}: header at 0x{place:X}: {what}")

    def _value(self, form: str, place: int) -> float:
        try:
            value: float = struct.unpack_from(self.order + form, self.content, place)[
                0
            ]  # an integer is a float to a type checker
        except struct.error:
            message = f"truncated: {len(self.content)} bytes do not hold the header, which goes on at 0x{place:X}"
            raise self.complain(message) from None
        return value

    def integer(self, form: str, place: int) -> int:
        """Read one integer, its form as in :mod:`struct`."""
        return int(self._value(form, place))

    def number(self, place: int, what: str, *, form: str = "d", positive: bool = True) -> float:
        """Read one float and refuse what no oscilloscope can have meant."""
        value = float(self._value(form, place))
        if not within_reach(value, positive=positive):
            raise self.refuse(place, f"{what} cannot be {value!r}")
        return value

    def text(self, place: int, length: int) -> str:
        """Read a text of fixed length, up to its first zero."""
        if place + length > len(self.content):
            raise self.complain(f"truncated: {len(self.content)} bytes do not hold the header")
        return self.content[place : place + length].partition(b"\0")[0].decode("latin-1").strip()

    def samples(self, place: int, count: int, kind: str, *, most: int | None = None) -> NDArray[Any]:
        """Return ``count`` samples from a place on, in the file's byte order; nothing is copied.

        Raises
        ------
        UnreadableFile
            if the file ends before they do, or they are too few for a waveform
        """
        form = np.dtype(self.order + kind)
        end = len(self.content) if most is None else min(most, len(self.content))
        present = max(end - place, 0) // form.itemsize
        if place < 0 or present < count:
            raise self.complain(f"truncated: the header promises {count} samples, the file holds {present}")
        if count < LEAST_SAMPLES:
            raise self.complain(f"{count} samples are no waveform")
        return np.frombuffer(self.content, dtype=form, count=count, offset=place)


def native(samples: NDArray[Any]) -> NDArray[Any]:
    """Return integer samples in this machine's byte order, and floats as float64; copied only where that differs."""
    if samples.dtype.kind == "f":
        with np.errstate(invalid="ignore"):  # a NaN that signals is a NaN; whoever inspects the samples says so
            return samples.astype(np.float64, copy=False)
    return samples.astype(samples.dtype.newbyteorder("="), copy=False)
