"""What one pytest session keeps for the rig: its run, and what is raised for a case that did not pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from rig.evidence.record import CaseRecord
    from rig.harness.keeping import Keeper
    from rig.sequencer.run import Run

__all__ = ["KEEPER", "RUN", "CaseFailed", "CaseNotPassed", "CaseUndecided", "ScriptStopped", "current_run"]

RUN: pytest.StashKey[Run] = pytest.StashKey()
KEEPER: pytest.StashKey[Keeper] = pytest.StashKey()


class CaseNotPassed(Exception):
    """A case ended with anything but PASS; raised only towards pytest."""

    def __init__(self, record: CaseRecord, evidence: str) -> None:
        self.record, self.evidence = record, evidence
        super().__init__(f"{record.verdict}: {record.reason or record.id}")

    @staticmethod
    def of(record: CaseRecord, evidence: str) -> CaseNotPassed:
        """Return the kind that reporters count as a failure, or the kind that they count as broken."""
        return (CaseFailed if record.verdict.failed else CaseUndecided)(record, evidence)


class CaseFailed(CaseNotPassed, AssertionError):
    """The device was measured to lie beyond a limit."""


class CaseUndecided(CaseNotPassed):
    """Nothing was decided: inconclusive, error or aborted."""


class ScriptStopped(Exception):
    """A test in Python ended itself by ``pytest.fail`` or ``pytest.skip``; on record that is an ERROR."""


def current_run(config: pytest.Config) -> Run:
    """Return the session's run."""
    run = config.stash.get(RUN, None)
    if run is None:
        raise pytest.UsageError("no run has been started: the bench is not open")
    return run
