"""How numbers, limits, settings and rules are written for a reader, in the field's own letters."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from rig.evidence.record import LimitEntry, LoadEntry, StimulusEntry
from rig.model.judgement import DecisionRule
from rig.model.limit import Confidence, Statistic
from rig.units import Unit, format_quantity, format_result

__all__ = [
    "MISSING",
    "RULES",
    "RuleText",
    "caution",
    "clause",
    "limit",
    "load",
    "moment",
    "named",
    "pieces",
    "probability",
    "prose",
    "quantity",
    "result",
    "rounded",
    "signed",
    "span",
    "stimulus",
    "typeset",
    "utc",
    "visible",
    "words",
]

MISSING = "–"
_THIN = "\u202f"  # narrow no-break space: a value never leaves its unit at the end of a line
_INLINE = re.compile(r"(?<=\d) ([pnumkMG]?)(ohm|A|V|s|Hz|C|J|F|W|cm2|m2)(/cm2|/m2)?(?![\w/])")
_IDENTIFIER = re.compile(r"(?<![\w/.\\-])[a-z]+(?:_[a-z0-9]+)+(?![\w/\\\[-]|\.\w)")
_UNIT = re.compile(r"[a-zA-Z%][a-zA-Z0-9/%]*")
# Controls, soft hyphen, zero-width and direction marks, line separators, lone surrogates, tags.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
# A number below the first that needs more places than the second is written with a power of ten.
_SMALL, _PLACES = Decimal("1e-3"), 6
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_DIGITS = 6  # enough for any limit a person writes, few enough to hide the binary tail
_CERTAIN = 0.999
_HOUR, _MINUTE = 3600, 60


def visible(text: str) -> str:
    """Show control and direction-changing characters as code points, so that no text can disguise itself.

    >>> visible("P24" + chr(0) + " A")
    'P24⟨U+0000⟩ A'
    """
    return _HIDDEN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def typeset(text: str) -> str:
    """Write a formatted quantity with its proper letters and spaces that do not break.

    >>> typeset("-20.01 ± 0.15 uA") == "−20.01\u202f±\u202f0.15\u202fµA"
    True
    """
    head, gap, symbol = text.rpartition(" ")
    if gap and _UNIT.fullmatch(symbol):
        symbol = symbol.replace("ohm", "Ω").replace("m2", "m²")
        text = f"{head} {'µ' + symbol[1:] if symbol.startswith('u') else symbol}"
    return re.sub(r"-(?=\d)", "−", text).replace(" ", _THIN)


def prose(text: str) -> str:
    """Write the quantities inside a sentence as ``typeset`` writes them alone.

    >>> prose("at most 20 uA into 500 ohm") == "at most 20\u202fµA into 500\u202fΩ"
    True
    """

    def proper(match: re.Match[str]) -> str:
        prefix, unit, per = match.group(1).replace("u", "µ"), match[2].replace("ohm", "Ω"), match[3] or ""
        return f"{_THIN}{prefix}{unit}{per}".replace("m2", "m²")

    return _INLINE.sub(proper, text)


def quantity(value: float | None, unit: Unit, *, digits: int = _DIGITS) -> str:
    """Write one value without uncertainty, to at most ``digits`` significant digits."""
    if value is None:
        return MISSING
    # Rounded before the prefix is chosen, or 0.9996 Hz would be "1000 mHz".
    return _written(format_quantity(float(f"{value:.{digits}g}"), unit, digits=digits))


def result(value: float | None, uncertainty: float | None, unit: Unit) -> str:
    """Write ``value ± U``; a count that is exact is written bare."""
    if value is None:
        return MISSING
    if uncertainty is None or (uncertainty == 0 and unit is Unit.COUNT):
        return quantity(value, unit)
    return _written(format_result(value, uncertainty, unit))


def rounded(value: float | None, uncertainty: float | None, unit: Unit) -> str:
    """Write a value alone, rounded to the place that its uncertainty allows."""
    if value is None or not uncertainty:
        return quantity(value, unit)
    number, _, rest = format_result(value, uncertainty, unit).partition(" ± ")
    return _written(f"{number} {rest.partition(' ')[2]}".rstrip())


def _written(text: str) -> str:
    """Typeset a formatted quantity; what would begin with many zeros, with a power of ten."""
    head, gap, symbol = text.rpartition(" ")
    if not (gap and _UNIT.fullmatch(symbol)):
        head, gap, symbol = text, "", ""
    try:
        numbers = [Decimal(one) for one in head.split(" ± ")]
    except InvalidOperation:  # a ratio of numbers that no quantity has
        return typeset(text)
    largest = max(map(abs, numbers)) if all(one.is_finite() for one in numbers) else Decimal(0)
    if not 0 < largest < _SMALL or len(head.rpartition(".")[2]) <= _PLACES:
        return typeset(text)
    power = largest.adjusted()
    digits = " ± ".join(f"{one.scaleb(-power):f}" for one in numbers)
    shown = f"({digits})" if len(numbers) > 1 else digits
    return typeset(f"{shown}×10{str(power).translate(_RAISED)}{gap}{symbol}")


def signed(value: float | None, unit: Unit) -> str:
    """Write a margin to three digits with its sign: plus is inside, minus outside."""
    text = quantity(value, unit, digits=3)
    return f"+{text}" if value is not None and value > 0 else text


def probability(value: float | None) -> str:
    """Write a probability of conformity; the ends are never written as certain."""
    if value is None:
        return MISSING
    if value > _CERTAIN:
        return f">{_THIN}99.9{_THIN}%"
    return f"<{_THIN}0.1{_THIN}%" if value < 1 - _CERTAIN else f"{value * 100:.1f}{_THIN}%"


def limit(entry: LimitEntry) -> str:
    """Write the interval of a limit: ``18 to 22 mA``, ``≤ 50 mA``, ``±0.5 µC``."""
    low, high, unit = entry.lower, entry.upper, entry.unit
    if low is not None and high is not None:
        return _between(entry, low, high)
    if high is not None:
        return _sign("<", entry.upper_closed) + quantity(high, unit)
    if low is not None:
        return _sign(">", entry.lower_closed) + quantity(low, unit)
    return "any value"


def _between(entry: LimitEntry, low: float, high: float) -> str:
    lower, upper = quantity(low, entry.unit), quantity(high, entry.unit)
    if low == high:
        return f"={_THIN}{upper}"
    if not (entry.lower_closed and entry.upper_closed):
        return f"{_sign('>', entry.lower_closed)}{lower} and {_sign('<', entry.upper_closed)}{upper}"
    if low == -high:
        return f"±{upper}"
    number, _, symbol = lower.partition(_THIN)
    return f"{number if upper.endswith(_THIN + symbol) else lower} to {upper}"


def _sign(sign: str, closed: bool) -> str:
    return ({"<": "≤", ">": "≥"}[sign] if closed else sign) + _THIN


def clause(entry: LimitEntry) -> str:
    """Write limit pack and clause of a limit, or that it is the plan's own."""
    published = entry.clause or entry.edition
    return ", ".join(part for part in (entry.source, entry.clause) if part) if published else "plan"


