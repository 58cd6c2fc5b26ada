"""Whether an instrument is the one that the bench or device file names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.errors import IdentityMismatch

if TYPE_CHECKING:
    from rig.bench.file_parts import IdentityEntry
    from rig.model.identity import Identity

__all__ = ["check_identity"]


def check_identity(name: str, expected: IdentityEntry, reported: Identity) -> None:
    """Raise IdentityMismatch unless everything that is expected is reported; letter case of words does not count."""
    wrong = [
        f"{what} {getattr(reported, what)!r} instead of {wanted!r}"
        for what in ("manufacturer", "model", "serial", "firmware")
        if (wanted := getattr(expected, what)) is not None and wanted.casefold() != getattr(reported, what).casefold()
    ]
    if wrong:
        raise IdentityMismatch(name, "identify", f"it reports {', '.join(wrong)}")
