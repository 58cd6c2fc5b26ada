"""What the maker of a device states of it for a submission, and no measurement on this bench can show."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from rig.units import Unit, format_quantity
from rig.units.fields import Voltage

__all__ = ["BasicUnit"]

Statement = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]


class BasicUnit(BaseModel):
    """The device as a whole, in the order of the FDA's guidance of 1999 (section 2); what is left out is not stated.

    The keys from ``compliance_voltage`` on are those that later lists ask for besides.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    submission: Statement | None = Field(default=None, description="510(k) number")
    power_source: Statement | None = None
    line_isolation: Statement | None = Field(default=None, description="method of isolation from the mains")
    patient_leakage_normal: Statement | None = Field(default=None, description="with the method it was measured by")
    patient_leakage_single_fault: Statement | None = None
    output_modes: Statement | None = Field(default=None, description="their number and names")
    channel_use: Statement | None = Field(default=None, description="synchronous or alternating")
    channel_isolation: Statement | None = None
    regulation: Statement | None = Field(default=None, description="regulated current or regulated voltage")
    software_control: bool | None = None
    overload_trip: bool | None = None
    no_load_trip: bool | None = None
    automatic_shut_off: bool | None = None
    patient_override: bool | None = None
    indicator_on_off: bool | None = None
    indicator_low_battery: bool | None = None
    indicator_level: bool | None = Field(default=None, description="of voltage or current")
    timer_range: Statement | None = Field(default=None, description="in minutes, for example 5 to 60 min")
    standards: Statement | None = Field(default=None, description="voluntary standards that are complied with")
    lead_connectors: Statement | None = Field(default=None, description="compliance with 21 CFR 898")
    weight: Statement | None = None
    dimensions: Statement | None = None
    housing: Statement | None = Field(default=None, description="materials and construction")
    additional_features: Statement | None = None
    compliance_voltage: Voltage | None = None
    charge_balance: Statement | None = Field(default=None, description="how a pulse's net charge is brought to zero")
    balancing_completed: bool | None = Field(default=None, description="whether a balancing phase is always completed")
    impedance_monitoring: Statement | None = None
    delivery_mode: Statement | None = None
    current_path: Statement | None = None

    def stated(self) -> dict[str, str]:
        """Return what is stated, in words, by key."""
        found = {key: value for key in type(self).model_fields if (value := getattr(self, key)) is not None}
        return {key: _in_words(value) for key, value in found.items()}


def _in_words(value: bool | float | str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else format_quantity(value, Unit.VOLT)
