"""A capture that is clipped, gapped, untriggered, dead or too coarse is refused, wherever the defect lies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rig.acquisition.quality import Fault, inspect
from rig.model.stimulus import Shape, Stimulus
from rig.model.waveform import Waveform
from rig.units import Unit

STIMULUS = Stimulus(
    channel=1,
    shape=Shape.BIPHASIC_SYMMETRIC,
    amplitude=0.02,
    phase_duration=300e-6,
    interphase=100e-6,
    rate=50.0,
    train=1.0,
)
N = 5000


def _wave(samples: NDArray[Any], **changes: Any) -> Waveform:
    wave = Waveform(samples=samples, interval=1e-6, unit=Unit.VOLT, source="scope:1")
    return replace(wave, **changes)


def _good() -> NDArray[np.int16]:
    codes = np.random.default_rng(1).normal(0.0, 3.0, N)
    codes[1000:1300] += 8000
    codes[1400:1700] -= 8000
    return codes.astype(np.int16)


def _faults(wave: Waveform, *, triggered: bool = True, expected: Stimulus | None = STIMULUS) -> set[Fault]:
    defects = inspect(wave, triggered=triggered, expected=expected)
    assert all(defect.sentence.startswith("scope:1: ") for defect in defects)
    return {defect.fault for defect in defects if defect.forbids}


def test_a_good_capture_has_no_defect() -> None:
    assert inspect(_wave(_good()), triggered=True, expected=STIMULUS) == ()
    assert inspect(_wave(_good().astype(np.float64)), triggered=True, expected=STIMULUS) == ()


@settings(max_examples=40)
@given(at=st.integers(0, N - 1), high=st.booleans())
def test_a_clipped_sample_is_found_wherever_it_lies(at: int, high: bool) -> None:
    codes = _good()
    codes[at] = 10_000 if high else -10_000
    assert _faults(_wave(codes, rails=(-10_000.0, 10_000.0))) == {Fault.CLIPPED}


@settings(max_examples=40)
@given(at=st.integers(0, N - 1))
def test_the_ends_of_the_code_are_rails_where_none_is_known(at: int) -> None:
    codes = _good()
    codes[at] = np.iinfo(np.int16).max
    assert _faults(_wave(codes)) == {Fault.CLIPPED}


@settings(max_examples=40)
@given(at=st.integers(0, N - 1), length=st.integers(1, 50))
def test_a_hole_is_found_wherever_it_lies_and_is_not_taken_for_clipping(at: int, length: int) -> None:
    codes = _good()
    codes[at : at + length] = 0x7FFF
    assert _faults(_wave(codes, hole=0x7FFF)) == {Fault.HOLE}


@settings(max_examples=40)
@given(at=st.integers(0, N - 1), bad=st.sampled_from([np.nan, np.inf, -np.inf, 1e300]))
def test_what_is_no_number_is_found_wherever_it_lies(at: int, bad: float) -> None:
    samples = _good().astype(np.float64)
    samples[at] = bad
    assert _faults(_wave(samples)) == {Fault.NOT_A_NUMBER}


def test_clipped_and_holed_at_once() -> None:
    codes = _good()
    codes[10] = 0x7FFF
    codes[20] = 10_000
    assert _faults(_wave(codes, hole=0x7FFF, rails=(-10_000.0, 10_000.0))) == {Fault.HOLE, Fault.CLIPPED}


@pytest.mark.parametrize("sign", [1, -1])
def test_flat_tops_of_a_noisy_record_are_clipped_though_no_rail_is_known(sign: int) -> None:
    samples = sign * np.clip(_good().astype(np.float64), -1e9, 7990.0)
    assert _faults(_wave(samples)) == {Fault.CLIPPED}


def test_flat_tops_without_noise_are_rectangles() -> None:
    samples = np.zeros(N)
    samples[1000:1300] = 1.0
    samples[1400:1700] = -1.0
    assert not _faults(_wave(samples))
    # an eight-bit oscilloscope whose noise toggles one code at rest
    codes = np.tile([128, 129], N // 2).astype(np.uint8)
    codes[1000:1300] = 220
    codes[1400:1700] = 40
    assert not _faults(_wave(codes))


def test_no_data() -> None:
    assert _faults(_wave(np.array([], dtype=np.int16))) == {Fault.NO_DATA}
    assert _faults(_wave(np.array([1, 2], dtype=np.int16))) == {Fault.NO_DATA}
    assert _faults(_wave(np.full(100, 7, dtype=np.int16), hole=7)) == {Fault.HOLE}


def test_not_triggered() -> None:
    assert _faults(_wave(_good()), triggered=False) == {Fault.NOT_TRIGGERED}


def test_a_constant_capture_is_dead_unless_it_is_a_zero() -> None:
    constant = _wave(np.full(N, 5, dtype=np.int16))
    assert _faults(constant) == {Fault.CONSTANT}
    assert not _faults(constant, expected=None)
    [defect] = inspect(constant, triggered=True, expected=None)
    assert defect.fault is Fault.CONSTANT


def test_too_coarse_or_too_short_for_the_stimulus() -> None:
    assert _faults(_wave(_good(), interval=100e-6)) == {Fault.FEW_SAMPLES}
    assert _faults(_wave(_good()[:500])) == {Fault.SHORT}
