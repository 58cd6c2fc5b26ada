"""A test plan: what the stimulator must do, and what may be accepted."""

from rig.plan.case import Case, Ceiling, Communication, DeviceAction, Event, Power, SupplyLevel
from rig.plan.load import LoadedPlan, load_plan
from rig.plan.measurands import MEASURANDS, Measurand
from rig.plan.schema import Plan, plan_json_schema

__all__ = [
    "MEASURANDS",
    "Case",
    "Ceiling",
    "Communication",
    "DeviceAction",
    "Event",
    "LoadedPlan",
    "Measurand",
    "Plan",
    "Power",
    "SupplyLevel",
    "load_plan",
    "plan_json_schema",
]
