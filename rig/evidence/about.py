"""What people say of a run in files that are read before it: its purpose, its item, its laboratory, its surroundings.

All of it is told, not measured; what was left out is empty, and a report says so.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from rig.evidence.entry import Entry, FileEntry

__all__ = [
    "AboutEntry",
    "DeviationEntry",
    "EnvironmentEntry",
    "LaboratoryEntry",
    "PhotographEntry",
    "ReadingEntry",
    "SampleEntry",
    "SettingEntry",
    "StandardEntry",
]


class StandardEntry(Entry):
    """A standard that the method follows, and where it does not."""

    name: str
    edition: str
    deviations: str = ""


class AboutEntry(Entry):
    """Why and how a plan tests: what a report must say beside its cases."""

    objective: str = ""
    customer: str = ""
    method: str = ""
    standards: tuple[StandardEntry, ...] = ()
    sampling: str = ""
    worst_case: str = ""
    acceptance: str = ""
    analysis: str = ""


class LaboratoryEntry(Entry):
    """Who tests, and where: ``location`` is where the bench stands, if not at the laboratory's address."""

    name: str
    address: str = ""
    location: str = ""


class PhotographEntry(Entry):
    """A photograph of the set-up, and what it shows."""

    caption: str
    source: FileEntry


class SampleEntry(Entry):
    """The very item that was tested. Of ``finished``, None stands for what was not said."""

    description: str = ""
    lot: str = ""
    condition: str = ""
    finished: bool | None = None
    justification: str = ""
    conditioning: str = ""
    sampled: date | None = None
    received: date | None = None
    accessories: tuple[str, ...] = ()
    battery: str = ""


class ReadingEntry(Entry):
    """One quantity of the surroundings, with expanded uncertainty (k = 2) where that was said."""

    value: float
    expanded_uncertainty: float | None = None


class EnvironmentEntry(Entry):
    """The surroundings of a run as a person stated them: temperature (°C) and relative humidity (a ratio)."""

    temperature: ReadingEntry | None = None
    humidity: ReadingEntry | None = None
    instrument: str = ""
    certificate: str = ""
    due: date | None = None
    source: FileEntry | None = None


class DeviationEntry(Entry):
    """What a person did otherwise than planned, why, and what that means for the results."""

    text: str
    cause: str = ""
    impact: str = ""


class SettingEntry(Entry):
    """How an input was set for a capture: V peak to peak at the probe's tip or at the input, its probe, its coupling.

    ``bandwidth`` is the -3 dB frequency as calibrated, or as limited in the instrument, Hz.
    """

    full_scale: float
    probe: float = 1.0
    offset: float = 0.0
    coupling: str
    bandwidth: float
    bandwidth_limited: bool = False
    reduction: Literal["normal", "high resolution", "average"] = "normal"
