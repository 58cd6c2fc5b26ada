"""Limit packs: a standard's limits as data, resolved for one device, one stimulus and one load; nothing is dropped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from rig.model.limit import Confidence, Limit, Statistic
from rig.units import Unit, format_quantity
from rig.verdict.applies import Applies, Situation
from rig.verdict.bounds import COUNTED, SIGNED, Bound, Share, bounded_interval, set_value

if TYPE_CHECKING:
    from rig.model.limit import Interval

__all__ = [
    "Entry",
    "Kind",
    "LimitPack",
    "NotApplicable",
    "Resolution",
    "Scope",
    "Situation",
    "limit_pack_json_schema",
    "resolve",
]

VERIFY = "verify against the purchased standard"
_FORMS = ("at_most", "at_least", "below", "above", "between", "within")
_Text = Annotated[str, Field(min_length=1)]


class Kind(StrEnum):
    """What an entry of a pack is for: to be judged, to be brought to attention, or to be reported without a limit."""

    LIMIT = "limit"
    NOTICE = "notice"
    REPORT = "report"


class Scope(StrEnum):
    """What an entry speaks of: the output in one case, or several settings together."""

    CASE = "case"
    SERIES = "series"


class Entry(BaseModel):
    """One requirement, with the place where it is written and how sure we are of it.

    A limit states one of ``at_most``, ``at_least``, ``below``, ``above`` (the last two without the value itself),
    ``between`` two values, or ``within`` a share of the set value. For a measurand with a sign ``at_most`` binds the
    magnitude. ``not_evaluated`` says why nothing can decide the entry; it is then listed, not judged. An entry with
    ``scope: series`` speaks of several settings together. ``then`` says what follows where a notice's value is passed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    clause: _Text
    title: _Text
    measurand: str = ""
    kind: Kind = Kind.LIMIT
    scope: Scope = Scope.CASE
    at_most: Bound | None = None
    at_least: Bound | None = None
    below: Bound | None = None
    above: Bound | None = None
    between: tuple[Bound, Bound] | None = None
    within: Share | None = None
    statistic: Statistic = Statistic.EACH
    applies: Applies = Applies()
    source: _Text
    confidence: Confidence
    note: str = ""
    not_evaluated: str = ""
    then: str = ""

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        forms = [form for form in _FORMS if getattr(self, form) is not None]
        if len(forms) > 1:
            raise _mistake(f"one entry states one limit, not {' and '.join(forms)}")
        if not forms and self.kind is Kind.NOTICE:
            raise _mistake("a notice needs the value from which it is given, for example 'at_most'")
        if forms and self.kind is Kind.REPORT:
            raise _mistake(f"an entry to be reported states no limit, but here is {forms[0]!r}")
        if self.kind is Kind.LIMIT and not self.not_evaluated and not (forms and self.measurand):
            raise _mistake(f"a limit needs a measurand and one of {', '.join(_FORMS)}")
        if self.within is not None and set_value(self.measurand, None) is None:
            raise _mistake(f"{self.measurand!r} has no set value, so it cannot be within a share of it")
        magnitude = self.at_most or self.below
        if self.measurand in SIGNED and magnitude is not None and magnitude.value < 0:
            raise _mistake(f"{self.measurand!r} has a sign: {forms[0]!r} binds its magnitude and cannot be negative")
        bounds = (self.at_most, self.at_least, self.below, self.above, *(self.between or ()))
        if self.measurand not in COUNTED and any(bound is not None and bound.unit is Unit.COUNT for bound in bounds):
            raise _mistake(f"{self.measurand!r} is not a count: its limit needs a unit, for example '80 mA'")
        if self.between is not None:
            lower, upper = self.between
            if lower.unit is not upper.unit or lower.value > upper.value:
                raise _mistake("'between' needs the lower and then the upper value, in units of one kind")
        return self

    @model_validator(mode="after")
    def _only_a_notice_has_consequences(self) -> Self:
        if self.then and self.kind is not Kind.NOTICE:
            raise _mistake("only a notice says what follows ('then')")
        return self

    def form(self) -> str:
        """Say the limit in words: ``at most 80 mA``; empty where none is stated."""
        if self.between is not None:
            return f"between {self.between[0]} and {self.between[1]}"
        if self.within is not None:
            return f"within {self.within} of set"
        stated = [(form, getattr(self, form)) for form in _FORMS if getattr(self, form) is not None]
        return f"{stated[0][0].replace('_', ' ')} {stated[0][1]}" if stated else ""


