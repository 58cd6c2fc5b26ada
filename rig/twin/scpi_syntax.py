"""SCPI's grammar: program messages, header paths, short and long forms, suffixes (IEEE 488.2 §7, SCPI-99 vol. 1)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = [
    "Command",
    "ScpiError",
    "block",
    "channel_numbers",
    "header_pattern",
    "message_units",
    "split_outside",
]

_QUOTES = "'\""
_CHANNEL_LIST = re.compile(r"\(@([\d,:\s]+)\)")
_NODE = re.compile(r"(\[?):?([A-Z_]+)([a-z]*)(<n>)?(\]?)")


class ScpiError(Exception):
    """A command went wrong: code and text for the error queue, for example −222, ``Data out of range``."""

    def __init__(self, code: int, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f'{code},"{text}"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One program message unit: its absolute header in capitals, numeric suffixes (1 where omitted), arguments."""

    header: str
    suffixes: tuple[int, ...] = ()
    arguments: tuple[str, ...] = ()

    def argument(self, index: int = 0) -> str:
        """Return an argument as text without quotes; −109 when it is not there."""
        if index >= len(self.arguments):
            raise ScpiError(-109, "Missing parameter")
        return self.arguments[index].strip(_QUOTES)

    def number(self, index: int = 0) -> float:
        """Return an argument as a finite number; −104 when it is none, −222 when it is too large to be one."""
        try:
            value = float(self.argument(index))
        except ValueError:
            raise ScpiError(-104, "Data type error") from None
        if not math.isfinite(value):
            raise ScpiError(-222, "Data out of range")
        return value

    def boolean(self, index: int = 0) -> bool:
        """Return an argument as ON/OFF or a number that is or is not 0."""
        text = self.argument(index).upper()
        if text in {"ON", "OFF"}:
            return text == "ON"
        return bool(round(self.number(index)))

    def choice(self, *allowed: str, index: int = 0) -> str:
        """Return the short form of the one of these words (``NORMal``) that an argument is; −224 otherwise."""
        text = self.argument(index).upper()
        for word in allowed:
            short = re.sub("[a-z]", "", word)
            if text in {short, word.upper()}:
                return short
        raise ScpiError(-224, "Illegal parameter value")


def split_outside(text: str, separator: str) -> list[str]:
    """Split at a separator that stands outside quotes and parentheses; parts are stripped."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in _QUOTES:
            quote = letter
        else:
            depth += (letter == "(") - (letter == ")")
        if letter == separator and not quote and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def message_units(message: str) -> Iterator[Command]:
    """Yield the units of a program message with absolute headers; suffixes are found when a pattern matches.

    A header without leading colon continues where the last one of its message was, up to its last node; common
    commands (``*…``) leave that place alone.
    """
    path = ""
    for unit in split_outside(message, ";"):
        if not unit:
            continue
        header, *rest = unit.split(maxsplit=1)
        header = header.upper()
        arguments = tuple(split_outside(rest[0], ",")) if rest else ()
        if not header.startswith("*"):
            header = header[1:] if header.startswith(":") else path + header
            path = header.rstrip("?").rpartition(":")[0]
            path = f"{path}:" if path else ""
        yield Command(header=header, arguments=arguments)


def channel_numbers(text: str, allowed: Collection[int]) -> list[int]:
    """Return the numbers in a channel list, in its order: ``(@101,103:105)``; −102 when it is none, 112 for others."""
    match = _CHANNEL_LIST.fullmatch(text)
    if match is None:
        raise ScpiError(-102, "Syntax error")
    numbers: list[int] = []
    for part in split_outside(match[1], ","):
        first, colon, last = (piece.strip() for piece in part.partition(":"))
        if not first.isdecimal() or bool(colon) != last.isdecimal():
            raise ScpiError(-102, "Syntax error")
        ends = int(first), int(last or first)
        if not set(ends) <= set(allowed) or ends[0] > ends[1]:
            raise ScpiError(112, "Channel list: channel number out of range")
        numbers += range(ends[0], ends[1] + 1)
    return numbers


@lru_cache(maxsize=1024)
def header_pattern(pattern: str) -> re.Pattern[str]:
    """Return what matches an absolute header in capitals, for ``:CHANnel<n>:SCALe?`` or ``SYSTem:ERRor[:NEXT]?``."""
    if pattern.startswith("*"):
        return re.compile(re.escape(pattern.upper()))
    expression = ""
    for opening, short, long, suffix, _closing in _NODE.findall(pattern.rstrip("?")):
        node = f"{short}(?:{long.upper()})?" if long else short
        node += r"([0-9]{0,6})" if suffix else ""
        expression += f"(?::{node})?" if opening else f":{node}"
    return re.compile(expression + (r"\?" if pattern.endswith("?") else ""))


def block(data: bytes, digits: int = 8) -> bytes:
    """Return a definite-length arbitrary block: ``#``, the number of digits, the length, the data."""
    return f"#{digits}{len(data):0{digits}d}".encode() + data
