"""A capture whose current is kept in pieces is examined, recorded and drawn as one that is held."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rig.acquisition.capture import Seen
from rig.bench.reading import load_bench
from rig.errors import AcquisitionError
from rig.evidence import mapping
from rig.evidence.long_capture import open_long_capture
from rig.evidence.store import Bundle
from rig.evidence.streaming import KeptCapture
from rig.guard.watch import HardLimits
from rig.model.load import Load
from rig.model.measurement import Measurement, NotMeasured
from rig.model.setup import DigitizerSetup
from rig.model.signal_path import SignalPath
from rig.model.waveform import Capture, Purpose, Waveform
from rig.sequencer.examine import Corrected, Findings, examine
from rig.sequencer.guarded import Unguarded
from rig.sequencer.keeping import HELD, Keeping
from rig.sequencer.live import LiveWatch
from rig.units import Unit
from tests.analysis.synthetic import Train

SENSE, LOAD, CODE = 10.0, 500.0, 2.0 / 32768
TRAIN = Train(pulses=40, tail=30e-3)
ASKED = TRAIN.stimulus()


def way(signal: str) -> SignalPath:
    current = signal == "current"
    return SignalPath(
        signal=signal,
        unit=Unit.AMPERE if current else Unit.VOLT,
        scale=1 / SENSE if current else 1.0,
        gain=1e-4,
        offset=1e-5,
        offset_drift=1e-7,
        noise=4e-6 if current else 2e-3,
        resolution=CODE / SENSE if current else 1e-3,
        timebase=1e-5,
        bandwidth=1e6,
    )


PATHS = {"voltage": way("voltage"), "current": way("current")}


def current(*, spoilt: int | None = None) -> Waveform:
    """Return the whole train as the card reads it, V across the sense resistor."""
    codes = np.rint(TRAIN.sampled(noise=3e-6) * SENSE / CODE).astype(np.int16)
    if spoilt is not None:
        codes[spoilt] = 32767
    return Waveform(
        samples=codes, interval=1e-6, unit=Unit.VOLT, source="daq:ai0", gain=CODE, rails=(-32768.0, 32767.0)
    )


def voltage() -> Waveform:
    """Return the first three pulses as the oscilloscope reads them."""
    values = replace(TRAIN, pulses=3).sampled(interval=5e-7, seed=2) * LOAD
    codes = np.rint((values + np.random.default_rng(3).normal(0.0, 2e-3, len(values))) / 1e-3).astype(np.int16)
    return Waveform(samples=codes, interval=5e-7, unit=Unit.VOLT, source="scope:1", gain=1e-3)


def zero() -> Corrected:
    quiet = np.rint(np.random.default_rng(4).normal(0.0, 0.5, 50_000)).astype(np.int16)
    ours = Waveform(samples=quiet, interval=1e-6, unit=Unit.VOLT, source="daq:ai0", gain=CODE)
    theirs = Waveform(samples=quiet, interval=5e-7, unit=Unit.VOLT, source="scope:1", gain=1e-3)
    raw = Capture(id="P.c.01-zero", purpose=Purpose.ZERO, waveforms={"current": ours, "voltage": theirs})
    return Corrected.of(raw, PATHS)


def examined(signal: Corrected) -> Findings:
    load = Load(name="500 ohm", nominal=LOAD, resistance=LOAD, uncertainty=0.1, power_rating=10.0)
    return examine(signal, zero(), stimulus=ASKED, load=load, electrode_area=25e-4)


def kept(bundle: Bundle, given: Waveform) -> KeptCapture:
    with bundle.stream_capture("P.c.02-signal", Purpose.SIGNAL, piece=300_000) as writer:
        for begin in range(0, len(given), 10_000):
            part = replace(given, samples=given.samples[begin : begin + 10_000], start=begin * given.interval)
            writer.append("current", part)
        return writer.finish()


@pytest.fixture
def held() -> Corrected:
    raw = Capture(id="P.c.02-signal", purpose=Purpose.SIGNAL, waveforms={"current": current(), "voltage": voltage()})
    return Corrected.of(raw, PATHS)


def with_voltage(capture: Any) -> Any:
    return replace(capture, waveforms={"voltage": voltage()})


def test_it_gives_the_same_findings(tmp_path: Path, held: Corrected) -> None:
    bundle = Bundle.create(tmp_path, "r")
    written = kept(bundle, current())
    with open_long_capture(bundle.folder / written.source.file) as capture:
        found = examined(Corrected.of(with_voltage(capture), PATHS))
    expected = examined(held)
    assert dict(found.outcomes) == dict(expected.outcomes)
    assert (found.defects, found.agreements, found.clipped) == (expected.defects, expected.agreements, frozenset())
    assert found.agreements
    assert isinstance(found.outcomes["load_resistance"], Measurement)


def test_a_current_too_long_to_be_held_is_measured_in_passes(
    tmp_path: Path, held: Corrected, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = Bundle.create(tmp_path, "r")
    written = kept(bundle, current())
    monkeypatch.setattr(sys.modules["rig.analysis.measure"], "HELD_AT_ONCE", len(voltage()) + 1)
    assert len(voltage()) < len(current())
    with open_long_capture(bundle.folder / written.source.file) as capture:
        found = examined(Corrected.of(with_voltage(capture), PATHS))
    monkeypatch.undo()
    expected = examined(held)
    for name in ("phase_charge", "rms_current", "phase_duration", "pulse_rate", "load_resistance", "net_charge"):
        one, other = found.outcomes[name], expected.outcomes[name]
        assert isinstance(one, Measurement)
        assert isinstance(other, Measurement)
        assert abs(one.value - other.value) <= 0.1 * other.standard_uncertainty, name
        assert one.n == other.n


def test_one_sample_at_a_rail_anywhere_forbids_judging(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, "r")
    written = kept(bundle, current(spoilt=777_777))
    with open_long_capture(bundle.folder / written.source.file) as capture:
        found = examined(Corrected.of(with_voltage(capture), PATHS))
    assert found.clipped == {"current"}
    assert isinstance(found.outcomes["phase_charge"], NotMeasured)
    assert any("clipped in 1 samples, the first at 0.777777 s" in defect for defect in found.defects)


def test_the_record_names_every_piece(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, "r")
    written = kept(bundle, current())
    with open_long_capture(bundle.folder / written.source.file) as capture:
        corrected = Corrected.of(with_voltage(capture), PATHS)
        entry = mapping.capture_entry(corrected.capture, written.source, paths=PATHS, pieces=written.pieces)
    assert entry.source.file.endswith("/capture.json")
    assert len(entry.pieces) == -(-len(current()) // 300_000)
    assert len({piece.sha256 for piece in entry.pieces}) == len(entry.pieces)
    (ours,) = [one for one in entry.waveforms if one.signal == "current"]
    assert (ours.samples, ours.unit, ours.gain) == (len(current()), Unit.AMPERE, CODE / SENSE)


def test_it_is_not_corrected_twice(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, "r")
    written = kept(bundle, current())
    with open_long_capture(bundle.folder / written.source.file) as capture:
        corrected = Corrected.of(capture, PATHS)
        with pytest.raises(AcquisitionError, match="cannot be corrected"):
            Corrected.of(corrected.capture, PATHS)


@pytest.mark.parametrize("lost", [0, 1])
def test_what_the_live_watch_saw_is_on_record_only_where_all_of_it_was_kept(tmp_path: Path, lost: int) -> None:
    keeping = Keeping(Bundle.create(tmp_path, "r"), load_bench(Path("fixtures/benches/virtual.bench.yaml").resolve()))
    given = replace(current(), samples=current().samples[:10_000])
    train = Capture(id="P.c.02-signal", purpose=Purpose.SIGNAL, waveforms={"current": given})
    setup = DigitizerSetup(channels={"ai0": 10.0}, rate=1e6, samples=50_000)
    kept = keeping.keep(Seen(capture=train, setups={"current": setup}), None)
    watch = LiveWatch(HardLimits(), way("current"), Unguarded(), stop=str, make_safe=str, now=float)
    assert watch.look(given)
    assert watch.look(replace(given, samples=given.samples[:lost]))
    keeping.watched(watch, ASKED, kept)
    keeping.close()
    (entry,) = keeping.entries
    assert (entry.watched is None) == bool(lost)


def test_what_is_measured_after_an_interrupted_delivery_is_a_capture_of_its_own(tmp_path: Path) -> None:
    """Whether the output is off is looked at after that, too; it was once lost to the capture that had been left."""
    bundle = Bundle.create(tmp_path, "r")
    keeping = Keeping(bundle, load_bench(Path("fixtures/benches/virtual.bench.yaml").resolve()))
    left = keeping.sink("P.c.02-signal", Purpose.SIGNAL, HELD + 1, held=False)
    left.append(replace(current(), samples=current().samples[:10_000]))
    quiet = Waveform(
        samples=np.zeros(50_000, np.int16), interval=1e-6, unit=Unit.VOLT, source="daq:ai0", gain=10.0 / 32768
    )
    off = Capture(id="P.c.03-idle", purpose=Purpose.IDLE, waveforms={"current": quiet})
    setup = DigitizerSetup(channels={"ai0": 10.0}, rate=1e6, samples=50_000)
    corrected = keeping.keep(Seen(capture=off, setups={"current": setup}), None)
    keeping.close()
    assert corrected.capture.id == "P.c.03-idle"
    (entry,) = keeping.entries
    assert (entry.id, entry.pieces) == ("P.c.03-idle", ())
