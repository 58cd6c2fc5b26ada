"""The proof that the output was off after a case, from what was captured then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rig.model.verdict import Verdict
from rig.model.waveform import Purpose
from rig.sequencer.examine import residual_current
from rig.sequencer.proof import unproven, with_end
from rig.sequencer.replay.kept import Untold

if TYPE_CHECKING:
    from rig.evidence.record import CaptureEntry, OutputOffEntry
    from rig.sequencer.replay.kept import KeptCaptures

__all__ = ["NO_PROOF", "RECORDED_OFF", "off_again"]

NO_PROOF: Final = "the record does not say whether its output was off"
RECORDED_OFF: Final = "the proof that the output was off is the record's: no capture shows it"


def off_again(captures: KeptCaptures, recorded: OutputOffEntry | None) -> tuple[OutputOffEntry, bool]:
    """Measure again what flowed after the case, and say whether that was possible; otherwise the record's word stands.

    Raises
    ------
    Untold
        if the record says nothing of it
    """
    idle = captures.of(Purpose.IDLE)
    if recorded is None:
        raise Untold(NO_PROOF)
    if recorded.verdict is Verdict.ABORTED:
        return recorded, True  # the run had ended before it could conclude anything from what flowed
    if not idle:
        return recorded, recorded.verdict is Verdict.ERROR  # nothing was captured: that is what it says
    residual = _residual(captures, idle[0])
    if recorded.verdict is Verdict.ERROR and residual.verdict is not Verdict.ERROR:
        return recorded, False
    if residual.verdict in {Verdict.PASS, Verdict.ERROR} or recorded.verdict is Verdict.PASS:
        return residual, True
    ended = len(idle) > 1 and _residual(captures, idle[1]).verdict is Verdict.PASS
    return with_end(residual, ended=ended), True


def _residual(captures: KeptCaptures, entry: CaptureEntry) -> OutputOffEntry:
    idle, zero = captures.corrected(entry), captures.zero_for(entry)
    try:
        return residual_current(idle, zero)
    except Exception as error:  # noqa: BLE001 - as in a run
        return unproven(error)
