"""What may stand in the file of a load box or of a sense resistor."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from rig.bench.file_parts import Certificate, Entry, Name, Title, schema_of
from rig.units import Unit
from rig.units.fields import Capacitance, Power, Quantity, Ratio, Resistance

__all__ = ["LoadBoxFile", "Position", "ResistorFile", "loadbox_json_schema", "resistor_json_schema"]

Uncertainty = Annotated[float, Quantity(Unit.OHM, "not negative")]
CapacitanceUncertainty = Annotated[float, Quantity(Unit.FARAD, "not negative")]
Rise = Annotated[float, Quantity(Unit.KELVIN, "not negative")]

_OF_NETWORKS = ("capacitance_uncertainty", "series_resistance", "series_uncertainty")


class ResistorFile(Entry):
    """A sense resistor: calibrated value with its standard uncertainty; ``temperature_coefficient`` is per kelvin."""

    resistor: Name
    title: Title
    certificate: Certificate
    resistance: Resistance
    uncertainty: Uncertainty
    temperature_coefficient: Annotated[float, Quantity(Unit.ONE)] = 0.0
    temperature_range: Rise = 5.0
    power_rating: Power


class Position(Entry):
    """One position of a load box.

    ``resistance`` is the calibrated value with its standard ``uncertainty``; ``temperature_coefficient`` is per
    kelvin, ``temperature_rise`` at the rated power. With ``parallel_capacitance`` the load is the ``series_resistance``
    followed by resistance and capacitance in parallel, each with its standard uncertainty; its name, ``1 kohm RC``,
    states what both resistances are together.
    """

    relays: tuple[Annotated[int, Field(ge=1, le=9999)], ...] = Field(min_length=1)
    resistance: Resistance
    uncertainty: Uncertainty
    temperature_coefficient: Ratio = 0.0
    temperature_rise: Rise = 0.0
    power_rating: Power
    parallel_capacitance: Capacitance | None = None
    capacitance_uncertainty: CapacitanceUncertainty | None = None
    series_resistance: Resistance | None = None
    series_uncertainty: Uncertainty | None = None

    @model_validator(mode="after")
    def _network_is_whole(self) -> Position:
        if self.parallel_capacitance is None:
            left = [key for key in _OF_NETWORKS if getattr(self, key) is not None]
            if left:
                msg = f"'{left[0]}' belongs to a load with a 'parallel_capacitance'"
                raise ValueError(msg)
        elif self.capacitance_uncertainty is None or (self.series_resistance is None) != (
            self.series_uncertainty is None
        ):
            msg = "'capacitance_uncertainty' and 'series_uncertainty' say how well such a load is known"
            raise ValueError(msg)
        return self


class LoadBoxFile(Entry):
    """A box of load resistors; the position ``open`` needs no entry."""

    loadbox: Name
    title: Title
    certificate: Certificate
    positions: dict[str, Position] = Field(min_length=1)


def loadbox_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a load box."""
    return schema_of(LoadBoxFile, "Load box")


def resistor_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a sense resistor."""
    return schema_of(ResistorFile, "Sense resistor")
