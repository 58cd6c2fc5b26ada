"""Loaded by every process of a run that is tried, before anything else: from a moment on, something is wrong in it.

``CHAOS`` says what, and ``CHAOS_FROM`` names a file whose appearance is the moment. The rig itself knows nothing of it.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType, SimpleNamespace
from typing import Any

_WHAT, _SIGN = os.environ.get("CHAOS", ""), os.environ.get("CHAOS_FROM", "")
_JUMPS = {"clock forwards": 3600.0, "clock backwards": -3600.0}
_JUMP = _JUMPS.get(_WHAT, 0.0)
# Where the rig itself reads the wall clock, and what of it is made to fail.
_PLACES = {
    **dict.fromkeys(_JUMPS, ("rig.bench.drivers.system_clock", "SystemClock", "utc")),
    "analysis": ("rig.analysis.measure", "", "measure"),
    "live watch": ("rig.guard.watch", "Watch", "look"),
}


def _happened() -> bool:
    return os.path.exists(_SIGN)  # noqa: PTH110 - asked for at every block


def _failing(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def fail(*positional: Any, **named: Any) -> Any:
        if _happened():
            raise ZeroDivisionError("a defect that nobody has found yet")
        return original(*positional, **named)

    return fail


def _jumping(original: Callable[..., datetime]) -> Callable[..., datetime]:
    def utc(*positional: Any) -> datetime:
        return original(*positional) + timedelta(seconds=_JUMP if _happened() else 0.0)

    return utc


class _Finder(MetaPathFinder):
    """Finds one module as it is, and does something to it once it is loaded."""

    def __init__(self, module: str, spoil: Callable[[ModuleType], object]) -> None:
        self._module, self._spoil = module, spoil

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def load_and_spoil(loaded: ModuleType) -> None:
            load(loaded)
            self._spoil(loaded)

        vars(spec.loader)["exec_module"] = load_and_spoil
        return spec


def _spoil_place(loaded: ModuleType) -> None:
    _, owner, name = _PLACES[_WHAT]
    place = getattr(loaded, owner) if owner else loaded
    setattr(place, name, (_jumping if _JUMP else _failing)(getattr(place, name)))


def _leave_clock(loaded: ModuleType) -> None:
    """Let gRPC have the clock of the kernel, which its core compares with: there, nothing has jumped."""
    vars(loaded)["time"] = _unspoilt


if _WHAT:
    sys.meta_path.insert(0, _Finder(_PLACES[_WHAT][0], _spoil_place))
if _JUMP:
    _unspoilt = SimpleNamespace(**vars(time))
    time.time = lambda: _unspoilt.time() + (_JUMP if _happened() else 0.0)
    sys.meta_path[:0] = [_Finder("grpc._channel", _leave_clock), _Finder("grpc._common", _leave_clock)]
