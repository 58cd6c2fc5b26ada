"""Text to SI and back, exactly: numbers are decimal until the last step, unit factors come from pint."""

from __future__ import annotations

import math
import re
from decimal import Decimal, localcontext
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from rig.errors import UnitError

if TYPE_CHECKING:
    import pint

__all__ = ["Unit", "example_of", "format_quantity", "format_result", "parse_quantity"]


class Unit(StrEnum):
    """The units used inside, all SI; COUNT is for whole numbers of things, ONE for ratios, NUMBER for plain numbers."""

    AMPERE = "A"
    VOLT = "V"
    SECOND = "s"
    HERTZ = "Hz"
    COULOMB = "C"
    JOULE = "J"
    OHM = "ohm"
    FARAD = "F"
    WATT = "W"
    KELVIN = "K"
    SQUARE_METRE = "m2"
    AMPERE_PER_SQUARE_METRE = "A/m2"
    WATT_PER_SQUARE_METRE = "W/m2"
    COULOMB_PER_SQUARE_METRE = "C/m2"
    ONE = "1"
    COUNT = "count"
    NUMBER = "number"


# Only what belongs on this bench: "3 furlongs" is a mistake, and start-up stays fast.
_DEFINITIONS = """
micro- = 1e-6 = µ- = μ- = u-
nano- = 1e-9 = n-
pico- = 1e-12 = p-
milli- = 1e-3 = m-
centi- = 1e-2 = c-
kilo- = 1e3 = k-
mega- = 1e6 = M-
giga- = 1e9 = G-
meter = [length] = m
second = [time] = s
ampere = [current] = A
kilogram = [mass] = kg
kelvin = [temperature] = K
hertz = 1 / second = Hz
coulomb = ampere * second = C
joule = kilogram * meter ** 2 / second ** 2 = J
watt = joule / second = W
volt = joule / coulomb = V
ohm = volt / ampere = Ω
farad = coulomb / volt = F
minute = 60 * second = min
hour = 60 * minute = h
percent = 0.01 = %
ppm = 1e-6
"""

_EXAMPLES = {
    Unit.AMPERE: "20 mA",
    Unit.VOLT: "5 V",
    Unit.SECOND: "300 us",
    Unit.HERTZ: "50 Hz",
    Unit.COULOMB: "0.5 uC",
    Unit.JOULE: "300 mJ",
    Unit.OHM: "500 ohm",
    Unit.FARAD: "100 nF",
    Unit.WATT: "5 W",
    Unit.KELVIN: "2 K",
    Unit.SQUARE_METRE: "25 cm2",
    Unit.AMPERE_PER_SQUARE_METRE: "2 mA/cm2",
    Unit.WATT_PER_SQUARE_METRE: "0.25 W/cm2",
    Unit.COULOMB_PER_SQUARE_METRE: "30 uC/cm2",
    Unit.ONE: "2 %",
    Unit.COUNT: "3",
    Unit.NUMBER: "1.75",
}

# What nearly every file is written in; pint, which knows the rest, takes 0.4 s to load. A test holds these against it.
_POWERS = {"": 0, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6}
_PREFIXED = (
    Unit.AMPERE,
    Unit.VOLT,
    Unit.SECOND,
    Unit.HERTZ,
    Unit.COULOMB,
    Unit.JOULE,
    Unit.OHM,
    Unit.FARAD,
    Unit.WATT,
    Unit.KELVIN,
)
_COMMON = {
    **{
        prefix + unit.value: (unit, Decimal(1).scaleb(power)) for unit in _PREFIXED for prefix, power in _POWERS.items()
    },
    "%": (Unit.ONE, Decimal("1E-2")),
    "ppm": (Unit.ONE, Decimal("1E-6")),
    "cm2": (Unit.SQUARE_METRE, Decimal("1E-4")),
    "mA/cm2": (Unit.AMPERE_PER_SQUARE_METRE, Decimal("1E+1")),
    "W/cm2": (Unit.WATT_PER_SQUARE_METRE, Decimal("1E+4")),
}

# Written without a unit.
_BARE = frozenset({Unit.COUNT, Unit.NUMBER})

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S.*)?", re.ASCII)
_SYMBOLS = re.compile(r"[A-Za-zµμΩ%][A-Za-zµμΩ%0-9*/^·² ]*")


@cache
def _registry() -> pint.UnitRegistry[Decimal]:
    from pint import UnitRegistry  # noqa: PLC0415 - pint is imported only when the first quantity is read

    registry: Any = UnitRegistry(None, non_int_type=Decimal, cache_folder=None)
    registry.load_definitions(_DEFINITIONS.strip().splitlines())
    return registry  # type: ignore[no-any-return]


def _pint_name(symbol: str) -> str:
    """Spell a unit as pint reads it: ``cm2`` and ``cm²`` are ``cm**2``, ``%`` is ``percent``."""
    name = symbol.replace("²", "2").replace("^", "").replace("·", "*").replace("%", "percent")
    return re.sub(r"(?<=[A-Za-z])([23])\b", r"**\1", name)


@cache
def _factor(symbol: str, unit: Unit) -> Decimal:
    """Return how many ``unit`` one ``symbol`` is, or raise UnitError."""
    wrong = f"{symbol!r} is not a unit of {_meaning(unit)}; write for example {_EXAMPLES[unit]!r}"
    if unit in _BARE or not _SYMBOLS.fullmatch(symbol):
        raise UnitError(wrong)
    meant, factor = _COMMON.get(symbol, (unit, None))
    if meant is not unit:
        raise UnitError(wrong)
    return _looked_up(symbol, unit, wrong) if factor is None else factor


