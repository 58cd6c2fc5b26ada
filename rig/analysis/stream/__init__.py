"""Analysis of raw codes in one streaming pass: any length, bounded memory, the same bits for every chunking.

Importing this package loads a compiler; the rest of the rig does without it.
"""

from rig.analysis.stream.analyse import RecordFigures, SlidingRms, StreamAnalysis, analyse_stream
from rig.analysis.stream.collect import Spread
from rig.analysis.stream.levels import Levels, levels_from
from rig.analysis.stream.tables import PhaseTable, PulseTable

__all__ = [
    "Levels",
    "PhaseTable",
    "PulseTable",
    "RecordFigures",
    "SlidingRms",
    "Spread",
    "StreamAnalysis",
    "analyse_stream",
    "levels_from",
]
