"""Correction changes what samples mean, not the samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.acquisition.correct import correct
from rig.errors import AcquisitionError
from rig.model.signal_path import SignalPath
from rig.model.waveform import Waveform
from rig.units import Unit


def _path(scale: float, offset: float, unit: Unit = Unit.AMPERE) -> SignalPath:
    return SignalPath(
        signal="current" if unit is Unit.AMPERE else "voltage",
        unit=unit,
        scale=scale,
        offset_correction=offset,
        gain=1e-3,
        offset=1e-5,
        offset_drift=1e-6,
        noise=1e-5,
        resolution=1e-6,
        timebase=1e-5,
        bandwidth=1e6,
    )


@given(scale=st.floats(1e-3, 10.0), offset=st.floats(-1.0, 1.0), gain=st.floats(1e-6, 1e-2))
def test_current_is_voltage_times_scale_plus_offset(scale: float, offset: float, gain: float) -> None:
    codes = np.array([-100, 0, 250], dtype=np.int16)
    read = Waveform(samples=codes, interval=1e-6, unit=Unit.VOLT, source="daq:ai0", gain=gain, offset=0.25)
    current = correct(read, _path(scale, offset))
    assert current.unit is Unit.AMPERE
    assert current.values() == pytest.approx(read.values() * scale + offset, rel=1e-9, abs=1e-12)
    assert np.shares_memory(current.samples, codes)
    assert current.samples.dtype == np.int16
    assert "current" in current.history[-1]


def test_what_is_corrected_already_is_refused() -> None:
    read = Waveform(samples=np.zeros(3), interval=1e-6, unit=Unit.VOLT, source="scope:1")
    for unit in (Unit.AMPERE, Unit.VOLT):
        once = correct(read, _path(0.1, 0.0, unit))
        with pytest.raises(AcquisitionError, match="not a reading in V"):
            correct(once, _path(0.1, 0.0, unit))
