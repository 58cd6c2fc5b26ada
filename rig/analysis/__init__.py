"""Pure functions from waveforms to measurements."""

from rig.analysis.baseline import Baseline
from rig.analysis.catalogue import CATALOGUE, Level, Measurand, Needs
from rig.analysis.idle import Idle, load_resistance, measure_idle
from rig.analysis.measure import Analysis, PhaseRow, PulseRow, Statistics, measure
from rig.analysis.summary import SCHEMA, assumed_path, summarise

__all__ = [
    "CATALOGUE",
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
    "assumed_path",
    "load_resistance",
    "measure",
    "measure_idle",
    "summarise",
]
