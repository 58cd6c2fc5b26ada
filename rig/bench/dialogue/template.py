"""Templates of what is sent: text with placeholders for what a stimulus sets; nothing in them is evaluated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from rig.errors import UnitError
from rig.units import Unit, parse_quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NUMBERS", "WORDS", "Placeholder", "Template", "TemplateError", "unit_of"]

NUMBERS: dict[str, Unit] = {
    "amplitude": Unit.AMPERE,
    "signed_amplitude": Unit.AMPERE,
    "phase_duration": Unit.SECOND,
    "interphase": Unit.SECOND,
    "pulse_width": Unit.SECOND,
    "rate": Unit.HERTZ,
    "period": Unit.SECOND,
    "train": Unit.SECOND,
    "pulses": Unit.COUNT,
}
"""What stands for a number, and its unit inside."""

WORDS = ("channel", "shape", "polarity")
"""What stands for a word of the device's own."""

_FORM = re.compile(r"(?P<zero>0?)(?P<width>[1-9]?)(?:\.(?P<decimals>[0-9]))?(?P<kind>[dfxX])", re.ASCII)
_PARTS = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


class TemplateError(ValueError):
    """The template cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """What is put in a place: a word, or a number of ``unit`` (in SI) with so many decimals.

    ``width`` is how many characters at least, filled with blanks or, with ``zero``, with zeros; ``base`` 16 writes
    hexadecimal digits.
    """

    name: str
    unit: Decimal = Decimal(1)
    decimals: int = 0
    width: int = 0
    zero: bool = False
    base: int = 10
    capitals: bool = False

    def write(self, value: Decimal | str) -> str:
        """Return a word as it is, a number as the device reads it.

        Raises
        ------
        TemplateError
            if the number has more decimals than the template writes: nothing is rounded here
        """
        if isinstance(value, str):
            return value
        scaled = value / self.unit
        rounded = round(scaled, self.decimals)
        if rounded != scaled:
            raise TemplateError(f"{self.name}: {scaled.normalize():f} has more decimals than are sent")
        if self.base == 10:  # noqa: PLR2004 - the base people count in
            sign, digits = "-" if rounded < 0 else "", f"{abs(rounded):.{self.decimals}f}"
        else:
            sign, digits = "-" if rounded < 0 else "", f"{abs(int(rounded)):{'X' if self.capitals else 'x'}}"
        filled = digits.rjust(self.width - len(sign), "0") if self.zero else digits
        return (sign + filled).rjust(self.width)


class Template:
    """Text with placeholders: ``{name}`` for a word, ``{name:unit:form}`` for a number.

    The unit is one of the placeholder's dimension, a multiple where the device counts in multiples (``0.1 mA``); a
    number of pulses has none. The form is ``d`` for whole numbers, ``.1f`` for so many decimals, ``x`` and ``X`` for
    hexadecimal digits; ``5.1f`` and ``04d`` fill up to a width with blanks and zeros. ``{{`` and ``}}`` are braces.

    Examples
    --------
    >>> Template("AMP {amplitude:mA:.1f}").render({"amplitude": Decimal("0.0205")})
    'AMP 20.5'
    """

    def __init__(self, text: str) -> None:
        if not (text.isascii() and text.isprintable()):
            raise TemplateError("only printable ASCII characters are sent; what ends a line is said under 'line'")
        self.text = text
        self._parts = tuple(_parts(text))

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """Its placeholders, in order."""
        return tuple(part for part in self._parts if isinstance(part, Placeholder))

    def render(self, values: Mapping[str, Decimal | str]) -> str:
        """Return the text with every value in its place; raises TemplateError as :meth:`Placeholder.write`."""
        return "".join(part if isinstance(part, str) else part.write(values[part.name]) for part in self._parts)


def unit_of(name: str, text: str) -> Decimal:
    """Return how much, in SI, one of the units is that a number is written in; raises TemplateError."""
    unit = NUMBERS[name]
    if unit is Unit.COUNT:
        if text:
            raise TemplateError(f"{name!r} is a number of things and has no unit")
        return Decimal(1)
    try:
        found = Decimal(repr(parse_quantity(text if text[:1].isdigit() else f"1 {text}", unit)))
    except UnitError as error:
        raise TemplateError(f"{name!r}: {error}") from error
    if found <= 0:
        raise TemplateError(f"{name!r}: a unit is more than nothing")
    return found


def _parts(text: str) -> list[str | Placeholder]:
    parts: list[str | Placeholder] = []
    end = 0
    for found in _PARTS.finditer(text):
        parts.append(text[end : found.start()])
        end = found.end()
        if found[0] in {"{{", "}}"}:
            parts.append(found[0][0])
        elif found[1] is None:
            raise TemplateError(f"a {found[0]!r} by itself; write {found[0] * 2!r} for the letter")
        else:
            parts.append(_placeholder(found[1]))
    parts.append(text[end:])
    return [part for part in parts if part != ""]


def _placeholder(text: str) -> Placeholder:
    name, _, rest = text.partition(":")
    if name in WORDS:
        if rest:
            raise TemplateError(f"{{{name}}} is a word: it has neither unit nor form")
        return Placeholder(name=name)
    if name not in NUMBERS:
        known = ", ".join((*WORDS, *NUMBERS))
        raise TemplateError(f"there is no placeholder {name!r}; there are {known}")
    unit, _, form = rest.rpartition(":")
    if NUMBERS[name] is not Unit.COUNT and not unit:
        raise TemplateError(f"{{{name}}} is a number: say its unit and form, as {{amplitude:mA:.1f}}")
    read = _FORM.fullmatch(form)
    if read is None or (read["kind"] != "f" and read["decimals"]) or (read["kind"] == "f" and not read["decimals"]):
        raise TemplateError(f"{form!r} is no form of a number; write 'd', '.1f', '05.1f', '04d', 'x' or 'X'")
    return Placeholder(
        name=name,
        unit=unit_of(name, unit),
        decimals=int(read["decimals"] or 0),
        width=int(read["width"] or 0),
        zero=bool(read["zero"]),
        base=10 if read["kind"] in "df" else 16,
        capitals=read["kind"] == "X",
    )
