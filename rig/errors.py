"""Every exception the rig raises, drawn as one tree.

A device that fails its limits raises nothing: FAIL is a value, these are ERRORs.

::

    RigError
    ├── UnitError                   a quantity cannot be read, or two units do not match
    ├── Refused                     asked for something that must not be attempted (exit code 2)
    │   ├── Stale                   a lease's holder is gone; only a passed self-check recovers the bench
    │   └── DocumentInvalid         a plan, bench or other file has mistakes, each with its place
    ├── BenchError                  the bench is not fit to be used
    │   ├── InstrumentError         an instrument refused, or answered something else than asked
    │   │   ├── CommunicationError  the dialogue broke: time-out, cut block, lost connection
    │   │   └── IdentityMismatch    the instrument is not the one the bench file names
    │   ├── OutputNotOff            the output was not measured to be off
    │   └── InterlockTripped        the bench latched after a safety event; it stays refused
    ├── AcquisitionError            the samples are not what was asked; carries what was achieved
    │   ├── NoTrigger               the event to capture never came
    │   ├── SamplesLost             the record has holes, or fewer samples than asked
    │   ├── StaleWaveform           the record is older than the stimulus
    │   └── UnreadableFile          a capture file is not what its name or header says
    ├── AnalysisError               the analysis was called with something it cannot mean
    ├── EvidenceError               the evidence cannot be written, or does not verify
    └── HistoryError                the results database cannot be reached, or does not take what it is given
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AcquisitionError",
    "AnalysisError",
    "BenchError",
    "CommunicationError",
    "DocumentInvalid",
    "EvidenceError",
    "HistoryError",
    "IdentityMismatch",
    "InstrumentError",
    "InterlockTripped",
    "NoTrigger",
    "OutputNotOff",
    "Problem",
    "Refused",
    "RigError",
    "SamplesLost",
    "Stale",
    "StaleWaveform",
    "UnitError",
    "UnreadableFile",
]


class RigError(Exception):
    """The root: everything the rig itself raises."""


class UnitError(RigError, ValueError):
    """A quantity cannot be read, or two units do not match."""


class Refused(RigError):
    """The rig will not attempt what was asked; nothing has been energised."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One mistake in one file, at its place; lines and columns count from 1."""

    file: str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class DocumentInvalid(Refused):
    """A plan, bench or other file has mistakes; all of them are carried, in the file's order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Stale(Refused):
    """The process that held the bench's lease is gone without giving it back; only a passed self-check recovers it."""


class BenchError(RigError):
    """The bench is not fit to be used."""


class InstrumentError(BenchError):
    """An instrument refused a command, or answered something else than was asked."""

    def __init__(self, instrument: str, command: str, reply: str) -> None:
        self.instrument, self.command, self.reply = instrument, command, reply
        super().__init__(f"{instrument}: {command!r}: {reply}" if command else f"{instrument}: {reply}")


class CommunicationError(InstrumentError):
    """The dialogue with an instrument broke; the only kind of error that may be retried."""


class IdentityMismatch(InstrumentError):
    """The instrument at this address is not the one the bench file names."""


class OutputNotOff(BenchError):
    """The stimulator's output was not measured to be off."""


class InterlockTripped(BenchError):
    """The bench latched after a safety event and refuses everything until a person rebuilds it."""


class AcquisitionError(RigError):
    """The samples are not what was asked for; ``partial`` holds what was achieved, if anything."""

    def __init__(self, message: str, *, partial: object = None) -> None:
        self.partial = partial
        super().__init__(message)


class NoTrigger(AcquisitionError):
    """The event to be captured never came."""


class SamplesLost(AcquisitionError):
    """The record has holes, or fewer samples than asked."""


class StaleWaveform(AcquisitionError):
    """The record is older than the stimulus it should show."""


class UnreadableFile(AcquisitionError):
    """A capture file is not what its name or header says."""


class AnalysisError(RigError):
    """The analysis was called with something that it cannot mean."""


class EvidenceError(RigError):
    """The evidence cannot be written, or does not verify."""


class HistoryError(RigError):
    """The results database cannot be reached, or does not take what it is given."""
