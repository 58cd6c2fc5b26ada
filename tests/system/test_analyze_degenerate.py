"""``rig analyze`` on files that hold little or nothing: one message, or reasons beside every name; never a NaN."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.system.running import Command, ended

INTERVAL = 2e-6


def csv(values: Sequence[float], *, interval: float = INTERVAL) -> bytes:
    rows = b"".join(b"%.9e,%.9e\n" % (k * interval, volts) for k, volts in enumerate(values))
    return b"x-axis,1\nsecond,Volt\n" + rows


def train(*, interval: float = INTERVAL, sign: int = 1, high: float = 10.0, low: float = -10.0) -> list[float]:
    """Biphasic pulses of 10 V and 300 us a phase, 50 a second, for 60 ms, with a little ripple as noise."""
    values = []
    for k in range(round(60e-3 / interval)):
        phase = (k * interval - 2e-3) % 20e-3
        volts = sign * (10.0 if phase < 300e-6 else -10.0 if 400e-6 <= phase < 700e-6 else 0.0)
        values.append(min(max(volts + 0.01 * math.sin(1.7 * k) + 0.005 * math.sin(0.31 * k), low), high))
    return values


def analysis(rig: Command, path: Path, content: bytes, *more: str) -> dict[str, Any]:
    path.write_bytes(content)
    done = rig("analyze", path, "--load", "500 ohm", "--json", *more)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "NaN" not in done.stdout
    assert "Infinity" not in done.stdout
    summary: dict[str, Any] = json.loads(done.stdout)
    for entry in summary["measurements"].values():
        assert entry["n"] > 0 or entry["reason"]
    shown = rig("analyze", path, "--load", "500 ohm", *more)
    assert shown.returncode == 0
    assert shown.stderr == ""
    assert "nan" not in shown.stdout.replace("nanosecond", "").split()
    return summary


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "samples"),
        ([1.0], "samples"),
        ([1.0] * 5, "samples"),
        ([math.nan] * 50, "not numbers"),
        ([0.0] * 20 + [math.inf] + [0.0] * 20, "not numbers"),
    ],
)
def test_what_holds_no_signal_is_refused_in_one_message(
    values: list[float], words: str, rig: Command, tmp_path: Path
) -> None:
    path = tmp_path / "few.csv"
    path.write_bytes(csv(values))
    done = rig("analyze", path, "--load", "500 ohm", "--json")
    said = ended(done, 2)
    assert "few.csv" in said
    assert words in said
    assert done.stdout == ""


def test_a_constant_record(rig: Command, tmp_path: Path) -> None:
    summary = analysis(rig, tmp_path / "constant.csv", csv([0.25] * 400))
    assert summary["pulses_found"] == {"whole": 0, "cut": 0}
    assert "no pulse found" in summary["measurements"]["phase_charge"]["reason"]
    assert summary["measurements"]["dc_component"]["verdict"] == "INCONCLUSIVE"


def test_one_pulse_cut_by_the_records_end(rig: Command, tmp_path: Path) -> None:
    values = [(10.0 if k >= 600 else 0.0) + 0.01 * math.sin(1.7 * k) for k in range(1000)]
    summary = analysis(rig, tmp_path / "cut.csv", csv(values))
    assert summary["pulses_found"] == {"whole": 0, "cut": 1}
    assert "cut every pulse" in summary["measurements"]["phase_duration"]["reason"]


@pytest.mark.parametrize(("low", "high"), [(-10.0, 5.0), (-5.0, 10.0)])
def test_a_record_clipped_at_either_rail_is_inconclusive(low: float, high: float, rig: Command, tmp_path: Path) -> None:
    summary = analysis(rig, tmp_path / "clipped.csv", csv(train(low=low, high=high)))
    assert "clipped" in summary["defects"][0]
    for entry in summary["measurements"].values():
        assert entry["verdict"] == "INCONCLUSIVE"


def test_a_sample_rate_far_too_low(rig: Command, tmp_path: Path) -> None:
    summary = analysis(rig, tmp_path / "slow.csv", csv(train(interval=2e-4), interval=2e-4))
    assert "sample rate is too low" in summary["measurements"]["phase_charge"]["reason"]
    assert "sample rate is too low" in summary["measurements"]["pulse_rate"]["reason"]


def test_wrong_polarity_is_measured(rig: Command, tmp_path: Path) -> None:
    summary = analysis(rig, tmp_path / "negative.csv", csv(train(sign=-1)))
    assert summary["measurements"]["polarity"]["mean"] == -1
    assert summary["pulses_found"] == {"whole": 3, "cut": 0}


def test_a_zero_capture_in_another_unit_is_refused(rig: Command, tmp_path: Path) -> None:
    volts, amperes = tmp_path / "volts.csv", tmp_path / "amperes.csv"
    volts.write_bytes(csv(train()))
    amperes.write_bytes(csv([0.0] * 100).replace(b"Volt", b"Ampere"))
    for signal, zero in ((volts, amperes), (amperes, volts)):
        done = rig("analyze", signal, "--load", "500 ohm", "--json", "--zero", zero)
        said = ended(done, 2)
        assert "voltage" in said
        assert done.stdout == ""


def test_a_continuous_sine_is_no_train(rig: Command, tmp_path: Path) -> None:
    values = [8.0 * math.sin(2 * math.pi * 2500 * k * INTERVAL) for k in range(30_000)]
    summary = analysis(rig, tmp_path / "sine.csv", csv(values))
    found = summary["measurements"]
    assert summary["pulses_found"] == {"whole": 0, "cut": 0}
    assert found["carrier_frequency"]["mean"] == pytest.approx(2500, rel=1e-4)
    assert found["rms_current"]["mean"] == pytest.approx(8 / math.sqrt(2) / 500, rel=1e-3)
    assert "whole cycles" in found["rms_current"]["window"]["description"]
    assert "never rests" in found["phase_charge"]["reason"]
