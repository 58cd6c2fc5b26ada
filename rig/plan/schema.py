"""The plan as it is written: strict, every quantity with its unit, nothing unknown let through."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rig.model.judgement import DecisionRule
from rig.model.stimulus import Polarity, Shape
from rig.plan.about import AboutPart
from rig.plan.bounds import Check, SeriesCheck
from rig.plan.case import Communication, DeviceAction, Event, Ranging
from rig.plan.supply import Supply
from rig.plan.terms import Identifier, LoadName, PackId, Range, Text, mistake
from rig.units import Unit
from rig.units.fields import Duration, Frequency, Quantity

__all__ = [
    "STIMULUS_KEYS",
    "CapturePart",
    "CasePart",
    "CeilingPart",
    "Defaults",
    "EventPart",
    "Plan",
    "Requires",
    "StimulusPart",
    "Sweep",
    "SweepKeys",
    "plan_json_schema",
]

Amplitude = Annotated[float, Quantity(Unit.AMPERE, "not negative")]
PositiveCurrent = Annotated[float, Quantity(Unit.AMPERE, "positive")]
PositiveCharge = Annotated[float, Quantity(Unit.COULOMB, "positive")]
PositiveTime = Annotated[float, Quantity(Unit.SECOND, "positive")]
Channel = Annotated[int, Field(ge=1, le=64)]

ItemT = TypeVar("ItemT")
Values = Annotated[tuple[ItemT, ...], Field(min_length=1)]

FOREVER = "forever"
_MODE = "the device's output mode, as its maker calls it; where left out, cases of one shape are one mode"
STIMULUS_KEYS = ("channel", "shape", "amplitude", "phase_duration", "interphase", "rate", "train", "polarity")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class StimulusPart(_Part):
    """What the stimulator is asked to deliver; keys left out come from the defaults or from the sweep."""

    channel: Channel | None = None
    shape: Shape | None = None
    amplitude: Amplitude | None = Field(default=None, description="of every phase, for example 20 mA")
    phase_duration: PositiveTime | None = Field(default=None, description="of every phase, for example 300 us")
    interphase: Duration | None = Field(default=None, description="rest between two phases; 0 s where left out")
    rate: Frequency | None = Field(default=None, description="pulses per second, for example 50 Hz")
    train: PositiveTime | Literal["forever"] | None = Field(
        default=None, description="how long pulses are delivered; forever: until an event or the ceiling ends it"
    )
    polarity: Polarity | None = Field(default=None, description="of the leading phase; positive where left out")


class CapturePart(_Part):
    """What is captured, and what the ranges are chosen for."""

    zero: Literal["always", "never"] | None = Field(default=None, description="a capture with the output off")
    voltage: Literal["auto"] | None = None
    current: Literal["auto"] | None = None
    ranging: Ranging | None = Field(
        default=None,
        description="scout: a pulse or two beforehand show how wide the ranges must be; expected: the settings do",
    )


class Digitizer(_Part):
    """What the bench's digitizer must offer."""

    channels: tuple[Literal["voltage", "current"], ...] = ()
    resolution: Annotated[int, Field(ge=1, le=32)] | None = Field(default=None, description="bits")


class Requires(_Part):
    """What the bench must offer; the plan is refused where it does not."""

    load: tuple[LoadName, ...] = Field(default=(), description="load positions that the plan uses")
    digitizer: Digitizer | None = None


class CeilingPart(_Part):
    """Hard limits of this plan; crossing one drops the output at once."""

    current_peak: PositiveCurrent | None = None
    charge_per_phase: PositiveCharge | None = None
    rms_current: PositiveCurrent | None = None
    dc_current: PositiveCurrent | None = Field(default=None, description="direct current, watched while it flows")
    exposure: PositiveTime | None = Field(default=None, description="longest train")


class Defaults(_Part):
    """What every case begins with."""

    stimulus: StimulusPart = StimulusPart()
    capture: CapturePart = CapturePart()
    load: LoadName | None = None
    mode: Text | None = Field(default=None, description=_MODE)


