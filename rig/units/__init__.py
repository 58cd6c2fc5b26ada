"""Quantities: ``"20 mA"`` at the edge, SI floats inside, and no bare number where a unit belongs."""

from rig.units.quantity import Unit, format_quantity, format_result, parse_quantity

__all__ = ["Unit", "format_quantity", "format_result", "parse_quantity"]