def _looked_up(symbol: str, unit: Unit, wrong: str) -> Decimal:
    """Return the same from pint, for any unit it knows."""
    try:
        registry = _registry()
        target = "dimensionless" if unit is Unit.ONE else _pint_name(unit.value)
        with localcontext() as context:
            context.prec = 28
            quantity: Any = registry.Quantity(Decimal(1), _pint_name(symbol))
            return Decimal(quantity.to(target).magnitude).normalize()
    except Exception as error:  # pint raises many types, among them AttributeError and its own parser's
        raise UnitError(wrong) from error


def _meaning(unit: Unit) -> str:
    name = unit.name.lower().replace("_", " ")
    return {Unit.ONE: "a ratio", Unit.COUNT: "a whole number", Unit.NUMBER: "a plain number"}.get(unit, name)


def example_of(unit: Unit) -> str:
    """Return a quantity of that unit as it could be written, for messages."""
    return _EXAMPLES[unit]


@cache
def parse_quantity(text: str, unit: Unit) -> float:
    """Read ``text`` as a finite quantity of ``unit``'s dimension and return its SI value.

    Raises
    ------
    UnitError
        if there is no number, no unit, an unknown unit, or a unit of another dimension; the message says which.

    Examples
    --------
    >>> parse_quantity("20 mA", Unit.AMPERE)
    0.02
    >>> parse_quantity("2 mA/cm2", Unit.AMPERE_PER_SQUARE_METRE)
    20.0
    """
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        msg = f"{text!r} is not a quantity; write for example {_EXAMPLES[unit]!r}"
        raise UnitError(msg)
    number, symbol = match.groups()
    if symbol is None:
        if unit not in _BARE:
            msg = f"{text!r} has no unit; write for example {_EXAMPLES[unit]!r}"
            raise UnitError(msg)
        value = float(number)
        if unit is Unit.COUNT and not value.is_integer():
            msg = f"{text!r} is not a whole number"
            raise UnitError(msg)
    else:
        with localcontext() as context:
            context.prec = 40
            value = float(Decimal(number) * _factor(symbol.strip(), unit))
    if not math.isfinite(value):
        msg = f"{text!r} is too large to be meant"
        raise UnitError(msg)
    return value


_PREFIXES = {-12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
# Units shown otherwise than stored: the field speaks of mA/cm² and of percent.
_SHOWN_AS = {
    Unit.AMPERE_PER_SQUARE_METRE: ("mA/cm2", Decimal("0.1")),
    Unit.WATT_PER_SQUARE_METRE: ("W/cm2", Decimal("1e-4")),
    Unit.COULOMB_PER_SQUARE_METRE: ("uC/cm2", Decimal(100)),
    Unit.SQUARE_METRE: ("cm2", Decimal(10000)),
    Unit.ONE: ("%", Decimal(100)),
}


def _scale(value: float, unit: Unit) -> tuple[str, Decimal]:
    """Return the unit symbol that suits the value, and the factor from SI to it."""
    if unit in _SHOWN_AS:
        return _SHOWN_AS[unit]
    if unit in _BARE:
        return "", Decimal(1)
    exponent = 0 if value == 0 else math.floor(Decimal(repr(abs(value))).adjusted() / 3) * 3
    exponent = min(max(exponent, -12), 9)
    if unit in {Unit.SECOND, Unit.KELVIN}:
        exponent = min(exponent, 0)
    return f"{_PREFIXES[exponent]}{unit.value}", Decimal(1).scaleb(-exponent)


def format_quantity(value: float, unit: Unit, *, digits: int | None = None) -> str:
    """Write an SI value as the field writes it; without ``digits`` it reads back to exactly the same float.

    >>> format_quantity(0.0003, Unit.SECOND)
    '300 us'
    """
    if not math.isfinite(value):
        return f"{value}" if unit in _BARE else f"{value} {unit.value}"
    symbol, factor = _scale(value, unit)
    with localcontext() as context:
        context.prec = 60
        shown = Decimal(repr(value)) * factor
        if digits is not None and shown != 0:
            shown = shown.quantize(Decimal(1).scaleb(shown.adjusted() - digits + 1))
    return f"{_plain(shown)} {symbol}".rstrip()


def format_result(value: float, uncertainty: float, unit: Unit) -> str:
    """Write ``value ± U`` in one unit, U to two significant digits and the value to the same place (GUM 7.2.6).

    >>> format_result(0.0200123, 0.00015, Unit.AMPERE)
    '20.01 ± 0.15 mA'
    """
    if not (math.isfinite(value) and math.isfinite(uncertainty)):
        return f"{value} ± {uncertainty} {unit.value}"
    symbol, factor = _scale(max(abs(value), uncertainty), unit)
    shown, half_width = Decimal(repr(value)) * factor, Decimal(repr(uncertainty)) * factor
    if half_width == 0:
        return f"{_plain(shown)} ± 0 {symbol}".rstrip()
    with localcontext() as context:
        context.prec = max(60, shown.adjusted() - half_width.adjusted() + 4)
        place = Decimal(1).scaleb(half_width.adjusted() - 1)
        half_width = half_width.quantize(place)
        shown = shown.quantize(place)
    return f"{shown:f} ± {half_width:f} {symbol}".rstrip()


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
