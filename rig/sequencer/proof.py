"""The proof that the output is off: measured after every case, with the load still connected where that is possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.errors import RigError
from rig.evidence.record import OutputOffEntry
from rig.model.verdict import Verdict

if TYPE_CHECKING:
    from rig.sequencer.settings import Views
    from rig.sequencer.work import CaseWork

__all__ = ["prove_off", "unproven", "with_end"]


def prove_off(work: CaseWork, views: Views) -> OutputOffEntry:
    """Measure what still flows after a case; anything but a PASS here latches the bench.

    A current that is there is a FAIL of the device; a current that cannot be measured leaves the question open.
    With the relays open nothing could flow whatever the device does, so a resistor is connected for the proof.
    """
    try:
        work.connect_for_proof()
        residual = work.look_idle(views)
    except Exception as error:  # noqa: BLE001 - a defect of a driver proves as little as an instrument's refusal
        return unproven(error)
    return residual if residual.verdict is Verdict.PASS else _after_opening(work, views, residual)


def _after_opening(work: CaseWork, views: Views, residual: OutputOffEntry) -> OutputOffEntry:
    """Make safe, and say whether that ended the current."""
    work.guardian.trip(residual.reason)
    work.make_safe()
    try:
        ended = work.look_idle(views).verdict is Verdict.PASS
    except Exception:  # noqa: BLE001 - as above
        ended = False
    return with_end(residual, ended=ended)


def unproven(error: Exception) -> OutputOffEntry:
    """Say why nothing was measured."""
    shown = str(error) if isinstance(error, RigError) else f"{type(error).__name__}: {error}"
    return OutputOffEntry(verdict=Verdict.ERROR, reason=f"the output could not be measured to be off: {shown}")


def with_end(residual: OutputOffEntry, *, ended: bool) -> OutputOffEntry:
    """Say of a current that was still there whether opening the relays ended it."""
    tail = "opening the relays ended it" if ended else "it was NOT measured to end when the relays were opened"
    return residual.model_copy(update={"reason": f"{residual.reason}; {tail}"})
