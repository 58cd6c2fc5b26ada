"""``rig run``: a pytest session with the rig's own voice and exit codes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from rig.errors import RigError
from rig.harness.progress import Progress
from rig.harness.session import KEEPER, RUN
from rig.verdict.aggregate import exit_code

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["run_plans"]

_REFUSED = 2
_ABORTED = 4
_BROKEN = 3


class _Outcome:
    """Remembers the session's run after pytest has let go of it."""

    def __init__(self) -> None:
        self.config: pytest.Config | None = None

    def pytest_configure(self, config: pytest.Config) -> None:
        self.config = config


def run_plans(plans: Sequence[Path], options: Sequence[str], *, pdf: bool = False) -> int:
    """Run plans through pytest and return the exit code of ``rig run``; with ``pdf`` also set the report on paper.

    0 all passed · 1 a FAIL · 2 refused · 3 nothing failed but something is undecided · 4 aborted.
    """
    missing = [str(plan) for plan in plans if not plan.exists()]
    if missing:
        sys.stderr.write(f"no such plan or folder: {', '.join(missing)}\n")
        return _REFUSED
    outcome, progress = _Outcome(), Progress(Console(soft_wrap=True))
    # Warnings of libraries are shown but do not change a verdict; the test-suite of the rig itself is stricter.
    arguments = ["-p", "rig.harness.plugin", "-p", "no:randomly", "-W", "default", *options, *map(str, plans)]
    code = pytest.main(arguments, plugins=[outcome, progress])
    run = outcome.config.stash.get(RUN, None) if outcome.config is not None else None
    if run is None or run.record is None:
        return _without_run(code, progress)
    progress.close(run, outcome.config.stash[KEEPER].trouble if outcome.config is not None else "")
    if pdf:
        progress.say(_on_paper(run.bundle.folder))
    code = exit_code((record.verdict for record in run.record.decisive), end=run.record.end_reason)
    return code if run.sealed else code or _BROKEN


def _on_paper(bundle: Path) -> str:
    """Render the PDF beside sealed evidence; what keeps it from being rendered changes no verdict."""
    from rig.harness.rendering import render_paper  # noqa: PLC0415 - not needed for a run without it

    try:
        return f"PDF:    {render_paper(bundle)}"
    except RigError as error:
        return f"there is no PDF: {error}"


def _without_run(code: int, progress: Progress) -> int:
    """Say what kept a run from beginning; pytest itself has named the mistakes of its own command line."""
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        progress.say("no case was selected: nothing was run")
    if code == pytest.ExitCode.INTERRUPTED and not progress.mistakes:
        return _ABORTED
    return _BROKEN if code == pytest.ExitCode.INTERNAL_ERROR else _REFUSED
