"""What was said to an instrument and what it answered, as lines of text that give the same bytes again."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from enum import StrEnum

from rig.errors import UnreadableFile

__all__ = ["Exchange", "Said", "exchange_of", "line_of"]

# What is longer is no text that anybody reads.
_READABLE = 512


class Said(StrEnum):
    """What happened: bytes left or came, a remote call was answered or refused, a session began or ended."""

    OPEN = "open"
    OUT = "out"
    IN = "in"
    CALL = "call"
    REFUSED = "refused"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One thing that happened between the rig and an instrument.

    Attributes
    ----------
    said : what it was
    data : the bytes, as they went over the line; of a remote call, its request
    seconds : since the recording began
    name : of a remote call
    details : why a call was refused, as key and value
    """

    said: Said
    data: bytes = b""
    seconds: float = 0.0
    name: str = ""
    details: tuple[tuple[str, str], ...] = ()


def line_of(exchange: Exchange) -> str:
    """Return one line of JSON; text stays readable, long data is packed.

    >>> line_of(Exchange(said=Said.OUT, data=b"*IDN?", seconds=0.25))
    '{"t":0.25,"out":"*IDN?"}'
    """
    fields: dict[str, object] = {"t": round(exchange.seconds, 6), exchange.said.value: _text(exchange.data)}
    if fields[exchange.said.value] is None:
        fields[exchange.said.value] = ""
        fields["z64"] = base64.b64encode(zlib.compress(exchange.data)).decode("ascii")
    if exchange.name:
        fields["name"] = exchange.name
    if exchange.details:
        fields["details"] = [list(pair) for pair in exchange.details]
    return json.dumps(fields, separators=(",", ":"))


def exchange_of(line: str) -> Exchange:
    """Return what a line says.

    Raises
    ------
    UnreadableFile
        if it is no line of a recorded dialogue
    """
    try:
        fields = json.loads(line)
        (said,) = (kind for kind in Said if kind.value in fields)
        data = fields[said.value].encode("latin-1")
        if "z64" in fields:
            data = zlib.decompress(base64.b64decode(fields["z64"], validate=True))
        details = tuple((str(key), str(value)) for key, value in fields.get("details", ()))
        name = str(fields.get("name", ""))
        return Exchange(said=said, data=data, seconds=float(fields["t"]), name=name, details=details)
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
        raise UnreadableFile(f"this is no line of a recorded dialogue: {line[:60]!r}") from error


def _text(data: bytes) -> str | None:
    """Return short data as text, one character a byte; None where it is to be packed."""
    return data.decode("latin-1") if len(data) <= _READABLE else None
