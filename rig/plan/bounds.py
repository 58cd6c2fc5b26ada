"""What ``verify`` may hold: one check per line, each measurand with the bounds that suit its unit."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from rig.model.limit import Statistic
from rig.plan.measurands import MEASURANDS, Measurand
from rig.plan.series import SERIES_MEASURANDS
from rig.plan.terms import LoadName, Text, mistake
from rig.plan.tolerance import Level, LevelField, Within, WithinField
from rig.units import Unit

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


def _forms(measurand: Measurand) -> dict[str, Any]:
    """Return the bounds that make sense for a measurand, as pydantic field definitions."""
    has_set = measurand.set_value is not None
    size = Annotated[Level, LevelField(unit=measurand.unit, has_set=has_set)]
    edge = Annotated[Level, LevelField(unit=measurand.unit, has_set=has_set, positive=not measurand.signed)]
    forms: dict[str, Any] = {}
    if measurand.unit is Unit.COUNT:
        forms["equals"] = (size, _given("exactly this number"))
    else:
        within = Annotated[Within, WithinField(unit=measurand.unit, has_set=has_set)]
        forms["within"] = (within, _given("a tolerance about the set value or another"))
    words = "at most this, in either direction" if measurand.signed else "at most this"
    forms["at_most"] = (size, _given(words))
    if not measurand.signed:
        forms["at_least"] = (size, _given("at least this"))
    forms["between"] = (tuple[edge, edge], _given("from the first to the second, both included"))
    return forms


def _given(description: str) -> Any:  # noqa: ANN401 - what pydantic calls a field
    # No default is ever read: which form was given is asked first.
    return Field(default=None, description=description)


@cache
def _bound_model(name: str) -> type[Bound]:
    if name == "polarity":
        words = Field(default=None, alias="is", description="the direction of the leading phase")
        forms: dict[str, Any] = {"is_": (Literal["positive", "negative", "set"], words)}
    else:
        forms = _forms(MEASURANDS[name])
    model = create_model(f"Bound_{name}", __base__=Bound, __doc__=f"Bounds on {name}.", **forms)
    model.forms = tuple(forms)
    return model


@cache
def _series_bound_model(name: str) -> type[SeriesBound]:
    forms = _forms(SERIES_MEASURANDS[name].measurand)
    model = create_model(f"Bound_{name}", __base__=SeriesBound, __doc__=f"Bounds on {name}.", **forms)
    model.forms = tuple(forms)
    return model


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
    **cast("dict[str, Any]", {name: (_bound_model(name), None) for name in MEASURANDS}),
)

SeriesCheck: type[_AnySeriesCheck] = create_model(
    "SeriesCheck",
    __base__=_AnySeriesCheck,
    __doc__="One measurand over all cases of a sweep with its bound, or the rules of the limit packs.",
    **cast("dict[str, Any]", {name: (_series_bound_model(name), None) for name in SERIES_MEASURANDS}),
)