class LimitPack(BaseModel):
    """The limits of one edition of one document."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:+-]*$")]
    title: _Text
    edition: _Text
    entries: Annotated[tuple[Entry, ...], Field(min_length=1)]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicable:
    """An entry of a pack that is not judged in this situation, and why.

    Attributes
    ----------
    elsewhere : whether it is judged in the single cases of a series, where this is the series, or the other way round
    asks : the measurand whose value is to be stated all the same; empty where none is
    notice : the value from which notice is to be given, where the entry is one
    then : what follows where it is passed
    """

    pack: str
    clause: str
    title: str
    reason: str
    elsewhere: bool = False
    asks: str = ""
    notice: Limit | None = None
    then: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """A pack, resolved: every entry is either among the limits or among those that do not apply."""

    limits: tuple[Limit, ...]
    not_applicable: tuple[NotApplicable, ...]


def resolve(pack: LimitPack, situation: Situation) -> Resolution:
    """Return the limits of ``pack`` that bind in ``situation``, and every other entry with its reason."""
    limits: list[Limit] = []
    left_out: list[NotApplicable] = []
    for entry in pack.entries:
        reason = _why_not(entry, situation)
        if reason or entry.kind is not Kind.LIMIT:
            left_out.append(_left_out(pack, entry, situation, reason))
        else:
            limits.append(_limit(pack, entry, situation))
    return Resolution(limits=tuple(limits), not_applicable=tuple(left_out))


def _left_out(pack: LimitPack, entry: Entry, situation: Situation, reason: str) -> NotApplicable:
    plain = NotApplicable(pack=pack.id, clause=entry.clause, title=entry.title, reason=reason)
    if reason:
        return replace(plain, elsewhere=not entry.not_evaluated and _is_elsewhere(entry, situation))
    if entry.kind is Kind.REPORT:
        return replace(plain, reason="to be reported; the document sets no limit", asks=entry.measurand)
    return replace(
        plain,
        reason=f"a notice, not a limit: {entry.form()}{_how_sure(entry)}",
        asks=entry.measurand,
        notice=_limit(pack, entry, situation),
        then=entry.then,
    )


def _is_elsewhere(entry: Entry, situation: Situation) -> bool:
    return (entry.scope is Scope.SERIES) is not situation.series


def _why_not(entry: Entry, situation: Situation) -> str:
    """Return why an entry has no meaning in this situation; empty where it has one."""
    if entry.not_evaluated:
        return entry.applies.why_not(situation) or f"not evaluated: {entry.not_evaluated}"
    if _is_elsewhere(entry, situation):
        if situation.series:
            return "not evaluated here: it binds single cases; 'limits: all' under 'verify' judges it there"
        return "not evaluated here: it compares several settings; 'limits: all' under 'series' judges it over a sweep"
    return entry.applies.why_not(situation)


def _limit(pack: LimitPack, entry: Entry, situation: Situation) -> Limit:
    interval, unit = _interval(entry, situation)
    form = entry.form()
    if entry.within is not None:
        nominal = set_value(entry.measurand, situation.stimulus)
        form = f"within {entry.within} of {format_quantity(nominal.value, nominal.unit)}" if nominal else form
    return Limit(
        measurand=entry.measurand,
        interval=interval,
        unit=unit,
        text=f"{entry.title}: {form}{_how_sure(entry)}",
        source=pack.id,
        clause=entry.clause,
        edition=pack.edition,
        confidence=entry.confidence,
        statistic=entry.statistic,
    )


def _interval(entry: Entry, situation: Situation) -> tuple[Interval, Unit]:
    return bounded_interval(
        entry.measurand,
        at_most=entry.at_most,
        at_least=entry.at_least,
        below=entry.below,
        above=entry.above,
        between=entry.between,
        within=entry.within,
        stimulus=situation.stimulus,
    )


def _how_sure(entry: Entry) -> str:
    return "" if entry.confidence is Confidence.SURE else f"; {VERIFY}"


def _mistake(message: str) -> PydanticCustomError:
    kind = "limit_pack"
    return PydanticCustomError(kind, "{message}", {"message": message})


def limit_pack_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a limit pack's file."""
    schema = LimitPack.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Limit pack", **schema}
