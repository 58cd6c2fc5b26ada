"""Pure functions from waveforms to measurements."""

from rig.analysis.baseline import Baseline
from rig.analysis.catalogue import CATALOGUE, Level, Measurand, Needs
from rig.analysis.idle import Idle, load_resistance, measure_idle
from rig.analysis.in_time import IN_TIME, measure_in_time
from rig.analysis.measure import Analysis, PhaseRow, PulseRow, Statistics, measure
from rig.analysis.stretches import Stretch, cut, load_stretches
from rig.analysis.summary import SCHEMA, assumed_path, summarise

__all__ = [
    "CATALOGUE",
    "IN_TIME",
    "SCHEMA",
    "Analysis",
    "Baseline",
    "Idle",
    "Level",
    "Measurand",
    "Needs",
    "PhaseRow",
    "PulseRow",
    "Statistics",
    "Stretch",
    "assumed_path",
    "cut",
    "load_resistance",
    "load_stretches",
    "measure",
    "measure_idle",
    "measure_in_time",
    "summarise",
]
