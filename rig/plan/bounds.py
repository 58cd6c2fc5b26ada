"""What ``verify`` may hold: one check per line, each measurand with the bounds that suit its unit."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from rig.model.limit import Statistic
from rig.plan.measurands import MEASURANDS, Measurand
from rig.plan.series import SERIES_MEASURANDS
from rig.plan.terms import LoadName, Text, mistake
from rig.plan.tolerance import Level, LevelField, Within, WithinField
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Bound", "Check", "SeriesBound", "SeriesCheck"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SeriesBound(_Strict):
    """One bound on one measurand over several cases; which forms there are depends on the measurand.

    Attributes
    ----------
    waiver : the reason for which an undecidable check is accepted as INCONCLUSIVE; refused where None
    traces : requirements, hazards and clauses that this check alone covers, beside those of its case
    """

    forms: ClassVar[tuple[str, ...]] = ()

    waiver: Text | None = Field(
        default=None, description="why it is accepted that this bench may not be able to decide this; goes on record"
    )
    traces: tuple[Text, ...] = Field(
        default=(), description="requirements, hazards and clauses that this check alone covers"
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = [form for form in self.forms if form in self.model_fields_set]
        if len(given) != 1:
            found = " and ".join(_shown_form(form) for form in given) or "none"
            msg = f"expected exactly one of {', '.join(map(_shown_form, self.forms))}; found {found}"
            raise mistake(msg)
        return self

    @property
    def form(self) -> str:
        """Return which form was given: ``within``, ``at_most``, ``at_least``, ``between``, ``equals`` or ``is_``."""
        return next(form for form in self.forms if form in self.model_fields_set)

    @property
    def value(self) -> Any:  # noqa: ANN401 - Within, Level, two Levels, or the name of a polarity
        """Return what the form was given."""
        return getattr(self, self.form)


_BoundT = TypeVar("_BoundT", bound=SeriesBound)


class Bound(SeriesBound):
    """One bound on one measurand of a case.

    Attributes
    ----------
    of : whether the bound binds each item (the default) or their mean
    during : the load of the stretch of the case that is meant; the whole case where None
    """

    of: Statistic = Field(default=Statistic.EACH, description="each item (the default), or their mean")
    during: LoadName | None = Field(default=None, description="only while this load is connected")


def _shown_form(form: str) -> str:
    return form.rstrip("_")


# What decides which bounds a measurand can have: its unit, whether it has a set value, and whether it has a sign.
_Kind = tuple[Unit, bool, bool]


def _kind(measurand: Measurand) -> _Kind:
    return measurand.unit, measurand.set_value is not None, measurand.signed


def _forms(kind: _Kind) -> dict[str, Any]:
    """Return the bounds that make sense for a kind of measurand, as pydantic field definitions."""
    unit, has_set, signed = kind
    size = Annotated[Level, LevelField(unit=unit, has_set=has_set)]
    edge = Annotated[Level, LevelField(unit=unit, has_set=has_set, positive=not signed)]
    forms: dict[str, Any] = {}
    if unit is Unit.COUNT:
        forms["equals"] = (size, _given("exactly this number"))
    else:
        within = Annotated[Within, WithinField(unit=unit, has_set=has_set)]
        forms["within"] = (within, _given("a tolerance about the set value or another"))
    words = "at most this, in either direction" if signed else "at most this"
    forms["at_most"] = (size, _given(words))
    if not signed:
        forms["at_least"] = (size, _given("at least this"))
    forms["between"] = (tuple[edge, edge], _given("from the first to the second, both included"))
    return forms


def _given(description: str, *, alias: str | None = None) -> Any:  # noqa: ANN401 - what pydantic calls a field
    # No default is ever read: which form was given is asked first.
    return Field(default=None, alias=alias, description=description)


# A model for every kind, not for every measurand: to build one takes a millisecond or two at every start.
@cache
def _bound_model(base: type[_BoundT], kind: _Kind) -> type[_BoundT]:
    unit, has_set, signed = kind
    forms = _forms(kind)
    name = "_".join([base.__name__, unit.name.lower(), *["set"] * has_set, *["signed"] * signed])
    model = create_model(name, __base__=base, **forms)
    model.forms = tuple(forms)
    return model


class _PolarityBound(Bound):
    """Bounds on a polarity."""

    forms: ClassVar[tuple[str, ...]] = ("is_",)

    is_: Literal["positive", "negative", "set"] = _given("the direction of the leading phase", alias="is")


def _keys(base: type[SeriesBound], measurands: Mapping[str, Measurand]) -> dict[str, Any]:
    """Return one optional key per measurand, as pydantic field definitions."""
    models = {name: _bound_model(base, _kind(one)) for name, one in measurands.items() if name != "polarity"}
    return {name: (models.get(name, _PolarityBound), None) for name in measurands}


class _AnyCheck(_Strict):
    limits: Literal["all"] | None = Field(default=None, description="every rule of the limit packs that applies")

    @model_validator(mode="after")
    def _one_measurand(self) -> Self:
        given = self.model_fields_set
        if len(given) != 1:
            found = " and ".join(name for name in type(self).model_fields if name in given) or "none"
            msg = f"expected one measurand with its bound per line; found {found}"
            raise mistake(msg)
        return self

    @property
    def measurand(self) -> str | None:
        """Return the measurand's name, None where the limit packs are meant."""
        name = next(iter(self.model_fields_set))
        return None if name == "limits" else name

    @property
    def bound(self) -> Bound:
        """Return the bound of the measurand."""
        return cast("Bound", self._given)

    @property
    def _given(self) -> object:
        return getattr(self, next(iter(self.model_fields_set)))


class _AnySeriesCheck(_AnyCheck):
    @property
    def series_bound(self) -> SeriesBound:
        """Return the bound of the measurand."""
        return cast("SeriesBound", self._given)


# One optional key per measurand, so that an editor completes the names and each unit is checked in its place.
Check: type[_AnyCheck] = create_model(
    "Check",
    __base__=_AnyCheck,
    __doc__="One measurand with its bound, or the rules of the limit packs.",
    **_keys(Bound, MEASURANDS),
)

SeriesCheck: type[_AnySeriesCheck] = create_model(
    "SeriesCheck",
    __base__=_AnySeriesCheck,
    __doc__="One measurand over all cases of a sweep with its bound, or the rules of the limit packs.",
    **_keys(SeriesBound, {name: one.measurand for name, one in SERIES_MEASURANDS.items()}),
)