def caution(entry: LimitEntry) -> str:
    """Return what a reader must know of a limit: that we are not sure of it, or that it was waived; or nothing."""
    unsure = "" if entry.confidence is Confidence.SURE else "verify against the purchased standard"
    waived = f"waived, if this bench cannot decide it: {entry.waiver}" if entry.waiver else ""
    return "; ".join(filter(None, (unsure, waived)))


def pieces(statistic: Statistic) -> str:
    """Say what a limit binds."""
    return {Statistic.EACH: "every single item", Statistic.MEAN: "mean of the items"}[statistic]


def stimulus(entry: StimulusEntry) -> str:
    """Write a setting in one line."""
    parts = [
        quantity(entry.amplitude, Unit.AMPERE),
        f"{quantity(entry.phase_duration, Unit.SECOND)} per phase",
        f"{quantity(entry.interphase, Unit.SECOND)} interphase" if entry.interphase else "",
        quantity(entry.rate, Unit.HERTZ),
        f"{quantity(entry.train, Unit.SECOND)} train",
        f"{words(entry.shape)}, {entry.polarity} first",
        f"channel {entry.channel}",
    ]
    return " · ".join(part for part in parts if part)


def load(entry: LoadEntry | None) -> str:
    """Write a load: its nominal value and what it was measured to be (k = 1 in the record, U with k = 2 here)."""
    if entry is None:
        return MISSING
    name = typeset(entry.name)
    if entry.resistance is None:
        return name
    return f"{name} ({result(entry.resistance, 2 * entry.uncertainty, Unit.OHM)})"


