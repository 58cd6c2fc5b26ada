"""Tells whoever listens what is said on a line; costs next to nothing while nobody does.

It goes through Python's logging, so that no driver has to pass anything on.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rig.model.dialogue import Exchange, Said

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DIALOGUE", "listening", "tell"]

DIALOGUE = "rig.dialogue"
_LOG = logging.getLogger(DIALOGUE)


def listening() -> bool:
    """Whether anybody wants to hear: for what is not at hand as bytes."""
    return _LOG.isEnabledFor(logging.DEBUG)


def tell(
    instrument: str, said: Said, data: bytes = b"", *, name: str = "", details: Iterable[tuple[str, str]] = ()
) -> None:
    """Tell of one exchange with an instrument, by its name in the bench file."""
    if listening():
        exchange = Exchange(said=said, data=data, name=name, details=tuple(details))
        _LOG.debug("%s: %s", instrument, said, extra={"instrument": instrument, "exchange": exchange})
