"""Tektronix' internal save format, ``.isf``: the answer to ``WFMOUTPRE?;:CURVE?``, as text and then as a binary block.

``value = YZERO + YMULT * (code - YOFF)`` and ``time = XZERO + XINCR * (number - PT_OFF)``; the fields are described in
the programmer manuals. Their names come whole or abbreviated, with or without ``:WFMPRE:`` before them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from rig.acquisition.importers.binary import Binary, native
from rig.acquisition.importers.found import Channel, Found, Opened, Told, whole_range, within_reach
from rig.acquisition.importers.layout import NUMBER
from rig.model.waveform import Waveform

__all__ = ["is_isf", "read_isf"]

_HEADER = 2048
_FIELDS = re.compile(r'\s*(?::\w+:)?:?(?P<key>[A-Za-z_]+)\s+(?P<value>"[^"]*"|[^;"]*)\s*(?:;|$)')
_BLOCK = re.compile(rb"CURVE?\s*#(?P<digits>[0-9A-Za-z])", re.IGNORECASE)
_KINDS = {"RI": "i", "RP": "u", "FP": "f"}
_ORDERS = {"MSB": ">", "LSB": "<"}
_WIDTHS = {"RI": (1, 2, 4), "RP": (1, 2, 4), "FP": (4, 8)}


@dataclass(frozen=True, slots=True)
class _Fields:
    source: Binary
    entries: dict[str, str]

    def text(self, key: str) -> str:
        """Return a field by the shortest form of its name."""
        for name, value in self.entries.items():
            if name.upper().startswith(key):
                return value
        raise self.source.complain(f"the header has no field {key}")

    def choice(self, key: str, known: dict[str, str]) -> str:
        value = self.text(key).upper()
        if value not in known:
            raise self.source.complain(f"{key} {value[:20]!r} is not understood, only {', '.join(known)}")
        return known[value]

    def number(self, key: str, *, positive: bool = False) -> float:
        value = self.text(key)
        if not NUMBER.fullmatch(value) or not within_reach(float(value), positive=positive):
            raise self.source.complain(f"{key} cannot be {value[:20]!r}")
        return float(value)


def is_isf(head: bytes) -> bool:
    """Whether a file begins with the fields of a curve that follows."""
    return re.match(rb"\s*(?::\w+:)?:?BYT_N", head[:_HEADER], re.IGNORECASE) is not None


def read_isf(file: Opened, told: Told) -> Found:
    """Return the one channel of the file.

    Raises
    ------
    UnreadableFile
        if a field is missing or makes no sense, the curve is no binary one of single points, or it is cut
    """
    source = Binary(file.content, file.name)
    block = _BLOCK.search(file.content, 0, _HEADER)
    if block is None:
        raise source.complain("no binary curve follows the header (curves in ASCII are not read)")
    text = file.content[: block.start()].decode("latin-1")
    fields = _Fields(source, {one["key"]: one["value"].strip().strip('"') for one in _FIELDS.finditer(text)})
    name = fields.text("WFI").partition(",")[0].strip() or "curve"
    read = partial(_waveform, source, fields, block.end(), int(block["digits"], 36), name, told)
    read()
    return Found(kind="Tektronix ISF", channels=(Channel(name=name, read=read),))


def _waveform(source: Binary, fields: _Fields, after: int, digits: int, name: str, told: Told) -> Waveform:
    fields.choice("ENC", {"BIN": "", "BINARY": ""})
    fields.choice("PT_F", {"Y": ""})
    form = fields.text("BN_F").upper()
    kind = fields.choice("BN_F", _KINDS)
    width = int(fields.number("BYT_N"))
    if width not in _WIDTHS[form]:
        raise source.complain(f"points of {width} bytes in format {form} are not understood")
    begin, count = _block(source, after, digits, width)
    points = fields.number("NR_P")
    if points != count:
        raise source.complain(f"NR_PT {points:g} points, but the curve's block holds {count}")
    codes = Binary(source.content, source.name, fields.choice("BYT_O", _ORDERS)).samples(begin, count, f"{kind}{width}")
    samples = native(codes)
    if fields.text("XUN") != "s":
        raise source.complain(f"points are {fields.text('XUN')[:20]!r} apart, not seconds")
    interval = fields.number("XIN", positive=True)
    scale, unit = told.settle_unit(fields.text("YUN"), source.complain)
    gain = fields.number("YMU") * scale
    return Waveform(
        samples=samples,
        interval=interval,
        start=fields.number("XZE") - fields.number("PT_O") * interval,
        unit=unit,
        gain=gain,
        offset=fields.number("YZE") * scale - fields.number("YOF") * gain,
        rails=None if kind == "f" else whole_range(samples),
        source=f"{source.name}:{name}",
        history=("imported from Tektronix ISF",),
    )


def _block(source: Binary, after: int, digits: int, width: int) -> tuple[int, int]:
    """Return where a block's points begin, and their number; ``after`` is the place after ``#`` and a digit."""
    length = source.content[after : after + digits]
    if len(length) != digits or not length.isdigit():
        raise source.complain("truncated: the length of the curve's block is not there, or is no number")
    begin, size = after + digits, int(length)
    present = len(source.content) - begin
    if present < size:
        raise source.complain(f"truncated: the curve's block promises {size} bytes, the file holds {present}")
    if size % width:
        raise source.complain(f"a block of {size} bytes does not hold points of {width} bytes")
    return begin, size // width