class SweepKeys(_Part):
    """Every key that may be swept, each with its list of values or its range."""

    channel: Values[Channel] | None = None
    shape: Values[Shape] | None = None
    amplitude: Values[Amplitude] | Range[Amplitude] | None = None
    phase_duration: Values[PositiveTime] | Range[PositiveTime] | None = None
    interphase: Values[Duration] | Range[Duration] | None = None
    rate: Values[Frequency] | Range[Frequency] | None = None
    train: Values[PositiveTime] | Range[PositiveTime] | None = None
    polarity: Values[Polarity] | None = None
    load: Values[LoadName] | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise mistake("expected at least one key to sweep, found none")
        return self

    def axis(self, key: str) -> tuple[Any, ...]:
        """Return the values of a swept key."""
        values = getattr(self, key)
        return values.values() if isinstance(values, Range) else values


class Sweep(SweepKeys):
    """All combinations of the swept keys, the last one written varying fastest; keys under ``zip`` vary together."""

    zip: SweepKeys | None = Field(default=None, description="keys that vary together; lists of one length")


class EventPart(_Part):
    """Something that happens while the train is running."""

    at: Duration = Field(description="time after the train was started, for example 2 s")
    load: LoadName | None = Field(default=None, description="the load that is connected instead")
    communication: Communication | None = Field(default=None, description="the line to the stimulator")
    supply: Supply | None = Field(default=None, description="what feeds the device: 26.4 V, 110 % of nominal, off, on")
    device: DeviceAction | None = Field(default=None, description="what the device is told to do")

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if len(self.model_fields_set - {"at"}) != 1:
            raise mistake("expected one thing to happen: load, communication, supply or device")
        return self

    @property
    def what(self) -> str:
        """The key that says what happens."""
        return next(iter(self.model_fields_set - {"at"}))

    def event(self, place: tuple[int, int] = (0, 0)) -> Event:
        """Return the event that is meant, and that stands at a line and column."""
        return Event(
            at=self.at,
            load=self.load,
            communication=self.communication,
            supply=self.supply,
            device=self.device,
            place=place,
        )


class CasePart(_Part):
    """One case, or with a sweep one family of cases."""

    id: Identifier
    title: Text | None = None
    mode: Text | None = Field(default=None, description=_MODE)
    traces: tuple[Text, ...] = Field(default=(), description="requirements, hazards and clauses that this case covers")
    stimulus: StimulusPart = StimulusPart()
    load: LoadName | None = Field(default=None, description="where left out: the defaults' load, or the first required")
    sweep: Sweep | None = None
    capture: CapturePart = CapturePart()
    events: tuple[EventPart, ...] = ()
    verify: Values[Check]
    series: tuple[SeriesCheck, ...] = Field(default=(), description="what is verified over all cases of the sweep")


class Plan(_Part):
    """A test plan for one stimulator."""

    plan: Identifier = Field(description="the plan's id")
    title: Text
    revision: Text
    about: AboutPart | None = Field(default=None, description="what a report says beside the cases")
    requires: Requires = Requires()
    decision_rule: DecisionRule = Field(default=DecisionRule.GUARDED, description="ILAC-G8:09/2019")
    attempts: Annotated[int, Field(ge=1, le=3)] = Field(
        default=1, description="how often a case is tried whose dialogue with an instrument breaks; never after a FAIL"
    )
    limits: tuple[PackId, ...] = Field(default=(), description="limit packs, for example iec60601-2-10:2012")
    ceiling: CeilingPart = CeilingPart()
    defaults: Defaults = Defaults()
    cases: Values[CasePart]


def plan_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a plan, for editors."""
    schema = _without_nulls(Plan.model_json_schema(mode="validation"))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Test plan"}


def _without_nulls(schema: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Take out the null that stands for "left out": a key without a value is a mistake in a plan."""
    if isinstance(schema, list):
        return [_without_nulls(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    clean = {key: _without_nulls(value) for key, value in schema.items() if (key, value) != ("default", None)}
    branches = clean.get("anyOf")
    if isinstance(branches, list) and {"type": "null"} in branches:
        branches = [branch for branch in branches if branch != {"type": "null"}]
        del clean["anyOf"]
        clean = {**branches[0], **clean} if len(branches) == 1 else {"anyOf": branches, **clean}
    return clean
