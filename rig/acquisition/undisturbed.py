"""Garbage collection while somebody watches a current: no pause grows with what the run has gathered before."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["undisturbed"]


@contextmanager
def undisturbed() -> Iterator[None]:
    """Set aside from collection all that exists by now; what is made meanwhile is collected as ever.

    A full collection goes through every object there is, and nothing else happens in that time: 80 ms in a run of one
    case, which a watch that looks every 10 ms takes longer than that to make up for. Setting aside costs nothing, and
    afterwards all is as it was.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
