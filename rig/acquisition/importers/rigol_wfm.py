"""Rigol's own waveform files, ``.wfm``, are recognised and refused: what their codes mean is not known well enough.

Programs that read them rest on comparisons with CSV exports: for the DS1000Z, for example, a division is added to the
offset, less of it with one firmware; a DHO's sample interval is taken to be counted in ticks of its model. No verdict
can be based on that, while the same instruments also save what can be.
"""

from __future__ import annotations

from typing import NoReturn

from rig.acquisition.importers.found import Opened, Told

__all__ = ["is_rigol_wfm", "refuse_rigol_wfm"]

_FAMILIES = {
    b"\xa5\xa5": "a DS1000B, DS1000E, DS2000, DS4000 or DS6000",
    b"\xa1\xa5": "a DS1000C",
    b"\x01\xff\xff\xff": "a DS1000Z",
    b"\x02\x00\x00\x00": "a DHO",
}


def is_rigol_wfm(head: bytes) -> bool:
    """Whether a file begins as those of a family do."""
    return head.startswith(tuple(_FAMILIES))


def refuse_rigol_wfm(file: Opened, _told: Told) -> NoReturn:
    """Say what to save instead.

    Raises
    ------
    UnreadableFile
        always
    """
    family = next(name for magic, name in _FAMILIES.items() if file.head.startswith(magic))
    instead = ".bin or .csv" if "DHO" in family else ".csv"
    message = f"a .wfm file of Rigol, as {family} saves it: its scale is not known for certain; save {instead} instead"
    raise file.complain(message)
