"""The compiled pass held against its own source, run by the interpreter: the same bits, and no place out of bounds."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from rig.analysis.stream import Levels, feed, kernel, levels_from
from tests.analysis.synthetic import Train
from tests.analysis.test_stream import LEVELS, Codes, bits, coded, signals, stream


@pytest.fixture(scope="module")
def interpreted() -> Iterator[ModuleType]:
    """A second copy of the module whose functions are left as they are."""
    assert kernel.__file__ is not None
    specification = importlib.util.spec_from_file_location("stream_kernel_interpreted", kernel.__file__)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba, "njit", left_alone)
        specification.loader.exec_module(module)
    yield module
    del sys.modules[specification.name]


def left_alone(**_options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return lambda function: function


class Checked(np.ndarray[Any, Any]):
    """An array that has no negative places: compiled code would read somewhere else."""

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, int | np.integer) and place < 0:
            raise IndexError(place)
        return super().__getitem__(place)


def in_python(module: ModuleType, codes: Codes, levels: Levels, **more: Any) -> Any:
    """The analysis with the interpreted pass in place of the compiled one."""

    def checked(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            *others, rooms = arguments
            rooms = module.Rooms(*(array.view(Checked) for array in rooms))
            # Sums of 32 bits may come round where they are then thrown away.
            with np.errstate(over="ignore"):
                return call(*others, rooms)

        return run

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed, "scan", checked(module.scan))
        patch.setattr(feed, "finish", checked(module.finish))
        return bits(stream(codes, levels=levels, **more))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(codes=signals())
def test_machine_code_and_interpreter_agree_to_the_last_bit(interpreted: ModuleType, codes: Codes) -> None:
    more: dict[str, Any] = {"longest": 200, "batch": 16, "lead": 50, "rails": (-32768, 32767)}
    assert in_python(interpreted, codes, LEVELS, **more) == bits(stream(codes, levels=LEVELS, **more))


def test_machine_code_and_interpreter_agree_on_a_train(interpreted: ModuleType) -> None:
    codes = coded(Train(pulses=3, period=2e-3, tail=1e-3, delay=1e-3), noise=3e-6)
    levels = levels_from(codes)
    assert in_python(interpreted, codes, levels) == bits(stream(codes, levels=levels))


def test_more_runs_than_there_is_room_for_are_handed_out_in_time(interpreted: ModuleType) -> None:
    codes = np.tile(np.array([900, 900, -900, -900, -900], dtype=np.int16), 4500)
    found = stream(codes, levels=LEVELS)
    assert len(found.phases) == 9000
    assert found.unresolved == 0
    assert in_python(interpreted, codes, LEVELS) == bits(found)
