"""A run's recorded dialogues in place of its instruments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.recording import SUFFIX
from rig.errors import BenchError, Refused
from rig.evidence.plain import read_plain
from rig.twin.replay import replay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from rig.bench.definition import BenchDefinition
    from rig.twin.replay import Replayed

__all__ = ["DIALOGUES", "play_back", "recorded"]

DIALOGUES = "dialogues"


def recorded(definition: BenchDefinition, evidence: Path) -> Mapping[str, Sequence[str]]:
    """Return the lines of every dialogue of a recorded run, by instrument.

    Raises
    ------
    Refused
        if the run's dialogues were not recorded, or not those of this bench's instruments, or if the bench has a
        guard, whose process has sessions of its own
    EvidenceError
        if a dialogue is no plain file
    """
    if definition.interlock is not None:
        raise Refused(f"{definition.id} has an interlock: what its guard says to it is not recorded")
    files = {path.name.removesuffix(SUFFIX): path for path in sorted((evidence / DIALOGUES).glob(f"*{SUFFIX}"))}
    absent = sorted(set(definition.instruments) - set(files))
    if absent:
        raise Refused(f"{evidence}: no dialogue with {', '.join(absent)} was recorded; record one with --record-io")
    return {name: read_plain(path).decode("ascii", "replace").splitlines() for name, path in files.items()}


def play_back(stack: ExitStack, dialogues: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """Let recorded instruments listen until the stack is left; return their addresses.

    Leaving raises BenchError if the dialogue did not go as recorded.
    """
    replayed = stack.enter_context(replay(dialogues))
    stack.callback(_refuse_otherwise, replayed)
    return replayed.addresses


def _refuse_otherwise(replayed: Replayed) -> None:
    complaints = replayed.complaints()
    if complaints:
        raise BenchError("the dialogue did not go as recorded: " + "; ".join(complaints))