def moment(value: datetime | None) -> str:
    """Write a moment in UTC, to the second."""
    if value is None:
        return MISSING
    return f"{utc(value):%Y-%m-%d %H:%M:%S} UTC"


def utc(value: datetime) -> datetime:
    """Return a moment in UTC; one at the end of all time, whose UTC no calendar has, as it is written."""
    if value.tzinfo is not None:
        with suppress(OverflowError):
            return value.astimezone(UTC)
    return value.replace(tzinfo=UTC)


def span(seconds: float | None) -> str:
    """Write how long something took."""
    if seconds is None:
        return MISSING
    if seconds < _MINUTE:
        return f"{seconds:.1f}{_THIN}s"
    hours, rest = divmod(round(seconds), _HOUR)
    minutes, left = divmod(rest, _MINUTE)
    return f"{hours}{_THIN}h {minutes}{_THIN}min" if hours else f"{minutes}{_THIN}min {left}{_THIN}s"


def named(sentence: str) -> str:
    """Write the identifiers in a sentence of the rig's own as words; what may be part of a path or of a case stays.

    >>> named("net_charge of balance_x[20] in my_plan.yaml lies above")
    'net charge of balance_x[20] in my_plan.yaml lies above'
    """
    return _IDENTIFIER.sub(lambda match: words(match[0]), sentence)


def words(name: str) -> str:
    """Write an identifier as words: ``phase_top`` is ``phase top``."""
    return name.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleText:
    """A decision rule in words: its name, what it does, and the risk it leaves."""

    title: str
    text: str
    risk: str


RULES = {
    DecisionRule.SIMPLE: RuleText(
        title="Simple acceptance (ILAC-G8:09/2019, 4.2.1)",
        text="A value within its limit passes, a value beyond it fails; the uncertainty is stated, not deducted.",
        risk="The true value of an accepted result may lie beyond the limit with a probability of up to 50 %, "
        "at the limit itself; so may that of a rejected result lie within it.",
    ),
    DecisionRule.GUARDED: RuleText(
        title="Binary with guard band w = U (ILAC-G8:09/2019, 4.2.2)",
        text="A value passes only if it lies inside its limit by at least its own expanded uncertainty U (95 %); "
        "any other value fails.",
        risk="The true value of an accepted result lies beyond the limit with a probability of at most 2.5 %. "
        "A result that fails inside the limit may come from a conforming device.",
    ),
    DecisionRule.NON_BINARY: RuleText(
        title="Non-binary with guard band w = U (ILAC-G8:09/2019, 4.2.3)",
        text="PASS inside the limit by at least U (95 %); CONDITIONAL PASS from there to the limit; "
        "CONDITIONAL FAIL beyond the limit by no more than U; FAIL beyond that.",
        risk="The true value behind a PASS lies beyond the limit, and that behind a FAIL within it, with a "
        "probability of at most 2.5 %; for conditional verdicts that probability is up to 50 %.",
    ),
}
